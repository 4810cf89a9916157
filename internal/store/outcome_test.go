package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/assessments"
)

func TestATeamRepliesToItsResultBetweenClosingAndPublishing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		round := opened("r1", 5)
		must(t, db.SaveRound(ctx, round, ""))
		reply := assessments.Reply{Question: "q1", Tag: assessments.RecordsIncomplete, Note: "hotfixes go another way"}
		if err := db.SaveReply(ctx, "r1", reply, "token:pay"); !errors.Is(err, assessments.ErrState) {
			t.Errorf("to an open round: %v", err)
		}
		must(t, db.SaveRound(ctx, closed(round), ""))
		must(t, errors.Join(
			db.SaveReply(ctx, "r1", reply, "token:pay"),
			db.SaveReply(ctx, "r1", assessments.Reply{Question: "q2", Tag: assessments.OtherReason}, "token:pay"),
			db.SaveReply(ctx, "r1", assessments.Reply{Question: "q2"}, "token:pay"),
		))
		reply.At = noon
		got, err := db.Replies(ctx, "r1")
		if diff := cmp.Diff([]assessments.Reply{reply}, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if log, _, err := db.AuditLog(ctx, "", 9); err != nil || len(log) != 3 || log[2].Actor != "token:pay" || log[2].Subject != "r1/q1" {
			t.Errorf("%+v, %v", log, err)
		}
		published := closed(round)
		published.State, published.PublishedAt = assessments.Published, noon.Add(2*time.Hour)
		must(t, db.SaveRound(ctx, published, ""))
		if err := db.SaveReply(ctx, "r1", reply, "token:pay"); !errors.Is(err, assessments.ErrState) {
			t.Errorf("to a published round: %v", err)
		}
		if err := db.SaveReply(ctx, "none", reply, "x"); !errors.Is(err, ErrNotFound) {
			t.Errorf("to no round: %v", err)
		}
	})
}

func TestAnActionIsDecidedOnceARoundIsClosedAndLookedBackAtAtAnyTime(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		round := opened("r1", 5)
		must(t, db.SaveRound(ctx, round, ""))
		action := assessments.Action{Text: "rehearse going back", Owner: "on-call", DueOn: "2026-05-01"}
		if err := db.SaveAction(ctx, "r1", action, "local"); !errors.Is(err, assessments.ErrState) {
			t.Errorf("of an open round: %v", err)
		}
		if err := db.DecideAction(ctx, "r1", assessments.Done, "local"); !errors.Is(err, ErrNotFound) {
			t.Errorf("how no action went: %v", err)
		}
		must(t, db.SaveRound(ctx, closed(round), ""))
		must(t, db.SaveAction(ctx, "r1", assessments.Action{Text: "first thought", Owner: "team", DueOn: "2026-04-01"}, "local"))
		must(t, db.SaveAction(ctx, "r1", action, "local"))
		must(t, db.DecideAction(ctx, "r1", assessments.NotDone, "local"))
		action.Outcome, action.At = assessments.NotDone, noon
		got, found, err := db.Action(ctx, "r1")
		if diff := cmp.Diff(action, got); err != nil || !found || diff != "" {
			t.Error(err, found, diff)
		}
		all, err := db.Actions(ctx, "r1", "r2")
		if diff := cmp.Diff(map[string]assessments.Action{"r1": action}, all); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if none, err := db.Actions(ctx); err != nil || len(none) > 0 {
			t.Errorf("of no round at all: %v, %v", none, err)
		}
		if _, found, err := db.Action(ctx, "r2"); err != nil || found {
			t.Errorf("of no round: %v, %v", found, err)
		}
	})
}

func TestNobodyIsRemindedMoreThanTwiceHoweverManyAskAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		must(t, db.SaveRound(ctx, opened("r1", 5), ""))
		var counted, late atomic.Int64
		for seen := range 3 {
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					switch err := db.CountReminder(ctx, "r1", seen, ""); {
					case err == nil:
						counted.Add(1)
					case errors.Is(err, ErrMoved), errors.Is(err, assessments.ErrState):
						late.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		r, err := db.Round(ctx, "r1")
		if err != nil || counted.Load() != 2 || late.Load() != 13 || r.Reminders != 2 {
			t.Errorf("%d counted, %d refused, stored %d; %v", counted.Load(), late.Load(), r.Reminders, err)
		}
		must(t, db.UncountReminder(ctx, "r1", 2, ""))
		must(t, db.CountReminder(ctx, "r1", 1, ""))
		must(t, db.SaveRound(ctx, closed(opened("r1", 5)), ""))
		if r, err := db.Round(ctx, "r1"); err != nil || r.Reminders != 2 {
			t.Errorf("after closing: %d, %v", r.Reminders, err)
		}
	})
}

