package jenkins_test

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
	"shiphabit/collector/jenkins"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

func TestJenkinsIsASource(t *testing.T) {
	t.Parallel()
	address := serve(t, plant())
	sourcetest.Run(t, func(t *testing.T) collector.Source { return open(t, address, noon, everything()) })
}

func TestJenkinsSurvivesWhateverTheControllerDoes(t *testing.T) {
	t.Parallel()
	sourcetest.Faults(t, sourcetest.Host{Handler: plant(), Access: "Job/Read", Open: func(t *testing.T, address string, clock func() time.Time) collector.Source {
		return open(t, address, clock, everything())
	}})
}

func TestBuildsOfTheJobsThatDeployBecomeDeployments(t *testing.T) {
	t.Parallel()
	c := plant()
	r := begin(t, c, everything())
	got := r.Must()
	if len(got) != 14+2 || len(r.Store.SetAside()) != 0 {
		t.Errorf("%d events, set aside %v", len(got), r.Store.SetAside())
	}
	d := r.Deployment(got, shopID(3))
	if d.Repository != "acme/shop" || d.Service != "" || d.Revision != sha(3) || d.Ref != "main" || d.Environment != "production" || d.Status != metrics.Succeeded ||
		!d.StartedAt.Equal(day(3)) || !d.FinishedAt.Equal(day(3).Add(3*time.Minute)) || d.Trigger != "automatic" || d.Labels["job"] != "deploy-shop" || d.Labels["build"] != "3" {
		t.Errorf("it reads %+v", d)
	}
	if d := r.Deployment(got, shopID(7)); d.Trigger != "manual" || d.Actor != "zoe" {
		t.Errorf("what was begun by hand reads %+v", d)
	}
	if i := slices.IndexFunc(c.asked, func(path string) bool {
		return strings.Contains(path, "secret") || strings.Contains(path, "test-shop/")
	}); i >= 0 {
		t.Errorf("a folder that no pattern fits is asked for: %s", c.asked[i])
	}
}

func TestEveryResultHasItsState(t *testing.T) {
	t.Parallel()
	c := plant()
	for i, result := range []string{"FAILURE", "UNSTABLE", "ABORTED", "NOT_BUILT", "MELTED"} {
		c.jobs["deploy-shop"][6-i]["result"] = result
	}
	r := begin(t, c, everything())
	got := r.Must()
	for n, want := range map[int]metrics.Status{1: metrics.Failed, 2: metrics.Succeeded, 3: metrics.Cancelled, 4: metrics.Cancelled} {
		if d := r.Deployment(got, shopID(n)); d.Status != want || d.FinishedAt.IsZero() || (n == 2) != (d.Labels["result"] == "UNSTABLE") {
			t.Errorf("build %d reads %+v", n, d)
		}
	}
	if aside := r.Store.SetAside(); len(aside) == 0 || !strings.Contains(aside[0].Record, "build 5 of deploy-shop") || !strings.Contains(aside[0].Reason, "status") {
		t.Errorf("set aside %v", aside)
	}
}

func TestABuildThatGoesOnIsAskedForUntilItEnds(t *testing.T) {
	t.Parallel()
	c := plant()
	c.jobs["deploy-shop"] = slices.Insert(c.jobs["deploy-shop"], 0, goingOn(9), goingOn(8, object{}))
	r := begin(t, c, everything())
	got := r.Must()
	if d := r.Deployment(got, shopID(9)); d.Status != metrics.Running || !d.FinishedAt.IsZero() {
		t.Errorf("it reads %+v", d)
	}
	if len(r.Store.SetAside()) != 0 || len(got) != 17 {
		t.Errorf("%d events; what has not fetched anything yet is set aside: %v", len(got), r.Store.SetAside())
	}
	c.change(func(c *controller) {
		c.jobs["deploy-shop"][0], c.jobs["deploy-shop"][1] = ran(9, "FAILURE"), ran(8, "SUCCESS")
		for n := 10; n < 16; n++ { // so that they stand beyond the first page
			c.jobs["deploy-shop"] = slices.Insert(c.jobs["deploy-shop"], 0, ran(n, "SUCCESS"))
		}
	})
	got = r.Must()
	if len(got) != 8 || r.Deployment(got, shopID(9)).Status != metrics.Failed || r.Deployment(got, shopID(8)).Status != metrics.Succeeded {
		t.Errorf("once they ended there are %d events", len(got))
	}
	if again := r.Must(); len(again) != 0 {
		t.Errorf("a third reading brings %d events", len(again))
	}
}

