package metrics

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Comparison sets the figures of one slice under several definitions side by side, and says which rule makes which difference.
type Comparison struct {
	Slice       string           `json:"slice"`
	Window      Window           `json:"window"`
	AsOf        time.Time        `json:"as_of"`
	Zone        string           `json:"time_zone"`
	Definitions []string         `json:"definitions"` // name/version
	Figures     []ComparedFigure `json:"figures"`
}

// ComparedFigure is one figure under each definition, with the way from the first definition to each of the others.
type ComparedFigure struct {
	Figure string          `json:"figure"`
	Unit   string          `json:"unit"` // "s", "share" or "per week"
	Values []ComparedValue `json:"values"`
	Walks  []Walk          `json:"walks"`
}

// ComparedValue is a figure under one definition.
type ComparedValue struct {
	Definition string   `json:"definition"`
	State      State    `json:"state"`
	Value      *float64 `json:"value"` // nil when there is none, or where a median is not reached
	N          int      `json:"n"`     // what it is made of: deployments, spans
	Count      int      `json:"count"` // of a share: how many of N
	Says       string   `json:"says"`  // the value in words
	Statistic  string   `json:"statistic"`
}

// Walk goes from one definition to another, one rule at a time in a fixed order. The steps follow one another: each begins with the
// value at which the one before ended. Where every value on the way is known they add up to the whole difference.
type Walk struct {
	From       string   `json:"from"`
	To         string   `json:"to"`
	Difference *float64 `json:"difference"`
	Steps      []Step   `json:"steps"`
}

// Step is what one rule changes after those before it have been changed. A rule that changes neither value nor n has no step.
type Step struct {
	Rule       string   `json:"rule"`
	From       string   `json:"from"` // what the rule said, and what it says
	To         string   `json:"to"`
	Before     *float64 `json:"before"`
	After      *float64 `json:"after"`
	BeforeN    int      `json:"before_n"`
	AfterN     int      `json:"after_n"`
	Difference *float64 `json:"difference"`
	Says       string   `json:"says"`       // "3.1 d → 2.2 d"
	ChangesBy  string   `json:"changes_by"` // "−21.6 h", "none"; empty where one of the two is not known
}

// CompareDefinitions measures the slice of a query under each definition.
func CompareDefinitions(fs []Facts, q Query, definitions []Definition) Comparison {
	q = q.complete()
	c := Comparison{Slice: q.Slice, Window: q.Window, AsOf: q.AsOf, Zone: q.Zone.String()}
	for _, figure := range Figures() {
		c.Figures = append(c.Figures, ComparedFigure{Figure: figure, Unit: unitOf(figure), Values: []ComparedValue{}, Walks: []Walk{}})
	}
	var first Scorecard
	for i, d := range definitions {
		c.Definitions = append(c.Definitions, d.label())
		card := measuredBy(fs, q, d)
		for j := range c.Figures {
			c.Figures[j].Values = append(c.Figures[j].Values, comparedValue(card, c.Figures[j].Figure))
		}
		if i == 0 {
			first = card
			continue
		}
		c.walk(fs, q, definitions[0], d, first)
	}
	return c
}

func (d Definition) label() string { return fmt.Sprintf("%s/%d", d.Name, d.Version) }

func measuredBy(fs []Facts, q Query, d Definition) Scorecard {
	q.Definition = d
	return MeasureAll(fs, q)
}

// walk turns one definition, whose scorecard is known, into another rule by rule and notes what each turn does to each figure.
func (c *Comparison) walk(fs []Facts, q Query, from, to Definition, card Scorecard) {
	start := len(c.Figures[0].Walks)
	for j := range c.Figures {
		values := c.Figures[j].Values
		difference := differenceOf(values[0].Value, values[len(values)-1].Value)
		c.Figures[j].Walks = append(c.Figures[j].Walks, Walk{From: from.label(), To: to.label(), Difference: difference, Steps: []Step{}})
	}
	at := from
	for _, t := range turns() {
		next := at
		t.take(&next, to)
		if next == at {
			continue
		}
		turned := measuredBy(fs, q, next)
		for j := range c.Figures {
			walk := &c.Figures[j].Walks[start]
			walk.note(t, c.Figures[j].Figure, [2]Definition{at, next}, comparedValue(card, c.Figures[j].Figure), comparedValue(turned, c.Figures[j].Figure))
		}
		at, card = next, turned
	}
}