func TestADraftCanBeDiscardedAndNothingElse(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		draft := opened("r1", 5)
		draft.State = assessments.Draft
		must(t, errors.Join(db.SaveRound(ctx, draft, ""), db.SaveRound(ctx, opened("r2", 5), ""), db.DiscardRound(ctx, "r1", "")))
		if _, err := db.Round(ctx, "r1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a discarded draft: %v", err)
		}
		if err := db.DiscardRound(ctx, "r2", ""); !errors.Is(err, assessments.ErrState) {
			t.Errorf("discarding an open round: %v", err)
		}
	})
}

// PostgreSQL keeps with every row the transaction that wrote it last and where the row lies. Neither may lead from answers to a
// link, a comment or an order.
func TestPostgresKeepsNoTransactionOfASingleSubmission(t *testing.T) {
	t.Parallel()
	b := bench{TB: t, dsn: newPostgres(t), kind: postgresDialect}
	db, ctx := b.open(), t.Context()
	var hashes []string
	for i := range 8 {
		hashes = append(hashes, fmt.Sprintf("h%d", i))
	}
	must(b, errors.Join(db.SaveRound(ctx, opened("r1", 8), ""), db.AddTokens(ctx, "r1", hashes)))
	answers := []assessments.Answers{daily, {"q1": "never", "q2": "never"}, {"q1": "daily", "q2": "daily"}}
	for i := range 7 {
		must(b, db.Submit(ctx, hashes[i], answers[i%3], Comment{Text: fmt.Sprint("comment ", i)}))
		for _, table := range []string{"answer_counts", "invitations", "comments"} {
			var writers int
			must(b, db.read.Raw("SELECT count(DISTINCT xmin::text) FROM "+table+" WHERE round = 'r1'").Scan(&writers).Error)
			if writers != 1 {
				t.Errorf("after submission %d the rows of %s were written by %d transactions", i+1, table, writers)
			}
		}
		var keys []string
		must(b, db.read.Raw("SELECT key FROM comments WHERE round = 'r1' ORDER BY ctid").Scan(&keys).Error)
		if len(keys) != i+1 {
			t.Errorf("%d comments after %d", len(keys), i+1)
		}
	}
}

func TestTheAuditLogSaysWhoRanARoundAndNothingOfWhoAnswered(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		round := opened("r1", 5)
		draft := round
		draft.State = assessments.Draft
		other := draft
		other.ID = "r2"
		published := closed(round)
		published.State = assessments.Published
		must(t, errors.Join(db.SaveRound(ctx, draft, "ann"), db.SaveRound(ctx, other, "ann"), db.DiscardRound(ctx, "r2", "bob"),
			db.SaveRound(ctx, round, "bob"), db.AddTokens(ctx, "r1", []string{"h"}), db.CountReminder(ctx, "r1", 0, "cy"), db.UncountReminder(ctx, "r1", 1, "cy"),
			db.Submit(ctx, "h", daily), db.SaveRound(ctx, closed(round), "dan"), db.SaveRound(ctx, closed(round), "dan"), db.SaveRound(ctx, published, "pay")))
		if err := db.DiscardRound(ctx, "r1", "bob"); err == nil {
			t.Error("a published round was discarded")
		}
		log, _, err := db.AuditLog(ctx, "", 50)
		must(t, err)
		slices.Reverse(log)
		var got []string
		for _, e := range log {
			got = append(got, e.Actor+": "+e.Action+" "+e.Subject+", "+e.Details)
		}
		team := ", team " + round.Team
		want := []string{
			"ann: round drafted r1" + team, "ann: round drafted r2" + team, "bob: round discarded r2" + team, "bob: round opened r1" + team,
			"cy: round reminded of r1" + team, "cy: round not reminded of: nobody was reached r1" + team,
			"dan: round closed r1" + team, "pay: round published r1" + team,
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	})
}
