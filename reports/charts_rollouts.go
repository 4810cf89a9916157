package reports

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// name is what people call a rollout: its version, else its ref or revision.
func name(r metrics.Rollout) string {
	for _, n := range []string{r.Version, r.Ref, Short(r.Revision)} {
		if n != "" {
			return n
		}
	}
	return r.ID
}

// inWindow are the production rollouts that count and finished in the window.
func inWindow(rollouts []metrics.Rollout, w metrics.Window) []metrics.Rollout {
	var out []metrics.Rollout
	for _, r := range rollouts {
		if r.EnvironmentKind == metrics.Production && r.Counts() && w.Contains(r.FinishedAt) {
			out = append(out, r)
		}
	}
	return out
}

// HowFast draws each failed deployment with the time until it recovered; open ones stand apart, at the time they are open by now.
func HowFast(card metrics.Scorecard, rollouts []metrics.Rollout) Chart {
	s := card.Recovery
	c := Chart{ID: "how_fast", Title: recoveryTitle(s), Note: "Each dot is a failed deployment. A hollow triangle is still open: it stands at the time it has been open so far."}
	c.Table = Table{Caption: "Failed deployments and their recovery", Head: []Head{{Text: "Deployed (UTC)"}, {Text: "Deployment"}, {Text: "Why it counts as failed"}, {Text: "Recovered by"}, {"After", true}}}
	var done, open []any
	for _, r := range inWindow(rollouts, card.Window) {
		if !r.Failed() {
			continue
		}
		took, by, ended := card.AsOf.Sub(r.FinishedAt).Seconds(), "still open", false
		if r.Recovery != nil && !r.Recovery.At.After(card.AsOf) {
			took, by, ended = r.Recovery.At.Sub(r.FinishedAt).Seconds(), r.Recovery.By, true
		}
		dot := map[string]any{"name": name(r), "value": []any{r.FinishedAt.UnixMilli(), math.Max(took, 1)}}
		if ended {
			done = append(done, dot)
		} else {
			open = append(open, dot)
		}
		c.Table.Rows = append(c.Table.Rows, []Cell{{Text: date(r.FinishedAt)}, {Text: name(r), Href: RecordPath(r.Service, r.ID)}, {Text: causes(r)}, {Text: by}, {Text: Span(took)}})
	}
	if len(done)+len(open) == 0 {
		c.Empty = "No deployment of this window is known to have failed."
		return c
	}
	c.Label = "Scatter chart. " + c.Title
	chart := charts.NewScatter()
	chart.SetGlobalOptions(legend("recovered", "still open"), instants(card.Window), scale("time to recover", "log", spans))
	recovered := series{"type": "scatter", "name": "recovered", "data": done, "symbol": "circle", "symbolSize": 9, "itemStyle": colour(accent)}
	if s.State == metrics.OK && s.Median != nil {
		recovered["markLine"] = map[string]any{"silent": true, "symbol": "none", "data": []any{map[string]any{"yAxis": *s.Median}},
			"lineStyle": map[string]any{"color": quiet, "type": "dashed"}, "label": map[string]any{"formatter": "median", "position": "end", "color": quiet}}
	}
	return finish(c, &chart.RectChart, recovered,
		series{"type": "scatter", "name": "still open", "data": open, "symbol": "emptyTriangle", "symbolSize": 11, "itemStyle": colour(trouble)})
}

