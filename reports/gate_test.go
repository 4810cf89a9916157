package reports

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// figureOf finds a figure of the scoreboard.
func figureOf(t *testing.T, b gate.Scoreboard, title string) BoardFigure {
	t.Helper()
	for _, f := range (Gate{Board: b}).Figures() {
		if f.Title == title {
			return f
		}
	}
	t.Fatalf("no figure %q", title)
	return BoardFigure{}
}

func TestAbsenceIsWhatNoServerNotedAndNotWhatNoServerDid(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	f := figureOf(t, gate.Scoreboard{Unreachable: gate.Absence{Since: &since, Minutes: 4}}, "Unreachable")
	if f.Value != "4 minutes" || !strings.HasPrefix(f.Says[0], "No server noted that it was there: times of more than two minutes") {
		t.Errorf("%+v", f)
	}
}

func TestAShareOfFewCasesIsSaidToSayLittle(t *testing.T) {
	t.Parallel()
	few := figureOf(t, gate.Scoreboard{Decisions: 9, Stops: gate.Stops{Spells: 4, Prevented: gate.Share{Count: 1, Of: 3, LowPPM: 8404, HighPPM: 905_701}, Undecided: 1}}, "Prevented failures")
	if words := strings.Join(few.Says, " "); few.Value != "1 of 3" || !strings.Contains(words, "between 0.84% and 91%") || !strings.Contains(words, "So few cases say little") || !strings.Contains(words, "Of 1 nothing is known") {
		t.Errorf("%+v", few)
	}
	many := figureOf(t, gate.Scoreboard{Stops: gate.Stops{Spells: 40, Prevented: gate.Share{Count: 30, Of: 40}}}, "Prevented failures")
	if strings.Contains(strings.Join(many.Says, " "), "few") {
		t.Errorf("forty cases are called few: %+v", many)
	}
	none := figureOf(t, gate.Scoreboard{Stops: gate.Stops{Spells: 2, Undecided: 2}}, "Prevented failures")
	if none.Value != "" || none.Why != "not known" {
		t.Errorf("of nothing known %+v is shown", none)
	}
}

func TestAPromiseThatIsBrokenIsSaidInWordsAndShape(t *testing.T) {
	t.Parallel()
	b := gate.Scoreboard{Promises: []gate.PromiseCheck{
		{Policy: "standard", Criterion: "failure-meter", Promised: gate.Fraction{Num: 2, Den: 1}, Services: 1, Years: gate.Fraction{Num: 30, Den: 365}, Spells: 3, Wrong: 2, Expected: gate.Fraction{Num: 15, Den: 365}, Broken: true},
		{Policy: "low", Criterion: "failure-meter", Promised: gate.Fraction{Num: 3, Den: 1}},
	}}
	f := figureOf(t, b, "Wrong stops against the promise")
	if f.Value != "2 of 3" || !strings.Contains(strings.Join(f.Says, " "), "■ 1 promise is broken") {
		t.Errorf("%+v", f)
	}
	row := func(i int) string {
		var words []string
		for _, c := range (Gate{Board: b}).PromiseTable().Rows[i] {
			words = append(words, c.Text)
		}
		return strings.Join(words, "|")
	}
	if got := row(0); got != "Failure meter|■ broken: it only warns|standard|once in 2 years|1|30 days|3|2|0.05" {
		t.Error(got)
	}
	if got := row(1); !strings.Contains(got, "○ not judged yet") {
		t.Error(got)
	}
}

// walk is a meter that goes up to its line and is opened again: a step an hour.
func walk() gate.MeterHistory {
	at := now.Add(-10 * time.Hour)
	h := gate.MeterHistory{State: gate.MeterState{Value: 7, Line: 16, Step: 5, Trials: 8}}
	for i, s := range []gate.MeterStep{
		{Why: gate.StepGood, Value: 0}, {Why: gate.StepFailed, Value: 5}, {Why: gate.StepLateFail, Value: 11}, {Why: gate.StepFailed, Value: 16, Blocked: true},
		{Why: gate.StepProbe, Value: 16, Blocked: true, Trial: "gd_1"}, {Why: gate.StepReopened, Value: 8}, {Why: gate.StepGood, Value: 7},
	} {
		s.At, s.Line = at.Add(time.Duration(i)*time.Hour), 16
		if s.Trial == "" {
			s.Trial = fmt.Sprintf("ci/%d", i)
		}
		h.Steps = append(h.Steps, s)
	}
	return h
}

