package metrics

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// conventional is an organisation whose records have all that some convention asks for: attempts, own revisions, requests with every
// time, and incidents in number.
func conventional(seed uint64, services, rolloutsEach, days int) []Facts {
	fs := organisation(seed, services, rolloutsEach, days)
	rng := rand.New(rand.NewPCG(seed, 7))
	for i := range fs {
		for j := range fs[i].Rollouts {
			enrich(rng, &fs[i].Rollouts[j])
			if r := fs[i].Rollouts[j]; rng.IntN(4) == 0 {
				link := randomIncident(rng, fs[i].Service, 1000+j, r.FinishedAt.Add(spanUpTo(rng, 30*time.Hour)))
				if rng.IntN(2) == 0 {
					link.Rollout, link.Confidence = r.ID, Stated
				}
				fs[i].Incidents = append(fs[i].Incidents, link)
			}
		}
	}
	return fs
}

func enrich(rng *rand.Rand, r *Rollout) {
	r.RevisionAt = r.FinishedAt.Add(-spanUpTo(rng, 100*time.Hour))
	if rng.IntN(10) == 0 {
		r.RevisionAt = time.Time{}
	}
	for i := range 1 + rng.IntN(3) {
		a := Attempt{ID: fmt.Sprint(r.ID, "-", i), FinishedAt: r.FinishedAt.Add(-time.Duration(i) * time.Minute), Status: Succeeded}
		if rng.IntN(3) == 0 {
			a.Status = Failed
		}
		r.Attempts = append(r.Attempts, a)
	}
	for i := range r.Changes {
		c := &r.Changes[i]
		c.CommittedAt = c.AuthoredAt.Add(spanUpTo(rng, time.Hour))
		if c.PullRequest != "" {
			c.ReviewedAt, c.ApprovedAt = c.OpenedAt.Add(spanUpTo(rng, 30*time.Minute)), c.OpenedAt.Add(spanUpTo(rng, 2*time.Hour))
			c.FirstOfRequest = c.AuthoredAt.Add(-spanUpTo(rng, time.Hour))
		}
	}
}

func TestEveryPresetKeepsTheLawsOfFigures(t *testing.T) {
	t.Parallel()
	for _, d := range Presets() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			if err := d.Validate(); err != nil {
				t.Error(err)
			}
			for seed := range uint64(12) {
				fs, q := conventional(seed, 4, 60, 95), quarter(zoneOf(t, "Europe/Berlin"))
				q.Definition = d
				checkLaws(t, fs, q)
			}
			q := quarter(time.UTC)
			q.Definition = d
			checkNothing(t, MeasureAll(nil, q))
		})
	}
}

func checkLaws(t *testing.T, fs []Facts, q Query) {
	t.Helper()
	card := MeasureAll(fs, q)
	text := encoded(t, card) // fails on NaN and infinities
	turned := slices.Clone(fs)
	slices.Reverse(turned)
	if again := encoded(t, MeasureAll(turned, q)); again != text {
		t.Errorf("the order of services matters\n%s\n%s", text, again)
	}
	for _, s := range []Share{card.FailRate, card.Rework} {
		capped := s.NoInterval == ""
		if (s.Value != nil) != (s.State == OK) || (s.Interval != nil) != (s.Value != nil && capped) || s.Value != nil && (*s.Value < 0 || capped && *s.Value > 1) {
			t.Errorf("share %+v", s)
		}
	}
	if v := card.LeadTime.Headline(); (v != nil) != (card.LeadTime.State == OK) || v != nil && *v < 0 {
		t.Errorf("lead time %+v", card.LeadTime)
	}
	if v := card.Recovery.Headline(); v != nil && *v < 0 {
		t.Errorf("recovery %+v", card.Recovery)
	}
	whole := TallyOfAll(fs, q)
	if encoded(t, Measure(whole, q)) != text {
		t.Error("the tally measures otherwise than the facts")
	}
	checkSplit(t, fs, q, encoded(t, whole))
}

