package store

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"shiphabit/metrics"
)

// lastBeforePacking is the version of the schema in which payloads, bodies and changes were text.
const lastBeforePacking = 7

// beforePacking makes the database as an older program left it, with events and the facts of a service in it.
func beforePacking(t bench, events []metrics.Event, f metrics.Facts) {
	t.Helper()
	at, err := parseDSN(t.dsn)
	if err != nil {
		t.Fatal(err)
	}
	db := &DB{at: at}
	if err := db.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	steps, err := db.steps()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := steps.UpTo(t.Context(), lastBeforePacking); err != nil {
		t.Fatal(err)
	}
	err = db.change(t.Context(), func(tx *gorm.DB) error {
		for _, e := range events {
			digest, place := e.Digest(), mustScope(t, e)
			err := tx.Exec(insertEvents+"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", e.Source, string(e.Type), e.Repository, e.ID, digest[:],
				toMilli(e.UpdatedAt), e.Sequence, string(e.Payload), toMilli(noon), e.Live, place.service, place.builtFrom, place.reference).Error
			if err != nil {
				return err
			}
		}
		for _, r := range f.Rollouts {
			changes := mustJSON(t, r.Changes)
			r.Changes = nil
			err := tx.Exec(insertRollouts+"(?, ?, ?, ?, ?, ?, ?, ?)", f.Service, toMilli(r.FinishedAt), r.ID, string(r.EnvironmentKind),
				string(r.Kind), []byte("digest"), mustJSON(t, storedRollout{Rollout: r, ApprovalIDs: idsOf(r.Approvals)}), changes).Error
			if err != nil {
				return err
			}
		}
		if err := tx.Create(&linkRow{Repository: "org/" + f.Service, Service: f.Service}).Error; err != nil {
			return err
		}
		return touchServices(tx, []string{f.Service})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func mustScope(t bench, e metrics.Event) scope {
	t.Helper()
	place, err := scopeOf(e)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func mustJSON(t bench, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatWasStoredBeforePackingIsReadAndKnown(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		events := history("api", 4)
		facts := metrics.DeriveAll(events, metrics.DefaultRules())[0]
		beforePacking(t, events, facts)
		db := t.open()
		for _, e := range exported(t, db) {
			if at := slices.IndexFunc(events, func(known metrics.Event) bool { return known.Key == e.Key }); at < 0 || string(events[at].Payload) != string(e.Payload) {
				t.Errorf("stored is %s: %s", e.Key, e.Payload)
			}
		}
		if done := mustAppend(t, db, events...); done != (Appended{Known: len(events)}) {
			t.Errorf("the same events again: %+v, want all known", done)
		}
		old, err := readFacts(db.read, "api", whole)
		if diff := cmp.Diff(facts.Rollouts, old.Rollouts); diff != "" || err != nil {
			t.Errorf("rollouts stored as JSON, error %v (-stored +read):\n%s", err, diff)
		}
		if diff := cmp.Diff(facts, factsOf(t, db, "api")); diff != "" {
			t.Errorf("facts derived anew (-want +got):\n%s", diff)
		}
	})
}

func TestRecordsAreLookedUpByTheirOwnIndex(t *testing.T) {
	t.Parallel()
	db := newSQLite(t).open()
	many := "'1'" + strings.Repeat(", '1'", 2000)
	for sentence, query := range map[string]string{
		"what references may mean": `SELECT DISTINCT service, built_from FROM events WHERE repository = '' AND type = 'deployment' AND id IN (` + many + `)`,
		"other revisions of new records": `SELECT o.service FROM events n JOIN events o
			ON o.repository = '' AND o.type = n.type AND o.id = n.id AND o.source = n.source AND o.seq <> n.seq
			WHERE n.seq > 5 AND n.type NOT IN ('commit', 'pull_request')`,
	} {
		var plan []struct{ Detail string }
		if err := db.read.Raw("EXPLAIN QUERY PLAN " + query).Scan(&plan).Error; err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(plan, func(step struct{ Detail string }) bool {
			return strings.Contains(step.Detail, "INDEX events_record (id=?")
		}) {
			t.Errorf("%s: the plan is %v", sentence, plan)
		}
	}
}
