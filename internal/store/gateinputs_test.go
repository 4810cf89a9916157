package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// always is how far back promotions matter in these tests.
func always(metrics.Service) time.Time { return time.Time{} }

func TestADecisionGoesByUpToDateFactsWhereThereIsTimeToDeriveThem(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		mustAppend(t, db, deployed("1", "api", "", -3))
		if in, err := db.GateInputs(ctx, "api", always, nil); err != nil || len(in.Facts.Rollouts) != 1 || len(in.Sources) != 0 {
			t.Fatalf("%+v, %v", in, err)
		}
		mustAppend(t, db, deployed("2", "api", "", -2))
		if in, err := db.GateInputs(ctx, "api", always, nil); err != nil || len(in.Facts.Rollouts) != 2 || len(in.Sources) != 0 {
			t.Fatalf("after another event %+v, %v", in, err)
		}
		mustAppend(t, db, deployed("3", "api", "", -1))
		for range cap(db.fresher.turns) { // others derive
			db.fresher.turns <- struct{}{}
		}
		in, err := db.GateInputs(ctx, "api", always, nil)
		if err != nil || len(in.Facts.Rollouts) != 2 || len(in.Sources) != 1 || in.Sources[0] != (gate.Watermark{Name: factsSource, Watermark: noon}) {
			t.Errorf("in a storm %+v, %v", in, err)
		}
		<-db.fresher.turns
		if in, err := db.GateInputs(ctx, "api", always, nil); err != nil || len(in.Facts.Rollouts) != 3 || len(in.Sources) != 0 {
			t.Errorf("after it %+v, %v", in, err)
		}
	})
}

func TestADecisionSeesAllThatConcernsItsService(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(reading("github")), t.Context()
		mustAppend(t, db, deployed("1", "api", "", -1))
		probe, allow, other := decided("probe", "api"), decided("allow", "api"), decided("other", "web")
		probe.Probe, probe.Verdict, allow.Verdict, other.Verdict = true, gate.Warn, gate.Allow, gate.Allow
		for _, l := range []gate.Logged{probe, allow, other} {
			if err := db.LogDecision(ctx, l); err != nil {
				t.Fatal(err)
			}
		}
		o := gate.Override{ID: "ov_1", Service: "api", Environment: "production", ExpiresAt: noon.Add(time.Hour)}
		if err := errors.Join(db.AddOverride(ctx, o, 9), db.Report(ctx, "allow", "skipped", "ci", nil), db.Beat(ctx, "github", noon)); err != nil {
			t.Fatal(err)
		}
		in, err := db.GateInputs(ctx, "api", always, nil)
		if err != nil || len(in.Granted) != 1 || len(in.Promotions) != 2 || len(in.Overrides) != 1 || len(in.Sources) != 1 {
			t.Fatalf("%+v, %v", in, err)
		}
		promotions, err := db.Promotions(ctx, "api", time.Time{})
		if p := in.Promotions[1]; err != nil || p.Decision != "allow" || !p.Reported || p.Digest != "sha256:1" || p.At != noon || p != promotions[1] {
			t.Errorf("%+v of %+v, %v", p, promotions, err)
		}
		if in, err := db.GateInputs(ctx, "never seen", always, nil); err != nil || in.Service.Name != "never seen" || len(in.Facts.Rollouts) != 0 || len(in.Sources) != 1 {
			t.Errorf("of a service that nobody has seen %+v, %v", in, err)
		}
	})
}

func TestWhatIsDoneTogetherIsDoneForEachOnce(t *testing.T) {
	t.Parallel()
	var runs, most atomic.Int64
	shared := together[int]{lanes: 2, most: 20}
	shared.run = func(_ context.Context, all []*int) error {
		runs.Add(1)
		most.Store(max(most.Load(), int64(len(all))))
		for _, one := range all {
			*one++
		}
		return nil
	}
	var callers sync.WaitGroup
	for range 1000 {
		callers.Go(func() {
			mine := 0
			if err := shared.do(t.Context(), &mine); err != nil || mine != 1 {
				t.Errorf("done %d times, %v", mine, err)
			}
		})
	}
	callers.Wait()
	if most.Load() > 20 || runs.Load() == 0 {
		t.Errorf("%d runs, the largest of %d", runs.Load(), most.Load())
	}
}

