package gitea_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/gitea"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

func TestGiteaIsASource(t *testing.T) {
	t.Parallel()
	address := serve(t, shop())
	sourcetest.Run(t, func(t *testing.T) collector.Source { return open(t, address, noon, everything()) })
}

func TestGiteaSurvivesWhateverTheServerDoes(t *testing.T) {
	t.Parallel()
	sourcetest.Faults(t, sourcetest.Host{Handler: shop(), Access: "read:repository", Open: func(t *testing.T, address string, clock func() time.Time) collector.Source {
		return open(t, address, clock, everything())
	}})
}

func TestEveryKindOfRecordBecomesItsEvent(t *testing.T) {
	t.Parallel()
	s := shop()
	r := begin(t, s, everything())
	got := r.Must()
	counts := map[metrics.EventType]int{}
	for _, e := range got {
		counts[e.Type]++
	}
	if counts[metrics.TypeDeployment] != 7+7+2 || counts[metrics.TypeCommit] != 7 || counts[metrics.TypePullRequest] != 7 || counts[metrics.TypeIncident] != 7 {
		t.Errorf("it brings %v; set aside %v", counts, r.Store.SetAside())
	}
	if d := r.Deployment(got, "release/3"); d.Revision != sha(3) || d.Version != "v1.3" || d.Environment != "production" || !d.FinishedAt.Equal(day(3)) || d.Repository != "acme/shop" {
		t.Errorf("the release reads %+v", d)
	}
	if d := r.Deployment(got, "run/4"); d.Status != metrics.Succeeded || d.Ref != "v1.4" || d.Version != "v1.4" || !d.StartedAt.Equal(day(4)) || d.Trigger != "automatic" || d.Actor != "zoe" {
		t.Errorf("the run reads %+v", d)
	}
	failed := r.Deployment(got, fmt.Sprintf("status/1/%s/deploy/production/%d", sha(5), day(6).Unix()))
	second := r.Deployment(got, fmt.Sprintf("status/1/%s/deploy/production/%d", sha(5), day(6).Add(20*time.Minute).Unix()))
	if failed.Status != metrics.Failed || second.Status != metrics.Succeeded || !second.StartedAt.Equal(day(6).Add(15*time.Minute)) || second.URL != "http://gitea.example/acme/shop/actions/runs/1" {
		t.Errorf("the statuses read %+v and %+v", failed, second)
	}
	p, _ := got["pull_request 102"].PullRequest()
	if p.Number != 2 || p.MergeCommit != sha(2) || !p.MergedAt.Equal(day(2)) || !slices.Equal(p.Commits, []string{sha(42), sha(52)}) || len(p.Reviews) != 1 || p.Reviews[0].State != "approved" || p.Title != "Größe 2" {
		t.Errorf("the pull request reads %+v", p)
	}
	i, _ := got["incident 221"].Incident()
	if i.Service != "acme/shop" || i.Severity != 2 || !i.ResolvedAt.Equal(day(1).Add(time.Hour)) {
		t.Errorf("the incident reads %+v", i)
	}
	c, _ := got["commit "+sha(6)].Commit()
	if c.Author != "zoe" || !slices.Equal(c.Parents, []string{sha(5)}) || !slices.Equal(c.Paths, []string{"src/größe.go"}) {
		t.Errorf("the commit reads %+v", c)
	}
	if i := slices.IndexFunc(s.asked, func(path string) bool { return strings.Contains(path, "/version") }); i >= 0 {
		t.Error("the server was asked for its version")
	}
}

func TestAServerThatGivesFewerRecordsThanAskedForIsReadToTheEnd(t *testing.T) {
	t.Parallel()
	s := shop()
	s.cap = 2
	o := everything()
	o.Page = 50
	got := begin(t, s, o).Must()
	if len(got) != 16+21 {
		t.Errorf("%d events, want 37", len(got))
	}
}

