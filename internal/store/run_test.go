package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestARunIsOneHoweverOftenItIsCut(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now := noon
		db, ctx := t.open(func(o *Options) { o.Clock = func() time.Time { return now } }), t.Context()
		budget := Budget{Left: 4000, Limit: 5000, ResetAt: noon.Add(time.Hour)}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		begin := func(want int) {
			t.Helper()
			if failures, err := db.BeginRun(ctx, "host"); err != nil || failures != want {
				t.Fatalf("%d failures before it, want %d; error %v", failures, want, err)
			}
		}
		begin(0)
		must(db.NoteStep(ctx, "host", Step{Pages: 1, Events: 100, Progress: Reached{Doing: "deployments", Done: 100, Total: 300, Part: 0, Parts: 2}}))
		must(db.CutRun(ctx, "host", noon.Add(time.Hour), "the host asks for a pause"))
		check(t, db, Source{
			Run: Run{StartedAt: noon, Pages: 1, Events: 100}, Progress: Reached{Doing: "deployments", Done: 100, Total: 300, Parts: 2},
			NextAt: noon.Add(time.Hour), Wait: Wait{noon.Add(time.Hour), "the host asks for a pause"},
		})

		now = noon.Add(time.Hour)
		begin(0)
		must(db.NoteWait(ctx, "host", Wait{now.Add(time.Second), "it is busy"}))
		must(db.NoteStep(ctx, "host", Step{Pages: 2, Events: 200, Progress: Reached{Doing: "merge requests", Done: 300, Part: 1, Parts: 2}, Budget: budget}))
		must(db.EndRun(ctx, "host", now.Add(5*time.Minute), nil))
		check(t, db, Source{
			Run: Run{StartedAt: noon, FinishedAt: now, Pages: 3, Events: 300}, Progress: Reached{Doing: "merge requests", Done: 300, Part: 1, Parts: 2},
			Budget: budget, NextAt: now.Add(5 * time.Minute),
		})

		now = noon.Add(2 * time.Hour)
		begin(0)
		check(t, db, Source{Run: Run{StartedAt: now}, Budget: budget})
		must(db.EndRun(ctx, "host", now, errors.New("no")))
		begin(1)
		must(db.EndRun(ctx, "host", now, errors.New("no")))
		begin(2)
		must(db.EndRun(ctx, "host", now, nil))
		begin(0)
	})
}

func check(t bench, db *DB, want Source) {
	t.Helper()
	got, err := db.Sources(t.Context())
	want.Name = "host"
	if diff := cmp.Diff([]Source{want}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
