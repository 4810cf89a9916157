package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"shiphabit/metrics/gate"
)

// mostOfAComment is how many characters of Markdown are printed: GitHub takes 65,536 in a comment, the others more, and whoever posts it
// may set a heading before it.
const mostOfAComment = 60_000

// policyDiff is the answer of 'policy diff --format json', version 1.
type policyDiff struct {
	Old     gate.Backtest     `json:"old"`
	New     gate.Backtest     `json:"new"`
	Changes []gate.Difference `json:"changes"`
}

// Headings of the tables, as Markdown and text have them.
var (
	criterionHeading = []string{"criterion", "stopped or held, old", "stopped or held, new", "wrong stops, old", "wrong stops, new"}
	serviceHeading   = []string{"service", "changes", "newly stopped or held", "no longer"}
	changeHeading    = []string{"when", "service", "deployment", "old", "new", "it was"}
)

// totals are what both policies come to.
func (d policyDiff) totals() [][]string {
	row := func(name string, of func(gate.Backtest) int) []string {
		return []string{name, strconv.Itoa(of(d.Old)), strconv.Itoa(of(d.New))}
	}
	return [][]string{
		row("promotions", func(b gate.Backtest) int { return b.Promotions }),
		row("stopped or held", func(b gate.Backtest) int { return b.Stopped }),
		row("stopped", func(b gate.Backtest) int { return said(b, gate.Block) }),
		row("held", func(b gate.Backtest) int { return said(b, gate.Hold) }),
		row("stopped or held, failed later", func(b gate.Backtest) int { return b.Prevented }),
		row("stopped or held, was fine", func(b gate.Backtest) int { return b.Delayed }),
		row("let through and failed", func(b gate.Backtest) int { return b.Missed }),
	}
}

// said counts the promotions of a verdict.
func said(b gate.Backtest, verdict gate.Result) int {
	n := 0
	for _, v := range b.Verdicts {
		if v.Verdict == verdict {
			n++
		}
	}
	return n
}

// criteria are those that do not do the same on both sides, with whether they keep what they promise.
func (d policyDiff) criteria() [][]string {
	both := map[string][2]*gate.BacktestCriterion{}
	names := []string{}
	for side, result := range []gate.Backtest{d.Old, d.New} {
		for i := range result.Criteria {
			c := &result.Criteria[i]
			pair, known := both[c.Criterion]
			if !known {
				names = append(names, c.Criterion)
			}
			pair[side] = c
			both[c.Criterion] = pair
		}
	}
	rows := [][]string{}
	for _, name := range names {
		before, after := both[name][0], both[name][1]
		if before == nil || after == nil || *before != *after {
			rows = append(rows, []string{name, stopWords(before), stopWords(after), wrongStopWords(before), wrongStopWords(after)})
		}
	}
	return rows
}

// stopWords are how many a criterion stops or holds; one that no policy of its side has is off.
func stopWords(c *gate.BacktestCriterion) string {
	if c == nil {
		return string(gate.Off)
	}
	return strconv.Itoa(c.Stopped)
}

func wrongStopWords(c *gate.BacktestCriterion) string {
	switch {
	case c == nil:
		return string(gate.Off)
	case c.Broken:
		return strconv.Itoa(c.WrongStops) + ", more than promised"
	}
	return strconv.Itoa(c.WrongStops)
}

// serviceChanges are how many promotions of one service come out another way.
type serviceChanges struct {
	service                 string
	changes, stopped, freed int
}

// services are those with changes: first the one of which most promotions are stopped that were not, or the other way round.
func (d policyDiff) services() []serviceChanges {
	counts := map[string]*serviceChanges{}
	for _, c := range d.Changes {
		s := counts[c.Service]
		if s == nil {
			s = &serviceChanges{service: c.Service}
			counts[c.Service] = s
		}
		s.changes++
		switch {
		case !turns(c):
		case c.New.Stops():
			s.stopped++
		default:
			s.freed++
		}
	}
	list := make([]serviceChanges, 0, len(counts))
	for _, s := range counts {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b serviceChanges) int {
		return cmp.Or(cmp.Compare(b.stopped+b.freed, a.stopped+a.freed), cmp.Compare(b.changes, a.changes), strings.Compare(a.service, b.service))
	})
	return list
}

// turns reports whether a promotion is stopped that was not, or the other way round.
func turns(c gate.Difference) bool { return c.Old.Stops() != c.New.Stops() }