// recoveryTitle says what the failures known allow to say of how fast they were over.
func recoveryTitle(s metrics.Survival) string {
	failures := plural(s.N, "failure", "failures")
	switch {
	case s.State == metrics.OK && s.Median != nil:
		return fmt.Sprintf("How fast it recovers: half of %s within %s", failures, recoveryWords(s)(*s.Median))
	case s.State == metrics.OK:
		return fmt.Sprintf("How fast it recovers: the median of %s is not reached, more than half are open", failures)
	case s.N > 0:
		return fmt.Sprintf("How fast it recovers: %s, too few for a median", failures)
	}
	return "How fast it recovers: no failed deployment is known"
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func causes(r metrics.Rollout) string {
	out := ""
	for _, f := range r.Failures {
		if out != "" {
			out += ", "
		}
		out += string(f.Cause)
	}
	return out
}

// Timeline draws each deployment at its day and hour; the shape tells what it was, an arc leads from a rollback to what it replaced.
func Timeline(card metrics.Scorecard, rollouts []metrics.Rollout, zone *time.Location) Chart {
	list := inWindow(rollouts, card.Window)
	c := Chart{ID: "timeline", Size: "wide", Title: "When: every deployment by day and hour"}
	c.Note = "Each mark is a deployment, at the hour it finished (" + zone.String() + "). Diamond: failed. Square: rollback or repair; an arc leads to the deployment it undid."
	c.Table = Table{Caption: "Deployments of this window, newest first", Head: []Head{{Text: "Finished (UTC)"}, {Text: "Deployment"}, {Text: "Kind"}, {"Changes", true}, {Text: "Outcome"}}}
	places := map[string][]any{}
	kinds := map[string][]any{}
	var links []any
	for _, r := range list {
		local := r.FinishedAt.In(zone)
		at := []any{r.FinishedAt.UnixMilli(), float64(local.Hour()) + float64(local.Minute())/60}
		places[r.ID] = at
		kind := "no failure known"
		switch {
		case r.Failed():
			kind = "failed"
		case r.Kind == metrics.Rollback || r.Kind == metrics.Rework:
			kind = "rollback or repair"
		}
		kinds[kind] = append(kinds[kind], map[string]any{"name": name(r), "value": at})
		if from, ok := places[r.Of]; ok && r.Of != "" {
			links = append(links, append(append([]any{}, at...), from...))
		}
	}
	for i := len(list) - 1; i >= 0; i-- {
		c.Table.Rows = append(c.Table.Rows, rolloutRow(list[i], card.AsOf))
	}
	if len(list) == 0 {
		c.Empty = "No deployment finished in this window."
		return c
	}
	c.Label = fmt.Sprintf("Scatter chart of %s by day and hour.", plural(len(list), "deployment", "deployments"))
	chart := charts.NewScatter()
	chart.SetGlobalOptions(legend("no failure known", "failed", "rollback or repair"), instants(card.Window),
		charts.WithYAxisOpts(opts.YAxis{Name: "hour of day", Type: "value", Min: 0, Max: 24, AxisLabel: &opts.AxisLabel{Show: opts.Bool(true), Formatter: hours}}))
	return finish(c, &chart.RectChart,
		series{"type": "custom", "name": "undone", "renderItem": arcs, "data": links, "itemStyle": colour(trouble), "silent": true, "encode": map[string]any{"x": []int{0, 2}, "y": []int{1, 3}}, "z": 1},
		series{"type": "scatter", "name": "no failure known", "data": kinds["no failure known"], "symbol": "circle", "symbolSize": 8, "itemStyle": colour(accent)},
		series{"type": "scatter", "name": "failed", "data": kinds["failed"], "symbol": "diamond", "symbolSize": 12, "itemStyle": colour(trouble)},
		series{"type": "scatter", "name": "rollback or repair", "data": kinds["rollback or repair"], "symbol": "rect", "symbolSize": 9, "itemStyle": colour(quiet)})
}

func rolloutRow(r metrics.Rollout, now time.Time) []Cell {
	changes := Count(len(r.Changes))
	if r.Baseline {
		changes = "unknown"
	}
	outcome := "no failure known"
	if r.Failed() {
		outcome = "failed: " + causes(r)
		if r.Recovery == nil || r.Recovery.At.After(now) {
			outcome += "; still open"
		}
	}
	return []Cell{{Text: r.FinishedAt.UTC().Format("2006-01-02 15:04")}, {Text: name(r), Href: RecordPath(r.Service, r.ID)}, {Text: string(r.Kind)}, {Text: changes}, {Text: outcome}}
}

// mapDays is how many days a map of days can show before its cells become too small to see.
const mapDays = 53 * 7

// DayMap draws the days with a deployment, a column a week: a habit fills the rows, an event leaves islands. Days are deployments by the
// number of their day, as a tally counts them.
func DayMap(card metrics.Scorecard, days map[int]int, zone *time.Location) Chart {
	c := Chart{ID: "day_map", Size: "low", Note: "A column is a week, a row a day of the week; the darker, the more deployments that day (" + zone.String() + ")."}
	w := card.Window
	if oldest := w.To.AddDate(0, 0, -mapDays); w.From.Before(oldest) {
		w.From, c.Note = oldest, "The last 53 weeks of the window. "+c.Note
	}
	perDay, most := map[string]int{}, 0
	oldest := metrics.DayNumber(w.From, zone)
	for number, n := range days {
		if number < oldest || n == 0 {
			continue
		}
		key := metrics.DayWindow(number, zone).From.Format(time.DateOnly)
		perDay[key] += n
		most = max(most, perDay[key])
	}
	c.Title = fmt.Sprintf("Event or habit: deployed on %s of %s", Count(len(perDay)), plural(int(math.Ceil(w.Days())), "day", "days"))
	c.Table = Table{Caption: "Days with a deployment", Head: []Head{{Text: "Day"}, {"Deployments", true}}}
	for _, key := range slices.Sorted(maps.Keys(perDay)) {
		c.Table.Rows = append(c.Table.Rows, []Cell{{Text: key}, {Text: Count(perDay[key])}})
	}
	if len(perDay) == 0 {
		c.Empty = "No deployment finished in this window."
		return c
	}
	weeks, cells := grid(w, zone, perDay)
	c.Label = "Heat map. " + c.Title
	chart := charts.NewHeatMap()
	chart.SetGlobalOptions(legend(), categories(weeks),
		charts.WithYAxisOpts(opts.YAxis{Type: "category", Data: []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}, Inverse: opts.Bool(true), AxisLabel: &opts.AxisLabel{}}),
		charts.WithVisualMapOpts(opts.VisualMap{Show: opts.Bool(false), Min: 0, Max: float32(most), InRange: &opts.VisualMapInRange{Color: []string{faint, accent}}}))
	return finish(c, &chart.RectChart, series{"type": "heatmap", "name": "deployments", "data": cells})
}

