package reports

import (
	"slices"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// findingsShown is how many findings of a kind the page lists.
const findingsShown = 10

// Doctor says what is missing where a figure is empty, and the step that supplies it.
type Doctor struct {
	Frame
	Diagnosis doctor.Diagnosis
	// Service and Figure narrow the findings; empty for all.
	Service, Figure string
}

func (Doctor) template() string { return "doctor" }

// narrowed are the findings about the figure that was asked for.
func (d Doctor) narrowed() doctor.Diagnosis {
	if d.Figure == "" {
		return d.Diagnosis
	}
	of := d.Diagnosis
	of.Findings = nil
	for _, f := range d.Diagnosis.Findings {
		if slices.Contains(f.Figures, d.Figure) {
			of.Findings = append(of.Findings, f)
		}
	}
	return of
}

// GroupView are findings of one kind as they are shown.
type GroupView struct {
	doctor.Group
	Mark VerdictView
	More int
	// Touches are the figures that they keep from being whole.
	Touches []Cell
	// Remedy is what to do about all of them, where it is the same for each: it is then said once.
	Remedy string
}

// Groups are the findings by kind, the worst first.
func (d Doctor) Groups() []GroupView {
	var views []GroupView
	for _, g := range d.narrowed().Groups(findingsShown) {
		v := GroupView{Group: g, Mark: severityOf(g.Severity), More: g.N - len(g.Findings)}
		for _, figure := range g.Figures {
			title, _ := FigureOf(figure, metrics.Scorecard{}, nil)
			v.Touches = append(v.Touches, Cell{Text: title.Title, Href: d.Link("/doctor", "figure", figure, "service", d.Service)})
		}
		v.Remedy, v.Findings = shared(g.Findings)
		views = append(views, v)
	}
	return views
}

// shared takes the remedy out of findings that all have the same.
func shared(findings []doctor.Finding) (remedy string, rest []doctor.Finding) {
	if len(findings) < 2 || findings[0].Remedy == "" {
		return "", findings
	}
	rest = slices.Clone(findings)
	for i, f := range findings {
		if f.Remedy != findings[0].Remedy {
			return "", findings
		}
		rest[i].Remedy = ""
	}
	return findings[0].Remedy, rest
}

// severityOf words a severity, with a shape and a class.
func severityOf(s doctor.Severity) VerdictView {
	switch s {
	case doctor.Trouble:
		return VerdictView{"trouble", "■", "stop"}
	case doctor.Gap:
		return VerdictView{"gap", "▲", "care"}
	default:
		return VerdictView{"note", "○", "none"}
	}
}

// Tally counts the findings of each severity.
func (d Doctor) Tally() []SeverityCount {
	counts := []SeverityCount{{Mark: severityOf(doctor.Trouble)}, {Mark: severityOf(doctor.Gap)}, {Mark: severityOf(doctor.Note)}}
	for _, f := range d.narrowed().Findings {
		for i, s := range []doctor.Severity{doctor.Trouble, doctor.Gap, doctor.Note} {
			if f.Severity == s {
				counts[i].N++
			}
		}
	}
	for i := 1; i < len(counts); i++ { // trouble has no plural
		if counts[i].N != 1 {
			counts[i].Mark.Word += "s"
		}
	}
	return counts
}

// SeverityCount is how many findings have a severity.
type SeverityCount struct {
	Mark VerdictView
	N    int
}

// Figures is the table of how many findings touch each figure.
func (d Doctor) Figures() Table {
	t := Table{Caption: "Findings per figure", Head: []Head{{Text: "Figure"}, {"Trouble", true}, {"Gaps", true}, {"Notes", true}}}
	for _, figure := range metrics.AllFigures() {
		counts := map[doctor.Severity]int{}
		for _, f := range d.Diagnosis.Findings {
			if slices.Contains(f.Figures, figure) {
				counts[f.Severity]++
			}
		}
		title, _ := FigureOf(figure, metrics.Scorecard{}, nil)
		t.Rows = append(t.Rows, []Cell{
			{Text: title.Title, Href: d.Link("/doctor", "figure", figure, "service", d.Service)},
			{Text: Count(counts[doctor.Trouble])}, {Text: Count(counts[doctor.Gap])}, {Text: Count(counts[doctor.Note])},
		})
	}
	return t
}

// FigureTitle is the name of the figure that was asked for.
func (d Doctor) FigureTitle() string {
	title, _ := FigureOf(d.Figure, metrics.Scorecard{}, nil)
	return title.Title
}

// All is the address of the page that is not narrowed.
func (d Doctor) All() string { return d.Link("/doctor") }

// AllJSON is the address of every finding for programs.
func (d Doctor) AllJSON() string {
	if d.Service != "" {
		return View{}.Link("/api/v1/doctor", nil, "service", d.Service)
	}
	return "/api/v1/doctor"
}
