package jobs

import (
	"context"
	"log/slog"
	"sync"

	"github.com/riverqueue/river/riverdriver"
)

// outage notes whether the queue can be read, by what becomes of asking it for jobs, which is done every two seconds. It says once that it
// cannot and once that it can again; what River says of it meanwhile is the same thing many times over.
type outage struct {
	logger *slog.Logger

	mu    sync.Mutex
	lasts bool
}

func (o *outage) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // asking was given up, not refused
	}
	o.mu.Lock()
	changed := o.lasts != (err != nil)
	o.lasts = err != nil
	o.mu.Unlock()
	switch {
	case !changed:
	case err != nil:
		o.logger.ErrorContext(ctx, "the job queue in the database cannot be read: until it can, this server reads no source. Nothing is lost, and it goes on by itself; "+
			"see to the database where this lasts", slog.Any("error", err))
	default:
		o.logger.WarnContext(ctx, "the job queue in the database can be read again: this server goes on reading the sources")
	}
}

func (o *outage) going() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lasts
}

// JobGetAvailable is how River asks for jobs.
func (e executor) JobGetAvailable(ctx context.Context, params *riverdriver.JobGetAvailableParams) (*riverdriver.JobGetAvailableResult, error) {
	jobs, err := e.Executor.JobGetAvailable(ctx, params)
	e.outage.note(ctx, err)
	return jobs, err
}

// What River's lines come to for whoever runs servers. One of them looks after the queue at a time, and every one reads sources.
const (
	upkeepFails = "looking after the job queue failed, and is tried again by itself. That alone keeps no source from being read, but what a killed server " +
		"was reading may wait; see to what the error says where this comes again and again"
	upkeepLate = "this server came too late to go on looking after the job queue: another one does now, or it begins anew. Sources are read all the same and nothing " +
		"is lost; where this comes again and again, its machine has too little time or the database is slow"
)

// line is what becomes of a line of River.
type line struct {
	level slog.Level
	says  string // in place of River's words, which are kept beside it; empty for those
}

// lines are those of River that servers were seen to write, over a database that went away and came back, and at the end of other servers.
// All others are left as they are, save that what is for information is for debugging.
func lines() map[string]line {
	return map[string]line{
		"producer: Error fetching jobs":           {level: slog.LevelDebug}, // the outage is told of
		"producer: Error fetching queue settings": {level: slog.LevelDebug}, // no queue has any here

		"leadership.Elector: Error attempting to elect":   {slog.LevelWarn, upkeepFails},
		"leadership.Elector: Error attempting reelection": {slog.LevelWarn, upkeepFails},
		"leadership.Elector: Error attempting to resign":  {slog.LevelWarn, upkeepFails},
		"maintenance.JobCleaner: Error cleaning jobs":     {slog.LevelWarn, upkeepFails},
		"maintenance.QueueCleaner: Error cleaning queues": {slog.LevelWarn, upkeepFails},
		"maintenance.JobRescuer: Error rescuing jobs":     {slog.LevelWarn, upkeepFails},
		"maintenance.JobScheduler: Error scheduling jobs": {slog.LevelWarn, upkeepFails},

		"leadership.Elector: Current leader stepping down because the reelection deadline elapsed": {slog.LevelWarn, upkeepLate},
	}
}

// plain writes River's lines for people who know sources and servers, and no elector. No line is raised.
type plain struct {
	slog.Handler

	outage *outage
	lines  map[string]line
}

// Handle writes one line, or leaves it out.
func (p plain) Handle(ctx context.Context, r slog.Record) error {
	known, seen := p.lines[r.Message]
	switch {
	case seen && p.outage.going():
		r.Level = slog.LevelDebug
	case seen:
		r.Level = known.level
		if known.says != "" {
			said := r.Message
			r = r.Clone()
			r.Message = known.says
			r.AddAttrs(slog.String("river", said))
		}
	case r.Level == slog.LevelInfo:
		r.Level = slog.LevelDebug
	}
	if !p.Enabled(ctx, r.Level) {
		return nil
	}
	return p.Handler.Handle(ctx, r)
}

// WithAttrs and WithGroup keep the lines plain.
func (p plain) WithAttrs(attrs []slog.Attr) slog.Handler {
	p.Handler = p.Handler.WithAttrs(attrs)
	return p
}

// WithGroup opens a group.
func (p plain) WithGroup(name string) slog.Handler {
	p.Handler = p.Handler.WithGroup(name)
	return p
}
