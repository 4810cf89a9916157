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

func TestALevelIsNotClaimedFlatlyWhereTheIntervalReachesAnother(t *testing.T) {
	t.Parallel()
	seconds := func(minutes float64) *float64 { return new(60 * minutes) }
	recovery := func(low, median, high *float64) Scorecard {
		return Scorecard{Recovery: Survival{State: OK, N: 9, Median: median, Interval: &Bounds{low, high}}}
	}
	lead := func(low, median, high float64) Scorecard {
		return Scorecard{LeadTime: Duration{State: OK, Median: seconds(median), Interval: &Interval{Low: 60 * low, High: 60 * high}}}
	}
	rate := func(low, value, high float64) Scorecard {
		return Scorecard{FailRate: Share{State: OK, Value: &value, Interval: &Interval{Low: low, High: high}}}
	}
	days := func(low, median, high, perDay float64) Scorecard {
		return Scorecard{Frequency: Frequency{State: OK, PerDay: &perDay, MedianWorkingDay: &median, WorkingDay: &Interval{Low: low, High: high}}}
	}
	const hour, day = 60.0, 24 * 60.0
	for sentence, c := range map[string]struct {
		card          Scorecard
		edition, want string
		at            int
	}{
		"an interval within the band claims it":            {recovery(seconds(30), seconds(42), seconds(59)), "dora-2023", "elite", 3},
		"an interval over the limit names the other level": {recovery(seconds(42), seconds(57), seconds(118)), "dora-2023", "elite, may be high", 3},
		"a limit belongs to the band above it":             {recovery(seconds(42), seconds(57), seconds(60)), "dora-2023", "elite, may be high", 3},
		"a band that two levels share names both":          {recovery(seconds(42), seconds(57), seconds(118)), "dora-2024", "elite, may be high or medium", 3},
		"a shared band may be better too":                  {recovery(seconds(42), seconds(61), seconds(118)), "dora-2024", "high or medium, may be elite", 3},
		"both sides may be reached":                        {recovery(seconds(42), seconds(2*hour), seconds(2*day)), "dora-2023", "high, may be elite or medium", 3},
		"an end that is not reached may be the worst":      {recovery(seconds(42), seconds(57), nil), "dora-2023", "elite, may be high, medium or low", 3},
		"nothing known of the ends may be anything worse":  {recovery(nil, seconds(57), nil), "dora-2023", "elite, may be high, medium or low", 3},
		"a gap belongs to the worse band on both ends":     {recovery(seconds(20*hour), seconds(2*day), seconds(3*day)), "dora-2024", "low, may be high or medium", 3},
		"no interval makes no doubt":                       {Scorecard{Recovery: Survival{State: OK, Median: seconds(57)}}, "dora-2024", "elite", 3},
		"lead time goes by the typical rollout as well":    {lead(20*hour, 23*hour, 25*hour), "dora-2024", "elite, may be high", 1},
		"whose interval need not hold the median":          {lead(8*hour, 9*hour, 10*hour), "dora-2024", "elite", 1},
		"and is then reached from the median":              {lead(8*hour, 2*day, 10*hour), "dora-2024", "high, may be elite", 1},
		"a share is placed in percent":                     {rate(0.1, 0.14, 0.2), "dora-2021", "elite, may be high, medium or low", 2},
		"a sure share is not doubted":                      {rate(0.1, 0.12, 0.14), "dora-2021", "elite", 2},
		"on demand by every end":                           {days(1, 2, 3, 2), "dora-2024", "elite", 0},
		"on demand, and perhaps not":                       {days(0, 1, 3, 0.8), "dora-2024", "elite, may be high", 0},
		"not on demand, and perhaps so":                    {days(0, 0, 1, 0.5), "dora-2024", "high, may be elite", 0},
		"not on demand by any end":                         {days(0, 0, 0.5, 0.3), "dora-2024", "high", 0},
		"what is not known has no words":                   {Scorecard{}, "dora-2024", "", 3},
	} {
		levels, err := Levels(c.card, c.edition)
		if err != nil {
			t.Fatal(err)
		}
		if got := levels[c.at].Words(); got != c.want {
			t.Errorf("%s: %q, want %q", sentence, got, c.want)
		}
	}
}

func TestAHeadlineOfAnotherDefinitionIsNotDoubtedByTheIntervalOfOurMedian(t *testing.T) {
	t.Parallel()
	card := Scorecard{Recovery: Survival{State: OK, Median: new(7200.0), Value: new(600.0), Interval: &Bounds{new(1800.0), new(90000.0)}},
		LeadTime: Duration{State: OK, Median: new(7200.0), Value: new(600.0), Interval: &Interval{Low: 60, High: 9e6}}}
	levels, err := Levels(card, "dora-2023")
	if err != nil {
		t.Fatal(err)
	}
	if levels[1].Words() != "elite" || levels[3].Words() != "elite" {
		t.Errorf("lead time is %q, recovery %q", levels[1].Words(), levels[3].Words())
	}
}
