package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// held is a deployment of the service shop that was looked at just now and is on hold until an hour later.
func held(t bench, db *DB, id string) {
	t.Helper()
	ctx := t.Context()
	if _, err := db.AddWaiting(ctx, Waiting{Protector: "app", ID: id, ExpiresAt: noon.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	w := mustBeDue(t, db, 1)[0]
	if mine, err := db.ClaimWaiting(ctx, w, noon.Add(time.Minute)); err != nil || !mine {
		t.Fatal(mine, err)
	}
	var err error
	if w.Heard, err = db.Heard(ctx, "shop"); err != nil {
		t.Fatal(err)
	}
	w.State, w.Verdict, w.Service, w.NextAt, w.WakeAt = StillWaiting, "hold", "shop", noon.Add(time.Hour), noon
	if err := db.SaveWaiting(ctx, w, noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
}

func mustBeHeard(t bench, db *DB, want int) []Waiting {
	t.Helper()
	heard, err := db.HeardWaiting(t.Context(), 10)
	if err != nil || len(heard) != want {
		t.Fatalf("there is news for %d, want %d: %v", len(heard), want, err)
	}
	return heard
}

func TestNewsOfAServiceIsWhateverItsGateMayGoBy(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		of := func(source string, e metrics.Event) metrics.Event { e.Source = source; return e }
		mustAppend(t, db, of("ci", deployed("1", "shop", "", -3)), of("far", deployed("2", "other", "", -3)))
		allow := decided("allow", "shop")
		allow.Verdict = gate.Allow
		must(t, errors.Join(db.Refresh(ctx), db.LogDecision(ctx, allow)))
		held(t, db, "1")
		mustBeHeard(t, db, 0)
		for _, c := range []struct {
			sentence string
			happens  func() error
			news     bool
		}{
			{"nothing", func() error { return nil }, false},
			{"an event of another service", func() error { mustAppend(t, db, of("far", deployed("3", "other", "", -2))); return nil }, false},
			{"an event that was known", func() error { mustAppend(t, db, of("ci", deployed("1", "shop", "", -3))); return nil }, false},
			{"facts that were derived", func() error { return db.Refresh(ctx) }, false},
			{"an event of the service", func() error { mustAppend(t, db, of("ci", deployed("4", "shop", "", -1))); return nil }, true},
			{"its facts, derived", func() error { return db.Refresh(ctx) }, false},
			{"a source that tells of others alone has come further", func() error { return db.Beat(ctx, "far", noon) }, false},
			{"a source that may be any service's has come further", func() error { return db.Beat(ctx, "new", noon) }, true},
			{"a source of the service has come further", func() error { return db.Beat(ctx, "ci", noon.Add(time.Second)) }, true},
			{"it has not come further", func() error { return db.Beat(ctx, "ci", noon) }, false},
			{"signals of another service", func() error {
				return db.SaveMonitored(ctx, map[string][]gate.Monitored{"other": {{Source: "p", Environment: "production"}}})
			}, false},
			{"signals", func() error {
				return db.SaveMonitored(ctx, map[string][]gate.Monitored{"shop": {{Source: "p", Environment: "production"}}})
			}, true},
			{"an override", func() error {
				return db.AddOverride(ctx, gate.Override{ID: "ov_1", Service: "shop", Uses: 1, ExpiresAt: noon.Add(time.Hour)}, 9)
			}, true},
			{"a promotion of which nothing went out", func() error { return db.Report(ctx, "allow", "skipped", "ci", nil) }, true},
		} {
			before, err := db.Heard(ctx, "shop")
			must(t, err)
			must(t, c.happens())
			after, err := db.Heard(ctx, "shop")
			if must(t, err); (before != after) != c.news {
				t.Errorf("%s: %q became %q", c.sentence, before, after)
			}
		}
		mustBeHeard(t, db, 1)
	})
}

func TestAHoldIsWokenByNewsOnceAndNotBeforeItMayBe(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now := noon
		db, ctx := t.open(func(o *Options) { o.Clock = func() time.Time { return now } }), t.Context()
		held(t, db, "1")
		mustAppend(t, db, deployed("1", "shop", "", -1))
		w := mustBeHeard(t, db, 1)[0]
		stale := w
		claimed := now.Add(time.Minute)
		if mine, err := db.ClaimWaiting(ctx, w, claimed); err != nil || !mine {
			t.Fatal(mine, err)
		}
		mustBeHeard(t, db, 0) // somebody looks at it
		w.WakeAt = now.Add(10 * time.Second)
		must(t, db.SaveWaiting(ctx, w, claimed)) // with what was known before the event
		mustBeHeard(t, db, 0)
		if mine, err := db.ClaimWaiting(ctx, stale, claimed); err != nil || mine {
			t.Errorf("one who saw it before the last look has it: %v, %v", mine, err)
		}
		now = now.Add(10 * time.Second)
		w = mustBeHeard(t, db, 1)[0]
		claimed = now.Add(time.Minute)
		if mine, err := db.ClaimWaiting(ctx, w, claimed); err != nil || !mine {
			t.Fatal(mine, err)
		}
		var err error
		w.Heard, err = db.Heard(ctx, "shop")
		must(t, errors.Join(err, db.SaveWaiting(ctx, w, claimed)))
		mustBeHeard(t, db, 0)
		mustBeDue(t, db, 0)
	})
}

