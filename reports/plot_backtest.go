package reports

import (
	"fmt"
	"strings"
	"time"

	"shiphabit/metrics/gate"
)

// lane is a row of the picture.
type lane struct{ word, shape string }

// The lanes from the top: what was stopped by what became of it, what was told to wait, then what was let through.
var lanes = []lane{
	{"stopped, failed later", "diamond"}, {"stopped, was fine", "circle"}, {"stopped, not known", "hollow-circle"}, {"told to wait", "triangle"},
	{"let through, failed", "hollow-diamond"}, {"let through, fine", "tick"},
}

func laneOf(answer gate.Result, o gate.Outcome) int {
	switch {
	case answer == gate.Block && o == gate.Failed:
		return 0
	case answer == gate.Block && o == gate.Good:
		return 1
	case answer == gate.Block:
		return 2
	case answer == gate.Hold:
		return 3
	case o == gate.Failed:
		return 4
	default:
		return 5
	}
}

// Plot draws the promotions over time, each in the lane of what was said and what became of it.
func (b Backtest) Plot() Plot {
	p := Plot{ID: "backtest", Title: b.plotTitle(), Note: "Each mark is a planned promotion to production, at the time it went out; its row and shape say what the policy would have answered and what became of it."}
	if b.Result.Promotions == 0 {
		p.Empty = "There is nothing to judge."
		return p
	}
	f := fieldOf(sinceRecord(b.Window, b.began()), 1)
	answers := map[string]gate.Result{}
	for _, v := range b.Result.Verdicts {
		answers[v.Rollout] = v.Verdict
	}
	y := func(lane int) float64 { return (float64(lane) + 0.68) / float64(len(lanes)) }
	var fine strings.Builder
	n := make([]int, len(lanes))
	for _, t := range b.Trials {
		at := laneOf(answers[t.ID], t.Outcome)
		n[at]++
		if at == len(lanes)-1 { // most of all: one path for them keeps the page small
			fmt.Fprintf(&fine, "M%s %sv40", thousandth(f.x(t.At)), thousandth(y(at)-0.02))
			continue
		}
		p.Marks = append(p.Marks, PlotMark{percentOf(f.x(t.At)), percentOf(y(at)), lanes[at].shape, name2(t) + ", " + b.Clock.Day(t.At) + ": " + lanes[at].word + b.heldFate(at, t.Outcome)})
	}
	p.Lines = []PlotLine{{fine.String(), "ticks"}}
	says := make([]string, 0, len(lanes))
	for i, l := range lanes {
		word := l.word + ": " + Count(n[i])
		edge := percentOf(float64(i) / float64(len(lanes)))
		p.Up, p.Words = append(p.Up, PlotTick{At: edge}), append(p.Words, PlotTick{At: edge, Word: word})
		says = append(says, word)
	}
	p.Along = f.times()
	p.Label = "Promotions over time in six rows. " + strings.Join(says, "; ") + "."
	return p
}

// began is the earliest promotion that was judged.
func (b Backtest) began() time.Time {
	var first time.Time
	for _, t := range b.Trials {
		if first.IsZero() || t.At.Before(first) {
			first = t.At
		}
	}
	return first
}

// plotTitle is what the picture shows beyond the heading: that stops come in rows, and how the rows began.
func (b Backtest) plotTitle() string {
	r := b.Result.Blocked
	if r.Rows == 0 {
		return "Every promotion by what it would have been told and what became of it"
	}
	title := "The stops make " + plural(r.Rows, "row", "rows")
	if known := r.FirstPrevented + r.FirstDelayed; known > 0 {
		title += fmt.Sprintf("; %s of the %s began with one that failed", Count(r.FirstPrevented), plural(known, "row known", "rows known"))
	}
	return title
}

// heldFate says what became of one that was told to wait: its row says it of the others.
func (b Backtest) heldFate(lane int, o gate.Outcome) string {
	if lanes[lane].word != "told to wait" {
		return ""
	}
	return ", " + fateOf(o).Word
}

// name2 is what people call a promotion.
func name2(t gate.Trial) string {
	if t.Version != "" {
		return t.Version
	}
	return t.ID
}
