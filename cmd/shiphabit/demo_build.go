package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"shiphabit/api"
	"shiphabit/assessments"
	"shiphabit/internal/config"
	"shiphabit/internal/demo"
	"shiphabit/internal/store"
)

// demoBuild puts an organisation into a database, at the times of its story.
type demoBuild struct {
	*demonstration
	made     *demo.Organisation
	settings config.Config
	db       *store.DB
	millis   atomic.Int64 // the clock of the story
}

// build makes the organisation up and puts it into the database.
func (d *demonstration) build(ctx context.Context) (*demo.Organisation, error) {
	began := d.now()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // much is made and little is kept
	d.say("Making an organisation up and asking the gate in its name. That usually takes 20 to 60 seconds, and minutes on a machine with much other work.")
	d.tell("making the organisation up")
	made := demo.Generate(d.seed, d.now())
	err := d.put(ctx, made)
	d.tell("")
	if err != nil {
		return nil, fmt.Errorf("making the demonstration: %w", err)
	}
	d.say("Made up %d deployments, reviews, incidents and other records, and asked the gate %d times (%s).",
		len(made.Events), len(made.Promotions), d.now().Sub(began).Round(10*time.Millisecond))
	return made, nil
}

// put puts an organisation into the database.
func (d *demonstration) put(ctx context.Context, made *demo.Organisation) error {
	settings, err := demoSettings(made)
	if err != nil {
		return err
	}
	b := &demoBuild{demonstration: d, made: made, settings: settings}
	b.at(made.End)
	b.db, err = store.Open(ctx, d.db, store.Options{Rules: settings.Rules(), Zone: settings.Zone(), Logger: d.logger(), Clock: b.clock})
	if err != nil {
		return exitError{exitUsage, err}
	}
	return errors.Join(b.all(ctx), b.db.Close())
}

// tell shows on a terminal what is being done.
func (d *demonstration) tell(doing string) {
	if d.terminal && !d.quiet {
		fmt.Fprint(d.err, "\r\x1b[K"+doing)
	}
}

// at sets the clock of the story, and clock reads it.
func (b *demoBuild) at(t time.Time)       { b.millis.Store(t.UnixMilli()) }
func (b *demoBuild) pass(d time.Duration) { b.millis.Add(d.Milliseconds()) }
func (b *demoBuild) clock() time.Time     { return time.UnixMilli(b.millis.Load()).UTC() }