func TestWhatHappenedSinceIsAllThatASecondReadingBrings(t *testing.T) {
	t.Parallel()
	s := shop()
	r := begin(t, s, everything())
	r.Must()
	at := "repos/acme/shop"
	s.change(func(s *server) {
		s.lists[at+"/commits"] = slices.Insert(s.lists[at+"/commits"], 0, commit(9, day(8), 7, 8), commit(8, day(1).AddDate(0, -6, 0), 0)) // merged late, made long ago
		s.records[at+"/git/commits/"+sha(9)] = object{"sha": sha(9)}
		s.lists[at+"/commits/"+sha(9)+"/statuses"], s.lists[at+"/commits/"+sha(8)+"/statuses"] = []object{}, []object{}
		late := pull(2, day(2))
		late["updated_at"] = stamp(day(9))
		s.lists[at+"/pulls"][5] = late
		s.lists[at+"/pulls/2/reviews"] = append(s.lists[at+"/pulls/2/reviews"], object{"id": 77, "user": user("eva"), "state": "REQUEST_CHANGES", "submitted_at": stamp(day(9))})
	})
	got := r.Must()
	if len(got) != 3 || got["commit "+sha(8)].ID == "" || got["commit "+sha(9)].ID == "" {
		t.Errorf("it brings %d events", len(got))
	}
	p, _ := got["pull_request 102"].PullRequest()
	if len(p.Reviews) != 2 || p.Reviews[1].State != "changes_requested" {
		t.Errorf("the review that came late is not there: %+v", p.Reviews)
	}
	if again := r.Must(); len(again) != 0 {
		t.Errorf("a third reading brings %d events", len(again))
	}
}

func TestAHistoryThatWasReplacedIsReadAnew(t *testing.T) {
	t.Parallel()
	s := shop()
	r := begin(t, s, everything())
	r.Must()
	s.change(func(s *server) {
		delete(s.records, "repos/acme/shop/git/commits/"+sha(7))
		s.lists["repos/acme/shop/commits"][0] = commit(17, day(8), 6)
		s.records["repos/acme/shop/git/commits/"+sha(17)] = object{"sha": sha(17)}
		s.lists["repos/acme/shop/commits/"+sha(17)+"/statuses"] = []object{}
	})
	if got := r.Must(); len(got) != 1 || got["commit "+sha(17)].ID == "" {
		t.Errorf("it brings %d events", len(got))
	}
}

func TestALongHistoryThatWasReplacedAndCleanedIsReadAnew(t *testing.T) {
	t.Parallel()
	s, at := shop(), "repos/acme/shop"
	r := begin(t, s, everything())
	r.Must()
	s.change(func(s *server) {
		s.lists[at+"/commits"] = nil
		for n := 108; n > 100; n-- {
			delete(s.records, at+"/git/commits/"+sha(n-100))
			s.lists[at+"/commits"] = append(s.lists[at+"/commits"], commit(n, day(8), n-1))
			s.records[at+"/git/commits/"+sha(n)] = object{"sha": sha(n)}
			s.lists[at+"/commits/"+sha(n)+"/statuses"] = []object{}
		}
	})
	if got := r.Must(); len(got) != 8 {
		t.Errorf("it brings %d events", len(got))
	}
	if got := r.Must(); len(got) != 0 {
		t.Errorf("then it brings %d events", len(got))
	}
}

func TestACommitFromTheFutureHidesNoneThatComesAfterIt(t *testing.T) {
	t.Parallel()
	s, at, later := shop(), "repos/acme/shop", day(8).AddDate(10, 0, 0)
	add := func(n int, when time.Time, states ...object) {
		s.lists[at+"/commits"] = slices.Insert(s.lists[at+"/commits"], 0, commit(n, when, n-1))
		s.records[at+"/git/commits/"+sha(n)] = object{"sha": sha(n)}
		s.lists[at+"/commits/"+sha(n)+"/statuses"] = states
		name := fmt.Sprintf("v1.%d", n)
		s.lists[at+"/releases"] = slices.Insert(s.lists[at+"/releases"], 0, release(n, name, when))
		s.records[at+"/tags/"+name] = tag(name, n, when)
	}
	add(8, later)
	o := everything()
	o.Deployments = []string{gitea.Releases, gitea.Statuses}
	r := begin(t, s, o)
	r.Must()
	s.change(func(*server) { add(9, day(9), status(9, "deploy/production", "success", day(9).Add(time.Minute))) })
	got := r.Must()
	r.Deployment(got, "release/9")
	r.Deployment(got, fmt.Sprintf("status/1/%s/deploy/production/%d", sha(9), day(9).Add(time.Minute).Unix()))
}