func drawn(h gate.MeterHistory, w metrics.Window) Plot {
	return drawMeter(h, w, meterWords{id: "m", title: "The failure meter", one: "deployment", many: "deployments", bad: "failed", stops: "stops", stopped: "stopped", empty: "Nothing yet.", record: func(id string) Cell { return Records{}.stepped(id, "web") }})
}

func TestAMetersHistoryShowsItsStepsItsSpellsAndATableThatSaysTheSame(t *testing.T) {
	t.Parallel()
	w := metrics.Window{From: now.Add(-24 * time.Hour), To: now}
	p := drawn(walk(), w)
	if p.Title != "The failure meter stands at 7; it stops at 16, and did once in this window" || len(p.Bands) != 1 {
		t.Errorf("%s, %d spells", p.Title, len(p.Bands))
	}
	shapes := map[string]int{}
	for _, m := range p.Marks {
		shapes[m.Shape]++
	}
	for shape, n := range map[string]int{"diamond": 2, "hollow-diamond": 1, "triangle": 1, "square": 1, "dot": 2} {
		if shapes[shape] != n {
			t.Errorf("%d of the shape %s, want %d", shapes[shape], shape, n)
		}
	}
	if len(p.Table.Rows) != 7 || p.Table.Rows[0][3].Text != "7" || p.Table.Rows[2][1].Href != "/gate/decisions/gd_1" || !strings.Contains(p.Table.Rows[6][1].Href, "record?id=ci%2F0") {
		t.Errorf("%+v", p.Table.Rows)
	}
	for _, want := range []string{"2 good deployments", "3 failed ones", "it stands at 7 against a line of 16 and is open"} {
		if !strings.Contains(p.Label, want) {
			t.Errorf("the text in its place lacks %q: %s", want, p.Label)
		}
	}
	// A window that begins within the spell shades from its left edge, and knows where the meter stood.
	later := drawn(walk(), metrics.Window{From: now.Add(-6*time.Hour - time.Minute), To: now})
	if len(later.Bands) != 1 || later.Bands[0].X != "0.00%" || !strings.HasPrefix(later.Lines[2].Path, "M0.0 ") || strings.Contains(later.Lines[2].Path, "NaN") {
		t.Errorf("%+v, %s", later.Bands, later.Lines[2].Path)
	}
	if empty := drawn(gate.MeterHistory{State: gate.MeterState{Line: 16}}, w); empty.Empty != "Nothing yet." || len(empty.Marks) != 0 {
		t.Errorf("%+v", empty)
	}
}

func TestTheMeterOfATierThatIsOnlyWarnedPromisesNoStop(t *testing.T) {
	t.Parallel()
	w := metrics.Window{From: now.Add(-24 * time.Hour), To: now}
	for warns, want := range map[bool][2]string{false: {"it stops at 16", "stopped"}, true: {"it warns at 16", "warns"}} {
		h, state := walk(), gate.MeterState{Value: 7, Line: 16, OnlyWarns: warns}
		s := Standing{Frame: Frame{View: View{Window: w}}, Service: metrics.Service{Name: "web"}, Histories: gate.Histories{Failures: h}, Snapshot: gate.Snapshot{Meter: gate.MeterState{OnlyWarns: warns}}}
		p, c := s.Plots()[0], MeterHistory(state, h.Steps, w, func(id string) Cell { return Cell{Text: id} })
		if !strings.Contains(p.Title, want[0]) || !strings.Contains(c.Title, want[0]) {
			t.Errorf("%s; %s", p.Title, c.Title)
		}
		if p.Table.Rows[3][5].Text != want[1] || c.Table.Rows[3][5].Text != want[1] {
			t.Errorf("%+v; %+v", p.Table.Rows[3], c.Table.Rows[3])
		}
		if said := p.Note + c.Note; strings.Contains(said, "gate stops") == warns {
			t.Error(said)
		}
	}
}

func TestTheStepsOfAMeterAreNamedAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	n := someRecords(t)
	h := gate.MeterHistory{State: gate.MeterState{Line: 16}}
	for i, of := range []string{longID, "pager/7", "ci/gone"} {
		h.Steps = append(h.Steps, gate.MeterStep{At: now.Add(time.Duration(i-5) * time.Hour), Line: 16, Trial: of, Why: gate.StepFailed})
	}
	w := metrics.Window{From: now.Add(-24 * time.Hour), To: now}
	record := func(id string) Cell { return n.stepped(id, "refunds") }
	p := drawMeter(h, w, meterWords{bad: "failed", record: record})
	history := MeterHistory(h.State, h.Steps, w, record)
	for i, want := range []Cell{{Text: "ci/gone", Href: RecordPath("refunds", "ci/gone")}, {Text: "refunds: slow answers", Href: RecordPath("refunds", "pager/7")}, {Text: "6515b3e060", Href: RecordPath("refunds", longID)}} {
		for _, table := range []Table{p.Table, history.Table} {
			if got := table.Rows[i][1]; got.Text != want.Text || got.Href != want.Href {
				t.Errorf("row %d of %s is of %+v, not %+v", i, table.Caption, got, want)
			}
		}
		if says := p.Marks[len(p.Marks)-1-i].Says; !strings.Contains(says, ", "+want.Text+": failed") {
			t.Errorf("a mark says %q", says)
		}
	}
}

