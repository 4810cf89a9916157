package reports

import (
	"fmt"
	"strings"

	"shiphabit/metrics"
)

// Spark is a line without axes, drawn by the server: the course of a figure at a glance, with or without JavaScript.
type Spark struct {
	// Path is the line, Dots are the values without a neighbour: SVG paths over a box of 120 by 28. A dot is a line of no length, so that
	// it stays round however the box is stretched.
	Path, Dots string
	Label      string
}

const sparkWide, sparkHigh, sparkPad = 120.0, 28.0, 3.0

// The rule of how many values a course takes: two are a rise or a fall whatever they are, so fewer than three draw nothing; up to five
// are dots, each for itself; from six on a line joins neighbours.
const (
	fewestDots = 3
	fewestLine = 6
)

// sparkOf is nil when too few values are known to show a course.
func sparkOf(figure string, trend []metrics.Point) *Spark {
	values := make([]*float64, len(trend))
	known := 0
	for i, p := range trend {
		if p.Partial {
			continue // half a week looks like a fall
		}
		if values[i] = valueOf(p, figure); values[i] != nil {
			known++
		}
	}
	if known < fewestDots {
		return nil
	}
	return draw(values, known)
}

// valueOf is the value of a figure in one bucket, nil when it has none.
func valueOf(p metrics.Point, figure string) *float64 {
	switch figure {
	case "deployment_frequency":
		n := float64(p.Scorecard.Frequency.Rollouts)
		return &n
	case "change_lead_time":
		return p.Scorecard.LeadTime.Median
	case "change_fail_rate":
		return p.Scorecard.FailRate.Value
	case "deployment_rework_rate":
		return p.Scorecard.Rework.Value
	default:
		return p.Scorecard.Recovery.Median
	}
}

func draw(values []*float64, known int) *Spark {
	low, high := bottomAndTop(values)
	at := func(i int) (string, string) {
		x := sparkPad + float64(i)*(sparkWide-2*sparkPad)/float64(max(len(values)-1, 1))
		y := sparkHigh / 2
		if high > low {
			y = sparkHigh - sparkPad - (*values[i]-low)/(high-low)*(sparkHigh-2*sparkPad)
		}
		return fmt.Sprintf("%.1f", x), fmt.Sprintf("%.1f", y)
	}
	s := &Spark{Label: fmt.Sprintf("Course over %d periods", known)}
	var path, dots strings.Builder
	joined := known >= fewestLine
	for i, v := range values {
		if v == nil {
			continue
		}
		x, y := at(i)
		before, after := i > 0 && values[i-1] != nil, i+1 < len(values) && values[i+1] != nil
		switch {
		case joined && before:
			fmt.Fprintf(&path, "L%s %s", x, y)
		case joined && after:
			fmt.Fprintf(&path, "M%s %s", x, y)
		default:
			fmt.Fprintf(&dots, "M%s %sh0", x, y)
		}
	}
	s.Path, s.Dots = path.String(), dots.String()
	return s
}

func bottomAndTop(values []*float64) (low, high float64) {
	first := true
	for _, v := range values {
		if v == nil {
			continue
		}
		if first {
			low, high, first = *v, *v, false
		}
		low, high = min(low, *v), max(high, *v)
	}
	return low, high
}
