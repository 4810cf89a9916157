package metrics

import "strings"

// Reasons for which a record enters no figure, or not the one that was asked for. They are the words of LeftOut.Reason and the keys
// of Scorecard.LeftOut, and the guide explains each.

// Of records, noted while facts are derived.
const (
	leftUnread       = "cannot be read"
	leftUnknownType  = "its type is not known"
	leftNoService    = "belongs to no service"
	leftByHand       = "left out by a correction: " // and the reason that the person gave
	leftPending      = "pending: it has not begun"
	leftCancelled    = "cancelled"
	leftNoStatus     = "its status is not stated"
	leftNoFinish     = "finished, but the source does not say when"
	leftEarlyFinish  = "it finished before it started"
	leftUnchanged    = "brings no change below the service's paths"
	leftNoDeployment = "names a deployment that is not counted"
	// LeftRefused and LeftStopped tell of deployments to production that were kept from it: one by a decision, and one that was
	// started automatically by its signals.
	LeftRefused = "refused, and its deployment to production never ran"
	LeftStopped = "unhealthy, and its automatic deployment to production was cancelled"
)

// Of deployments, while they are counted.
const (
	leftRedeploy     = "redeploy of the live revision"
	leftUnsuccessful = "it did not succeed, and the definition counts successes only"
)

// Of changes that have no lead time.
const (
	leftBaseline    = "a baseline, whose changes are not known: " // and why
	leftUnsuccess   = "its rollout did not succeed"
	leftNoAuthored  = "its authored time is not known"
	leftUnsetClock  = "authored before 1971"
	leftEarlyChange = "authored after it was deployed"
	leftElsewhere   = "already in production through another environment"
	leftBot         = "authored by a bot, which the definition leaves out"
	leftNoRequest   = "it belongs to no pull request"
	leftNoCommit    = "its committer date is not known"
	leftNoRevision  = "the commit of the deployed revision is not known"
	leftNoStart     = "the time from which the definition counts is not known"
	leftLateStart   = "the time from which the definition counts lies after the deployment"
	leftZero        = "not above 0, which the definition leaves out"
	leftStage       = "its stage %s ends before it begins"
)

// Of failures and incidents that have no span, or none that counts.
const (
	leftEarlyEnd    = "recovered before its deployment finished"
	leftEarlyFix    = "resolved before it started"
	leftUnblamed    = "blamed on no deployment"
	leftEarlyBlamed = "resolved before the deployment to blame finished"
	leftUncounted   = "its severity is none of those that count"
)

// Of rollouts and changes of which nothing is known that waiting is made of.
const (
	leftUndecided = "its approvals are not decided"
	leftNoWay     = "nothing is on record of its way but its author, or not even that"
)

// Of rollouts to production, of the event-versus-habit index alone.
const (
	leftUnplanned = "not planned: " // and what it was
	leftLastDay   = "finished on the last day, which is not over: the index counts whole days"
)

// LeftByCorrection reports whether a person took a record out, by the reason that it is left out for.
func LeftByCorrection(reason string) bool { return strings.HasPrefix(reason, leftByHand) }
