package organisation_test

import (
	"math/big"
	"slices"
	"time"

	"shiphabit/metrics"
)

// object is a scorecard or a part of it, by the names of its JSON.
type object map[string]any

// asked is a question: a window, and the instant it is looked at from.
type asked struct {
	from, to, asOf time.Time
	zone           *time.Location
	place          string // the environment
	withoutBots    bool
}

// end is the end of the part of the window that has passed.
func (q asked) end() time.Time {
	if q.asOf.Before(q.to) {
		return q.asOf
	}
	return q.to
}

// holds reports whether an instant lies in the window and had come.
func (q asked) holds(at time.Time) bool {
	return !at.Before(q.from) && at.Before(q.to) && !at.After(q.asOf)
}

// together are the facts of several services.
func together(services []slowFacts) slowFacts {
	var all slowFacts
	for _, f := range services {
		all.rollouts = append(all.rollouts, f.rollouts...)
		all.incidents = append(all.incidents, f.incidents...)
		all.requests = append(all.requests, f.requests...)
		all.leftOut = append(all.leftOut, f.leftOut...)
	}
	return all
}

// card makes every figure.
func card(services []slowFacts, q asked) object {
	f := together(services)
	var counted []*slowRollout
	for _, r := range f.rollouts {
		if r.kind != "redeploy" && r.place == q.place && q.holds(r.finished) {
			counted = append(counted, r)
		}
	}
	incidents, unattributed, restores := incidentsIn(f, q)
	failed, settling, early, recoveries := failures(counted, q)
	left := leftOutIn(f, counted, q)
	if early > 0 {
		left["recovered before its deployment finished"] = early
	}
	rework, baselines := 0, 0
	kinds, causes := map[string]int{}, map[string]int{}
	for _, r := range counted {
		kinds[r.kind]++
		for cause, at := range r.failed {
			if !at.After(q.asOf) {
				causes[cause]++
			}
		}
		if r.kind == "rework" {
			rework++
		}
		if r.baseline {
			baselines++
		}
	}
	return object{
		"deployment_frequency": frequency(counted, q), "change_lead_time": leadTime(counted, q),
		"change_fail_rate": share(failed, len(counted), settling), "deployment_rework_rate": share(rework, len(counted), 0),
		"failed_deployment_recovery_time": survival(recoveries), "time_to_restore": survival(restores),
		"reliability": reliability(services, q), "waiting": waiting(counted, f.requests, q),
		"stages": stages(f, counted, q, left), "kinds": kinds, "causes": causes, "baselines": baselines,
		"incidents": incidents, "incidents_unattributed": unattributed, "left_out": left,
	}
}

func state(n int) string {
	switch {
	case n == 0:
		return "no data"
	case n < 5:
		return "not enough data"
	}
	return "ok"
}

// share is count ÷ of.
func share(count, of, settling int) object {
	o := object{"state": state(of), "count": count, "of": of, "value": nil, "interval": nil, "settling": settling}
	if of >= 5 {
		o["value"], o["interval"] = float64(count)/float64(of), wilson(count, of)
	}
	return o
}

// failures counts those that had failed and those that might still fail, and how long the failures lasted.
func failures(counted []*slowRollout, q asked) (failed, settling, early int, lengths []lasted) {
	for _, r := range counted {
		known := false
		for _, at := range r.failed {
			known = known || !at.After(q.asOf)
		}
		switch {
		case known:
			failed++
			ends := slices.DeleteFunc(slices.Clone(r.ended), func(end time.Time) bool { return end.Before(r.started) })
			if l := length(r.finished, ends, q.asOf); l.span >= 0 {
				lengths = append(lengths, l)
			} else {
				early++
			}
		case q.asOf.Sub(r.finished) < 24*time.Hour:
			settling++
		}
	}
	return failed, settling, early, lengths
}

// leftOutIn counts what the figures of the window leave out.
func leftOutIn(f slowFacts, counted []*slowRollout, q asked) map[string]int {
	out := map[string]int{}
	for _, l := range f.leftOut {
		if q.holds(l.at) {
			out[l.reason]++
		}
	}
	for _, r := range f.rollouts {
		if r.kind == "redeploy" && r.place == q.place && q.holds(r.finished) {
			out["redeploy of the live revision"]++
		}
	}
	for _, r := range counted {
		for _, c := range r.changes {
			if reason := q.leavesOut(r, c); reason != "" {
				out[reason]++
			}
		}
	}
	return out
}

