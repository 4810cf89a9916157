package pagerduty

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

const (
	// pageSize is the most that PagerDuty gives at once.
	pageSize = 100
	// deepest is how far a list can be paged into: offset and limit together may not exceed it.
	deepest = 10_000
	// narrowest is the span below which a window is not halved any more.
	narrowest = time.Minute
	// ahead is how far the last window goes beyond our own clock, which may be behind.
	ahead = 24 * time.Hour
)

// window is a part of a list between two times, and how far it was paged into. PagerDuty lets a list be asked for by such parts only.
type window struct {
	start  time.Time
	span   time.Duration
	offset int
}

// String is the window as a feed's page.
func (w window) String() string {
	return fmt.Sprintf("%s %s %d", w.start.UTC().Format(time.RFC3339), w.span, w.offset)
}

func parseWindow(page string) (window, error) {
	var start, span string
	var w window
	if _, err := fmt.Sscanf(page, "%s %s %d", &start, &span, &w.offset); err != nil {
		return w, err
	}
	var err error
	if w.start, err = time.Parse(time.RFC3339, start); err != nil {
		return w, err
	}
	w.span, err = time.ParseDuration(span)
	return w, err
}

func (w window) end() time.Time { return w.start.Add(w.span) }

func (w window) query() url.Values {
	return url.Values{
		"since": {w.start.UTC().Format(time.RFC3339)}, "until": {w.end().UTC().Format(time.RFC3339)},
		"limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(w.offset)},
	}
}

// got is what a page held: how many records, whether the window holds more, and where the last one stood where a list is in order of time.
type got struct {
	held int
	more bool
	last time.Time
}

// next is the page after one. Of a window with more records than can be paged into, the rest is read as a window of its own where the list
// is in order, else it is read anew by halves. Full tells that it could not be made smaller, so that the rest of it stays unread.
func (w window) next(g got, widest time.Duration, now time.Time) (page string, full bool) {
	g.more = g.more && g.held > 0
	switch {
	case g.more && w.offset+g.held+pageSize <= deepest:
		w.offset += g.held
		return w.String(), false
	case g.more && g.last.Truncate(time.Second).After(w.start):
		from := g.last.Truncate(time.Second)
		return window{start: from, span: w.end().Sub(from)}.String(), false
	case g.more && w.span > narrowest:
		return window{start: w.start, span: max(narrowest, (w.span / 2).Truncate(time.Second))}.String(), false
	case w.end().After(now):
		return "", g.more
	}
	after := w.end().Add(-time.Second) // whichever end belongs to a window
	return first(after, min(widest, 2*w.span), now).String(), g.more
}

// first is the window that begins a reading.
func first(start time.Time, widest time.Duration, now time.Time) window {
	w := window{start: start.UTC().Truncate(time.Second), span: widest}
	if reach := now.Add(ahead).Sub(w.start).Truncate(time.Second); reach < w.span {
		w.span = max(narrowest, reach)
	}
	return w
}
