package prometheus_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/prometheus"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

// several deployments in a row to several services, one of them still watched.
func several() *[]prometheus.Deployment {
	var list []prometheus.Deployment
	for i := range 7 {
		d := deployed(fmt.Sprint(i), time.Duration(i)*time.Hour-7*time.Hour)
		d.Service = []string{"shop", "desk"}[i%2]
		list = append(list, d)
	}
	open := deployed("open", 50*time.Minute)
	open.Service = "desk"
	list = append(list, open)
	return &list
}

func openSeveral(t *testing.T, address string, clock func() time.Time) collector.Source {
	t.Helper()
	return watching(t, address, clock, several(), func(o *prometheus.Options) { o.PageSize = 2 })
}

func TestTheWatchIsASource(t *testing.T) {
	t.Parallel()
	server := serve(t, steady(0.001, 0.05).host())
	sourcetest.Run(t, func(t *testing.T) collector.Source { return openSeveral(t, server, clockAt(noon.Add(65*time.Minute))) })
}

func TestTheWatchSurvivesWhateverPrometheusDoes(t *testing.T) {
	t.Parallel()
	sourcetest.Faults(t, sourcetest.Host{Handler: steady(0.001, 0.002).host(), Open: openSeveral, Access: "leave to query"})
}

func TestAnEarlyVerdictComesOnceAndTheLastRevisesIt(t *testing.T) {
	t.Parallel()
	now := noon.Add(time.Minute)
	list := []prometheus.Deployment{deployed("1", 0)}
	source := watching(t, serve(t, steady(0.004, 0.05).host()), func() time.Time { return now }, &list)
	store := &sourcetest.Memory{}
	var all []metrics.Event
	for ; now.Before(noon.Add(2 * time.Hour)); now = now.Add(time.Minute) {
		all = append(all, read(t, source, store)...)
	}
	if len(all) != 2 {
		t.Fatalf("%d revisions, want an early and a last one", len(all))
	}
	early, last := verdict(t, all[0]), verdict(t, all[1])
	if early.Result != "unhealthy" || !all[0].UpdatedAt.Equal(noon.Add(10*time.Minute)) || !all[0].Live {
		t.Errorf("the early one is %s, of %v", early.Result, all[0].UpdatedAt)
	}
	if all[0].Key != all[1].Key || !all[1].UpdatedAt.Equal(noon.Add(31*time.Minute)) || last.Result != "unhealthy" || !last.At.Equal(early.At) {
		t.Errorf("the last one is %s at %v, of %v", last.Result, last.At, all[1].UpdatedAt)
	}
}

func TestHowOftenOneLooksDecidesNothing(t *testing.T) {
	t.Parallel()
	wild := func(_ string, at time.Time) float64 {
		return 0.004 + 0.02*math.Abs(math.Sin(float64(at.Unix())/300))
	}
	server := serve(t, values(wild).host())
	last := map[string]bool{}
	for _, every := range []time.Duration{time.Minute, 7 * time.Minute, 3 * time.Hour} {
		now := noon
		list := []prometheus.Deployment{deployed("1", 0)}
		source, store := watching(t, server, func() time.Time { return now }, &list), &sourcetest.Memory{}
		for ; now.Before(noon.Add(4 * time.Hour)); now = now.Add(every) {
			read(t, source, store)
		}
		merged := metrics.Merge(store.Events())
		last[string(merged.Payload)] = true
	}
	if len(last) != 1 {
		t.Errorf("it comes to %d different verdicts: %v", len(last), last)
	}
}

func TestTheNextDeploymentEndsTheWatch(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		next          prometheus.Deployment // ends so long after the first
		after         float64
		result, words string
	}{
		"soon, and all was well":         {deployed("2", 12*time.Minute), 0.004, "inconclusive", "after 10m of 30m"},
		"late, and all was well":         {deployed("2", 22*time.Minute), 0.004, "healthy", "after 20m of 30m"},
		"soon, and all was badly":        {deployed("2", 17*time.Minute), 0.05, "unhealthy", "after 15m of 30m"},
		"at once":                        {deployed("2", time.Minute), 0.05, "inconclusive", "after 0s of 30m"},
		"one that failed":                {failed(deployed("2", 12*time.Minute)), 0.004, "inconclusive", "after 10m of 30m"},
		"to another place":               {elsewhere(deployed("2", 12*time.Minute)), 0.004, "healthy", ""},
		"when the watch was over anyway": {deployed("2", 40*time.Minute), 0.004, "healthy", ""},
	} {
		list := []prometheus.Deployment{c.next, deployed("1", 0)}
		source := watching(t, serve(t, steady(0.004, c.after).host()), clockAt(noon.Add(2*time.Hour)), &list)
		v := verdict(t, read(t, source, &sourcetest.Memory{})[0])
		if v.Deployment != "ci/1" || v.Result != c.result || c.words == "" && v.Signals["watch"] != "" || !strings.Contains(v.Signals["watch"], c.words) {
			t.Errorf("%s: %s on %s, %v; want %s", sentence, v.Result, v.Deployment, v.Signals, c.result)
		}
	}
}

