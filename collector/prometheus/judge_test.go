package prometheus_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/collector/prometheus"
	"shiphabit/collector/sourcetest"
)

func TestSignalsAfterADeploymentAreComparedWithThoseBefore(t *testing.T) {
	t.Parallel()
	none := math.NaN()
	errs := func(floor *float64, ratio float64) prometheus.Signal {
		return prometheus.Signal{Name: "errors", Query: "errors", Floor: floor, Ratio: ratio}
	}
	available := prometheus.Signal{Name: "errors", Query: "answered", Minimum: number(0.99)}
	for sentence, c := range map[string]struct {
		signal        prometheus.Signal
		before, after float64
		result, words string
	}{
		"more than twice as many errors":                       {errs(number(0.01), 0), 0.004, 0.031, "unhealthy", "0.031 after, 0.004 before, limit 2×, floor 0.01, beyond it for 5m"},
		"twice as many and no more":                            {errs(nil, 0), 0.1, 0.2, "healthy", "0.2 after, 0.1 before, limit 2×"},
		"ten times as many, and still few":                     {errs(number(0.01), 0), 0.0005, 0.005, "healthy", "0.005 after, 0.0005 before, limit 2×, floor 0.01"},
		"three times as many where three are allowed":          {errs(nil, 3), 0.1, 0.3, "healthy", "limit 3×"},
		"none before, a few after, with a floor":               {errs(number(0.01), 0), 0, 0.005, "healthy", "0.005 after, 0 before"},
		"none before, many after, with a floor":                {errs(number(0.01), 0), 0, 0.05, "unhealthy", "0.05 after, 0 before"},
		"none before, some after, without a floor":             {errs(nil, 0), 0, 0.05, "inconclusive", "give the signal a floor"},
		"none before and none after":                           {errs(nil, 0), 0, 0, "healthy", "0 after, 0 before"},
		"no data before, many after, with a floor":             {errs(number(0.01), 0), none, 0.05, "unhealthy", "0.05 after, no data before"},
		"no data before, a few after, with a floor":            {errs(number(0.01), 0), none, 0.005, "healthy", "0.005 after, no data before"},
		"no data before, without a floor":                      {errs(nil, 0), none, 0.005, "inconclusive", "give the signal a floor"},
		"no data after":                                        {errs(number(0.01), 0), 0.004, none, "inconclusive", "no data after, 0.004 before"},
		"no data at all":                                       {errs(number(0.01), 0), none, none, "inconclusive", "no data after, no data before"},
		"below its minimum":                                    {available, 0.999, 0.95, "unhealthy", "0.95 after, 0.999 before, at least 0.99"},
		"below its minimum, and nothing before":                {available, none, 0.95, "unhealthy", "0.95 after, no data before, at least 0.99"},
		"below its minimum as before":                          {available, 0.95, 0.94, "inconclusive", "it was below that before the deployment, too"},
		"above its minimum again":                              {available, 0.95, 0.995, "healthy", "0.995 after"},
		"infinite is no value: nothing was divided by nothing": {errs(number(0.01), 0), 0.004, math.Inf(1), "inconclusive", "no data after"},
	} {
		v := judged(t, steady(c.before, c.after), signals(c.signal))
		if v.Result != c.result || !strings.Contains(v.Signals["errors"], c.words) {
			t.Errorf("%s: %s, %q; want %s, %q", sentence, v.Result, v.Signals["errors"], c.result, c.words)
		}
		if v.Deployment != "ci/1" || v.ID != "ci/1/watch" {
			t.Errorf("%s: it is %s on %s", sentence, v.ID, v.Deployment)
		}
	}
}

func TestTheWorstSignalDecides(t *testing.T) {
	t.Parallel()
	signal := func(name string) prometheus.Signal {
		return prometheus.Signal{Name: name, Query: name, Floor: number(0.01)}
	}
	v := func(query string, at time.Time) float64 {
		switch {
		case query == "bad" && at.After(noon):
			return 1
		case query == "silent":
			return math.NaN()
		}
		return 0.001
	}
	for want, names := range map[string][]string{
		"healthy": {"good", "fine"}, "inconclusive": {"good", "silent"}, "unhealthy": {"good", "silent", "bad"},
	} {
		var all []prometheus.Signal
		for _, name := range names {
			all = append(all, signal(name))
		}
		got := judged(t, v, signals(all...))
		if got.Result != want || len(got.Signals) != len(names) {
			t.Errorf("%v: %s, %v; want %s", names, got.Result, got.Signals, want)
		}
	}
}

