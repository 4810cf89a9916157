package reports

import (
	"fmt"

	"github.com/go-echarts/go-echarts/v2/charts"

	"shiphabit/metrics"
)

// HowOften draws deployments per bucket, failed ones apart, partial buckets hatched.
func HowOften(card metrics.Scorecard, points []metrics.Point, size string) Chart {
	c := Chart{ID: "how_often", Title: "How often: no deployment in this window", Note: "Deployments per " + size + ". Hatched: the " + size + " is not complete."}
	c.Table = Table{Caption: "Deployments per " + size, Head: []Head{{Text: "From"}, {"Deployments", true}, {"Of these failed", true}}}
	q := card.Frequency
	if q.PerWeek != nil {
		c.Title = fmt.Sprintf("How often: %s, %s a week", plural(q.Rollouts, "deployment", "deployments"), fine(*q.PerWeek))
	} else if q.Rollouts > 0 {
		c.Title = "How often: " + plural(q.Rollouts, "deployment", "deployments")
	}
	fine, failed := make([]any, len(points)), make([]any, len(points))
	for i, p := range points {
		bad := p.Scorecard.FailRate.Count
		fine[i], failed[i] = bar(p.Scorecard.Frequency.Rollouts-bad, p.Partial), bar(bad, p.Partial)
		c.Table.Rows = append(c.Table.Rows, []Cell{{Text: mark(p.Bucket)}, {Text: Count(p.Scorecard.Frequency.Rollouts)}, {Text: Count(bad)}})
	}
	if q.Rollouts == 0 {
		c.Empty = "No deployment finished in this window."
		return c
	}
	c.Label = "Bar chart. " + c.Title
	chart := charts.NewBar()
	chart.SetGlobalOptions(legend("no failure known", "failed"), categories(labels(points)), scale("deployments", "value", counts))
	return finish(c, &chart.RectChart,
		series{"type": "bar", "name": "no failure known", "stack": "all", "data": fine, "itemStyle": colour(accent)},
		series{"type": "bar", "name": "failed", "stack": "all", "data": failed, "itemStyle": colour(trouble)})
}

func colour(name string) map[string]any { return map[string]any{"color": name} }

// soft is the colour of a band, in the legend as in the picture.
func soft(name string) map[string]any { return map[string]any{"color": name, "opacity": 0.22} }

func bar(n int, partial bool) any {
	if n == 0 {
		return nil
	}
	if partial {
		return map[string]any{"value": n, "itemStyle": map[string]any{"decal": hatched}}
	}
	return n
}

// HowLong draws the lead time per bucket: the median with the interval over deployments, and the 90th percentile.
func HowLong(card metrics.Scorecard, points []metrics.Point, size string) Chart {
	d, word := card.LeadTime, leadTimeWords(card.LeadTime)
	c := Chart{ID: "how_long", Title: "How long: lead time is not known", Note: "Authored to deployed, per " + size + ". Hollow: fewer than five deployments. Band: interval of the typical deployment."}
	c.Table = Table{Caption: "Change lead time per " + size, Head: []Head{{Text: "From"}, {"Changes", true}, {"Deployments", true}, {"Median", true}, {"90th percentile", true}, {"Typical deployment", true}, {"Interval", true}}}
	if d.Median != nil {
		c.Title = fmt.Sprintf("How long: half of the changes arrive within %s, nine of ten within %s", word(*d.Median), wordOr(d.P90, word, "an unknown time"))
	} else if d.N > 0 {
		c.Title = fmt.Sprintf("How long: %s are too few to say", plural(d.N, "change", "changes"))
	}
	var median, slow, band []any
	for i, p := range points {
		q := p.Scorecard.LeadTime
		median, slow = append(median, spanPoint(q.Median, q.Rollouts)), append(slow, optional(q.P90))
		if q.Interval != nil && q.Interval.Low > 0 {
			band = append(band, []any{i, q.Interval.Low, q.Interval.High})
		}
		c.Table.Rows = append(c.Table.Rows, []Cell{{Text: mark(p.Bucket)}, {Text: Count(q.N)}, {Text: Count(q.Rollouts)}, {Text: wordOr(q.Median, word, "—")},
			{Text: wordOr(q.P90, word, "—")}, {Text: wordOr(q.TypicalRollout, word, "—")}, {Text: orDash(between(q.Interval, word))}})
	}
	if !anyKnown(median) {
		c.Empty = fmt.Sprintf("No %s of this window has enough changes for a median.", size)
		return c
	}
	c.Label = "Line chart on a logarithmic scale. " + c.Title
	chart := charts.NewLine()
	chart.SetGlobalOptions(legend("median", "90th percentile", "interval"), categories(labels(points)), scale("lead time", "log", spans))
	return finish(c, &chart.RectChart,
		series{"type": "custom", "name": "interval", "renderItem": interval, "data": band, "itemStyle": soft(accent), "encode": bandEncoding, "z": 1},
		series{"type": "line", "name": "90th percentile", "data": slow, "symbol": "emptyRect", "symbolSize": 5, "itemStyle": colour(quiet), "lineStyle": map[string]any{"color": quiet, "type": "dashed", "width": 1.5}},
		series{"type": "line", "name": "median", "data": median, "symbol": "circle", "symbolSize": 7, "itemStyle": colour(accent), "lineStyle": map[string]any{"color": accent, "width": 2}})
}

