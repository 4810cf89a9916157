package reports

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// everyFormat writes a document in all its formats, HTML without its tags.
func everyFormat(t *testing.T, d Document) map[string]string {
	t.Helper()
	return map[string]string{"HTML": inTags.ReplaceAllString(asHTML(t, site(t), d), " "), "Markdown": asMarkdown(t, d), "JSON": asJSON(t, d), "CSV": asCSV(t, d)}
}

func sayAll(t *testing.T, d Document, phrases ...string) {
	t.Helper()
	for format, text := range everyFormat(t, d) {
		for _, phrase := range phrases {
			if !strings.Contains(text, phrase) {
				t.Errorf("%s does not say %q", format, phrase)
			}
		}
	}
}

// plainBasis is a past quarter whose figures the tests set by hand.
func plainBasis(t *testing.T) Basis {
	t.Helper()
	card := metrics.Scorecard{
		Frequency: metrics.Frequency{State: metrics.OK, Rollouts: 1744, PerDay: new(19.0), PerWeek: new(133.0)},
		LeadTime:  metrics.Duration{State: metrics.OK, N: 4050, Rollouts: 1700, Median: new(81085.0), TypicalRollout: new(71567.0), Interval: &metrics.Interval{Low: 69263, High: 87403, Coverage: 0.9506}},
		FailRate:  metrics.Share{State: metrics.OK, Count: 70, Of: 1744, Value: new(0.04), Interval: &metrics.Interval{Low: 0.032, High: 0.05, Coverage: 0.95}},
		Recovery:  metrics.Survival{State: metrics.OK, N: 70, Median: new(3420.0), Interval: &metrics.Bounds{Low: new(2640.0), High: new(4680.0)}},
		Kinds:     map[metrics.Kind]int{metrics.Rollback: 44, metrics.Planned: 1700},
	}
	b := Basis{Place: "example.org", Period: lastQuarter(t), AsOf: now, Zone: time.UTC, First: now.AddDate(-1, 0, 0), Card: card}
	b.Levels = stage{t: t}.levels(card, "dora-2024")
	return b
}

func TestALevelSaysItsDoubtInEveryFormat(t *testing.T) {
	t.Parallel()
	d := ServiceReport(AboutService{Basis: plainBasis(t)})
	sayAll(t, d, "elite, may be high or medium", "elite, may be high", "44", "57", "78")
	if text := asJSON(t, d); !strings.Contains(text, `"level": "elite",`) || !strings.Contains(text, `"level_says": "elite, may be high or medium"`) {
		t.Errorf("JSON lost the level of the value, or does not say its doubt:\n%s", text)
	}
	for _, f := range d.Encoded().Sections[0].Figures {
		if f.Figure == metrics.FigureRecovery && (f.Level != "elite" || strings.Join(f.LevelMayBe, " ") != "high medium" || f.LevelSays != "elite, may be high or medium") {
			t.Errorf("JSON has %q, %v, %q", f.Level, f.LevelMayBe, f.LevelSays)
		}
	}
}

func TestAFigureOfAPageSaysTheDoubtOfItsLevelAndOneUnit(t *testing.T) {
	t.Parallel()
	b := plainBasis(t)
	f, _ := FigureOf(metrics.FigureRecovery, b.Card, b.Levels)
	if f.Level != "elite, may be high or medium (dora-2024)" || f.Value != "57 min" || f.Interval != "44 min to 78 min (95%)" {
		t.Errorf("recovery is %q, %q, %q", f.Value, f.Interval, f.Level)
	}
	f, _ = FigureOf(metrics.FigureLeadTime, b.Card, b.Levels)
	if f.Level != "elite, may be high (dora-2024)" || f.Value != "23 h" || f.Interval != "typical deployment 20 h, 19 h to 24 h (about 95%)" {
		t.Errorf("lead time is %q, %q, %q", f.Value, f.Interval, f.Level)
	}
}

func TestAChangeNamesItsStatisticAndTheIntervalOfTheDifferenceInEveryFormat(t *testing.T) {
	t.Parallel()
	b := plainBasis(t)
	b.Moves = []metrics.Move{
		{Figure: metrics.FigureLeadTime, Before: new(90000.0), After: new(72000.0), BeforeN: 1831, AfterN: 1700, Difference: new(-18000.0), Interval: &metrics.Interval{Low: -25200, High: -9000, Coverage: 0.9501}, Direction: "down", Says: "fell"},
		{Figure: metrics.FigureFailRate, Before: new(0.049), After: new(0.04), BeforeN: 1892, AfterN: 1744, Difference: new(-0.009), Interval: &metrics.Interval{Low: -0.0231, High: 0.0044, Coverage: 0.95}, Says: metrics.NoClearChange},
		{Figure: metrics.FigureFrequency, Before: new(145.0), After: new(138.0), BeforeN: 12, AfterN: 12, Difference: new(-7.0), Interval: &metrics.Interval{Low: -14, High: 3, Coverage: 0.9547}, Says: metrics.NoClearChange},
	}
	d := ServiceReport(AboutService{Basis: b})
	sayAll(t, d, "fell from 25 h to 20 h", "about 95%", "0.44", "points", "2.3")
	for format, text := range everyFormat(t, d) {
		if format == "JSON" {
			continue // there they are numbers
		}
		for _, want := range []string{"typical deployment fell from 25 h to 20 h (difference −7 h to −2.5 h, about 95%)", "no clear change (difference −2.3 points to 0.44 points, 95%)",
			"typical week: no clear change (difference −14 a week to 3 a week, about 95%)"} {
			if format == "Markdown" {
				want = strings.ReplaceAll(want, "_", `\_`)
			}
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", format, want)
			}
		}
	}
	if text := asCSV(t, d); !strings.Contains(text, "figures,\"Change lead time, median · difference, typical deployment\",2025-10-01T00:00:00Z,2026-01-01T00:00:00Z,-5,h,-7,-2.5,95.01,,") {
		t.Errorf("CSV has no line of numbers for the difference:\n%s", text)
	}
	if f := d.Encoded().Sections[0].Figures[2]; f.MoveOf != "typical deployment" || f.Difference == nil || f.Difference.Low.Digits() != "-7" || f.Difference.High.Digits() != "-2.5" || !f.Claimed {
		t.Errorf("JSON has %+v", f)
	}
}

