package store

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
	"shiphabit/metrics/gate"
)

// spoils changes the stored text of a decision, as a disk does that returns other bytes than were written.
func spoils(ctx context.Context, t bench, db *DB, id string) {
	t.Helper()
	drop := "DROP TRIGGER decisions_are_final"
	if db.dialect.name != sqliteDialect.name {
		drop += " ON decisions"
	}
	var row decisionRow
	if err := errors.Join(db.write.WithContext(ctx).Exec(drop).Error, db.read.Take(&row, "id = ?", id).Error); err != nil {
		t.Fatal(err)
	}
	body := any(string(row.Body[:len(row.Body)-1]))
	if db.dialect.packsDecisions {
		body = append(row.Body[:len(row.Body)-1:len(row.Body)-1], row.Body[len(row.Body)-1]^1) // of the checksum
	}
	if err := db.write.Exec("UPDATE decisions SET body = ? WHERE id = ?", body, id).Error; err != nil {
		t.Fatal(err)
	}
}

func ids(list []gate.Logged) string {
	names := make([]string, len(list))
	for i, l := range list {
		names[i] = l.ID
	}
	return strings.Join(names, " ")
}

func lost(r doctor.Records) string {
	names := []string{}
	for _, one := range r.Lost {
		names = append(names, one.Decision)
	}
	return strings.Join(names, " ")
}

// logsThree logs a, b and c about api, a second apart, each of which lets something through as a fix and a probe.
func logsThree(t bench, db *DB) {
	t.Helper()
	for i, id := range []string{"a", "b", "c"} {
		l := decided(id, "api")
		l.Verdict, l.Probe, l.Kind, l.At = gate.Allow, true, gate.KindFix, noon.Add(time.Duration(i)*time.Second)
		l.Request.Change.Kind, l.Request.Change.Fixes, l.ValidUntil, l.Key = gate.KindFix, []string{"d1"}, l.At.Add(time.Hour), id
		l.Snapshot.Now, l.Snapshot.Meter.ProbesToday, l.AskAgainAfter = l.At, i, nil
		l.PolicyDoc = gate.PolicyFor(metrics.Standard).Canonical()
		if err := db.LogDecision(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOneDamagedDecisionIsNamedAndKeepsNoOtherFromBeingRead(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		ctx, before := t.Context(), t.open()
		logsThree(t, before)
		spoils(ctx, t, before, "b")
		var said strings.Builder
		db := t.open(func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&said, nil)) })

		list, _, err := db.Decisions(ctx, "", "", 9)
		if err != nil || ids(list) != "c b a" || list[0].Damaged != "" || list[2].Damaged != "" {
			t.Fatalf("listed %s, %v", ids(list), err)
		}
		want := gate.Remains(gate.Logged{
			Decision: gate.Decision{ID: "b", Verdict: gate.Allow, Probe: true, Kind: gate.KindFix}, At: noon.Add(time.Second), Caller: "ci", Key: "b",
			Request: gate.Request{Service: "api", Environment: "production"},
		}, list[1].Damaged)
		if diff := cmp.Diff(want, list[1]); diff != "" || !strings.Contains(want.Damaged, "decision b ") {
			t.Errorf("%s\n%s", want.Damaged, diff)
		}
		if fixes, err := db.Fixes(ctx, "api", noon); err != nil || ids(fixes) != "c a" {
			t.Errorf("fixes %s, %v: one that cannot be read declares nothing", ids(fixes), err)
		}
		if demoted, _, err := db.DecisionsDemoted(ctx, "api", "", 9); err != nil || ids(demoted) != "c b a" {
			t.Errorf("with what broke its promise %s, %v", ids(demoted), err)
		}
		for _, read := range []func() (gate.Logged, error){
			func() (gate.Logged, error) { return db.Decision(ctx, "b") }, func() (gate.Logged, error) { return db.DecisionByKey(ctx, "ci", "b") },
		} {
			if l, err := read(); !errors.Is(err, ErrDamaged) || l.ID != "b" || l.Damaged != err.Error() || !strings.Contains(err.Error(), "backup") {
				t.Errorf("read %+v, %v", l, err)
			}
		}
		if observed, err := db.Observations(ctx, "api", 9); err != nil || len(observed) != 2 {
			t.Errorf("%d observations, %v", len(observed), err)
		}
		if n := strings.Count(said.String(), "level=ERROR"); n != 1 || !strings.Contains(said.String(), "decision=b") || !strings.Contains(said.String(), "remedy=") {
			t.Errorf("said %d times: %s", n, said.String())
		}
	})
}

