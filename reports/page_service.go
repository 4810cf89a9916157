package reports

import (
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// Services lists every service by name: the order is no ranking.
type Services struct {
	Frame
	Rows []ServiceRow // of this page
	// Find, Team, Band and Verdict narrow the list; empty for any.
	Find, Team, Band, Verdict string
	Teams                     []string
	// All counts the services, Found those asked for.
	All, Found int
	Page       int
	More       bool
	// Waiting counts the services that are not judged yet; Judged is when the oldest of the others was.
	Waiting int
	Judged  time.Time
}

func (Services) template() string { return "services" }

// Takes reports that a service is one of those asked for.
func (s Services) Takes(r ServiceRow) bool {
	return strings.Contains(strings.ToLower(r.Service.Name), strings.ToLower(s.Find)) && (s.Team == "" || r.Service.Team == s.Team) &&
		(s.Band == "" || s.Band == BandWord(r.Index)) && (s.Verdict == "" || s.Verdict == string(r.Gate.Standing()))
}

// Bands are those of the index to choose from.
func (Services) Bands() []string { return bandWords() }

// Standings are those before the gate to choose from.
func (Services) Standings() []gate.Result { return gate.Standings() }

// Explain is the address that opens a figure of these services, or of one team's.
func (s Services) Explain(figure string) string {
	return s.Link(segments("explain", figure), "team", s.Team)
}

// To is the address of another page of the same list.
func (s Services) To(page int) string { return s.Link(s.Path, append(s.Extra, "page", Count(page))...) }

// Service is one service: what was deployed when, its figures over time, and what the gate says now.
type Service struct {
	Frame
	Row    ServiceRow
	Moves  []metrics.Move // against the window before; nil when there is none
	Levels []metrics.Level
	Course Course
	Facts  metrics.Facts
	Days   map[int]int // deployments by day
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
	out = append(out, fourCharts(s.Row.Card, s.Course, HowFast(s.Row.Card, s.Facts.Rollouts), s.Moves)...)
	records := RecordsAmong(s.Clock, s.Facts)
	record := func(id string) Cell { return records.stepped(id, s.Row.Service.Name) }
	return s.pictured(append(out, StagesOverTime(s.Course.Rates, s.Course.RateSize, s.Stages), DayMap(s.Row.Card, s.Days, s.Zone), MeterHistory(s.Row.Gate.Meter, s.Steps, s.View.Window, record)))
}

// Incidents is the table of incidents that began in the window, with how each was linked.
func (s Service) Incidents() Table {
	t := Table{Caption: "Incidents of this window", Lines: true, Head: []Head{{Text: "Started"}, {Text: "Incident"}, {Text: "Severity"}, {Text: "Resolved"}, {Text: "Deployment"}, {Text: "Why linked"}}}
	records := RecordsAmong(s.Clock, s.Facts)
	for _, i := range s.Facts.Incidents {
		if !s.View.Window.Contains(i.StartedAt) {
			continue
		}
		title, severity, resolved, rollout := i.Title, "not stated", "still open", Cell{Text: "none"}
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
			rollout = records.Full(i.Rollout, s.Row.Service.Name)
		}
		t.Rows = append(t.Rows, []Cell{{Text: s.Clock.Row(i.StartedAt)}, {Text: title, Href: RecordPath(s.Row.Service.Name, i.ID)}, {Text: severity}, {Text: resolved}, rollout,
			records.Sentence(string(i.Confidence)+": "+i.Reason, s.Row.Service.Name, i.StartedAt)})
	}
	return t
}

// LeftOut is the table of records that enter no figure.
func (s Service) LeftOut() Table {
	return leftOut(s.Facts.LeftOut, "Records that enter no figure", RecordsAmong(s.Clock, s.Facts))
}
