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
	r := readingOf(t, world(), rules)
	err := r.try()
	r.deployment("101")
	if err == nil || !strings.Contains(err.Error(), "acme/gone: ") {
		t.Errorf("it is told as %v", err)
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
