package metrics

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestTheTimeOfThousandsOfServicesOverYearsAddsUp(t *testing.T) {
	t.Parallel()
	var o Observation
	end := july().AddDate(5, 0, 0)
	for range 5000 {
		o.Add(Observed{Since: july(), FirstIncident: july()}, []Outage{{july(), july().Add(time.Hour)}})
	}
	o.Sort()
	var tally Tally
	q := Query{Window: Window{july(), end}}.complete()
	tally.Observe(&o, q)
	r := Measure(tally, q).Reliability
	if r.Observed != 5000*end.Sub(july()).Seconds() || r.Down != 5000*3600 {
		t.Errorf("%+v", r)
	}
}

// Each service and millisecond counts once, however outages overlap.
func TestAnObservationIsTheSumOfItsServices(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(13, 13))
	at := func(ms int) time.Time { return july().Add(time.Duration(ms) * time.Millisecond) }
	for range 300 {
		var o Observation
		var observed, down [120]int
		for range 1 + rng.IntN(5) {
			since := rng.IntN(100)
			var outages []Outage
			in := [120]bool{}
			for range rng.IntN(6) {
				from, to := rng.IntN(110), rng.IntN(110)
				outage := Outage{From: at(from), To: at(to)}
				if rng.IntN(6) == 0 {
					outage.To, to = time.Time{}, len(in)
				}
				outages = append(outages, outage)
				for ms := max(from, since); ms < to; ms++ {
					in[ms] = true
				}
			}
			slices.SortStableFunc(outages, func(a, b Outage) int { return a.From.Compare(b.From) })
			o.Add(Observed{Since: at(since)}, outages)
			for ms := since; ms < len(in); ms++ {
				observed[ms]++
				if in[ms] {
					down[ms]++
				}
			}
		}
		o.Sort()
		from := rng.IntN(100)
		to := from + rng.IntN(len(down)-from)
		var tally Tally
		tally.Observe(&o, Query{Window: Window{at(from), at(to)}}.complete())
		var wantObserved, wantDown ServiceTime
		for ms := from; ms < to; ms++ {
			wantObserved, wantDown = wantObserved+ServiceTime(observed[ms]), wantDown+ServiceTime(down[ms])
		}
		if tally.Observed != wantObserved || tally.Down != wantDown {
			t.Fatalf("%d to %d: %d ms, %d down; want %d, %d", from, to, tally.Observed, tally.Down, wantObserved, wantDown)
		}
	}
}
