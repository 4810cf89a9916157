package identity

import (
	"cmp"
	"slices"
	"strconv"
)

// claims are the names of the facts in tokens of a kind. Projects and owners are known by their numbers: names can be taken
// over by others, and sub is written as each project likes.
func (k Kind) claims(own Claims) Claims {
	switch k {
	case GitHub:
		return Claims{Project: "repository_id", Owner: "repository_owner_id", Environment: "environment", Commit: "sha", Run: "run_id", Attempt: "run_attempt"}
	case GitLab: // a job that runs again is a job with another number
		return Claims{Project: "project_id", Owner: "namespace_id", Environment: "environment", Commit: "sha", Run: "job_id"}
	default:
		return Claims{
			Project: cmp.Or(own.Project, "project_id"), Owner: cmp.Or(own.Owner, "owner_id"), Environment: cmp.Or(own.Environment, "environment"),
			Commit: cmp.Or(own.Commit, "sha"), Run: cmp.Or(own.Run, "run_id"), Attempt: cmp.Or(own.Attempt, "run_attempt"),
		}
	}
}

// facts reads the job.
func (i issuer) facts(c claims, job *Job) error {
	var attempt string
	for _, fact := range []struct {
		claim string
		into  *string
	}{
		{"jti", &job.TokenID}, {i.Claims.Project, &job.Project}, {i.Claims.Environment, &job.Environment},
		{i.Claims.Commit, &job.Commit}, {i.Claims.Run, &job.Run}, {i.Claims.Attempt, &attempt},
	} {
		if fact.claim == "" {
			continue
		}
		var err error
		if *fact.into, err = c.text(fact.claim); err != nil {
			return err
		}
	}
	switch {
	case job.TokenID == "":
		return refuse(NoTokenID, "the token has no id (jti), so that its use in another run could not be told")
	case job.Project == "":
		return refuse(NoProject, "the token does not say which project it is for: it lacks the claim "+i.Claims.Project)
	}
	if job.Run != "" {
		job.Attempt = 1
	}
	if attempt != "" {
		n, err := strconv.Atoi(attempt)
		if err != nil || n < 0 {
			return refuse(Malformed, "the token's claim "+i.Claims.Attempt+" is no number")
		}
		job.Attempt = n
	}
	job.Protected = c.truth("ref_protected")
	job.Foreign = i.foreign(c, job.Protected)
	return nil
}

// pullRequests are the events of GitHub that run for a pull request. Its tokens do not say whose pull request it is.
var pullRequests = []string{"pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"}

// mergeRequests are the sources of GitLab's pipelines that run for a merge request.
var mergeRequests = []string{"merge_request_event", "external_pull_request_event"}

// childPipeline is the source of GitLab's pipelines that another one of the project started. Its tokens do not say whether that one ran for a
// merge request; for a tag none does.
const childPipeline = "parent_pipeline"

// foreign is the event when the change may come from a fork. GitLab calls a merge request's ref protected only when both of its
// branches are, which those of a fork are not.
func (i issuer) foreign(c claims, protected bool) string {
	event, _ := c["event_name"].(string)
	source, _ := c["pipeline_source"].(string)
	switch {
	case i.Kind == GitHub && slices.Contains(pullRequests, event):
		return event
	case i.Kind == GitLab && slices.Contains(mergeRequests, source) && !protected:
		return source
	case i.Kind == GitLab && source == childPipeline && c["ref_type"] != "tag" && !protected:
		return source
	}
	return ""
}
