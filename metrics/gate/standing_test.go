package gate

import "testing"

func TestAHoldThatOnlyWaitsForWhatAPipelineStatesStandsAtEvidence(t *testing.T) {
	t.Parallel()
	unknown := func(criteria ...string) []Reason {
		list := []Reason{{Criterion: "failure-meter", Result: Pass}}
		for _, c := range criteria {
			list = append(list, Reason{Criterion: c, Result: Unknown})
		}
		return list
	}
	for sentence, c := range map[string]struct {
		d    Decision
		want Result
	}{
		"tests and coverage are not stated":            {Decision{Verdict: Hold, Reasons: unknown("test-evidence", "changed-line-coverage")}, NeedsEvidence},
		"each of the others that a request brings":     {Decision{Verdict: Hold, Reasons: unknown("batch-size", "monitoring-live", "error-budget")}, NeedsEvidence},
		"records are stale besides":                    {Decision{Verdict: Hold, Reasons: unknown("test-evidence", "data-freshness")}, Hold},
		"it waits for the end of a watch":              {Decision{Verdict: Hold, Reasons: unknown()}, Hold},
		"something stops it, whatever is not stated":   {Decision{Verdict: Block, Reasons: unknown("test-evidence")}, Block},
		"it only warns, since evidence may be missing": {Decision{Verdict: Warn, Reasons: unknown("test-evidence")}, Warn},
	} {
		if got := c.d.Standing(); got != c.want {
			t.Errorf("%s: stands at %s, not %s", sentence, got, c.want)
		}
	}
}

func TestEveryStandingHasAPlaceAndOnlyTwoStop(t *testing.T) {
	t.Parallel()
	stop := 0
	for _, r := range Standings() {
		if r.Stops() {
			stop++
		}
	}
	if len(Standings()) != 5 || stop != 2 || !Block.Stops() || !Hold.Stops() {
		t.Errorf("%d standings, of which %d stop", len(Standings()), stop)
	}
}
