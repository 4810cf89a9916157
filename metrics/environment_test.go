package metrics_test

import (
	"testing"

	"shiphabit/metrics"
)

// The gate takes names for the same that differ in the case of their letters alone, and not every such letter is its own lower case.
func TestARuleKnowsAnEnvironmentInEverySpellingThatMeansTheSame(t *testing.T) {
	t.Parallel()
	rules := metrics.Rules{Environments: []metrics.EnvironmentRule{{Pattern: "us-kiosk", Kind: metrics.Production}, {Pattern: "Σ-eu*", Kind: metrics.Staging}}}
	for _, name := range []string{"us-kiosk", "US-KIOSK", "uſ-\u212aiosk", "u\u017f-kio\u017fk"} {
		if kind := rules.KindOf(name); kind != metrics.Production {
			t.Errorf("%q is %s", name, kind)
		}
	}
	if kind := rules.KindOf("ς-EU1"); kind != metrics.Staging {
		t.Errorf("ς-EU1 is %s", kind)
	}
}