func TestANewTagIsSeenWhateverTheDateOfItsCommit(t *testing.T) {
	t.Parallel()
	s, list := shop(), "repos/acme/shop/tags"
	s.lists[list] = slices.Insert(s.lists[list], 0, tag("v1.8", 8, day(8).AddDate(10, 0, 0)))
	o := everything()
	o.Deployments = []string{gitea.Tags}
	r := begin(t, s, o)
	r.Must()
	s.change(func(s *server) {
		s.lists[list] = append(slices.Insert(s.lists[list], 0, tag("v1.9", 9, day(9))), tag("v0.1", 1, day(1).AddDate(-1, 0, 0)))
	})
	got := r.Must()
	r.Deployment(got, "tag/1/v1.9/"+sha(9))
	r.Deployment(got, "tag/1/v0.1/"+sha(1))
	if len(got) != 2 {
		t.Errorf("%d events", len(got))
	}
}

func TestAnIncidentWhoseLabelIsTakenAwayEnds(t *testing.T) {
	t.Parallel()
	s, list := shop(), "repos/acme/shop/issues"
	open := issue(30, day(8), "incident")
	open["state"], open["closed_at"] = "open", nil
	s.lists[list] = append(s.lists[list], open)
	r := begin(t, s, everything())
	r.Must()
	s.change(func(s *server) {
		bare, other := issue(30, day(8), "question"), issue(31, day(10), "question")
		bare["state"], bare["closed_at"], bare["updated_at"] = "open", nil, stamp(day(10))
		s.lists[list][7] = bare
		s.lists[list] = append(s.lists[list], other)
	})
	i, _ := r.Must()["incident 230"].Incident()
	if !i.ResolvedAt.Equal(day(10)) || !slices.Contains(i.Labels, "no longer labelled as an incident") {
		t.Errorf("it reads %+v", i)
	}
}

func TestAnAttemptThatIsStartedAnewBeforeItsEndIsReadDoesNotGoOn(t *testing.T) {
	t.Parallel()
	s, list := shop(), "repos/acme/shop/actions/runs"
	s.lists[list][0]["status"], s.lists[list][0]["completed_at"] = "running", none
	delete(s.lists[list][0], "conclusion")
	r := begin(t, s, everything())
	r.Must()
	s.change(func(s *server) {
		again := workflowRun(7, 7, "deploy.yml", day(8))
		again["run_attempt"] = 2
		s.lists[list][0] = again
	})
	got := r.Must()
	if d := r.Deployment(got, "run/7"); d.Status != metrics.Cancelled || !d.StartedAt.Equal(day(7)) || !d.FinishedAt.Equal(day(8)) || d.Labels["ended"] == "" {
		t.Errorf("the first attempt reads %+v", d)
	}
	if d := r.Deployment(got, "run/7/2"); d.Status != metrics.Succeeded {
		t.Errorf("the second attempt reads %+v", d)
	}
	ended := metrics.NewEvent("forge", metrics.Deployment{ID: "run/7", Status: metrics.Failed, FinishedAt: day(7).Add(time.Minute)})
	ended.UpdatedAt = day(7).Add(time.Minute)
	if d, _ := metrics.Merge([]metrics.Event{ended, got["deployment run/7"]}).Deployment(); d.Status != metrics.Failed {
		t.Errorf("what a webhook said of its end is lost: %+v", d)
	}
}

