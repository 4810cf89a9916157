package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"shiphabit/api"
	"shiphabit/internal/config"
)

const (
	// digestEvery is how often a server looks whether digests are due, and how soon it tries again where a channel failed.
	digestEvery = 15 * time.Minute
	// digestsFor is how long after they were due digests still go out: later the week's news are none.
	digestsFor = 24 * time.Hour
)

// dueSince is when digests were due the last time, and tells whether they still go out. The clock is that of the zone of at.
func dueSince(at time.Time, when config.Digests) (since time.Time, still bool) {
	back := int((at.Weekday() - when.Weekday + 7) % 7)
	since = time.Date(at.Year(), at.Month(), at.Day()-back, when.Hour, 0, 0, 0, at.Location())
	if since.After(at) {
		since = time.Date(at.Year(), at.Month(), at.Day()-back-7, when.Hour, 0, 0, 0, at.Location())
	}
	return since, at.Before(since.Add(digestsFor))
}

// digestLoop sends the digests of each week when they are due, until the context ends.
func (p *program) digestLoop(ctx context.Context, t *term) {
	for {
		if since, still := dueSince(p.now().In(t.settings.Zone()), *t.settings.Notify.Digests); still {
			d, err := digestsOf(t.db, t.handler, t.settings, since)
			if err == nil {
				err = p.sendAll(ctx, d)
			}
			if err != nil && ctx.Err() == nil {
				p.logger().ErrorContext(ctx, "sending weekly digests", slog.Any("error", err))
			}
		}
		if sleep(ctx, digestEvery) != nil {
			return
		}
	}
}

// sendAll sends to leadership and to each team what it has not had. One that cannot be reached keeps nobody else from it.
func (p *program) sendAll(ctx context.Context, d digests) (err error) {
	for _, audience := range slices.Sorted(maps.Keys(d.channels.teams)) {
		left, _, fault := d.left(ctx, audience)
		if fault == nil {
			var sent []string
			sent, fault = d.send(ctx, audience, left)
			for _, name := range sent {
				p.logger().InfoContext(ctx, "weekly digest sent", slog.String("team", audience), slog.String("channel", name))
			}
		}
		if about := (*api.Error)(nil); errors.As(fault, &about) && about.Kind == api.NotFound {
			continue // no record of the team's services has come in yet
		}
		err = errors.Join(err, fault)
	}
	return err
}