func serviceRows(services []serviceChanges) [][]string {
	rows := make([][]string, 0, len(services))
	for _, s := range services {
		rows = append(rows, []string{s.service, strconv.Itoa(s.changes), strconv.Itoa(s.stopped), strconv.Itoa(s.freed)})
	}
	return rows
}

// changeRows are the promotions, first those that turn, then those of which only what is said changes; each by service, and by time within it.
func (d policyDiff) changeRows(services []serviceChanges) [][]string {
	place := make(map[string]int, len(services))
	for i, s := range services {
		place[s.service] = i
	}
	changes := slices.Clone(d.Changes)
	rank := func(c gate.Difference) int {
		if turns(c) {
			return place[c.Service]
		}
		return len(services) + place[c.Service]
	}
	slices.SortStableFunc(changes, func(a, b gate.Difference) int { return cmp.Compare(rank(a), rank(b)) })
	rows := make([][]string, 0, len(changes))
	for _, c := range changes {
		rows = append(rows, []string{c.At.Format("2006-01-02 15:04"), c.Service, c.Rollout, string(c.Old), string(c.New), string(c.Outcome)})
	}
	return rows
}

const nothingChanges = "\nNo promotion comes out another way.\n"

// writeText prints all of it for a terminal.
func (d policyDiff) writeText(w io.Writer) error {
	services := d.services()
	tables := [][][]string{append([][]string{{"", "old", "new"}}, d.totals()...)}
	if criteria := d.criteria(); len(criteria) > 0 {
		tables = append(tables, append([][]string{criterionHeading}, criteria...))
	}
	if len(d.Changes) > 0 {
		tables = append(tables, append([][]string{serviceHeading}, serviceRows(services)...), append([][]string{changeHeading}, d.changeRows(services)...))
	}
	for i, table := range tables {
		switch {
		case i > 0 && i == len(tables)-1 && len(d.Changes) > 0:
			fmt.Fprintf(w, "\n%s:\n\n", d.turned())
		case i > 0:
			fmt.Fprintln(w)
		}
		if err := writeTable(w, table); err != nil {
			return err
		}
	}
	if len(d.Changes) > 0 {
		return nil
	}
	_, err := fmt.Fprint(w, nothingChanges)
	return err
}

// turned says how many promotions come out another way.
func (d policyDiff) turned() string {
	if len(d.Changes) == 1 {
		return "1 promotion comes out another way"
	}
	return counted(len(d.Changes), "promotion") + " come out another way"
}

// markdown is what fits a comment of it, the most important first. Services take at most half of the room that the promotions could have.
func (d policyDiff) markdown() string {
	c := comment{left: mostOfAComment - 500} // two sentences of what is left out
	c.table([]string{"", "old", "new"}, d.totals(), c.left)
	if criteria := d.criteria(); len(criteria) > 0 {
		c.write("\n")
		c.table(criterionHeading, criteria, c.left)
	}
	if len(d.Changes) == 0 {
		c.write(nothingChanges)
		return c.text.String()
	}
	services := d.services()
	c.write(fmt.Sprintf("\n%s, of %s:\n\n", d.turned(), counted(len(services), "service")))
	shown := c.table(serviceHeading, serviceRows(services), c.left/2)
	c.leftOut(len(services)-shown, len(services), "services")
	c.write("\n")
	shown = c.table(changeHeading, d.changeRows(services), c.left)
	c.leftOut(len(d.Changes)-shown, len(d.Changes), "promotions")
	return c.text.String()
}

// comment is Markdown of a limited length.
type comment struct {
	text strings.Builder
	left int // characters that may still be written
}

func (c *comment) write(s string) {
	c.text.WriteString(s)
	c.left -= utf8.RuneCountInString(s)
}

// table writes as many rows as fit into the room and returns how many.
func (c *comment) table(heading []string, rows [][]string, room int) int {
	end := c.left - room
	c.write(markdownRow(heading) + "|" + strings.Repeat("---|", len(heading)) + "\n")
	for i, row := range rows {
		line := markdownRow(row)
		if utf8.RuneCountInString(line) > c.left-end {
			return i
		}
		c.write(line)
	}
	return len(rows)
}

func markdownRow(cells []string) string {
	var row strings.Builder
	row.WriteString("|")
	for _, cell := range cells {
		row.WriteString(" " + markdownText(cell) + " |")
	}
	return row.String() + "\n"
}

func (c *comment) leftOut(n, all int, what string) {
	if n > 0 {
		c.write(fmt.Sprintf("\n%d of the %d %s are left out, so that this fits a comment; --format text and --format json tell all of them.\n", n, all, what))
	}
}
