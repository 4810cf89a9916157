package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/assessments"
	"shiphabit/metrics"
)

// opened is an open round of two questions for a team of so many.
func opened(id string, size int, change ...func(*assessments.Round)) assessments.Round {
	options := []assessments.Option{{ID: "never", Level: 1}, {ID: "daily", Level: 5}, {ID: assessments.DontKnow}}
	r := assessments.Round{
		ID: id, Team: "pay", Services: []string{"api"}, State: assessments.Open, Size: size, Floor: 5,
		Set:    assessments.Set{ID: "default", Version: 1, Questions: []assessments.Question{{ID: "q1", Options: options}, {ID: "q2", Options: options}}},
		Window: metrics.Window{From: noon.Add(-time.Hour), To: noon}, OpenedAt: noon,
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func openLink(r *assessments.Round) { r.OpenLink = true }

func closed(r assessments.Round) assessments.Round {
	r.State, r.ClosedAt = assessments.Closed, noon.Add(time.Hour)
	return r
}

var daily = assessments.Answers{"q1": "daily", "q2": assessments.DontKnow}

func TestOnlyCountsRemainOfAnswers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		round := opened("r1", 5)
		if err := errors.Join(db.SaveRound(ctx, round, ""), db.AddTokens(ctx, "r1", []string{"h1", "h2", "h3", "h4", "h5"})); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			db.Submit(ctx, "h1", daily, Comment{Text: "too many meetings"}),
			db.Submit(ctx, "h2", assessments.Answers{"q1": "never", "q2": assessments.DontKnow}),
			db.Submit(ctx, "h3", daily, Comment{Text: "fine", SignedBy: "Kim"}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.Counts(ctx, "r1"); !errors.Is(err, assessments.ErrState) {
			t.Errorf("counts of an open round: %v", err)
		}
		if _, err := db.Comments(ctx, "r1"); !errors.Is(err, assessments.ErrState) {
			t.Errorf("comments of an open round: %v", err)
		}
		if err := db.SaveRound(ctx, closed(round), ""); err != nil {
			t.Fatal(err)
		}
		want := assessments.Counts{"q1": {"daily": 2, "never": 1}, "q2": {assessments.DontKnow: 3}}
		got, err := db.Counts(ctx, "r1")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if comments, err := db.Comments(ctx, "r1"); err != nil || len(comments) != 2 {
			t.Errorf("comments %+v, error %v", comments, err)
		}
		stored, err := db.Round(ctx, "r1")
		wanted := closed(round)
		wanted.Respondents = 3
		if diff := cmp.Diff(wanted, stored); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if all, err := db.Rounds(ctx); err != nil || len(all) != 1 || all[0].Respondents != 3 {
			t.Errorf("rounds %+v, error %v", all, err)
		}
	})
}

func TestALinkCountsOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		if err := errors.Join(db.SaveRound(ctx, opened("r1", 8), ""), db.AddTokens(ctx, "r1", []string{"h1", "h2"})); err != nil {
			t.Fatal(err)
		}
		if err := db.Submit(ctx, "h1", assessments.Answers{"q1": "hourly"}); !errors.Is(err, assessments.ErrInvalid) {
			t.Errorf("answers that the round does not know: %v", err)
		}
		var counted, refused atomic.Int64
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				switch err := db.Submit(ctx, "h1", daily); {
				case err == nil:
					counted.Add(1)
				case errors.Is(err, ErrUsed):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if counted.Load() != 1 || refused.Load() != 5 {
			t.Errorf("%d counted, %d refused, want 1 and 5", counted.Load(), refused.Load())
		}
		if r, err := db.RoundByToken(ctx, "h1"); !errors.Is(err, ErrUsed) || r.ID != "r1" || r.Respondents != 1 {
			t.Errorf("round of a used link: %+v, error %v", r, err)
		}
		if r, err := db.RoundByToken(ctx, "h2"); err != nil || r.ID != "r1" {
			t.Errorf("round of an unused link: %+v, error %v", r, err)
		}
		if _, err := db.RoundByToken(ctx, "h3"); !errors.Is(err, ErrNotFound) {
			t.Errorf("round of no link: %v", err)
		}
		if err := db.AddTokens(ctx, "r1", []string{"h1"}); !errors.Is(err, ErrDuplicate) {
			t.Errorf("the same link again: %v", err)
		}
	})
}