func TestTheHistoryOfAMeterThatBeganHalfFullStartsThere(t *testing.T) {
	t.Parallel()
	w := metrics.Window{From: now.Add(-24 * time.Hour), To: now}
	h := gate.MeterHistory{State: gate.MeterState{Value: 7, Line: 16, Step: 5, Trials: 1}, Steps: []gate.MeterStep{
		{At: now.Add(-9 * time.Hour), Why: gate.StepShared, Value: 8, Line: 16}, {At: now.Add(-8 * time.Hour), Why: gate.StepGood, Value: 7, Line: 16, Trial: "ci/1"},
	}}
	p, empty := drawn(h, w), drawn(gate.MeterHistory{State: h.State, Steps: h.Steps[1:]}, w)
	if !strings.HasPrefix(empty.Lines[2].Path, "M0.0 ") || strings.HasPrefix(p.Lines[2].Path, "M0.0 ") || strings.HasPrefix(p.Lines[0].Path, "M0.0 ") || !strings.HasPrefix(p.Lines[1].Path, "M0.0 ") {
		t.Errorf("it is drawn before it began: %s", p.Lines[2].Path)
	}
	if first := p.Marks[0]; first.Shape != "hollow-square" || !strings.Contains(first.Says, "begins half full, meter 8 of 16") {
		t.Errorf("marked by %+v", first)
	}
	if last := p.Table.Rows[len(p.Table.Rows)-1]; last[2].Text != "begins half full" || last[3].Text != "8" || last[1].Href != "" {
		t.Errorf("listed as %+v", last)
	}
	if !slices.Contains(p.Legend, PlotKey{"hollow-square", "begins half full"}) {
		t.Errorf("the legend has %+v", p.Legend)
	}
}

func TestTheBarOfAMeterSaysWhereItsFirstPointsComeFrom(t *testing.T) {
	t.Parallel()
	began := &gate.Beginning{Value: 8, Line: 16, Older: gate.Older{Service: "checkout", Repository: "acme/payments"}}
	for want, m := range map[string]gate.MeterState{
		"No planned deployment has been counted yet. It begins half full, at 8 of 16: it shares its repository acme/payments with checkout.": {Value: 8, Line: 16, Step: 5, Began: began},
		"2 failures in a row would stop it. It began half full, at 8 of 16: it shares its repository acme/payments with checkout.":           {Value: 7, Line: 16, Step: 5, Trials: 1, Began: began},
		"2 failures in a row would stop it.": {Value: 7, Line: 16, Step: 5, Trials: 1},
	} {
		if bar := (GateNow{Meter: m}).MeterBar(); bar.MeterState.Value != m.Value || bar.Says != want || bar.Fill == 0 {
			t.Errorf("%+v, want %s", bar, want)
		}
	}
}

func TestOfALongHistoryTheTableHoldsTheNewestStepsAndSaysSo(t *testing.T) {
	t.Parallel()
	h := gate.MeterHistory{State: gate.MeterState{Line: 16, Step: 5}}
	for i := range 3000 {
		h.Steps = append(h.Steps, gate.MeterStep{At: now.Add(time.Duration(i-3000) * time.Minute), Why: gate.StepGood, Line: 16, Trial: "ci/1"})
	}
	p := drawn(h, metrics.Window{From: now.AddDate(0, 0, -90), To: now})
	if len(p.Table.Rows) != tableRows || !strings.Contains(p.More, "The newest 500 of 3\u202f000 steps") || len(p.Marks) != 0 || len(p.Lines[2].Path) > 60 {
		t.Errorf("%d rows, %q, %d marks, a path of %d bytes", len(p.Table.Rows), p.More, len(p.Marks), len(p.Lines[2].Path))
	}
}

func TestTheAxisOfTimeHoldsFewWordsWhateverTheWindow(t *testing.T) {
	t.Parallel()
	for _, days := range []int{1, 2, 7, 30, 75, 90, 365, 400, 1200, 3660} {
		f := field{from: now.AddDate(0, 0, -days), to: now}
		if n := len(f.times()); n < 1 || n > most+1 {
			t.Errorf("%d days have %d words", days, n)
		}
	}
}

