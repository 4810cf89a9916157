package metrics

import (
	"slices"
	"time"
)

// told lists what was known of an incident from when on, nil where its final state says it all.
func (d *derivation) told(l *link) []Telling {
	own := later(l.Value.StartedAt, l.Value.DetectedAt)
	since := func(e *Event) time.Time {
		if at, assumed := knownAt([]*Event{e}, anyRevision, own); !assumed {
			return canonicalTime(at)
		}
		return own
	}
	var instants []time.Time
	for _, e := range l.revisions {
		instants = append(instants, since(e))
	}
	slices.SortFunc(instants, time.Time.Compare)
	var told []Telling
	for _, at := range slices.CompactFunc(instants, time.Time.Equal) {
		var known []*Event
		for _, e := range l.revisions {
			if !since(e).After(at) {
				known = append(known, e)
			}
		}
		i, err := mergeRevisions(known).Incident()
		if err != nil || i.StartedAt.IsZero() { // a correction came before what it corrects
			continue
		}
		t := Telling{At: at, StartedAt: i.StartedAt, ResolvedAt: i.ResolvedAt, Uncounted: !d.rules.countsSeverity(i.Severity),
			EnvironmentKind: d.environment(i.Environment).kind}
		if n := len(told); n == 0 || !told[n-1].same(t) {
			told = append(told, t)
		}
	}
	if len(told) == 1 && told[0].At.Equal(own) {
		return nil
	}
	return told
}

// same reports whether two tell the same, whenever they do.
func (t Telling) same(other Telling) bool {
	return t.StartedAt.Equal(other.StartedAt) && t.ResolvedAt.Equal(other.ResolvedAt) && t.Uncounted == other.Uncounted &&
		t.EnvironmentKind == other.EnvironmentKind
}

// KnownAs lists what was known of the incident from when on, in order; the last is what is known now.
func (i *IncidentLink) KnownAs() []Telling {
	if len(i.Told) > 0 {
		return i.Told
	}
	return []Telling{{At: later(i.StartedAt, i.DetectedAt), StartedAt: i.StartedAt, ResolvedAt: i.ResolvedAt, Uncounted: i.Uncounted,
		EnvironmentKind: i.EnvironmentKind}}
}

// tellings follow what was known of the incidents of a service from one correction to the next.
type tellings struct {
	all []*telling // in the order in which they were met
	by  map[string]*telling
}

type telling struct {
	link IncidentLink // as it was known last
	told []Telling
	here bool // since the last correction
}

// add takes the incidents as they are known from an instant on at which they changed, by hand where corrections were made then; zero for those of before.
func (t *tellings) add(incidents []IncidentLink, from time.Time, byHand bool) {
	if t.by == nil {
		t.by = make(map[string]*telling, len(incidents))
	}
	for _, one := range t.all {
		one.here = false
	}
	for _, link := range incidents {
		one := t.by[link.ID]
		if one == nil {
			one = &telling{}
			t.all, t.by[link.ID] = append(t.all, one), one
		}
		one.link, one.here, one.told = link, true, goOn(toldBefore(one.told, from), link.KnownAs(), from, byHand)
	}
	for _, one := range t.all {
		if one.here {
			continue
		}
		one.told = toldBefore(one.told, from)
		if n := len(one.told); n > 0 && !one.told[n-1].Uncounted {
			gone := one.told[n-1]
			gone.At, gone.Uncounted, gone.Corrected = from, true, byHand
			one.told = append(one.told, gone)
		}
	}
}

// toldBefore is what was told before an instant.
func toldBefore(told []Telling, at time.Time) []Telling {
	n := 0
	for n < len(told) && told[n].At.Before(at) {
		n++
	}
	return told[:n:n]
}

// goOn tells, from an instant on, what is known since then.
func goOn(told, since []Telling, from time.Time, byHand bool) []Telling {
	for n, s := range since {
		if n+1 < len(since) && !since[n+1].At.After(from) {
			continue // something else was known by then
		}
		s.At, s.Corrected = later(s.At, from), byHand && !s.At.After(from)
		if len(told) == 0 || !told[len(told)-1].same(s) {
			told = append(told, s)
		}
	}
	return told
}

// finish gives the incidents what was told of them, and those that were once known and are no more.
func (t *tellings) finish(f *Facts) {
	for i := range f.Incidents {
		link := &f.Incidents[i]
		told := t.by[link.ID].told
		if link.Told = told; len(told) == 1 && told[0].At.Equal(later(link.StartedAt, link.DetectedAt)) {
			link.Told = nil
		}
	}
	for _, one := range t.all {
		if !one.here && len(one.told) > 0 {
			one.link.Told = one.told
			f.TakenBack = append(f.TakenBack, one.link)
		}
	}
}
