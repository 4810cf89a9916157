package reports

import (
	"fmt"
	"strings"

	"shiphabit/metrics"
)

// Change is how a figure moved against the period before, with the interval of the difference on which the claim rests.
type Change struct {
	// Of is the statistic that is compared, where it is another than the value of the figure: "the typical week".
	Of   string
	Says string
	// Claimed tells that the change is beyond noise.
	Claimed bool
	// Difference is after − before, bounded by Low and High with the coverage given; nil where none could be made.
	Difference, Low, High *Number
	Coverage              *Coverage
}

// Words say the change of a figure, of what it is a change, and between what the difference lies: "typical deployment fell from 20 h to
// 15 h (difference −7 h to −3 h, 95%)".
func (c Change) Words() string {
	if c.Coverage == nil {
		return c.named()
	}
	return c.named() + " (difference " + c.Range() + ")"
}

// named says the change with the statistic that it is of.
func (c Change) named() string {
	switch {
	case c.Of == "" || c.Says == "":
		return c.Says
	case c.Claimed:
		return c.Of + " " + c.Says
	}
	return c.Of + ": " + c.Says
}

// Range words the interval of the difference: "−7 h to −3 h, 95%".
func (c Change) Range() string {
	if c.Coverage == nil {
		return ""
	}
	return ends(string(*c.Low), string(*c.High)) + ", " + c.Coverage.String()
}

// compared names what moves of figures compare: in a table of its own, and beside a figure whose value is another statistic.
var compared = map[string]struct{ title, of string }{
	metrics.FigureFrequency: {"Deployments in a typical week", "typical week"},
	metrics.FigureLeadTime:  {"Lead time of the typical deployment", "typical deployment"},
	metrics.FigureFailRate:  {"Change fail rate", ""},
	metrics.FigureRecovery:  {"Recovery of failed deployments that have ended, median", "those that have ended"},
	metrics.FigureRework:    {"Deployment rework rate", ""},
	metrics.FigureRestore:   {"Incidents that have ended, median", "those that have ended"},
}

// wordsOf is how the values of a figure are worded wherever a page or a document on a scorecard tells of them: its course, its move, the
// teams beside it. All spans of one figure stand in the unit of its value and interval.
func wordsOf(figure string, card metrics.Scorecard) func(float64) string {
	switch figure {
	case metrics.FigureFrequency:
		return func(v float64) string { return fine(v) + " a week" }
	case metrics.FigureLeadTime:
		return leadTimeWords(card.LeadTime)
	case metrics.FigureRecovery:
		return recoveryWords(card.Recovery)
	case metrics.FigureRestore:
		return recoveryWords(card.Restore)
	}
	return Percent
}

// differenceWords words differences of a figure: those of shares are points and no percentages.
func differenceWords(m metrics.Move) func(float64) string {
	size := func(v float64) string { return fine(v) + " a week" }
	switch m.Figure {
	case metrics.FigureFrequency:
	case metrics.FigureFailRate, metrics.FigureRework:
		size = func(v float64) string { return fine(100*v) + " points" }
	default:
		low, high := endsOf(m.Interval)
		return metrics.InOneUnit(m.Difference, low, high)
	}
	return func(v float64) string {
		if v < 0 {
			return "−" + size(-v)
		}
		return size(v)
	}
}

// moved says how a figure changed against the period before. It claims a change only where the interval of the difference leaves out zero.
func (b Basis) moved(figure string) Change {
	m := moveOf(b.Moves, figure)
	c := Change{Of: compared[figure].of, Says: moveSays(m, b.Card), Claimed: m.Claimed()}
	if m.Figure == "" {
		return Change{Says: "nothing earlier to compare with"}
	}
	if m.Difference != nil && m.Interval != nil {
		word := differenceWords(m)
		c.Difference, c.Low, c.High = new(Number(word(*m.Difference))), new(Number(word(m.Interval.Low))), new(Number(word(m.Interval.High)))
		c.Coverage = new(Coverage(m.Interval.Coverage))
	}
	return c
}

// moveSays says how a figure moved, in the words that its value on the same page or in the same document has.
func moveSays(m metrics.Move, card metrics.Scorecard) string {
	if !m.Claimed() {
		return m.Says
	}
	verb, word := map[string]string{"up": "rose", "down": "fell"}[m.Direction], wordsOf(m.Figure, card)
	from, to := word(*m.Before), word(*m.After)
	if from == to || (*m.After > *m.Before) != (m.Direction == "up") {
		return verb + ", though the typical value does not show it"
	}
	return fmt.Sprintf("%s from %s to %s", verb, from, to)
}

// movesSection tells what moved, figure by figure.
func (b Basis) movesSection() Section {
	s := Section{ID: "moved", Title: "What moved"}
	if b.Moves == nil {
		s.Text = []string{"There are no records of " + b.Period.Than + ", so no change can be claimed."}
		return s
	}
	g := Grid{Table: Table{Caption: "Against " + b.Period.Than, Head: []Head{{Text: "What is compared"}, {"Before", true}, {"After", true}, {"n before", true}, {"n after", true},
		{"Difference", true}, {Text: "Lies between"}, {Text: "Change"}}}}
	for _, m := range b.Moves {
		what, fits := compared[m.Figure]
		if !fits {
			continue
		}
		word := wordsOf(m.Figure, b.Card)
		before, after, difference := "—", "—", "—"
		if m.Before != nil && m.After != nil {
			before, after = word(*m.Before), word(*m.After)
		}
		c := b.moved(m.Figure)
		if c.Difference != nil {
			difference = string(*c.Difference)
		}
		says, _, _ := strings.Cut(c.Says, " from ")
		g.Rows = append(g.Rows, []Cell{{Text: what.title}, {Text: before}, {Text: after}, {Text: Count(m.BeforeN)}, {Text: Count(m.AfterN)}, {Text: difference}, {Text: orDash(c.Range())}, {Text: says}})
	}
	s.Grids = []Grid{g}
	s.Notes = []string{"A change is claimed only where the 95% interval of the difference leaves out zero. n counts full weeks, deployments or failures: what is independent. " +
		"The difference of spans and weeks is the shift of the whole distribution, which need not be that of the two typical values."}
	return s
}
