package reports

import (
	"cmp"
	"strings"
	"time"

	"shiphabit/metrics"
)

// Records finds the rollouts and incidents of some facts by their ids, and says them as people read them: the id stands in full on the page
// of the record and in exports.
type Records struct {
	clock  Clock
	known  map[string]namedRecord
	owners map[string]string // of deployments and incidents that enter no figure
}

// namedRecord is one of a service's own.
type namedRecord struct {
	service  string
	rollout  *metrics.Rollout
	incident *metrics.IncidentLink
}

// RecordsAmong are the records of facts, whose times a clock says.
func RecordsAmong(clock Clock, fs ...metrics.Facts) Records {
	n := Records{clock: clock, known: map[string]namedRecord{}, owners: map[string]string{}}
	for i := range fs {
		f := &fs[i]
		for j := range f.Rollouts {
			n.known[f.Rollouts[j].ID] = namedRecord{service: f.Service, rollout: &f.Rollouts[j]}
		}
		for j := range f.Incidents {
			n.known[f.Incidents[j].ID] = namedRecord{service: f.Service, incident: &f.Incidents[j]}
		}
		for _, l := range f.LeftOut {
			if id := untyped(l.Record); id != l.Record {
				n.owners[id] = f.Service
			}
		}
	}
	return n
}

// Owner is the service that a record belongs to, those left out included; empty where none is known.
func (n Records) Owner(id string) string {
	id = untyped(id)
	return cmp.Or(n.known[id].service, n.owners[id])
}

// Cell says a record in a table that tells its service and time beside it; what is no record of these facts, such as a commit, is cut short.
func (n Records) Cell(id string) Cell {
	r, found := n.known[untyped(id)]
	if !found {
		return Cell{Text: Short(id)}
	}
	return Cell{Text: r.name(), Href: RecordPath(r.service, untyped(id))}
}

// Full says a record that stands alone in the page of a service: its name and when it was.
func (n Records) Full(id, service string) Cell {
	c := n.Cell(id)
	r, found := n.known[untyped(id)]
	if !found {
		return Cell{Text: id}
	}
	if c.Text = r.full(n.clock); r.service != service {
		c.Text = r.service + " " + c.Text
	}
	return c
}

// beside is Full where the row tells an instant, which is not said again.
func (n Records) beside(id, service string, at time.Time) Cell {
	if r, found := n.known[untyped(id)]; found && r.service == service && r.at().Equal(at) {
		return n.Cell(id)
	}
	return n.Full(id, service)
}

// stepped is Cell for a step of a meter of a service; one that is not among these facts is named by its id.
func (n Records) stepped(id, service string) Cell {
	if _, found := n.known[id]; !found {
		return Cell{Text: id, Href: RecordPath(service, id)}
	}
	return n.Cell(id)
}

func (r namedRecord) name() string {
	if r.rollout != nil {
		return short(*r.rollout)
	}
	return cmp.Or(r.incident.Title, r.incident.ID)
}

// full is the name with when it was.
func (r namedRecord) full(clock Clock) string { return r.name() + ", " + clock.Row(r.at()) }

func (r namedRecord) at() time.Time {
	if r.rollout != nil {
		return r.rollout.FinishedAt
	}
	return r.incident.StartedAt
}

// short is the name of a rollout that tells it from the others of its service: its version or commit, else its id.
func short(r metrics.Rollout) string { return cmp.Or(r.Version, Short(r.Revision), r.ID) }

// Sentence is a sentence in a row about a service and an instant, with each record that it names as a link, and each other instant as the
// clock says it and each span as the pages do.
func (n Records) Sentence(text, service string, at time.Time) Cell {
	c := Cell{}
	add := func(part Cell) {
		if last := len(c.Parts) - 1; part.Href == "" && last >= 0 && c.Parts[last].Href == "" {
			c.Parts[last].Text += part.Text
		} else if part.Text != "" {
			c.Parts = append(c.Parts, part)
		}
		c.Text += part.Text
	}
	for i, word := range strings.Split(text, " ") {
		if i > 0 {
			add(Cell{Text: " "})
		}
		core := strings.TrimRight(strings.TrimLeft(word, "("), "),.;:")
		before, after, _ := strings.Cut(word, core)
		add(Cell{Text: before})
		if written, err := time.Parse(time.RFC3339, core); err == nil {
			add(Cell{Text: n.clock.Row(written)})
		} else if span, err := time.ParseDuration(core); err == nil && strings.HasSuffix(core, "s") {
			add(Cell{Text: Span(span.Seconds())})
		} else if n.Owner(core) != "" {
			add(n.beside(core, service, at))
		} else {
			add(Cell{Text: core})
		}
		add(Cell{Text: after})
	}
	return c
}
