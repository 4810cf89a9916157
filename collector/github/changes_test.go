package github

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestRunsByPatternWithEveryAttempt(t *testing.T) {
	t.Parallel()
	r := readingOf(t, world(), testRules()).read()
	for id, want := range map[string]metrics.Status{"run/202/1": metrics.Failed, "run/203/1": metrics.Failed, "run/203/2": metrics.Succeeded} {
		if d := r.deployment(id); d.Status != want || d.Environment != "production" || d.Trigger != "automatic" || !d.FinishedAt.Equal(d.CreatedAt.Add(time.Hour)) {
			t.Errorf("%s reads %+v", id, d)
		}
	}
	for _, e := range r.store.Events() {
		if strings.HasPrefix(e.ID, "run/201") || strings.HasPrefix(e.ID, "run/204") {
			t.Errorf("%s is a deployment", e.ID)
		}
	}
}

func TestJobsByPatternInOneQueryForManyRuns(t *testing.T) {
	t.Parallel()
	host := world()
	shop := host.repos[0]
	job := func(id int, name, conclusion string) object {
		return object{"id": id, "name": name, "status": "completed", "conclusion": conclusion, "started_at": at(3, 9), "completed_at": at(3, 10), "html_url": "https://github.com/acme/shop/actions/runs/202/job/1"}
	}
	shop.jobs[202] = []object{job(41, "build", "success"), job(42, "to live", "failure")}
	shop.jobs[203] = []object{job(43, "to live", "success"), job(44, "to live", "skipped")}
	rules := testRules()
	rules.Jobs = []string{"to *"}
	r := readingOf(t, host, rules).read()
	for id, want := range map[string]metrics.Status{"job/42": metrics.Failed, "job/43": metrics.Succeeded} {
		if d := r.deployment(id); d.Status != want || d.Actor != "ana" || !d.StartedAt.Equal(moment(3, 9)) || !d.FinishedAt.Equal(moment(3, 10)) {
			t.Errorf("%s reads %+v", id, d)
		}
	}
	for _, e := range r.store.Events() {
		if strings.HasPrefix(e.ID, "run/") || e.ID == "job/41" || e.ID == "job/44" {
			t.Errorf("%s is a deployment", e.ID)
		}
	}
}

func TestReleasesAreDeploymentsOfTheirTagsCommit(t *testing.T) {
	t.Parallel()
	host := world()
	draft := releaseOn(304, 5, "v4")
	draft["isDraft"] = true
	preview := releaseOn(305, 6, "v5-rc1")
	preview["isPrerelease"] = true
	host.repos[0].releases = append(host.repos[0].releases, draft, preview)
	r := readingOf(t, host, testRules()).read()
	if d := r.deployment("release/303"); d.Revision != sha(303) || d.Version != "v3" || !d.FinishedAt.Equal(moment(4, 9)) {
		t.Errorf("it reads %+v", d)
	}
	host.mu.Lock()
	draft["isDraft"], draft["publishedAt"] = false, at(20, 9)
	host.mu.Unlock()
	r.read()
	if d := r.deployment("release/304"); !d.FinishedAt.Equal(moment(20, 9)) {
		t.Errorf("a draft that is published later reads %+v", d)
	}
	for _, e := range r.store.Events() {
		if e.ID == "release/305" {
			t.Error("a preview is a deployment")
		}
	}
}

func TestPullRequestsBringTheirCommitsReviewsAndAuthors(t *testing.T) {
	t.Parallel()
	r := readingOf(t, world(), testRules()).read()
	e := r.merged(metrics.TypePullRequest, "3")
	p, _ := e.PullRequest()
	want := metrics.PullRequest{
		ID: "3", Number: 3, Repository: "acme/shop", Author: "renovate[bot]", Bot: p.Bot, Base: "main", Head: "größe", Title: "Größe ändern 日本 ❤",
		CreatedAt: moment(4, 8), MergedAt: moment(4, 10), MergeCommit: sha(8003), Commits: []string{sha(7003)}, Labels: []string{"área"},
		Reviews: []metrics.Review{{At: moment(4, 9), Author: "ben", State: "approved"}}, URL: "https://github.com/acme/shop/pull/3",
	}
	if fmt.Sprint(p) != fmt.Sprint(want) || p.Bot == nil || !*p.Bot {
		t.Errorf("it reads\n%+v, want\n%+v", p, want)
	}
	r.merged(metrics.TypeCommit, sha(7003))
}

func TestAMergedRequestIsSeenWhenItIsMergedLater(t *testing.T) {
	t.Parallel()
	host := world()
	r := readingOf(t, host, testRules()).read()
	host.mu.Lock()
	later := pullOn(2, 3, true)
	later["updatedAt"], later["mergedAt"] = at(9, 10), at(9, 10)
	host.repos[0].pulls[1] = later
	host.mu.Unlock()
	e := r.read().merged(metrics.TypePullRequest, "2")
	if p, _ := e.PullRequest(); !p.MergedAt.Equal(moment(9, 10)) {
		t.Errorf("it reads %+v", p)
	}
}

