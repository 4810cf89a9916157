package gitlab_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/collector"
	"shiphabit/collector/gitlab"
	"shiphabit/collector/gitlab/gitlabtest"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

func TestGitlabIsASource(t *testing.T) {
	t.Parallel()
	address := serve(t, world())
	sourcetest.Run(t, func(t *testing.T) collector.Source { return open(t, address) })
}

func TestGitlabWithEverythingSwitchedOnIsASource(t *testing.T) {
	t.Parallel()
	address := serve(t, everything())
	sourcetest.Run(t, func(t *testing.T) collector.Source { return open(t, address, switchedOn) })
}

func TestGitlabSurvivesWhateverItsHostDoes(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]struct {
		host   http.Handler
		change func(*gitlab.Options)
	}{"as it comes": {world(), func(*gitlab.Options) {}}, "with everything switched on": {everything(), switchedOn}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sourcetest.Faults(t, sourcetest.Host{Handler: set.host, Access: "read_api", Open: func(t *testing.T, address string, clock func() time.Time) collector.Source {
				return open(t, address, set.change, func(o *gitlab.Options) { o.Host.Clock = clock })
			}})
		})
	}
}

func switchedOn(o *gitlab.Options) {
	o.Jobs, o.Pipelines, o.Releases, o.Environment = "deploy*", "v*", true, "live"
}

// everything is the world with approvals, jobs, pipelines and releases.
func everything() *gitlabtest.Host {
	h := world()
	h.List("projects/17/protected_environments", gitlabtest.Record{Body: object{"name": "production", "required_approval_count": 0, "approval_rules": []object{{"required_approvals": 2}}}},
		gitlabtest.Record{Body: object{"name": "staging", "required_approval_count": 0}})
	h.Put("projects/17/deployments/42", waiting(42, day(3)).Body)
	h.Set("projects/17/deployments", waiting(42, day(3)))
	pipeline := func(id int, ref, status string, at time.Time) gitlabtest.Record {
		body := object{"id": id, "iid": id, "project_id": 17, "status": status, "source": "web", "ref": ref, "sha": sha(id), "created_at": stamp(at.Add(-time.Hour)), "updated_at": stamp(at), "web_url": "https://gitlab.example/p"}
		r := gitlabtest.Record{Key: int64(id), Updated: at, Match: map[string]string{"status": status}, Body: body}
		full := object{"started_at": stamp(at.Add(-time.Minute)), "finished_at": stamp(at), "user": user(1, "ada")}
		for key, value := range body {
			full[key] = value
		}
		h.Put(fmt.Sprintf("projects/17/pipelines/%d", id), full)
		job := func(id int, name, status string) gitlabtest.Record {
			return gitlabtest.Record{Body: object{
				"id": id, "name": name, "status": status, "ref": ref, "created_at": stamp(at.Add(-time.Hour)), "started_at": stamp(at.Add(-time.Minute)), "finished_at": stamp(at),
				"web_url": "https://gitlab.example/j", "user": user(1, "ada"), "commit": object{"id": sha(id)}, "pipeline": object{"id": id, "sha": sha(id), "source": "web"},
			}}
		}
		h.List(fmt.Sprintf("projects/17/pipelines/%d/jobs", id), job(id*10, "test", "success"), job(id*10+1, "deploy-eu", "failed"), job(id*10+2, "deploy-us", "manual"))
		return r
	}
	h.List("projects/17/pipelines", pipeline(31, "v1.0", "success", day(6)), pipeline(32, "main", "success", day(7)), pipeline(33, "v1.1", "failed", day(8)))
	release := func(tag string, at time.Time, upcoming bool) gitlabtest.Record {
		return gitlabtest.Record{Body: object{"tag_name": tag, "name": tag, "created_at": stamp(at), "released_at": stamp(at), "upcoming_release": upcoming, "author": user(1, "ada"), "commit": object{"id": sha(7)}}}
	}
	h.List("projects/17/releases", release("v9", day(27), true), release("v1.0", day(6), false))
	return h
}

