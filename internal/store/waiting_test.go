package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestADeploymentThatWaitsIsLookedAtByOneAtATimeUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now := noon
		db, ctx := t.open(func(o *Options) { o.Clock = func() time.Time { return now } }), t.Context()
		asked := Waiting{Protector: "app", ID: "17/103", Body: `{"run":1003}`, ExpiresAt: noon.Add(30 * 24 * time.Hour)}
		if fresh, err := db.AddWaiting(ctx, asked); err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		if fresh, err := db.AddWaiting(ctx, asked); err != nil || fresh {
			t.Errorf("the same again is %v, %v", fresh, err)
		}
		due := mustBeDue(t, db, 1)
		claimed := now.Add(time.Minute)
		if mine, err := db.ClaimWaiting(ctx, due[0], claimed); err != nil || !mine {
			t.Fatal(mine, err)
		}
		if mine, err := db.ClaimWaiting(ctx, due[0], claimed); err != nil || mine {
			t.Errorf("claimed twice: %v, %v", mine, err)
		}
		mustBeDue(t, db, 0)
		done := due[0]
		done.State, done.Said, done.Reports, done.NextAt, done.Verdict = StillWaiting, "on hold", 1, now.Add(2*time.Minute), "hold"
		if err := db.SaveWaiting(ctx, done, claimed); err != nil {
			t.Fatal(err)
		}
		if err := db.SaveWaiting(ctx, done, claimed); !errors.Is(err, ErrMoved) {
			t.Errorf("saved without a claim: %v", err)
		}
		now = now.Add(2 * time.Minute)
		if got := mustBeDue(t, db, 1)[0]; got.Said != "on hold" || got.Reports != 1 || got.Body != asked.Body || !got.ExpiresAt.Equal(asked.ExpiresAt) {
			t.Errorf("kept %+v", got)
		}
	})
}

func TestAnAnsweredDeploymentIsKeptForAWhileAndDueWhenItIsAskedAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		if _, err := db.AddWaiting(ctx, Waiting{Protector: "app", ID: "1"}); err != nil {
			t.Fatal(err)
		}
		w := mustBeDue(t, db, 1)[0]
		until := noon.Add(time.Minute)
		if _, err := db.ClaimWaiting(ctx, w, until); err != nil {
			t.Fatal(err)
		}
		w.State = Answered
		if err := errors.Join(db.SaveWaiting(ctx, w, until), db.ForgetWaiting(ctx, noon)); err != nil {
			t.Fatal(err)
		}
		mustBeDue(t, db, 0)
		if _, err := db.AddWaiting(ctx, Waiting{Protector: "app", ID: "1"}); err != nil {
			t.Fatal(err)
		}
		mustBeDue(t, db, 1)
		if err := db.ForgetWaiting(ctx, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		mustBeDue(t, db, 1) // what waits is not forgotten
	})
}

func TestADeploymentThatIsAskedAboutAgainWaitsAsLongAsANewOne(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		for _, until := range []time.Time{noon.Add(time.Hour), noon.Add(3 * time.Hour), noon.Add(2 * time.Hour)} {
			if _, err := db.AddWaiting(ctx, Waiting{Protector: "app", ID: "1", ExpiresAt: until}); err != nil {
				t.Fatal(err)
			}
		}
		if w := mustBeDue(t, db, 1)[0]; !w.ExpiresAt.Equal(noon.Add(3 * time.Hour)) {
			t.Errorf("it waits until %s", w.ExpiresAt)
		}
	})
}

func TestOfManyWhoClaimOneDeploymentOneHasIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		if _, err := db.AddWaiting(t.Context(), Waiting{Protector: "app", ID: "1"}); err != nil {
			t.Fatal(err)
		}
		w := mustBeDue(t, db, 1)[0]
		var all sync.WaitGroup
		var mine atomic.Int64
		for i := range 8 {
			all.Go(func() {
				got, err := db.ClaimWaiting(t.Context(), w, noon.Add(time.Duration(i+1)*time.Minute))
				if err != nil {
					t.Error(err)
				}
				if got {
					mine.Add(1)
				}
			})
		}
		all.Wait()
		if mine.Load() != 1 {
			t.Errorf("%d have it", mine.Load())
		}
	})
}

func mustBeDue(t bench, db *DB, want int) []Waiting {
	t.Helper()
	due, err := db.DueWaiting(t.Context(), 10)
	if err != nil || len(due) != want {
		t.Fatalf("%d are due, want %d: %v", len(due), want, err)
	}
	return due
}
