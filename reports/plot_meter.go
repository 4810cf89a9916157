package reports

import (
	"fmt"
	"slices"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// meterWords is how one of the three meters is spoken of.
type meterWords struct {
	id, title, size string
	// what is counted, and what a bad one is called
	one, many, bad string
	// verb is what the meter does at its line.
	stops, stopped string
	note           string
	// empty says why there is nothing to draw.
	empty string
	clock Clock
	// record says the deployment or incident of a step and leads to it.
	record func(id string) Cell
}

// meterActs is what the failure meter does at its line, in words.
type meterActs struct{ verb, done, says string }

// actsOf tells the meter of a tier that is only warned from one that stops.
func actsOf(s gate.MeterState) meterActs {
	if s.OnlyWarns {
		return meterActs{"warns", "warns", "At the dashed line it warns; it stops nothing here."}
	}
	return meterActs{"stops", "stopped", "The gate stops at the dashed line."}
}

// tableRows is how many steps the table twin holds, the newest; dots is up to how many good ones are marked one by one.
const tableRows, dots = 500, 80

// drawMeter draws a meter's value against its line over a window: spells shaded, steps marked.
func drawMeter(h gate.MeterHistory, w metrics.Window, words meterWords) Plot {
	p := Plot{ID: words.id, Size: words.size, Note: words.note, Unit: "points"}
	p.Table = Table{Caption: "Steps of this meter, newest first", Head: []Head{{Text: "Known at"}, {Text: "Of"}, {Text: "Step"}, {"Meter", true}, {"Line", true}, {Text: "Gate"}}}
	before, steps := stepsOf(h.Steps, w)
	p.Title = meterTitle(h.State, before, steps, words)
	if h.State.Line == 0 || len(h.Steps) == 0 {
		p.Title, p.Empty = words.title+" has not moved", words.empty
		return p
	}
	f := fieldOf(w, highest(h.State, before, steps))
	value, line := []rung{{w.From, float64(before.Value)}}, []rung{{w.From, float64(before.Line)}}
	if len(steps) > 0 && steps[0].Why == gate.StepShared {
		value = nil // it never stood at 0
	}
	good := 0
	for _, s := range steps {
		value, line = append(value, rung{s.At, float64(s.Value)}), append(line, rung{s.At, float64(s.Line)})
		if s.Why == gate.StepGood {
			good++
		}
	}
	p.Lines = []PlotLine{{f.under(value), "area"}, {f.steps(line), "limit"}, {f.steps(value), "course"}}
	for _, s := range steps {
		if shape := shapeOf(s.Why); shape != "" && (shape != "dot" || good <= dots) {
			at := float64(s.Value)
			if s.Why == gate.StepLine {
				at = float64(s.Line)
			}
			p.Marks = append(p.Marks, PlotMark{percentOf(f.x(s.At)), percentOf(f.y(at)), shape, stepSays(s, words)})
		}
	}
	p.Bands = spellsIn(f, before, steps, words.stopped)
	p.Up, p.Along = f.whole(), f.times()
	p.Legend = legendOf(steps, good <= dots, words)
	p.Table.Rows, p.More = stepRows(steps, words)
	p.Label = meterLabel(h.State, steps, words)
	return p
}

// stepsOf are the steps within a window, and where the meter stood before them.
func stepsOf(all []gate.MeterStep, w metrics.Window) (before gate.MeterStep, within []gate.MeterStep) {
	from := 0
	for from < len(all) && all[from].At.Before(w.From) {
		before = all[from]
		from++
	}
	to := from
	for to < len(all) && !all[to].At.After(w.To) {
		to++
	}
	within = all[from:to]
	if before.Line == 0 && len(within) > 0 {
		before.Line = within[0].Line
	}
	return before, within
}

func highest(s gate.MeterState, before gate.MeterStep, steps []gate.MeterStep) float64 {
	top := max(s.Line, s.Value, before.Line, before.Value)
	for _, step := range steps {
		top = max(top, step.Line, step.Value)
	}
	return float64(top) * 1.08
}

// shapeOf is the mark of a step; its shape tells it from the others.
func shapeOf(s gate.Step) string {
	switch s {
	case gate.StepFailed:
		return "diamond"
	case gate.StepLateFail:
		return "hollow-diamond"
	case gate.StepTurnedGood, gate.StepGoodOut, gate.StepFailedOut:
		return "hollow-circle"
	case gate.StepReopened, gate.StepVerified:
		return "square"
	case gate.StepShared:
		return "hollow-square"
	case gate.StepProbe:
		return "triangle"
	case gate.StepLine:
		return "tick"
	default:
		return "dot"
	}
}

func stepSays(s gate.MeterStep, words meterWords) string {
	says := fmt.Sprintf("%s, meter %d of %d", stepWord(s.Why, words), s.Value, s.Line)
	if of := stepOf(s, words.record); of.Text != "" {
		says = of.Text + ": " + says
	}
	return words.clock.Row(s.At) + ", " + says
}

// stepOf says what a step is of and leads to it: a deployment or incident, and of a probe the decision that let it through.
func stepOf(s gate.MeterStep, record func(id string) Cell) Cell {
	switch {
	case s.Trial == "":
		return Cell{}
	case s.Why == gate.StepProbe:
		return Cell{Text: "decision", Href: DecisionPath(s.Trial)}
	}
	return record(s.Trial)
}

// stepWord names a step for a meter: an incident that is late did not fail.
func stepWord(s gate.Step, words meterWords) string {
	if s == gate.StepFailed {
		return words.bad
	}
	return string(s)
}

// spellsIn shades the times in which the meter stopped.
func spellsIn(f field, before gate.MeterStep, steps []gate.MeterStep, word string) []PlotBand {
	var bands []PlotBand
	since := time.Time{}
	if before.Blocked {
		since = f.from
	}
	for _, s := range steps {
		switch {
		case s.Blocked && since.IsZero():
			since = s.At
		case !s.Blocked && !since.IsZero():
			bands, since = append(bands, f.band(since, s.At, word)), time.Time{}
		}
	}
	if !since.IsZero() {
		bands = append(bands, f.band(since, f.to, word))
	}
	return bands
}

func legendOf(steps []gate.MeterStep, good bool, words meterWords) []PlotKey {
	keys := []PlotKey{{"line", "meter"}, {"dash", "line"}}
	seen := map[string]bool{}
	stopped := false
	for _, s := range steps {
		stopped = stopped || s.Blocked
		shape, word := shapeOf(s.Why), stepWord(s.Why, words)
		switch shape { // of several steps
		case "square":
			word = "open again"
		case "hollow-circle":
			word = "taken back"
		}
		if seen[shape] || shape == "dot" && !good {
			continue
		}
		seen[shape] = true
		keys = append(keys, PlotKey{shape, word})
	}
	if stopped {
		keys = append(keys, PlotKey{"shade", words.stopped})
	}
	return keys
}

func stepRows(steps []gate.MeterStep, words meterWords) (rows [][]Cell, more string) {
	for _, s := range slices.Backward(steps) {
		if len(rows) == tableRows {
			more = fmt.Sprintf("The newest %s of %s are listed.", Count(tableRows), plural(len(steps), "step", "steps"))
			break
		}
		standing := "open"
		if s.Blocked {
			standing = words.stopped
		}
		rows = append(rows, []Cell{{Text: words.clock.Row(s.At)}, stepOf(s, words.record), {Text: stepWord(s.Why, words)}, {Text: Count(s.Value)}, {Text: Count(s.Line)}, {Text: standing}})
	}
	return rows, more
}

// meterTitle states what the history shows: where the meter stands, and how often it stopped.
func meterTitle(s gate.MeterState, before gate.MeterStep, steps []gate.MeterStep, words meterWords) string {
	stops, was := 0, before.Blocked
	if was {
		stops++
	}
	for _, step := range steps {
		if step.Blocked && !was {
			stops++
		}
		was = step.Blocked
	}
	title := fmt.Sprintf("%s stands at %d; it %s at %d", words.title, s.Value, words.stops, s.Line)
	switch {
	case s.Blocked && stops <= 1:
		return title + ", and has since " + words.clock.Date(s.BlockedSince)
	case stops == 1:
		return title + ", and did once in this window"
	case stops > 1:
		return title + ", and did " + Count(stops) + " times in this window"
	}
	return title
}

func meterLabel(s gate.MeterState, steps []gate.MeterStep, words meterWords) string {
	good, bad := 0, 0
	for _, step := range steps {
		switch step.Why {
		case gate.StepGood:
			good++
		case gate.StepFailed, gate.StepLateFail:
			bad++
		default:
		}
	}
	state := "open"
	if s.Blocked {
		state = words.stopped + " since " + words.clock.Date(s.BlockedSince)
	}
	return fmt.Sprintf("Step chart: %s over the window: %s and %s became known; it stands at %d against a line of %d and is %s.",
		words.title, plural(good, "good "+words.one, "good "+words.many), plural(bad, words.bad+" one", words.bad+" ones"), s.Value, s.Line, state)
}