func (b *demoBuild) all(ctx context.Context) error {
	for _, step := range []struct {
		doing string
		do    func(context.Context) error
	}{
		{"storing the records", b.storeEvents},
		{"deriving", b.db.Refresh},
		{"asking the gate", b.askGate},
		{"holding the assessments", b.holdRounds},
		{"looking back at actions", b.lookBack},
		{"noting the dispute", b.dispute},
		{"deriving", b.db.Refresh},
		{"finishing", b.finish},
	} {
		b.tell(step.doing)
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *demoBuild) storeEvents(ctx context.Context) error {
	for events := range slices.Chunk(b.made.Events, importBatch) {
		if _, err := b.db.Append(ctx, events); err != nil {
			return err
		}
	}
	return nil
}

// caller is a client of the server whose clock is that of the story, under a token of its own.
func (b *demoBuild) caller(ctx context.Context, name string, scopes ...string) (client, func() error, error) {
	server, err := b.server(b.db, b.settings, demoOrigin(b.made, b.clock), nil)
	if err != nil {
		return client{}, nil, err
	}
	secret := "shp_" + rand.Text()
	token := store.Token{ID: strings.ToLower(rand.Text()[:10]), Name: name, Scopes: scopes}
	if err := b.db.CreateToken(ctx, token, api.HashToken(secret), "demo"); err != nil {
		return client{}, nil, err
	}
	ask := client{base: "http://localhost", token: secret, http: inProcess(server), now: b.clock, clock: &serverClock{}}
	return ask, func() error { return b.db.RevokeToken(ctx, token.ID, "demo") }, nil
}

// holdRounds opens, answers, closes and publishes the assessments.
func (b *demoBuild) holdRounds(ctx context.Context) error {
	for _, r := range b.made.Rounds {
		if err := b.holdRound(ctx, r); err != nil {
			return fmt.Errorf("round %s: %w", r.ID, err)
		}
	}
	return nil
}

func (b *demoBuild) holdRound(ctx context.Context, r demo.Round) error {
	at := slices.IndexFunc(b.made.Teams, func(t demo.Team) bool { return t.Name == r.Team })
	team := b.made.Teams[at]
	round, err := assessments.NewRound(b.settings.Questions, assessments.Plan{
		ID: r.ID, Team: r.Team, Services: team.ServiceNames(), Size: team.Size, Floor: b.settings.Floor, Consensus: r.Consensus,
	})
	if err != nil {
		return err
	}
	b.at(r.Opened)
	if round, err = round.Open(r.Opened); err != nil {
		return err
	}
	if err := b.db.SaveRound(ctx, round, ""); err != nil {
		return err
	}
	for _, levels := range r.Answers {
		b.pass(3 * time.Hour)
		token, err := assessments.NewToken(rand.Reader)
		if err != nil {
			return err
		}
		hash := assessments.HashToken(token)
		if err := errors.Join(b.db.AddTokens(ctx, r.ID, []string{hash}), b.db.Submit(ctx, hash, answersOf(b.settings.Questions, levels))); err != nil {
			return err
		}
	}
	return b.endRound(ctx, r)
}

func (b *demoBuild) endRound(ctx context.Context, r demo.Round) error {
	b.at(r.Closed)
	round, err := b.db.Round(ctx, r.ID)
	if err != nil {
		return err
	}
	if round, err = round.Close(r.Closed); err != nil {
		return err
	}
	if err := b.db.SaveRound(ctx, round, ""); err != nil {
		return err
	}
	if err := b.decide(ctx, round, r.Action); err != nil {
		return err
	}
	if round, err = round.Publish(r.Published); err != nil {
		return err
	}
	return b.db.SaveRound(ctx, round, "")
}

// decide writes what the team does until its next round, two days after closing.
func (b *demoBuild) decide(ctx context.Context, round assessments.Round, made *demo.Action) error {
	if made == nil {
		return nil
	}
	b.at(round.ClosedAt.AddDate(0, 0, 2))
	action, err := assessments.NewAction(round, made.Text, made.Owner, made.Due.Format(time.DateOnly))
	if err != nil {
		return err
	}
	return b.db.SaveAction(ctx, round.ID, action, "demo")
}

// lookBack says how the actions went, in the order in which teams said so.
func (b *demoBuild) lookBack(ctx context.Context) error {
	over := slices.DeleteFunc(slices.Clone(b.made.Rounds), func(r demo.Round) bool { return r.Action == nil || r.Action.LookedBack.IsZero() })
	slices.SortStableFunc(over, func(one, other demo.Round) int { return one.Action.LookedBack.Compare(other.Action.LookedBack) })
	for _, r := range over {
		outcome := assessments.NotDone
		if r.Action.Done {
			outcome = assessments.Done
		}
		b.at(r.Action.LookedBack.Add(10 * time.Hour))
		if err := b.db.DecideAction(ctx, r.ID, outcome, "demo"); err != nil {
			return fmt.Errorf("round %s: %w", r.ID, err)
		}
	}
	return nil
}

// answersOf are the options at the levels, 0 standing for "don't know".
func answersOf(set assessments.Set, levels [5]int) assessments.Answers {
	a := assessments.Answers{}
	for i, q := range set.Questions {
		a[q.ID] = assessments.DontKnow
		if levels[i] > 0 {
			a[q.ID] = q.Options[levels[i]-1].ID
		}
	}
	return a
}

// dispute tells what a team knows better about one record.
func (b *demoBuild) dispute(ctx context.Context) error {
	b.at(b.made.Dispute.At)
	ask, revoke, err := b.caller(ctx, "dev-23", string(api.Admin))
	if err != nil {
		return err
	}
	body := map[string]any{"record": b.made.Dispute.Record, "unlinked": true, "reason": b.made.Dispute.Reason}
	return errors.Join(ask.call(ctx, "POST", "/api/v1/corrections", nil, body, nil), revoke())
}

// finish sets the sources: three are up to date, one cannot be read. The mark comes last: it says that nothing is missing.
func (b *demoBuild) finish(ctx context.Context) error {
	b.at(b.made.End.Add(-demo.TroubleSince))
	if err := b.db.ApplyPage(ctx, demo.Tickets, "", "page 1", nil, asideOf(demo.Tickets)); err != nil {
		return err
	}
	if err := b.db.Trouble(ctx, demo.Tickets, demo.Trouble); err != nil {
		return err
	}
	b.at(b.made.End)
	if err := beat(ctx, b.db, b.made.End); err != nil {
		return err
	}
	return b.db.ApplyPage(ctx, demo.Forge, "", markOf(b.made), nil, asideOf(demo.Forge))
}

// asideOf are the records of a source that could not be read.
func asideOf(source string) []store.SetAside {
	var aside []store.SetAside
	for _, r := range demo.Aside()[source] {
		aside = append(aside, store.SetAside{Record: r[0], Reason: r[1]})
	}
	return aside
}
