package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics/gate"
)

// decided is a decision as the gate's caller logs it.
func decided(id, service string) gate.Logged {
	again := noon.Add(time.Hour)
	return gate.Logged{
		Decision: gate.Decision{
			ID: id, Verdict: gate.Hold, WouldBe: gate.Hold, Mode: gate.Enforce, Summary: "Waits for fresh data.",
			Reasons: []gate.Reason{{
				Criterion: "data-fresh", Mode: gate.Enforce, Result: gate.Unknown, Says: "data is 7 h old",
				Observed: map[string]int64{"age_s": 25200}, Promise: &gate.Promise{WrongStopEveryYears: gate.Fraction{Num: 5, Den: 2}, AtRate: gate.Fraction{Num: 1, Den: 12}},
			}},
			ValidUntil: noon, AskAgainAfter: &again,
		},
		Request:   gate.Request{Service: service, Environment: "production", Artifact: gate.Artifact{Digest: "sha256:1"}, Commit: "abc"},
		Snapshot:  gate.Snapshot{Now: noon, Service: service, Known: true, BatchCommits: -1, Meter: gate.MeterState{Value: 7, Line: 16}},
		PolicyDoc: []byte(`{"name":"standard"}`), Caller: "ci", At: noon,
	}
}

func TestADecisionComesBackWithAllThatReplayNeeds(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		want := decided("gd_1", "api")
		if err := db.LogDecision(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, err := db.Decision(t.Context(), "gd_1")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
		before, _ := gate.Canonical(want.Snapshot)
		after, err := gate.Canonical(got.Snapshot)
		if err != nil || string(before) != string(after) {
			t.Errorf("snapshot\n%s became\n%s", before, after)
		}
		if _, err := db.Decision(t.Context(), "gd_2"); !errors.Is(err, ErrNotFound) {
			t.Errorf("an unknown decision: %v", err)
		}
	})
}

func TestDecisionsShareTheirSnapshotsAndPolicies(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		for i := range 5 {
			if err := db.LogDecision(t.Context(), decided(fmt.Sprint(i), "api")); err != nil {
				t.Fatal(err)
			}
		}
		var documents int64
		if err := db.read.Model(&documentRow{}).Count(&documents).Error; err != nil || documents != 2 {
			t.Errorf("%d documents, want one snapshot and one policy; error %v", documents, err)
		}
	})
}

func TestOneKeyOfOneCallerGetsOneDecision(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		stores := []*DB{t.open(), t.open()}
		var logged, refused atomic.Int64
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				l := decided(fmt.Sprint(i), "api")
				l.Key = "run 1"
				switch err := stores[i%2].LogDecision(t.Context(), l); {
				case err == nil:
					logged.Add(1)
				case errors.Is(err, ErrDuplicate):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if logged.Load() != 1 || refused.Load() != 7 {
			t.Errorf("%d logged, %d refused, want 1 and 7", logged.Load(), refused.Load())
		}
		other := decided("other", "api")
		other.Caller, other.Key = "another caller", "run 1"
		if err := stores[0].LogDecision(t.Context(), other); err != nil {
			t.Errorf("the same key of another caller: %v", err)
		}
	})
}

func TestAHoldThatWasAskedAgainHasOneSuccessor(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		hold, next, rival := decided("hold", "api"), decided("next", "api"), decided("rival", "api")
		hold.Key, next.Key, rival.Key = "run 1", "run 1", "run 1"
		if err := errors.Join(db.LogDecision(ctx, hold), db.LogSuccessor(ctx, next, "hold")); err != nil {
			t.Fatal(err)
		}
		if err := db.LogSuccessor(ctx, rival, "hold"); !errors.Is(err, ErrDuplicate) {
			t.Errorf("a second successor: %v", err)
		}
		if got, err := db.DecisionByKey(ctx, "ci", "run 1"); err != nil || got.ID != "next" {
			t.Errorf("under the key stands %q, want the successor; error %v", got.ID, err)
		}
		if _, err := db.DecisionByKey(ctx, "ci", ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("no key: %v", err)
		}
	})
}