func TestWorkOfLastMonthThatIsMergedTodayIsNotMissed(t *testing.T) {
	t.Parallel()
	host := world()
	shop := host.repos[0]
	r := readingOf(t, host, testRules()).read()
	host.mu.Lock()
	shop.head, shop.commitsAfter = sha(6), map[string][]object{sha(3): {commitOn(5, 1, sha(1)), commitOn(6, 20, sha(3), sha(5))}}
	host.mu.Unlock()
	e := r.read().merged(metrics.TypeCommit, sha(6))
	if c, _ := e.Commit(); !slices.Equal(c.Parents, []string{sha(3), sha(5)}) || !e.Live {
		t.Errorf("the merge reads %+v", c)
	}
	r.merged(metrics.TypeCommit, sha(5)) // older than all that was known
	before := len(r.store.Events())
	if r.read(); len(r.store.Events()) != before {
		t.Error("there is news where there is none")
	}
	host.mu.Lock() // the branch is written anew
	shop.head, shop.lost, shop.commits = sha(9), map[string]bool{sha(6): true}, append(shop.commits, commitOn(9, 21, sha(3)))
	host.mu.Unlock()
	r.read().merged(metrics.TypeCommit, sha(9))
}

func TestAnIncidentOpensChangesAndCloses(t *testing.T) {
	t.Parallel()
	host := world()
	shop := host.repos[0]
	shop.issues = append(shop.issues, issueOn(14, 4, false, "incident", "severity::1"))
	r := readingOf(t, host, testRules()).read()
	incident := func(id string) metrics.Incident {
		e := r.merged(metrics.TypeIncident, id)
		i, _ := e.Incident()
		return i
	}
	if i := incident("5011"); i.Service != "acme/shop" || i.Severity != 2 || !i.StartedAt.Equal(moment(2, 8)) || !i.ResolvedAt.Equal(moment(2, 11)) || i.DetectedBy != "human" {
		t.Errorf("it reads %+v", i)
	}
	if i := incident("5014"); i.Severity != 1 || !i.ResolvedAt.IsZero() {
		t.Errorf("the open one reads %+v", i)
	}
	host.mu.Lock()
	shop.issues[3] = issueOn(14, 4, true, "incident", "severity::1")
	host.mu.Unlock()
	r.read()
	if i := incident("5014"); !i.ResolvedAt.Equal(moment(4, 11)) {
		t.Errorf("closed it reads %+v", i)
	}
	for _, e := range r.store.Events() {
		if e.ID == "5013" {
			t.Error("a bug is an incident")
		}
	}
}

func TestAnOpenIncidentThatLosesItsLabelIsOver(t *testing.T) {
	t.Parallel()
	host := world()
	shop := host.repos[0]
	shop.issues = []object{issueOn(14, 4, false, "incident")}
	r := readingOf(t, host, testRules()).read()
	host.mu.Lock()
	shop.issues[0] = issueOn(14, 4, false, "question")
	shop.issues[0]["updated_at"] = at(4, 12)
	host.mu.Unlock()
	e := r.read().merged(metrics.TypeIncident, "5014")
	if i, _ := e.Incident(); !i.ResolvedAt.Equal(moment(4, 12)) || !slices.Equal(i.Labels, []string{"question", unlabelled}) {
		t.Errorf("it reads %+v", i)
	}
	before := len(r.store.Events())
	if r.read(); len(r.store.Events()) != before {
		t.Error("it is asked for again")
	}
}

func TestAnIncidentNamesItsServiceByALabel(t *testing.T) {
	t.Parallel()
	host := world()
	host.repos[0].issues = []object{issueOn(14, 4, false, "incident", "app.kubernetes.io/name=kasse"), issueOn(15, 4, false, "incident")}
	rules := testRules()
	rules.ServiceLabel = "app.kubernetes.io/name"
	r := readingOf(t, host, rules).read()
	e := r.merged(metrics.TypeIncident, "5014")
	if i, _ := e.Incident(); i.Service != "kasse" {
		t.Errorf("it reads %+v", i)
	}
	if aside := r.store.SetAside(); len(aside) != 1 || !strings.Contains(aside[0].Reason, "names no service") {
		t.Errorf("set aside: %+v", aside)
	}
}

func TestWhereGraphQLShowsNoJobsRESTIsAsked(t *testing.T) {
	t.Parallel()
	host := world()
	host.repos[0].jobs[203] = []object{{"id": 43, "name": "to live", "status": "completed", "conclusion": "success", "started_at": at(4, 9), "completed_at": at(4, 10), "head_sha": sha(203), "created_at": at(4, 8)}}
	host.faults = map[string][]object{"checkRuns": {{"type": "FORBIDDEN", "path": []any{"nodes", 0, "checkSuite"}, "message": "Resource not accessible by personal access token"}}}
	host.hideJobs = true
	rules := testRules()
	rules.Jobs = []string{"to *"}
	r := readingOf(t, host, rules).read()
	if d := r.deployment("job/43"); d.Status != metrics.Succeeded || d.Actor != "ana" || d.Ref != "main" || !d.FinishedAt.Equal(moment(4, 10)) {
		t.Errorf("it reads %+v", d)
	}
}
