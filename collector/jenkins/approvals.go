package jenkins

import (
	"context"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// node is a stage of a pipeline, or a step of a stage.
type node struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Start  int64  `json:"startTimeMillis"`
	Pause  int64  `json:"pauseDurationMillis"`
	Stages []node `json:"stages"`         // of a build
	Steps  []node `json:"stageFlowNodes"` // of a stage
}

func (n node) waits() bool  { return n.Status == "PAUSED_PENDING_INPUT" }
func (n node) waited() bool { return n.waits() || n.Pause > 0 }

// answers are what a build keeps of the answers that its steps waited for: who let it go on, in order, and who stopped it.
type answers struct {
	granted []string
	refused *cause
}

func (b build) answers() answers {
	var given answers
	for _, a := range b.Actions {
		if strings.HasSuffix(a.Class, "ApproverAction") {
			given.granted = append(given.granted, a.UserID)
		}
		for i, c := range a.Causes {
			if strings.HasSuffix(c.Class, "input.Rejection") {
				given.refused = &a.Causes[i]
			}
		}
	}
	return given
}

// user is who stopped a build, by the id at the end of the page about them.
func (c cause) user() string {
	switch {
	case c.User == nil:
		return ""
	case c.User.ID != "":
		return c.User.ID
	}
	u, err := url.Parse(c.User.AbsoluteURL)
	if err != nil || u.Path == "" {
		return ""
	}
	return path.Base(u.Path)
}

// approvals takes the answers that a pipeline's steps waited for. The steps are asked for only where there is a sign of any: the
// build goes on, or it keeps an answer.
func (s *source) approvals(ctx context.Context, b *collector.Batch, job string, one build) error {
	given := one.answers()
	if s.noPipelines || !one.goesOn() && len(given.granted) == 0 && given.refused == nil || !strings.Contains(one.Class, "WorkflowRun") {
		return nil
	}
	steps, err := s.waitingSteps(ctx, job, one)
	if err != nil {
		return err
	}
	for i, step := range steps {
		b.Take("approval of build "+one.id()+" of "+job, s.approval(one, step, given.to(i, steps)))
	}
	return nil
}

// answer is one decision; its time is zero where only the step tells it.
type answer struct {
	decision, by string
	at           time.Time
}

// to is the answer to the i-th of the steps that waited. Who gave it is known where there are as many answers as steps that were let
// go on. A step that ended in another way, because time ran out or the build was stopped, was answered by nobody.
func (a answers) to(i int, steps []node) answer {
	if steps[i].Status != "SUCCESS" {
		if a.refused == nil || steps[i].waits() || i != len(steps)-1 {
			return answer{}
		}
		given := answer{decision: "refused", by: a.refused.user()}
		if a.refused.Timestamp > 0 {
			given.at = time.UnixMilli(a.refused.Timestamp).UTC()
		}
		return given
	}
	before, all := 0, 0
	for k, step := range steps {
		if step.Status == "SUCCESS" {
			if all++; k < i {
				before++
			}
		}
	}
	given := answer{decision: "granted"}
	if len(a.granted) == all {
		given.by = a.granted[before]
	}
	return given
}

func (s *source) approval(one build, step node, given answer) metrics.Event {
	required := true
	asked := time.UnixMilli(step.Start).UTC()
	a := metrics.Approval{ID: one.id() + "/" + step.ID, Deployment: one.id(), RequestedAt: asked, Required: &required, Decision: given.decision, Approver: given.by}
	if given.decision != "" {
		if a.DecidedAt = given.at; a.DecidedAt.Before(asked) {
			a.DecidedAt = asked.Add(time.Duration(step.Pause) * time.Millisecond)
		}
	}
	e := metrics.NewEvent(s.name, a)
	e.UpdatedAt = asked
	if !a.DecidedAt.IsZero() {
		e.UpdatedAt = a.DecidedAt
	}
	return e
}

// waitingSteps are the steps of a pipeline that waited for an answer, in order.
func (s *source) waitingSteps(ctx context.Context, job string, one build) ([]node, error) {
	at := jobPath(job) + strconv.FormatInt(one.Number, 10) + "/"
	whole, found, err := s.describe(ctx, at, at+"wfapi/describe")
	if err != nil {
		return nil, err
	}
	s.noPipelines = !found
	var steps []node
	for _, stage := range whole.Stages {
		if !stage.waited() {
			continue
		}
		described, _, err := s.describe(ctx, at, at+"execution/node/"+url.PathEscape(stage.ID)+"/wfapi/describe")
		if err != nil {
			return nil, err
		}
		for _, step := range described.Steps {
			if step.isInput() && step.waited() {
				steps = append(steps, step)
			}
		}
	}
	return steps, nil
}

// isInput tells a step that waits for an answer from one that waits for a lock.
func (n node) isInput() bool {
	return n.ID != "" && n.Start > 0 && (n.Name == "" || strings.Contains(strings.ToLower(n.Name), "input"))
}

// describe asks for a description. Where there is none though the build is there, it is asked for once more: the controller may have
// no such interface.
func (s *source) describe(ctx context.Context, buildPath, address string) (n node, found bool, err error) {
	for range 2 {
		_, err = s.client.JSON(ctx, address, nil, &n)
		if collector.TroubleOf(err) != collector.Missing {
			return n, err == nil, err
		}
		var one build
		if _, err := s.client.JSON(ctx, buildPath+"api/json", url.Values{"tree": {"number"}}, &one); err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}
