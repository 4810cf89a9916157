// Package collector turns sources of records into stored neutral events: it defines what a source is and runs it.
// It decides nothing about metrics and knows no database; both meet it through the interfaces declared here.
package collector

import (
	"context"
	"strings"
	"time"

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
	// Part of Parts lists are read, where a source reads several lists one after the other; Parts is 0 where it does not.
	Part, Parts int
	// SetAside are records that could not be read, each with its reason.
	SetAside []SetAside
	// Troubles were met beside the records and did not keep the rest from being read; told on the last page only.
	Troubles []error
	// Watermark, on the last page: everything that the host recorded before it has arrived. Zero stands for the start of the reading.
	Watermark time.Time
	// Budget is what the host lets us ask still.
	Budget Budget
	// Monitored is what signals show of services now.
	Monitored []Monitored
}

// Monitored is what the signals of a service showed in an environment at a time.
type Monitored struct {
	Service, Environment string
	At                   time.Time
	// Seen is when each signal that was asked for had a value last; the zero time where it had none.
	Seen map[string]time.Time
	// BudgetLeftPPM is what is left of the error budget, in parts per million; nil where nothing is known of it.
	BudgetLeftPPM *int64
}

// Budget is what a host lets us ask still: Left of Limit calls until ResetAt. Limit is 0 when the host has said nothing.
type Budget struct {
	Left, Limit int
	ResetAt     time.Time
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
	// Beat notes that a source was read to its end, and up to when its records have arrived; a watermark never moves back.
	Beat(ctx context.Context, source string, watermark time.Time) error
	// Trouble notes what keeps a source from being read. A beat ends it.
	Trouble(ctx context.Context, source, sentence string) error
}

// asideFor gathers what is wrong with a record.
func asideFor(record string, faults []metrics.Fault) SetAside {
	reasons := make([]string, len(faults))
	for i, f := range faults {
		if reasons[i] = f.Problem; f.Field != "" {
			reasons[i] = "field " + f.Field + ": " + f.Problem
		}
		if f.Remedy != "" {
			reasons[i] += " (" + f.Remedy + ")"
		}
	}
	return SetAside{Record: record, Reason: strings.Join(reasons, "; ")}
}

// Take adds an event to the page, or sets its record aside where it breaks the rules.
func (p *Page) Take(record string, e metrics.Event) { take(&p.Events, &p.SetAside, record, e) }

// Take adds an event to the batch, or sets its record aside where it breaks the rules.
func (b *Batch) Take(record string, e metrics.Event) { take(&b.Events, &b.SetAside, record, e) }

// Take adds an event to what was pushed, or sets its record aside where it breaks the rules.
func (p *Pushed) Take(record string, e metrics.Event) { take(&p.Events, &p.SetAside, record, e) }

func take(events *[]metrics.Event, aside *[]SetAside, record string, e metrics.Event) {
	e, faults := metrics.Checked(e)
	if len(faults) > 0 {
		*aside = append(*aside, asideFor(record, faults))
		return
	}
	*events = append(*events, e)
}
