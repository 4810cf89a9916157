package metrics

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// laterTold are the revisions by which sources changed what had been known before, with when: those that say something else of a deployment that had
// ended, of an incident or of a verdict, and deployments that were told of after what followed them. The facts are derived once for each instant at
// which there are any, as for corrections; of more than mostTold the latest are kept, so that a source that says something else of everything again and
// again costs a bounded time.
func (r *records) laterTold(rules Rules, window time.Duration) map[*Event]time.Time {
	told := map[*Event]time.Time{}
	for i := range r.deployments {
		if revisions := r.deployments[i].revisions; toldOn(revisions) {
			restated(told, revisions, Event.Deployment, Deployment.stands, sameDeployment)
		}
	}
	for i := range r.incidents {
		restated(told, r.incidents[i].revisions, Event.Incident, func(Incident) bool { return true }, sameIncident)
	}
	for i := range r.verdicts {
		restated(told, r.verdicts[i].revisions, Event.Verdict, func(Verdict) bool { return true }, func(was, is Verdict) bool {
			return was.Result == is.Result && was.Deployment == is.Deployment && was.At.Equal(is.At)
		})
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

// toldOn reports whether more was told of a deployment after it was said to have ended. That is so of few, and the others need not be read again.
func toldOn(revisions []*Event) bool {
	if len(revisions) < 2 {
		return false
	}
	var ended *Event
	for _, e := range revisions {
		ends := bytes.Contains(e.Payload, []byte(`"succeeded"`)) || bytes.Contains(e.Payload, []byte(`"failed"`))
		if ends && (ended == nil || e.knownBefore(ended)) {
			ended = e
		}
	}
	return ended != nil && slices.ContainsFunc(revisions, func(e *Event) bool { return e.reachedUs() && ended.knownBefore(e) })
}

// knownBefore orders revisions by when they were known; those of which that is a guess come first.
func (e *Event) knownBefore(other *Event) bool {
	return !e.reachedUs() && other.reachedUs() || e.reachedUs() && other.reachedUs() && e.RecordedAt.Before(other.RecordedAt)
}

// sameMoment bounds how far apart two statements of one moment may be: what pushes and what is polled take it from different clocks.
const sameMoment = time.Minute

// sameDeployment reports whether two statements of an ended deployment come to the same for the gate.
func sameDeployment(was, is Deployment) bool {
	for _, d := range []*Deployment{&was, &is} {
		d.Actor, d.Trigger, d.URL, d.Ref, d.CreatedAt = "", "", "", "", time.Time{}
		if d.Labels = map[string]string{KindLabel: d.Labels[KindLabel], "": targetOf(*d, d.Environment)}; d.Revision != "" || d.Digest != "" {
			d.Version = "" // it says nothing of what was deployed then
		}
	}
	if was.StartedAt.IsZero() || was.StartedAt.Sub(is.StartedAt).Abs() < sameMoment {
		is.StartedAt = was.StartedAt
	}
	if was.FinishedAt.Sub(is.FinishedAt).Abs() < sameMoment {
		is.FinishedAt = was.FinishedAt
	}
	return reflect.DeepEqual(was, is)
}

// sameIncident reports whether two statements of an incident lead to the same deployment, and count the same.
func sameIncident(was, is Incident) bool {
	return was.Deployment == is.Deployment && was.Revision == is.Revision && was.Service == is.Service && was.Environment == is.Environment &&
		was.Severity == is.Severity && was.StartedAt.Equal(is.StartedAt) && slices.Equal(was.mentions(), is.mentions())
}

// mentions are the words of its labels and title by which a deployment may be found.
func (r Incident) mentions() []string {
	return slices.DeleteFunc(append(labelValues(r.Labels), words(r.Title)...), func(word string) bool {
		return !tellsVersion(word) && !strings.Contains(word, "://")
	})
}

// stands reports whether a deployment ran to an end.
func (r Deployment) stands() bool {
	reason, running := unfit(r)
	return reason == "" && !running
}

// restated finds the revisions that changed what a record said when it already stood, and those after them.
func restated[T any](told map[*Event]time.Time, revisions []*Event, view func(Event) (T, error), stands func(T) bool, same func(was, is T) bool) {
	live := slices.DeleteFunc(slices.Clone(revisions), func(e *Event) bool { return !e.reachedUs() })
	if len(live) == 0 || len(revisions) < 2 {
		return
	}
	slices.SortStableFunc(live, func(a, b *Event) int { return a.RecordedAt.Compare(b.RecordedAt) })
	known := slices.DeleteFunc(slices.Clone(revisions), (*Event).reachedUs)
	was, err := view(mergeRevisions(known))
	stood, otherwise := len(known) > 0 && err == nil && stands(was), false
	for len(live) > 0 {
		at := live[0].RecordedAt
		for len(live) > 0 && live[0].RecordedAt.Equal(at) {
			if known, live = append(known, live[0]), live[1:]; otherwise {
				told[known[len(known)-1]] = at.UTC()
			}
		}
		if otherwise {
			continue
		}
		is, err := view(mergeRevisions(known))
		if otherwise = stood && err == nil && !same(was, is); otherwise {
			for _, e := range known {
				if e.reachedUs() && e.RecordedAt.Equal(at) {
					told[e] = at.UTC()
				}
			}
		}
		was, stood = is, err == nil && stands(is)
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
