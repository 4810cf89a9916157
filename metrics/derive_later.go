package metrics

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"time"
)

// laterTold are the revisions by which sources changed what had been known before, with when: those that say something else of a deployment that had
// ended, of an incident or of a verdict, and deployments that were told of after what followed them. The facts are derived once for each instant at
// which there are any, as for corrections; of more than mostTold the latest are kept, so that a source that says something else of everything again and
// again costs a bounded time.
func (r *records) laterTold(rules Rules, window time.Duration) map[*Event]time.Time {
	told := map[*Event]time.Time{}
	for i := range r.deployments {
		if revisions := r.deployments[i].revisions; ends(revisions) > 1 {
			restated(told, revisions, Event.Deployment, Deployment.stands, func(d *Deployment) {
				d.Actor, d.Trigger, d.URL, d.Ref, d.CreatedAt = "", "", "", "", time.Time{}
				d.Labels = map[string]string{KindLabel: d.Labels[KindLabel], "": targetOf(*d, d.Environment)}
			})
		}
	}
	for i := range r.incidents {
		restated(told, r.incidents[i].revisions, Event.Incident, func(Incident) bool { return true }, func(i *Incident) {
			i.AcknowledgedAt, i.ResolvedAt, i.DetectedAt, i.DetectedBy, i.URL = time.Time{}, time.Time{}, time.Time{}, "", ""
		})
	}
	for i := range r.verdicts {
		restated(told, r.verdicts[i].revisions, Event.Verdict, func(Verdict) bool { return true }, func(v *Verdict) { v.Signals = nil })
	}
	r.outOfOrder(told, rules, window)
	if times := instants(nil, told); len(times) > mostTold {
		since := times[len(times)-mostTold]
		maps.DeleteFunc(told, func(_ *Event, at time.Time) bool { return at.Before(since) })
	}
	return told
}

// mostTold bounds the derivations for what sources told later of one service.
const mostTold = 200

// ends counts the revisions that say that a deployment ended. That is told once of nearly every one, and more need not be read then.
func ends(revisions []*Event) int {
	n := 0
	for _, e := range revisions {
		if bytes.Contains(e.Payload, []byte(`"succeeded"`)) || bytes.Contains(e.Payload, []byte(`"failed"`)) {
			n++
		}
	}
	return n
}

// stands reports whether a deployment ran to an end.
func (r Deployment) stands() bool {
	reason, running := unfit(r)
	return reason == "" && !running
}

// restated finds the revisions that changed what a record said when it already stood.
func restated[T any](told map[*Event]time.Time, revisions []*Event, view func(Event) (T, error), stands func(T) bool, without func(*T)) {
	live := slices.DeleteFunc(slices.Clone(revisions), func(e *Event) bool { return !e.reachedUs() })
	if len(live) == 0 || len(revisions) < 2 {
		return
	}
	slices.SortStableFunc(live, func(a, b *Event) int { return a.RecordedAt.Compare(b.RecordedAt) })
	known := slices.DeleteFunc(slices.Clone(revisions), (*Event).reachedUs)
	var after []*Event
	otherwise := false
	for len(live) > 0 {
		before, at := slices.Clip(known), live[0].RecordedAt
		var now []*Event
		for len(live) > 0 && live[0].RecordedAt.Equal(at) {
			now, live = append(now, live[0]), live[1:]
		}
		if known = append(before, now...); len(before) == 0 {
			continue
		}
		was, err := view(mergeRevisions(before))
		is, bad := view(mergeRevisions(known))
		if err != nil || bad != nil || !stands(was) {
			continue
		}
		without(&was)
		without(&is)
		after, otherwise = append(after, now...), otherwise || !reflect.DeepEqual(was, is)
	}
	if !otherwise {
		return
	}
	for _, e := range after {
		told[e] = e.RecordedAt.UTC()
	}
}

// reachedUs reports whether a source told it as it happened, so that when it was known is no guess.
func (e *Event) reachedUs() bool { return e.Live && !e.RecordedAt.IsZero() }