func TestAReleaseWhoseTagCannotBeReadKeepsNoOtherBack(t *testing.T) {
	t.Parallel()
	s := shop()
	o := everything()
	o.Deployments = []string{gitea.Releases}
	refusing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/tags/v1.4") {
			http.Error(w, `{"message":"odd"}`, http.StatusUnprocessableEntity)
			return
		}
		s.ServeHTTP(w, r)
	})
	r := begin(t, refusing, o)
	got := r.Must()
	if aside := r.Store.SetAside(); len(got) != 6+21 || len(aside) != 1 || !strings.Contains(aside[0].Record, "release v1.4") {
		t.Errorf("%d events, set aside %v", len(got), aside)
	}
}

func TestWhatIsUnderWayIsAskedForUntilItEnds(t *testing.T) {
	t.Parallel()
	s := shop()
	at := "repos/acme/shop"
	queued := workflowRun(8, 7, "deploy.yml", day(8))
	queued["status"], queued["started_at"], queued["completed_at"] = "queued", none, none
	delete(queued, "conclusion")
	draft := release(8, "v1.8", day(8))
	draft["draft"] = true
	s.lists[at+"/actions/runs"] = slices.Insert(s.lists[at+"/actions/runs"], 0, queued)
	s.lists[at+"/releases"] = slices.Insert(s.lists[at+"/releases"], 0, draft)
	s.records[at+"/actions/runs/8"], s.records[at+"/releases/8"] = queued, draft
	s.lists[at+"/commits/"+sha(7)+"/statuses"] = []object{status(1, "deploy/production", "pending", day(8))}
	r := begin(t, s, everything())
	got := r.Must()
	if d := r.Deployment(got, "run/8"); d.Status != metrics.Pending || !d.StartedAt.IsZero() || !d.FinishedAt.IsZero() {
		t.Errorf("the queued run reads %+v", d)
	}
	if _, there := got["deployment release/8"]; there {
		t.Error("a draft counts as released")
	}
	s.change(func(s *server) {
		s.records[at+"/actions/runs/8"] = workflowRun(8, 7, "deploy.yml", day(9))
		s.lists[at+"/actions/runs"] = s.lists[at+"/actions/runs"][1:] // the list does not show it any longer
		s.records[at+"/releases/8"] = release(8, "v1.8", day(8))
		s.lists[at+"/releases"] = s.lists[at+"/releases"][1:]
		s.records[at+"/tags/v1.8"] = tag("v1.8", 7, day(8))
		s.lists[at+"/commits/"+sha(7)+"/statuses"] = append(s.lists[at+"/commits/"+sha(7)+"/statuses"], status(2, "deploy/production", "success", day(9)))
	})
	got = r.Must()
	if d := r.Deployment(got, "run/8"); d.Status != metrics.Succeeded || !d.FinishedAt.Equal(day(9).Add(2*time.Minute)) {
		t.Errorf("the run that ended reads %+v", d)
	}
	if d := r.Deployment(got, "release/8"); d.Revision != sha(7) {
		t.Errorf("the release that was published reads %+v", d)
	}
	if d := r.Deployment(got, fmt.Sprintf("status/1/%s/deploy/production/%d", sha(7), day(9).Unix())); !d.StartedAt.Equal(day(8)) {
		t.Errorf("the deployment by status reads %+v", d)
	}
}

func TestAnIncidentThatIsOpenedAnewIsNotOver(t *testing.T) {
	t.Parallel()
	s := shop()
	r := begin(t, s, everything())
	r.Must()
	s.change(func(s *server) {
		anew := issue(24, day(4), "incident")
		anew["state"], anew["closed_at"], anew["updated_at"] = "open", nil, stamp(day(10))
		s.lists["repos/acme/shop/issues"][3] = anew
	})
	r.Must()
	var revisions []metrics.Event
	for _, e := range r.Store.Events() {
		if e.Type == metrics.TypeIncident && e.ID == "224" {
			revisions = append(revisions, e)
		}
	}
	if v, _ := metrics.Merge(revisions).Incident(); len(revisions) != 2 || !v.ResolvedAt.IsZero() {
		t.Errorf("after %d revisions it reads %+v", len(revisions), v)
	}
}

