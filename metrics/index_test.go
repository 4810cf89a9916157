package metrics

import (
	"math"
	"testing"
	"time"
)

// The expectations of the design, from a simulation: inputs C, G90, B, T and the Gini coefficient give the index.
func TestIndexOfTheWorkedExpectations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		coverage, quiet, batch, busiest, gini float64
		want                                  float64
		capped                                bool
	}{
		{1.00, 1, 2, .14, .35, 95, false},
		{.95, 1, 3, .15, .35, 93, false},
		{.48, 3, 4, .29, .58, 70, false},
		{.40, 3, 6, 1.0, .67, 49, false},
		{.25, 16, 3, .23, .90, 40, true},
		{.20, 5, 20, 1.0, .82, 25, false},
	} {
		sum := 25*coverageScore(c.coverage) + 20*quietScore(c.quiet) + 20*batchScore(c.batch) +
			15*windowScore(c.busiest) + 10*evennessScore(c.gini) + 10*hoursScore(0)
		if c.capped {
			sum = min(sum, indexCap)
		}
		near(t, "index", sum, c.want, 1)
	}
}

// habitual deploys on the given days before 1 July 2026 (a Wednesday), at ten o'clock, with so many changes each.
func habitual(days []int, changes int) Facts {
	f := Facts{Service: "api"}
	for i := len(days) - 1; i >= 0; i-- {
		r := rollout("r", july().AddDate(0, 0, -days[i]).Add(10*time.Hour))
		for range changes {
			r.Changes = append(r.Changes, Change{SHA: "x"})
		}
		f.Rollouts = append(f.Rollouts, r)
	}
	return f
}

func indexDaysWhere(keep func(time.Time) bool) []int {
	var days []int
	for back := 1; back <= indexDays; back++ {
		if keep(july().AddDate(0, 0, -back)) {
			days = append(days, back)
		}
	}
	return days
}

