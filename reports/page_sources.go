package reports

import (
	"strings"
	"time"

	"shiphabit/metrics/doctor"
)

// RowsShown is how many rows a table of these pages has at most; what is beyond is counted, and told as JSON.
const RowsShown = 200

// Sources lists what is read, how that goes, and what came of it.
type Sources struct {
	Frame
	List     []doctor.SourceState
	Services []Content // those that have anything, by name
}

func (Sources) template() string { return "sources" }

// Content is what the records of one service amount to.
type Content struct {
	Service                                 string
	Rollouts, Changes, Baselines, Incidents int
	LeftOut                                 int
}

// ContentOf counts what is known of a service.
func ContentOf(s doctor.Service) Content {
	c := Content{Service: s.Name, Changes: s.Known.Changes, Baselines: s.Known.Baselines, Incidents: s.Known.Incidents}
	for _, e := range s.Known.Environments {
		c.Rollouts += e.Rollouts
	}
	for _, n := range s.Known.LeftOut {
		c.LeftOut += n
	}
	return c
}

// Contents is the table of what was read, per service.
func (s Sources) Contents() Table {
	t := Table{Caption: "What the records amount to", Lines: true, Head: []Head{{Text: "Service"}, {"Deployments", true}, {"Changes", true}, {"Without known changes", true}, {"Incidents", true}, {"Left out", true}}}
	for _, c := range s.Services[:min(RowsShown, len(s.Services))] {
		t.Rows = append(t.Rows, []Cell{
			{Text: c.Service, Href: s.Link(segments("services", c.Service))}, {Text: Count(c.Rollouts)}, {Text: Count(c.Changes)}, {Text: Count(c.Baselines)},
			{Text: Count(c.Incidents)}, {Text: Count(c.LeftOut), Href: leftHref(s.Frame, c)},
		})
	}
	return t
}

func leftHref(f Frame, c Content) string {
	if c.LeftOut == 0 {
		return ""
	}
	return f.Link("/explain/deployment_frequency", "service", c.Service)
}

// More is how many services the table does not list.
func (s Sources) More() int { return max(0, len(s.Services)-RowsShown) }

// FirstSource is a part of a configuration to begin with.
func (Sources) FirstSource() string { return doctor.FirstSource }

// Views are the sources as they are shown.
func (s Sources) Views() []SourceView {
	views := make([]SourceView, len(s.List))
	for i, one := range s.List {
		views[i] = SourceView{one, s.AsOf, s.Link(segments("sources", one.Name))}
	}
	return views
}

// SourceView is a source as it is shown at an instant.
type SourceView struct {
	doctor.SourceState
	now time.Time
	// Href is its own page; empty on that page itself.
	Href string
}

// Mark is the state as a word with a shape and a class.
func (v SourceView) Mark() VerdictView {
	switch v.State {
	case doctor.Fine, doctor.Pushed:
		return VerdictView{string(v.State), "●", "good"}
	case doctor.Reading, doctor.Waiting:
		return VerdictView{string(v.State), "◆", "care"}
	case doctor.NotRead:
		return VerdictView{string(v.State), "○", "none"}
	default:
		return VerdictView{string(v.State), "■", "stop"}
	}
}

// Behind words how long ago the watermark is.
func (v SourceView) Behind() string {
	if v.Lag == nil {
		return ""
	}
	return Span(*v.Lag)
}

// Heard words how long ago something was heard of the source.
func (v SourceView) Heard() string {
	if v.LastHeard().IsZero() {
		return ""
	}
	return Span(v.now.Sub(v.LastHeard()).Seconds()) + " ago"
}

// Running tells that it is being read.
func (v SourceView) Running() bool { return !v.StartedAt.IsZero() && v.FinishedAt.IsZero() }

// Filled is how much of the reading under way is done, of a hundred; by records where their number is known, else by lists.
func (v SourceView) Filled() float64 {
	if v.Total > 0 {
		return share(v.Done, v.Total)
	}
	return share(v.Part, v.Parts)
}