// leavesOut is why a change has no lead time.
func (q asked) leavesOut(r *slowRollout, c metrics.Commit) string {
	switch {
	case r.succeeded.IsZero():
		return "its rollout did not succeed"
	case c.AuthoredAt.After(r.succeeded):
		return "authored after it was deployed"
	case q.withoutBots && c.Bot != nil && *c.Bot:
		return "authored by a bot, which the definition leaves out"
	}
	return ""
}

// length is the span from a start to the first of the ends, as far as that had come. It is negative where there are only ends
// before the start.
func length(start time.Time, ends []time.Time, asOf time.Time) lasted {
	var first, early time.Time
	for _, end := range ends {
		switch {
		case end.Before(start):
			early = end
		case first.IsZero() || end.Before(first):
			first = end
		}
	}
	switch {
	case first.IsZero() && !early.IsZero():
		return lasted{span: early.Sub(start)}
	case first.IsZero() || first.After(asOf):
		return lasted{span: asOf.Sub(start), open: true}
	}
	return lasted{span: first.Sub(start)}
}

func incidentsIn(f slowFacts, q asked) (incidents, unattributed int, restores []lasted) {
	for _, i := range f.incidents {
		if i.place != q.place || !q.holds(i.StartedAt) {
			continue
		}
		incidents++
		if i.blamed == nil {
			unattributed++
		}
		var ends []time.Time
		if !i.ResolvedAt.IsZero() {
			ends = append(ends, i.ResolvedAt)
		}
		restores = append(restores, length(i.StartedAt, ends, q.asOf))
	}
	return incidents, unattributed, restores
}

// survival is a figure of spans some of which have not ended.
func survival(spans []lasted) object {
	open, longest := 0, any(nil)
	for _, l := range spans {
		if l.open {
			open++
			if longest == nil || longest.(float64) < l.span.Seconds() {
				longest = l.span.Seconds()
			}
		}
	}
	o := object{"state": state(len(spans)), "n": len(spans), "censored": open, "longest_open_s": longest, "median_s": nil, "p90_s": nil, "interval": nil}
	if len(spans) < 5 {
		return o
	}
	steps := curve(spans)
	upTo := func(percent int64) any {
		return firstAt(steps, func(s step) bool { return s.left.Cmp(big.NewRat(100-percent, 100)) <= 0 })
	}
	o["median_s"], o["p90_s"] = upTo(50), upTo(90)
	o["interval"] = object{
		"low":  firstAt(steps, func(s step) bool { return s.lower <= 0.5 }),
		"high": firstAt(steps, func(s step) bool { return s.upper <= 0.5 }),
	}
	return o
}

// duration is a figure of spans, and of the median of each group of them where there are groups.
func duration(spans []time.Duration, typical []float64, groups int) object {
	o := object{"state": state(len(spans)), "n": len(spans), "rollouts": groups}
	for _, name := range []string{"median_s", "p75_s", "p90_s", "p95_s", "typical_rollout_s", "interval"} {
		o[name] = nil
	}
	if len(spans) < 5 {
		return o
	}
	o["median_s"], o["p75_s"] = seconds(quantile(spans, 50)), seconds(quantile(spans, 75))
	o["p90_s"], o["p95_s"] = near(seconds(quantile(spans, 90))), near(seconds(quantile(spans, 95)))
	if groups > 0 {
		o["typical_rollout_s"], o["interval"] = near(middle(typical)), medianInterval(typical)
	}
	return o
}