// outOfOrder finds the deployments that were known only after another that ended later, after an incident that they may have caused, or after a
// record that names them.
func (r *records) outOfOrder(told map[*Event]time.Time, rules Rules, window time.Duration) {
	var all []ended
	for i := range r.deployments {
		if d := &r.deployments[i]; d.Value.stands() {
			a := attempt{record: d}
			all = append(all, ended{d, a.knownAt()})
		}
	}
	slices.SortFunc(all, func(a, b ended) int { return b.Value.FinishedAt.Compare(a.Value.FinishedAt) })
	incidents := slices.Clone(r.incidents)
	slices.SortFunc(incidents, func(a, b record[Incident]) int { return a.Value.StartedAt.Compare(b.Value.StartedAt) })
	named := r.deploymentsNamed()
	places, after := map[string]string{}, map[string]*overtaken{} // by environment
	for _, d := range all {
		name := d.Value.Environment
		if _, known := places[name]; !known {
			places[name] = rules.joined(name)
		}
		place := after[places[name]]
		if place == nil {
			place = &overtaken{}
			after[places[name]] = place
		}
		late := place.before(d) || d.blamedFor(incidents, window) || d.namedBefore(named)
		if place.add(d); !late {
			continue
		}
		for _, e := range d.revisions {
			if e.reachedUs() && !e.RecordedAt.Before(d.known) {
				told[e] = e.RecordedAt.UTC()
			}
		}
	}
}

// ended is a deployment that ran to an end, and when that was known.
type ended struct {
	*record[Deployment]
	known time.Time
}

// blamedFor reports whether an incident, of those sorted by their start, was known earlier that the deployment may have caused.
func (d ended) blamedFor(incidents []record[Incident], window time.Duration) bool {
	begun := cmpTime(d.Value.StartedAt, d.Value.FinishedAt)
	from, _ := slices.BinarySearchFunc(incidents, begun, func(i record[Incident], at time.Time) int { return i.Value.StartedAt.Compare(at) })
	for _, i := range incidents[from:] {
		if i.Value.StartedAt.Sub(d.Value.FinishedAt) > window {
			break
		}
		if at, _ := knownAt(i.revisions, anyRevision, later(i.Value.StartedAt, i.Value.DetectedAt)); at.Before(d.known) {
			return true
		}
	}
	return false
}

// deploymentsNamed are those that incidents, rollbacks and fixes name, as they name them, with when the first of these was known.
func (r *records) deploymentsNamed() map[string]time.Time {
	named := map[string]time.Time{}
	name := func(ref string, known time.Time) {
		if at, before := named[ref]; ref != "" && (!before || known.Before(at)) {
			named[ref] = known
		}
	}
	for i := range r.incidents {
		v := r.incidents[i].Value
		at, _ := knownAt(r.incidents[i].revisions, anyRevision, later(v.StartedAt, v.DetectedAt))
		for _, e := range r.incidents[i].revisions {
			if told, err := e.Incident(); err == nil {
				name(told.Deployment, at)
			}
		}
	}
	for i := range r.deployments {
		at, _ := knownAt(r.deployments[i].revisions, anyRevision, deploymentTime(r.deployments[i].Value))
		for _, e := range r.deployments[i].revisions {
			if !bytes.Contains(e.Payload, []byte(`"rollback_of"`)) && !bytes.Contains(e.Payload, []byte(`"fixes"`)) {
				continue
			}
			told, err := e.Deployment()
			for _, ref := range append(slices.Clone(told.Fixes), told.RollbackOf) {
				if err == nil {
					name(ref, at)
				}
			}
		}
	}
	return named
}

func (d ended) namedBefore(named map[string]time.Time) bool {
	for _, ref := range []string{d.ID, d.name(), d.Value.URL} {
		if at, is := named[ref]; is && at.Before(d.known) {
			return true
		}
	}
	return false
}

// overtaken are the two of different revisions that were known first among the deployments that ended later at a place.
type overtaken [2]ended

// before reports whether one that ended later, of another revision, was known before a deployment.
func (o *overtaken) before(d ended) bool {
	for _, other := range o {
		if other.record != nil && other.Value.Revision != d.Value.Revision {
			return other.known.Before(d.known)
		}
	}
	return false
}

func (o *overtaken) add(d ended) {
	switch first, second := o[0], o[1]; {
	case first.record == nil || d.known.Before(first.known):
		if first.record != nil && first.Value.Revision != d.Value.Revision {
			o[1] = first
		}
		o[0] = d
	case first.Value.Revision != d.Value.Revision && (second.record == nil || d.known.Before(second.known)):
		o[1] = d
	}
}
