package reports

import (
	"slices"
	"strconv"
	"strings"

	"shiphabit/metrics"
)

// Explain opens a figure: its formula, the rows it was computed from, and those left out with the reason.
type Explain struct {
	Frame
	Figure Figure
	// Formula and Unit say how the number is made; Definition names the convention with its version.
	Formula, Unit, Definition string
	Slice                     string
	// Service or Team is what the figure is of; both empty for all. Stage is the part of lead time it is narrowed to, Part its words.
	Service, Team, Stage, Part string
	Counted                    Table // this page of the rows
	LeftOut                    Table
	Page                       int // from 1
	Pages                      int
	Rows                       int // rows in all
	Left                       int // rows left out in all
}

func (Explain) template() string { return "explain" }

// To is the address of another page of the rows.
func (e Explain) To(page int) string {
	n := ""
	if page > 1 {
		n = strconv.Itoa(page)
	}
	return e.Link(e.Path, "service", e.Service, "team", e.Team, "stage", e.Stage, "page", n)
}

// Corrections is the address of what people stated about the records of the service, or of all.
func (e Explain) Corrections() string { return CorrectionsPath(e.Service) }

// FigureOf is one of the figures of a scorecard with what explains it; ok is false for a name that is no figure.
func FigureOf(name string, card metrics.Scorecard, levels []metrics.Level) (Figure, bool) {
	for _, f := range figures(card, nil, levels, Course{}) {
		if f.Name == name {
			return f, true
		}
	}
	for _, f := range moreFigures(card) {
		if f.Name == name {
			return f, true
		}
	}
	return Figure{}, false
}

// perPage is how many rows a page of an explanation holds.
const perPage = 100

// Asked is what an explanation was asked for besides its figure.
type Asked struct {
	Service, Team, Stage string
	Page                 int
	// Records are those that rows may name.
	Records Records
}

// ExplainPage lays out one page of an explanation.
func ExplainPage(f Frame, e metrics.Explanation, asked Asked, levels []metrics.Level) Explain {
	p := Explain{Frame: f, Service: asked.Service, Team: asked.Team, Stage: asked.Stage, Part: stagesInWords[asked.Stage].title, Slice: e.Slice, Definition: e.Definition, Rows: len(e.Rows), Left: len(e.LeftOut)}
	p.Figure, _ = FigureOf(e.Figure, e.Scorecard, levels)
	if asked.Stage != "" {
		p.Figure = stageFigure(e.Scorecard, asked.Stage)
	}
	p.Formula, p.Unit = FormulaOf(e.Figure)
	p.Pages = max((len(e.Rows)+perPage-1)/perPage, 1)
	p.Page = min(max(asked.Page, 1), p.Pages)
	first := (p.Page - 1) * perPage
	p.Counted = Table{Caption: "Rows counted", Lines: true, Head: []Head{{Text: "At"}, {Text: "Record"}, {Text: "Service"}, {"Value", true}, {Text: "Why it counts"}}}
	for _, r := range e.Rows[first:min(first+perPage, len(e.Rows))] {
		says := r.Says
		if r.Open {
			says += ", still open"
		}
		why := r.Why
		if r.Settling {
			why += "; still settling"
		}
		p.Counted.Rows = append(p.Counted.Rows, []Cell{{Text: f.Clock.stamp(r.At)}, asked.Records.Cell(r.Record), {Text: r.Service, Href: f.Link(segments("services", r.Service))}, {Text: says}, asked.Records.Sentence(why, r.Service, r.At)})
	}
	p.LeftOut = leftOut(e.LeftOut[:min(perPage, len(e.LeftOut))], "Rows left out", asked.Records)
	return p
}

// leftOut lists records that enter no figure; each leads to its page where the service that it belongs to is known.
func leftOut(list []metrics.LeftOut, caption string, among Records) Table {
	t := Table{Caption: caption, Lines: true, Head: []Head{{Text: "At"}, {Text: "Record"}, {Text: "Reason"}}}
	for _, l := range list {
		record := Cell{Text: Short(l.Record)}
		if owner := among.Owner(l.Record); owner != "" {
			record = Cell{Text: untyped(l.Record), Href: RecordPath(owner, untyped(l.Record))}
		}
		if _, found := among.known[untyped(l.Record)]; found {
			record = among.Cell(l.Record)
		}
		t.Rows = append(t.Rows, []Cell{{Text: among.clock.stamp(l.At)}, record, among.Sentence(l.Reason, among.Owner(l.Record), l.At)})
	}
	return t
}