// bandEncoding tells the chart library which columns of an interval lie on which axis.
var bandEncoding = map[string]any{"x": 0, "y": []int{1, 2}}

// spanPoint draws a median of few deployments hollow.
func spanPoint(v *float64, n int) any {
	if v == nil || *v <= 0 { // a logarithmic axis has no place for nought
		return nil
	}
	if n < 5 {
		return map[string]any{"value": *v, "symbol": "emptyCircle"}
	}
	return *v
}

func optional(v *float64) any {
	if v == nil || *v <= 0 {
		return nil
	}
	return *v
}

func anyKnown(values []any) bool {
	for _, v := range values {
		if v != nil {
			return true
		}
	}
	return false
}

func orDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

// HowFastBy draws the recovery time per bucket: the median with its interval. Where thousands fail, a dot each tells less.
func HowFastBy(card metrics.Scorecard, points []metrics.Point, size string) Chart {
	c := Chart{ID: "how_fast", Title: recoveryTitle(card.Recovery), Note: "Time from a failed deployment to its recovery, per " + size + ". Band: the medians that these numbers allow (95%); failures still open count as open."}
	c.Table = Table{Caption: "Recovery per " + size, Head: []Head{{Text: "From"}, {"Failures", true}, {"Still open", true}, {"Median", true}, {"90th percentile", true}, {"Interval", true}}}
	word := recoveryWords(card.Recovery)
	var median, band []any
	for i, p := range points {
		q := p.Scorecard.Recovery
		median = append(median, spanPoint(q.Median, q.N))
		if b := q.Interval; b != nil && b.Low != nil && b.High != nil && *b.Low > 0 {
			band = append(band, []any{i, *b.Low, *b.High})
		}
		c.Table.Rows = append(c.Table.Rows, []Cell{{Text: mark(p.Bucket)}, {Text: Count(q.N)}, {Text: Count(q.Censored)}, {Text: wordOr(q.Median, word, "—")}, {Text: wordOr(q.P90, word, "—")},
			{Text: orDash(bounds(q.Interval, word))}})
	}
	switch {
	case card.Recovery.N == 0:
		c.Empty = "No deployment of this window is known to have failed."
		return c
	case !anyKnown(median):
		c.Empty = fmt.Sprintf("No %s of this window has enough failures for a median.", size)
		return c
	}
	c.Label = "Line chart on a logarithmic scale. " + c.Title
	chart := charts.NewLine()
	chart.SetGlobalOptions(legend("median", "95% interval"), categories(labels(points)), scale("time to recover", "log", spans))
	return finish(c, &chart.RectChart,
		series{"type": "custom", "name": "95% interval", "renderItem": interval, "data": band, "itemStyle": soft(accent), "encode": bandEncoding, "z": 1},
		series{"type": "line", "name": "median", "data": median, "symbol": "circle", "symbolSize": 7, "itemStyle": colour(accent), "lineStyle": map[string]any{"color": accent, "width": 2}})
}

// HowOftenItFails draws the fail rate per bucket with its Wilson interval.
func HowOftenItFails(card metrics.Scorecard, points []metrics.Point, size string) Chart {
	q := card.FailRate
	c := Chart{ID: "how_often_it_fails", Title: "How often it fails: not known", Note: "Failed share per " + size + ". Band: the rates that these numbers allow (95%)."}
	c.Table = Table{Caption: "Change fail rate per " + size, Head: []Head{{Text: "From"}, {"Failed", true}, {"Deployments", true}, {"Fail rate", true}, {"Interval", true}}}
	if q.Value != nil {
		c.Title = fmt.Sprintf("How often it fails: %s of %s, so between %s and %s", Count(q.Count), plural(q.Of, "deployment", "deployments"), Percent(q.Interval.Low), Percent(q.Interval.High))
	} else if q.Of > 0 {
		c.Title = fmt.Sprintf("How often it fails: %s of %s, too few to say a rate", Count(q.Count), plural(q.Of, "deployment", "deployments"))
	}
	var rates, band []any
	for i, p := range points {
		r := p.Scorecard.FailRate
		rates = append(rates, known(r.Value))
		if r.Interval != nil {
			band = append(band, []any{i, r.Interval.Low, r.Interval.High})
		}
		value := "—"
		if r.Value != nil {
			value = Percent(*r.Value)
		}
		c.Table.Rows = append(c.Table.Rows, []Cell{{Text: mark(p.Bucket)}, {Text: Count(r.Count)}, {Text: Count(r.Of)}, {Text: value}, {Text: orDash(between(r.Interval, Percent))}})
	}
	if !anyKnown(rates) {
		c.Empty = fmt.Sprintf("No %s of this window has enough deployments for a rate.", size)
		return c
	}
	c.Label = "Line chart with intervals. " + c.Title
	chart := charts.NewLine()
	chart.SetGlobalOptions(legend("fail rate", "95% interval"), categories(labels(points)), scale("share failed", "value", shares))
	return finish(c, &chart.RectChart,
		series{"type": "custom", "name": "95% interval", "renderItem": interval, "data": band, "itemStyle": soft(trouble), "encode": bandEncoding, "z": 1},
		series{"type": "line", "name": "fail rate", "data": rates, "symbol": "diamond", "symbolSize": 8, "itemStyle": colour(trouble), "lineStyle": map[string]any{"color": trouble, "width": 2}})
}

func known(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}