// waiting is a deployment that one of two approvers has approved.
func waiting(id int, at time.Time) gitlabtest.Record {
	return deployment(id, at, object{
		"status": "blocked", "pending_approval_count": 1,
		"approvals": []object{{"user": user(3, "cleo"), "status": "approved", "created_at": stamp(at.Add(time.Hour)), "comment": "fine"}},
	})
}

func TestADeploymentIsReadWithItsJobAndItsEnvironmentsKind(t *testing.T) {
	t.Parallel()
	r := read(t, world())
	want := metrics.Deployment{
		ID: "41", Repository: "acme/shop", Environment: "production", Status: metrics.Succeeded, Revision: sha(41), Ref: "main", Actor: "ada",
		CreatedAt: day(2).Add(-3 * time.Minute), StartedAt: day(2).Add(-time.Minute), FinishedAt: day(2),
		URL: "https://gitlab.example/acme/shop/-/jobs/641", Labels: map[string]string{"environment_kind": "production"},
	}
	if diff := cmp.Diff(want, r.deployment(t, "41")); diff != "" {
		t.Error(diff)
	}
	if d := r.deployment(t, "43"); d.Environment != "übung/ß" || d.Labels != nil {
		t.Errorf("an environment of another tier reads %+v", d)
	}
	if d := r.deployment(t, "44"); d.Status != metrics.Running || !d.FinishedAt.IsZero() || !d.StartedAt.Equal(day(5)) {
		t.Errorf("a running one reads %+v", d)
	}
}

func TestStatusesOfDeployments(t *testing.T) {
	t.Parallel()
	h := world()
	for i, status := range []string{"created", "blocked", "canceled", "skipped", "exploded"} {
		h.Set("projects/17/deployments", deployment(50+i, day(6+i), object{"status": status}))
	}
	// An external tool's deployment has no job: its last change is its end.
	h.Set("projects/17/deployments", deployment(60, day(20), object{"deployable": nil}))
	r := read(t, h)
	for id, want := range map[string]metrics.Status{"50": metrics.Pending, "51": metrics.Pending, "52": metrics.Cancelled} {
		if d := r.deployment(t, id); d.Status != want || d.FinishedAt.IsZero() != (want == metrics.Pending) {
			t.Errorf("%s is %s, finished %v", id, d.Status, d.FinishedAt)
		}
	}
	if d := r.deployment(t, "60"); !d.FinishedAt.Equal(day(20)) {
		t.Errorf("one without a job finished %v", d.FinishedAt)
	}
	reasons := fmt.Sprint(r.SetAside())
	if !strings.Contains(reasons, "deployment 53 of acme/shop it was skipped") || !strings.Contains(reasons, `"exploded" is not known`) {
		t.Errorf("set aside are %s", reasons)
	}
}

func TestARunningDeploymentIsSeenToEndWhateverTheListShows(t *testing.T) {
	t.Parallel()
	h := world()
	r := read(t, h)
	ended := deployment(44, day(5).Add(time.Hour), object{"updated_at": stamp(day(5))})
	ended.Updated = day(1) // the list does not move it
	h.Set("projects/17/deployments", ended)
	r.again(t)
	if d := r.deployment(t, "44"); d.Status != metrics.Succeeded || !d.FinishedAt.Equal(day(5).Add(time.Hour)) {
		t.Errorf("it reads %+v", d)
	}
	for _, e := range r.Events() {
		if d, err := e.Deployment(); err == nil && e.Type == metrics.TypeDeployment && d.Status == metrics.Succeeded && d.ID == "44" && !e.Live {
			t.Error("its end was not seen as it happened")
		}
	}
	h.Remove("projects/17/deployments", 44)
	before := len(r.SetAside())
	r.again(t)
	if len(r.SetAside()) != before {
		t.Error("a finished one is asked for again")
	}
}