func TestAReleaseThatIsMadeFinalGoesToProduction(t *testing.T) {
	t.Parallel()
	s := shop()
	s.lists["repos/acme/shop/releases"][0]["prerelease"] = true
	o := everything()
	o.Deployments = []string{gitea.Releases}
	r := begin(t, s, o)
	if d := r.Deployment(r.Must(), "release/7"); d.Environment != "staging" || d.Labels["environment_kind"] != "staging" {
		t.Errorf("a preliminary release reads %+v", d)
	}
	s.change(func(s *server) { s.lists["repos/acme/shop/releases"][0]["prerelease"] = false })
	r.Must()
	var revisions []metrics.Event
	for _, e := range r.Store.Events() {
		if e.ID == "release/7" {
			revisions = append(revisions, e)
		}
	}
	if d, _ := metrics.Merge(revisions).Deployment(); d.Environment != "production" {
		t.Errorf("once it is final it reads %+v", d)
	}
}

func TestATagThatIsMovedIsAnotherDeployment(t *testing.T) {
	t.Parallel()
	s := shop()
	o := everything()
	o.Deployments, o.Tags = []string{gitea.Tags}, "v*"
	s.lists["repos/acme/shop/tags"] = append(s.lists["repos/acme/shop/tags"], tag("nightly", 3, day(3)), tag("v1.8.0-rc.1", 7, day(7)))
	r := begin(t, s, o)
	got := r.Must()
	if d := r.Deployment(got, "tag/1/v1.7/"+sha(7)); d.Revision != sha(7) || !d.FinishedAt.Equal(day(7)) {
		t.Errorf("the tag reads %+v", d)
	}
	if d := r.Deployment(got, "tag/1/v1.8.0-rc.1/"+sha(7)); d.Environment != "staging" {
		t.Errorf("the preliminary tag reads %+v", d)
	}
	if _, there := got["deployment tag/1/nightly/"+sha(3)]; there {
		t.Error("a tag that is not released counts")
	}
	s.change(func(s *server) { s.lists["repos/acme/shop/tags"][0] = tag("v1.7", 9, day(9)) })
	if got := r.Must(); len(got) != 1 || r.Deployment(got, "tag/1/v1.7/"+sha(9)).Revision != sha(9) {
		t.Errorf("once it is moved there are %d events", len(got))
	}
}

func TestARunThatIsStartedAnewIsAnotherAttempt(t *testing.T) {
	t.Parallel()
	s := shop()
	r := begin(t, s, everything())
	r.Must()
	s.change(func(s *server) {
		again := workflowRun(5, 5, "deploy.yml", day(7).Add(time.Hour))
		again["run_attempt"], again["conclusion"], again["event"] = 2, "cancelled", "workflow_dispatch"
		s.lists["repos/acme/shop/actions/runs"][2] = again
	})
	got := r.Must()
	if d := r.Deployment(got, "run/5/2"); len(got) != 1 || d.Status != metrics.Cancelled || d.Trigger != "manual" {
		t.Errorf("of %d events the second attempt reads %+v", len(got), d)
	}
}

func TestAMalformedRecordIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	s := shop()
	at := "repos/acme/shop"
	s.lists[at+"/releases"][1]["published_at"] = "yesterday"
	s.lists[at+"/actions/runs"][1]["status"], s.lists[at+"/actions/runs"][2]["head_sha"] = "melted", ""
	s.lists[at+"/pulls"][1]["number"] = "two"
	s.lists[at+"/issues"][1]["labels"] = "incident"
	s.lists[at+"/commits"][1]["commit"] = nil
	s.lists[at+"/commits/"+sha(5)+"/statuses"][0]["created_at"] = 5
	r := begin(t, s, everything())
	got := r.Must()
	if aside := r.Store.SetAside(); len(aside) != 7 || len(got) != 37-7 {
		t.Errorf("%d events; set aside %v", len(got), aside)
	}
	for _, a := range r.Store.SetAside() {
		if strings.Contains(a.Record+a.Reason, "zoe@example.com") {
			t.Errorf("%v names a person", a)
		}
	}
}

