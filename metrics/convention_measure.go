package metrics

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// statistic says in words how the definition makes a figure.
func (d Definition) statistic(figure string) string {
	if d.ours() {
		return ourStatistic(figure)
	}
	unit := "rollouts"
	switch d.Deployments {
	case countAttempts:
		unit = "finished attempts"
	case countSuccesses:
		unit = "successful deployments"
	}
	switch figure {
	case FigureFrequency:
		return strings.Replace(d.says("deployment_frequency.measure"), "deployments", unit, 1)
	case FigureLeadTime:
		return d.leadWords()
	case FigureFailRate:
		return d.failWords(unit)
	case FigureRework:
		return "rework " + unit + " ÷ " + unit
	case FigureRecovery:
		return d.recoveryWords(d.says("failed_deployment_recovery_time.of"))
	default:
		return d.recoveryWords("incidents: opened to resolved")
	}
}

// ourStatistic is what the words come to under the default rules.
func ourStatistic(figure string) string {
	switch figure {
	case FigureFrequency:
		return "rollouts ÷ days of the window"
	case FigureLeadTime:
		return "median, one span per commit, from the author date to the first success"
	case FigureFailRate:
		return "failed rollouts ÷ rollouts"
	case FigureRework:
		return "rework rollouts ÷ rollouts"
	case FigureRecovery:
		return "failed deployments: finish to recovery; Kaplan–Meier median, open ones included"
	default:
		return "incidents: opened to resolved; Kaplan–Meier median, open ones included"
	}
}

func (d Definition) leadWords() string {
	words := d.says("change_lead_time.statistic") + ", " + d.says("change_lead_time.per") + ", "
	if d.LeadTime.Parts != "" {
		words += d.says("change_lead_time.parts")
	} else {
		words += d.says("change_lead_time.from") + " to the first success"
	}
	if d.LeadTime.Rounding != "" {
		words += ", " + d.says("change_lead_time.rounding")
	}
	if d.LeadTime.Keeps != "" {
		words += ", " + d.says("change_lead_time.keeps")
	}
	return words
}

func (d Definition) failWords(unit string) string {
	if d.FailRate.Ratio == "" && d.FailRate.Of == "" && d.FailRate.Statistic == "" {
		return "failed " + unit + " ÷ " + unit
	}
	ratio, of := d.says("change_fail_rate.ratio"), d.says("change_fail_rate.of")
	words := strings.Replace(ratio, "deployments", unit, 1) + " ÷ " + strings.Replace(of, "deployments", unit, 1)
	if d.FailRate.Statistic != "" {
		words += ", " + d.says("change_fail_rate.statistic")
	}
	return words
}

func (d Definition) recoveryWords(of string) string {
	words := of + "; " + d.says("failed_deployment_recovery_time.statistic")
	if d.Recovery.Rounding != "" {
		words += ", " + d.says("failed_deployment_recovery_time.rounding")
	}
	if d.Recovery.In != "" {
		words += ", " + d.says("failed_deployment_recovery_time.in")
	}
	return words
}

// headline is what a statistic makes of spans, in seconds; nil where that is the plain median or where there is none.
func headline(statistic string, spans Sample, groups []Sample) *float64 {
	if spans.IsZero() {
		return nil
	}
	switch statistic {
	case plainMedian:
		return new(spans.ready().quantile(0.5) / perSecond)
	case lowerMedian:
		return new(spans.ready().at((spans.Len() - 1) / 2).Seconds())
	case mean:
		return new(spans.mean() / perSecond)
	case dailyMedians:
		return new(middling(groups, func(s Sample) float64 { return s.ready().quantile(0.5) }) / perSecond)
	case serviceMeans:
		return new(meanOf(each(groups, Sample.mean)) / perSecond)
	}
	return nil
}

