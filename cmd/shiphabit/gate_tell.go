package main

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"shiphabit/internal/notify"
	"shiphabit/internal/rollback"
	"shiphabit/internal/store"
	"shiphabit/metrics/gate"
)

const (
	// newsEvery is how soon after something has happened its team is told.
	newsEvery = time.Minute
	// soonestAgain and latestAgain bound how long a channel that failed is left alone; each time it is twice as long as before.
	soonestAgain, latestAgain = time.Minute, 2 * time.Hour
	// tellingsKept is how long it is kept what a team was told. A criterion that drops to warning again after that is told again.
	tellingsKept = 90 * 24 * time.Hour
	// longestSubject bounds a subject in characters: a mail's headers may not be of any length.
	longestSubject = 150
)

// tellingStore notes what was told over which channel, and knows what rollback hooks were told.
type tellingStore interface {
	RollbackOf(ctx context.Context, service, deployment string) (*gate.RollbackNote, error)
	Tellings(ctx context.Context, notice, audience string) ([]store.Telling, error)
	BeginTelling(ctx context.Context, t store.Telling) error
	EndTelling(ctx context.Context, t store.Telling) error
	PutOffTelling(ctx context.Context, t store.Telling, until time.Time) error
}

// herald tells teams what the lookout finds, each once on each channel, however many processes share the database.
type herald struct {
	*program
	look     *lookout
	store    tellingStore
	channels notifier
	hooks    map[string]*rollback.Hook // by service
	base     string                    // before the paths of links
	pending  []teamNews                // found, and not with everybody yet
	warned   map[[3]string]bool        // sendings of which it was warned that nobody knows how they ended, while something is pending
}

func (p *program) heraldOf(t *term) (*herald, error) {
	channels, err := notifierOf(t.settings)
	reached := func(team string) bool { return team != leadership && len(channels.teams[team]) > 0 }
	return &herald{
		program: p, look: newLookout(t.db, reached), store: t.db, channels: channels, hooks: t.hooks,
		base: strings.TrimRight(t.settings.Notify.PublicURL, "/"), warned: map[[3]string]bool{},
	}, err
}

// tellLoop tells teams what happens at the gate that wants their eyes, until the context ends.
func (p *program) tellLoop(ctx context.Context, t *term) {
	h, err := p.heraldOf(t)
	if err != nil {
		p.logger().ErrorContext(ctx, "teams are not told what happens at the gate", slog.Any("error", err))
		return
	}
	for {
		if err := h.round(ctx); err != nil && ctx.Err() == nil {
			p.logger().ErrorContext(ctx, "telling teams what happens at the gate", slog.Any("error", err))
		}
		if sleep(ctx, newsEvery) != nil {
			return
		}
	}
}

// round looks once, and tells what is due. One team that cannot be reached keeps no other from it.
func (h *herald) round(ctx context.Context) error {
	found, err := h.look.look(ctx, h.now())
	h.pending = append(h.pending, found...)
	h.pending = slices.DeleteFunc(h.pending, func(n teamNews) bool {
		if !h.now().Before(n.At.Add(newsFor)) {
			h.logger().WarnContext(ctx, "a team was not told over all its channels for a day, and is not told any more", slog.String("team", n.team), slog.String("news", n.Subject))
			return true
		}
		settled, fault := h.tell(ctx, n)
		err = errors.Join(err, fault)
		return settled
	})
	if len(h.pending) == 0 {
		clear(h.warned)
	}
	return err
}

// tell tries the channels whose turn it is, and reports whether none is left.
func (h *herald) tell(ctx context.Context, n teamNews) (settled bool, err error) {
	noted, err := h.store.Tellings(ctx, n.Key, n.team)
	if err != nil {
		return false, err
	}
	settled = true
	for _, c := range h.channels.teams[n.team] {
		t := store.Telling{Notice: n.Key, Audience: n.team, Channel: channelKey(c)}
		if i := slices.IndexFunc(noted, func(known store.Telling) bool { return known.Channel == t.Channel }); i >= 0 {
			t = noted[i]
		}
		switch h.turn(ctx, t) {
		case over:
		case later:
			settled = false
		case due:
			took, fault := h.send(ctx, c, n, t)
			err = errors.Join(err, fault)
			if settled = settled && took; took {
				h.logger().InfoContext(ctx, "a team was told what happened at the gate", slog.String("team", n.team), slog.String("news", printable(n.Subject)), slog.String("channel", c.Name()))
			}
		}
	}
	return settled, err
}