// Progress words it.
func (v SourceView) Progress() string {
	switch {
	case v.Total > 0:
		return Count(v.Done) + " of " + Count(v.Total) + " records"
	case v.Parts > 0:
		return "list " + Count(v.Part) + " of " + Count(v.Parts)
	}
	return plural(v.Done, "record", "records") + " so far"
}

// Calls words how many calls the host lets us make still.
func (v SourceView) Calls() string {
	if v.Limit == 0 {
		return ""
	}
	return Count(v.Left) + " of " + Count(v.Limit)
}

// Source is the page of one source.
type Source struct {
	Frame
	SourceView
	SetAsides []Cell // record and, as Href, reason: the first of them
	Findings  []doctor.Finding
	// Pushed are the latest deliveries of the webhook, newest first; Further tells that there are more.
	Pushed  []Delivery
	Further bool
}

// Delivery is what a host pushed at once, and what became of it.
type Delivery struct {
	ID, Kind, Outcome string
	At                time.Time
	Events            int
	Says              string // why something of it was ignored or set aside
}

// Deliveries is the table of what the host pushed.
func (s Source) Deliveries() Table {
	t := Table{Caption: "Deliveries, newest first", Lines: true, Head: []Head{{Text: "Received"}, {Text: "Kind"}, {Text: "Outcome"}, {"Events", true}, {Text: "Why"}, {Text: "Delivery"}}}
	for _, d := range s.Pushed {
		t.Rows = append(t.Rows, []Cell{
			{Text: d.At.UTC().Format("2 Jan 2006 15:04 UTC")}, {Text: d.Kind}, {Text: d.Outcome}, {Text: Count(d.Events)}, {Text: d.Says}, {Text: d.ID},
		})
	}
	return t
}

// DeliveriesJSON is the address of all deliveries.
func (s Source) DeliveriesJSON() string { return "/api/v1" + segments("sources", s.Name, "deliveries") }

// NewSource shows a source with the records that it set aside, each with its reason.
func NewSource(f Frame, s doctor.SourceState, aside [][2]string, findings []doctor.Finding) Source {
	p := Source{Frame: f, SourceView: SourceView{SourceState: s, now: f.AsOf}, Findings: findings}
	for _, one := range aside[:min(RowsShown, len(aside))] {
		p.SetAsides = append(p.SetAsides, Cell{Text: one[0], Href: one[1]})
	}
	return p
}

func (Source) template() string { return "source" }

// WhatItBrought is the table of the events that came from it.
func (s Source) WhatItBrought() Table {
	t := Table{Caption: "Events stored, by type", Lines: true, Head: []Head{{Text: "Type"}, {"Events", true}, {Text: "First stored"}, {Text: "Last stored"}}}
	for _, b := range s.Brought {
		t.Rows = append(t.Rows, []Cell{
			{Text: strings.ReplaceAll(b.Type, "_", " ")}, {Text: Count(b.Events)},
			{Text: b.FirstAt.UTC().Format("2 Jan 2006 15:04 UTC")}, {Text: b.LastAt.UTC().Format("2 Jan 2006 15:04 UTC")},
		})
	}
	return t
}

// Aside is the table of the reasons for which records were set aside.
func (s Source) Aside() Table {
	t := Table{Caption: "Records set aside, by reason", Lines: true, Head: []Head{{Text: "Reason"}, {"Records", true}, {Text: "For example"}}}
	for _, r := range s.Reasons {
		t.Rows = append(t.Rows, []Cell{{Text: r.Reason}, {Text: Count(r.N)}, {Text: strings.Join(r.Examples, ", ")}})
	}
	return t
}

// AsideJSON is the address of all records that were set aside.
func (s Source) AsideJSON() string { return "/api/v1" + segments("sources", s.Name, "set-aside") }
