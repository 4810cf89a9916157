package reports

import (
	"fmt"
	"net/url"
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
	Limits []Limit
	// LeftOut counts the services that Limits name as not judged at all.
	LeftOut int
	// Answer chooses those that are listed: gate.Block or gate.Hold; else the first of both that there is one of.
	Answer gate.Result
	Page   int // of the list, from 1; any other stands for the first
}

// Limit is something that was not judged for want of time, with the names of what was left out where those are services.
type Limit struct{ Says, LeftOut string }

func (Backtest) template() string { return "backtest" }

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
	blocked := Count(r.Blocked.Promotions)
	if r.Blocked.Promotions == 0 {
		blocked = "None"
	}
	says := fmt.Sprintf("%s of %s would have been stopped", blocked, of)
	if r.Held.Promotions > 0 {
		says += ", " + Count(r.Held.Promotions) + " told to wait"
	}
	return says
}

// Figures are the numbers of the result.
func (b Backtest) Figures() []BoardFigure {
	r := b.Result.Blocked
	first := gate.Share{Count: r.FirstPrevented, Of: r.FirstPrevented + r.FirstDelayed, LowPPM: r.PreventedLow, HighPPM: r.PreventedHigh}
	right := BoardFigure{Title: "First stops that were right", Why: "none"}
	if first.Of > 0 {
		right.Value, right.Why = fmt.Sprintf("%s of %s", Count(first.Count), Count(first.Of)), ""
		right.Says = []string{rangeWords(first), "Only the first stop of a row says what would have happened; those after it are modelled."}
	}
	return []BoardFigure{
		right,
		{Title: "Stopped that failed later", Value: Count(r.Prevented), Says: []string{"Prevented."}},
		{Title: "Stopped that were fine", Value: Count(r.Delayed), Says: delayedSays(r)},
		{Title: "Told to wait", Value: Count(b.Result.Held.Promotions), Says: heldSays(b.Result.Held)},
		{Title: "Let through that failed", Value: Count(b.Result.Missed), Says: []string{"Missed: nothing stood against them when they began."}},
	}
}

func delayedSays(r gate.Blocked) []string {
	says := []string{"Delayed; " + Span(float64(r.DelaySeconds)) + " of waiting in all, and " + plural(r.Overrides, "override", "overrides") + " to let them go."}
	if r.Undecided > 0 {
		says = append(says, "Of "+plural(r.Undecided, "further one", "further ones")+" nothing is known.")
	}
	return says
}

func heldSays(h gate.Held) []string {
	if h.Promotions == 0 {
		return []string{"Nothing had to wait for what was not known."}
	}
	fates := Count(h.FailedLater) + " failed later, " + plural(h.Fine, "was fine", "were fine")
	if h.Undecided > 0 {
		fates += ", of " + Count(h.Undecided) + " nothing is known"
	}
	return []string{"Holds, which are no stops: something was not known yet.", upperFirst(fates) + ". Good ones waited at most " + Span(float64(h.DelaySeconds)) + " in all."}
}

// Assumed says how much of the order in time is assumed.
func (b Backtest) Assumed() string {
	if b.Result.AssumedPPM == 0 {
		return ""
	}
	return "When an outcome became known is assumed for " + ppm(b.Result.AssumedPPM) + " of them, not recorded."
}

// CriteriaTable tells what each criterion alone would have stopped or held. Those that would have done nothing and promise nothing are
// named by Idle.
func (b Backtest) CriteriaTable() Table {
	t := Table{Caption: "What each criterion alone would have answered", Lines: true, Head: []Head{
		{Text: "Criterion"}, {"Stopped", true}, {"Told to wait", true}, {"Failed later", true}, {"Were fine", true}, {"Wrong stops", true}, {Text: "Promise"},
	}}
	for _, c := range b.Result.Criteria {
		if idle(c) {
			continue
		}
		wrong, promise := "—", "no promise"
		if promises(c) {
			wrong, promise = Count(c.WrongStops), "● promise kept"
			if c.Broken {
				promise = "■ promise broken: more than chance explains"
			}
		}
		t.Rows = append(t.Rows, []Cell{{Text: criterionTitle(c.Criterion)}, {Text: Count(c.Blocked)}, {Text: Count(c.Held)}, {Text: Count(c.Prevented)}, {Text: Count(c.Delayed)}, {Text: wrong}, {Text: promise}})
	}
	return t
}

func promises(c gate.BacktestCriterion) bool {
	return c.Criterion == "failure-meter" || c.Criterion == "restored-in-time"
}

func idle(c gate.BacktestCriterion) bool { return c.Stopped == 0 && !promises(c) }

// Idle names the criteria that would have let everything through, "" where there is none.
func (b Backtest) Idle() string {
	var names []string
	for _, c := range b.Result.Criteria {
		if idle(c) {
			names = append(names, c.Criterion)
		}
	}
	return strings.Join(names, ", ")
}

// fateOf is what became of a promotion, with the shape that the picture gives it.
func fateOf(o gate.Outcome) VerdictView {
	switch o {
	case gate.Failed:
		return VerdictView{"failed later", "◆", "stop"}
	case gate.Good:
		return VerdictView{"was fine", "●", "good"}
	default:
		return VerdictView{"not known", "○", "none"}
	}
}

// BacktestJSON is the address of the same backtest for programs.
func BacktestJSON(service string, days int) string {
	q := url.Values{"days": {strconv.Itoa(days)}}
	if service != "" {
		q.Set("service", service)
	}
	return "/api/v1/gate/backtest?" + q.Encode()
}
