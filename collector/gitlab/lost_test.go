package gitlab_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/collector/gitlab"
	"shiphabit/collector/gitlab/gitlabtest"
	"shiphabit/metrics"
)

// noLonger is our label on an incident whose issue is one no longer.
const noLonger = "no longer labelled as an incident"

func incidentOf(t *testing.T, events ...metrics.Event) metrics.Incident {
	t.Helper()
	e := metrics.Merge(events)
	i, err := e.Incident()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestAnIncidentThatIsOpenedAgainIsNotOver(t *testing.T) {
	t.Parallel()
	closed := push(t, hook(), hookIssue("Incident")).Events[0]
	again := push(t, hook(), hookIssue("Incident", object{"state": "opened", "action": "reopen", "closed_at": nil, "updated_at": "2026-02-03 11:00:00 UTC"})).Events[0]
	if i := incidentOf(t, closed, again); !i.ResolvedAt.IsZero() {
		t.Errorf("pushed it reads %+v", i)
	}
	h := world()
	r := read(t, h)
	h.Set("projects/17/issues", issue(3, day(6), object{"state": "opened", "closed_at": nil}))
	r.again(t)
	if i := incidentOf(t, r.merged()["incident/303"]); !i.ResolvedAt.IsZero() {
		t.Errorf("asked for it reads %+v", i)
	}
}

func TestWhatAnIncidentNoLongerShowsIsForgotten(t *testing.T) {
	t.Parallel()
	hidden := hookIssue("Incident", object{"updated_at": "2026-02-03 12:00:00 UTC", "confidential": true, "severity": "unknown"})
	hidden["labels"] = []object{}
	if i := incidentOf(t, push(t, hook(), hookIssue("Incident")).Events[0], push(t, hook(), hidden).Events[0]); i.Title != "" || len(i.Labels) > 0 || i.Severity != 0 {
		t.Errorf("pushed it reads %+v", i)
	}
	h := world()
	r := read(t, h)
	h.Set("projects/17/issues", issue(3, day(6), object{"confidential": true, "labels": []string{}, "severity": "UNKNOWN"}))
	r.again(t)
	if i := incidentOf(t, r.merged()["incident/303"]); i.Title != "" || len(i.Labels) > 0 || i.Severity != 0 {
		t.Errorf("asked for it reads %+v", i)
	}
}

func TestAnOpenIssueThatLosesItsLabelIsAnIncidentNoLonger(t *testing.T) {
	t.Parallel()
	h := world()
	r := read(t, h)
	lost := issue(4, day(6), object{"state": "opened", "closed_at": nil, "issue_type": "issue", "labels": []string{"question"}})
	lost.Match = map[string]string{"issue_type": "issue", "labels": "question"}
	h.Set("projects/17/issues", lost)
	r.again(t)
	if i := incidentOf(t, r.merged()["incident/304"]); !i.ResolvedAt.Equal(day(6)) || !slices.Equal(i.Labels, []string{"question", noLonger}) {
		t.Errorf("it reads %+v", i)
	}
	asked := len(h.Asked())
	r.again(t)
	if slices.ContainsFunc(h.Asked()[asked:], func(s string) bool { return strings.HasPrefix(s, "projects/17/issues/4?") }) {
		t.Error("it is asked for again")
	}
}

func TestAPushedIssueThatLosesItsLabelIsAnIncidentNoLonger(t *testing.T) {
	t.Parallel()
	body := hookIssue("Issue", object{"state": "opened", "action": "update", "closed_at": nil, "updated_at": "2026-02-06 10:00:00 UTC"})
	body["labels"] = []object{{"title": "question"}}
	body["changes"] = object{"labels": object{"previous": []object{{"title": "outage"}}, "current": []object{{"title": "question"}}}}
	if i := incidentOf(t, push(t, hook(), body).Events...); !i.ResolvedAt.Equal(day(6)) || !slices.Equal(i.Labels, []string{"question", noLonger}) {
		t.Errorf("it reads %+v", i)
	}
	body["changes"] = object{"title": object{"previous": "a", "current": "b"}}
	if p := push(t, hook(), body); len(p.Events) > 0 || p.Ignored == "" {
		t.Errorf("another change gives %+v", p)
	}
}

func TestAListWithoutEndIsNotCutShortInSilence(t *testing.T) {
	t.Parallel()
	h := world()
	var many []gitlabtest.Record
	for n := range 100*100 + 1 {
		many = append(many, gitlabtest.Record{Body: object{"id": 1000 + n, "path_with_namespace": fmt.Sprint("acme/", n), "archived": true}})
	}
	h.List("groups/acme/projects", many...)
	r := &reader{Memory: read(t, h).Memory, source: nil}
	address := serve(t, h)
	err := quick().Run(t.Context(), open(t, address, func(o *gitlab.Options) { o.Groups = []string{"acme"} }), r.Memory, nil)
	if err == nil || !strings.Contains(err.Error(), "more than 100 pages") {
		t.Errorf("it says %v", err)
	}
}

func TestAnApprovalOfWhatWasCancelledIsWaitedForByNobody(t *testing.T) {
	t.Parallel()
	h := everything()
	r := read(t, h)
	gone := waiting(42, day(8))
	body := gone.Body.(object)
	body["status"], body["created_at"] = "canceled", stamp(day(3).Add(-2*time.Minute))
	h.Put("projects/17/deployments/42", body)
	h.Set("projects/17/deployments", gone)
	r.again(t)
	e := r.merged()["approval/42/2"]
	if a, err := e.Approval(); err != nil || a.Required == nil || *a.Required || a.Decision != "" {
		t.Errorf("it reads %+v, %v", a, err)
	}
}

func TestAJobStartedAgainLaterDoesNotMoveTheEndOfItsPipeline(t *testing.T) {
	t.Parallel()
	h := everything()
	r := read(t, h, switchedOn)
	later := object{
		"id": 31, "ref": "v1.0", "sha": sha(31), "status": "success", "source": "web", "created_at": stamp(day(6).Add(-time.Hour)), "updated_at": stamp(day(20)),
		"started_at": stamp(day(6).Add(-time.Minute)), "finished_at": stamp(day(20)), "user": user(1, "ada"), "web_url": "https://gitlab.example/p",
	}
	h.Put("projects/17/pipelines/31", later)
	h.Set("projects/17/pipelines", gitlabtest.Record{Key: 31, Updated: day(20), Match: map[string]string{"status": "success"}, Body: later})
	before := len(r.Events())
	r.again(t)
	if len(r.Events()) == before {
		t.Fatal("it was not read again")
	}
	if d := r.deployment(t, "pipeline/31"); !d.FinishedAt.Equal(day(6)) {
		t.Errorf("it ended %v", d.FinishedAt)
	}
	body := hooks()["a pipeline"]
	body["object_attributes"].(object)["finished_at"] = "2026-02-20 10:00:00 UTC"
	e := metrics.Merge([]metrics.Event{r.merged()["deployment/pipeline/31"], push(t, hook(), body).Events[0]})
	if d, _ := e.Deployment(); !d.FinishedAt.Equal(day(6)) {
		t.Errorf("by a hook it ended %v", d.FinishedAt)
	}
}