// checkSplit cuts the window into days: the tallies of the parts, which are counted from facts recast over all time, make that of the
// whole.
func checkSplit(t *testing.T, fs []Facts, q Query, whole string) {
	t.Helper()
	days, err := Buckets(q.Window, q.Window.To, q.complete().Zone, "day", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	var parts []Tally
	for _, b := range days {
		part := q
		part.Window = b.Window
		parts = append(parts, TallyOfAll(fs, part))
	}
	if got := encoded(t, mergedIn(rand.New(rand.NewPCG(1, 2)), parts)); got != whole {
		t.Errorf("merged by day\n%s\nwhole\n%s", got, whole)
	}
}

func checkNothing(t *testing.T, card Scorecard) {
	t.Helper()
	for figure, state := range map[string]State{
		FigureFrequency: card.Frequency.State, FigureLeadTime: card.LeadTime.State, FigureFailRate: card.FailRate.State,
		FigureRecovery: card.Recovery.State, FigureRework: card.Rework.State, FigureRestore: card.Restore.State,
	} {
		if state != NoData {
			t.Errorf("%s of nothing is %q", figure, state)
		}
	}
	if card.LeadTime.Value != nil || card.FailRate.Value != nil || card.Recovery.Value != nil || card.Frequency.Value != nil {
		t.Error("nothing has a value")
	}
}

func TestExplainListsWhatEachPresetCounts(t *testing.T) {
	t.Parallel()
	for _, d := range Presets() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(6) {
				fs, q := conventional(seed, 3, 90, 95), quarter(time.UTC)
				q.Definition = d
				checkRows(t, fs, q)
			}
		})
	}
}

// staged is the number of spans in all stages.
func staged(t Tally) int {
	n := 0
	for _, spans := range t.Stages {
		n += spans.Len()
	}
	return n
}

func checkRows(t *testing.T, fs []Facts, q Query) {
	t.Helper()
	tally := TallyOfAll(fs, q)
	reasons := map[string]int{}
	for _, figure := range append(Figures(), FigureStages) {
		e, err := Explain(fs, figure, q)
		if err != nil {
			t.Fatal(err)
		}
		for reason, n := range reasonsOf(e) {
			if tally.LeftOut[reason] != n {
				t.Errorf("%s: left out %d times for %q, the tally says %d", figure, n, reason, tally.LeftOut[reason])
			}
			reasons[reason] = n
		}
		want := map[string]int{
			FigureFrequency: tally.Rollouts, FigureLeadTime: tally.LeadTimes.Len(), FigureRework: tally.Rollouts,
			FigureRecovery: tally.Recoveries.Len(), FigureRestore: tally.Restores.Len(), FigureFailRate: tally.Rollouts,
			FigureStages: staged(tally),
		}[figure]
		if figure == FigureFailRate && q.Definition.FailRate.Ratio == ratioOpened {
			want += tally.Incidents
		}
		if len(e.Rows) != want {
			t.Errorf("%s: %d rows, the tally counts %d", figure, len(e.Rows), want)
		}
	}
	if encoded(t, reasons) != encoded(t, tally.LeftOut) {
		t.Errorf("reasons over all figures %v, the tally's %v", reasons, tally.LeftOut)
	}
}

func TestTheDefaultDefinitionRecastsNothing(t *testing.T) {
	t.Parallel()
	fs, q := conventional(3, 2, 40, 60), quarter(time.UTC)
	if got := Recast(fs, q); &got[0] != &fs[0] {
		t.Error("facts were copied")
	}
}

func TestRecastingLeavesTheFactsAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, d := range Presets() {
		fs, q := conventional(4, 3, 60, 60), quarter(time.UTC)
		before := encoded(t, fs)
		q.Definition = d
		Recast(fs, q)
		if encoded(t, fs) != before {
			t.Errorf("%s changed the facts it was given", d.Name)
		}
	}
}

func TestADefinitionIsCheckedForWordsAndContradictions(t *testing.T) {
	t.Parallel()
	good := DORA()
	good.Deployments, good.LeadTime.Per = "rollouts", "change"
	if err := good.Validate(); err != nil {
		t.Errorf("defaults that are written out are refused: %v", err)
	}
	if good.normal() != DORA() {
		t.Error("defaults that are written out are not the defaults")
	}
	for fault, spoil := range map[string]func(*Definition){
		"a word that no rule knows":        func(d *Definition) { d.LeadTime.From = "born" },
		"no name":                          func(d *Definition) { d.Name = "" },
		"no version":                       func(d *Definition) { d.Version = 0 },
		"a floor of nothing":               func(d *Definition) { d.Floor = 0 },
		"a week that starts nowhere":       func(d *Definition) { d.WeekStart = 7 },
		"parts of single changes":          func(d *Definition) { d.LeadTime.Parts = partsApproved },
		"recovery from nobody's blame":     func(d *Definition) { d.Incidents.Blame, d.Recovery.Of = blameNone, ofDeployedIncidents },
		"blamed incidents without blame":   func(d *Definition) { d.Incidents.Blame, d.FailRate.Ratio = blameNone, ratioLinked },
		"derived blame among the slice":    func(d *Definition) { d.Incidents.Among = amongSlice },
		"a negative time until it settles": func(d *Definition) { d.Settling = -1 },
	} {
		d := DORA()
		spoil(&d)
		if d.Validate() == nil {
			t.Errorf("%s is accepted", fault)
		}
	}
}