func TestALateChangeIsSeen(t *testing.T) {
	t.Parallel()
	h := world()
	r := read(t, h)
	h.Set("projects/17/deployments", deployment(70, day(5).Add(-5*time.Minute))) // it was stored after the reading, and is dated before its latest
	h.Set("projects/17/merge_requests", request(1, day(9), object{"labels": []string{"backend", "late"}}))
	r.again(t)
	r.deployment(t, "70")
	pr, err := r.merged()["pull_request/9001"].PullRequest()
	if err != nil || !slices.Contains(pr.Labels, "late") {
		t.Errorf("labels %v, %v", pr.Labels, err)
	}
}

func TestAMergeRequestIsReadWithItsCommitsAndReviews(t *testing.T) {
	t.Parallel()
	h := world()
	r := read(t, h)
	got, err := r.merged()["pull_request/9001"].PullRequest()
	if err != nil {
		t.Fatal(err)
	}
	want := metrics.PullRequest{
		ID: "9001", Number: 1, Repository: "acme/shop", Author: "ada", Base: "main", Head: "fix", Title: "Grüße für den Laden", Labels: []string{"backend"},
		URL: "https://gitlab.example/acme/shop/-/merge_requests/1", CreatedAt: day(2).Add(-5 * time.Hour), MergedAt: day(2).Add(-time.Minute), MergeCommit: sha(1),
		Commits: []string{sha(501)},
		Reviews: []metrics.Review{{At: day(1).Add(time.Hour), Author: "bob", State: "commented"}, {At: day(1).Add(2 * time.Hour), Author: "bob", State: "approved"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if forward, _ := r.merged()["pull_request/9002"].PullRequest(); forward.MergeCommit != sha(502) {
		t.Errorf("a fast forward is merged by %s", forward.MergeCommit)
	}
	calls := 0
	for _, asked := range h.Asked() {
		if strings.HasPrefix(asked, "projects/17/merge_requests/") {
			calls++
		}
	}
	if calls != 4 {
		t.Errorf("%d calls for two merged requests and an open one, want 4", calls)
	}
}

func TestOnlyNewCommitsAreReadAgain(t *testing.T) {
	t.Parallel()
	h := world()
	r := read(t, h)
	first := len(h.Asked())
	branch(h, 5)
	r.again(t)
	if e, found := r.merged()["commit/"+sha(5)]; !found {
		t.Error("the new one is missing")
	} else if c, _ := e.Commit(); c.Author != "ada@example.com" || len(c.Parents) != 1 || !c.CommittedAt.Equal(day(5)) || !c.AuthoredAt.Equal(day(5).Add(-time.Hour)) {
		t.Errorf("it reads %+v", c)
	}
	var ranges []string
	for _, asked := range h.Asked()[first:] {
		if strings.HasPrefix(asked, "projects/17/repository/commits?") {
			ranges = append(ranges, asked)
		}
	}
	if len(ranges) != 1 || !strings.Contains(ranges[0], sha(3)+".."+sha(5)) {
		t.Errorf("asked for %v", ranges)
	}
}

func TestAfterHistoryWasRewrittenAllOfItIsRead(t *testing.T) {
	t.Parallel()
	h := world()
	r := read(t, h)
	first := len(h.Asked())
	branch(h, 4)
	h.Drop("projects/17/repository/commits/" + sha(3)) // the head that was read
	r.again(t)
	if _, found := r.merged()["commit/"+sha(4)]; !found {
		t.Error("the new head is missing")
	}
	asked := strings.Join(h.Asked()[first:], "\n")
	if !strings.Contains(asked, "ref_name="+sha(4)) || strings.Contains(asked, "..") {
		t.Errorf("asked for\n%s", asked)
	}
}

func TestIncidentsAreIssuesOfThatKindOrWithALabel(t *testing.T) {
	t.Parallel()
	h := world()
	h.Set("projects/17/issues", issue(5, day(6), object{"confidential": true, "severity": "CRITICAL", "author": user(7, "alert-bot")}))
	r := read(t, h)
	for id, want := range map[string]metrics.Incident{
		"303": {ID: "303", Service: "acme/shop", StartedAt: day(3).Add(-time.Hour), ResolvedAt: day(3).Add(-time.Minute), Severity: 2, Title: "Checkout is down", Labels: []string{"outage"}, URL: "https://gitlab.example/acme/shop/-/issues/3"},
		"304": {ID: "304", Service: "acme/shop", StartedAt: day(4).Add(-time.Hour), Severity: 1, Title: "Checkout is down", Labels: []string{"outage", "severity::1"}, URL: "https://gitlab.example/acme/shop/-/issues/3"},
		"305": {ID: "305", Service: "acme/shop", StartedAt: day(6).Add(-time.Hour), ResolvedAt: day(6).Add(-time.Minute), Severity: 1, Labels: []string{"outage"}, DetectedBy: "monitor", URL: "https://gitlab.example/acme/shop/-/issues/3"},
	} {
		got, err := r.merged()["incident/"+id].Incident()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	}
}

func TestApprovalsKeepTheirNumberWhenTheyAreGiven(t *testing.T) {
	t.Parallel()
	h := everything()
	r := read(t, h)
	approval := func(id string) metrics.Approval {
		t.Helper()
		a, err := r.merged()["approval/"+id].Approval()
		if err != nil {
			t.Fatal(err, keys(r.merged()))
		}
		return a
	}
	given, open := approval("42/1"), approval("42/2")
	if given.Approver != "cleo" || given.Decision != "granted" || !given.DecidedAt.Equal(day(3).Add(time.Hour)) || !given.RequestedAt.Equal(day(3).Add(-2*time.Minute)) || !*given.Required {
		t.Errorf("given: %+v", given)
	}
	if open.Decision != "" || !open.DecidedAt.IsZero() {
		t.Errorf("not given yet: %+v", open)
	}
	done := deployment(42, day(8), object{"created_at": stamp(day(3).Add(-2 * time.Minute)), "approvals": []object{
		{"user": user(4, "dora"), "status": "rejected", "created_at": stamp(day(7))}, {"user": user(3, "cleo"), "status": "approved", "created_at": stamp(day(3).Add(time.Hour))},
	}, "pending_approval_count": 0})
	h.Put("projects/17/deployments/42", done.Body)
	h.Set("projects/17/deployments", done)
	r.again(t)
	if a := approval("42/2"); a.Approver != "dora" || a.Decision != "refused" || approval("42/1").Approver != "cleo" {
		t.Errorf("decided: %+v", a)
	}
}

func TestJobsPipelinesAndReleasesAreDeploymentsWhereTheyAreToldToBe(t *testing.T) {
	t.Parallel()
	r := read(t, everything(), switchedOn)
	var got []string
	for _, key := range keys(r.merged()) {
		if strings.Contains(key, "deployment/") && strings.Count(key, "/") > 1 {
			d := r.deployment(t, strings.TrimPrefix(key, "deployment/"))
			got = append(got, fmt.Sprintf("%s %s %s %s %s", d.ID, d.Status, d.Environment, d.Trigger, d.FinishedAt.Format("2006-01-02")))
		}
	}
	want := []string{
		"job/311 failed live manual 2026-02-06", "job/321 failed live manual 2026-02-07", "job/331 failed live manual 2026-02-08",
		"pipeline/31 succeeded live manual 2026-02-06", "release/17/v1.0 succeeded live  2026-02-06",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAGroupIsReadWithAllItsProjects(t *testing.T) {
	t.Parallel()
	h := world()
	project(h, 18, "acme/tools/old")
	h.List("groups/acme/projects", gitlabtest.Record{Body: object{"id": 17, "path_with_namespace": "acme/shop", "default_branch": "main"}},
		gitlabtest.Record{Body: object{"id": 18, "path_with_namespace": "acme/tools/new", "default_branch": nil, "empty_repo": true}},
		gitlabtest.Record{Body: object{"id": 19, "path_with_namespace": "acme/attic", "archived": true}})
	for _, list := range []string{"deployments", "merge_requests", "issues"} {
		h.List("projects/18/" + list)
	}
	r := read(t, h, func(o *gitlab.Options) { o.Groups, o.IncidentLabels = []string{"acme"}, nil })
	r.deployment(t, "41")
	asked := strings.Join(h.Asked(), "\n")
	if !strings.Contains(asked, "projects/18/deployments") || strings.Contains(asked, "projects/19/") || strings.Contains(asked, "projects/18/repository") {
		t.Errorf("asked for\n%s", asked)
	}
	if !strings.Contains(asked, "archived=false") || !strings.Contains(asked, "include_subgroups=true") {
		t.Errorf("asked for\n%s", asked)
	}
	if n := strings.Count(asked, "projects/17/deployments?"); n != 1 {
		t.Errorf("the project that is named twice is read %d times", n)
	}
}

func TestARenamedProjectGoesOnAndADeletedOneIsSaidToBeGone(t *testing.T) {
	t.Parallel()
	h := world()
	r := read(t, h, func(o *gitlab.Options) { o.Projects = []string{"17", "acme/gone"} })
	if told := r.TroubleOf("lab"); !strings.Contains(told, "project acme/gone: ") || !strings.Contains(told, "it is not there, or the token may not see it") || !r.Watermark("lab").IsZero() {
		t.Errorf("it is told as %q", told)
	}
	before := len(h.Asked())
	project(h, 17, "acme/store")
	h.Set("projects/17/deployments", deployment(80, day(20)))
	r.again(t)
	if d := r.deployment(t, "80"); d.Repository != "acme/store" {
		t.Errorf("after the renaming it is of %s", d.Repository)
	}
	if !strings.Contains(strings.Join(h.Asked()[before:], "\n"), "updated_after=2026-02-05T09%3A50") {
		t.Errorf("the renamed project is read from the start: %v", h.Asked()[before:])
	}
	for _, list := range []string{"", "/deployments", "/merge_requests", "/issues"} {
		h.Drop("projects/17" + list)
	}
	before = len(r.merged())
	r.again(t)
	if len(r.merged()) != before {
		t.Error("what was read of a deleted project is gone")
	}
}

func TestAMalformedRecordIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	h := world()
	h.Set("projects/17/deployments", deployment(45, day(6), object{"environment": "none"}))
	h.Set("projects/17/deployments", deployment(46, day(7), object{"sha": ""}))
	h.Set("projects/17/deployments", deployment(47, day(8)))
	h.Set("projects/17/merge_requests", request(7, day(6), object{"labels": 7}))
	h.Set("projects/17/issues", issue(8, day(6), object{"created_at": "yesterday"}))
	r := read(t, h)
	r.deployment(t, "47")
	aside := fmt.Sprint(r.SetAside())
	for _, want := range []string{"deployment 45 of acme/shop it cannot be read", "deployment 46 of acme/shop field revision", "merge request 7 of acme/shop it cannot be read", `issue 8 of acme/shop it cannot be read: "yesterday" is no time`} {
		if !strings.Contains(aside, want) {
			t.Errorf("%q is not among %s", want, aside)
		}
	}
}

func TestWhatIsOlderThanSinceIsNotRead(t *testing.T) {
	t.Parallel()
	r := read(t, world(), func(o *gitlab.Options) { o.Since = day(4) })
	if _, found := r.merged()["deployment/41"]; found {
		t.Error("an older one was read")
	}
	r.deployment(t, "44")
}

func TestOptionsThatCannotWorkAreRefusedInWords(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]gitlab.Options{
		"names neither projects nor groups": {Host: collector.Host{Name: "lab", URL: "https://gitlab.example"}},
		"cannot be read":                    {Host: collector.Host{Name: "lab", URL: "https://gitlab.example"}, Projects: []string{"a/b"}, Choice: gitlab.Choice{Jobs: "deploy["}},
		"is no address":                     {Host: collector.Host{Name: "lab", URL: "gitlab.example"}, Projects: []string{"a/b"}},
	} {
		if _, err := gitlab.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
