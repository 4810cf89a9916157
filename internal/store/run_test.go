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
		begin := func(want Begun) {
			t.Helper()
			got, err := db.BeginRun(ctx, "host")
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Fatal(err, diff)
			}
		}
		begin(Begun{StartedAt: noon})
		must(db.NoteStep(ctx, "host", Step{Pages: 1, Events: 100, Progress: Reached{Doing: "deployments", Done: 100, Total: 300, Part: 0, Parts: 2}}))
		must(db.CutRun(ctx, "host", noon.Add(time.Hour), "the host asks for a pause"))
		check(t, db, Source{
			Run: Run{StartedAt: noon, Pages: 1, Events: 100}, Progress: Reached{Doing: "deployments", Done: 100, Total: 300, Parts: 2},
			NextAt: noon.Add(time.Hour), Wait: Wait{noon.Add(time.Hour), "the host asks for a pause"},
		})

		now = noon.Add(time.Minute)
		begin(Begun{StartedAt: noon, Wait: Wait{noon.Add(time.Hour), "the host asks for a pause"}})
		now = noon.Add(time.Hour)
		begin(Begun{StartedAt: noon})
		must(db.NoteWait(ctx, "host", Wait{now.Add(time.Second), "it is busy"}))
		must(db.NoteStep(ctx, "host", Step{Pages: 2, Events: 200, Progress: Reached{Doing: "merge requests", Done: 300, Part: 1, Parts: 2}, Budget: budget}))
		must(db.EndRun(ctx, "host", now.Add(5*time.Minute), nil))
		check(t, db, Source{
			Run: Run{StartedAt: noon, FinishedAt: now, Pages: 3, Events: 300}, Progress: Reached{Doing: "merge requests", Done: 300, Part: 1, Parts: 2},
			Budget: budget, NextAt: now.Add(5 * time.Minute),
		})

		last := now.Add(5 * time.Minute)
		now = noon.Add(2 * time.Hour)
		begin(Begun{StartedAt: now})
		check(t, db, Source{Run: Run{StartedAt: now}, Budget: budget, NextAt: last})
		must(db.EndRun(ctx, "host", time.Time{}, errors.New("no")))
		check(t, db, Source{Run: Run{StartedAt: now, FinishedAt: now}, Budget: budget, NextAt: last, Failures: 1})
		begin(Begun{StartedAt: now, Failures: 1})
		must(db.EndRun(ctx, "host", now, errors.New("no")))
		begin(Begun{StartedAt: now, Failures: 2})
		must(db.EndRun(ctx, "host", now, nil))
		begin(Begun{StartedAt: now})
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
