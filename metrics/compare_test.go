package metrics

import (
	"math"
	"testing"
	"time"
)

func TestTheStepsOfAComparisonLeadFromTheFirstValueToTheLast(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		fs, q := conventional(seed, 3, 120, 95), quarter(time.UTC)
		c := CompareDefinitions(fs, q, Presets())
		for _, f := range c.Figures {
			for i, w := range f.Walks {
				checkWalk(t, f, w, f.Values[0], f.Values[i+1])
			}
		}
	}
}

func checkWalk(t *testing.T, f ComparedFigure, w Walk, from, to ComparedValue) {
	t.Helper()
	at, n, sum, known := from.Value, from.N, 0.0, true
	for _, s := range w.Steps {
		if !same(s.Before, at) || s.BeforeN != n {
			t.Errorf("%s from %s to %s: the step %q begins at %v, not where the last one ended", f.Figure, w.From, w.To, s.Rule, s.Says)
		}
		at, n = s.After, s.AfterN
		if s.Difference == nil {
			known = false
			continue
		}
		sum += *s.Difference
	}
	if !same(at, to.Value) || n != to.N {
		t.Errorf("%s: the way to %s ends elsewhere", f.Figure, w.To)
	}
	if known && w.Difference != nil && math.Abs(sum-*w.Difference) > 1e-6 {
		t.Errorf("%s to %s: the steps add up to %v, the difference is %v", f.Figure, w.To, sum, *w.Difference)
	}
}

func TestAComparisonNamesTheRuleThatMakesTheDifference(t *testing.T) {
	t.Parallel()
	one := rollout("1", at(3, 10), 2)
	one.Attempts = []Attempt{
		{ID: "ci/1", FinishedAt: at(3, 9), Status: Failed},
		{ID: "ci/2", FinishedAt: at(3, 10), Status: Succeeded},
		{ID: "ci/3", FinishedAt: at(3, 11), Status: Succeeded},
	}
	own := DORA()
	own.Name, own.Floor = "ours", 1
	theirs := own
	theirs.Name, theirs.Deployments = "theirs", countSuccesses
	c := CompareDefinitions([]Facts{{Service: "api", Rollouts: []Rollout{one}}}, march(), []Definition{own, theirs})
	w := c.Figures[0].Walks[0]
	if len(w.Steps) != 1 || w.Steps[0].Rule != "deployments" || w.Steps[0].BeforeN != 1 || w.Steps[0].AfterN != 2 || w.Steps[0].Says != "0.3 a week → 0.5 a week" || w.Steps[0].ChangesBy != "+0.3" {
		t.Errorf("the steps are %+v", w.Steps)
	}
	if lead := c.Figures[1].Walks[0]; len(lead.Steps) != 0 {
		t.Errorf("lead time has steps although its rules are the same: %+v", lead.Steps)
	}
}
