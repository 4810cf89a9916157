package gate

import "fmt"

// NeverFires lists the criteria that could never tell any service anything, each with its field, why, and what to write instead.
func (p Policy) NeverFires() []string {
	var all []string
	for _, c := range p.criteria() {
		if why := c.neverFires(); why != "" {
			all = append(all, fmt.Sprintf("criteria.%s: can never fire: %s", c.name, why))
		}
	}
	return all
}

func (c criterion) neverFires() string {
	if c.absent || c.rule.Mode == Off {
		return ""
	}
	if onlyUnknown(c.kind) && c.rule.OnUnknown == Allow {
		return "what speaks against a change it says as unknown, and on_unknown allows that; write hold or warn, or turn it off"
	}
	if idle, ok := c.kind.(interface{ neverFires() string }); ok {
		return idle.neverFires()
	}
	return ""
}

// lintFire adds criteria that can never fire, and meters that are of no use at a volume. What no service could ever be told is a fault; what
// services of this volume cannot be told is one where the criterion is enforced, for then something is promised that cannot be kept.
func (l *LintReport) lintFire(p Policy) {
	l.Faults = append(l.Faults, p.NeverFires()...)
	for _, c := range p.criteria() {
		rare, ok := c.kind.(interface{ idleAt(volume int) string })
		if !ok || c.absent || c.rule.Mode == Off || c.neverFires() != "" {
			continue
		}
		switch why := rare.idleAt(l.Volume); {
		case why == "":
		case c.rule.Mode == Enforce:
			l.Faults = append(l.Faults, fmt.Sprintf("criteria.%s: %s", c.name, why))
		default:
			l.Warnings = append(l.Warnings, fmt.Sprintf("%s: %s", c.name, why))
		}
	}
}

// onlyUnknown tells of a criterion that never fails outright: it can tell, or it cannot.
func onlyUnknown(kind any) bool {
	switch kind.(type) {
	case RollbackReady, DataFresh, PreviousChange, MonitoringLive, Drain:
		return true
	}
	return false
}

// idleAt tells that the promise cannot be met: a meter that notices a service at twice the limit no sooner than it may stop a good one wrongly
// tells nothing.
func (c FailureMeter) idleAt(volume int) string {
	m := c.lint(volume)
	noticed := yearsBetween(RunLength(c.OneIn-1, m.Line, Fraction{2, int64(c.OneIn)}), volume)
	if noticed.Cmp(c.WrongStopYears.Rat()) < 0 {
		return ""
	}
	return fmt.Sprintf("at %s a month a service that fails %s is noticed after %s on average, and a good one may be stopped once in %s: the promise cannot be met; name a higher share, or leave it to the criteria that state facts",
		count(int64(volume), "deployment"), oneIn(reduce(Fraction{2, int64(c.OneIn)})), inYears(decimals(noticed)), c.WrongStopYears.decimal())
}

func (c OwnUsual) idleAt(volume int) string {
	if year := 12 * volume; year < c.MinTrials {
		return fmt.Sprintf("at %s a month it can never fire: it wants %d deployments in a year; turn it off, or let fewer do",
			count(int64(volume), "deployment"), c.MinTrials)
	}
	return ""
}

func (c OpenIncidents) neverFires() string {
	if c.Severity1 == Pass && c.Severity2 == Pass && c.Unstated == Pass {
		return "incidents of every severity pass; let one of them warn or fail, or turn it off"
	}
	return ""
}

func (c Coverage) neverFires() string {
	if c.MinPPM == 0 && (!c.Required || c.OnUnknown == Allow) {
		return "every coverage is at least 0 %; write a higher share, or turn it off"
	}
	return ""
}

func (c MonitoringLive) neverFires() string {
	if !c.Errors && !c.Latency && c.Business == 0 {
		return "no signal is wanted; name one, or turn it off"
	}
	return ""
}

func (c Drain) neverFires() string {
	if c.Seconds == 0 {
		return "it lasts no time; write a span above 0s, or turn it off"
	}
	return ""
}
