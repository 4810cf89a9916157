package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// randomHabit is a service with deployments of all kinds at random times of the twelve weeks and the day after them.
func randomHabit(rng *rand.Rand) Facts {
	f := Facts{Service: "api"}
	kinds := []Kind{Planned, Planned, Planned, Planned, Planned, Rollback, Rework, Redeploy}
	for i := range rng.IntN(90) {
		r := rollout("git/"+string(rune('a'+i%26))+string(rune('a'+i/26)), july().Add(-time.Duration(rng.Int64N(int64(indexDays*24*time.Hour)))).Add(8*time.Hour))
		r.Kind = kinds[rng.IntN(len(kinds))]
		for range rng.IntN(7) {
			r.Changes = append(r.Changes, Change{SHA: "x"})
		}
		f.Rollouts = append(f.Rollouts, r)
	}
	slices.SortFunc(f.Rollouts, func(a, b Rollout) int { return a.FinishedAt.Compare(b.FinishedAt) })
	return f
}

// fromRows computes the index from nothing but the rows of its explanation, by the definition and another way than the code.
func fromRows(x IndexExplanation) (low, high float64) {
	c01 := func(v float64) float64 { return math.Max(0, math.Min(1, v)) }
	n, off, known := len(x.Deployments), 0, 0
	var perChange []float64
	for _, d := range x.Deployments {
		if d.OffHours {
			off++
		}
		if d.Changes > 0 {
			known++
		}
		for range d.Changes {
			perChange = append(perChange, float64(d.Changes))
		}
	}
	var pauses, perDay []float64
	for _, p := range x.Pauses {
		pauses = append(pauses, float64(p.Days))
	}
	with, sum := 0.0, 0.0
	for _, d := range x.Days {
		if d.Working {
			perDay = append(perDay, float64(d.Changes))
			sum += float64(d.Changes)
			if d.Deployments > 0 {
				with++
			}
		}
	}
	add := func(weight float64, enough bool, score func() float64) {
		if !enough {
			high += weight
			return
		}
		low, high = low+weight*score(), high+weight*score()
	}
	add(25, n > 0, func() float64 { return c01((with/float64(len(perDay)) - .05) / .55) })
	add(20, n > 0, func() float64 { return c01(math.Log(10/math.Max(1, decile(pauses, .9))) / math.Log(10)) })
	add(20, known >= 6, func() float64 { return c01(math.Log(20/decile(perChange, .5)) / math.Log(20)) })
	add(15, known >= 6, func() float64 {
		two := 0.0
		for _, c := range x.Cells {
			if c.Busiest {
				two += float64(c.Changes)
			}
		}
		return 1 - c01((two/float64(len(perChange))-.2)/.7)
	})
	add(10, known >= 6, func() float64 { // half the mean difference of all pairs, over the mean
		apart := 0.0
		for _, a := range perDay {
			for _, b := range perDay {
				apart += math.Abs(a - b)
			}
		}
		return c01((.95 - apart/(2*sum*float64(len(perDay)))) / .6)
	})
	add(10, n >= 6, func() float64 { return 1 - c01(2*float64(off)/float64(n)) })
	if n > 0 && (decile(pauses, .5) >= 5 || decile(pauses, .9) >= 10) {
		low, high = math.Min(40, low), math.Min(40, high)
	}
	return low, high
}

func decile(values []float64, q float64) float64 {
	slices.Sort(values)
	at := q * float64(len(values)-1)
	below := int(at)
	above := min(below+1, len(values)-1)
	return values[below] + (at-float64(below))*(values[above]-values[below])
}