func failed(d prometheus.Deployment) prometheus.Deployment { d.Succeeded = false; return d }

func elsewhere(d prometheus.Deployment) prometheus.Deployment {
	d.Environment, d.Kind = "staging", metrics.Staging
	return d
}

func TestOnlySuccessfulDeploymentsToTheKindsAskedForAreWatched(t *testing.T) {
	t.Parallel()
	list := []prometheus.Deployment{failed(deployed("1", 0)), elsewhere(deployed("2", 0))}
	clock, server := clockAt(noon.Add(2*time.Hour)), serve(t, steady(0.004, 0.004).host())
	if got := read(t, watching(t, server, clock, &list), &sourcetest.Memory{}); len(got) != 0 {
		t.Errorf("%d verdicts", len(got))
	}
	staging := func(o *prometheus.Options) { o.Environments = []metrics.EnvironmentKind{metrics.Staging} }
	got := read(t, watching(t, server, clock, &list, staging), &sourcetest.Memory{})
	if len(got) != 1 || verdict(t, got[0]).Deployment != "ci/2" {
		t.Errorf("with staging: %v", got)
	}
}

func TestOnlyTheServicesAskedForAreWatched(t *testing.T) {
	t.Parallel()
	list := []prometheus.Deployment{}
	for _, name := range []string{"shop", "acme/shop-api", "desk"} {
		d := deployed(name, 0)
		d.Service = name
		list = append(list, d)
	}
	server := serve(t, steady(0.004, 0.004).host())
	for pattern, want := range map[string]int{"shop": 1, "acme/*": 1, "*shop*": 2, "*desk": 1, "*": 3, "sho": 0} {
		only := func(o *prometheus.Options) { o.Services = []string{pattern} }
		if got := read(t, watching(t, server, clockAt(noon.Add(2*time.Hour)), &list, only), &sourcetest.Memory{}); len(got) != want {
			t.Errorf("%q: %d verdicts, want %d", pattern, len(got), want)
		}
	}
}

func TestWhatBecomesKnownLateIsJudgedAnew(t *testing.T) {
	t.Parallel()
	now := noon.Add(40 * time.Minute)
	list := []prometheus.Deployment{deployed("1", 0)}
	source := watching(t, serve(t, steady(0.004, 0.004).host()), func() time.Time { return now }, &list)
	store := &sourcetest.Memory{}
	if got := read(t, source, store); len(got) != 1 || verdict(t, got[0]).Result != "healthy" {
		t.Fatalf("at first: %v", got)
	}
	if got := read(t, source, store); len(got) != 0 {
		t.Fatalf("looked at again: %v", got)
	}
	now = now.Add(10 * time.Minute)
	list = append(list, deployed("2", 5*time.Minute)) // it ran long before we heard of it
	got := metrics.MergeAll(read(t, source, store))
	if len(got) != 2 || verdict(t, got[0]).Result != "inconclusive" {
		t.Fatalf("then: %v", got)
	}
	all := metrics.MergeAll(store.Events())
	if v := verdict(t, all[0]); v.Result != "inconclusive" || v.Signals["watch"] == "" {
		t.Errorf("in the end: %+v", v)
	}
}

func TestADeploymentIsForgottenAndNeverJudgedTwice(t *testing.T) {
	t.Parallel()
	now := noon.Add(time.Hour)
	list := []prometheus.Deployment{deployed("1", 0)}
	source := watching(t, serve(t, steady(0.004, 0.004).host()), func() time.Time { return now }, &list)
	store := &sourcetest.Memory{}
	for range 60 {
		read(t, source, store)
		now = now.Add(time.Hour)
	}
	if got := len(store.Events()); got != 1 {
		t.Errorf("%d verdicts on one deployment", got)
	}
	cursor, _ := store.Cursor(t.Context(), "watch")
	if strings.Contains(cursor, "ci/1") {
		t.Errorf("it is remembered for ever: %s", cursor)
	}
}