func TestAPeriodUnderWayIsToldAsFarAsItHasCome(t *testing.T) {
	t.Parallel()
	b := plainBasis(t)
	if line := b.figureSentences()[0]; strings.Contains(line, "so far") {
		t.Errorf("a period that is over: %s", line)
	}
	b.AsOf = time.Date(2025, 11, 26, 9, 0, 0, 0, time.UTC)
	if line := b.figureSentences()[0]; !strings.HasPrefix(line, "From 1 Oct to 31 Dec 2025, so far, 57 of 92 days, there were 1\u202f744 deployments") {
		t.Errorf("got %s", line)
	}
	b.Card.Frequency.Rollouts = 0
	if line := b.figureSentences()[0]; !strings.Contains(line, "31 Dec 2025, so far, 57 of 92 days") {
		t.Errorf("got %s", line)
	}
}

func TestTheDaysOfAPeriodAreThoseOfItsZone(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePeriod("2026-Q4", berlin) // its October has a day of 25 hours
	if err != nil {
		t.Fatal(err)
	}
	for sentence, c := range map[string]struct {
		at    time.Time
		begun int
	}{
		"its first instant":            {p.Window.From, 1},
		"the second before":            {p.Window.From.Add(-time.Second), 0},
		"after the clock changed":      {time.Date(2026, 10, 31, 23, 30, 0, 0, berlin), 31},
		"a new day there, not in UTC":  {time.Date(2026, 10, 31, 23, 30, 0, 0, time.UTC), 32},
		"its last second":              {p.Window.To.Add(-time.Second), 92},
		"long after no more than each": {p.Window.To.AddDate(1, 0, 0), 92},
	} {
		if begun, all := p.Days(c.at); begun != c.begun || all != 92 {
			t.Errorf("%s: %d of %d, want %d of 92", sentence, begun, all, c.begun)
		}
	}
}

func TestWhatCannotBeToldOfSeveralFiguresIsToldOnce(t *testing.T) {
	t.Parallel()
	b := plainBasis(t)
	for sentence, c := range map[string]struct {
		moves []metrics.Move
		want  string
		once  int // how often "cannot be told" is said
	}{
		"no earlier records": {nil, "Whether these changed against the quarter before cannot be told: the typical week, the lead time of the typical deployment, the fail rate and recovery time (nothing earlier to compare with).", 1},
		"two reasons": {[]metrics.Move{{Figure: metrics.FigureFrequency, Says: metrics.NoClearChange}, {Figure: metrics.FigureLeadTime, Says: "not enough data"}, {Figure: metrics.FigureFailRate, Says: "not enough data"}, {Figure: metrics.FigureRecovery, Says: "not compared: some are still open"}},
			"Whether these changed against the quarter before cannot be told: the lead time of the typical deployment and the fail rate (not enough data); recovery time (some are still open).", 1},
		"a single one stays with its figure": {[]metrics.Move{{Figure: metrics.FigureFrequency, Says: metrics.NoClearChange}, {Figure: metrics.FigureLeadTime, Says: metrics.NoClearChange}, {Figure: metrics.FigureFailRate, Says: metrics.NoClearChange}, {Figure: metrics.FigureRecovery, Says: "not compared: some are still open"}},
			"within 57 min; whether that changed cannot be told (some are still open).", 1},
		"nothing moved": {[]metrics.Move{{Figure: metrics.FigureFrequency, Says: metrics.NoClearChange}, {Figure: metrics.FigureLeadTime, Says: metrics.NoClearChange}, {Figure: metrics.FigureFailRate, Says: metrics.NoClearChange}, {Figure: metrics.FigureRecovery, Says: metrics.NoClearChange}},
			"None of these figures shows a clear change against the quarter before.", 0},
	} {
		b.Moves = c.moves
		said := strings.Join(b.figureSentences(), "\n")
		if !strings.Contains(said, c.want) || strings.Count(said, "cannot be told") != c.once {
			t.Errorf("%s:\n%s", sentence, said)
		}
	}
	b.Moves, b.Card.Recovery = nil, metrics.Survival{State: metrics.NoData}
	if said := strings.Join(b.figureSentences(), "\n"); strings.Contains(said, "recovery time") {
		t.Errorf("of a figure without a value nothing is said to have changed:\n%s", said)
	}
}

