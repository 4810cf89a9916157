package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Engine reads sources into a store: page by page, the cursor moving with the events it stands for, so that a crash repeats a
// page and never skips one.
type Engine struct {
	// Clock tells the time against which a host's "not before" is held.
	Clock func() time.Time
	Pause Pause
	// Tries is how often in a row a page is asked for before the run ends with the error.
	Tries int
	// Waiting, when set, is told of each wait and its cause.
	Waiting func(source string, wait time.Duration, cause error)
	// Turn, when set, is how long a run begins further pages; then it ends with ErrMore, and the rest is for the next run.
	Turn time.Duration
	// Patience, when set, is the longest wait that a host may ask for within a run; a longer one ends the run with a *Later.
	Patience time.Duration
	// Began is when the reading began, where earlier runs were cut; zero is the start of this run.
	Began time.Time
}

// ErrMore ends a run whose turn is over while the source has more. Everything up to there is saved.
var ErrMore = errors.New("the turn is over and the source has more")

// Later ends a run whose host asks for a longer pause than the run has patience for. Everything up to there is saved.
type Later struct {
	At    time.Time
	Cause error
}

func (l *Later) Error() string { return l.Cause.Error() }
func (l *Later) Unwrap() error { return l.Cause }

// NewEngine returns an engine that starts over after 1 s, waits 5 min at most, and gives up after 8 tries in a row.
func NewEngine() Engine {
	return Engine{
		Clock: time.Now,
		Pause: Pause{First: time.Second, Ceiling: 5 * time.Minute, Rand: rand.Float64},
		Tries: 8,
	}
}

// Run reads everything the source has after the saved cursor and tells progress of each page once it is saved. It returns
// when the source has no more, when the context ends, with ErrMore or a *Later, or with an error that another try would not mend.
// How a reading ended is noted in the store: a beat with the watermark, or the trouble.
func (e Engine) Run(ctx context.Context, source Source, store Store, progress func(Page)) error {
	began := e.Began
	if began.IsZero() {
		began = e.Clock()
	}
	last, err := e.read(ctx, source, store, progress)
	var later *Later
	if ctx.Err() != nil || errors.Is(err, ErrMore) || errors.As(err, &later) {
		return err
	}
	if err != nil {
		return errors.Join(err, store.Trouble(ctx, source.Name(), err.Error()))
	}
	if last.Watermark.IsZero() {
		last.Watermark = began
	}
	return store.Beat(ctx, source.Name(), last.Watermark)
}

// read reads to the end and returns the last page with its troubles. What a source meets earlier it keeps in its cursor and tells
// then: whatever a run remembers is lost where its turn is cut.
func (e Engine) read(ctx context.Context, source Source, store Store, progress func(Page)) (Page, error) {
	if closer, ok := source.(io.Closer); ok {
		defer closer.Close() //nolint:errcheck // a source closes what it only reads
	}
	from, err := store.Cursor(ctx, source.Name())
	if err != nil {
		return Page{}, fmt.Errorf("cursor of %s: %w", source.Name(), err)
	}
	for start := e.Clock(); ; {
		page, err := e.pull(ctx, source, from)
		if err != nil {
			return Page{}, err
		}
		if page.More && page.Next == from {
			return Page{}, fmt.Errorf("read %s: it promises more but its cursor stands still at %q", source.Name(), from)
		}
		if page.More && len(page.Troubles) > 0 {
			return Page{}, fmt.Errorf("read %s: it tells a trouble before its last page: %w", source.Name(), errors.Join(page.Troubles...))
		}
		from, err = e.save(ctx, store, source.Name(), from, page)
		if err != nil {
			return Page{}, err
		}
		if progress != nil {
			progress(page)
		}
		if !page.More {
			return page, errors.Join(page.Troubles...)
		}
		if e.Turn > 0 && e.Clock().Sub(start) >= e.Turn {
			return page, ErrMore
		}
	}
}

// pull asks for one page and asks again after passing errors.
func (e Engine) pull(ctx context.Context, source Source, cursor string) (Page, error) {
	for failures := 1; ; failures++ {
		page, err := source.Pull(ctx, cursor)
		if err == nil {
			return page, nil
		}
		if ctx.Err() != nil {
			return Page{}, context.Cause(ctx)
		}
		notBefore, again := retryAt(err)
		if !again {
			return Page{}, fmt.Errorf("read %s: %w", source.Name(), err)
		}
		asked := time.Duration(0)
		if !notBefore.IsZero() {
			asked = notBefore.Sub(e.Clock())
		}
		if e.Patience > 0 && asked > e.Patience {
			return Page{}, &Later{At: notBefore, Cause: err}
		}
		if failures >= e.Tries {
			return Page{}, gaveUp(source.Name(), failures, err)
		}
		wait := max(e.Pause.After(failures), asked)
		if e.Waiting != nil {
			e.Waiting(source.Name(), wait, err)
		}
		if err := sleep(ctx, wait); err != nil {
			return Page{}, err
		}
	}
}

// save stores a page and returns the cursor to go on from. When another replica was faster, that is its cursor.
func (e Engine) save(ctx context.Context, store Store, source, from string, page Page) (string, error) {
	if page.Next == from && len(page.Events) == 0 && len(page.SetAside) == 0 {
		return from, nil
	}
	err := store.Apply(ctx, source, from, page.Next, page)
	if errors.Is(err, ErrMoved) {
		moved, err := store.Cursor(ctx, source)
		if err != nil {
			return "", fmt.Errorf("cursor of %s: %w", source, err)
		}
		return moved, nil
	}
	if err != nil {
		return "", fmt.Errorf("save page of %s: %w", source, err)
	}
	return page.Next, nil
}