func TestWhatStopsComesFirstAndEvidenceIsALink(t *testing.T) {
	t.Parallel()
	reasons := []gate.Reason{
		{Criterion: "data-fresh", Mode: gate.WarnOnly, Result: gate.Unknown}, {Criterion: "drain", Mode: gate.Enforce, Result: gate.NotApplicable},
		{Criterion: "previous-change", Mode: gate.Enforce, Result: gate.Unknown, Evidence: []string{"gd_7"}}, {Criterion: "freeze", Mode: gate.Enforce, Result: gate.Pass},
		{Criterion: "failure-meter", Mode: gate.Enforce, Result: gate.Fail, Evidence: []string{"ci/a b"}},
	}
	of := matter{service: "a/b", at: now}
	all := groups(reasonViews(reasons, of, map[string]time.Time{"failure-meter": now.Add(-time.Hour)}), of)
	if len(all) != 3 || all[0].List[0].Criterion != "failure-meter" || all[0].List[1].Criterion != "previous-change" || !all[2].Folded {
		t.Fatalf("%+v", all)
	}
	meter, change := all[0].List[0], all[0].List[1]
	if meter.Links[0].Href != "/services/a%2Fb/record?id=ci%2Fa+b" || change.Links[0].Href != "/gate/decisions/gd_7" || !strings.HasPrefix(meter.Earliest, "a probe may go now") {
		t.Errorf("%+v, %+v", meter, change)
	}
}

func TestAMeterAtTheBrinkSaysWhatOneMoreFailureDoes(t *testing.T) {
	t.Parallel()
	brink := GateNow{Meter: gate.MeterState{Value: 8, Step: 5, Line: 11, Trials: 20}}
	if says := brink.MeterBar().Says; says != "One more failure stops it." {
		t.Error(says)
	}
	brink.Decision.Verdict = gate.Block // by another criterion
	if says := brink.MeterBar().Says; says != "One more failure brings it to its line as well." {
		t.Error(says)
	}
}

func TestTheLastDayOfAnIndexIsTheOneBeforeTheMidnightOfTheTeam(t *testing.T) {
	t.Parallel()
	for _, hours := range []int{-5, 0, 2, 9} {
		zone := time.FixedZone("", hours*3600)
		if day := lastDay(metrics.Window{To: time.Date(2026, 11, 26, 0, 0, 0, 0, zone)}); day != "25 Nov 2026" {
			t.Errorf("UTC%+d: %s", hours, day)
		}
	}
}