func TestADataGapOfMoreThanHalfOfTheWatchProvesNothing(t *testing.T) {
	t.Parallel()
	gap := func(share time.Duration) values {
		return func(_ string, at time.Time) float64 {
			if at.After(noon) && at.Before(noon.Add(share)) {
				return math.NaN()
			}
			return 0.001
		}
	}
	if v := judged(t, gap(10*time.Minute)); v.Result != "healthy" {
		t.Errorf("a short gap: %s, %v", v.Result, v.Signals)
	}
	if v := judged(t, gap(25*time.Minute)); v.Result != "inconclusive" || !strings.Contains(v.Signals["errors"], "of 26 points") {
		t.Errorf("a long gap: %s, %v", v.Result, v.Signals)
	}
}

func TestWhatPassesAgainWasUnhealthyAllTheSame(t *testing.T) {
	t.Parallel()
	burst := func(from, to time.Duration) values {
		return func(_ string, at time.Time) float64 {
			if !at.Before(noon.Add(from)) && at.Before(noon.Add(to)) {
				return 0.03
			}
			return 0.004
		}
	}
	v := judged(t, burst(6*time.Minute, 12*time.Minute))
	if v.Result != "unhealthy" || !v.At.Equal(noon.Add(11*time.Minute)) || !strings.Contains(v.Signals["errors"], "beyond it for 5m by 12:11 UTC") {
		t.Errorf("six minutes on end: %s at %v, %v", v.Result, v.At, v.Signals)
	}
	if v := judged(t, burst(6*time.Minute, 10*time.Minute)); v.Result != "healthy" || !v.At.Equal(noon.Add(30*time.Minute)) {
		t.Errorf("four minutes: %s at %v, %v", v.Result, v.At, v.Signals)
	}
}

func TestTheSpansAskedForLieOnTheirOwnSideOfTheDeployment(t *testing.T) {
	t.Parallel()
	var queries []string
	v := values(func(query string, at time.Time) float64 {
		window := time.Duration(0)
		if strings.Contains(query, "300000ms") {
			window = 5 * time.Minute
		}
		start := noon.Add(-2 * time.Minute)
		if at.After(start) && !at.Add(-window).After(noon) && at.Add(-window).Before(noon) {
			t.Errorf("%s is asked at %v, which looks back over the deployment", query, at)
		}
		if at.Add(-window).Before(start.Add(-time.Hour)) || at.After(noon.Add(30*time.Minute)) {
			t.Errorf("%s is asked at %v", query, at)
		}
		queries = append(queries, query)
		return 1
	})
	judged(t, v, signals(prometheus.Signal{Name: "counter", Query: `rate(x{s="$service",e=~"$environment"}[$window])`}, prometheus.Signal{Name: "gauge", Query: `max(y{s='$service'})`}))
	for _, want := range []string{`rate(x{s="shop",e=~"production"}[300000ms])`, `max(y{s='shop'})`} {
		if !strings.Contains(strings.Join(queries, "\n"), want) {
			t.Errorf("%s is not asked", want)
		}
	}
}

func TestAWarningOfPrometheusStandsInTheVerdict(t *testing.T) {
	t.Parallel()
	list := []prometheus.Deployment{deployed("1", 0)}
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"success","warnings":["one store did not answer"],"data":{"resultType":"matrix","result":[]}}`)
	}))
	events := read(t, watching(t, server, clockAt(noon.Add(time.Hour)), &list), &sourcetest.Memory{})
	if got := verdict(t, events[0]).Signals["errors"]; !strings.HasSuffix(got, "Prometheus warns: one store did not answer") {
		t.Errorf("it says %q", got)
	}
}
