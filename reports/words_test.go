package reports

import (
	"testing"
	"time"

	"shiphabit/metrics"
)

const minute = 60.0

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

func TestASharesDigitsAreTwoThatMatterAndNeverSayNothingOrAllOfAPart(t *testing.T) {
	t.Parallel()
	for want, share := range map[string]float64{"0%": 0, "0.042%": 0.00042, "0.97%": 0.0097, "1.0%": 0.00996, "3.0%": 0.03, "3.4%": 0.034, "10%": 0.0996, "12%": 0.123, "99.7%": 0.997,
		"99.96%": 0.9996, "100%": 1, "−4.0%": -0.04} {
		if got := Percent(share); got != want {
			t.Errorf("Percent(%v) = %q, want %q", share, got, want)
		}
	}
}

func TestReadersAreToldACoverageInWholePercentsAndProgramsItsDecimals(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64][2]string{0.95: {"95%", "95"}, 0.9375: {"about 94%", "93.75"}, 0.96142: {"about 96%", "96.14"}, 0.9501: {"about 95%", "95.01"}, 0.9961: {"about 99%", "99.61"}} {
		c := Coverage(share)
		encoded, err := c.MarshalJSON()
		if err != nil || c.String() != want[0] || string(encoded) != `{"value":`+want[1]+`,"unit":"%","text":"`+want[0]+`"}` {
			t.Errorf("%v is told as %s and written as %s (%v)", share, c, encoded, err)
		}
	}
}

func TestAnIntervalWhoseEndsAreReadAsOneIsNoSpanFromItToIt(t *testing.T) {
	t.Parallel()
	low, high := 4.96*day, 5.04*day
	in := &metrics.Interval{Low: low, High: high, Coverage: 0.9614}
	word := metrics.InOneUnit(&low, &high)
	m := Measure{}.bounded(5*day, in, word)
	c := Change{Low: m.Low, High: m.High, Coverage: m.Coverage}
	for got, want := range map[string]string{
		between(in, word): "5 d at both ends (about 96%)", m.Range(): "5 d at both ends (about 96%)", c.Range(): "5 d at both ends, about 96%",
		bounds(&metrics.Bounds{Low: &low, High: &high}, word): "5 d at both ends (95%)", bounds(&metrics.Bounds{Low: &low}, word): "5 d to not reached (95%)",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAFigureStandsInOneUnitThroughoutADocumentAndOnAPage(t *testing.T) {
	t.Parallel()
	b := plainBasis(t)
	b.Card.LeadTime.Median, b.Card.LeadTime.TypicalRollout, b.Card.LeadTime.Interval = new(26*hour), new(22*hour), &metrics.Interval{Low: 20 * hour, High: 31 * hour, Coverage: 0.95}
	month := metrics.Point{Scorecard: metrics.Scorecard{LeadTime: metrics.Duration{State: metrics.OK, N: 50, Rollouts: 9, Median: new(26 * hour), P90: new(52 * hour)}, Recovery: metrics.Survival{State: metrics.OK, N: 9, Median: new(90 * minute)}}}
	month.Window = b.Period.Window
	b.Trend = []metrics.Point{month}
	b.Moves = []metrics.Move{{Figure: metrics.FigureLeadTime, Before: new(50 * hour), After: new(26 * hour), Direction: "down"}}
	page, _ := FigureOf(metrics.FigureLeadTime, b.Card, nil)
	chart := HowLong(b.Card, b.Trend, "month").Table.Rows[0]
	for where, got := range map[string]string{
		"the figures of a document": b.measure(metrics.FigureLeadTime).Shown(), "its months": b.trend().Rows[0][2].Text, "its moves": b.movesSection().Grids[0].Rows[0][2].Text,
		"a page": page.Value, "the table of a chart": chart[3].Text,
	} {
		if got != "26 h" {
			t.Errorf("%s say %s of the median of 26 h", where, got)
		}
	}
	if got := b.trend().Rows[0][5].Text; got != "90 min" {
		t.Errorf("months say %s of the recovery, which stands in minutes", got)
	}
	if got := moveSays(b.Moves[0], b.Card); got != "fell from 50 h to 26 h" || chart[4].Text != "52 h" {
		t.Errorf("the move is said as %s, the 90th percentile as %s", got, chart[4].Text)
	}
}