// middle is the median of numbers.
func middle(values []float64) float64 {
	x := slices.Sorted(slices.Values(values))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

func leadTime(counted []*slowRollout, q asked) object {
	var spans []time.Duration
	var typical []float64
	for _, r := range counted {
		var own []time.Duration
		for _, c := range r.changes {
			if q.leavesOut(r, c) == "" {
				own = append(own, r.succeeded.Sub(c.AuthoredAt))
			}
		}
		if len(own) > 0 {
			typical = append(typical, seconds(quantile(own, 50)))
		}
		spans = append(spans, own...)
	}
	return duration(spans, typical, len(typical))
}

// stages are the parts of lead time of the pull requests that were brought in the window.
func stages(f slowFacts, counted []*slowRollout, q asked, left map[string]int) []object {
	parts := map[string][]time.Duration{}
	add := func(name string, from, to time.Time) {
		switch {
		case from.IsZero() || to.IsZero():
		case to.Before(from):
			left["its stage "+name+" ends before it begins"]++
		default:
			parts[name] = append(parts[name], to.Sub(from))
		}
	}
	for _, s := range f.requests {
		first := q.firstCommit(s)
		if first.IsZero() || !slices.Contains(counted, s.rollout) {
			continue
		}
		reviewed, _ := firstReview(s)
		add("coding", first, s.CreatedAt)
		add("pickup", s.CreatedAt, reviewed)
		add("review", reviewed, s.MergedAt)
		add("wait", s.MergedAt, s.rollout.started)
	}
	for _, r := range counted {
		if slices.ContainsFunc(r.changes, func(c metrics.Commit) bool { return q.leavesOut(r, c) == "" }) {
			add("deploy", r.started, r.succeeded)
		}
	}
	var out []object
	for _, name := range []string{"coding", "pickup", "review", "wait", "deploy"} {
		if spans := parts[name]; len(spans) > 0 {
			o := duration(spans, nil, 0)
			o["name"] = name
			out = append(out, o)
		}
	}
	return out
}

// firstCommit is when the first of a pull request's commits was written, as far as they count.
func (q asked) firstCommit(s slowRequest) time.Time {
	var first time.Time
	for _, c := range s.commits {
		if q.leavesOut(s.rollout, c) == "" && (first.IsZero() || c.AuthoredAt.Before(first)) {
			first = c.AuthoredAt
		}
	}
	return first
}

// firstReview is the first review by a human who is not the author.
func firstReview(s slowRequest) (first time.Time, reviewer string) {
	for _, r := range s.Reviews {
		if r.Author != s.Author && !r.Bot && (first.IsZero() || r.At.Before(first)) {
			first, reviewer = r.At, r.Author
		}
	}
	return first, reviewer
}

// frequency counts rollouts by day and week.
func frequency(counted []*slowRollout, q asked) object {
	perDay := map[string]int{}
	last := time.Time{}
	for _, r := range counted {
		perDay[r.finished.In(q.zone).Format(time.DateOnly)]++
		if r.finished.After(last) {
			last = r.finished
		}
	}
	weeks, workdays := calendar(perDay, q)
	o := object{
		"state": state(len(counted)), "rollouts": len(counted), "weeks": len(weeks), "per_day": nil, "per_week": nil, "days_per_week": nil,
		"interval": nil, "median_working_day": nil, "median_working_day_interval": nil, "open_gap_s": nil,
	}
	if len(counted) > 0 {
		o["last_at"], o["open_gap_s"] = last, q.end().Sub(last).Seconds()
	}
	if len(counted) < 5 {
		return o
	}
	days := q.end().Sub(q.from).Seconds() / (24 * 60 * 60)
	o["per_day"], o["per_week"] = near(float64(len(counted))/days), near(7*float64(len(counted))/days)
	if len(weeks) > 0 {
		o["days_per_week"], o["interval"] = middle(weeks), medianInterval(weeks)
	}
	if len(workdays) > 0 {
		o["median_working_day"], o["median_working_day_interval"] = middle(workdays), medianInterval(workdays)
	}
	return o
}

// calendar lists the days with a rollout of each full week, from Monday, and the rollouts of each full working day.
func calendar(perDay map[string]int, q asked) (weeks, workdays []float64) {
	y, m, d := q.from.In(q.zone).Date()
	for n := 0; ; n++ {
		day, next := time.Date(y, m, d+n, 0, 0, 0, 0, q.zone), time.Date(y, m, d+n+1, 0, 0, 0, 0, q.zone)
		if day.After(q.end()) {
			return weeks, workdays
		}
		if day.Before(q.from) {
			continue
		}
		if next.After(q.end()) {
			return weeks, workdays
		}
		if wd := day.Weekday(); wd != time.Saturday && wd != time.Sunday {
			workdays = append(workdays, float64(perDay[day.Format(time.DateOnly)]))
		}
		if day.Weekday() != time.Monday || time.Date(y, m, d+n+7, 0, 0, 0, 0, q.zone).After(q.end()) {
			continue
		}
		with := 0.0
		for i := range 7 {
			if perDay[time.Date(y, m, d+n+i, 12, 0, 0, 0, q.zone).Format(time.DateOnly)] > 0 {
				with++
			}
		}
		weeks = append(weeks, with)
	}
}
