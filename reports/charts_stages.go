package reports

import (
	"github.com/go-echarts/go-echarts/v2/charts"

	"shiphabit/metrics"
)

// StagesOverTime draws the median of each stage per bucket, one on top of the other: work in one colour, waits in another.
func StagesOverTime(points []metrics.Point, size string, stages []string) Chart {
	c := Chart{ID: "stages_over_time", Title: "Where the time goes: stages of lead time per " + size, Size: "wide low",
		Note: "The median of each stage, in their order from below; medians need not add up to the lead time. Grey is waiting. Hatched: the " + size + " is not complete."}
	c.Table = Table{Caption: "Median of each stage per " + size, Head: []Head{{Text: "From"}}}
	names, list := make([]string, len(stages)), make([]series, len(stages))
	rows := make([][]Cell, len(points))
	for j, p := range points {
		rows[j] = []Cell{{Text: mark(p.Bucket)}}
	}
	some := false
	shade := map[string]float64{"work": 1.3, "wait": 1.25}
	for i, stage := range stages {
		words := stagesInWords[stage]
		names[i] = lowerFirst(words.title)
		c.Table.Head = append(c.Table.Head, Head{words.title, true})
		values := make([]any, len(points))
		for j, p := range points {
			median := medianOfStage(p.Scorecard, stage)
			rows[j] = append(rows[j], Cell{Text: spanOr(median, "—")})
			if median == nil {
				continue
			}
			some = true
			values[j] = *median
			if p.Partial {
				values[j] = map[string]any{"value": *median, "itemStyle": map[string]any{"decal": hatched}}
			}
		}
		shade[words.kind] -= 0.3
		name := accent
		if words.kind == "wait" {
			name = quiet
		}
		list[i] = series{"type": "bar", "name": names[i], "stack": "all", "data": values, "barMaxWidth": 48, "itemStyle": map[string]any{"color": name, "opacity": shade[words.kind]}}
	}
	c.Table.Rows = rows
	if !some {
		c.Empty = "No " + size + " of this window has enough pull requests or deployments for a median of a stage."
		return c
	}
	c.Label = "Stacked bar chart. " + c.Title
	chart := charts.NewBar()
	chart.SetGlobalOptions(legend(names...), categories(labels(points)), scale("median time", "value", spans))
	return finish(c, &chart.RectChart, list...)
}

func medianOfStage(card metrics.Scorecard, stage string) *float64 {
	for _, s := range card.Stages {
		if s.Name == stage {
			return s.Median
		}
	}
	return nil
}