// TestADecisionIsMadeThoughAnEarlierOneIsDamaged: what the damaged one let through counts as on its way, and its probe as granted.
func TestADecisionIsMadeThoughAnEarlierOneIsDamaged(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		ctx, before := t.Context(), t.open()
		logsThree(t, before)
		spoils(ctx, t, before, "b")
		db := t.open()
		in, err := db.GateInputs(ctx, "api", func(metrics.Service) time.Time { return noon }, nil)
		if err != nil || len(in.Promotions) != 3 || len(in.Granted) != 3 {
			t.Fatalf("%d promotions, %d probes, %v", len(in.Promotions), len(in.Granted), err)
		}
		want := gate.Promotion{Decision: "b", Environment: "production", At: noon.Add(time.Second), ValidUntil: noon.Add(15*time.Minute + time.Second)}
		if diff := cmp.Diff(want, in.Promotions[1]); diff != "" {
			t.Error(diff)
		}
		listed, err := db.Promotions(ctx, "api", noon)
		if diff := cmp.Diff(in.Promotions, listed); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if probes, err := db.ProbeGrants(ctx, "api", noon); err != nil || len(probes) != 3 {
			t.Errorf("%d probes, %v", len(probes), err)
		}
	})
}

func TestTheScoreboardCountsADamagedDecisionByWhatStandsBesideIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		ctx, before := t.Context(), t.open()
		logsThree(t, before)
		must(t, before.scoreOlder(ctx))
		spoils(ctx, t, before, "b")
		for what, statement := range map[string]string{
			"scores that were never made": "DELETE FROM gate_scores", "a score that cannot be read": "UPDATE gate_scores SET body = '{' WHERE decision = 'b'",
		} {
			if err := before.write.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
			scores, err := t.open().Scores(ctx, noon, noon.Add(time.Hour))
			if err != nil || len(scores) != 3 || scores[1].ID != "b" || scores[1].Verdict != gate.Allow || len(scores[0].Fixes) != 1 {
				t.Errorf("%s: %+v, %v", what, scores, err)
			}
		}
	})
}

func TestTheDoctorIsToldOfDamagedDecisions(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		ctx, before := t.Context(), t.open()
		logsThree(t, before)
		spoils(ctx, t, before, "b")
		db := t.open(withServices(metrics.Service{Name: "api"}, metrics.Service{Name: "web"}))
		for service, want := range map[string]string{"": "b", "api": "b", "web": ""} {
			records, err := db.Records(ctx, service)
			if err != nil || lost(records) != want {
				t.Errorf("%q: %+v, %v", service, records.Lost, err)
			}
		}
		if _, err := db.Decision(ctx, "b"); !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		if records, err := db.Records(ctx, ""); err != nil || lost(records) != "b" {
			t.Errorf("found twice it is told as %+v, %v", records.Lost, err)
		}
	})
}

func TestADecisionWhoseRowSaysSomethingElseThanItsTextIsDamaged(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		ctx, db := t.Context(), t.open()
		logsThree(t, db)
		drop := "DROP TRIGGER decisions_are_final"
		if db.dialect.name != sqliteDialect.name {
			drop += " ON decisions"
		}
		must(t, db.write.Exec(drop).Error)
		for column, value := range map[string]any{"verdict": "warn", "service": "web", "environment": "staging", "probe": false} {
			must(t, db.write.Exec("UPDATE decisions SET "+column+" = ? WHERE id = 'b'", value).Error)
			if _, err := db.Decision(ctx, "b"); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "its row says "+column) {
				t.Errorf("with another %s: %v", column, err)
			}
			was := map[string]any{"verdict": "allow", "service": "api", "environment": "production", "probe": true}[column]
			must(t, db.write.Exec("UPDATE decisions SET "+column+" = ? WHERE id = 'b'", was).Error)
		}
		if _, err := db.Decision(ctx, "b"); err != nil {
			t.Errorf("as it was: %v", err)
		}
	})
}