// grid lays the days of a window out in weeks that begin on Monday.
func grid(w metrics.Window, zone *time.Location, perDay map[string]int) (weeks []string, cells []any) {
	d := w.From.In(zone)
	d = time.Date(d.Year(), d.Month(), d.Day(), 12, 0, 0, 0, zone) // noon: no change of clocks moves it to another day
	for ; d.Before(w.To.Add(12 * time.Hour)); d = d.AddDate(0, 0, 1) {
		if d.After(w.To) && d.Format(time.DateOnly) != w.To.Add(-time.Nanosecond).In(zone).Format(time.DateOnly) {
			break
		}
		row := (int(d.Weekday()) + 6) % 7
		if monday := d.AddDate(0, 0, -row).Format(time.DateOnly); len(weeks) == 0 || weeks[len(weeks)-1] != monday {
			weeks = append(weeks, monday)
		}
		n := perDay[d.Format(time.DateOnly)]
		cells = append(cells, map[string]any{"name": d.Format("Mon 2 Jan 2006"), "value": []any{len(weeks) - 1, row, n}})
	}
	return weeks, cells
}

// MeterHistory draws the failure meter's steps under its line.
func MeterHistory(state gate.MeterState, steps []gate.MeterStep, w metrics.Window, record func(id string) Cell) Chart {
	acts := actsOf(state)
	c := Chart{ID: "meter_history", Title: fmt.Sprintf("The failure meter stands at %d; it %s at %d", state.Value, acts.verb, state.Line), Note: "A failed deployment adds " + Count(state.Step) + ", a good one takes 1 away. " + acts.says + " Diamond: a failure became known."}
	c.Table = Table{Caption: "Steps of the failure meter, newest first", Head: []Head{{Text: "Known at (UTC)"}, {Text: "Deployment"}, {Text: "Step"}, {"Meter", true}, {"Line", true}, {Text: "Gate"}}}
	var value, line, failed []any
	for _, s := range steps {
		if s.At.Before(w.From) || s.At.After(w.To) {
			continue
		}
		at, of := s.At.UnixMilli(), stepOf(s, record)
		value, line = append(value, map[string]any{"name": of.Text, "value": []any{at, s.Value}}), append(line, []any{at, s.Line})
		if s.Why == gate.StepFailed || s.Why == gate.StepLateFail {
			failed = append(failed, map[string]any{"name": of.Text, "value": []any{at, s.Value}})
		}
		standing := "open"
		if s.Blocked {
			standing = acts.done
		}
		c.Table.Rows = append(c.Table.Rows, []Cell{{Text: s.At.UTC().Format("2006-01-02 15:04")}, of, {Text: string(s.Why)}, {Text: Count(s.Value)}, {Text: Count(s.Line)}, {Text: standing}})
	}
	slices.Reverse(c.Table.Rows)
	if len(value) == 0 {
		c.Empty = "The meter took no step in this window."
		return c
	}
	value, line = append(value, []any{w.To.UnixMilli(), state.Value}), append(line, []any{w.To.UnixMilli(), state.Line})
	c.Label = "Step chart. " + c.Title
	chart := charts.NewLine()
	chart.SetGlobalOptions(legend("meter", "line", "failure"), instants(w), scale("points", "value", counts))
	return finish(c, &chart.RectChart,
		series{"type": "line", "name": "line", "step": "end", "data": line, "symbol": "none", "itemStyle": colour(trouble), "lineStyle": map[string]any{"color": trouble, "type": "dashed", "width": 1.5}},
		series{"type": "line", "name": "meter", "step": "end", "data": value, "symbol": "none", "itemStyle": colour(accent), "lineStyle": map[string]any{"color": accent, "width": 2}, "areaStyle": map[string]any{"color": accent, "opacity": 0.12}},
		series{"type": "scatter", "name": "failure", "data": failed, "symbol": "diamond", "symbolSize": 10, "itemStyle": colour(trouble), "z": 3})
}
