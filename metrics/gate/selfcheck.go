package gate

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Demotion says that a criterion was wrong about good services more often than its promise explains by chance. A gate that breaks its own
// agreement does not go on stopping people: the criterion only warns.
type Demotion struct {
	Criterion string `json:"criterion"`
	// Measured wrong stops in so many service-years, where one in Promised years was agreed.
	Measured int      `json:"measured"`
	Years    Fraction `json:"years"`
	Promised Fraction `json:"promised"`
}

// demote lets a criterion that broke its promise do no more than warn, and says so.
func (q question) demote(criterion string, mode Mode, f *finding) Mode {
	i := slices.IndexFunc(q.s.Demoted, func(d Demotion) bool { return d.Criterion == criterion })
	if i < 0 || mode != Enforce {
		return mode
	}
	d := q.s.Demoted[i]
	f.says += fmt.Sprintf(" It only warns now: it stopped good services wrongly %s in %s, and once in %s years was agreed. Chance does not explain that; until it is agreed anew it stops nothing.",
		times(d.Measured), ServiceYears(d.Years), d.Promised.decimal())
	if f.result == Fail {
		f.short += " (it only warns, having been wrong more often than agreed)"
		f.opensWhen = nil
	}
	return AtMost(WarnOnly, mode)
}

// ServiceYears words how long services were judged, all together: in days below a year.
func ServiceYears(f Fraction) string {
	if f.Num < f.Den {
		return count(f.Num*daysOfYear/f.Den, "service-day")
	}
	return f.decimal() + " service-years"
}

const daysOfYear = 365

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return number(n) + " times"
}

// PromiseCheck holds the wrong stops of one criterion under one policy and promise against that promise.
type PromiseCheck struct {
	Policy    string `json:"policy"`
	Criterion string `json:"criterion"`
	// Promised: a good service is stopped wrongly at most once in so many years.
	Promised Fraction `json:"promised"`
	// Services are those that outside their stops keep well below the limit, so that a stop can have been wrong; Years is how long they
	// were judged, all together.
	Services int      `json:"services"`
	Years    Fraction `json:"service_years"`
	// Spells are their stops that somebody met, Wrong those of them that were wrong.
	Spells int `json:"spells"`
	Wrong  int `json:"wrong"`
	// Expected is how many wrong ones the promise allows for on average.
	Expected Fraction `json:"expected"`
	// Broken: so many are more than chance explains, by an exact test at 5 %.
	Broken bool `json:"broken"`

	years *big.Rat
}

// Demotion is what a broken promise leads to, false when it was kept.
func (c PromiseCheck) Demotion() (Demotion, bool) {
	return Demotion{Criterion: c.Criterion, Measured: c.Wrong, Years: c.Years, Promised: c.Promised}, c.Broken
}

// Concerns reports whether the check speaks of a service's policy: it has the criterion under the same name and promise.
func (c PromiseCheck) Concerns(p Policy) bool {
	return p.Name == c.Policy && slices.ContainsFunc(p.promising(), func(one promising) bool { return one.criterion == c.Criterion && one.promised == c.Promised })
}

// promising is a criterion that can stop a service and promises to be wrong seldom.
type promising struct {
	criterion string
	oneIn     int
	promised  Fraction
	fold      func(h *history) []MeterStep
}

// promising lists the criteria of a policy that make a promise. The meter of a service's own usual only warns.
func (p Policy) promising() []promising {
	var all []promising
	if c := p.Criteria.FailureMeter; c != (FailureMeter{}) && c.Mode != Off {
		all = append(all, promising{"failure-meter", c.OneIn, c.WrongStopYears, func(h *history) []MeterStep {
			_, steps := h.foldMeter(c, h.metered())
			return steps
		}})
	}
	if c := p.Criteria.RestoredInTime; c != (RestoredInTime{}) && c.Mode != Off {
		all = append(all, promising{"restored-in-time", c.OneIn, c.WrongStopYears, func(h *history) []MeterStep {
			_, steps := h.foldRestored(c)
			return steps
		}})
	}
	return all
}

