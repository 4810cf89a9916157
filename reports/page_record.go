package reports

import (
	"slices"
	"time"

	"shiphabit/metrics"
)

// Record is one rollout or incident of a service: what the gate's evidence leads to.
type Record struct {
	Frame
	Objection
	Service  string
	ID       string // as the address names it
	Rollout  *metrics.Rollout
	Incident *metrics.IncidentLink
	Left     *metrics.LeftOut // a deployment or an incident that enters no figure
	Now      time.Time

	facts metrics.Facts
}

// RecordOf finds a rollout, by its own id or that of one of its attempts, or an incident; false when the service has none of that id.
func RecordOf(f Frame, facts metrics.Facts, id string, now time.Time) (Record, bool) {
	r := Record{Frame: f, Service: facts.Service, ID: id, Now: now, facts: facts}
	r.Rollout, r.Incident = find(facts, id)
	if !r.Gone() {
		return r, true
	}
	for i := range facts.LeftOut {
		if one := &facts.LeftOut[i]; one.Record != id && untyped(one.Record) == id {
			r.Left = one
		}
	}
	return r, r.Left != nil
}

func find(facts metrics.Facts, id string) (*metrics.Rollout, *metrics.IncidentLink) {
	for i := range facts.Rollouts {
		one := &facts.Rollouts[i]
		if one.ID == id || slices.ContainsFunc(one.Attempts, func(a metrics.Attempt) bool { return a.ID == id }) {
			return one, nil
		}
	}
	for i := range facts.Incidents {
		if facts.Incidents[i].ID == id {
			return nil, &facts.Incidents[i]
		}
	}
	return nil, nil
}

func (Record) template() string { return "record" }

// Gone reports that the record is none of the service's any more: a correction left it out, or gave it away.
func (r Record) Gone() bool { return r.Rollout == nil && r.Incident == nil }

// What says which kind of record it is.
func (r Record) What() string {
	switch {
	case r.Rollout != nil:
		return "Deployment"
	case r.Incident != nil:
		return "Incident"
	}
	return "Record"
}

// Linked says how an incident was linked to its deployment.
func (r Record) Linked(i metrics.IncidentLink) Cell {
	return RecordsAmong(r.Clock, r.facts).Sentence(string(i.Confidence)+": "+i.Reason, r.Service, i.StartedAt)
}

// Name is what people call it.
func (r Record) Name() string {
	if r.Gone() {
		return r.ID
	}
	if r.Rollout != nil {
		return name(*r.Rollout)
	}
	if r.Incident.Title != "" {
		return r.Incident.Title
	}
	return r.Incident.ID
}

// State says how it stands.
func (r Record) State() string {
	switch {
	case r.Incident != nil && r.Incident.ResolvedAt.IsZero():
		return "open for " + Span(r.Now.Sub(r.Incident.StartedAt).Seconds())
	case r.Incident != nil:
		return "over after " + Span(r.Incident.ResolvedAt.Sub(r.Incident.StartedAt).Seconds())
	case !r.Rollout.Failed():
		return "no failure known"
	case r.Rollout.Recovery == nil:
		return "failed, and nothing has repaired it"
	default:
		return "failed; repaired after " + Span(r.Rollout.Recovery.At.Sub(r.Rollout.FinishedAt).Seconds()) + " by a " + r.Rollout.Recovery.By
	}
}

// To leads to a record that this one names, when it is one of the service's own.
func (r Record) To(id string) Cell {
	rollout, incident := find(r.facts, id)
	if rollout == nil && incident == nil {
		return Cell{Text: id}
	}
	if rollout != nil {
		return Cell{Text: namedRecord{r.Service, rollout, nil}.full(r.Clock), Href: RecordPath(r.Service, id)}
	}
	return Cell{Text: namedRecord{r.Service, nil, incident}.full(r.Clock), Href: RecordPath(r.Service, id)}
}

// mostChanges is how many changes the page of a rollout lists.
const mostChanges = 200

// Changes are what a rollout brought for the first time, with how long each took.
func (r Record) Changes() Table {
	t := Table{Caption: "Changes that it brought", Lines: true, Head: []Head{{Text: "Authored"}, {Text: "Commit"}, {Text: "Pull request"}, {"Lead time", true}}}
	for _, c := range r.Rollout.Changes[:min(mostChanges, len(r.Rollout.Changes))] {
		took := c.Fault
		if took == "" && !r.Rollout.SucceededAt.IsZero() {
			took = Span(r.Rollout.SucceededAt.Sub(c.AuthoredAt).Seconds())
		}
		t.Rows = append(t.Rows, []Cell{{Text: r.Clock.stamp(c.AuthoredAt)}, {Text: Short(c.SHA)}, {Text: orDash(c.PullRequest)}, {Text: orDash(took)}})
	}
	return t
}

// Causes are why a rollout counts as failed.
func (r Record) Causes() Table {
	t := Table{Caption: "Why it counts as failed", Lines: true, Head: []Head{{Text: "Cause"}, {Text: "At"}, {Text: "Known at"}, {Text: "Evidence"}, {Text: "How sure"}}}
	for _, f := range r.Rollout.Failures {
		known := r.Clock.Row(f.KnownAt)
		if f.Assumed {
			known += " (assumed)"
		}
		t.Rows = append(t.Rows, []Cell{{Text: string(f.Cause)}, {Text: r.Clock.Row(f.At)}, {Text: known}, r.To(f.Evidence), {Text: string(f.Confidence)}})
	}
	return t
}