func TestBuildsThatAreDeletedTakeNothingWithThem(t *testing.T) {
	t.Parallel()
	c := plant()
	c.jobs["deploy-shop"] = slices.Insert(c.jobs["deploy-shop"], 0, goingOn(8))
	r := begin(t, c, everything())
	r.Must()
	c.change(func(c *controller) { c.jobs["deploy-shop"] = []object{ran(9, "SUCCESS")} })
	if got := r.Must(); len(got) != 1 || got["deployment "+shopID(9)].ID == "" {
		t.Errorf("%d events", len(got))
	}
	if aside := r.Store.SetAside(); len(aside) != 1 || !strings.Contains(aside[0].Reason, "no longer") {
		t.Errorf("set aside %v", aside)
	}
}

func TestBuildsThatAreDeletedWhileTheListIsReadHideNoOthers(t *testing.T) {
	t.Parallel()
	c := plant()
	pages := 0
	r := begin(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.Contains(q.URL.RawQuery, "allBuilds") && strings.Contains(q.URL.Path, "deploy-shop") {
			if pages++; pages == 2 { // between the first page and the second
				c.change(func(c *controller) { c.jobs["deploy-shop"] = c.jobs["deploy-shop"][1:] })
			}
		}
		c.ServeHTTP(w, q)
	}), everything())
	got := r.Must()
	for n := 1; n <= 7; n++ {
		r.Deployment(got, shopID(n))
	}
}

func TestAJobThatIsRenamedKeepsItsDeployments(t *testing.T) {
	t.Parallel()
	c := plant()
	r := begin(t, c, everything())
	first := r.Must()
	c.change(func(c *controller) {
		c.jobs["deploy-store"] = c.jobs["deploy-shop"]
		delete(c.jobs, "deploy-shop")
		c.folders[""][0] = "deploy-store"
		for path, s := range c.steps {
			c.steps[strings.Replace(path, "deploy-shop", "deploy-store", 1)] = s
		}
	})
	for key := range r.Must() {
		if _, known := first[key]; !known {
			t.Errorf("%s is another deployment", key)
		}
	}
	if len(r.Store.SetAside()) != 0 {
		t.Errorf("set aside %v", r.Store.SetAside())
	}
}

func TestAFolderThatIsDeletedOrKeptFromUsDoesNotKeepTheOthersBack(t *testing.T) {
	t.Parallel()
	c := plant()
	r := begin(t, c, everything())
	r.Must()
	c.change(func(c *controller) {
		c.folders[""] = []string{"deploy-shop"}
		delete(c.folders, "platform")
		c.jobs["deploy-shop"] = slices.Insert(c.jobs["deploy-shop"], 0, ran(8, "SUCCESS"))
	})
	if got, err := r.Read(); len(got) != 1 || err == nil || !strings.Contains(err.Error(), "no job fits platform/*/main") {
		t.Errorf("%d events, %v", len(got), err)
	}
	kept := plant()
	r = begin(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/job/platform/api/json" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		kept.ServeHTTP(w, q)
	}), everything())
	got, err := r.Read()
	if len(got) != 9 || collector.TroubleOf(err) != collector.Forbidden || !strings.Contains(fmt.Sprint(err), "Job/Read") {
		t.Errorf("%d events and %v", len(got), err)
	}
}

func TestAnswersToStepsThatWaitedBecomeApprovals(t *testing.T) {
	t.Parallel()
	r := begin(t, plant(), everything())
	got := r.Must()
	first, _ := got["approval "+shopID(7)+"/12"].Approval()
	second, _ := got["approval "+shopID(7)+"/14"].Approval()
	if first.Deployment != shopID(7) || first.Decision != "granted" || first.Approver != "max" || !first.RequestedAt.Equal(day(7).Add(6*time.Second)) || !first.DecidedAt.Equal(day(7).Add(66*time.Second)) {
		t.Errorf("the first reads %+v", first)
	}
	if second.Approver != "eva" || !second.DecidedAt.Equal(day(7).Add(90*time.Second)) || second.Required == nil || !*second.Required {
		t.Errorf("the second reads %+v", second)
	}
}

