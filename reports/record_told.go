package reports

import (
	"html/template"
	"strings"

	"shiphabit/metrics/gate"
)

// Told shows a sentence of the gate about a service as it was written down: with its instants as the clock says them, and with each record
// that it names as a link, beside which stands what people call it and when it was, once, where the sentence does not name it itself.
func (n Records) Told(sentence, service string) template.HTML {
	var out, plain strings.Builder
	named := map[string]bool{}
	for i, word := range strings.Split(sentence, " ") {
		if i > 0 {
			plain.WriteByte(' ')
		}
		id := strings.TrimRight(strings.TrimLeft(word, "("), "),.;:")
		link := n.link(id)
		if id == "" || link == "" {
			plain.WriteString(word)
			continue
		}
		before, after, _ := strings.Cut(word, id)
		plain.WriteString(before)
		out.WriteString(string(n.clock.Told(plain.String())))
		plain.Reset()
		out.WriteString(`<a href="` + template.HTMLEscapeString(link) + `">` + string(breakable(id)) + `</a>`)
		if !named[id] {
			out.WriteString(string(n.gloss(id, sentence, service)))
		}
		named[id] = true
		plain.WriteString(after)
	}
	out.WriteString(string(n.clock.Told(plain.String())))
	return template.HTML(out.String()) //nolint:gosec // every part is escaped
}

// link is the address of a record or a decision, "" for a word that names none.
func (n Records) link(id string) string {
	if isDecision(id) {
		return DecisionPath(id)
	}
	if r, found := n.known[untyped(id)]; found {
		return RecordPath(r.service, untyped(id))
	}
	return ""
}

// isDecision tells the id of a decision from other words by how it begins and by how much follows.
func isDecision(id string) bool {
	rest, found := strings.CutPrefix(id, "gd_")
	return found && rest != "" && !strings.ContainsAny(rest, "…/_")
}

// gloss names a record beside its id, where the sentence does not name it.
func (n Records) gloss(id, sentence, service string) template.HTML {
	r, found := n.known[untyped(id)]
	if !found || strings.Contains(sentence, r.name()) {
		return ""
	}
	name := r.name()
	if r.service != service {
		name = r.service + " " + name
	}
	return " (" + breakable(name) + ", " + n.clock.Moment(r.at()) + ")"
}

// evidence is a record or a decision that a reason rests on, by its name and time; flight is the change on its way, nil for none.
func (n Records) evidence(id, service string, flight *gate.Flight) Cell {
	if flight != nil && id == flight.Decision {
		return Cell{Text: named(flight.Version, flight.Revision, flight.Digest) + ", let through " + n.clock.Row(flight.At), Href: DecisionPath(id)}
	}
	if isDecision(id) {
		return Cell{Text: id, Href: DecisionPath(id)}
	}
	if _, found := n.known[untyped(id)]; !found {
		return Cell{Text: id, Href: RecordPath(service, id)}
	}
	return n.Full(id, service)
}
