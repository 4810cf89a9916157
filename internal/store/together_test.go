package store

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"gorm.io/gorm"

	"shiphabit/metrics/gate"
)

// waitingFor waits until so many parts have gathered behind a run that is under way.
func waitingFor[T any](t *together[T], parts int) {
	for {
		t.mu.Lock()
		n := len(t.waiting)
		t.mu.Unlock()
		if n == parts {
			return
		}
		runtime.Gosched()
	}
}

func TestAPanicOverOnePartHarmsNoOther(t *testing.T) {
	t.Parallel()
	const first, bad = -1, 13
	began, goOn := make(chan struct{}), make(chan struct{})
	shared := together[int]{lanes: 1, most: 10}
	shared.run = func(_ context.Context, all []*int) error {
		for _, one := range all {
			switch *one {
			case first:
				close(began)
				<-goOn
			case bad:
				panic("trouble")
			}
			*one = 100
		}
		return nil
	}
	results := make(chan error, 3)
	parts := []int{1, bad, 2}
	go func() { _ = shared.do(t.Context(), new(int(first))) }()
	<-began
	for i := range parts {
		go func() {
			err := shared.do(t.Context(), &parts[i])
			if harmed := err != nil; harmed != (parts[i] == bad) || !harmed && parts[i] != 100 {
				t.Errorf("part %d: %v", parts[i], err)
			}
			results <- err
		}()
	}
	waitingFor(&shared, len(parts))
	close(goOn)
	for range parts {
		<-results
	}
}

func TestWhoLeftSharesNothingWithARunThatGoesOn(t *testing.T) {
	t.Parallel()
	db := newSQLite(t).open()
	ctx, leave := context.WithCancel(t.Context())
	var theirs *look
	db.looks.run = func(ctx context.Context, all []*look) error {
		theirs = all[0]
		leave()
		<-ctx.Done()
		return ctx.Err()
	}
	ours, err := db.gateLook(ctx, "api", always)
	if !errors.Is(err, context.Canceled) || ours == theirs {
		t.Errorf("%v; what the run still writes to was returned: %t", err, ours == theirs)
	}
}

func TestDecisionsAreNotTriedOneByOneWhileTheLogIsLocked(t *testing.T) {
	t.Parallel()
	db := bench{TB: t, dsn: newPostgres(t), kind: postgresDialect}.open()
	var all []*logging
	for _, id := range []string{"a", "b", "c"} {
		one, err := loggingOf(decided(id, "api"), "")
		must(t, err)
		all = append(all, one)
	}
	err := db.write.Transaction(func(tx *gorm.DB) error {
		must(t, tx.Exec("LOCK TABLE decisions").Error)
		return db.logAll(t.Context(), all)
	})
	if !errors.Is(err, ErrOutage) {
		t.Errorf("%v; each was waited for", err)
	}
}

func TestADatabaseThatWasPutBackToAnEarlierStateTakesDecisions(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		for _, id := range []string{"plain", "probe"} {
			l := decided(id, "api")
			l.Probe, l.PolicyDoc = id == "probe", []byte(id)
			lost, err := loggingOf(l, "")
			must(t, err)
			db.kept.add([]*logging{lost}) // its documents were stored, and then the database lost them
			must(t, db.LogDecision(ctx, l))
			if got, err := db.Decision(ctx, id); err != nil || string(got.PolicyDoc) != id {
				t.Errorf("%s: %q, %v", id, got.PolicyDoc, err)
			}
		}
	})
}

func TestADecisionIsOnTheDiskBeforeItIsAnsweredHoweverPostgreSQLIsSet(t *testing.T) {
	t.Parallel()
	b := bench{TB: t, dsn: newPostgres(t), kind: postgresDialect}
	b.dsn += "&synchronous_commit=off"
	db, ctx := b.open(), t.Context()
	for _, statement := range []string{
		"CREATE TABLE commits (setting text)",
		`CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN INSERT INTO commits VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$`,
		"CREATE CONSTRAINT TRIGGER noted AFTER INSERT ON decisions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_commit()",
	} {
		must(t, db.write.Exec(statement).Error)
	}
	for _, id := range []string{"plain", "probe"} {
		l := decided(id, "api")
		l.Probe, l.Verdict = id == "probe", gate.Warn
		must(t, db.LogDecision(ctx, l))
	}
	var settings []string
	must(t, db.read.Raw("SELECT setting FROM commits").Scan(&settings).Error)
	if len(settings) != 2 || settings[0] != "on" || settings[1] != "on" {
		t.Errorf("they were committed with synchronous_commit %q", settings)
	}
}
