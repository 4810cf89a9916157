package gate

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"shiphabit/metrics"
)

// LintReport says what a policy promises at a volume, and what is wrong with it.
type LintReport struct {
	Policy string     `json:"policy"`
	Tier   string     `json:"tier"`
	Digest string     `json:"digest,omitempty"` // empty for a policy that cannot be in force
	Volume int        `json:"volume"`           // planned deployments a month
	Lines  []LintLine `json:"criteria"`
	// WrongStopsPerYear is the sum over all criteria that may stop, at worst, in thousandths rounded up.
	WrongStopsPerYear Fraction `json:"wrong_stops_per_year"`
	Faults            []string `json:"faults"`
	Warnings          []string `json:"warnings"`
}

// LintLine is one criterion of a policy.
type LintLine struct {
	Criterion string        `json:"criterion"`
	Mode      Mode          `json:"mode"` // in production, under its ceiling
	OnUnknown Result        `json:"on_unknown"`
	Wants     string        `json:"wants"`
	Meter     *MeterPromise `json:"meter"` // nil for a criterion that states a fact
	// Promises are those of the other meters, exactly, for values on which theirs depend.
	Promises []string `json:"promises,omitempty"`
}

// MeterPromise is what a failure meter does at its line, exactly.
type MeterPromise struct {
	Line int `json:"line"`
	Promise
	AtDouble Notice `json:"at_double"` // at twice the limit
	AtHalf   Notice `json:"at_half"`   // when every second deployment fails
}

// Notice is how soon a failure rate is noticed, on average and from an empty meter, rounded to tenths.
type Notice struct {
	Rate        Fraction `json:"rate"`
	Deployments Fraction `json:"deployments"`
	Failed      Fraction `json:"failed"`
}

// Lint works out what a policy promises for a service of this volume (planned deployments a month, at least 1).
func Lint(p Policy, volume int) LintReport {
	volume = max(1, volume)
	report := LintReport{
		Policy: p.Name, Tier: string(p.Tier), Volume: volume,
		WrongStopsPerYear: Fraction{0, 1}, Faults: []string{}, Warnings: []string{},
	}
	for _, fault := range p.Validate() {
		report.Faults = append(report.Faults, fault.Error())
	}
	if len(report.Faults) > 0 {
		return report
	}
	report.Digest = p.Digest()
	sum := new(big.Rat)
	for _, c := range p.criteria() {
		if c.absent || c.rule.Mode == Off {
			continue
		}
		mode := p.modeIn(metrics.Production, c.rule.Mode)
		if mode != c.rule.Mode {
			report.Warnings = append(report.Warnings, fmt.Sprintf("%s: its mode is %s, and ceilings.production keeps it at %s", c.name, c.rule.Mode, mode))
		}
		line := LintLine{Criterion: c.name, Mode: mode, OnUnknown: c.rule.OnUnknown, Wants: c.kind.promises()}
		if meter, ok := c.kind.(FailureMeter); ok {
			line.Meter = meter.lint(volume)
			if mode == Enforce {
				sum.Add(sum, perYear(meter, line.Meter.Line, volume))
			}
		}
		if meter, ok := c.kind.(interface{ exactly(volume int) []string }); ok {
			line.Promises = meter.exactly(volume)
		}
		if meter, ok := c.kind.(RestoredInTime); ok && mode == Enforce {
			sum.Add(sum, new(big.Rat).Inv(meter.WrongStopYears.Rat())) // whatever the number of incidents: the line follows from it
		}
		report.Lines = append(report.Lines, line)
	}
	report.WrongStopsPerYear = thousandthsUp(sum)
	report.warn(p, sum)
	report.lintFire(p)
	return report
}

// perYear is how often a meter stops a service wrongly in a year, at worst.
func perYear(c FailureMeter, line, volume int) *big.Rat {
	mean := RunLength(c.OneIn-1, line, c.healthy())
	return mean.Inv(yearsBetween(mean, volume))
}

func thousandthsUp(r *big.Rat) Fraction {
	scaled := new(big.Rat).Mul(r, big.NewRat(1000, 1))
	n := floor(scaled)
	if !scaled.IsInt() {
		n.Add(n, big.NewInt(1))
	}
	rounded := big.NewRat(clampBig(n), 1000)
	return Fraction{Num: rounded.Num().Int64(), Den: rounded.Denom().Int64()}
}

func (c FailureMeter) lint(volume int) *MeterPromise {
	line := c.line(volume)
	promise := c.promise(MeterState{Step: c.OneIn - 1, Line: line, Volume: volume})
	return &MeterPromise{
		Line: line, Promise: *promise,
		AtDouble: c.notice(line, Fraction{2, int64(c.OneIn)}), AtHalf: c.notice(line, Fraction{1, 2}),
	}
}

func (c FailureMeter) notice(line int, rate Fraction) Notice {
	mean := RunLength(c.OneIn-1, line, rate)
	return Notice{Rate: reduce(rate), Deployments: nearestTenth(mean), Failed: nearestTenth(new(big.Rat).Mul(mean, rate.Rat()))}
}

// nearestTenth rounds a mean to tenths; it is a hint and no promise, so it need not be rounded down.
func nearestTenth(r *big.Rat) Fraction { return tenthsOf(new(big.Rat).Add(r, big.NewRat(1, 20))) }

