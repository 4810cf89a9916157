package metrics

// Why the changes of a rollout are not known, the words of Rollout.BaselineReason. One more names the branch into which no pull request
// was merged.
const (
	BaselineFirst     = "first deployment known"
	BaselineNoCommits = "no commits of its repository are known"
	BaselineUnstated  = "its revision is not stated"
	BaselineUnknown   = "its revision is not among the known commits"
	BaselineUnrelated = "shares no history with what was deployed before"
)