func TestAStepThatWaitsIsAnOpenApprovalUntilItIsRefused(t *testing.T) {
	t.Parallel()
	c := plant()
	c.jobs["deploy-shop"] = slices.Insert(c.jobs["deploy-shop"], 0, goingOn(8))
	c.steps["deploy-shop/8/wfapi/describe"] = object{"id": "8", "status": "PAUSED_PENDING_INPUT", "stages": []object{{"id": "10", "status": "PAUSED_PENDING_INPUT", "startTimeMillis": day(8).UnixMilli()}}}
	at := "deploy-shop/8/execution/node/10/wfapi/describe"
	c.steps[at] = object{"id": "10", "stageFlowNodes": []object{waited("12", "Wait for interactive input", "PAUSED_PENDING_INPUT", day(8).Add(time.Minute), 5000)}}
	r := begin(t, c, everything())
	a, _ := r.Must()["approval "+shopID(8)+"/12"].Approval()
	if a.Decision != "" || !a.DecidedAt.IsZero() || !a.RequestedAt.Equal(day(8).Add(time.Minute)) {
		t.Errorf("it reads %+v", a)
	}
	c.change(func(c *controller) {
		c.steps[at] = object{"id": "10", "stageFlowNodes": []object{waited("12", "Wait for interactive input", "ABORTED", day(8).Add(time.Minute), 30_000)}}
		c.steps["deploy-shop/8/wfapi/describe"]["stages"] = []object{{"id": "10", "status": "ABORTED", "startTimeMillis": day(8).UnixMilli(), "pauseDurationMillis": 30_000}}
		c.jobs["deploy-shop"][0] = ran(8, "ABORTED", fetched(8, "https://git.example.com/acme/shop.git"), object{"_class": "jenkins.model.InterruptedBuildAction", "causes": []object{{
			"_class": "org.jenkinsci.plugins.workflow.support.steps.input.Rejection", "shortDescription": "Rejected by Eva", "timestamp": day(8).Add(91 * time.Second).UnixMilli(),
			"user": object{"absoluteUrl": "https://ci.example.com/user/eva", "fullName": "Eva"},
		}}})
	})
	got := r.Must()
	a, _ = got["approval "+shopID(8)+"/12"].Approval()
	if a.Decision != "refused" || a.Approver != "eva" || !a.DecidedAt.Equal(day(8).Add(91*time.Second)) {
		t.Errorf("once it is refused it reads %+v", a)
	}
	if d := r.Deployment(got, shopID(8)); d.Status != metrics.Cancelled || d.Trigger != "" {
		t.Errorf("the build reads %+v", d)
	}
}

