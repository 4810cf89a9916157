package reports

import (
	"fmt"
	"strings"

	"shiphabit/metrics"
)

// Spark is a line without axes, drawn by the server: the course of a figure at a glance, with or without JavaScript.
type Spark struct {
	Path  string     // SVG path over a box of 120 by 28
	Dots  []SparkDot // values without a neighbour
	Label string
}

// SparkDot is a place in the box.
type SparkDot struct{ X, Y string }

const sparkWide, sparkHigh, sparkPad = 120.0, 28.0, 3.0

// sparkOf is nil when fewer than two values are known.
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
	if known < 2 {
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
	var path strings.Builder
	for i, v := range values {
		if v == nil {
			continue
		}
		x, y := at(i)
		before, after := i > 0 && values[i-1] != nil, i+1 < len(values) && values[i+1] != nil
		switch {
		case before:
			fmt.Fprintf(&path, "L%s %s", x, y)
		case after:
			fmt.Fprintf(&path, "M%s %s", x, y)
		default:
			s.Dots = append(s.Dots, SparkDot{x, y})
		}
	}
	s.Path = path.String()
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