func TestTheIndexFollowsFromTheRowsOfItsExplanation(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 13))
	cal := DefaultCalendar(zoneOf(t, "Europe/Berlin"))
	cal.Holidays = map[string]bool{"2026-05-01": true, "2026-05-25": true}
	values := 0
	for range 400 {
		f, asOf := randomHabit(rng), july().Add(15*time.Hour)
		x, index := ExplainIndex(f, asOf, cal), HabitIndex(f, asOf, cal)
		low, high := fromRows(x)
		if math.Abs(low-float64(index.Low)) > .5+1e-9 || math.Abs(high-float64(index.High)) > .5+1e-9 || x.Index.Low != index.Low || x.Index.High != index.High {
			t.Fatalf("from the rows %.2f to %.2f, the index says %d to %d", low, high, index.Low, index.High)
		}
		if n := len(x.Deployments) + len(x.LeftOut); n != len(f.Rollouts) {
			t.Fatalf("%d of %d rollouts are shown", n, len(f.Rollouts))
		}
		if index.Value != nil {
			values++
		}
	}
	if values < 100 {
		t.Errorf("only %d of them have a value", values)
	}
}

func TestTheExplanationOfAnIndexNamesTheEndsOfPausesAndTheReasonsOfWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	f := habitual([]int{0, 8, 11, 12, 27, 30}, 2) // the last one is of 1 July itself
	for i := range f.Rollouts {
		f.Rollouts[i].ID = string(rune('a' + i))
	}
	f.Rollouts[3].Kind = Rollback
	f.LeftOut = []LeftOut{{Record: "git/deployment/x", At: july().AddDate(0, 0, -5), Reason: leftCancelled}, {Record: "git/deployment/y", At: july().AddDate(-1, 0, 0), Reason: leftCancelled}}
	x := ExplainIndex(f, july().Add(15*time.Hour), DefaultCalendar(time.UTC))
	longest := x.Pauses[0]
	if longest.After != "b" || longest.Until != "c" || longest.Days != 11 || longest.Open {
		t.Errorf("the longest pause is %+v", longest)
	}
	if open := x.Pauses[1]; !open.Open || open.After != "e" || open.Until != "" || open.Days != 5 {
		t.Errorf("the open pause is %+v", open)
	}
	var left []string
	for _, l := range x.LeftOut {
		left = append(left, l.Record+" "+l.Reason)
	}
	if got := strings.Join(left, "; "); got != "d not planned: rollback; git/deployment/x cancelled; f finished on the last day, which is not over: the index counts whole days" {
		t.Errorf("left out: %s", got)
	}
	if x.Calendar.WorkingDays != 60 || x.Calendar.FreeDays != 24 || x.Open != 55 || len(x.Made) != 6 || x.Made[2].Points != nil || x.Made[0].Points == nil {
		t.Errorf("calendar %+v, %d points open, %+v", x.Calendar, x.Open, x.Made)
	}
	if x.Deployments[1].CountsOn != "2026-06-04" || len(x.Batches) != 1 || x.Batches[0].UpTo != 8 {
		t.Errorf("deployments %+v, batches %+v", x.Deployments, x.Batches)
	}
}

func TestHolidaysAndFreeDaysAreToldApart(t *testing.T) {
	t.Parallel()
	cal := DefaultCalendar(time.UTC)
	cal.Holidays = map[string]bool{"2026-05-25": true, "2026-05-30": true} // a Monday and a Saturday
	x := ExplainIndex(habitual([]int{32}, 1), july(), cal)                 // on Saturday 30 May
	if c := x.Calendar; c.WorkingDays != 59 || c.FreeDays != 24 || strings.Join(c.Holidays, " ") != "2026-05-25" {
		t.Errorf("%+v", c)
	}
	if d := x.Deployments[0]; d.CountsOn != "2026-05-29" || !d.OffHours || d.Weekday != "Saturday" || d.FromHour != 10 {
		t.Errorf("%+v", d)
	}
	none := ExplainIndex(habitual([]int{32}, 1), july(), Calendar{Zone: time.UTC})
	if none.Calendar.WorkingDays != 0 || none.Deployments[0].CountsOn != "" || none.Index.Low != 0 || none.Index.High != 100 {
		t.Errorf("without a working day: %+v", none.Index)
	}
}
