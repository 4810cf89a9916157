package gate

import (
	"fmt"
	"math/big"
	"strconv"
)

func (c FailureMeter) judge(q question) finding {
	m := q.s.Meter
	failed, decided := tally(q.s.Recent)
	f := finding{
		result:  Pass,
		says:    fmt.Sprintf("Each failed deployment costs %s, each good one pays back 1%s. Now %d, line %d.", count(int64(m.Step), "point"), c.bound(), m.Value, m.Line),
		short:   fmt.Sprintf("%d of the last %s failed; the meter is at %d of %d", failed, count(int64(decided), "deployment"), m.Value, m.Line),
		promise: c.promise(m),
		observed: map[string]int64{
			"meter": int64(m.Value), "line": int64(m.Line), "failed": int64(failed), "deployments": int64(decided),
			"sure_above_limit_ppm": sureAboveLimitPPM(failed, decided, c.OneIn),
		},
	}
	switch {
	case m.Blocked:
		c.blocked(q, &f)
	case m.Trials == 0 && m.Began != nil:
		f.result, f.promise = NotApplicable, nil
		f.says = "No planned production deployment of this service has been judged yet. " + m.BeganSays(q.s.Service)
	case m.Trials == 0:
		f.result, f.promise = NotApplicable, nil
		f.says = fmt.Sprintf("No planned production deployment of this service has been judged yet; the meter is empty, its line is %d.", m.Line)
	default:
		if 10*m.Value >= 6*m.Line {
			f.result = Warn
		}
		if m.Began != nil {
			f.says += " " + m.BeganSays(q.s.Service)
		}
		f.says += " " + c.counterfactual(m)
	}
	if m.Began != nil {
		f.observed["began_at"] = int64(m.Began.Value)
	}
	f.evidence = failures(q.s.Recent)
	return f
}

// blocked fills in a finding about a meter that has reached its line.
func (c FailureMeter) blocked(q question, f *finding) {
	m := q.s.Meter
	f.result = Fail
	if m.Began != nil {
		f.says += " " + m.BeganSays(q.s.Service)
	}
	if m.Value < m.Line {
		f.says += " It reached its line at " + clock(m.BlockedSince) + " and is not open again yet."
		f.short = fmt.Sprintf("the meter reached its line at %s and stands at %d of %d", clock(m.BlockedSince), m.Value, m.Line)
	}
	f.observed["good_in_a_row"] = int64(m.GoodInARow)
	row := fmt.Sprintf("%s good deployments in a row (%d so far", number(c.GoodInARow), m.GoodInARow)
	if c.GoodInARow == 1 {
		row = "one good deployment (none so far"
	}
	if !m.NextProbeAt.IsZero() {
		row += "; probe allowed at " + clock(m.NextProbeAt)
		if c.ProbeCanary {
			row += ", as a canary"
		}
	}
	f.opensWhen = []string{row + ")"}
	if q.s.VerdictSource {
		f.opensWhen = append(f.opensWhen, "or a fix of "+m.BlockedBy+" is deployed, watched and found healthy")
	}
}

// bound says how many good ones pay back in a day, where that is bounded.
func (c FailureMeter) bound() string {
	if c.PaidPerDay == 0 {
		return ""
	}
	return ", at most " + number(c.PaidPerDay) + " a day"
}

// counterfactual says what the next deployments would do to an open meter.
func (c FailureMeter) counterfactual(m MeterState) string {
	stop, row := "one more failure stops you", "to stop you"
	if m.OnlyWarns {
		stop, row = "one more failure brings it to its line, which stops nothing here", "to bring it to its line, which stops nothing here"
	}
	if n := (m.Line - m.Value + m.Step - 1) / m.Step; n > 1 {
		stop = fmt.Sprintf("it would take %s failures in a row %s", number(n), row)
	}
	if m.Value == 0 {
		return sentence(stop)
	}
	good := min(m.Value, 2)
	if c.PaidPerDay > 0 {
		good = min(good, c.PaidPerDay-m.PaidToday)
	}
	if good <= 0 {
		return "Today's have paid back already; " + stop + "."
	}
	verb := "bring"
	if good == 1 {
		verb = "brings"
	}
	return fmt.Sprintf("%d more good %s %s the meter from %d to %d; %s.", good, plural(good, "one"), verb, m.Value, m.Value-good, stop)
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// tally counts the failed ones among the trials whose outcome is known.
func tally(trials []Trial) (failed, decided int) {
	for _, t := range trials {
		switch t.Outcome {
		case Failed:
			failed++
			decided++
		case Good:
			decided++
		case PendingWatch, Inconclusive: // count nowhere
		}
	}
	return failed, decided
}

// failures are the ids of failed trials, newest first.
func failures(trials []Trial) []string {
	var ids []string
	for i := len(trials) - 1; i >= 0; i-- {
		if trials[i].Outcome == Failed {
			ids = append(ids, trials[i].ID)
		}
	}
	return ids
}

// promise is how seldom the meter stops a service that fails half as often as the limit, at its line and volume.
func (c FailureMeter) promise(m MeterState) *Promise {
	return promised(m.Step, m.Line, m.Volume, c.healthy())
}

// yearsBetween turns deployments into years at a monthly volume.
func yearsBetween(deployments *big.Rat, volume int) *big.Rat {
	return new(big.Rat).Quo(deployments, big.NewRat(12*int64(volume), 1))
}

// tenthsOf rounds a rational down to tenths: a promise that is easy to read and never too good.
func tenthsOf(r *big.Rat) Fraction {
	rounded := big.NewRat(clampBig(floor(new(big.Rat).Mul(r, big.NewRat(10, 1)))), 10)
	return Fraction{Num: rounded.Num().Int64(), Den: rounded.Denom().Int64()}
}

func clampBig(n *big.Int) int64 {
	if !n.IsInt64() {
		return largestInteger
	}
	return clampInt(n.Int64())
}

func (c FailureMeter) promises() string {
	return "no more than 1 in " + strconv.Itoa(c.OneIn) + " fail (+" + strconv.Itoa(c.OneIn-1) + "/-1" + c.bound() + "; a wrong stop at most once in " +
		c.WrongStopYears.decimal() + " " + plural(int(c.WrongStopYears.Num/c.WrongStopYears.Den), "year") + ")"
}
