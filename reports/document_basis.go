package reports

import (
	"fmt"
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
			{Text: mark(p.Bucket)}, {Text: Count(k.Frequency.Rollouts)}, {Text: wordOr(k.LeadTime.Median, wordsOf(metrics.FigureLeadTime, b.Card), "—")}, {Text: Count(k.FailRate.Count)},
			{Text: shareOr(k.FailRate.Value)}, {Text: recoveryOr(k.Recovery, wordsOf(metrics.FigureRecovery, b.Card))}, {Text: shareOr(k.Rework.Value)},
		})
	}
	return g
}

func recoveryOr(s metrics.Survival, word func(seconds float64) string) string {
	if s.State == metrics.OK && s.Median == nil {
		return "not reached"
	}
	return wordOr(s.Median, word, "—")
}

func shareOr(v *float64) string {
	if v == nil {
		return "—"
	}
	return Percent(*v)
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
		if change := b.moved(subject.figure); change.Claimed {
			c.Title = subject.claim + change.Says
			c.Note = subject.title + ", against " + b.Period.Than + ". " + subject.note
		}
		if c.Empty == "" {
			c.Label = subject.title + ", as in the table below."
		}
	}
	return charts
}

// quality tells how far the records carry the figures.
func (b Basis) quality() (text []string, grids []Grid) {
	k := b.Card
	if b.Origin != "" {
		text = append(text, b.Origin)
	}
	text = append(text, b.Doubts...)
	if k.Frequency.Rollouts > 0 {
		text = append(text, leadTimeRests(k))
	}
	if k.Incidents > 0 {
		text = append(text, fmt.Sprintf("Of %s, %s could be linked to a deployment.", plural(k.Incidents, "incident", "incidents"), Count(k.Incidents-k.Unattributed)))
	}
	if k.FailRate.Settling > 0 {
		text = append(text, plural(k.FailRate.Settling, "deployment is", "deployments are")+" so new that a failure may still become known.")
	}
	if says := b.neverBrought(); says != "" {
		text = append(text, says)
	}
	if g := gaps(b.lacking()); len(g.Rows) > 0 {
		grids = append(grids, g)
		text = append(text, "Some records are missing, as the table says; shiphabit doctor names each place and the step that helps.")
	}
	return text, grids
}

// leadTimeRests says on how many deployments lead time rests, and what the others lack.
func leadTimeRests(k metrics.Scorecard) string {
	all, with := k.Frequency.Rollouts, k.LeadTime.Rollouts
	says := fmt.Sprintf("Lead time rests on %s of %s", Count(with), plural(all, "deployment", "deployments"))
	rest := all - with
	if rest <= 0 {
		return says + "."
	}
	return says + "; of the others " + inList(lacksOf(k, rest)) + "."
}

// lacksOf says what those deployments lack that have no lead time. Among those whose changes are not known may be rollbacks, so that the
// others are counted by kind only where there is none of them.
func lacksOf(k metrics.Scorecard, rest int) []string {
	if n := min(k.Baselines, rest); n > 0 {
		parts := []string{Count(n) + " brought changes that are not known"}
		if rest -= n; rest > 0 {
			parts = append(parts, Count(rest)+" put an earlier revision back, did not succeed, or brought no change whose time is known")
		}
		return parts
	}
	var parts []string
	for _, lack := range []struct {
		n    int
		says string
	}{{k.Kinds[metrics.Rollback], "put an earlier revision back and brought no change"}, {k.Kinds[metrics.Reapply], "put back what a rollback had removed"}} {
		if n := min(lack.n, rest); n > 0 {
			parts, rest = append(parts, Count(n)+" "+lack.says), rest-n
		}
	}
	if rest > 0 {
		parts = append(parts, Count(rest)+" did not succeed, or brought no change whose time is known")
	}
	return parts
}

// lacking is what doctor found that concerns the period: what broke after its records had arrived takes nothing from it, and of one that is
// over nothing rests on a source that has never brought anything.
func (b Basis) lacking() doctor.Diagnosis {
	if b.Period.Open(b.AsOf) {
		return b.Diagnosis
	}
	return b.Diagnosis.UpTo(b.Period.Window.To)
}

// neverBrought names the sources that are read and have never brought anything, where that is no trouble of the period.
func (b Basis) neverBrought() string {
	var names []string
	for _, s := range b.Diagnosis.Sources {
		if s.Read && s.Nothing() && !b.Period.Open(b.AsOf) {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "Nothing has ever been read of " + inList(names) + ": no figure here rests on that."
}

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
