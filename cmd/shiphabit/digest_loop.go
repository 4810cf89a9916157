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
	"shiphabit/internal/store"
)

const (
	// digestEvery is how often a server looks whether digests are due, and how soon it tries again where a channel failed.
	digestEvery = 15 * time.Minute
	// digestsFor is how long after they were due digests still go out: later the week's news are none.
	digestsFor = 24 * time.Hour
	// longestSending is above what any channel takes for one sending: mail ends after a minute, a webhook sooner.
	longestSending = 2 * time.Minute
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
	told := map[store.Mailing]bool{}
	for {
		since, still := dueSince(p.now().In(t.settings.Zone()), *t.settings.Notify.Digests)
		d, err := digestsOf(t.db, t.handler, t.settings, since)
		if err == nil {
			err = p.tellUnended(ctx, d, told)
			if still {
				err = errors.Join(err, p.sendAll(ctx, d))
			}
		}
		if err != nil && ctx.Err() == nil {
			p.logger().ErrorContext(ctx, "sending weekly digests", slog.Any("error", err))
		}
		if sleep(ctx, digestEvery) != nil {
			return
		}
	}
}

// tellUnended warns of each sending that began, and of which nobody noted how it ended: its process ended before it did. It may have
// arrived, so no server repeats it. Told keeps what was warned of.
func (p *program) tellUnended(ctx context.Context, d digests, told map[store.Mailing]bool) (err error) {
	for _, audience := range slices.Sorted(maps.Keys(d.channels.teams)) {
		_, noted, fault := d.left(ctx, audience)
		err = errors.Join(err, fault)
		for _, m := range noted {
			if told[m] || !m.SentAt.IsZero() || p.now().Sub(m.BegunAt) <= longestSending {
				continue
			}
			told[m] = true
			p.logger().WarnContext(ctx, "a weekly digest was begun, and how its sending ended is not known: 'shiphabit digest --send --again' sends it all the same",
				slog.String("week", m.Week), slog.String("team", m.Audience), slog.String("channel", m.Channel), slog.Time("begun_at", m.BegunAt))
		}
	}
	return err
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
