package reports

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"

	"shiphabit/metrics"
)

// Chart is a picture with its twin: a title that says what the numbers support, options for the chart library, and the same
// numbers as a table.
type Chart struct {
	// ID is a fixed word in snake_case, once a page.
	ID    string
	Title string
	// Note tells how to read it; Label describes it to those who do not see it.
	Note, Label string
	Size        string // "", "wide" or "low"
	Options     json.RawMessage
	Table       Table
	// Picture is the address of the chart as a picture, on pages that have one.
	Picture string
	// Empty says why there is nothing to draw.
	Empty string
}

// Table is a plain table of text.
type Table struct {
	Caption string
	Head    []Head
	Rows    [][]Cell
	// Lines makes each row a few lines on a phone; the last column is then a sentence.
	Lines bool
}

// Head is the head of a column; numbers stand to the right.
type Head struct {
	Text   string
	Number bool
}

// Word is the head as it stands before its cell, where there is no room for columns.
func (h Head) Word() string { return strings.ToLower(h.Text) }

// Cell is one cell; with Href it is a link. A sentence with links in it has Parts, and Text is the whole.
type Cell struct {
	Text, Href string
	Parts      []Cell
}

// Colours and functions cannot travel as JSON, so options name them: chart.js looks these words up, in the keys where
// they may stand and nowhere else, and takes the colours from the style sheet. No name of a service is ever looked up.
const (
	accent   = "$accent"
	faint    = "$faint"
	ink      = "$ink"
	quiet    = "$quiet"
	trouble  = "$trouble"
	ground   = "$ground"
	hatched  = "$hatched"
	spans    = "$span"
	shares   = "$percent"
	counts   = "$count"
	hours    = "$hour"
	interval = "$interval"
	arcs     = "$arc"
)

// series is an element of a chart's series that needs more than go-echarts' own fields.
type series map[string]any

// finish fills what all charts share, and turns go-echarts' options into JSON with encoding/json: unlike go-echarts' own page,
// that leaves no way for a name to become markup.
func finish(c Chart, base *charts.RectChart, more ...series) Chart {
	base.SetGlobalOptions(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}),
		charts.WithAnimation(false),
	)
	axis := base.XAxisList[0].Data
	base.Validate() // empties the axis of labels that was given as an option
	base.XAxisList[0].Data = axis
	options := maps.Clone(base.JSON())
	delete(options, "title") // the page has the title, as text
	delete(options, "toolbox")
	delete(options, "color")
	if len(more) > 0 {
		list := []any{}
		for _, s := range base.MultiSeries {
			list = append(list, s)
		}
		for _, s := range more {
			list = append(list, s)
		}
		options["series"] = list
	}
	raw, err := json.Marshal(options)
	if err != nil { // only a NaN or an infinity can do this; the table still tells all
		c.Empty = "This chart could not be drawn: " + err.Error()
		return c
	}
	c.Options = raw
	return c
}

func legend(names ...string) charts.GlobalOpts {
	return charts.WithLegendOpts(opts.Legend{Show: opts.Bool(len(names) > 0), Data: names, Top: "0", Left: "0"})
}

// categories is an axis of labels, one per bucket.
func categories(labels []string) charts.GlobalOpts {
	return charts.WithXAxisOpts(opts.XAxis{Type: "category", Data: labels, AxisLabel: &opts.AxisLabel{Show: opts.Bool(true)}})
}

// instants is an axis of time.
func instants(w metrics.Window) charts.GlobalOpts {
	return charts.WithXAxisOpts(opts.XAxis{Type: "time", Min: w.From.UnixMilli(), Max: w.To.UnixMilli(), AxisLabel: &opts.AxisLabel{Show: opts.Bool(true)}})
}

// scale is the upright axis: its name is its unit, and word is how its values are said.
func scale(name, kind, word string) charts.GlobalOpts {
	return charts.WithYAxisOpts(opts.YAxis{
		Name: name, Type: kind, AxisLabel: &opts.AxisLabel{Show: opts.Bool(true), Formatter: types.FuncStr(word)},
	})
}

func labels(points []metrics.Point) []string {
	out := make([]string, len(points))
	for i, p := range points {
		out[i] = p.Label
	}
	return out
}

// mark tells in the table what the hatching tells in the picture.
func mark(b metrics.Bucket) string {
	if b.Partial {
		return b.Label + " (partial)"
	}
	return b.Label
}
