package api

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"shiphabit/metrics"
)

// Entry is the scorecard of one bucket of a series; the label is empty for a whole window.
type Entry struct {
	Label   string            `json:"label,omitempty"`
	Partial bool              `json:"partial,omitempty"`
	Card    metrics.Scorecard `json:"figures"`
}

// SeriesOf measures the window of a query as a whole, or bucket by bucket when size is "day", "week" or "month".
func SeriesOf(facts []metrics.Facts, q metrics.Query, size string) ([]Entry, error) {
	buckets, err := BucketsOf(q, size)
	if err != nil {
		return nil, err
	}
	return Entries(metrics.Points(buckets, metrics.TalliesOfAll(facts, q, metrics.WindowsOf(buckets)), q)), nil
}

// mostDays bounds a series: ten years by day.
const mostDays = 4000

// BucketsOf are the buckets of a query's window; the whole window when no size is named.
func BucketsOf(q metrics.Query, size string) ([]metrics.Bucket, error) {
	if size == "" {
		return []metrics.Bucket{{Window: q.Window}}, nil
	}
	q = q.Completed()
	if days := q.Window.Days(); days > mostDays && size == "day" || days/7 > mostDays && size == "week" || days/30 > mostDays {
		return nil, fmt.Errorf("the window holds more than %d of them (%ss); take a shorter window or larger buckets", mostDays, size)
	}
	return metrics.Buckets(q.Window, q.AsOf, q.Zone, size, q.Definition.WeekStart)
}

// Entries are the points of a series as they are printed.
func Entries(points []metrics.Point) []Entry {
	entries := make([]Entry, len(points))
	for i, p := range points {
		entries[i] = Entry{Label: p.Label, Partial: p.Partial, Card: p.Scorecard}
	}
	return entries
}

// seriesHeader names the columns of a series as CSV.
var seriesHeader = []string{
	"label", "from", "to", "partial", "rollouts", "per_week", "changes", "lead_time_median_s", "failed", "fail_rate",
	"fail_rate_low", "fail_rate_high", "failures_recovered_or_open", "recovery_median_s", "rework", "rework_rate",
	// As the definition states them; they differ from the medians where its statistic is another.
	"definition", "lead_time_s", "recovery_s",
}

// WriteSeries writes a series as CSV, one row a bucket. An empty cell is a figure without a value.
func WriteSeries(w io.Writer, series []Entry) error {
	out := csv.NewWriter(w)
	if err := out.Write(seriesHeader); err != nil {
		return fmt.Errorf("write series: %w", err)
	}
	for _, e := range series {
		if err := out.Write(e.cells()); err != nil {
			return fmt.Errorf("write series: %w", err)
		}
	}
	out.Flush()
	return out.Error()
}

func (e Entry) cells() []string {
	k := e.Card
	low, high := "", ""
	if k.FailRate.Interval != nil {
		low, high = numberCell(&k.FailRate.Interval.Low), numberCell(&k.FailRate.Interval.High)
	}
	return []string{
		e.Label, k.Window.From.Format(time.RFC3339), k.Window.To.Format(time.RFC3339), strconv.FormatBool(e.Partial),
		strconv.Itoa(k.Frequency.Rollouts), numberCell(k.Frequency.PerWeek),
		strconv.Itoa(k.LeadTime.N), numberCell(k.LeadTime.Median),
		strconv.Itoa(k.FailRate.Count), numberCell(k.FailRate.Value), low, high,
		strconv.Itoa(k.Recovery.N), numberCell(k.Recovery.Median),
		strconv.Itoa(k.Rework.Count), numberCell(k.Rework.Value),
		k.Definition, numberCell(k.LeadTime.Headline()), numberCell(k.Recovery.Headline()),
	}
}

// numberCell is empty for what is not known.
func numberCell(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}
