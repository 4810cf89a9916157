package reports

import (
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// Services lists every service by name: the order is no ranking.
type Services struct {
	Frame
	Rows []ServiceRow
}

func (Services) template() string { return "services" }

// Service is one service: what was deployed when, its figures over time, and what the gate says now.
type Service struct {
	Frame
	Row    ServiceRow
	Moves  []metrics.Move // against the window before; nil when there is none
	Levels []metrics.Level
	Course Course
	Facts  metrics.Facts
	Steps  []gate.MeterStep
	Zone   *time.Location
	// Stages are those that the definition splits lead time into, in order.
	Stages []string
}

func (Service) template() string { return "service" }

// Figures are the five numbers of the service.
func (s Service) Figures() []Figure { return figures(s.Row.Card, s.Moves, s.Levels, s.Course) }

// More is the table of the figures beside the five.
func (s Service) More() Table { return more(s.Row.Card, s.Explain) }

// Explain is the address that opens a figure of this service.
func (s Service) Explain(figure string) string {
	return s.Link(segments("explain", figure), "service", s.Row.Service.Name)
}

// Missing is the address that says why a figure of the service is empty.
func (s Service) Missing(figure string) string {
	return s.Link("/doctor", "service", s.Row.Service.Name, "figure", figure)
}

// Charts are the pictures of the service, the timeline first.
func (s Service) Charts() []Chart {
	out := []Chart{Timeline(s.Row.Card, s.Facts.Rollouts, s.Zone)}
	out = append(out, fourCharts(s.Row.Card, s.Course, s.Facts.Rollouts, s.Moves)...)
	return s.pictured(append(out, DayMap(s.Row.Card, s.Facts.Rollouts, s.Zone), MeterHistory(s.Row.Gate.Meter, s.Steps, s.View.Window)))
}

// Incidents is the table of incidents that began in the window, with how each was linked.
func (s Service) Incidents() Table {
	t := Table{Caption: "Incidents of this window", Head: []Head{{Text: "Started"}, {Text: "Incident"}, {Text: "Severity"}, {Text: "Resolved"}, {Text: "Deployment"}, {Text: "Why linked"}}}
	for _, i := range s.Facts.Incidents {
		if !s.View.Window.Contains(i.StartedAt) {
			continue
		}
		title, severity, resolved, rollout := i.Title, "not stated", "still open", "none"
		if title == "" {
			title = i.ID
		}
		if i.Severity > 0 {
			severity = Count(i.Severity)
		}
		if !i.ResolvedAt.IsZero() {
			resolved = "after " + Span(i.ResolvedAt.Sub(i.StartedAt).Seconds())
		}
		if i.Rollout != "" {
			rollout = i.Rollout
		}
		t.Rows = append(t.Rows, []Cell{{Text: i.StartedAt.UTC().Format("2006-01-02 15:04")}, {Text: title, Href: i.URL}, {Text: severity}, {Text: resolved}, {Text: rollout},
			{Text: string(i.Confidence) + ": " + i.Reason}})
	}
	return t
}

// LeftOut is the table of records that enter no figure.
func (s Service) LeftOut() Table { return leftOut(s.Facts.LeftOut, "Records that enter no figure") }
