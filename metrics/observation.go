package metrics

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// ServiceTime is the sum of spans of several services, in milliseconds: a time.Duration holds less than the time of three hundred
// services in a year.
type ServiceTime int64

// Seconds is the time in seconds.
func (t ServiceTime) Seconds() float64 { return float64(t) / 1000 }

// Observation is since when services are observed and when they were in an outage, summed over time, so that what falls into a
// window is looked up. Add fills it and Sort ends that; the zero Observation is of no service.
type Observation struct {
	observed, down ramp
	first          time.Time
}

// Add takes in a service. Its outages are sorted by their start; those that overlap count once.
func (o *Observation) Add(of Observed, outages []Outage) {
	if !of.FirstIncident.IsZero() && (o.first.IsZero() || of.FirstIncident.Before(o.first)) {
		o.first = of.FirstIncident
	}
	if of.Since.IsZero() {
		return
	}
	o.observed.turn(of.Since, 1)
	covered := of.Since
	for _, outage := range outages {
		if outage.From.Before(covered) {
			outage.From = covered
		}
		if outage.To.IsZero() {
			o.down.turn(outage.From, 1)
			return
		}
		if outage.From.Before(outage.To) {
			o.down.turn(outage.From, 1)
			o.down.turn(outage.To, -1)
			covered = outage.To
		}
	}
}

// Sort makes it ready to be asked; nothing may be added afterwards.
func (o *Observation) Sort() {
	o.observed = o.observed.sorted()
	o.down = o.down.sorted()
}

// Observe adds to a tally how long the services were observed in the query's window, as far as that has passed, and how much of it they
// were in an outage.
func (t *Tally) Observe(o *Observation, q Query) {
	t.firstIncident(o.first)
	if w := q.passed(); w.From.Before(w.To) {
		t.Observed += o.observed.rise(w)
		t.Down += o.down.rise(w)
	}
}

func (f Facts) observed() Observed { return Observed{f.Since, f.FirstIncident()} }

// ramp is a sum of times that run: it rises by as many milliseconds a millisecond as run at once.
type ramp []turnOf

// turnOf is where one more runs, or one less. Once sorted, height is the sum until then and running how many run from there on.
type turnOf struct {
	at      int64 // milliseconds since 1970
	running int
	height  ServiceTime
}

func (r *ramp) turn(at time.Time, by int) { *r = append(*r, turnOf{at: at.UnixMilli(), running: by}) }

// sorted puts the turns in order, one for each instant, and adds them up.
func (r ramp) sorted() ramp {
	slices.SortFunc(r, func(a, b turnOf) int { return cmp.Compare(a.at, b.at) })
	out := r[:0]
	for _, t := range r {
		if n := len(out); n > 0 && out[n-1].at == t.at {
			out[n-1].running += t.running
			continue
		} else if n > 0 {
			t.height = out[n-1].until(t.at)
			t.running += out[n-1].running
		}
		out = append(out, t)
	}
	return slices.Clip(out)
}

func (t turnOf) until(at int64) ServiceTime {
	return t.height + ServiceTime(t.running)*ServiceTime(at-t.at)
}

// rise is what the ramp gains in a window.
func (r ramp) rise(w Window) ServiceTime { return r.height(w.To) - r.height(w.From) }

func (r ramp) height(at time.Time) ServiceTime {
	ms := at.UnixMilli()
	before := sort.Search(len(r), func(i int) bool { return r[i].at > ms })
	if before == 0 {
		return 0
	}
	return r[before-1].until(ms)
}