func (w *Walk) note(t turn, figure string, rules [2]Definition, before, after ComparedValue) {
	if before.N == after.N && before.Says == after.Says && same(before.Value, after.Value) {
		return
	}
	difference := differenceOf(before.Value, after.Value)
	w.Steps = append(w.Steps, Step{
		Rule: t.name, From: t.says(rules[0]), To: t.says(rules[1]), Before: before.Value, After: after.Value,
		BeforeN: before.N, AfterN: after.N, Difference: difference, Says: before.Says + " → " + after.Says,
		ChangesBy: differenceWords(difference, unitOf(figure)),
	})
}

func same(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func differenceOf(before, after *float64) *float64 {
	if before == nil || after == nil {
		return nil
	}
	return new(*after - *before)
}

// turn is one rule of a definition on the way to another.
type turn struct {
	name string
	says func(Definition) string
	take func(to *Definition, from Definition)
}

// turns are all rules in the order of a walk: from which n on there is a value, then what is counted, then what is made of it.
func turns() []turn {
	all := []turn{
		{"floor", func(d Definition) string { return "a value from n = " + strconv.Itoa(d.Floor) },
			func(to *Definition, from Definition) { to.Floor = from.Floor }},
		{"settling", func(d Definition) string { return "outcomes settle after " + spanWords(d.Settling) },
			func(to *Definition, from Definition) { to.Settling = from.Settling }},
		{"without_bots", func(d Definition) string {
			if d.WithoutBots {
				return "changes of bots are left out"
			}
			return "changes of bots count"
		}, func(to *Definition, from Definition) { to.WithoutBots = from.WithoutBots }},
		{"days", func(d Definition) string {
			if d.UTC {
				return "days in UTC"
			}
			return "days in the organisation's time zone"
		}, func(to *Definition, from Definition) { to.UTC = from.UTC }},
		{"week_start", func(d Definition) string { return "weeks from " + d.WeekStart.String() },
			func(to *Definition, from Definition) { to.WeekStart = from.WeekStart }},
	}
	for _, r := range DefinitionRules() {
		all = append(all, turn{r.Name, func(d Definition) string { return r.chosen(d).Says },
			func(to *Definition, from Definition) { *r.of(to) = *r.of(&from) }})
	}
	return all
}

func unitOf(figure string) string {
	switch figure {
	case FigureFrequency:
		return "per week"
	case FigureFailRate, FigureRework:
		return "share"
	default:
		return "s"
	}
}

// comparedValue takes a figure out of a scorecard. A frequency is compared by the week, in which every definition has one.
func comparedValue(card Scorecard, figure string) ComparedValue {
	v := ComparedValue{Definition: card.Definition}
	switch figure {
	case FigureFrequency:
		f := card.Frequency
		v.State, v.N, v.Value, v.Statistic = f.State, f.Rollouts, f.PerWeek, f.Statistic
		if f.Rates != nil {
			v.Value = f.Rates.PerWeek
		}
	case FigureLeadTime:
		v.State, v.N, v.Value, v.Statistic = card.LeadTime.State, card.LeadTime.N, card.LeadTime.Headline(), card.LeadTime.Statistic
	case FigureFailRate:
		v.share(card.FailRate)
	case FigureRework:
		v.share(card.Rework)
	case FigureRecovery:
		v.survival(card.Recovery)
	default:
		v.survival(card.Restore)
	}
	v.Says = valueWords(v, unitOf(figure))
	return v
}

func (v *ComparedValue) share(s Share) {
	v.State, v.Count, v.N, v.Value, v.Statistic = s.State, s.Count, s.Of, s.Value, s.Statistic
}

func (v *ComparedValue) survival(s Survival) {
	v.State, v.N, v.Value, v.Statistic = s.State, s.N, s.Headline(), s.Statistic
}

func valueWords(v ComparedValue, unit string) string {
	switch {
	case v.State != OK:
		return string(v.State)
	case v.Value == nil:
		return "not reached"
	case unit == "share":
		return fmt.Sprintf("%s%%, %d of %d", oneDecimal(100**v.Value), v.Count, v.N)
	case unit == "s":
		return spanWords(time.Duration(*v.Value * perSecond))
	default:
		return oneDecimal(*v.Value) + " a week"
	}
}

func differenceWords(d *float64, unit string) string {
	switch {
	case d == nil:
		return ""
	case *d == 0:
		return "none"
	}
	sign := "+"
	if *d < 0 {
		sign = "−"
	}
	size := math.Abs(*d)
	switch unit {
	case "share":
		return sign + oneDecimal(100*size) + " points"
	case "s":
		return sign + spanWords(time.Duration(size*perSecond))
	default:
		return sign + oneDecimal(size)
	}
}
