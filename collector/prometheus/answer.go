package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"time"

	"shiphabit/collector"
)

// point is what a signal showed at one time.
type point struct {
	at    time.Time
	value float64
}

// series is a signal over a window: the points that have a value, and how many there would be without gaps.
type series struct {
	points   []point
	expected int
	step     time.Duration
	warning  string
}

// answer is what /api/v1/query_range says.
type answer struct {
	Status string `json:"status"`
	Data   struct {
		Type   string   `json:"resultType"`
		Result []result `json:"result"`
	} `json:"data"`
	Warnings []string `json:"warnings"`
}

type result struct {
	Values []pair `json:"values"`
}

// pair is [seconds since 1970, "value"].
type pair point

// UnmarshalJSON reads a pair.
func (p *pair) UnmarshalJSON(text []byte) error {
	var raw [2]json.RawMessage
	var seconds float64
	var value string
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	if err := errors.Join(json.Unmarshal(raw[0], &seconds), json.Unmarshal(raw[1], &value)); err != nil {
		return err
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return err
	}
	if math.IsNaN(seconds) || math.Abs(seconds) > 1e11 {
		return fmt.Errorf("%v is no time", seconds)
	}
	p.at, p.value = time.UnixMilli(int64(math.Round(seconds*1000))).UTC(), v
	return nil
}

// span is a window of time.
type span struct{ from, to time.Time }

// points is how many points of a step lie in the span, both ends included.
func (s span) points(step time.Duration) int {
	if s.to.Before(s.from) {
		return 0
	}
	return int(s.to.Sub(s.from)/step) + 1
}

// ask evaluates an expression at every step of a span.
func (s *Source) ask(ctx context.Context, expression string, over span) (series, error) {
	out := series{expected: over.points(s.step), step: s.step}
	if out.expected == 0 {
		return out, nil
	}
	query := url.Values{"query": {expression}, "start": {seconds(over.from)}, "end": {seconds(over.to)}, "step": {strconv.FormatFloat(s.step.Seconds(), 'f', -1, 64)}}
	var a answer
	if _, err := s.client.JSON(ctx, "api/v1/query_range", query, &a); err != nil {
		return out, err
	}
	if a.Status != "success" || a.Data.Type != "matrix" {
		return out, s.client.Unreadable(ctx, "/api/v1/query_range", fmt.Errorf("status %q, type %q", a.Status, a.Data.Type))
	}
	return out.take(a)
}

// take keeps the points that have a value: a ratio without traffic has none.
func (s series) take(a answer) (series, error) {
	if len(a.Data.Result) > 1 {
		return s, &collector.Error{
			Trouble: collector.Unreadable, Problem: fmt.Sprintf("its expression yields %d series, and which to believe is not for us to choose", len(a.Data.Result)),
			Remedy: "make one of them with sum, max or avg",
		}
	}
	for _, r := range a.Data.Result {
		for _, p := range r.Values {
			if !math.IsNaN(p.value) && !math.IsInf(p.value, 0) {
				s.points = append(s.points, point(p))
			}
		}
	}
	if len(a.Warnings) > 0 {
		s.warning = a.Warnings[0]
	}
	return s, nil
}

func seconds(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

// known reports whether at least half of the points have a value, and enough of them for a mean.
func (s series) known() bool { return len(s.points) >= fewest && 2*len(s.points) >= s.expected }

// fewest is the number of points below which a mean says nothing.
const fewest = 3

func (s series) mean() float64 {
	mean := 0.0
	for i, p := range s.points {
		mean += (p.value - mean) / float64(i+1) // so that what never changes has itself for its mean
	}
	return mean
}

// says is the mean in words, or why there is none.
func (s series) says(when string) string {
	switch {
	case s.known():
		return figure(s.mean()) + " " + when
	case len(s.points) == 0:
		return "no data " + when
	}
	return fmt.Sprintf("too little data %s (%d of %d points)", when, len(s.points), s.expected)
}

// figure writes a value with three digits that count.
func figure(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
