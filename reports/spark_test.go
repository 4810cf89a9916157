package reports

import (
	"strings"
	"testing"

	"shiphabit/metrics"
)

func TestFewValuesAreNotDrawnAsACourse(t *testing.T) {
	t.Parallel()
	course := func(known string) []metrics.Point { // an x is a period whose value is known
		var out []metrics.Point
		for i, c := range known {
			p := metrics.Point{}
			if c == 'x' {
				value := float64(i%3) / 10
				p.Scorecard.FailRate.Value = &value
			}
			out = append(out, p)
		}
		return out
	}
	for known, want := range map[string]struct{ dots, lines int }{
		"x....":     {0, 0},
		"xx...":     {0, 0}, // two points always rise or fall
		"xx.x.":     {3, 0},
		"xxxxx":     {5, 0},
		"xxxxxx":    {0, 1},
		"xxx.x.xxx": {1, 2},
	} {
		s := sparkOf(metrics.FigureFailRate, course(known))
		if s == nil {
			s = &Spark{}
		}
		if dots, lines := strings.Count(s.Dots, "M"), strings.Count(s.Path, "M"); dots != want.dots || lines != want.lines {
			t.Errorf("%s: %d dots and %d lines, want %+v", known, dots, lines, want)
		}
	}
}