func TestARefusedQueryIsToldAndTheDeploymentJudgedOnceItIsMended(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	broken.Store(true)
	good := steady(0.004, 0.004).host()
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() && strings.Contains(r.FormValue("query"), "shop") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"1:3: parse error: unexpected end of input"}`)
			return
		}
		good.ServeHTTP(w, r)
	}))
	now := noon.Add(time.Hour)
	other := deployed("2", 0)
	other.Service = "desk"
	list := []prometheus.Deployment{deployed("1", 0), other}
	source, store := watching(t, server, func() time.Time { return now }, &list), &sourcetest.Memory{}
	err := collector.NewEngine().Run(t.Context(), source, store, nil)
	if err == nil || !strings.Contains(err.Error(), "signal errors") || !strings.Contains(err.Error(), "parse error") {
		t.Errorf("it says %v", err)
	}
	if len(store.Events()) != 1 || store.Events()[0].ID != "ci/2/watch" {
		t.Fatalf("the other service has to be judged all the same: %v", store.Events())
	}
	broken.Store(false)
	if got := read(t, source, store); len(got) != 1 || verdict(t, got[0]).Result != "healthy" {
		t.Errorf("once it is mended: %v", got)
	}
}

func TestAQueryThatStaysRefusedEndsWithoutAVerdictEitherWay(t *testing.T) {
	t.Parallel()
	twice := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"1"},"values":[[1772452800,"1"]]},{"metric":{"a":"2"},"values":[]}]}}`)
	})
	now := noon.Add(time.Hour)
	list := []prometheus.Deployment{deployed("1", 0)}
	source, store := watching(t, serve(t, twice), func() time.Time { return now }, &list), &sourcetest.Memory{}
	if err := collector.NewEngine().Run(t.Context(), source, store, nil); err == nil || !strings.Contains(err.Error(), "2 series") {
		t.Errorf("it says %v", err)
	}
	now = now.Add(13 * time.Hour)
	if got := read(t, source, store); len(got) != 1 || verdict(t, got[0]).Result != "inconclusive" || !strings.Contains(verdict(t, got[0]).Signals["errors"], "2 series") {
		t.Errorf("in the end: %v", got)
	}
}

func TestWhereTheDeploymentsCannotBeReadNothingIsJudged(t *testing.T) {
	t.Parallel()
	closed := errors.New("the database is closed")
	list := []prometheus.Deployment{}
	source := watching(t, "http://127.0.0.1:1", clockAt(noon), &list, func(o *prometheus.Options) {
		o.Recent = func(context.Context, time.Time) ([]prometheus.Deployment, error) { return nil, closed }
	})
	if _, err := source.Pull(t.Context(), ""); !errors.Is(err, closed) {
		t.Errorf("it says %v", err)
	}
}

func TestTheFirstReadingGoesADayBackOrAsFarAsAsked(t *testing.T) {
	t.Parallel()
	list := []prometheus.Deployment{deployed("old", -100*time.Hour), deployed("1", 0)}
	server, clock := serve(t, steady(0.004, 0.004).host()), clockAt(noon.Add(2*time.Hour))
	if got := read(t, watching(t, server, clock, &list), &sourcetest.Memory{}); len(got) != 1 || got[0].Live {
		t.Errorf("a day back: %v", got)
	}
	longer := func(o *prometheus.Options) { o.Since = noon.Add(-200 * time.Hour) }
	if got := read(t, watching(t, server, clock, &list, longer), &sourcetest.Memory{}); len(got) != 2 {
		t.Errorf("as far as asked: %v", got)
	}
}

func TestWhatCannotBeWatchedIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*prometheus.Options){
		"no signal":               signals(),
		"a minimum, for which":    signals(prometheus.Signal{Name: "a", Query: "a", Minimum: number(1), Floor: number(1)}),
		"its ratio is below 1":    signals(prometheus.Signal{Name: "a", Query: "a", Ratio: 0.5}),
		"used for the watch":      signals(prometheus.Signal{Name: "watch", Query: "a"}),
		"outside of quotes":       signals(prometheus.Signal{Name: "a", Query: "a{b=$service}"}),
		"fewer than three points": func(o *prometheus.Options) { o.Watch = 5 * time.Minute },
	} {
		o := prometheus.Options{Name: "watch", Signals: []prometheus.Signal{errorShare()}}
		change(&o)
		if _, err := prometheus.New(o); err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "watch: ") {
			t.Errorf("%q: it says %v", says, err)
		}
	}
}
