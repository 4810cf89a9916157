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

// takeBack keeps the incidents that corrections left out, as they were known until then.
func (f *Facts) takeBack(before Facts, given []*Correction) {
	for _, was := range before.Incidents {
		if slices.ContainsFunc(f.Incidents, func(now IncidentLink) bool { return now.ID == was.ID }) {
			continue
		}
		var near, last time.Time
		for _, c := range given {
			last = later(last, c.At)
			if c.Record.Source+"/"+c.Record.ID == was.ID && c.Record.Type == TypeIncident {
				near = later(near, c.At)
			}
		}
		told := was.KnownAs()
		end := told[len(told)-1]
		end.At, end.Uncounted = cmpTime(near, last).UTC(), true
		was.Told = append(slices.Clone(told), end)
		f.TakenBack = append(f.TakenBack, was)
	}
}