func TestAControllerWithoutAnInterfaceToPipelinesIsReadWithoutApprovals(t *testing.T) {
	t.Parallel()
	c := plant()
	c.steps = nil
	c.jobs["deploy-shop"] = slices.Insert(c.jobs["deploy-shop"], 0, goingOn(9), goingOn(8))
	r := begin(t, c, everything())
	if got := r.Must(); len(got) != 16 {
		t.Errorf("%d events", len(got))
	}
	asked := 0
	for _, path := range c.asked {
		if strings.Contains(path, "wfapi") {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("it is asked %d times for what it has not got", asked)
	}
}

func TestSettingsSayWhatIsDeployedWhere(t *testing.T) {
	t.Parallel()
	c := plant()
	library := fetched(99, "https://reader:pass-word@git.example.com/acme/jenkins-library.git")
	c.jobs["deploy-shop"] = []object{
		ran(5, "SUCCESS", library, fetched(5, "ssh://git@git.example.com:2222/acme/shop")),
		ran(4, "SUCCESS", fetched(4, "https://git.example.com/acme/deploy-scripts.git"), with("COMMIT", sha(40)), with("TARGET", "live-eu\n"), with("WAVE", 2), with("REGIONS", "eu\nus\n")),
		ran(3, "SUCCESS", fetched(3, "https://git.example.com/acme/shop.git"), fetched(33, "https://git.example.com/acme/web.git")),
		ran(2, "SUCCESS", object{}),
	}
	o := everything()
	o.Jobs, o.Page = []string{"deploy-shop"}, 50
	o.Libraries, o.RevisionParameter, o.EnvironmentParameter, o.Parameters = []string{"*/jenkins-library"}, "COMMIT", "TARGET", []string{"WAVE", "REGIONS"}
	r := begin(t, c, o)
	got := r.Must()
	if d := r.Deployment(got, shopID(5)); d.Repository != "acme/shop" || d.Revision != sha(5) || d.Environment != "production" {
		t.Errorf("beside a library it reads %+v", d)
	}
	if d := r.Deployment(got, shopID(4)); d.Repository != "" || d.Service != "deploy-shop" || d.Revision != sha(40) || d.Environment != "live-eu" || d.Labels["WAVE"] != "2" || d.Labels["REGIONS"] != "eu us" {
		t.Errorf("by parameters it reads %+v", d)
	}
	aside := fmt.Sprint(r.Store.SetAside())
	if len(r.Store.SetAside()) != 2 || !strings.Contains(aside, "acme/shop, acme/web") || !strings.Contains(aside, "no Git repository") || strings.Contains(aside, "pass-word") {
		t.Errorf("set aside %s", aside)
	}
}

func TestTheAddressOfARepositoryGivesItsPathAlone(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://git.example.com/acme/shop.git": "acme/shop", "https://reader:secret@git.example.com/acme/shop": "acme/shop", "git@git.example.com:acme/shop.git": "acme/shop",
		"ssh://git@git.example.com:2222/acme/tools/shop.git": "acme/tools/shop", "git.example.com:größe/laden": "größe/laden", "/srv/git/shop.git": "srv/git/shop", "file:///srv/git/shop.git": "srv/git/shop",
		"https://reader:a%zz@git.example.com/acme/shop.git?x=1": "acme/shop", "reader:secret@git.example.com:acme/shop.git": "acme/shop", "https://git.example.com/acme/gr%C3%B6%C3%9Fe.git": "acme/größe",
	} {
		c := plant()
		c.jobs["deploy-shop"] = []object{ran(1, "SUCCESS", fetched(1, address))}
		r := begin(t, c, jenkins.Options{Name: "ci", Jobs: []string{"deploy-shop"}})
		if d := r.Deployment(r.Must(), shopID(1)); d.Repository != want {
			t.Errorf("%s gives %q", address, d.Repository)
		}
	}
}

func TestPatternsFitFullNamesOfJobs(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]int{"**": 14, "platform/**": 7, "*/*/main": 7, "platform/api/feature*": 0, "deploy-shop": 7, "**/main": 7} {
		o := everything()
		o.Jobs = []string{pattern}
		got := 0
		for key := range begin(t, plant(), o).Must() {
			if strings.HasPrefix(key, "deployment ") {
				got++
			}
		}
		if got != want {
			t.Errorf("%s gives %d deployments, want %d", pattern, got, want)
		}
	}
}

func TestAMalformedBuildIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	c := plant()
	c.jobs["deploy-shop"][2]["timestamp"] = "yesterday"
	c.jobs["deploy-shop"][3]["actions"] = "none"
	r := begin(t, c, everything())
	if got := r.Must(); len(got) != 14 {
		t.Errorf("%d events", len(got))
	}
	if aside := fmt.Sprint(r.Store.SetAside()); !strings.Contains(aside, "build 5 of deploy-shop") || !strings.Contains(aside, "build 4 of deploy-shop") {
		t.Errorf("set aside %s", aside)
	}
}

func TestTheFirstReadingBeginsAtTheDayOfTheSettings(t *testing.T) {
	t.Parallel()
	o := everything()
	o.Since = day(5)
	if got := begin(t, plant(), o).Must(); len(got) != 6+2 {
		t.Errorf("%d events", len(got))
	}
}

func TestAnEmptyControllerBringsNothing(t *testing.T) {
	t.Parallel()
	c := &controller{folders: map[string][]string{"": {}}}
	r := begin(t, c, everything())
	if got, err := r.Read(); len(got) != 0 || err == nil || strings.Count(err.Error(), "no job fits") != 2 {
		t.Errorf("%d events, %v", len(got), err)
	}
}

func TestACancelledReadingEndsAtOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := plant()
	source := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "wfapi") {
			cancel()
		}
		c.ServeHTTP(w, r)
	})), noon, everything())
	if err := collector.NewEngine().Run(ctx, source, &sourcetest.Memory{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("it gives %v", err)
	}
}