func TestATeamLinkTakesNoMoreAnswersThanTheTeamHasPeople(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		round := opened("r1", 6, openLink)
		if err := errors.Join(db.SaveRound(ctx, round, ""), db.AddTokens(ctx, "r1", []string{"team"})); err != nil {
			t.Fatal(err)
		}
		var counted atomic.Int64
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := db.Submit(ctx, "team", daily); err == nil {
					counted.Add(1)
				} else if !errors.Is(err, ErrUsed) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if err := db.SaveRound(ctx, closed(round), ""); err != nil {
			t.Fatal(err)
		}
		counts, err := db.Counts(ctx, "r1")
		if err != nil || counted.Load() != 6 || counts["q1"]["daily"] != 6 {
			t.Errorf("%d counted, stored %v, want 6; error %v", counted.Load(), counts, err)
		}
	})
}

func TestClosingDeletesUnusedLinks(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		round := opened("r1", 5)
		if err := errors.Join(db.SaveRound(ctx, round, ""), db.AddTokens(ctx, "r1", []string{"h1", "h2"}),
			db.Submit(ctx, "h1", daily), db.SaveRound(ctx, closed(round), "")); err != nil {
			t.Fatal(err)
		}
		if err := db.Submit(ctx, "h2", daily); !errors.Is(err, ErrNotFound) {
			t.Errorf("a link that was not used before closing: %v", err)
		}
		if err := db.AddTokens(ctx, "r1", []string{"h3"}); !errors.Is(err, assessments.ErrState) {
			t.Errorf("a new link to a closed round: %v", err)
		}
	})
}

func TestARoundOnlyMovesForwardAndKeepsWhatWasPinned(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		round := opened("r1", 5)
		draft := round
		draft.State, draft.Size = assessments.Draft, 4
		if err := errors.Join(db.SaveRound(ctx, draft, ""), db.SaveRound(ctx, round, "")); err != nil {
			t.Fatal(err)
		}
		for name, r := range map[string]assessments.Round{
			"a draft again":        draft,
			"another size":         opened("r1", 6),
			"another floor":        opened("r1", 5, func(r *assessments.Round) { r.Floor = 6 }),
			"closed with new team": closed(opened("r1", 5, func(r *assessments.Round) { r.Team = "other" })),
		} {
			if err := db.SaveRound(ctx, r, ""); !errors.Is(err, assessments.ErrState) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := db.SaveRound(ctx, closed(round), ""); err != nil {
			t.Error(err)
		}
		if err := db.SaveRound(ctx, round, ""); !errors.Is(err, assessments.ErrState) {
			t.Errorf("open after closed: %v", err)
		}
		if err := db.SaveRound(ctx, assessments.Round{ID: "r2", State: "strange"}, ""); !errors.Is(err, assessments.ErrInvalid) {
			t.Errorf("a state that is none: %v", err)
		}
	})
}

// No table may hold a time, an order or a key that leads from an answer to a link.
func TestNoTableOfAnswersTellsWhenOrInWhichOrder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		for table, want := range map[string]string{
			"answer_counts": "round question option n",
			"invitations":   "hash round uses capacity",
			"comments":      "key round text signed_by",
		} {
			got, err := db.columns(t.Context(), table)
			if err != nil || len(got) != len(strings.Fields(want)) || len(without(strings.Fields(want), got)) > 0 {
				t.Errorf("%s has %v, want %s; error %v", table, got, want, err)
			}
		}
		if err := db.SaveRound(t.Context(), opened("r1", 50), ""); err != nil {
			t.Fatal(err)
		}
		var hashes []string
		for i := range 20 {
			hashes = append(hashes, fmt.Sprint(i))
		}
		if err := db.AddTokens(t.Context(), "r1", hashes); err != nil {
			t.Fatal(err)
		}
		keys := map[string]bool{}
		for _, hash := range hashes {
			if err := db.Submit(t.Context(), hash, daily, Comment{Text: "c"}); err != nil {
				t.Fatal(err)
			}
		}
		var stored []string
		if err := db.read.Model(&commentRow{}).Pluck("key", &stored).Error; err != nil {
			t.Fatal(err)
		}
		for _, key := range stored {
			keys[key] = true
		}
		if len(keys) != 20 {
			t.Errorf("%d keys for 20 comments", len(keys))
		}
	})
}
