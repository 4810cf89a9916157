// Package collector turns sources of records into stored neutral events: it defines what a source is and runs it.
// It decides nothing about metrics and knows no database; both meet it through the interfaces declared here.
package collector

import (
	"context"

	"shiphabit/metrics"
)

// Source yields a host's records as pages of neutral events.
type Source interface {
	// Name identifies the source in events, cursors and messages.
	Name() string
	// Pull returns the page after cursor; "" asks for the first. It must be repeatable: the same cursor again after a crash
	// may yield the page again, and events are idempotent.
	Pull(ctx context.Context, cursor string) (Page, error)
}

// Page is a batch of events with the cursor to go on from.
type Page struct {
	Events []metrics.Event
	// Next is the cursor after this page. More tells that another page can be had at once.
	Next string
	More bool
	// Done and Total count records for progress; Total is 0 when unknown. Doing says what is being read ("commits").
	Done, Total int
	Doing       string
	// SetAside are records that could not be read, each with its reason.
	SetAside []SetAside
}

// SetAside is a record that could not be turned into an event.
type SetAside struct {
	Record string // as the host names it
	Reason string
}

// Store keeps events and cursors.
type Store interface {
	// Cursor returns the saved cursor of a source, "" when there is none.
	Cursor(ctx context.Context, source string) (string, error)
	// Apply saves events, set-aside records and the move of the cursor from one value to the next in one transaction. It
	// returns ErrMoved when the cursor no longer stands at from: another replica was faster, and nothing was saved.
	Apply(ctx context.Context, source, from, to string, page Page) error
}