func TestTheLogIsReadInPagesNewestFirst(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		for i := range 7 {
			if err := db.LogDecision(t.Context(), decided(fmt.Sprint(i), []string{"api", "web"}[i%2])); err != nil {
				t.Fatal(err)
			}
		}
		read := func(service string) (ids string) {
			for cursor, more := "", true; more; more = cursor != "" {
				page, next, err := db.Decisions(t.Context(), service, cursor, 2)
				if err != nil || len(page) > 2 {
					t.Fatal(err, len(page))
				}
				for _, l := range page {
					ids += l.ID
				}
				cursor = next
			}
			return ids
		}
		if got := read(""); got != "6543210" {
			t.Errorf("all: %s", got)
		}
		if got := read("api"); got != "6420" {
			t.Errorf("api: %s", got)
		}
		if _, _, err := db.Decisions(t.Context(), "", "x", 2); err == nil {
			t.Error("a cursor that is none was taken")
		}
	})
}

func TestAProbeIsGrantedOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		stores := []*DB{t.open(), t.open()}
		mustAppend(t, stores[0], deployed("1", "api", "", -1)) // a service that is known, as one with a blocked meter is
		var granted, moved atomic.Int64
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				l := decided(fmt.Sprint(i), "api")
				l.Probe = true
				switch err := stores[i%2].LogDecision(t.Context(), l); {
				case err == nil:
					granted.Add(1)
				case errors.Is(err, ErrMoved):
					moved.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if granted.Load() != 1 || moved.Load() != 5 {
			t.Errorf("%d granted, %d told to decide again, want 1 and 5", granted.Load(), moved.Load())
		}
		grants, err := stores[0].ProbeGrants(t.Context(), "api", noon)
		if err != nil || len(grants) != 1 || grants[0].At != noon || grants[0].Revision != "abc" {
			t.Errorf("grants %+v, error %v", grants, err)
		}
		if later, err := stores[0].ProbeGrants(t.Context(), "api", noon.Add(time.Nanosecond)); err != nil || len(later) != 0 {
			t.Errorf("grants after it %+v, error %v", later, err)
		}
	})
}

func TestAnOverrideThatIsWithdrawnWhileAPromotionIsJudgedIsNotUsed(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		mustAppend(t, db, deployed("1", "api", "", -1))
		must(t, db.AddOverride(ctx, gate.Override{ID: "ov_1", Service: "api", Environment: "production", Uses: 2, ExpiresAt: noon.Add(time.Hour)}, 2))
		by := func(id string, used int) gate.Logged {
			l := decided(id, "api")
			l.Verdict, l.Override, l.Snapshot.Override = gate.Warn, "ov_1", &gate.Waiver{ID: "ov_1", Used: used}
			return l
		}
		must(t, db.LogDecision(ctx, by("1", 0)))
		_, err := db.WithdrawOverride(ctx, "ov_1", "ada")
		must(t, err)
		if err := db.LogDecision(ctx, by("2", 1)); !errors.Is(err, ErrMoved) {
			t.Errorf("used after it was withdrawn: %v", err)
		}
	})
}

func TestALoggedDecisionNeverChanges(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		if err := db.LogDecision(t.Context(), decided("1", "api")); err != nil {
			t.Fatal(err)
		}
		if err := db.write.Exec("UPDATE decisions SET verdict = 'allow'").Error; err == nil {
			t.Error("the database let a decision be changed")
		}
	})
}

func TestFixesOfAServiceAreListedApartFromEverythingElse(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		for i, c := range []struct {
			service, asked, kind string
			verdict              gate.Result
			age                  time.Duration
		}{
			{"api", gate.KindFix, gate.KindFix, gate.Allow, time.Hour},
			{"api", gate.KindFix, gate.KindFix, gate.Allow, time.Minute},
			{"api", gate.KindFix, gate.KindFix, gate.Allow, 25 * time.Hour},
			{"api", gate.KindFix, gate.KindNormal, gate.Allow, time.Hour},
			{"api", gate.KindFix, gate.KindNormal, gate.Block, time.Hour},
			{"api", gate.KindNormal, gate.KindNormal, gate.Warn, time.Hour},
			{"web", gate.KindFix, gate.KindFix, gate.Allow, time.Hour},
		} {
			l := decided(fmt.Sprint("gd_", i), c.service)
			l.Request.Change.Kind, l.Kind, l.Verdict, l.At = c.asked, c.kind, c.verdict, noon.Add(-c.age)
			if err := db.LogDecision(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		list, err := db.Fixes(t.Context(), "api", noon.Add(-24*time.Hour))
		for _, l := range list {
			got = append(got, l.ID)
		}
		if want := []string{"gd_1", "gd_0"}; err != nil || !cmp.Equal(got, want) {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	})
}