// send tells what is known now, which may be more than when it was found.
func (h *herald) send(ctx context.Context, c notify.Channel, n teamNews, t store.Telling) (took bool, err error) {
	line, err := h.rollback(ctx, n)
	if err != nil {
		return false, err
	}
	if line != "" {
		n.Lines = append(slices.Clone(n.Lines), line)
	}
	return deliver(ctx, c, h.message(n), telling{h, t})
}

// rollback says what becomes of rolling back by itself after a failed watch, "" where the service has no hook for that.
func (h *herald) rollback(ctx context.Context, n teamNews) (string, error) {
	if n.Deployment == "" {
		return "", nil
	}
	note, err := h.store.RollbackOf(ctx, n.Service, n.Deployment)
	switch {
	case err != nil:
		return "", err
	case note != nil:
		return note.Told(), nil
	case h.hooks[n.Service] != nil:
		return gate.RollbackUnnoted(n.At, h.now()), nil
	}
	return "", nil
}

// turn is whether it is a channel's turn.
type turn string

const (
	over  turn = "over"
	later turn = "later"
	due   turn = "due"
)

// turn of a channel, by what is noted of it. It warns of a sending that nobody ended: it may have arrived, so no server repeats it.
func (h *herald) turn(ctx context.Context, t store.Telling) turn {
	switch {
	case t.Tries == 0:
		return due
	case !t.SentAt.IsZero():
		return over
	case !t.AgainAt.IsZero() && h.now().Before(t.AgainAt):
		return later
	case !t.AgainAt.IsZero():
		return due
	case h.now().Sub(t.BegunAt) <= longestSending:
		return later
	}
	which := [3]string{t.Notice, t.Audience, t.Channel}
	if h.warned[which] {
		return over
	}
	h.warned[which] = true
	h.logger().WarnContext(ctx, "it was begun to tell a team what happened at the gate, and how that ended is not known",
		slog.String("team", t.Audience), slog.String("channel", t.Channel), slog.Time("begun_at", t.BegunAt))
	return over
}

// telling is the sending of a piece of news; one that nobody got is tried again later.
type telling struct {
	of   *herald
	this store.Telling
}

func (t telling) begin(ctx context.Context) error   { return t.of.store.BeginTelling(ctx, t.this) }
func (t telling) arrived(ctx context.Context) error { return t.of.store.EndTelling(ctx, t.this) }

func (t telling) missed(ctx context.Context) error {
	return t.of.store.PutOffTelling(ctx, t.this, t.of.now().Add(doubled(t.this.Tries+1, soonestAgain, latestAgain)))
}

// doubled is how long somebody is left alone after so many tries: the soonest after the first, twice as long after each that follows, up to
// the latest.
func doubled(tries int, soonest, latest time.Duration) time.Duration {
	for range tries - 1 {
		if soonest = 2 * soonest; soonest >= latest {
			return latest
		}
	}
	return soonest
}

// message is a piece of news as channels take it.
func (h *herald) message(n teamNews) notify.Message {
	lines := make([]string, len(n.Lines))
	for i, line := range n.Lines {
		lines[i] = printable(line)
	}
	m := notify.Message{Subject: printable(n.Subject), Text: strings.Join(lines, "\n")}
	if subject := []rune(m.Subject); len(subject) > longestSubject {
		m.Subject = string(subject[:longestSubject-1]) + "…"
	}
	if n.Decision != "" {
		m.Links = append(m.Links, notify.Link{Words: "The decision", URL: h.base + "/gate/decisions/" + url.PathEscape(n.Decision)})
	}
	m.Links = append(m.Links, notify.Link{Words: "The service at the gate", URL: h.base + "/services/" + url.PathEscape(n.Service) + "/gate"})
	return m
}
