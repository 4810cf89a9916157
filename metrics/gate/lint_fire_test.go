package gate

import (
	"slices"
	"strings"
	"testing"

	"shiphabit/metrics"
)

func TestLintRefusesCriteriaThatCanNeverFire(t *testing.T) {
	t.Parallel()
	for about, change := range map[string]func(*Criteria){
		"criteria.open-incidents: can never fire": func(c *Criteria) {
			c.OpenIncidents.Severity1, c.OpenIncidents.Severity2, c.OpenIncidents.Unstated = Pass, Pass, Pass
		},
		"criteria.changed-line-coverage: can never fire": func(c *Criteria) { c.Coverage.MinPPM, c.Coverage.Required = 0, false },
		"no signal is wanted": func(c *Criteria) {
			c.MonitoringLive.Errors, c.MonitoringLive.Latency, c.MonitoringLive.Business = false, false, 0
		},
		"it lasts no time":                  func(c *Criteria) { c.Drain.Seconds = 0 },
		"criteria.rollback-ready: can":      func(c *Criteria) { c.RollbackReady.OnUnknown = Allow },
		"criteria.data-fresh: can never":    func(c *Criteria) { c.DataFresh.OnUnknown = Allow },
		"criteria.previous-change: can":     func(c *Criteria) { c.PreviousChange.OnUnknown = Allow },
		"criteria.monitoring-live: can":     func(c *Criteria) { c.MonitoringLive.OnUnknown = Allow },
		"criteria.drain: can never":         func(c *Criteria) { c.Drain.OnUnknown = Allow },
		"the promise cannot be met; name a": func(c *Criteria) { c.FailureMeter.OneIn, c.FailureMeter.WrongStopYears = 100, Fraction{1, 10} },
	} {
		p := PolicyFor(metrics.Critical)
		change(&p.Criteria)
		l := Lint(p, 20)
		if len(l.Faults) != 1 || !strings.Contains(l.Faults[0], about) || !strings.Contains(l.Text(), "fault: criteria.") {
			t.Errorf("%q: faults %q", about, l.Faults)
		}
	}
}

func TestLintWarnsWhereACriterionThatOnlyWarnsIsOfNoUse(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Low)
	p.Criteria.FailureMeter.OneIn, p.Criteria.FailureMeter.WrongStopYears = 50, years(1)
	for _, volume := range []int{1, 2} {
		l := Lint(p, volume)
		if len(l.Faults) != 0 || !slices.ContainsFunc(l.Warnings, func(w string) bool { return strings.Contains(w, "the promise cannot be met") }) {
			t.Errorf("at %d a month: faults %q, warnings %q", volume, l.Faults, l.Warnings)
		}
	}
	l := Lint(PolicyFor(metrics.Standard), 2)
	if len(l.Faults) != 0 || !strings.Contains(strings.Join(l.Warnings, "\n"), "own-usual: at 2 deployments a month it can never fire: it wants 30") {
		t.Errorf("faults %q, warnings %q", l.Faults, l.Warnings)
	}
}

func TestTheBuiltInPoliciesHaveNoFaultAtAnyVolume(t *testing.T) {
	t.Parallel()
	for tier, p := range Policies() {
		for _, volume := range []int{1, 2, 3, 5, 20, 200} {
			if l := Lint(p, volume); len(l.Faults) != 0 {
				t.Errorf("%s at %d a month: %q", tier, volume, l.Faults)
			}
		}
	}
}

func TestADifferenceIsToldForEachServiceThoughTheirRolloutsShareAnID(t *testing.T) {
	t.Parallel()
	stops := func(services ...string) (b Backtest) {
		for _, s := range services {
			b.Verdicts = append(b.Verdicts, BacktestVerdict{Service: s, Rollout: "ci/1", Verdict: Block})
		}
		return b
	}
	got := Differences(stops("a"), stops("b"))
	if len(got) != 2 || got[0].Service != "a" || got[0].New != Allow || got[1].Service != "b" || got[1].Old != Allow {
		t.Errorf("%+v", got)
	}
}

func TestLintPrintsThePromiseOfEveryMeter(t *testing.T) {
	t.Parallel()
	promised := 0
	for _, line := range Lint(PolicyFor(metrics.Critical), 20).Lines {
		switch line.Criterion {
		case "failure-meter":
			if line.Meter == nil {
				t.Error("failure-meter says no promise")
			}
		case "own-usual", "restored-in-time":
			promised += len(line.Promises)
		default:
			if line.Meter != nil || len(line.Promises) > 0 {
				t.Errorf("%s states a fact and promises %q", line.Criterion, line.Promises)
			}
		}
	}
	if promised != 3 {
		t.Errorf("%d promises of two usual rates and of incidents", promised)
	}
}
