// Package jobs reads the sources again and again: each by its own interval, each on one replica at a time, none at the cost of
// another. It knows neither hosts nor pages for people, and it makes no figure.
package jobs

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"shiphabit/collector"
	"shiphabit/internal/store"
)

// Store is where the reading of sources is kept.
type Store interface {
	collector.Store
	BeginRun(ctx context.Context, source string) (store.Begun, error)
	NoteStep(ctx context.Context, source string, step store.Step) error
	NoteWait(ctx context.Context, source string, wait store.Wait) error
	CutRun(ctx context.Context, source string, nextAt time.Time, why string) error
	EndRun(ctx context.Context, source string, nextAt time.Time, failed error) error
}

// Reader gives sources their turns and says when each is to have its next.
type Reader struct {
	Store  Store
	Clock  func() time.Time
	Rand   func() float64
	Logger *slog.Logger
	// Engine reads; its turn and its patience bound how long one source holds a place.
	Engine collector.Engine
	// Page and Waiting, when set, are told of each page once it is saved and of each pause within a turn.
	Page    func(source string, page collector.Page)
	Waiting func(source string, wait time.Duration, cause error)
}

// The bounds of reading in a server.
const (
	// Every is how often a source is read that has no interval of its own.
	Every = 5 * time.Minute
	// turn is how long a source with a long list to read keeps its place before others have theirs.
	turn = 30 * time.Second
	// patience is the longest pause that is sat out in a place; a longer one frees it.
	patience = 5 * time.Second
	// tries in a row within a turn: a host that is down is left alone between the turns.
	tries = 3
	// ceiling is the longest pause after failures; a person who mends access waits no longer than that, or reloads.
	ceiling = 30 * time.Minute
	// longestPause a host may ask for before it is asked whether it meant that.
	longestPause = time.Hour
)

// NewReader returns a reader with the bounds of a server.
func NewReader(s Store, clock func() time.Time, logger *slog.Logger) Reader {
	engine := collector.NewEngine()
	engine.Clock, engine.Turn, engine.Patience, engine.Tries = clock, turn, patience, tries
	return Reader{Store: s, Clock: clock, Rand: rand.Float64, Logger: logger, Engine: engine}
}

// Turn reads a source for a while, notes how that went, and returns when its next turn is due.
func (r Reader) Turn(ctx context.Context, source collector.Source, every time.Duration) time.Time {
	name := source.Name()
	begun, err := r.Store.BeginRun(ctx, name)
	if ctx.Err() != nil {
		return r.Clock() // not the source's failure
	}
	if err != nil {
		r.log(ctx, name, err)
		return r.Clock().Add(r.failing(nil, 1, every))
	}
	if begun.Wait.Until.After(r.Clock()) {
		return begun.Wait.Until
	}
	complete, err := r.read(ctx, source, begun.StartedAt)
	if ctx.Err() != nil {
		return r.Clock() // whoever comes next goes on
	}
	nextAt, noted := r.end(ctx, name, outcome{err, complete, begun.Failures, every})
	if noted != nil {
		r.log(ctx, name, noted)
	}
	return nextAt
}

// Once reads a source to its end now, sitting out pauses as long as the engine has patience for, and leaves open when it is read next.
func (r Reader) Once(ctx context.Context, source collector.Source) error {
	begun, err := r.Store.BeginRun(ctx, source.Name())
	if err != nil {
		return err
	}
	r.Engine.Turn = 0
	complete, err := r.read(ctx, source, begun.StartedAt)
	if ctx.Err() != nil {
		return err
	}
	failed := err
	if complete {
		failed = nil
	}
	return errors.Join(err, r.Store.EndRun(ctx, source.Name(), time.Time{}, failed))
}

// read reads for a turn and notes how it goes; complete tells that the source was read to its end.
func (r Reader) read(ctx context.Context, source collector.Source, began time.Time) (complete bool, err error) {
	notes := &notebook{Reader: r, source: source.Name()}
	engine := r.Engine
	engine.Began, engine.Waiting = began, notes.waiting(ctx)
	err = r.run(ctx, engine, source, notes)
	if flushed := notes.flush(context.WithoutCancel(ctx)); flushed != nil {
		r.log(ctx, source.Name(), flushed)
	}
	return notes.complete, err
}

// errFault is what people are told of a panic. Its value may hold anything, so it is for the log only.
var errFault = errors.New("a fault of the program stopped its reading; the server's log has the place: please report it")

// run lets the engine read. A panic is the trouble of its source alone: without that it would be tried again and again, and told
// to nobody.
func (r Reader) run(ctx context.Context, engine collector.Engine, source collector.Source, notes *notebook) (err error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		r.Logger.ErrorContext(ctx, "reading a source panicked",
			slog.String("source", source.Name()), slog.Any("value", value), slog.String("stack", string(debug.Stack())))
		err = errFault
		if noted := r.Store.Trouble(ctx, source.Name(), err.Error()); noted != nil {
			err = errors.Join(err, noted)
		}
	}()
	return engine.Run(ctx, source, r.Store, notes.page(ctx))
}

// outcome is how a turn ended.
type outcome struct {
	err      error
	complete bool // the source was read to its end, whatever it met on the way
	failures int  // runs before that failed in a row
	every    time.Duration
}

// end notes the outcome and when the source is due again.
func (r Reader) end(ctx context.Context, name string, o outcome) (time.Time, error) {
	now := r.Clock()
	var later *collector.Later
	switch {
	case errors.Is(o.err, collector.ErrMore):
		return now, r.Store.CutRun(ctx, name, now, "")
	case errors.As(o.err, &later):
		at := later.At
		if latest := now.Add(longestPause); at.After(latest) {
			at = latest
		}
		return at, r.Store.CutRun(ctx, name, at, later.Error())
	case o.err != nil:
		r.log(ctx, name, o.err)
	}
	if o.err == nil || o.complete {
		at := now.Add(r.spread(o.every))
		return at, r.Store.EndRun(ctx, name, at, nil)
	}
	at := now.Add(r.failing(o.err, o.failures+1, o.every))
	return at, r.Store.EndRun(ctx, name, at, o.err)
}

// failing is how long a source rests after so many failures in a row. What passes by itself is tried again soon and then ever less
// often; what a person must mend is tried at the ceiling, at once after a restart or a reload.
func (r Reader) failing(err error, failures int, every time.Duration) time.Duration {
	switch collector.TroubleOf(err) {
	case collector.Refused, collector.Forbidden:
		return r.spread(max(ceiling, every))
	case collector.Passing:
		return collector.Pause{First: time.Minute, Ceiling: max(ceiling, every), Rand: r.Rand}.After(failures)
	default:
		return r.spread(min(every<<min(failures-1, 10), max(ceiling, every)))
	}
}

// spread is a span made longer or shorter by up to a tenth, so that sources do not keep step.
func (r Reader) spread(d time.Duration) time.Duration {
	return d + time.Duration((r.Rand()-0.5)*0.2*float64(d))
}

func (r Reader) log(ctx context.Context, source string, err error) {
	r.Logger.WarnContext(ctx, "a source cannot be read", slog.String("source", source), slog.Any("error", err))
}
