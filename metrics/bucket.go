package metrics

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Buckets cuts a window into days, weeks or months of the zone, in order. A bucket that the window or asOf cuts is kept,
// shortened to the window, and marked Partial; one that begins at or after asOf is not there, because nothing of it is known.
// A day lasts 23 or 25 hours where the clock changes. Size is "day", "week" or "month"; any other is an error.
func Buckets(w Window, asOf time.Time, zone *time.Location, size string, weekStart time.Weekday) ([]Bucket, error) {
	next, label, err := bucketSize(size)
	if err != nil {
		return nil, err
	}
	end := w.To
	if asOf.Before(end) {
		end = asOf
	}
	if !w.From.Before(end) {
		return nil, nil
	}
	var buckets []Bucket
	first := firstBucket(dayOf(w.From, zone), size, weekStart)
	for start := first.start(zone); start.Before(end); {
		second := next(first)
		stop := second.start(zone)
		whole := Window{From: start, To: stop}
		b := Bucket{Window: clip(whole, w), Label: label(first)}
		b.Partial = b.Window != whole || asOf.Before(stop)
		if b.From.Before(b.To) {
			buckets = append(buckets, b)
		}
		first, start = second, stop
	}
	return buckets, nil
}

func clip(b, w Window) Window {
	if b.From.Before(w.From) {
		b.From = w.From
	}
	if b.To.After(w.To) {
		b.To = w.To
	}
	return b
}

func firstBucket(d day, size string, weekStart time.Weekday) day {
	switch size {
	case "week":
		return d.weekStart(weekStart)
	case "month":
		return d - day(d.civil().Day()-1)
	default:
		return d
	}
}

// bucketSize gives the step from one bucket's first day to the next one's, and a bucket's label.
func bucketSize(size string) (next func(day) day, label func(day) string, err error) {
	switch size {
	case "day":
		return func(d day) day { return d + 1 }, func(d day) string { return d.civil().Format(time.DateOnly) }, nil
	case "week":
		return func(d day) day { return d + 7 }, weekLabel, nil
	case "month":
		return func(d day) day { return dayOf(d.civil().AddDate(0, 1, 0), time.UTC) },
			func(d day) string { return d.civil().Format("2006-01") }, nil
	default:
		return nil, nil, fmt.Errorf("%q is no size of bucket: use day, week or month", size)
	}
}

// weekLabel is the ISO 8601 week that most of the week's days fall in, also where weeks start on another day than Monday.
func weekLabel(first day) string {
	year, week := (first + 3).civil().ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}

// Point is one bucket of a series with its figures.
type Point struct {
	Bucket
	Scorecard Scorecard `json:"scorecard"`
}

// Series makes a scorecard for each bucket of the query's window. Every point is what MeasureAll gives for its bucket. Size is that of
// Buckets, and any other an error.
func Series(fs []Facts, q Query, size string) ([]Point, error) {
	q = q.complete()
	buckets, err := Buckets(q.Window, q.AsOf, q.Zone, size, q.Definition.WeekStart)
	if err != nil {
		return nil, err
	}
	return Points(buckets, TalliesOfAll(fs, q, WindowsOf(buckets)), q), nil
}

// WindowsOf are the windows of buckets, in their order.
func WindowsOf(buckets []Bucket) []Window {
	windows := make([]Window, len(buckets))
	for i, b := range buckets {
		windows[i] = b.Window
	}
	return windows
}

// Points measures a series of tallies, one for each bucket and in its order, as TalliesOfAll gives them for WindowsOf the buckets. It
// uses all processors.
func Points(buckets []Bucket, tallies []Tally, q Query) []Point {
	points := make([]Point, len(buckets))
	var workers sync.WaitGroup
	step := min(runtime.GOMAXPROCS(0), len(buckets))
	for first := range step {
		workers.Go(func() {
			of := q
			for i := first; i < len(buckets); i += step {
				of.Window = buckets[i].Window
				points[i] = Point{Bucket: buckets[i], Scorecard: Measure(tallies[i], of)}
			}
		})
	}
	workers.Wait()
	return points
}

// TrailingMean smooths a series for a chart: each value is the mean of itself and of those before it, so many in all. It begins with
// the first value that has enough before it; with fewer values than that, or a width below 1, there is none. The unit is that of the values.
func TrailingMean(values []float64, width int) []float64 {
	if width < 1 || len(values) < width {
		return nil
	}
	means := make([]float64, len(values)-width+1)
	for i := range means {
		sum := 0.0
		for _, v := range values[i : i+width] {
			sum += v
		}
		means[i] = sum / float64(width)
	}
	return means
}