func TestAMeterThatOnlyWarnsHasALineThatNeverStops(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]gate.MeterState{
		"10, never stops": {Line: 10, OnlyWarns: true}, "stops at 16": {Line: 16}, "none": {OnlyWarns: true},
	} {
		if got := (GateRow{GateNow: GateNow{Meter: m}}).MeterLine(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestServicesThatOnlyWaitForStatedEvidenceAreCountedApartFromThoseToLookAt(t *testing.T) {
	t.Parallel()
	held := func(criterion string) GateNow {
		return GateNow{Decision: gate.Decision{Verdict: gate.Hold, Reasons: []gate.Reason{{Criterion: criterion, Result: gate.Unknown}}}}
	}
	waits, stale := held("monitoring-live"), held("data-freshness")
	g := Gate{Rows: []GateRow{{Service: "a", GateNow: waits}, {Service: "b", GateNow: stale}}}
	o := Overview{Rows: []ServiceRow{{Gate: waits}, {Gate: stale}}}
	if g.Asking() != 1 || o.Asking() != 1 || len(o.Attention()) != 1 {
		t.Errorf("%d and %d only wait, %d to look at", g.Asking(), o.Asking(), len(o.Attention()))
	}
}

func TestServicesAtWarnThatAreNotListedAreCounted(t *testing.T) {
	t.Parallel()
	site, err := New("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	at := func(verdict gate.Result, criterion string) ServiceRow {
		return ServiceRow{Service: metrics.Service{Name: criterion}, Gate: GateNow{Decision: gate.Decision{Verdict: verdict, Reasons: []gate.Reason{{Criterion: criterion, Result: verdict, Says: "It says so."}}}}}
	}
	meter, open := at(gate.Warn, "failure-meter"), at(gate.Warn, "restore-first")
	for says, rows := range map[string][]ServiceRow{
		`Not listed: <a href="/services?verdict=warn">2 services at warn</a>`: {meter, meter, open},
		"<p>No service is stopped or held.</p>":                               {meter, at(gate.Allow, "freezes")},
	} {
		var out bytes.Buffer
		if err := site.Render(&out, Overview{Rows: rows, Zone: time.UTC}); err != nil || !strings.Contains(out.String(), says) {
			t.Errorf("the overview does not say %s (%v)", says, err)
		}
	}
	if n := (Overview{Rows: []ServiceRow{meter}}).Warned(); n != 0 {
		t.Errorf("of the only service, which is told beside, %d are left out", n)
	}
}

func TestTheGatesPageSpeaksOfOneServiceOrOfManyAndPromisesNobodyToBeLetIn(t *testing.T) {
	t.Parallel()
	site, err := New("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	waits := GateRow{Service: "a", GateNow: GateNow{Decision: gate.Decision{Verdict: gate.Hold, Reasons: []gate.Reason{{Criterion: "monitoring-live", Result: gate.Unknown}}}}}
	for says, rows := range map[string][]GateRow{
		"1 service stands at evidence: nothing is missing but what its pipeline states when it asks":    {waits},
		"2 services stand at evidence: nothing is missing but what their pipelines state when they ask": {waits, waits},
	} {
		var out bytes.Buffer
		err := site.Render(&out, Gate{Rows: rows, Board: gate.Scoreboard{Decisions: 3}})
		if err != nil || !strings.Contains(out.String(), says) || strings.Contains(out.String(), "Open to everybody") {
			t.Errorf("the page does not say %q, or that it is open to everybody (%v)", says, err)
		}
	}
}

func TestABacktestThatLeftServicesOutSaysOfWhomItsHeadingSpeaks(t *testing.T) {
	t.Parallel()
	r := gate.Backtest{Promotions: 40, Stopped: 4, Services: 25, Blocked: gate.Blocked{Promotions: 3}}
	if got := (Backtest{Result: r, LeftOut: 15}).Headline(); got != "3 of 40 promotions of the 25 services shown would have been stopped" {
		t.Error(got)
	}
	if got := (Backtest{Result: r}).Headline(); got != "3 of 40 promotions would have been stopped" {
		t.Error(got)
	}
	r.Held.Promotions = 1
	if got := (Backtest{Result: r}).Headline(); got != "3 of 40 promotions would have been stopped, 1 told to wait" {
		t.Error(got)
	}
}

func TestAServiceIsToldHowManyOfItsDeploymentsCountNowhere(t *testing.T) {
	t.Parallel()
	for outcomes, want := range map[string]string{
		"gg": "",
		"gi": "Of the last 2 planned deployments 1 counts nowhere",
		"ii": "Of the last 2 planned deployments 2 count nowhere",
	} {
		s := tried(outcomes)
		if got := s.Inconclusive(); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q", outcomes, got)
		}
	}
}

// tried is a service before the gate after planned deployments, good or inconclusive.
func tried(outcomes string) Standing {
	var s Standing
	for _, o := range outcomes {
		s.Snapshot.Recent = append(s.Snapshot.Recent, gate.Trial{Outcome: map[rune]gate.Outcome{'g': gate.Good, 'i': gate.Inconclusive}[o]})
	}
	return s
}

func TestItIsSaidAloudOnlyThatManyDeploymentsCountNowhere(t *testing.T) {
	t.Parallel()
	for outcomes, aloud := range map[string]bool{
		"":                            false,
		"ii":                          false, // one or two may be chance
		"iii":                         true,
		"iiigggggg":                   true, // one in three
		"iiiggggggg":                  false,
		"i" + strings.Repeat("g", 29): false,
		"g" + strings.Repeat("i", 29): true,
	} {
		if got := tried(outcomes).MostlyInconclusive(); got != aloud {
			t.Errorf("%q: %v", outcomes, got)
		}
	}
}

func TestABacktestHoldsEachPromiseAgainstItsWrongStops(t *testing.T) {
	t.Parallel()
	b := Backtest{Result: gate.Backtest{Criteria: []gate.BacktestCriterion{
		{Criterion: "failure-meter", WrongStops: 1}, {Criterion: "restored-in-time", Stopped: 5, Blocked: 5, WrongStops: 4, Broken: true},
		{Criterion: "freeze", Stopped: 3, Blocked: 1, Held: 2}, {Criterion: "drain"}, {Criterion: "own-usual"},
	}}}
	var got []string
	for _, row := range b.CriteriaTable().Rows {
		got = append(got, row[1].Text+" "+row[2].Text+" "+row[5].Text+" "+row[6].Text)
	}
	want := []string{"0 0 1 ● promise kept", "5 0 4 ■ promise broken: more than chance explains", "1 2 — no promise"}
	if idle := b.Idle(); idle != "drain, own-usual" {
		t.Errorf("idle are %q", idle)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