func TestAReleaseWhoseTagIsGoneIsAskedForOnceMoreAndSetAside(t *testing.T) {
	t.Parallel()
	s := shop()
	delete(s.records, "repos/acme/shop/tags/v1.4")
	r := begin(t, s, everything())
	if got := r.Must(); len(got) != 36 || len(r.Store.SetAside()) != 0 {
		t.Errorf("%d events, set aside %v", len(got), r.Store.SetAside())
	}
	r.Must()
	if aside := r.Store.SetAside(); len(aside) != 1 || !strings.Contains(aside[0].Record, "release v1.4 of acme/shop") {
		t.Errorf("set aside %v", aside)
	}
}

func TestAPullRequestWhoseCommitsAreGoneIsTakenWithout(t *testing.T) {
	t.Parallel()
	s := shop()
	delete(s.lists, "repos/acme/shop/pulls/3/commits")
	r := begin(t, s, everything())
	p, _ := r.Must()["pull_request 103"].PullRequest()
	if len(p.Commits) != 0 || len(p.Reviews) != 1 || p.MergeCommit != sha(3) {
		t.Errorf("it reads %+v", p)
	}
	if got := r.Must(); len(got) != 0 {
		t.Errorf("asked once more it brings %d events", len(got))
	}
	asked := len(s.asked)
	r.Must()
	if i := slices.IndexFunc(s.asked[asked:], func(path string) bool { return strings.HasSuffix(path, "/pulls/3") }); i >= 0 {
		t.Error("it is asked for again and again")
	}
}

func TestARepositoryThatIsRenamedGoesOn(t *testing.T) {
	t.Parallel()
	s := shop()
	r := begin(t, s, everything())
	r.Must()
	s.change(func(s *server) {
		for path, list := range s.lists {
			s.lists[strings.Replace(path, "acme/shop", "acme/store", 1)] = list
		}
		for path, record := range s.records {
			s.records[strings.Replace(path, "acme/shop", "acme/store", 1)] = record
		}
		s.records["repos/acme/store"] = repo(1, "acme/store")
		s.records["repos/acme/shop"] = object{"redirect": "repos/acme/store"}
		s.lists["repos/acme/store/commits"] = slices.Insert(s.lists["repos/acme/store/commits"], 0, commit(8, day(8), 7))
		s.lists["repos/acme/store/commits/"+sha(8)+"/statuses"] = []object{}
	})
	for key, e := range r.Must() {
		if e.Type == metrics.TypeCommit && e.ID != sha(8) {
			t.Errorf("%s is read anew", key)
		}
	}
	if len(r.Store.SetAside()) != 0 {
		t.Errorf("set aside %v", r.Store.SetAside())
	}
}

func TestARepositoryThatIsDeletedDoesNotKeepTheOthersBack(t *testing.T) {
	t.Parallel()
	s := shop()
	o := everything()
	o.Repositories = []string{"acme/gone", "acme/shop"}
	r := begin(t, s, o)
	got, err := r.Read()
	if len(got) != 37 {
		t.Errorf("%d events", len(got))
	}
	if err == nil || !strings.Contains(err.Error(), "repository acme/gone: ") || !r.Store.Watermark("forge").IsZero() {
		t.Errorf("it is told as %v", err)
	}
}

func TestAnEmptyRepositoryAndOneWithEverythingSwitchedOffBringNothing(t *testing.T) {
	t.Parallel()
	s := &server{cap: 50, lists: map[string][]object{}, records: map[string]object{}}
	empty, off := repo(1, "acme/new"), repo(2, "acme/off")
	empty["empty"] = true
	for _, unit := range []string{"has_issues", "has_pull_requests", "has_releases", "has_actions"} {
		off[unit] = false
	}
	s.lists["orgs/acme/repos"] = []object{empty, off}
	s.lists["repos/acme/new/releases"], s.lists["repos/acme/new/actions/runs"], s.lists["repos/acme/new/issues"] = nil, nil, nil
	s.lists["repos/acme/off/commits"] = nil
	o := everything()
	o.Repositories, o.Organisations = nil, []string{"acme"}
	r := begin(t, s, o)
	if got := r.Must(); len(got) != 0 || len(r.Store.SetAside()) != 0 {
		t.Errorf("%d events, set aside %v", len(got), r.Store.SetAside())
	}
}

