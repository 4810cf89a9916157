package store

import (
	"runtime"
	"testing"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics/gate"
)

func TestADecisionWithoutATurnGoesByWhatAnotherOneDerived(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now := noon
		db, other, ctx := t.open(func(o *Options) { o.Clock = func() time.Time { return now } }), t.open(), t.Context()
		mustAppend(t, db, deployed("1", "api", "", -3))
		if _, err := db.GateInputs(ctx, "api", always, nil); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, other, deployed("2", "api", "", -2))
		now = noon.Add(time.Minute)
		crowd(t, &db.bulkhead)
		if in, err := db.GateInputs(ctx, "api", always, nil); err != nil || len(in.Facts.Rollouts) != 2 {
			t.Fatalf("%+v, %v", in, err)
		}
		for range cap(db.fresher.turns) { // others derive
			db.fresher.turns <- struct{}{}
		}
		asked := func(rollouts int, sources ...gate.Watermark) {
			t.Helper()
			in, err := db.GateInputs(ctx, "api", always, nil)
			if err != nil || len(in.Facts.Rollouts) != rollouts || len(in.Sources) != len(sources) || len(sources) > 0 && in.Sources[0] != sources[0] {
				t.Errorf("%d rollouts, %+v, %v; want %d, %+v", len(in.Facts.Rollouts), in.Sources, err, rollouts, sources)
			}
		}
		asked(2)
		mustAppend(t, other, deployed("3", "api", "", -1))
		asked(2, gate.Watermark{Name: factsSource, Watermark: now})
		db.unsaved.end() // they could not be stored: what is stored is as old as it was
		asked(1, gate.Watermark{Name: factsSource, Watermark: noon})
	})
}

func TestWhatWasDerivedInPassingIsStoredBehindWhatADecisionWaitsFor(t *testing.T) {
	t.Parallel()
	db := newSQLite(t).open()
	mustAppend(t, db, deployed("1", "api", "", -3))
	crowd(t, &db.bulkhead)
	must(t, db.door.enter(t.Context()))
	if _, err := db.GateInputs(t.Context(), "api", always, nil); err != nil {
		t.Fatal(err)
	}
	for range places() {
		db.bulkhead.leave()
	}
	urgent, patient := 0, 0
	for urgent+patient == 0 {
		runtime.Gosched()
		db.door.mu.Lock()
		urgent, patient = len(db.door.urgent), len(db.door.patient)
		db.door.mu.Unlock()
	}
	if patient != 1 {
		t.Error("it stands among those that decisions wait for")
	}
	db.door.leave()
	db.unsaved.stores.Wait()
	if n, err := db.Underived(t.Context()); n != 0 || err != nil {
		t.Errorf("%d services wait to be stored, %v", n, err)
	}
}

func TestAServiceWithARecordKeepsItsMeterThoughTheRecordIsNotStoredYet(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		t.upTo(33, func(tx *gorm.DB) error {
			if err := tx.Exec("INSERT INTO documents (digest, body) VALUES ('d', '')").Error; err != nil {
				return err
			}
			return tx.Exec(`INSERT INTO decisions (id, caller, key, previous, service, environment, verdict, probe, at, snapshot, policy, body)
				VALUES ('gd_1', '', '', '', 'checkout', 'production', 'allow', ?, 0, 'd', 'd', '')`, false).Error
		})
		db := t.open(sharing)
		refreshed(t, db, deployed("1", "checkout", "acme/payments", -90*days))
		mustAppend(t, db, deployed("2", "payments-api", "acme/payments", -1))
		crowd(t, &db.bulkhead)
		in, err := db.GateInputs(t.Context(), "payments-api", always, nil)
		if err != nil || len(in.Facts.Rollouts) != 1 || in.Older != nil {
			t.Errorf("its first deployment is from before, and it knows of %+v, %v", in.Older, err)
		}
		if n, err := db.Underived(t.Context()); n == 0 || err != nil {
			t.Errorf("the facts were waited for, and the test shows nothing: %d, %v", n, err)
		}
	})
}
