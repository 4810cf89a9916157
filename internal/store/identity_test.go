package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics/gate"
)

func TestAJobTokenIsBoundToTheRunThatUsesItFirst(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now := noon
		db, ctx := t.open(func(o *Options) { o.Clock = func() time.Time { return now } }), t.Context()
		first := JobToken{Issuer: "ci", ID: "j1", Project: "42", Run: "8123", Attempt: 1, ExpiresAt: noon.Add(5 * time.Minute)}
		other := first
		other.Run = "8124"
		elsewhere := other
		elsewhere.Issuer = "gitlab"
		for _, c := range []struct {
			sentence   string
			used, kept JobToken
		}{
			{"first use", first, first},
			{"again", first, first},
			{"in another run", other, first},
			{"the same id of another issuer", elsewhere, elsewhere},
		} {
			got, err := db.BindJobToken(ctx, c.used)
			if diff := cmp.Diff(c.kept, got); err != nil || diff != "" {
				t.Error(c.sentence, err, diff)
			}
		}
		now = noon.Add(5*time.Minute + time.Millisecond)
		if _, err := db.BindJobToken(ctx, JobToken{Issuer: "ci", ID: "j2", ExpiresAt: now}); err != nil {
			t.Fatal(err)
		}
		var left int64
		if err := db.read.Model(&jobTokenRow{}).Count(&left).Error; err != nil || left != 1 {
			t.Errorf("%d tokens are kept after their end: %v", left-1, err)
		}
	})
}

func TestOfManyRunsThatUseOneTokenAtOnceOneHasIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		var all sync.WaitGroup
		var mu sync.Mutex
		runs := map[string]int{}
		for i := range 8 {
			all.Go(func() {
				kept, err := db.BindJobToken(t.Context(), JobToken{Issuer: "ci", ID: "j", Run: fmt.Sprint(i), ExpiresAt: noon.Add(time.Hour)})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				runs[kept.Run]++
				mu.Unlock()
			})
		}
		all.Wait()
		if len(runs) != 1 {
			t.Errorf("bound to %v", runs)
		}
	})
}

func TestAReportTokenIsForOneDecisionUntilItsEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now := noon
		db, ctx := t.open(func(o *Options) { o.Clock = func() time.Time { return now } }), t.Context()
		if err := db.LogDecision(ctx, gate.Logged{Decision: gate.Decision{ID: "gd_1", Verdict: gate.Allow}, At: noon}); err != nil {
			t.Fatal(err)
		}
		err := errors.Join(db.AddReportToken(ctx, "h1", "gd_1", noon.Add(24*time.Hour)), db.AddReportToken(ctx, "h2", "gd_1", noon.Add(24*time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		now = noon.Add(24*time.Hour - time.Second)
		for _, hash := range []string{"h1", "h2"} {
			if id, err := db.ReportToken(ctx, hash); err != nil || id != "gd_1" {
				t.Errorf("%s: %q, %v", hash, id, err)
			}
		}
		if _, err := db.ReportToken(ctx, "h3"); !errors.Is(err, ErrNotFound) {
			t.Errorf("an unknown token: %v", err)
		}
		now = noon.Add(24 * time.Hour)
		if _, err := db.ReportToken(ctx, "h1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a token at its end: %v", err)
		}
		if err := db.AddReportToken(ctx, "h4", "gd_none", noon); err == nil {
			t.Error("a token for a decision that is not there")
		}
	})
}