func TestWithoutRepositoriesOrOrganisationsThoseOfTheTokenAreRead(t *testing.T) {
	t.Parallel()
	s := shop()
	s.lists["user/repos"] = []object{repo(1, "acme/shop")}
	o := everything()
	o.Repositories = nil
	if got := begin(t, s, o).Must(); len(got) != 37 {
		t.Errorf("%d events", len(got))
	}
}

func TestTheFirstReadingBeginsAtTheDayOfTheSettings(t *testing.T) {
	t.Parallel()
	o := everything()
	o.Since = day(5)
	got := begin(t, shop(), o).Must()
	for key, e := range got {
		if d, err := e.Deployment(); err == nil && d.FinishedAt.Before(day(5)) {
			t.Errorf("%s is of %v", key, d.FinishedAt)
		}
	}
	if len(got) != 3+3+2+3+3+3 {
		t.Errorf("%d events", len(got))
	}
}

func TestForgejosRunsReadLikeGiteas(t *testing.T) {
	t.Parallel()
	s := shop()
	s.lists["repos/acme/shop/actions/runs"] = []object{{
		"id": 11130, "index_in_repo": 12, "title": "v2", "workflow_id": "deploy.yml", "prettyref": "v2.0.0", "commit_sha": sha(7), "event": "push", "status": "failure",
		"created": stamp(day(8)), "started": stamp(day(8).Add(time.Minute)), "stopped": stamp(day(8).Add(3 * time.Minute)), "updated": stamp(day(8).Add(3 * time.Minute)),
		"html_url": "http://gitea.example/acme/shop/actions/runs/12", "trigger_user": user("zoe"), "need_approval": false,
	}}
	o := everything()
	o.Deployments = []string{gitea.Actions}
	r := begin(t, s, o)
	d := r.Deployment(r.Must(), "run/11130")
	if d.Status != metrics.Failed || d.Revision != sha(7) || d.Ref != "v2.0.0" || !d.CreatedAt.Equal(day(8)) || !d.FinishedAt.Equal(day(8).Add(3*time.Minute)) || d.Actor != "zoe" {
		t.Errorf("it reads %+v", d)
	}
}

func TestSettingsThatWouldCountTwiceOrNothingAreRefused(t *testing.T) {
	t.Parallel()
	client, err := collector.NewClient(collector.Host{Name: "forge", URL: "http://gitea.example"})
	if err != nil {
		t.Fatal(err)
	}
	for sentence, kinds := range map[string][]string{
		"twice": {gitea.Releases, gitea.Tags}, "workflow files": {gitea.Actions}, "status_context": {gitea.Statuses}, "use releases, tags": {"deployments"},
	} {
		if _, err := gitea.New(client, gitea.Options{Name: "forge", Deployments: kinds}); !strings.Contains(fmt.Sprint(err), sentence) {
			t.Errorf("%v gives %v", kinds, err)
		}
	}
}

func TestACancelledReadingEndsAtOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := shop()
	source := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/tags/v1.6") {
			cancel()
		}
		s.ServeHTTP(w, r)
	})), noon, everything())
	if err := collector.NewEngine().Run(ctx, source, &sourcetest.Memory{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("it gives %v", err)
	}
}

func TestTheAddressMayNameTheInterfaceOrNot(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://forge.example/git", "https://forge.example/git/", "https://forge.example/git/api/v1", "https://forge.example/git/api/v1/"} {
		if got := gitea.BaseURL(address); got != "https://forge.example/git/api/v1" {
			t.Errorf("%s gives %s", address, got)
		}
	}
}
