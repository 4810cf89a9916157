package reports

import (
	"testing"
	"time"
)

func TestSpansAreWordedInTheUnitPeopleUse(t *testing.T) {
	t.Parallel()
	for want, seconds := range map[string]float64{"0 s": 0, "45 s": 45, "12 min": 720, "3.4 h": 3.4 * hour, "2.1 d": 2.1 * day, "68 d": 68 * day, "52 wk": 364 * day, "−2 h": -2 * hour} {
		if got := Span(seconds); got != want {
			t.Errorf("Span(%v) = %q, want %q", seconds, got, want)
		}
	}
}

func TestAViewIsReadFromItsAddressAndWrittenBack(t *testing.T) {
	t.Parallel()
	h := Horizon{Now: now, Zone: time.UTC, First: now.AddDate(-3, 0, 0)}
	editions := []string{"old", "new"}
	for name, c := range map[string]struct {
		query    map[string][]string
		link     string
		from, to string
		fault    bool
	}{
		"an empty address is 90 days and the newest edition": {nil, "/", "2025-12-21", "2026-03-20", false},
		"a year": {map[string][]string{"window": {"1y"}}, "/?window=1y", "2025-03-21", "2026-03-20", false},
		"two days given alone are a custom window":            {map[string][]string{"from": {"2026-01-01"}, "to": {"2026-01-31"}}, "/?from=2026-01-01&to=2026-01-31&window=custom", "2026-01-01", "2026-01-31", false},
		"all time begins with the first record":               {map[string][]string{"window": {"all"}}, "/?window=all", "2023-03-20", "2026-03-20", false},
		"another edition stays in the address":                {map[string][]string{"edition": {"old"}}, "/?edition=old", "2025-12-21", "2026-03-20", false},
		"a window that is none is told and 90 days are shown": {map[string][]string{"window": {"x"}}, "/", "2025-12-21", "2026-03-20", true},
		"days in the wrong order are told":                    {map[string][]string{"from": {"2026-02-01"}, "to": {"2026-01-01"}}, "/", "2025-12-21", "2026-03-20", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := ParseView(c.query, h, editions)
			f := Frame{View: v}
			if got := v.Link("/", editions); got != c.link {
				t.Errorf("link %s, want %s", got, c.link)
			}
			if from := v.Window.From.Format(time.DateOnly); from != c.from || f.LastDay() != c.to {
				t.Errorf("window %s to %s, want %s to %s", from, f.LastDay(), c.from, c.to)
			}
			if (v.Fault != "") != c.fault {
				t.Errorf("fault %q", v.Fault)
			}
		})
	}
}

func TestASnippetQuotesWhateverAServiceIsCalled(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"api": "api", "a b": "'a b'", "it's": `'it'\''s'`, "$(rm)": "'$(rm)'", "-x": "'-x'", "": "''"} {
		if got := quoted(in); got != want {
			t.Errorf("quoted(%q) = %s, want %s", in, got, want)
		}
	}
}
