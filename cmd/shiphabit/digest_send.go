package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"shiphabit/api"
	"shiphabit/internal/config"
	"shiphabit/internal/notify"
	"shiphabit/internal/store"
	"shiphabit/reports"
)

// mailingStore notes which digest went out over which channel.
type mailingStore interface {
	Mailings(ctx context.Context, week, audience string) ([]store.Mailing, error)
	BeginMailing(ctx context.Context, m store.Mailing) error
	EndMailing(ctx context.Context, m store.Mailing) error
	TakeBackMailing(ctx context.Context, m store.Mailing) error
}

// letters writes the digest of a team, or of leadership.
type letters interface {
	Letter(ctx context.Context, team, base string) (reports.Letter, error)
}

// digests sends weekly digests, each once a week on each channel, however many processes share the database: who begins a sending notes
// it first, and of two only one can. A sending of which nobody knows how it ended is not repeated, for it may have arrived.
type digests struct {
	store    mailingStore
	letters  letters
	channels notifier
	week     string // its first day
	base     string // before the paths of links
}

// digestsOf are the digests of the week of an instant.
func digestsOf(db mailingStore, written letters, settings config.Config, at time.Time) (digests, error) {
	channels, err := notifierOf(settings)
	return digests{
		store: db, letters: written, channels: channels, week: weekOf(at.In(settings.Zone()), settings.WeekStart).Format(time.DateOnly),
		base: strings.TrimRight(settings.Notify.PublicURL, "/"),
	}, err
}

// weekOf is midnight of the first day of the week.
func weekOf(at time.Time, first time.Weekday) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day()-int((at.Weekday()-first+7)%7), 0, 0, 0, 0, at.Location())
}

// channelKey names a channel in the database, without addresses: whoever changes one does not get the week's digest a second time.
func channelKey(c notify.Channel) string {
	if _, is := c.(*notify.Mail); is {
		return "mail"
	}
	return c.Name()
}

// left are the channels of an audience that have not had the week's digest, and what is noted of the others.
func (d digests) left(ctx context.Context, audience string) (left []notify.Channel, noted []store.Mailing, err error) {
	if noted, err = d.store.Mailings(ctx, d.week, audience); err != nil {
		return nil, nil, err
	}
	for _, c := range d.channels.teams[audience] {
		if !slices.ContainsFunc(noted, func(m store.Mailing) bool { return m.Channel == channelKey(c) }) {
			left = append(left, c)
		}
	}
	return left, noted, nil
}

// send sends over the channels given what they have not had, and names those that took it.
func (d digests) send(ctx context.Context, audience string, to []notify.Channel) (sent []string, err error) {
	if len(to) == 0 {
		return nil, nil
	}
	letter, err := d.letters.Letter(ctx, audience, d.base)
	if err != nil {
		return nil, err
	}
	m := messageOf(letter)
	for _, c := range to {
		took, fault := d.sendOne(ctx, audience, c, m)
		if took {
			sent = append(sent, c.Name())
		}
		err = errors.Join(err, fault)
	}
	return sent, err
}

// sendOne sends a digest over one channel, unless another process does.
func (d digests) sendOne(ctx context.Context, audience string, c notify.Channel, m notify.Message) (took bool, err error) {
	took, err = deliver(ctx, c, m, mailing{d.store, store.Mailing{Week: d.week, Audience: audience, Channel: channelKey(c)}})
	if errors.Is(err, errMayHaveArrived) {
		err = fmt.Errorf("%w: 'shiphabit digest --send --again' would", err)
	}
	return took, err
}

// mailing is the sending of a digest; one that nobody got is as if it had never begun.
type mailing struct {
	store mailingStore
	of    store.Mailing
}

func (m mailing) begin(ctx context.Context) error   { return m.store.BeginMailing(ctx, m.of) }
func (m mailing) arrived(ctx context.Context) error { return m.store.EndMailing(ctx, m.of) }
func (m mailing) missed(ctx context.Context) error  { return m.store.TakeBackMailing(ctx, m.of) }

// messageOf is a letter as the channels take it: mail all of it, chat its text.
func messageOf(l reports.Letter) notify.Message {
	m := notify.Message{Subject: printable(l.Subject), Text: l.Text, HTML: l.HTML}
	for _, p := range l.Pictures {
		m.Attachments = append(m.Attachments, notify.Attachment{Name: p.Name, Type: "image/svg+xml", Data: p.SVG})
	}
	return m
}

// sendDigest sends the digest of a team or of leadership over their channels.
func (p *program) sendDigest(ctx context.Context, f digestFlags) error {
	settings, err := p.configuration(f.database.config)
	if err != nil {
		return err
	}
	return p.withStore(ctx, f.database, func(db *store.DB, server *api.Server) error {
		d, err := digestsOf(db, server, settings, p.now())
		if err != nil {
			return usage("%w", err)
		}
		if len(d.channels.teams[f.team]) == 0 {
			return usage("--send needs --config with channels of %s", f.whereChannelsStand())
		}
		d.base = strings.TrimRight(cmp.Or(f.link, d.base, "http://127.0.0.1:8080"), "/")
		if f.dryRun {
			return p.tellDigest(ctx, d, f.team)
		}
		if f.again {
			if err := d.forget(ctx, f.team); err != nil {
				return err
			}
		}
		return p.sendLeft(ctx, d, f.team)
	})
}

func (f digestFlags) whereChannelsStand() string {
	if f.leadership {
		return "leadership (notify.leadership): there are none"
	}
	return fmt.Sprintf("the team (teams[].notify): there are none for %q", f.team)
}

// forget makes all channels of an audience take the week's digest once more.
func (d digests) forget(ctx context.Context, audience string) error {
	_, noted, err := d.left(ctx, audience)
	for _, m := range noted {
		err = errors.Join(err, d.store.TakeBackMailing(ctx, m))
	}
	return err
}

// sendLeft sends what was not sent, and says what was.
func (p *program) sendLeft(ctx context.Context, d digests, audience string) error {
	left, noted, err := d.left(ctx, audience)
	if err != nil {
		return err
	}
	for _, m := range noted {
		p.say("%s", alreadySays(m))
	}
	sent, err := d.send(ctx, audience, left)
	for _, name := range sent {
		p.say("Sent to %s.", name)
	}
	return err
}

func alreadySays(m store.Mailing) string {
	if m.SentAt.IsZero() {
		return fmt.Sprintf("Not sent to %s: a sending began on %s, and how it ended is not known; --again sends it all the same.", m.Channel, m.BegunAt.UTC().Format("2 Jan 15:04 UTC"))
	}
	return fmt.Sprintf("Not sent to %s: it has had the digest of this week on %s; --again sends it once more.", m.Channel, m.SentAt.UTC().Format("2 Jan 15:04 UTC"))
}

// tellDigest tells where a digest would go, and writes its text.
func (p *program) tellDigest(ctx context.Context, d digests, audience string) error {
	left, noted, err := d.left(ctx, audience)
	if err != nil {
		return err
	}
	for _, m := range noted {
		p.say("%s", alreadySays(m))
	}
	letter, err := d.letters.Letter(ctx, audience, d.base)
	if err != nil {
		return err
	}
	for _, c := range left {
		p.say("Would send %q to %s.", printable(letter.Subject), c.Name())
	}
	return p.write("-", []byte(letter.Text))
}