func TestWhoLeavesIsNotWaitedForAndARunThatNobodyWaitsForIsBrokenOff(t *testing.T) {
	t.Parallel()
	began, broken := make(chan struct{}), make(chan struct{})
	shared := together[int]{lanes: 1}
	shared.run = func(ctx context.Context, _ []*int) error {
		close(began)
		<-ctx.Done()
		close(broken)
		return ctx.Err()
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { left <- shared.do(ctx, new(int)) }()
	<-began
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	<-broken
}

func TestAPanicInASharedRunIsAnErrorForAllAndEndsNothing(t *testing.T) {
	t.Parallel()
	shared := together[int]{lanes: 1}
	shared.run = func(context.Context, []*int) error { panic("trouble") }
	for range 2 {
		if err := shared.do(t.Context(), new(int)); err == nil || !strings.Contains(err.Error(), "trouble") {
			t.Error(err)
		}
	}
}

func TestADecisionThatTheDatabaseCannotTakeIsNotInTheWayOfOthers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		var all []*logging
		for i := range 5 {
			one, err := loggingOf(decided(fmt.Sprint(i), "api"), "")
			must(t, err)
			all = append(all, one)
		}
		all[2].row.Snapshot = "no such document"
		must(t, db.logAll(t.Context(), all))
		for i, one := range all {
			if (one.err != nil) != (i == 2) {
				t.Errorf("decision %d: %v", i, one.err)
			}
		}
		list, _, err := db.Decisions(t.Context(), "api", "", 10)
		if err != nil || len(list) != 4 {
			t.Errorf("%d decisions are logged, %v", len(list), err)
		}
	})
}

func TestDecisionsLoggedBeforeTheRecordWasADocumentOfItsOwnComeBackWhole(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, want := t.open(), decided("old", "api")
		want.Snapshot.Live, want.Snapshot.Recent = &gate.Deployed{ID: "ci/1", FinishedAt: noon}, []gate.Trial{{ID: "ci/1", Outcome: gate.Good, At: noon, KnownAt: noon}}
		snapshot, err := gate.Canonical(want.Snapshot)
		must(t, err)
		document := documentOf(snapshot)
		one, err := loggingOf(want, "")
		must(t, err)
		l := want
		l.PolicyDoc, l.Snapshot = nil, gate.Snapshot{Now: noon}
		body, err := json.Marshal(l)
		must(t, err)
		one.documents[0], one.row.Snapshot, one.row.Body = document, document.Digest, body
		must(t, db.logAll(t.Context(), []*logging{one}))
		got, err := db.Decision(t.Context(), "old")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

func TestManyAskAtOnceAndEachHearsOfItsOwnService(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		for i := range 20 {
			name := fmt.Sprint("s", i)
			mustAppend(t, db, deployed(name, name, "", -1))
			for n := range i {
				l := decided(fmt.Sprint(name, "-", n), name)
				l.Verdict = gate.Allow
				must(t, db.LogDecision(ctx, l))
			}
		}
		db.passed = passedCache{} // as another server that has logged none of them
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				name, want := fmt.Sprint("s", i%25), i%25
				in, err := db.GateInputs(ctx, name, always, nil)
				known := want < 20
				if !known {
					want = 0
				}
				if err != nil || in.Service.Name != name || len(in.Promotions) != want || (len(in.Facts.Rollouts) == 1) != known {
					t.Errorf("%s: %+v, %v", name, in, err)
				}
				for _, p := range in.Promotions {
					if !strings.HasPrefix(p.Decision, name+"-") {
						t.Errorf("%s hears of %s", name, p.Decision)
					}
				}
			})
		}
		all.Wait()
	})
}