// Promises holds each criterion's wrong stops in the ledger's window against its promise, by policy and promise.
//
// A wrong stop is a spell that somebody met, and that good deployments (or incidents over in time) opened with no cause recorded, or that was
// overridden as a false alarm; while a criterion only observes, the next deployments tell. It is counted only for services that outside their
// spells fail at most half as often as the limit: the stops of others may well have been right.
func (l Ledger) Promises() []PromiseCheck {
	alarms, granted := l.falseAlarms(), l.granted()
	var checks []PromiseCheck
	for service, decisions := range l.byService() {
		standing, known := l.Services[service]
		if !known {
			continue
		}
		h := newHistory(standing.Facts, standing.Policy, l.To.UTC().Truncate(time.Millisecond), granted[service]).sharing(standing.Older)
		explained := h.explained(h.trials())
		for _, one := range standing.Policy.promising() {
			at := slices.IndexFunc(checks, func(c PromiseCheck) bool {
				return c.Policy == standing.Policy.Name && c.Criterion == one.criterion && c.Promised == one.promised
			})
			if at < 0 {
				at = len(checks)
				checks = append(checks, PromiseCheck{Policy: standing.Policy.Name, Criterion: one.criterion, Promised: one.promised, years: new(big.Rat)})
			}
			checks[at].add(one, one.fold(h), meetings{l.From, l.To, decisions, alarms, explained})
		}
	}
	for i := range checks {
		checks[i].judge()
	}
	slices.SortFunc(checks, func(a, b PromiseCheck) int {
		return cmp.Or(strings.Compare(a.Policy, b.Policy), strings.Compare(a.Criterion, b.Criterion), a.Promised.Rat().Cmp(b.Promised.Rat()))
	})
	return checks
}

// Stopped are the services that met a criterion which makes a promise, or were overridden.
func (l Ledger) Stopped() map[string]bool {
	met := map[string]bool{}
	for _, d := range l.Decisions {
		if d.Override != "" || d.failing("failure-meter") || d.failing("restored-in-time") {
			met[d.Service] = true
		}
	}
	return met
}

// meetings are the decisions of one service in a window, and the overrides that called a stop a false alarm.
type meetings struct {
	from, to  time.Time
	decisions []Scored
	alarms    map[string]bool
	explained map[string]bool // failures whose cause is recorded
}

// add takes in one service.
func (c *PromiseCheck) add(one promising, steps []MeterStep, m meetings) {
	if len(steps) == 0 || !keepsWellBelow(steps, one.oneIn) {
		return
	}
	c.Services++
	since := latest(m.from, m.decisions[0].At)
	c.years.Add(c.years, yearsOf(m.to.Sub(since)))
	for _, s := range spellsOf(steps) {
		if s.from.Before(m.from) || !s.from.Before(m.to) {
			continue
		}
		met, alarm := m.within(s, one.criterion)
		if !met {
			continue
		}
		c.Spells++
		if s.wrong(m.explained) || alarm {
			c.Wrong++
		}
	}
}

// within tells whether a production request met the criterion in the spell, and whether an override there called it a false alarm.
func (m meetings) within(s spell, criterion string) (met, alarm bool) {
	for _, d := range m.decisions {
		if !s.holds(d.At) || d.For != production {
			continue
		}
		met = met || d.failing(criterion) || m.alarms[d.Override]
		alarm = alarm || m.alarms[d.Override]
	}
	return met, alarm
}

// inDays rounds years down to whole days.
func inDays(years *big.Rat) Fraction {
	days := clampBig(floor(new(big.Rat).Mul(years, big.NewRat(daysOfYear, 1))))
	r := big.NewRat(days, daysOfYear)
	return Fraction{Num: r.Num().Int64(), Den: r.Denom().Int64()}
}

func (c *PromiseCheck) judge() {
	c.Years = inDays(c.years)
	c.Expected = inDays(new(big.Rat).Quo(c.years, c.Promised.Rat()))
	c.Broken = BreaksPromise(c.Wrong, c.years, c.Promised)
}

// yearsOf is a span in years of 365 days.
func yearsOf(span time.Duration) *big.Rat {
	return new(big.Rat).SetFrac64(int64(max(0, span)/time.Second), int64(daysOfYear*24*time.Hour/time.Second))
}

// promiseTally adds up the wrong stops of a criterion over all services that were promised the same.
type promiseTally struct {
	criterion string
	promised  Fraction
	wrong     int
	years     *big.Rat // in which it could have stopped them
}

func (t promiseTally) broken() bool { return BreaksPromise(t.wrong, t.years, t.promised) }

// addTally joins a tally to those of other promises.
func addTally(all []promiseTally, t promiseTally) []promiseTally {
	i := slices.IndexFunc(all, func(o promiseTally) bool {
		return o.criterion == t.criterion && o.promised.Rat().Cmp(t.promised.Rat()) == 0
	})
	if i < 0 {
		return append(all, t)
	}
	all[i].wrong, all[i].years = all[i].wrong+t.wrong, new(big.Rat).Add(all[i].years, t.years)
	return all
}
