package reports

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// Backtest is what the policies in force would have done to the promotions recorded.
type Backtest struct {
	Frame
	// Names are the services to choose from; Service the one asked for, "" for all.
	Names   []string
	Service string
	Days    int
	Window  metrics.Window
	Result  gate.Backtest
	// Trials are the promotions judged, oldest first, for the picture.
	Trials []gate.Trial
	// Limits say what was not judged because it would have taken too long.
	Limits []string
	// LeftOut counts the services that Limits name as not judged at all.
	LeftOut int
}

func (Backtest) template() string { return "backtest" }

// listed is how many promotions the page lists.
const listed = 300

// Of says whose promotions were judged.
func (b Backtest) Of() string {
	if b.Service != "" {
		return b.Service
	}
	return plural(b.Result.Services, "service", "services")
}

// Headline is the result in a sentence.
func (b Backtest) Headline() string {
	r := b.Result
	if r.Promotions == 0 {
		return "No planned promotion to production is recorded in this time"
	}
	of := plural(r.Promotions, "promotion", "promotions")
	if b.LeftOut > 0 {
		of += " of the " + plural(r.Services, "service", "services") + " shown"
	}
	if r.Stopped == 0 {
		return fmt.Sprintf("None of %s would have been stopped", of)
	}
	return fmt.Sprintf("%s of %s would have been stopped", Count(r.Stopped), of)
}

// Figures are the numbers of the result.
func (b Backtest) Figures() []BoardFigure {
	r := b.Result
	first := gate.Share{Count: r.FirstPrevented, Of: r.FirstPrevented + r.FirstDelayed, LowPPM: r.PreventedLow, HighPPM: r.PreventedHigh}
	right := BoardFigure{Title: "First stops that were right", Why: "none"}
	if first.Of > 0 {
		right.Value, right.Why = fmt.Sprintf("%s of %s", Count(first.Count), Count(first.Of)), ""
		right.Says = []string{rangeWords(first), "Only the first stop of a row says what would have happened; those after it are modelled."}
	}
	return []BoardFigure{
		{Title: "Stopped that failed later", Value: Count(r.Prevented), Says: []string{"Prevented."}},
		{Title: "Stopped that were fine", Value: Count(r.Delayed), Says: delayedSays(r)},
		right,
		{Title: "Let through that failed", Value: Count(r.Missed), Says: []string{"Missed: nothing stood against them when they began."}},
	}
}

func delayedSays(r gate.Backtest) []string {
	says := []string{"Delayed; " + Span(float64(r.DelaySeconds)) + " of waiting in all, and " + plural(r.Overrides, "override", "overrides") + " to let the first of each row go."}
	if r.Undecided > 0 {
		says = append(says, "Of "+plural(r.Undecided, "further one", "further ones")+" nothing is known.")
	}
	return says
}

// Assumed says how much of the order in time is assumed.
func (b Backtest) Assumed() string {
	if b.Result.AssumedPPM == 0 {
		return ""
	}
	return "When an outcome became known is assumed for " + ppm(b.Result.AssumedPPM) + " of them, not recorded."
}

// CriteriaTable tells what each criterion alone would have stopped.
func (b Backtest) CriteriaTable() Table {
	t := Table{Caption: "What each criterion alone would have stopped", Lines: true, Head: []Head{{Text: "Criterion"}, {"Stopped", true}, {"Failed later", true}, {"Were fine", true}, {"Wrong stops", true}, {Text: "Promise"}}}
	for _, c := range b.Result.Criteria {
		wrong, promise := "—", "none made"
		if c.Criterion == "failure-meter" || c.Criterion == "restored-in-time" {
			wrong, promise = Count(c.WrongStops), "● kept"
			if c.Broken {
				promise = "■ broken: more than chance explains"
			}
		}
		t.Rows = append(t.Rows, []Cell{{Text: criterionTitle(c.Criterion)}, {Text: Count(c.Stopped)}, {Text: Count(c.Prevented)}, {Text: Count(c.Delayed)}, {Text: wrong}, {Text: promise}})
	}
	return t
}

// Stopped are the promotions that would have been stopped, newest first.
func (b Backtest) Stopped() []gate.BacktestVerdict {
	var out []gate.BacktestVerdict
	for _, v := range slices.Backward(b.Result.Verdicts) {
		if v.Verdict.Stops() {
			out = append(out, v)
		}
		if len(out) == listed {
			break
		}
	}
	return out
}

// Fate is what became of a promotion, in a word.
func (Backtest) Fate(o gate.Outcome) string {
	switch o {
	case gate.Failed:
		return "failed later"
	case gate.Good:
		return "was fine"
	default:
		return "not known"
	}
}

// Record leads to a promotion's record.
func (Backtest) Record(v gate.BacktestVerdict) string { return RecordPath(v.Service, v.Rollout) }

// lane is a row of the picture.
type lane struct{ word, shape string }

// The lanes from the top: what was stopped by what became of it, then what was let through.
var lanes = []lane{
	{"stopped, failed later", "diamond"}, {"stopped, was fine", "square"}, {"stopped, not known", "hollow-circle"},
	{"let through, failed", "hollow-diamond"}, {"let through, fine", "tick"},
}

func laneOf(stopped bool, o gate.Outcome) int {
	switch {
	case stopped && o == gate.Failed:
		return 0
	case stopped && o == gate.Good:
		return 1
	case stopped:
		return 2
	case o == gate.Failed:
		return 3
	default:
		return 4
	}
}

// Plot draws the promotions over time, each in the lane of what was said and what became of it.
func (b Backtest) Plot() Plot {
	p := Plot{ID: "backtest", Title: b.Headline(), Note: "Each mark is a planned promotion to production, at the time it went out; its row and shape say what the policy would have answered and what became of it."}
	if b.Result.Promotions == 0 {
		p.Empty = "There is nothing to judge."
		return p
	}
	f := fieldOf(b.Window, 1)
	stopped := map[string]bool{}
	for _, v := range b.Result.Verdicts {
		if v.Verdict.Stops() {
			stopped[v.Rollout] = true
		}
	}
	y := func(lane int) float64 { return (float64(lane) + 0.68) / float64(len(lanes)) }
	var fine strings.Builder
	n := make([]int, len(lanes))
	for _, t := range b.Trials {
		at := laneOf(stopped[t.ID], t.Outcome)
		n[at]++
		if at == len(lanes)-1 { // most of all: one path for them keeps the page small
			fmt.Fprintf(&fine, "M%s %sv40", thousandth(f.x(t.At)), thousandth(y(at)-0.02))
			continue
		}
		p.Marks = append(p.Marks, PlotMark{percentOf(f.x(t.At)), percentOf(y(at)), lanes[at].shape, name2(t) + ", " + b.Clock.Day(t.At) + ": " + lanes[at].word})
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
	p.Label = "Promotions over time in five rows. " + strings.Join(says, "; ") + "."
	return p
}

// name2 is what people call a promotion.
func name2(t gate.Trial) string {
	if t.Version != "" {
		return t.Version
	}
	return t.ID
}

// BacktestJSON is the address of the same backtest for programs.
func BacktestJSON(service string, days int) string {
	q := url.Values{"days": {strconv.Itoa(days)}}
	if service != "" {
		q.Set("service", service)
	}
	return "/api/v1/gate/backtest?" + q.Encode()
}