// ungrouped is the statistic of a stage, of which days and services are not kept apart.
func (l LeadTimeRules) ungrouped() string {
	if l.Statistic == lowerMedian || l.Statistic == mean {
		return l.Statistic
	}
	return ""
}

// mean is the arithmetic mean in nanoseconds; the spans are added in their order, so that it does not depend on how they came.
func (s Sample) mean() float64 {
	sum := 0.0
	for _, d := range s.Sorted() {
		sum += float64(d)
	}
	return sum / float64(s.Len())
}

// each applies a statistic to groups; sorted.
func each(groups []Sample, statistic func(Sample) float64) []float64 {
	values := make([]float64, len(groups))
	for i, g := range groups {
		values[i] = statistic(g)
	}
	slices.Sort(values)
	return values
}

func middling(groups []Sample, statistic func(Sample) float64) float64 {
	return medianOf(each(groups, statistic))
}

func meanOf(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// medianOf is the median of sorted values.
func medianOf(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// samples are the spans of each group that has any.
func (t *Tally) samples(of func(Group) Sample) []Sample {
	var out []Sample
	for _, key := range slices.Sorted(maps.Keys(t.Groups)) {
		if s := of(t.Groups[key]); !s.IsZero() {
			out = append(out, s)
		}
	}
	return out
}

// failRate is the change fail rate as the definition divides it. Of incidents ÷ deployments there is no Wilson interval: they are
// not the successes of so many trials.
func failRate(t Tally, d Definition) Share {
	s := Share{Count: t.Failed, Of: t.Rollouts, Statistic: d.statistic(FigureFailRate)}
	switch d.FailRate.Ratio {
	case ratioOpened:
		s.Count = t.Incidents
	case ratioLinked:
		s.Count = t.Linked
	}
	switch d.FailRate.Of {
	case ofKnownRevision:
		s.Of = t.Known
		if d.FailRate.Ratio == "" {
			s.Count = t.KnownFailed
		}
	case ofAtLeastOne:
		if s.Of == 0 && s.Count > 0 {
			s.Of = 1
		}
	}
	if s.State = d.state(s.Of); s.State != OK {
		return s
	}
	s.Value = new(float64(s.Count) / float64(s.Of))
	switch {
	case d.FailRate.Statistic == serviceMeans:
		s.Value, s.NoInterval = t.meanRate(), "a mean of services' rates is no share of trials"
		if s.Value == nil {
			s.State = NoData
		}
	case d.FailRate.Ratio != "":
		s.NoInterval = "incidents ÷ deployments is no share of trials: a deployment may have several"
	default:
		s.Interval = new(Wilson(s.Count, s.Of, ninetyFive))
	}
	return s
}

// meanRate is the mean over the services that have a rate.
func (t *Tally) meanRate() *float64 {
	var rates []float64
	for _, g := range t.Groups {
		if g.Of > 0 {
			rates = append(rates, float64(g.Count)/float64(g.Of))
		}
	}
	if len(rates) == 0 {
		return nil
	}
	slices.Sort(rates)
	return new(meanOf(rates))
}

// recovery is the figure of spans that may be open. Where the definition has another statistic than the curve, that knows ended
// spans only: N and the state are of those, and the curve's quantiles stand beside it.
func recovery(t Tally, figure string, q Query) Survival {
	spans, of := t.Recoveries, func(g Group) Sample { return g.Recoveries }
	if figure == FigureRestore {
		spans, of = t.Restores, func(g Group) Sample { return g.Restores }
	}
	s := survival(spans, q)
	s.Statistic = q.Definition.statistic(figure)
	rule := q.Definition.Recovery.Statistic
	if rule == "" {
		return s
	}
	s.N = spans.Ended.Len()
	if s.State = q.Definition.state(s.N); s.State != OK {
		s.Median, s.P90, s.Interval = nil, nil, nil
		return s
	}
	s.Value = headline(rule, spans.Ended, t.samples(of))
	return s
}

// convene adds the headline of a definition whose frequency is no plain rate.
func (f *Frequency) convene(t Tally, q Query) {
	rules := q.Definition.Frequency
	if rules.Measure == "" {
		return
	}
	k := touched(q)
	switch rules.Measure {
	case perBucketRule:
		f.Rates = k.floors(t.Rollouts)
		f.Value, f.Unit = f.Rates.shown()
		f.Unit = "deployments per " + f.Unit
	default:
		f.Rates = k.deploymentDays(t.Days, rules)
		f.Value, f.Unit = f.Rates.PerWeek, "days with a deployment per week"
	}
}

// touchedDays are the days that a window touches, cut into the weeks and months that it touches.
type touchedDays struct {
	from, to day // half-open
	first    time.Weekday
}

func touched(q Query) touchedDays {
	w := q.passed()
	return touchedDays{from: dayOf(w.From, q.Zone), to: dayOf(w.To.Add(-1), q.Zone) + 1, first: q.Definition.WeekStart}
}

func (k touchedDays) week(d day) int { return int(d.weekStart(k.first)) }

// month numbers calendar months.
func (k touchedDays) month(d day) int {
	c := d.civil()
	return c.Year()*12 + int(c.Month())
}

// per counts the days for which something holds in each part of the window, parts without any included; sorted.
func (k touchedDays) per(part func(day) int, holds func(day) bool) []int {
	counts := map[int]int{}
	for d := k.from; d < k.to; d++ {
		n := 0
		if holds(d) {
			n = 1
		}
		counts[part(d)] += n
	}
	return slices.Sorted(maps.Values(counts))
}

// deploymentDays are the medians over weeks and months.
func (k touchedDays) deploymentDays(days map[int]int, rules FrequencyRules) *Rates {
	deployed := func(d day) bool { return days[int(d)] > 0 }
	weeks := k.per(k.week, deployed)
	months := k.per(k.month, deployed)
	active := make([]int, len(weeks))
	for i, n := range weeks {
		active[i] = min(n, 1)
	}
	if rules.Measure == deploymentWeeksRule {
		months = k.activeWeeks(deployed)
	}
	median := func(sorted []int) *float64 {
		if rules.Median == lowerMedian {
			return new(float64(sorted[(len(sorted)-1)/2]))
		}
		return new(quantile(sorted, 0.5))
	}
	return &Rates{PerWeek: median(weeks), PerMonth: median(months), ActiveWeeks: median(active)}
}

// activeWeeks counts, per month, the weeks with a deployment; a week belongs to the month of its first day.
func (k touchedDays) activeWeeks(deployed func(day) bool) []int {
	counts := map[int]int{}
	for first := k.from.weekStart(k.first); first < k.to; first += 7 {
		n := 0
		for d := max(first, k.from); d < min(first+7, k.to); d++ {
			if deployed(d) {
				n = 1
			}
		}
		counts[k.month(first)] += n
	}
	return slices.Sorted(maps.Values(counts))
}

// floors are whole numbers per day, week and month touched; a week is at least seven of the day's, a month at least thirty.
func (k touchedDays) floors(n int) *Rates {
	all := func(day) bool { return true }
	perDay := n / int(k.to-k.from)
	perWeek := max(n/len(k.per(k.week, all)), 7*perDay)
	perMonth := max(n/len(k.per(k.month, all)), 30*perDay)
	return &Rates{PerDay: new(float64(perDay)), PerWeek: new(float64(perWeek)), PerMonth: new(float64(perMonth))}
}

// shown picks the smallest unit in which there is at least one: the day, the week, else the month.
func (r Rates) shown() (value *float64, unit string) {
	for _, u := range []struct {
		value *float64
		unit  string
	}{{r.PerDay, "day"}, {r.PerWeek, "week"}} {
		if u.value != nil && *u.value >= 1 {
			return u.value, u.unit
		}
	}
	return r.PerMonth, "month"
}
