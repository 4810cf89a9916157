package gate

import (
	"fmt"
	"slices"
	"strings"

	"shiphabit/metrics"
)

// The largest values a policy may hold: ten years, a meter of 1 in 100.
const (
	maxSeconds = 10 * 366 * 24 * hour
	maxOneIn   = 100
	maxYears   = 100
)

// faults collects what is wrong with a policy.
type faults []error

func (f *faults) unless(ok bool, format string, args ...any) {
	if !ok {
		*f = append(*f, fmt.Errorf(format, args...))
	}
}

func (f *faults) span(field string, seconds int64) {
	f.unless(seconds >= 0 && seconds <= maxSeconds, "%s: %d is no span; write seconds from 0 to %d", field, seconds, maxSeconds)
}

// Validate reports everything that is wrong with a policy, each fault with its field and what to write instead.
func (p Policy) Validate() []error {
	var f faults
	f.unless(p.Name != "", "name: missing")
	f.unless(p.Version > 0 && p.Version <= largestInteger, "version: %d; versions count from 1", p.Version)
	f.unless(slices.Contains([]metrics.Tier{metrics.Critical, metrics.High, metrics.Standard, metrics.Low}, p.Tier),
		"tier: %q is none of critical, high, standard, low", p.Tier)
	for kind, mode := range p.Ceilings {
		f.unless(slices.Contains([]metrics.EnvironmentKind{metrics.Production, metrics.Staging, metrics.Testing, metrics.Development}, kind),
			"ceilings: %q is none of production, staging, testing, development", kind)
		f.unless(known(mode), "ceilings.%s: %q is none of off, observe, warn, enforce", kind, mode)
	}
	slices.SortFunc(f, func(a, b error) int { return compareText(a.Error(), b.Error()) }) // maps have no order
	f.span("watch_seconds", p.WatchSeconds)
	f.span("unreachable.after_seconds", p.Unreachable.AfterSeconds)
	f.unless(p.Unreachable.Then == "open" || p.Unreachable.Then == "closed",
		"unreachable.then: %q is neither open nor closed", p.Unreachable.Then)
	f.span("overrides.max_seconds", p.Overrides.MaxSeconds)
	f.unless(p.Overrides.Persons >= 1 && p.Overrides.Persons <= 9, "overrides.persons: %d; write 1 to 9", p.Overrides.Persons)
	f.unless(p.Overrides.Uses >= 1 && p.Overrides.Uses <= 1000, "overrides.uses: %d; write 1 to 1000", p.Overrides.Uses)
	for i, role := range p.Overrides.Who {
		f.unless(strings.TrimSpace(role) != "", "overrides.who: a role without a name; name it, or leave it out")
		f.unless(!slices.Contains(p.Overrides.Who[:i], role), "overrides.who: names %q twice; keep one of them", role)
	}
	for _, c := range p.criteria() {
		c.check(&f, "criteria."+c.name)
	}
	return f
}

// check reports faults of a criterion that is present.
func (c criterion) check(f *faults, field string) {
	if c.absent {
		return
	}
	f.unless(known(c.rule.Mode), "%s.mode: %q is none of off, observe, warn, enforce", field, c.rule.Mode)
	f.unless(slices.Contains([]Result{Hold, Warn, Allow}, c.rule.OnUnknown), "%s.on_unknown: %q is none of hold, warn, allow", field, c.rule.OnUnknown)
	c.kind.check(f, field)
}

func known(m Mode) bool { return slices.Contains([]Mode{Off, Observe, WarnOnly, Enforce}, m) }

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

func (c FailureMeter) check(f *faults, field string) {
	checkMeter(f, field, c.OneIn, c.WrongStopYears)
	f.unless(c.GoodInARow >= 1 && c.GoodInARow <= 100, "%s.good_in_a_row: %d; write 1 to 100", field, c.GoodInARow)
	f.unless(c.ProbesPerDay >= 0 && c.ProbesPerDay <= 24, "%s.probes_per_day: %d; write 0 to 24", field, c.ProbesPerDay)
	f.unless(c.PaidPerDay >= 0 && c.PaidPerDay <= 1000, "%s.paid_per_day: %d; write 0 to 1000", field, c.PaidPerDay)
	f.unless(slices.Contains([]string{"", BeginsHalf, BeginsEmpty}, c.SharedRepository),
		"%s.shared_repository: %q is neither half nor empty", field, c.SharedRepository)
	f.unless(c.ProbesPerDay > 0 || c.Mode != Enforce,
		"%s.probes_per_day: 0 would leave an enforced meter shut for good; write at least 1", field)
}

// checkMeter reports a meter whose promise cannot be kept or computed.
func checkMeter(f *faults, field string, oneIn int, years Fraction) {
	f.unless(oneIn >= 2 && oneIn <= maxOneIn, "%s.one_in: %d; write 2 to %d", field, oneIn, maxOneIn)
	ok := years.Num > 0 && years.Den > 0 && years.Num <= 1000*maxYears && years.Den <= 1000 && years.Num <= maxYears*years.Den
	f.unless(ok, "%s.wrong_stop_years: %s; write a fraction above 0 and up to %d years", field, years, maxYears)
}

func (c RestoreFirst) check(f *faults, field string) {
	f.span(field+".older_than_seconds", c.OlderThanSeconds)
}

func (c OpenIncidents) check(f *faults, field string) {
	for _, severity := range []struct {
		name   string
		result Result
	}{{"severity_1", c.Severity1}, {"severity_2", c.Severity2}, {"severity_unstated", c.Unstated}} {
		f.unless(slices.Contains([]Result{Fail, Warn, Pass}, severity.result),
			"%s.%s: %q is none of fail, warn, pass", field, severity.name, severity.result)
	}
}

func (c PreviousChange) check(f *faults, field string) {
	f.span(field+".hold_seconds", c.HoldSeconds)
}

func (c RollbackReady) check(f *faults, field string) {
	f.unless(c.ExercisedWithinDays >= 0 && c.ExercisedWithinDays <= 3660,
		"%s.exercised_within_days: %d; write 0 to 3660", field, c.ExercisedWithinDays)
}

func (TestEvidence) check(*faults, string) {}

func (c Coverage) check(f *faults, field string) {
	f.unless(c.MinPPM >= 0 && c.MinPPM <= 1_000_000, "%s.min_ppm: %d; write 0 to 1000000", field, c.MinPPM)
	f.unless(c.IgnoreUnderLines >= 0 && c.IgnoreUnderLines <= 1_000_000, "%s.ignore_under_lines: %d; write 0 to 1000000", field, c.IgnoreUnderLines)
}

func (c BatchSize) check(f *faults, field string) {
	f.unless(c.MaxCommits >= 1 && c.MaxCommits <= 1_000_000, "%s.max_commits: %d; write 1 to 1000000", field, c.MaxCommits)
}

func (c DataFresh) check(f *faults, field string) {
	f.unless(c.MaxAgeSeconds > 0, "%s.max_age_seconds: %d; write a span above 0", field, c.MaxAgeSeconds)
	f.span(field+".max_age_seconds", c.MaxAgeSeconds)
	f.span(field+".hold_seconds", c.HoldSeconds)
	f.unless(slices.Contains([]Result{"", Warn, Block}, c.Then), "%s.then: %q is neither warn nor block", field, c.Then)
}
