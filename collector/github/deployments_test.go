package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestADeploymentEndsWhenItSaysSoAndNotWhenALaterOneTakesItsPlace(t *testing.T) {
	t.Parallel()
	r := readingOf(t, world(), testRules()).read()
	d := r.deployment("101")
	want := metrics.Deployment{
		ID: "101", Repository: "acme/shop", Environment: "live", Status: metrics.Succeeded, Revision: sha(101), Ref: "main", CreatedAt: moment(2, 8),
		StartedAt: moment(2, 10), FinishedAt: moment(2, 11), Actor: "ana", URL: "https://github.com/acme/shop/actions/runs/1001/job/1",
		Labels: map[string]string{"environment_kind": "production"},
	}
	if fmt.Sprint(d) != fmt.Sprint(want) {
		t.Errorf("it reads\n%+v, want\n%+v", d, want)
	}
	if d := r.deployment("102"); d.Status != metrics.Failed || !d.FinishedAt.Equal(moment(3, 10)) || len(d.Labels) > 0 {
		t.Errorf("the failed one reads %+v", d)
	}
}

func TestTheCourseOfADeployment(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		statuses          string
		status            metrics.Status
		started, finished int
		unknown           bool
	}{
		"nothing told is pending":                                {"", metrics.Pending, 0, 0, false},
		"queued is pending":                                      {"queued@9", metrics.Pending, 0, 0, false},
		"in progress is running":                                 {"queued@9 in_progress@10", metrics.Running, 10, 0, false},
		"a success told twice is as old as the first":            {"in_progress@9 success@10 success@12", metrics.Succeeded, 9, 10, false},
		"an error is a failure":                                  {"in_progress@9 error@10", metrics.Failed, 9, 10, false},
		"inactive after a failure changes nothing":               {"in_progress@9 failure@10 inactive@12", metrics.Failed, 9, 10, false},
		"a failure repaired within it ends with the repair":      {"in_progress@9 failure@10 in_progress@11 success@12", metrics.Succeeded, 9, 12, false},
		"a success taken back ends with the failure":             {"success@10 failure@12", metrics.Failed, 0, 12, false},
		"one begun again is running":                             {"success@10 in_progress@11", metrics.Running, 11, 0, false},
		"one of which only the end is known says nothing":        {"inactive@12", metrics.Pending, 0, 0, true},
		"inactive between two states is no state of the attempt": {"success@10 inactive@11 success@12", metrics.Succeeded, 0, 10, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			hour := func(h int) time.Time {
				if h == 0 {
					return time.Time{}
				}
				return moment(2, h)
			}
			var statuses []status
			for s := range strings.FieldsSeq(c.statuses) {
				state, at, _ := strings.Cut(s, "@")
				var h int
				_, _ = fmt.Sscan(at, &h)
				statuses = append(statuses, status{state: state, at: moment(2, h)})
			}
			got, known := courseOf(statuses)
			if known == c.unknown || got.status != c.status || !got.started.Equal(hour(c.started)) || !got.finished.Equal(hour(c.finished)) {
				t.Errorf("it reads %+v, known %v", got, known)
			}
		})
	}
}

func TestWhatWasApprovedByWhomAndWhen(t *testing.T) {
	t.Parallel()
	r := readingOf(t, world(), testRules()).read()
	e := r.merged(metrics.TypeApproval, "103")
	a, _ := e.Approval()
	if a.Deployment != "103" || a.Decision != "granted" || a.Approver != "ben" || a.ApproverTeam != "keepers" || a.Required == nil || !*a.Required ||
		!a.RequestedAt.Equal(moment(4, 9)) || !a.DecidedAt.Equal(moment(4, 10)) {
		t.Errorf("it reads %+v", a)
	}
}

func TestADeploymentThatWaitsForAClockWaitsForNobody(t *testing.T) {
	t.Parallel()
	host := world()
	host.repos[0].environments = []object{{"name": "live", "protection_rules": []object{{"id": 1, "type": "wait_timer", "wait_timer": 30}}}}
	host.repos[0].approvals = nil
	r := readingOf(t, host, testRules()).read()
	for _, e := range r.store.Events() {
		if e.Type == metrics.TypeApproval {
			t.Errorf("there is an approval: %s", e.Payload)
		}
	}
}

