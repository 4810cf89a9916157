package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

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
		if in, err := db.GateInputs(ctx, "api", always); err != nil || len(in.Facts.Rollouts) != 1 || len(in.Sources) != 0 {
			t.Fatalf("%+v, %v", in, err)
		}
		mustAppend(t, db, deployed("2", "api", "", -2))
		if in, err := db.GateInputs(ctx, "api", always); err != nil || len(in.Facts.Rollouts) != 2 || len(in.Sources) != 0 {
			t.Fatalf("after another event %+v, %v", in, err)
		}
		mustAppend(t, db, deployed("3", "api", "", -1))
		for range cap(db.fresher.turns) { // others derive
			db.fresher.turns <- struct{}{}
		}
		in, err := db.GateInputs(ctx, "api", always)
		if err != nil || len(in.Facts.Rollouts) != 2 || len(in.Sources) != 1 || in.Sources[0] != (gate.Watermark{Name: factsSource, Watermark: noon}) {
			t.Errorf("in a storm %+v, %v", in, err)
		}
		<-db.fresher.turns
		if in, err := db.GateInputs(ctx, "api", always); err != nil || len(in.Facts.Rollouts) != 3 || len(in.Sources) != 0 {
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
		if err := errors.Join(db.AddOverride(ctx, o), db.Report(ctx, "allow", "skipped", "ci", nil), db.Beat(ctx, "github", noon)); err != nil {
			t.Fatal(err)
		}
		in, err := db.GateInputs(ctx, "api", always)
		if err != nil || len(in.Granted) != 1 || len(in.Promotions) != 2 || len(in.Overrides) != 1 || len(in.Sources) != 1 {
			t.Fatalf("%+v, %v", in, err)
		}
		promotions, err := db.Promotions(ctx, "api", time.Time{})
		if p := in.Promotions[1]; err != nil || p.Decision != "allow" || !p.Reported || p.Digest != "sha256:1" || p.At != noon || p != promotions[1] {
			t.Errorf("%+v of %+v, %v", p, promotions, err)
		}
		if in, err := db.GateInputs(ctx, "never seen", always); err != nil || in.Service.Name != "never seen" || len(in.Facts.Rollouts) != 0 || len(in.Sources) != 1 {
			t.Errorf("of a service that nobody has seen %+v, %v", in, err)
		}
	})
}

func TestChangesThatShareACommitStandOrFallAlone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, refused := t.open(), errors.New("refused")
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				err := db.changeTogether(t.Context(), func(tx *gorm.DB) error {
					if err := tx.Create(&documentRow{Digest: fmt.Sprint(i), Body: []byte{}}).Error; err != nil {
						return err
					}
					if i%3 == 0 {
						return refused
					}
					return nil
				})
				if got := errors.Is(err, refused); got != (i%3 == 0) || err != nil && !got {
					t.Errorf("change %d ends with %v", i, err)
				}
			})
		}
		all.Wait()
		var kept int64
		if err := db.read.Model(&documentRow{}).Count(&kept).Error; err != nil || kept != 133 {
			t.Errorf("%d of 133 changes are kept, %v", kept, err)
		}
	})
}
