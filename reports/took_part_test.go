package reports

import (
	"strings"
	"testing"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

func TestAnAgreedAnswerIsATeamsAndNoPersons(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]assessments.Rollup{
		"35 of 39 people in 5 teams answered":                                           {Teams: 5, Respondents: 35, Asked: 39},
		"35 of 39 people in 5 teams answered, and one team of 4 gave one agreed answer": {Teams: 6, Respondents: 35, Asked: 39, Agreed: 1, AgreedPeople: 4},
		"one team gave one agreed answer":                                               {Teams: 1, Agreed: 1, AgreedUnsized: 1},
		"2 teams of 9 people together gave one agreed answer each":                      {Teams: 2, Agreed: 2, AgreedPeople: 9},
		"6 of 6 people in 1 team answered, and 2 teams gave one agreed answer each":     {Teams: 3, Respondents: 6, Asked: 6, Agreed: 2, AgreedPeople: 4, AgreedUnsized: 1},
	} {
		if got := whoAnswered(&r); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		r.Quarter, r.Shown = "2026-Q3", true
		if got := (Rollup{Rollup: &r}).Participation(); !strings.Contains(got, want) {
			t.Errorf("the roll-up says %q", got)
		}
		in := AboutOrganisation{Rollup: &r}
		if got := in.surveySays(); !strings.Contains(got, want) {
			t.Errorf("the summary says %q", got)
		}
		if got := in.participation().Text[0]; !strings.Contains(got, want) {
			t.Errorf("the section says %q", got)
		}
	}
}

func TestOneDayOfATypicalWeekIsNoPlural(t *testing.T) {
	t.Parallel()
	for days, want := range map[float64]string{1: "on 1 day of", 1.5: "on 1.5 days of", 5: "on 5 days of"} {
		f := frequency(metrics.Frequency{DaysPerWeek: &days, Interval: &metrics.Interval{Low: 1, High: 2}})
		if !strings.HasPrefix(f.Interval, want) {
			t.Errorf("it reads %q, not %q", f.Interval, want)
		}
	}
}

func TestAFailRateIsSaidWithTheCoverageOfItsInterval(t *testing.T) {
	t.Parallel()
	b := stages(t)["one"].basis(stages(t)["one"].facts)
	value := 0.04
	b.Card.FailRate = metrics.Share{Value: &value, Count: 40, Of: 1000, Interval: &metrics.Interval{Low: 0.03, High: 0.05, Coverage: 0.95}}
	if got := b.failRateSays(""); got != "4.0% of deployments failed (40 of 1"+thin+"000), 95% interval 3.0% to 5.0%." {
		t.Errorf("got %q", got)
	}
}

func TestAReportTellsNoTroubleThatBeganAfterItsPeriod(t *testing.T) {
	t.Parallel()
	in := stages(t)["one"].leadership()
	end := in.Period.Window.To
	for arrived, says := range map[time.Time]bool{end: false, end.Add(-time.Hour): true} {
		in.Diagnosis = doctor.Diagnosis{
			Sources:  []doctor.SourceState{{Source: doctor.Source{Name: "gh", Watermark: arrived}, State: doctor.InTrouble}},
			Findings: []doctor.Finding{{Code: "source-trouble", Severity: doctor.Trouble, Source: "gh", Figures: []string{metrics.FigureLeadTime}}},
		}
		text, grids := in.quality()
		inQuality := strings.Contains(strings.Join(text, " "), "Some records are missing")
		if (in.gapsSay() != "") != says || inQuality != says || (in.missing(metrics.FigureLeadTime) != "") != says {
			t.Errorf("arrived up to %s: %q, %q, %d tables", arrived, in.gapsSay(), text, len(grids))
		}
	}
}
