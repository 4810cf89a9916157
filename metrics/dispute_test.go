package metrics

import (
	"strings"
	"testing"
	"time"
)

func TestEveryDisputeStatesWhatACorrectionTakes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	r := Rollout{ID: "ci/1", FinishedAt: at, Attempts: []Attempt{{ID: "ci/1", FinishedAt: at.Add(-time.Hour), Status: Failed}, {ID: "ci/a/2", FinishedAt: at, Status: Succeeded}}}
	good := r
	for _, cause := range []Cause{CauseRun, CauseRollback, CauseRevert, CauseIncident, CauseVerdict, CauseHotfix} {
		r.Failures = append(r.Failures, Failure{Cause: cause, Evidence: "ci/9", Confidence: Stated})
	}
	left := DisputesOfLeftOut(LeftOut{Record: "ci/deployment/7", Reason: "cancelled"})
	if more := DisputesOfLeftOut(LeftOut{Record: "ci/deployment/7", Reason: leftByHand + "a drill"}); more != nil {
		t.Errorf("what a person left out is offered %v", more)
	}
	given := map[string]string{"at": "2026-03-03T09:00", "severity": "2", "deployment": "ci/3", "": ""}
	all := append(append(DisputesOf(r), DisputesOf(good)...), DisputesOfIncident(IncidentLink{ID: "pager/i", Rollout: "ci/1"})...)
	all = append(left, all...)
	for _, d := range all {
		statements, err := d.State(given[d.Takes])
		if err != nil || len(statements) == 0 {
			t.Errorf("%s: %v, %v", d.ID, statements, err)
		}
		for _, s := range statements {
			source, rest, _ := strings.Cut(s.Record, "/")
			kind, id, _ := strings.Cut(rest, "/")
			_, faults := NewCorrection(Correction{Record: Key{Source: source, Type: EventType(kind), ID: id}, Fields: s.Fields, Exclude: s.Exclude, Unlinked: s.Unlinked, Reason: "x"})
			if len(faults) > 0 {
				t.Errorf("%s: %s %s: %+v", d.ID, s.Record, s.Fields, faults)
			}
		}
		if d.Takes != "" {
			if _, err := d.State(" "); err == nil {
				t.Errorf("%s takes nothing for an answer", d.ID)
			}
		}
	}
	if test, _ := all[len(left)+len(DisputesOf(r))-1].State(""); len(test) != 2 || test[1].Record != "ci/deployment/a/2" {
		t.Errorf("a rollout of two attempts is left out by %+v", test)
	}
}

func TestADisputeOffersOnlyWhatCanBeWrong(t *testing.T) {
	t.Parallel()
	ids := func(list []Dispute) string {
		var words []string
		for _, d := range list {
			words = append(words, d.ID)
		}
		return strings.Join(words, ", ")
	}
	inferred := Rollout{ID: "ci/1", Failures: []Failure{{Cause: CauseRollback, Evidence: "ci/2", Confidence: Inferred}}}
	if got := ids(DisputesOf(inferred)); got != "finished, foreign, test" { // what the content tells, no statement takes back
		t.Error(got)
	}
	if got := ids(DisputesOf(Rollout{ID: "ci/1"})); got != "failed, finished, foreign, test" {
		t.Error(got)
	}
	if got := ids(DisputesOfIncident(IncidentLink{ID: "pager/i"})); got != "caused pager/i, started, resolved, severity, foreign" {
		t.Error(got)
	}
	for _, wrong := range []string{"5", "0", "12", "x"} {
		if _, err := DisputesOfIncident(IncidentLink{ID: "pager/i"})[3].State(wrong); err == nil {
			t.Errorf("severity %q is taken", wrong)
		}
	}
}

func FuzzATimeOfAFormIsRefusedOrTakenAsATime(f *testing.F) {
	f.Add("2026-03-03T09:00")
	f.Add("2026-03-03T09:00:05")
	f.Add("soon")
	f.Fuzz(func(t *testing.T, given string) {
		statements, err := DisputesOf(Rollout{ID: "ci/1", Attempts: []Attempt{{ID: "ci/1"}}})[1].State(given)
		if err != nil {
			return
		}
		_, faults := NewCorrection(Correction{Record: Key{Source: "ci", Type: TypeDeployment, ID: "1"}, Fields: statements[0].Fields, Reason: "x"})
		for _, fault := range faults {
			if fault.Field != "finished_at" {
				t.Errorf("%q: %+v", given, fault)
			}
		}
	})
}