func TestTheReportSaysWhatDeploymentsWithoutALeadTimeLack(t *testing.T) {
	t.Parallel()
	for want, k := range map[string]metrics.Scorecard{
		"Lead time rests on 5 of 5 deployments.": {LeadTime: metrics.Duration{Rollouts: 5}},
		"Lead time rests on 3 of 5 deployments; of the others 2 put an earlier revision back and brought no change.": {LeadTime: metrics.Duration{Rollouts: 3}, Kinds: map[metrics.Kind]int{metrics.Rollback: 2}},
		"Lead time rests on 1 of 5 deployments; of the others 2 put an earlier revision back and brought no change, 1 put back what a rollback had removed and 1 did not succeed, or brought no change whose time is known.": {
			LeadTime: metrics.Duration{Rollouts: 1}, Kinds: map[metrics.Kind]int{metrics.Rollback: 2, metrics.Reapply: 1}},
		"Lead time rests on 0 of 5 deployments; of the others 3 brought changes that are not known and 2 put an earlier revision back, did not succeed, or brought no change whose time is known.": {
			Baselines: 3, Kinds: map[metrics.Kind]int{metrics.Rollback: 4}},
	} {
		k.Frequency.Rollouts = 5
		if got := leadTimeRests(k); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestASourceThatNeverBroughtAnythingIsNoTroubleOfAPastPeriod(t *testing.T) {
	t.Parallel()
	b := plainBasis(t)
	broken := doctor.Source{Name: "tickets", Read: true, Error: "refused", ErrorAt: now.AddDate(0, 0, -3)}
	b.Diagnosis = doctor.Diagnose(doctor.Records{Sources: []doctor.Source{broken}}, doctor.Question{Now: now})
	says := func() string { return asMarkdown(t, LeadershipReport(AboutOrganisation{Basis: b})) }
	if text := says(); strings.Contains(text, "source cannot be read") || !strings.Contains(text, "Nothing has ever been read of tickets: no figure here rests on that.") {
		t.Errorf("the report of a past quarter says:\n%s", text)
	}
	b.AsOf = b.Period.Window.To.Add(-time.Hour)
	if text := says(); !strings.Contains(strings.ToLower(text), "a source cannot be read") || strings.Contains(text, "Nothing has ever been read") {
		t.Errorf("the report of the quarter under way says:\n%s", text)
	}
}

func TestAServiceWithADeclaredCadenceIsNotComparableEverywhere(t *testing.T) {
	t.Parallel()
	row := func(name string, i metrics.Index) ServiceRow {
		return ServiceRow{Service: metrics.Service{Name: name, Team: "t"}, Index: i}
	}
	rows := []ServiceRow{row("a", metrics.Index{NotComparable: "the app store", Low: 1, High: 40, N: 3}), row("b", metrics.Index{NotComparable: "the app store", Value: new(80), Band: "habit", N: 30}), row("c", metrics.Index{Low: 0, High: 100})}
	o := Overview{Rows: rows}
	if got := o.Headline(); got != "3 services: 1 not sure yet, 2 not comparable" {
		t.Errorf("the overview says %q", got)
	}
	if bars := o.BandBars(); bars[len(bars)-1].Band != notComparable || bars[len(bars)-1].N != 2 {
		t.Errorf("its bars are %+v", bars)
	}
	if bars := (Overview{Rows: rows[2:]}).BandBars(); bars[len(bars)-1].Band != unsure {
		t.Errorf("a bar for services that there are not: %+v", bars)
	}
	if got := (AboutOrganisation{Services: rows}).bandsSay(); !strings.Contains(got, "too rare to judge in 1 and not comparable in 2") {
		t.Errorf("the report says %q", got)
	}
	if got := bandTable(rows).Rows; len(got) != 2 || got[1][0].Text != notComparable || got[1][1].Text != "2" || got[1][2].Text != "1" {
		t.Errorf("its table has %+v", got)
	}
	for _, r := range rows[:2] {
		if !(Services{Band: notComparable}).Takes(r) || (Services{Band: unsure}).Takes(r) || (Services{Band: "habit"}).Takes(r) {
			t.Errorf("the list of services does not find %s as not comparable alone", r.Service.Name)
		}
		report := asMarkdown(t, ServiceReport(AboutService{Basis: plainBasis(t), Row: r}))
		if !strings.Contains(report, "Not comparable: it follows the app store.") || strings.Contains(report, "the index is 80") || strings.Contains(report, "lies between 1 and 40") {
			t.Errorf("the report on %s says:\n%s", r.Service.Name, report)
		}
		if got := r.View(); got.Headline != "Not comparable: it follows the app store" || got.Band != "" {
			t.Errorf("its page says %q and marks %q", got.Headline, got.Band)
		}
	}
}
