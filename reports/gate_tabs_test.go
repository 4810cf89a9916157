package reports

import (
	"strings"
	"testing"
)

func TestPagesBelowAViewOfTheGateMarkItAsTheWayBack(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/gate":                  "Now and scoreboard page",
		"/gate/decisions":        "Decisions page",
		"/gate/decisions/gd_1":   "Decisions true",
		"/gate/backtest":         "Backtest page",
		"/services/refunds/gate": "Now and scoreboard true",
		"/about/design":          "",
	} {
		var marked []string
		for _, tab := range gateTabs(path) {
			if tab.Current != "" {
				marked = append(marked, tab.Word+" "+tab.Current)
			}
		}
		if got := strings.Join(marked, ", "); got != want {
			t.Errorf("%s marks %q, not %q", path, got, want)
		}
	}
}

func TestADecisionNamesItsOverrideOnce(t *testing.T) {
	t.Parallel()
	for summary, want := range map[string]bool{"Goes on by override ov_1 (deadline): the shop opens.": false, "Goes on with a warning.": true} {
		var d Decision
		d.Logged.Override, d.Logged.Summary = "ov_1", summary
		if d.OverrideUnsaid() != want {
			t.Errorf("%q: it is said apart: %t", summary, !want)
		}
	}
	if (Decision{}).OverrideUnsaid() {
		t.Error("an override is told where there was none")
	}
}
