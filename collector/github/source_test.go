package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

func TestGitHubIsASource(t *testing.T) {
	t.Parallel()
	address := serve(t, world())
	sourcetest.Run(t, func(t *testing.T) collector.Source { return openAt(t, address, testRules()).feeds() })
}

func TestGitHubMayDoWhateverItWants(t *testing.T) {
	t.Parallel()
	sourcetest.Faults(t, sourcetest.Host{Handler: world(), Access: Access, Open: func(t *testing.T, address string, clock func() time.Time) collector.Source {
		s := openAt(t, address, testRules())
		s.clock = clock
		return s.feeds()
	}})
}

// reading reads a fake again and again into one store.
type reading struct {
	t     *testing.T
	host  *fake
	rules Rules
	store *sourcetest.Memory
	s     *source
}

func readingOf(t *testing.T, host *fake, rules Rules) *reading {
	t.Helper()
	return &reading{t: t, host: host, rules: rules, store: &sourcetest.Memory{}, s: openAt(t, serve(t, host), rules)}
}

func engine() collector.Engine {
	e := collector.NewEngine()
	e.Clock, e.Tries = noon, 3
	e.Pause = collector.Pause{First: time.Microsecond, Ceiling: time.Microsecond, Rand: func() float64 { return 0 }}
	return e
}

func (r *reading) try() error {
	r.t.Helper()
	return engine().Run(r.t.Context(), r.s.feeds(), r.store, nil)
}

func (r *reading) read() *reading {
	r.t.Helper()
	if err := r.try(); err != nil {
		r.t.Fatal(err)
	}
	return r
}

// merged is what is known of a record.
func (r *reading) merged(kind metrics.EventType, id string) metrics.Event {
	r.t.Helper()
	for _, e := range metrics.MergeAll(r.store.Events()) {
		if e.Type == kind && e.ID == id {
			return e
		}
	}
	r.t.Fatalf("there is no %s %s", kind, id)
	return metrics.Event{}
}

func (r *reading) deployment(id string) metrics.Deployment {
	r.t.Helper()
	e := r.merged(metrics.TypeDeployment, id)
	d, _ := e.Deployment()
	return d
}

func moment(day, hour int) time.Time { return time.Date(2026, 2, day, hour, 0, 0, 0, time.UTC) }

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

func TestAnOpenIncidentThatLosesItsLabelIsFollowedNoLonger(t *testing.T) {
	t.Parallel()
	host := world()
	shop := host.repos[0]
	shop.issues = []object{issueOn(14, 4, false, "incident")}
	r := readingOf(t, host, testRules()).read()
	host.mu.Lock()
	shop.issues[0] = issueOn(14, 4, false, "question")
	host.mu.Unlock()
	r.read().read()
	if aside := r.store.SetAside(); len(aside) != 1 || !strings.Contains(aside[0].Reason, "label incident") {
		t.Errorf("set aside: %+v", aside)
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

func TestARenamedRepositoryGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	host := world()
	r := readingOf(t, host, testRules()).read()
	host.mu.Lock()
	host.repos[0].full = "acme/store"
	host.before = func(w http.ResponseWriter, q *http.Request) bool {
		if q.URL.Path == "/repos/acme/shop" {
			http.Redirect(w, q, "/repos/acme/store", http.StatusMovedPermanently)
			return true
		}
		return false
	}
	host.repos[0].deployments = append(host.repos[0].deployments, deploymentOn(104, 10, "live", "success@9"))
	host.asked = nil
	host.mu.Unlock()
	r.read()
	if d := r.deployment("104"); d.Repository != "acme/store" {
		t.Errorf("it reads %+v", d)
	}
	if slices.ContainsFunc(host.asked, func(s string) bool { return strings.Contains(s, "/commits?") }) {
		t.Error("the history is read from the start")
	}
}

func TestADeletedRepositoryDoesNotKeepTheOthersFromBeingRead(t *testing.T) {
	t.Parallel()
	rules := testRules()
	rules.Repositories = []string{"acme/gone", "acme/shop"}
	r := readingOf(t, world(), rules).read()
	r.deployment("101")
	if aside := r.store.SetAside(); len(aside) != 1 || aside[0].Record != "acme/gone" {
		t.Errorf("set aside: %+v", aside)
	}
}

func TestOfAnOrganisationArchivedRepositoriesAreLeftOut(t *testing.T) {
	t.Parallel()
	r := readingOf(t, world(), testRules()).read()
	for _, e := range r.store.Events() {
		if e.ID == "109" {
			t.Error("an archived repository is read")
		}
	}
}

func TestAMalformedRecordIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	host := world()
	host.repos[0].deployments[1]["environment"] = ""
	host.repos[0].deployments[0]["statuses"] = []object{{"state": "INACTIVE", "createdAt": at(2, 9), "logUrl": nil}}
	r := readingOf(t, host, testRules()).read()
	r.deployment("103")
	aside := r.store.SetAside()
	slices.SortFunc(aside, func(a, b collector.SetAside) int { return strings.Compare(a.Record, b.Record) })
	if len(aside) != 2 || aside[0].Record != "deployment 101 of acme/shop" || aside[0].Reason != superseded || !strings.Contains(aside[1].Reason, "environment") {
		t.Errorf("set aside: %+v", aside)
	}
}

func TestAListThatGoesOnAtAnotherHostIsNotFollowed(t *testing.T) {
	t.Parallel()
	host := world()
	host.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/issues") {
			w.Header().Set("Link", `<https://elsewhere.example/issues?page=2>; rel="next"`)
			fmt.Fprint(w, "[]")
			return true
		}
		return false
	}
	r := readingOf(t, host, testRules())
	if err := r.try(); err == nil || !strings.Contains(err.Error(), "another host") {
		t.Errorf("it gives %v", err)
	}
	r.deployment("103")
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

func TestNothingOlderThanWantedIsRead(t *testing.T) {
	t.Parallel()
	host := world()
	r := readingOf(t, host, testRules())
	r.s.since = moment(4, 0)
	r.read()
	for _, e := range r.store.Events() {
		if e.ID == "101" || e.ID == "102" || e.ID == "run/202/1" || e.ID == "release/301" || e.Type == metrics.TypePullRequest && e.ID == "1" {
			t.Errorf("%s is read", e.Key)
		}
	}
	r.deployment("103")
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

func TestWhenAPageIsTooMuchForTheHostSmallerOnesAreAskedFor(t *testing.T) {
	t.Parallel()
	host := world()
	for n := range 30 {
		host.repos[0].pulls = append(host.repos[0].pulls, pullOn(100+n, 5, true))
	}
	host.tooMuch = 20
	r := readingOf(t, host, testRules())
	r.s.perPage = fullPage
	r.read().merged(metrics.TypePullRequest, "129")
	r.merged(metrics.TypePullRequest, "1")
}
