package reports

import (
	"fmt"
	"strings"

	"shiphabit/metrics"
)

// AboutService is what a report on one service is made of.
type AboutService struct {
	Basis
	Row       ServiceRow
	Incidents []metrics.IncidentLink
}

// ServiceReport tells how one service is deployed.
func ServiceReport(in AboutService) Document {
	name := in.Row.Service.Name
	d := in.document("service", "Service report "+in.Period.Name, name)
	d.Lead = "How the service is deployed, and what stands between it and a habit."
	d.Summary = summary(append(in.figureSentences(), in.indexSays(), in.verdictSays())...)
	text, grids := in.quality()
	d.Sections = []Section{
		in.figuresSection(), in.movesSection(), in.indexSection(), in.incidentsSection(),
		{ID: "quality", Title: "Data quality", Text: text, Grids: grids},
	}
	return d
}

func (in AboutService) indexSays() string {
	i := in.Row.Index
	says := headline(i)
	switch {
	case i.NotComparable != "": // a number would be compared all the same
	case i.Value != nil:
		says += fmt.Sprintf(": the index is %s of 100", Count(*i.Value))
	case i.N > 0:
		says += fmt.Sprintf(": the index lies between %s and %s", Count(i.Low), Count(i.High))
	}
	return says + "."
}

// verdictSays is what the gate says, where it is of the moment of the report and no guess about the past.
func (in AboutService) verdictSays() string {
	if v := in.Row.Gate.Decision; v.Verdict != "" {
		return "The gate would answer a promotion with " + string(v.Verdict) + " as of this report."
	}
	return ""
}

func (in AboutService) indexSection() Section {
	s := Section{ID: "index", Title: "Event or habit", Text: []string{in.indexSays()}}
	g := Grid{Table: Table{Caption: "What the index is made of", Head: []Head{{Text: "Part"}, {"Points", true}, {"Of", true}, {Text: "Because"}}}}
	for _, p := range in.Row.Index.Parts {
		points := "unknown"
		if p.Known {
			points = digits(p.Score * float64(p.Weight))
		}
		title := partTitles[p.Name]
		if title == "" {
			title = p.Name
		}
		g.Rows = append(g.Rows, []Cell{{Text: title}, {Text: points}, {Text: Count(p.Weight)}, {Text: p.Says}})
	}
	if len(g.Rows) > 0 {
		s.Grids = []Grid{g}
	}
	return s
}

func (in AboutService) incidentsSection() Section {
	s := Section{ID: "incidents", Title: "Incidents of the period"}
	g := Grid{Table: Table{Caption: "Incidents that began in the period", Head: []Head{{Text: "Started"}, {Text: "Incident"}, {Text: "Severity"}, {Text: "Lasted"}, {Text: "Linked to a deployment"}}}}
	for _, i := range in.Incidents {
		if !in.Period.Window.Contains(i.StartedAt) {
			continue
		}
		severity, lasted, linked := "not stated", "still open", "no"
		if i.Severity > 0 {
			severity = Count(i.Severity)
		}
		if !i.ResolvedAt.IsZero() {
			lasted = Span(i.ResolvedAt.Sub(i.StartedAt).Seconds())
		}
		if i.Rollout != "" {
			linked = "yes, " + strings.ToLower(string(i.Confidence))
		}
		title := i.Title
		if title == "" {
			title = i.ID
		}
		g.Rows = append(g.Rows, []Cell{{Text: i.StartedAt.In(in.Zone).Format("2 Jan 2006 15:04")}, {Text: title}, {Text: severity}, {Text: lasted}, {Text: linked}})
	}
	if len(g.Rows) == 0 {
		s.Text = []string{"No incident that began in the period is recorded."}
		return s
	}
	s.Grids = []Grid{g}
	return s
}
