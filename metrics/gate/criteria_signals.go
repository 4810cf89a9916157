package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrorBudget minds what is left of a service's error budget over 28 days, as a source measured it, else as the request states it.
type ErrorBudget struct {
	Rule
	// WarnBelowPPM of the budget left warns; at 0 the criterion fails where StopsAtZero is set, else it warns.
	WarnBelowPPM int64 `json:"warn_below_ppm"`
	StopsAtZero  bool  `json:"stops_at_zero"`
}

func (c ErrorBudget) judge(q question) finding {
	left, by := q.budgetLeft()
	if left == nil {
		return finding{result: NotApplicable, says: "Nothing is said about its error budget."}
	}
	f := finding{
		result: Pass, observed: map[string]int64{"left_ppm": clampInt(*left), "warn_below_ppm": c.WarnBelowPPM},
		says: percent(max(0, *left)) + " of its error budget of 28 days is left.",
	}
	if by != nil {
		f.says += " " + by.Source + " measured it at " + clock(by.At) + "."
	}
	switch {
	case *left <= 0:
		f.result, f.short = Warn, "its error budget of 28 days is used up"
		if c.StopsAtZero {
			f.result = Fail
		}
	case *left < c.WarnBelowPPM:
		f.result, f.short = Warn, "only "+percent(*left)+" of its error budget is left"
	}
	if f.result != Pass {
		f.opensWhen = []string{"older errors leave the 28 days, or the objective is agreed anew"}
	}
	return f
}

func (c ErrorBudget) promises() string {
	words := "something is left of the error budget of 28 days"
	if c.WarnBelowPPM > 0 {
		words += "; below " + percent(c.WarnBelowPPM) + " it warns"
	}
	if !c.StopsAtZero {
		words += "; only warns"
	}
	return words
}

func (c ErrorBudget) check(f *faults, field string) {
	f.unless(c.WarnBelowPPM >= 0 && c.WarnBelowPPM <= 1_000_000, "%s.warn_below_ppm: %d; write 0 to 1000000", field, c.WarnBelowPPM)
}

// MonitoringLive wants the signals that would show a bad deployment to have arrived a short while ago: what nobody sees cannot be
// called good. Business counts signals that are neither errors nor latency. Required: a service of which no signal was ever stated is
// unknown, not simply not judged.
type MonitoringLive struct {
	Rule
	Errors            bool  `json:"errors"`
	Latency           bool  `json:"latency"`
	Business          int   `json:"business"`
	MaxSilenceSeconds int64 `json:"max_silence_seconds"`
	Required          bool  `json:"required"`
}

func (c MonitoringLive) judge(q question) finding {
	seen := q.signalsSeen()
	if len(seen) == 0 && !c.Required {
		return finding{result: NotApplicable, says: "Nothing is said about its monitoring, and nothing is demanded."}
	}
	live := func(at time.Time) bool { // a time far ahead comes from a clock that is wrong and says nothing
		return !at.IsZero() && q.s.Now.Sub(at).Abs() <= seconds(c.MaxSilenceSeconds)
	}
	var silent []string
	if c.Errors && !live(seen["errors"]) {
		silent = append(silent, "errors")
	}
	if c.Latency && !live(seen["latency"]) {
		silent = append(silent, "latency")
	}
	business := 0
	for name, at := range seen {
		if name != "errors" && name != "latency" && live(at) {
			business++
		}
	}
	if business < c.Business {
		silent = append(silent, fmt.Sprintf("%d of %s", c.Business-business, count(int64(c.Business), "business signal")))
	}
	f := finding{result: Pass, says: fmt.Sprintf("The signals it is watched by have been seen in the last %s.", span(seconds(c.MaxSilenceSeconds)))}
	if len(silent) > 0 {
		slices.Sort(silent)
		words := strings.Join(silent, ", ")
		f.result, f.short = Unknown, "its monitoring is silent ("+words+")"
		f.says = "In the last " + span(seconds(c.MaxSilenceSeconds)) + silentOf + words + silentSo
		f.until = q.s.Now.Add(freshRetry)
		f.opensWhen = []string{statedAgain}
		if len(q.s.Monitored) > 0 {
			f.opensWhen = []string{"the signals are seen again"}
		}
	}
	return f
}

// The parts of what it says of signals that nobody saw, and of what a request can do about it. Old decisions say the same.
const (
	silentOf    = " nothing was seen of: "
	silentSo    = ". A bad deployment would not be noticed."
	statedAgain = "the signals are seen again and the request says so (--signal errors)"
)

// Unstated are the signals that this reason is without because its request states none: "errors", "1 of 1 business signal". None where sources
// measure them, or the request states some: then they are silent, and whoever asks cannot help that.
func (r Reason) Unstated(of Request) []string {
	if r.Criterion != "monitoring-live" || r.Result != Unknown || len(of.Evidence.SignalsSeen) > 0 || !slices.Contains(r.OpensWhen, statedAgain) {
		return nil
	}
	_, after, _ := strings.Cut(r.Says, silentOf)
	words, _, said := strings.Cut(after, silentSo)
	if !said {
		return nil
	}
	return strings.Split(words, ", ")
}

func (c MonitoringLive) promises() string {
	var wanted []string
	if c.Errors {
		wanted = append(wanted, "errors")
	}
	if c.Latency {
		wanted = append(wanted, "latency")
	}
	if c.Business > 0 {
		wanted = append(wanted, count(int64(c.Business), "business signal"))
	}
	return strings.Join(wanted, ", ") + " seen in the last " + span(seconds(c.MaxSilenceSeconds))
}

func (c MonitoringLive) check(f *faults, field string) {
	f.unless(c.MaxSilenceSeconds > 0, "%s.max_silence_seconds: %d; write a span above 0", field, c.MaxSilenceSeconds)
	f.span(field+".max_silence_seconds", c.MaxSilenceSeconds)
	f.unless(c.Business >= 0 && c.Business <= 20, "%s.business: %d; write 0 to 20", field, c.Business)
}