func TestWithoutTheRightToReadApprovalsTheRestIsReadAndItIsSaid(t *testing.T) {
	t.Parallel()
	host := world()
	host.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/approvals") || strings.HasSuffix(r.URL.Path, "/environments") {
			http.Error(w, `{"message":"Resource not accessible by personal access token"}`, http.StatusForbidden)
			return true
		}
		return false
	}
	r := readingOf(t, host, testRules()).read()
	e := r.merged(metrics.TypeApproval, "103")
	if a, _ := e.Approval(); a.Decision != "granted" || a.Approver != "" || a.Required != nil {
		t.Errorf("it reads %+v", a)
	}
	if aside := r.store.SetAside(); len(aside) != 2 || !strings.Contains(aside[0].Reason, "Actions: read") {
		t.Errorf("set aside: %+v", aside)
	}
}

func TestADeploymentThatGoesOnIsAskedForAgainUntilItEnds(t *testing.T) {
	t.Parallel()
	host := world()
	shop := host.repos[0]
	shop.deployments = slices.Insert(shop.deployments, 0, deploymentOn(100, 1, "live", "in_progress@9")) // far behind the overlap
	r := readingOf(t, host, testRules()).read()
	if d := r.deployment("100"); d.Status != metrics.Running {
		t.Fatalf("it reads %+v", d)
	}
	host.mu.Lock()
	shop.deployments[0] = deploymentOn(100, 1, "live", "in_progress@9 success@23")
	host.mu.Unlock()
	before := len(r.store.Events())
	r.read()
	if d := r.deployment("100"); d.Status != metrics.Succeeded || !d.FinishedAt.Equal(moment(1, 23)) {
		t.Errorf("later it reads %+v", d)
	}
	if got := r.store.Events()[before:]; len(got) != 1 || !got[0].Live {
		t.Errorf("%d new events, want one that was seen as it happened", len(got))
	}
}

func TestADeploymentThatWasAbandonedIsNotAskedForForEver(t *testing.T) {
	t.Parallel()
	host := world()
	host.repos[0].deployments = []object{deploymentOn(100, -20, "live", "in_progress@9")}
	r := readingOf(t, host, testRules()).read()
	host.mu.Lock()
	host.asked = nil
	host.mu.Unlock()
	r.read()
	if slices.ContainsFunc(host.asked, func(s string) bool { return strings.Contains(s, "/deployments/100") }) {
		t.Error("it is asked for again after 36 days")
	}
}

func TestADeploymentWithManyStatusesIsReadToItsBeginning(t *testing.T) {
	t.Parallel()
	host := world()
	many := "in_progress@1"
	for range statusesAtOnce + 3 {
		many += " in_progress@2"
	}
	host.repos[0].deployments = []object{deploymentOn(101, 2, "live", many+" success@3")}
	r := readingOf(t, host, testRules()).read()
	if d := r.deployment("101"); !d.StartedAt.Equal(moment(2, 1)) || !d.FinishedAt.Equal(moment(2, 3)) {
		t.Errorf("it reads %+v", d)
	}
}

func TestWhatADeploymentSaysOfItself(t *testing.T) {
	t.Parallel()
	host := world()
	d := deploymentOn(101, 2, "live", "success@3")
	d["task"], d["payload"] = "deploy:rollback", `"{\"version\":\"1.4.2\",\"digest\":\"sha256:abc\",\"rollback\":false}"`
	d["ref"] = nil
	host.repos[0].deployments = []object{d}
	r := readingOf(t, host, testRules()).read()
	if d := r.deployment("101"); d.Version != "1.4.2" || d.Digest != "sha256:abc" || d.Rollback == nil || !*d.Rollback || d.Ref != "" {
		t.Errorf("it reads %+v", d)
	}
}