// lookedAt claims the deployment that is due and saves what a look at noon made of it.
func lookedAt(t bench, db *DB, id string, became func(w *Waiting)) {
	t.Helper()
	if _, err := db.AddWaiting(t.Context(), Waiting{Protector: "app", ID: id, ExpiresAt: noon.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	w, claimed := mustBeDue(t, db, 1)[0], noon.Add(time.Minute)
	if mine, err := db.ClaimWaiting(t.Context(), w, claimed); err != nil || !mine {
		t.Fatal(mine, err)
	}
	w.NextAt, w.WakeAt = noon.Add(5*time.Minute), noon.Add(10*time.Second)
	became(&w)
	must(t, db.SaveWaiting(t.Context(), w, claimed))
}

func TestAChangedConfigurationWakesWhatIsOnHoldAndWhatNothingCouldBeAskedAbout(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now := noon
		db, ctx := t.open(func(o *Options) { o.Clock = func() time.Time { return now } }), t.Context()
		held(t, db, "on hold")
		lookedAt(t, db, "mapped to nothing", func(*Waiting) {})
		lookedAt(t, db, "its host asked for a pause", func(w *Waiting) { w.WakeAt = w.NextAt })
		lookedAt(t, db, "answered", func(w *Waiting) { w.State, w.Verdict = Answered, "hold" })
		lookedAt(t, db, "a check that is told a stop", func(w *Waiting) { w.Verdict, w.Service = "block", "shop" })
		lookedAt(t, db, "asked again", func(*Waiting) {})
		if _, err := db.AddWaiting(ctx, Waiting{Protector: "app", ID: "asked again"}); err != nil {
			t.Fatal(err)
		}
		now = noon.Add(9 * time.Second)
		must(t, db.WakeWaiting(ctx))
		if w := mustBeHeard(t, db, 1)[0]; w.ID != "on hold" {
			t.Errorf("woken: %+v", w)
		}
		if w := mustBeDue(t, db, 1)[0]; w.ID != "asked again" { // the other was looked at nine seconds ago
			t.Errorf("due: %+v", w)
		}
		now = noon.Add(10 * time.Second)
		if w := mustBeDue(t, db, 2)[1]; w.ID != "mapped to nothing" {
			t.Errorf("due: %+v", w)
		}
	})
}

func TestAChangedConfigurationTakesNoClaimFromWhoeverIsLooking(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		if _, err := db.AddWaiting(ctx, Waiting{Protector: "app", ID: "1", ExpiresAt: noon.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		w, claimed := mustBeDue(t, db, 1)[0], noon.Add(time.Minute)
		if mine, err := db.ClaimWaiting(ctx, w, claimed); err != nil || !mine {
			t.Fatal(mine, err)
		}
		must(t, db.WakeWaiting(ctx))
		mustBeDue(t, db, 0)
		must(t, db.SaveWaiting(ctx, w, claimed))
	})
}

func TestHoldsThatThereMayBeNewsForAreFoundByAnIndex(t *testing.T) {
	t.Parallel()
	b := newSQLite(t)
	var plan []struct{ Detail string }
	must(b, b.open().read.Raw("EXPLAIN QUERY PLAN "+heardWaiting, 0, 10).Scan(&plan).Error)
	if len(plan) == 0 || !strings.Contains(plan[0].Detail, "gate_waiting_held (wake_at<?)") {
		t.Errorf("%+v", plan)
	}
	for _, step := range plan {
		if strings.HasPrefix(step.Detail, "SCAN") && !strings.Contains(step.Detail, "SCAN f") { // there are few sources
			t.Errorf("it reads all of something: %s", step.Detail)
		}
	}
}
