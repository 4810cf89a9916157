package metrics

import (
	"slices"
	"strings"
	"testing"
)

// cardOf is a scorecard with the given figures: rollouts a day, hours of lead time and recovery, fail rate.
func cardOf(perDay, workingDay, leadHours, recoveryHours, failShare float64) Scorecard {
	return Scorecard{
		Frequency: Frequency{State: OK, PerDay: &perDay, MedianWorkingDay: &workingDay},
		LeadTime:  Duration{State: OK, Median: new(leadHours * 3600)},
		Recovery:  Survival{State: OK, Median: new(recoveryHours * 3600)},
		FailRate:  Share{State: OK, Value: &failShare},
	}
}

// brief is "level" with "~" where a gap was bridged and "=" where worse levels share the band, for each of the four figures.
func brief(levels []Level) string {
	var words []string
	for _, l := range levels {
		word := l.Level
		if word == "" {
			word = "-"
		}
		if l.Gap {
			word += "~"
		}
		words = append(words, word+strings.Repeat("=", len(l.Shared)))
	}
	return strings.Join(words, " ")
}

func TestLevelsOfEachEdition(t *testing.T) {
	t.Parallel()
	const day, week, month = 24, 7 * 24, 30.436875 * 24
	for _, c := range []struct {
		says    string
		card    Scorecard
		edition string
		want    string // frequency, lead time, fail rate, recovery
	}{
		{"daily, fast and safe", cardOf(0.8, 1, 5, 0.5, 0.04), "dora-2019", "elite elite elite== elite"},
		{"daily, fast and safe", cardOf(0.8, 1, 5, 0.5, 0.04), "dora-2021", "elite high~ elite elite"},
		{"daily, fast and safe", cardOf(0.8, 1, 5, 0.5, 0.04), "dora-2022", "high high~ high high"},
		{"daily, fast and safe", cardOf(0.8, 1, 5, 0.5, 0.04), "dora-2023", "elite elite - elite"},
		{"daily, fast and safe", cardOf(0.8, 1, 5, 0.5, 0.04), "dora-2024", "elite elite - elite"},
		{"every third day", cardOf(1.0/3, 0, 3*day, 2*day, 0.2), "dora-2019", "high high low~ low~"},
		{"every third day", cardOf(1.0/3, 0, 3*day, 2*day, 0.2), "dora-2021", "high~ high high== medium"},
		{"every third day", cardOf(1.0/3, 0, 3*day, 2*day, 0.2), "dora-2022", "medium~ high medium medium"},
		{"every third day", cardOf(1.0/3, 0, 3*day, 2*day, 0.2), "dora-2023", "high high - medium"},
		{"every third day", cardOf(1.0/3, 0, 3*day, 2*day, 0.2), "dora-2024", "high high - low~"},
		{"fortnightly", cardOf(1.0/14, 0, 2*week, 12, 0.155), "dora-2022", "medium medium medium~ high"},
		{"fortnightly", cardOf(1.0/14, 0, 2*week, 12, 0.155), "dora-2023", "medium= medium= - high"},
		{"fortnightly", cardOf(1.0/14, 0, 2*week, 12, 0.155), "dora-2024", "medium medium - high="},
		{"twice a year", cardOf(2.0/366, 0, 8*month, 8*month, 0.7), "dora-2019", "low~ low~ low~ low~"},
		{"twice a year", cardOf(2.0/366, 0, 8*month, 8*month, 0.7), "dora-2021", "low low low~ low"},
		{"many on few days are not on demand", cardOf(3, 0, 5, 5, 0), "dora-2024", "high elite - high="},
	} {
		levels, err := Levels(c.card, c.edition)
		if err != nil {
			t.Fatal(err)
		}
		if got := brief(levels); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.says, c.edition, got, c.want)
		}
	}
}

func TestBandsBelongToTheirLowerEnd(t *testing.T) {
	t.Parallel()
	for hours, want := range map[float64]string{23.9: "elite", 24: "high", 7 * 24: "high", 7*24 + 0.1: "medium"} {
		levels, _ := Levels(cardOf(1, 1, hours, 1, 0), "dora-2024")
		if levels[1].Level != want || levels[1].Gap {
			t.Errorf("a lead time of %v h is %+v, want %s", hours, levels[1], want)
		}
	}
}

func TestFailRateHasNoLevelSince2023ButFourMedians(t *testing.T) {
	t.Parallel()
	want := map[string][]float64{"dora-2023": {5, 10, 15, 64}, "dora-2024": {5, 20, 10, 40}}
	for edition, percents := range want {
		levels, _ := Levels(cardOf(1, 1, 1, 1, 0.05), edition)
		var got []float64
		for _, m := range levels[2].Medians {
			got = append(got, m.Percent)
		}
		if levels[2].Level != "" || !slices.Equal(got, percents) {
			t.Errorf("%s: %+v", edition, levels[2])
		}
	}
}

func TestWhatIsNotKnownHasNoLevel(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		for _, l := range e.Levels(MeasureAll(nil, march())) {
			if l.Level != "" || l.Note == "" || l.Edition != e.Name {
				t.Errorf("%s gives %+v to no data", e.Name, l)
			}
		}
	}
	card := cardOf(1, 1, 1, 1, 0)
	card.Recovery.Median = nil
	levels, _ := Levels(card, "dora-2024")
	if levels[3].Level != "" || !strings.Contains(levels[3].Note, "not reached") {
		t.Errorf("a median that is not reached: %+v", levels[3])
	}
}

func TestAnUnknownEditionIsRefusedByName(t *testing.T) {
	t.Parallel()
	if _, err := Levels(Scorecard{}, "dora-2030"); err == nil || !strings.Contains(err.Error(), "dora-2024") {
		t.Errorf("got %v", err)
	}
}

func TestTheLastEditionIsTheNewestReportsWhichPagesTakeUnlessAsked(t *testing.T) {
	t.Parallel()
	all := Editions()
	if last := all[len(all)-1].Name; last != "dora-2024" {
		t.Errorf("the last edition is %s", last)
	}
}

func TestTiersOfOtherToolsPlaceAScorecardOfAnyDefinition(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		// Three deployments in four weeks are one in 9 days; 24 hours; a third; not recovered.
		"gitlab":     {"medium", "high", "medium", ""},
		"fourkeys":   {"Monthly", "One week", "16-45%", ""},
		"middleware": {"high", "", "", ""},
	} {
		q := march()
		q.Definition = DORA()
		q.Definition.Floor = 1
		levels, err := Levels(MeasureAll(twoServices(), q), name)
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range levels {
			if l.Level != want[i] {
				t.Errorf("%s: %s is %q, want %q", name, l.Figure, l.Level, want[i])
			}
		}
	}
}

func TestAFigureForWhichAnEditionHasNoLevelsSaysThat(t *testing.T) {
	t.Parallel()
	open := Survival{State: OK, N: 9, Censored: 9} // a median that is not reached is no reason where there are no bands
	card := Scorecard{Frequency: Frequency{State: OK, Rollouts: 9, PerDay: new(1.5)}, LeadTime: Duration{State: OK, N: 9, Median: new(60.0)},
		FailRate: Share{State: OK, Of: 9, Value: new(0.5)}, Recovery: open}
	for _, l := range (Edition{Name: "ours"}).Levels(card) {
		if l.Note != "this edition has no levels for this figure" || l.Level != "" {
			t.Errorf("%s: %q, %q", l.Figure, l.Level, l.Note)
		}
	}
}
