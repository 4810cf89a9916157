package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// reading is one pass over the file.
type reading struct {
	digest string
	at     string // the cursor as text
	in     io.ReadCloser
	place  string
	lines  int // of the whole file, 0 when unknown
	done   int // events delivered
	faults []metrics.Fault
	next   func() (metrics.Event, error, bool)
	cease  func()
}

type decoder func(r io.Reader, yield func(metrics.Event) error) ([]metrics.Fault, error)

var errCeased = errors.New("the reader has ceased")

// events yields the events of the file and notes the faults.
func (r *reading) events(decode decoder) iter.Seq2[metrics.Event, error] {
	return func(yield func(metrics.Event, error) bool) {
		faults, err := decode(r.in, func(e metrics.Event) error {
			if !yield(e, nil) {
				return errCeased
			}
			return nil
		})
		r.faults = faults
		if err != nil && !errors.Is(err, errCeased) {
			yield(metrics.Event{}, err)
		}
	}
}

func (r *reading) close() {
	r.cease()
	_ = r.in.Close() // it was only read
}

// page delivers the next events. The last page carries what was set aside in the whole file, so that a reading that was
// interrupted tells of all of it in the end.
func (r *reading) page(ctx context.Context, size int) (collector.Page, error) {
	page := collector.Page{More: true, Doing: "events"}
	for range size {
		if ctx.Err() != nil {
			return collector.Page{}, context.Cause(ctx)
		}
		e, err, ok := r.next()
		if err != nil {
			return collector.Page{}, fmt.Errorf("%s: %w", r.place, err)
		}
		if !ok {
			page.More = false
			break
		}
		r.done++
		page.Events = append(page.Events, e)
	}
	page.Done, page.Total = r.done, max(r.lines, r.done)
	if r.lines == 0 {
		page.Total = 0
	}
	if !page.More {
		for _, f := range r.faults {
			page.SetAside = append(page.SetAside, setAside(r.place, f))
		}
		page.Total = page.Done
	}
	r.at = position{events: r.done, end: !page.More}.cursor(r.digest)
	page.Next = r.at
	return page, nil
}

// setAside is a fault of a line as the record of a source: "events.jsonl line 3", "field status: …; remedy".
func setAside(place string, f metrics.Fault) collector.SetAside {
	a := collector.SetAside{Record: fmt.Sprintf("%s line %d", place, f.Line), Reason: f.Problem}
	if f.Field != "" {
		a.Reason = "field " + f.Field + ": " + a.Reason
	}
	if f.Remedy != "" {
		a.Reason += "; " + f.Remedy
	}
	return a
}