func part(t *testing.T, x Index, name string) IndexPart {
	t.Helper()
	for _, p := range x.Parts {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no part %q", name)
	return IndexPart{}
}

func TestDeployingEveryWorkingDayIsAHabit(t *testing.T) {
	t.Parallel()
	days := indexDaysWhere(func(d time.Time) bool { return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday })
	x := HabitIndex(habitual(days, 2), july().Add(15*time.Hour), DefaultCalendar(time.UTC))
	if x.State != OK || x.N != 60 || x.Band != "habit" || x.Capped {
		t.Fatalf("got %+v", x)
	}
	near(t, "coverage", part(t, x, "coverage").Input, 1, 0)
	near(t, "longest quiet", part(t, x, "longest quiet").Input, 1, 0)
	near(t, "batch", part(t, x, "batch").Input, 2, 0)
	near(t, "window", part(t, x, "window").Input, 0.4, 1e-9) // two weekdays of five, all at ten o'clock
	near(t, "evenness", part(t, x, "evenness").Input, 0, 0)
	near(t, "hours", part(t, x, "hours").Input, 0, 0)
	// 25 + 20 + 20·ln10/ln20 + 15·(1 − .2/.7) + 10 + 10 = 91.1
	if *x.Value != 91 {
		t.Errorf("index %d", *x.Value)
	}
	near(t, "burstiness", *x.Burstiness, -1, 1e-9)
	if says := part(t, x, "coverage").Says; says != "deployed on 60 of 60 working days" {
		t.Errorf("says %q", says)
	}
}

func TestAWeeklyReleaseIsCapped(t *testing.T) {
	t.Parallel()
	thursdays := indexDaysWhere(func(d time.Time) bool { return d.Weekday() == time.Thursday })
	x := HabitIndex(habitual(thursdays, 1), july(), DefaultCalendar(time.UTC))
	// C = .2, G90 = 5, B = 1, T = 1, evenness .8: 6.8 + 6.0 + 20 + 0 + 2.5 + 10 = 45.3.
	if x.State != OK || !x.Capped || *x.Value != 40 || x.Band != "scheduled" || x.CapReason == "" {
		t.Errorf("got %+v", x)
	}
}

func TestFewDeploymentsGiveARange(t *testing.T) {
	t.Parallel()
	x := HabitIndex(habitual([]int{1, 2, 5, 6}, 3), july(), DefaultCalendar(time.UTC))
	if x.State != NotEnoughData || x.Value != nil || x.N != 4 || x.Burstiness != nil {
		t.Fatalf("got %+v", x)
	}
	// Known are coverage 4 of 60 (0.76 points) and gaps 1, 1, 1, 1 (20); batch, window, evenness and hours may add 55.
	if x.Low != 21 || x.High != 76 || x.Band != "" {
		t.Errorf("from %d to %d, %q", x.Low, x.High, x.Band)
	}
}

func TestAnOpenSilenceCountsAsAGap(t *testing.T) {
	t.Parallel()
	x := HabitIndex(habitual([]int{40}, 1), july(), DefaultCalendar(time.UTC))
	if x.CapReason == "" || x.High > indexCap {
		t.Errorf("one deployment forty days ago: %+v", x)
	}
}

func TestWithoutDeploymentsNothingIsKnown(t *testing.T) {
	t.Parallel()
	x := HabitIndex(Facts{}, july(), DefaultCalendar(time.UTC))
	if x.State != NoData || x.Value != nil || x.Low != 0 || x.High != 100 || x.Band != "" || len(x.Parts) != 6 {
		t.Errorf("got %+v", x)
	}
}

func TestWithoutChangesThePartsAboutThemStayOpen(t *testing.T) {
	t.Parallel()
	days := indexDaysWhere(func(d time.Time) bool { return d.Weekday() == time.Tuesday || d.Weekday() == time.Thursday })
	x := HabitIndex(habitual(days, 0), july(), DefaultCalendar(time.UTC))
	if x.State != NotEnoughData || x.High-x.Low != 45 || part(t, x, "batch").Known || part(t, x, "batch").Says == "" {
		t.Errorf("got %+v", x)
	}
}

func TestOnlyPlannedProductionRolloutsOfTheTwelveWeeksCount(t *testing.T) {
	t.Parallel()
	f := habitual([]int{1, 2, 3, 85}, 1)
	f.Rollouts[1].Kind = Rollback
	f.Rollouts[2].EnvironmentKind = Staging
	if x := HabitIndex(f, july(), DefaultCalendar(time.UTC)); x.N != 1 {
		t.Errorf("%d count", x.N)
	}
}

func TestTheCalendarKnowsFreeDays(t *testing.T) {
	t.Parallel()
	cal := DefaultCalendar(zoneOf(t, "Europe/Berlin"))
	cal.Holidays = map[string]bool{"2026-04-03": true, "2026-04-06": true}
	day := func(d, hour int) time.Time { return time.Date(2026, 4, d, hour, 0, 0, 0, cal.Zone) }
	for _, c := range []struct {
		from, to, days, hours int // of April 2026: Thursday 2, Good Friday 3, Easter Monday 6, Tuesday 7
	}{{2, 3, 0, 8}, {2, 7, 1, 9}, {3, 7, 1, 1}, {7, 8, 1, 9}, {8, 7, 0, 0}} {
		from, to := day(c.from, 10), day(c.to, 10)
		if got := cal.Between(from, to); got != c.days {
			t.Errorf("from the %d to the %d: %d working days, want %d", c.from, c.to, got, c.days)
		}
		if got := cal.Worked(from, to); got != time.Duration(c.hours)*time.Hour {
			t.Errorf("from the %d to the %d: %v worked, want %d h", c.from, c.to, got, c.hours)
		}
	}
	if n := cal.WorkingDays(Window{day(1, 0), day(8, 0)}); n != 3 {
		t.Errorf("%d working days in the week, want 3", n)
	}
	if cal.WorksAt(day(3, 10)) || cal.WorksAt(day(7, 18)) || !cal.WorksAt(day(7, 9)) {
		t.Error("working hours are [9, 18) on working days")
	}
}

func TestGiniOfKnownSpreads(t *testing.T) {
	t.Parallel()
	near(t, "even", gini([]int{3, 3, 3}), 0, 0)
	near(t, "one has all", gini([]int{0, 0, 0, 8}), 0.75, 0)
	near(t, "1, 2, 3", gini([]int{1, 2, 3}), 2.0/9, 1e-12)
	near(t, "nothing", gini([]int{0, 0}), 0, 0)
}

// Kim and Jo, "Measuring burstiness for finite event sequences" (2016): −1 for equal gaps, 1 when all wait is in one gap
// (r = √(N−2) for N−1 gaps), and 0 at r = √((N−2)/N).
func TestBurstinessAtItsLandmarks(t *testing.T) {
	t.Parallel()
	for _, n := range []int{6, 20, 500} {
		near(t, "regular", finiteBurstiness(0, n), -1, 1e-12)
		near(t, "extreme", finiteBurstiness(math.Sqrt(float64(n-2)), n), 1, 1e-12)
		near(t, "chance", finiteBurstiness(math.Sqrt(float64(n-2)/float64(n)), n), 0, 1e-12)
	}
}
