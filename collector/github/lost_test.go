package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"shiphabit/metrics"
)

func text(v object) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers only
	}
	return body
}

// pushedIssue is a delivery about an issue.
func pushedIssue(action string, issue object, changes object) []byte {
	body := object{"action": action, "repository": object{"full_name": "acme/shop", "default_branch": "main"}, "issue": issue}
	for key, value := range changes {
		body[key] = value
	}
	return text(body)
}

func TestAnIncidentThatIsOpenedAgainIsNotOver(t *testing.T) {
	t.Parallel()
	reopened := issueOn(14, 4, false, "incident")
	reopened["updated_at"] = at(4, 12)
	closed := one(t, deliver(testRules(), "issues", pushedIssue("closed", issueOn(14, 4, true, "incident", "sev1"), nil)))
	again := one(t, deliver(testRules(), "issues", pushedIssue("reopened", reopened, nil)))
	for sentence, events := range map[string][]metrics.Event{"in order": {closed, again}, "the other way round": {again, closed}} {
		e := metrics.Merge(events)
		if i, err := e.Incident(); err != nil || !i.ResolvedAt.IsZero() || i.Severity != 0 {
			t.Errorf("%s: it reads %+v, %v", sentence, i, err)
		}
	}
	host := world()
	host.repos[0].issues = []object{issueOn(14, 4, true, "incident", "sev1")}
	r := readingOf(t, host, testRules()).read()
	host.mu.Lock()
	host.repos[0].issues[0] = reopened
	host.mu.Unlock()
	e := r.read().merged(metrics.TypeIncident, "5014")
	if i, _ := e.Incident(); !i.ResolvedAt.IsZero() {
		t.Errorf("asked for it reads %+v", i)
	}
}

func TestAPushedIssueThatLosesItsLabelIsAnIncidentNoLonger(t *testing.T) {
	t.Parallel()
	issue := issueOn(14, 4, false, "question")
	issue["updated_at"] = at(4, 12)
	e := one(t, deliver(testRules(), "issues", pushedIssue("unlabeled", issue, object{"label": object{"name": "Incident"}})))
	if i, _ := e.Incident(); !i.ResolvedAt.Equal(moment(4, 12)) || !slices.Contains(i.Labels, unlabelled) {
		t.Errorf("it reads %+v", i)
	}
	for action, label := range map[string]string{"unlabeled": "bug", "edited": "incident"} {
		if p := deliver(testRules(), "issues", pushedIssue(action, issue, object{"label": object{"name": label}})); len(p.Events) > 0 || p.Ignored == "" {
			t.Errorf("%s of %s gives %+v", action, label, p)
		}
	}
}

func TestAPushedReviewLeavesTheOthersOfTheList(t *testing.T) {
	t.Parallel()
	r := readingOf(t, world(), testRules()).read()
	known := r.merged(metrics.TypePullRequest, "3")
	before, _ := known.PullRequest()
	body := text(object{
		"action": "submitted", "repository": object{"full_name": "acme/shop", "default_branch": "main"},
		"pull_request": object{"number": 3, "title": "x", "created_at": at(4, 8), "updated_at": at(9, 9), "user": object{"login": "ana", "type": "User"}, "base": object{"ref": "main"}, "head": object{"ref": "f"}},
		"review":       object{"id": 1, "state": "commented", "submitted_at": at(9, 9), "user": object{"login": "cleo", "type": "User"}},
	})
	merged := metrics.Merge([]metrics.Event{known, one(t, deliver(testRules(), "pull_request_review", body))})
	if after, _ := merged.PullRequest(); len(before.Reviews) != 1 || fmt.Sprint(after.Reviews) != fmt.Sprint(before.Reviews) {
		t.Errorf("the reviews are %+v, were %+v", after.Reviews, before.Reviews)
	}
}

func TestARunStartedAnewWeeksLaterIsSeenWithTheFirstRunOfADay(t *testing.T) {
	t.Parallel()
	host := world()
	shop := host.repos[0]
	shop.runs = append(shop.runs, runOn(205, 20, "Deploy", "completed", "success"))
	r := readingOf(t, host, testRules()).read()
	host.mu.Lock()
	shop.attempts["202/1"] = shop.runs[1]
	again := runOn(202, 3, "Deploy", "completed", "success")
	again["run_attempt"], again["run_started_at"], again["updated_at"] = 2, at(20, 9), at(20, 10)
	shop.runs[1] = again
	shop.runs = append(shop.runs, runOn(206, 21, "Deploy", "completed", "success"), runOn(207, 21, "Deploy", "completed", "success"))
	host.mu.Unlock()
	if d := r.read().deployment("run/202/2"); d.Status != metrics.Succeeded || !d.FinishedAt.Equal(moment(20, 10)) {
		t.Errorf("it reads %+v", d)
	}
	host.mu.Lock()
	shop.runs, host.asked = append(shop.runs, runOn(208, 21, "Deploy", "completed", "success")), nil
	host.mu.Unlock()
	r.read().deployment("run/208/1")
	if n := len(slices.DeleteFunc(host.asked, func(s string) bool { return !strings.Contains(s, "acme/shop/actions/runs?") })); n != 3 {
		t.Errorf("the second run of a day costs %d pages, want 3: four runs of three days, and the border", n)
	}
}

func TestWhatIsDeletedWhileRunsAreReadHidesNoOther(t *testing.T) {
	t.Parallel()
	host := world()
	shop := host.repos[0]
	shop.runs = nil
	for id := range 8 {
		shop.runs = append(shop.runs, runOn(300+id, 2, "Deploy", "completed", "success"))
	}
	host.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/actions/runs") && r.FormValue("page") == "3" && len(shop.runs) == 8 {
			shop.runs = slices.Delete(shop.runs, 5, 8) // the newest three, which were read
		}
		return false
	}
	r := readingOf(t, host, testRules()).read()
	for id := range 8 {
		r.deployment(runID(int64(300+id), 1))
	}
}

func TestAnIssueThatLeavesTheListWhileItIsReadHidesNoOther(t *testing.T) {
	t.Parallel()
	host := world()
	shop := host.repos[0]
	shop.issues = nil
	for n := range 7 {
		shop.issues = append(shop.issues, issueOn(20+n, 1+n/3, true, "incident")) // three at a time: more than a page holds
	}
	asked := 0
	host.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/issues") {
			return false
		}
		if asked++; asked == 2 { // the first and the last, one of which was read
			shop.issues[0], shop.issues[6] = issueOn(20, 1, true, "bug"), issueOn(26, 3, true, "bug")
		}
		return false
	}
	r := readingOf(t, host, testRules()).read()
	for n := range 5 {
		r.merged(metrics.TypeIncident, fmt.Sprint(5021+n))
	}
}
