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
}

// NewEngine returns an engine that starts over after 1 s, waits 5 min at most, and gives up after 8 tries in a row.
func NewEngine() Engine {
	return Engine{
		Clock: time.Now,
		Pause: Pause{First: time.Second, Ceiling: 5 * time.Minute, Rand: rand.Float64},
		Tries: 8,
	}
}

// Run reads everything the source has after the saved cursor and tells progress of each page once it is saved. It returns
// when the source has no more, when the context ends, or with an error that another try would not mend. How it went is noted in
// the store: a beat with the watermark, or the trouble.
func (e Engine) Run(ctx context.Context, source Source, store Store, progress func(Page)) error {
	began := e.Clock()
	last, err := e.read(ctx, source, store, progress)
	if ctx.Err() != nil {
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

// read reads to the end and returns the last page. Troubles of single pages are told once all is read.
func (e Engine) read(ctx context.Context, source Source, store Store, progress func(Page)) (Page, error) {
	if closer, ok := source.(io.Closer); ok {
		defer closer.Close() //nolint:errcheck // a source closes what it only reads
	}
	from, err := store.Cursor(ctx, source.Name())
	if err != nil {
		return Page{}, fmt.Errorf("cursor of %s: %w", source.Name(), err)
	}
	var troubles []error
	for {
		page, err := e.pull(ctx, source, from)
		if err != nil {
			return Page{}, err
		}
		if page.More && page.Next == from {
			return Page{}, fmt.Errorf("read %s: it promises more but its cursor stands still at %q", source.Name(), from)
		}
		from, err = e.save(ctx, store, source.Name(), from, page)
		if err != nil {
			return Page{}, err
		}
		troubles = append(troubles, page.Troubles...)
		if progress != nil {
			progress(page)
		}
		if !page.More {
			return page, errors.Join(troubles...)
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
		if failures >= e.Tries {
			return Page{}, gaveUp(source.Name(), failures, err)
		}
		wait := e.Pause.After(failures)
		if !notBefore.IsZero() {
			wait = max(wait, notBefore.Sub(e.Clock()))
		}
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