// untyped is "source/id" of a deployment or an incident that is named as source/type/id.
func untyped(record string) string {
	for _, of := range []metrics.EventType{metrics.TypeDeployment, metrics.TypeIncident} {
		if source, id, found := strings.Cut(record, "/"+string(of)+"/"); found && !strings.Contains(source, "/") {
			return source + "/" + id
		}
	}
	return record
}

// Formulas say in words how each figure is made.
var formulas = map[string][2]string{
	"deployment_frequency":            {"Deployments to production that finished in the window, succeeded or failed, rollbacks and repairs included, repeats of the live revision left out; divided by the days of the window, times seven.", "deployments per week"},
	"change_lead_time":                {"For each change: from the time its commit was authored to the finish of the first successful production deployment that contains it. The value is the median over changes; the interval is made over deployments, each its own median.", "time"},
	"change_fail_rate":                {"Failed deployments divided by deployments. A deployment failed if its run failed, if it was rolled back or reverted, if an incident or an unhealthy verdict is linked to it, or if a declared hotfix followed. The interval is Wilson's, 95%.", "share of deployments"},
	"failed_deployment_recovery_time": {"For each failed deployment of the window: from its finish to the earliest of rollback, fix, or resolved incident. Failures that are still open count as not yet recovered (Kaplan and Meier), so a median may not be reached.", "time"},
	"deployment_rework_rate":          {"Unplanned deployments made to repair what a deployment broke, divided by deployments. The interval is Wilson's, 95%.", "share of deployments"},
	"time_to_restore":                 {"For each incident: from its start to its resolution, whether or not a deployment is linked to it. Open incidents count as not yet restored (Kaplan and Meier).", "time"},
	"change_lead_time_stages":         {"Per pull request: from its first commit to its opening (coding), to the first review by a human who is not its author (pickup), to the merge (review), to the start of the deployment (wait); per deployment: from its start to its first success (deploy). Each has a median of its own.", "time"},
	"approval_wait":                   {"For each deployment with decided approvals: from asking to deciding, decisions asked for at the same time counted once; by the owning team (inside), by another (outside), or by one that nobody named (unplaced).", "time"},
	"handoffs":                        {"For each change: the distinct people on its way from author by first reviewer and approvers to deployer, minus one. Programs are no people. Where only the author is on record, nothing is known.", "handoffs a change"},
	"reliability":                     {"One minus the time in which an incident of a counted severity was open, divided by the time in which the services were observed. Overlapping incidents count once. Where no incident was ever recorded, nothing is known.", "share of time"},
}

// FormulaOf says how a figure is made, and in which unit.
func FormulaOf(figure string) (formula, unit string) { return formulas[figure][0], formulas[figure][1] }

// About explains the figures, the index and the levels.
type About struct {
	Frame
	Definition string
	Editions   []EditionView
}

// EditionView is one dated edition of levels.
type EditionView struct {
	Name, Note string
	Table      Table
}

func (About) template() string { return "about" }

// EditionViews lays out the editions, newest first.
func EditionViews(list []metrics.Edition) []EditionView {
	var out []EditionView
	for _, e := range slices.Backward(list) {
		v := EditionView{Name: e.Name, Note: e.Source + "."}
		v.Table = Table{Caption: "Levels of " + e.Name, Head: []Head{{Text: "Figure"}, {Text: "Level"}, {Text: "Range"}}}
		for _, f := range []struct {
			title string
			bands []metrics.Band
		}{{"Deployment frequency", e.Frequency}, {"Change lead time", e.LeadTime}, {"Recovery time", e.Recovery}, {"Change fail rate", e.FailRate}} {
			for _, b := range f.bands {
				v.Table.Rows = append(v.Table.Rows, []Cell{{Text: f.title}, {Text: b.Level}, {Text: b.Says}})
			}
		}
		for _, m := range e.FailMedians {
			v.Table.Rows = append(v.Table.Rows, []Cell{{Text: "Change fail rate"}, {Text: m.Level}, {Text: "group median " + digits(m.Percent) + "%, no threshold"}})
		}
		out = append(out, v)
	}
	return out
}

// Formulas are the figures in their order with how each is made.
func (About) Formulas() []Figure {
	var out []Figure
	for _, name := range FigureNames() {
		f, _ := FigureOf(name, metrics.Scorecard{}, nil)
		f.Why = formulas[name][0]
		out = append(out, f)
	}
	return out
}

// FigureNames are the figures that can be explained.
func FigureNames() []string {
	return metrics.AllFigures()
}

// Fault is a page for what could not be shown.
type Fault struct {
	Frame
	Status int
	Detail string
	Remedy string
	// Anew is the address of the same page without what was wrong about its question, empty where there is none.
	Anew string
}

func (Fault) template() string { return "fault" }