func reduce(f Fraction) Fraction {
	r := f.Rat()
	return Fraction{Num: r.Num().Int64(), Den: r.Denom().Int64()}
}

// warn adds what is allowed but should be known.
func (l *LintReport) warn(p Policy, sum *big.Rat) {
	tier := PolicyFor(p.Tier).Criteria.FailureMeter
	agreed := new(big.Rat).Inv(tier.WrongStopYears.Rat())
	if sum.Cmp(new(big.Rat).Mul(agreed, big.NewRat(2, 1))) > 0 {
		l.Warnings = append(l.Warnings, fmt.Sprintf(
			"all criteria together may stop a good service wrongly %s times a year; the tier %s promises %s, and twice that is the limit",
			decimals(sum), p.Tier, decimals(agreed)))
	}
	for _, line := range l.Lines {
		if line.Meter == nil {
			continue
		}
		months := new(big.Rat).Quo(line.Meter.AtDouble.Deployments.Rat(), big.NewRat(int64(l.Volume), 1))
		if months.Cmp(big.NewRat(2, 1)) >= 0 {
			l.Warnings = append(l.Warnings, fmt.Sprintf(
				"%s: at %d deployments a month twice the limit is noticed only after %s months on average; the criteria that state facts carry the weight",
				line.Criterion, l.Volume, tenths(months)))
		}
	}
}

// decimals writes a rational with three digits after the point, rounded.
func decimals(r *big.Rat) string { return r.FloatString(3) }

// Text is the report for a terminal.
func (l LintReport) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Policy %s at %s a month\n", l.Policy, count(int64(l.Volume), "deployment"))
	for _, fault := range l.Faults {
		fmt.Fprintf(&b, "  fault: %s\n", fault)
	}
	for _, line := range l.Lines {
		fmt.Fprintf(&b, "  %-22s %-8s %s\n", line.Criterion, line.Mode, line.Wants)
		if line.Meter != nil {
			line.Meter.text(&b)
		}
		for _, promise := range line.Promises {
			fmt.Fprintf(&b, "  %-31s %s\n", "", promise)
		}
	}
	switch {
	case len(l.Faults) > 0:
	case l.WrongStopsPerYear.Num == 0:
		b.WriteString("Nothing here stops a service by statistics.\n")
	default:
		b.WriteString("Criteria without a promise state facts and are not wrong by chance.\n")
		fmt.Fprintf(&b, "Wrong stops of a good service, all criteria together: at most %s a year.\n", decimals(l.WrongStopsPerYear.Rat()))
	}
	for _, warning := range l.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", warning)
	}
	return b.String()
}

func (m MeterPromise) text(b *strings.Builder) {
	fmt.Fprintf(b, "  %-31s line %d: a service that fails %s is stopped wrongly once in %s (%d deployments)\n",
		"", m.Line, oneIn(m.AtRate), inYears(m.WrongStopEveryYears.decimal()), m.MeanDeployments)
	for _, n := range slices.Compact([]Notice{m.AtDouble, m.AtHalf}) {
		fmt.Fprintf(b, "  %-31s one that fails %s is noticed after %s deployments, %s of them failed\n",
			"", oneIn(n.Rate), n.Deployments.decimal(), n.Failed.decimal())
	}
}

// exactly tells what the meter does at usual rates of 2 and 4 %.
func (c OwnUsual) exactly(volume int) []string {
	var all []string
	for _, usual := range []Fraction{{1, 50}, {1, 25}} {
		step := c.step(usual)
		if step < 2 {
			continue
		}
		line := Line(step, volume, c.WrongStopYears, usual)
		all = append(all, fmt.Sprintf("where %s is usual (+%d/-1, line %d): a warning without cause once in %s (%s); a rate of %s is noticed after %s deployments",
			oneIn(usual), step, line, inYears(tenthsOf(yearsBetween(RunLength(step, line, usual), volume)).decimal()), count(clampBig(floor(RunLength(step, line, usual))), "deployment"),
			percent(c.NoticePPM), nearestTenth(RunLength(step, line, reduce(Fraction{c.NoticePPM, 1_000_000}))).decimal()))
	}
	return all
}

// exactly tells what the meter does where incidents are as many as the deployments that fail at half the limit, rounded up.
func (c RestoredInTime) exactly(volume int) []string {
	incidents := (volume + 2*c.OneIn - 1) / (2 * c.OneIn)
	step, half := c.OneIn-1, Fraction{1, int64(2 * c.OneIn)}
	line := Line(step, incidents, c.WrongStopYears, half)
	mean := RunLength(step, line, half)
	return []string{fmt.Sprintf("at %s a month (line %d): a service of which %s is late is stopped wrongly once in %s (%s); one of which %s is late is noticed after %s incidents",
		count(int64(incidents), "incident"), line, oneIn(half), inYears(tenthsOf(yearsBetween(mean, incidents)).decimal()), count(clampBig(floor(mean)), "incident"),
		oneIn(reduce(Fraction{2, int64(c.OneIn)})), nearestTenth(RunLength(step, line, Fraction{2, int64(c.OneIn)})).decimal())}
}

// inYears gives a decimal its noun.
func inYears(decimal string) string {
	if decimal == "1" {
		return "1 year"
	}
	return decimal + " years"
}

// oneIn reads a rate aloud: "1 in 12", "2 in 5".
func oneIn(f Fraction) string { return fmt.Sprintf("%d in %d", f.Num, f.Den) }
