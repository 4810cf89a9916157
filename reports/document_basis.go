package reports

import (
	"fmt"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// Basis is what all documents are made of: figures that metrics computed, and what is known about the records behind them.
type Basis struct {
	// Place names the organisation or repository, Origin says in a sentence what was read, Doubts what that leaves unknown.
	Place, Origin string
	Doubts        []string
	Marks         []string
	Period        Period
	AsOf          time.Time
	Zone          *time.Location
	// First is when the first day of records began.
	First   time.Time
	Program string

	Card metrics.Scorecard
	// Moves are against Period.Before; nil where no records go back so far.
	Moves  []metrics.Move
	Levels []metrics.Level
	// Trend are months up to the end of the period.
	Trend     []metrics.Point
	Diagnosis doctor.Diagnosis
}

// document begins a document about the period.
func (b Basis) document(audience, title, subject string) Document {
	d := Document{
		Audience: audience, Title: title, Subject: subject, Period: b.Period, AsOf: b.AsOf, Zone: b.Zone,
		Marks: b.Marks, Program: b.Program,
	}
	if b.Period.Open(b.AsOf) {
		d.Marks = append(d.Marks[:len(d.Marks):len(d.Marks)], "The period is not over: it is told up to "+b.AsOf.In(b.Zone).Format("2 Jan 2006")+".")
	}
	if !b.First.IsZero() && b.First.After(b.Period.Window.From) {
		d.Marks = append(d.Marks[:len(d.Marks):len(d.Marks)], "Records begin on "+b.First.In(b.Zone).Format("2 Jan 2006")+", within the period.")
	}
	return d
}

// figuresSection are the five figures, their levels and what each rests on.
func (b Basis) figuresSection() Section {
	s := Section{ID: "figures", Title: "The five figures", Measures: b.measures()}
	s.Charts = b.trendCharts()
	if len(b.months()) > 0 {
		s.Grids = []Grid{b.trend()}
	}
	s.Edition = b.edition()
	s.Notes = []string{
		"An interval holds the true value with the coverage stated; a wide one means few records. n is what a figure rests on; below " + Count(metrics.DORA().Floor) + " there is no value.",
		"Definition: " + b.Card.Definition + ". Levels: " + b.edition() + ", each figure by itself; there is no level for all of them.",
	}
	return s
}

func (b Basis) edition() string {
	for _, l := range b.Levels {
		return l.Edition
	}
	return "none"
}

// months are those of the trend of which records tell.
func (b Basis) months() []metrics.Point {
	first := 0
	for first < len(b.Trend) && !b.Trend[first].To.After(b.First) {
		first++
	}
	return b.Trend[first:]
}

// trend is the course of the figures as a table: the twin of the charts.
func (b Basis) trend() Grid {
	g := Grid{Table: Table{Caption: "Month by month", Head: []Head{
		{Text: "Month"}, {"Deployments", true}, {"Lead time, median", true}, {"Failed", true}, {"Fail rate", true}, {"Recovery, median", true}, {"Rework rate", true},
	}}}
	for _, p := range b.months() {
		k := p.Scorecard
		g.Windows = append(g.Windows, p.Window)
		g.Rows = append(g.Rows, []Cell{
			{Text: mark(p.Bucket)}, {Text: Count(k.Frequency.Rollouts)}, {Text: spanOr(k.LeadTime.Median, "—")}, {Text: Count(k.FailRate.Count)},
			{Text: shareOr(k.FailRate.Value)}, {Text: recoveryOr(k.Recovery)}, {Text: shareOr(k.Rework.Value)},
		})
	}
	return g
}

func recoveryOr(s metrics.Survival) string {
	if s.State == metrics.OK && s.Median == nil {
		return "not reached"
	}
	return spanOr(s.Median, "—")
}

func shareOr(v *float64) string {
	if v == nil {
		return "—"
	}
	return percent(*v)
}

// trendCharts are the course as pictures. Their titles claim what the figures' moves claim, and nothing that they do not.
func (b Basis) trendCharts() []Chart {
	points := b.months()
	if len(points) < 2 {
		return nil
	}
	charts := []Chart{HowOften(b.Card, points, "month"), HowLong(b.Card, points, "month"), HowOftenItFails(b.Card, points, "month")}
	for i, subject := range []struct{ figure, title, claim, note string }{
		{metrics.FigureFrequency, "Deployments per month", "Weekly deployments ", "Hatched: the month is not complete."},
		{metrics.FigureLeadTime, "Lead time per month", "Typical lead time ", "Authored to deployed. Band: interval of the typical deployment. Hollow: few deployments."},
		{metrics.FigureFailRate, "Failed share per month", "Fail rate ", "Band: the rates that these numbers allow."},
	} {
		c := &charts[i]
		c.Title, c.Note, c.Table = subject.title, subject.note, Table{}
		if says, claimed := b.moved(subject.figure); claimed {
			c.Title = subject.claim + says
			c.Note = subject.title + ", against " + b.Period.Than + ". " + subject.note
		}
		if c.Empty == "" {
			c.Label = subject.title + ", as in the table below."
		}
	}
	return charts
}

// movesSection tells what moved, figure by figure.
func (b Basis) movesSection() Section {
	s := Section{ID: "moved", Title: "What moved"}
	if b.Moves == nil {
		s.Text = []string{"There are no records of " + b.Period.Than + ", so no change can be claimed."}
		return s
	}
	g := Grid{Table: Table{Caption: "Against " + b.Period.Than, Head: []Head{{Text: "What is compared"}, {"Before", true}, {"After", true}, {"n before", true}, {"n after", true}, {Text: "Change"}}}}
	for _, m := range b.Moves {
		title, fits := comparedTitles[m.Figure]
		if !fits {
			continue
		}
		word := wordsOf(m.Figure)
		before, after := "—", "—"
		if m.Before != nil && m.After != nil {
			before, after = word(*m.Before), word(*m.After)
		}
		says, claimed := b.moved(m.Figure)
		if claimed {
			says, _, _ = strings.Cut(says, " from ")
		}
		g.Rows = append(g.Rows, []Cell{{Text: title}, {Text: before}, {Text: after}, {Text: Count(m.BeforeN)}, {Text: Count(m.AfterN)}, {Text: says}})
	}
	s.Grids = []Grid{g}
	s.Notes = []string{"A change is claimed only where the 95% interval of the difference leaves out zero. n counts full weeks, deployments or failures: what is independent."}
	return s
}

var comparedTitles = map[string]string{
	metrics.FigureFrequency: "Deployments in a typical week",
	metrics.FigureLeadTime:  "Lead time of the typical deployment",
	metrics.FigureFailRate:  "Change fail rate",
	metrics.FigureRecovery:  "Recovery of failed deployments that have ended, median",
	metrics.FigureRework:    "Deployment rework rate",
	metrics.FigureRestore:   "Incidents that have ended, median",
}

// quality tells how far the records carry the figures.
func (b Basis) quality() (text []string, grids []Grid) {
	k := b.Card
	if b.Origin != "" {
		text = append(text, b.Origin)
	}
	text = append(text, b.Doubts...)
	if known := k.Frequency.Rollouts - k.Baselines; k.Frequency.Rollouts > 0 {
		text = append(text, fmt.Sprintf("The changes of %s of %s are known; lead time rests on those.", Count(known), plural(k.Frequency.Rollouts, "deployment", "deployments")))
	}
	if k.Incidents > 0 {
		text = append(text, fmt.Sprintf("Of %s, %s could be linked to a deployment.", plural(k.Incidents, "incident", "incidents"), Count(k.Incidents-k.Unattributed)))
	}
	if k.FailRate.Settling > 0 {
		text = append(text, plural(k.FailRate.Settling, "deployment is", "deployments are")+" so new that a failure may still become known.")
	}
	if g := gaps(b.lacking()); len(g.Rows) > 0 {
		grids = append(grids, g)
		text = append(text, "Some records are missing, as the table says; shiphabit doctor names each place and the step that helps.")
	}
	return text, grids
}

// lacking is what doctor found that concerns the period: what broke after its records had arrived takes nothing from it.
func (b Basis) lacking() doctor.Diagnosis { return b.Diagnosis.UpTo(b.Period.Window.To) }

// gaps are what doctor found that keeps figures from being whole, counted by kind. The steps that help are told by doctor itself.
func gaps(d doctor.Diagnosis) Grid {
	g := Grid{Table: Table{Caption: "What keeps figures from being whole", Head: []Head{{Text: "Finding"}, {Text: "Weight"}, {"Places", true}}}}
	for _, group := range d.Groups(1) {
		if group.Severity != doctor.Note {
			g.Rows = append(g.Rows, []Cell{{Text: group.Title}, {Text: string(group.Severity)}, {Text: Count(group.N)}})
		}
	}
	return g
}
