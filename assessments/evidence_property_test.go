package assessments

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"shiphabit/metrics"
)

// anyRecords are those of a team with one to three services: whatever a year may hold, known or not.
func anyRecords(dice *rand.Rand) Records {
	var r Records
	for i := range 1 + dice.IntN(3) {
		r.Services = append(r.Services, anyFacts(dice, fmt.Sprintf("s%d", i)))
	}
	for range dice.IntN(300) {
		r.Neighbours = append(r.Neighbours, Neighbour{fmt.Sprintf("n%d", dice.IntN(4)), anyTime(dice)})
	}
	for _, f := range r.Services {
		one := Readiness{Service: f.Service, Runbook: anyOf(dice, "", "https://wiki.example.org"), TouchedOn: anyTime(dice)}
		for range dice.IntN(3) {
			one.DrilledOn = append(one.DrilledOn, anyTime(dice))
		}
		r.Readiness = append(r.Readiness, one)
	}
	return r
}

func anyTime(dice *rand.Rand) time.Time {
	return monday.Add(-time.Duration(dice.IntN(300*24*60)) * time.Minute)
}

func anyOf[T any](dice *rand.Rand, values ...T) T { return values[dice.IntN(len(values))] }

func anyFacts(dice *rand.Rand, service string) metrics.Facts {
	f := metrics.Facts{Service: service, Team: anyOf(dice, "pay", "pay", "")}
	hands := []metrics.Hand{"", metrics.HandProgram, metrics.HandAuthor, metrics.HandContributor, metrics.HandOther}
	for i := range dice.IntN(120) {
		at := anyTime(dice)
		r := metrics.Rollout{
			ID: fmt.Sprintf("ci/%s-%d", service, i), Service: service, EnvironmentKind: anyOf(dice, metrics.Production, metrics.Production, metrics.Staging),
			Kind:       anyOf(dice, metrics.Planned, metrics.Planned, metrics.Rollback, metrics.Rework, metrics.Redeploy, metrics.Reapply),
			FinishedAt: at, SucceededAt: at, Trigger: anyOf(dice, "", "automatic", "manual"), Hands: metrics.Hands{Starter: anyOf(dice, hands...)},
			Verdict: anyOf(dice, "", "healthy", "unhealthy"), VerdictAt: at.Add(time.Duration(dice.IntN(40)-10) * time.Minute),
			Labels: map[string]string{"risk": anyOf(dice, "", "high", "low"), "coordination": anyOf(dice, "", "none", "CAB-1"), "actor_team": anyOf(dice, "", "", "pay", "ops")},
		}
		if dice.IntN(4) > 0 {
			r.StartedAt = at.Add(-time.Duration(dice.IntN(60)) * time.Minute)
		}
		for range dice.IntN(3) {
			a := metrics.Approval{ApproverTeam: anyOf(dice, "", "pay", "board"), RequestedAt: at.Add(-time.Hour), Ticket: anyOf(dice, "", "", "CHG-1"), Required: anyOf(dice, nil, new(true), new(false))}
			if dice.IntN(3) > 0 {
				a.DecidedAt = at
				r.Waits.DecidedOutside++
				r.Waits.Outside = time.Duration(dice.IntN(3)) * time.Hour
			}
			r.Approvals, r.Hands.Deciders = append(r.Approvals, a), append(r.Hands.Deciders, anyOf(dice, hands...))
		}
		for range dice.IntN(4) {
			c := metrics.Change{SHA: "x", AuthoredAt: at.Add(-time.Duration(dice.IntN(90)) * time.Hour)}
			if dice.IntN(3) > 0 {
				c.MergedAt = at.Add(-time.Duration(dice.IntN(50)-1) * time.Hour)
			}
			r.Changes = append(r.Changes, c)
		}
		if dice.IntN(4) == 0 {
			r.Failures = []metrics.Failure{{Cause: anyOf(dice, metrics.CauseRun, metrics.CauseVerdict, metrics.CauseRevert), At: r.VerdictAt}}
			if dice.IntN(3) > 0 {
				r.Recovery = &metrics.Recovery{At: at.Add(time.Duration(dice.IntN(3000)) * time.Minute), By: anyOf(dice, "rollback", "fix")}
			}
		}
		f.Rollouts = append(f.Rollouts, r)
	}
	inTimeOrder(f.Rollouts)
	for i := range dice.IntN(10) {
		f.LeftOut = append(f.LeftOut, metrics.LeftOut{Record: fmt.Sprintf("ci/deployment/%d", i), At: anyTime(dice), Reason: anyOf(dice, "cancelled", metrics.LeftRefused, metrics.LeftStopped)})
	}
	return f
}

func inTimeOrder(rollouts []metrics.Rollout) {
	slices.SortStableFunc(rollouts, func(a, b metrics.Rollout) int { return a.FinishedAt.Compare(b.FinishedAt) })
}

func shown(t *testing.T, r Records) string {
	t.Helper()
	all := EvidenceOf(r, monday, weekdays, DefaultThresholds())
	explained := make([]Explanation, 0, len(all))
	for _, e := range all {
		x, _ := Explain(all, e.ID)
		explained = append(explained, x)
	}
	text, err := json.Marshal(explained)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func shuffle[T any](dice *rand.Rand, all []T) {
	dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
}

func TestTheOrderOfRecordsDoesNotMatter(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		dice := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // repeatable
		r := anyRecords(dice)
		before := shown(t, r)
		shuffle(dice, r.Services)
		shuffle(dice, r.Neighbours)
		shuffle(dice, r.Readiness)
		for _, f := range r.Services {
			shuffle(dice, f.LeftOut) // rollouts stand in the one order that facts have
		}
		if after := shown(t, r); after != before {
			at := 0
			for at < min(len(before), len(after)) && before[at] == after[at] {
				at++
			}
			t.Fatalf("seed %d:\n…%.300s\n…%.300s", seed, before[max(0, at-150):], after[max(0, at-150):])
		}
	}
}

// Whatever the records, shares are shares, what is counted is listed, and the level is the first that holds.
func TestEvidenceHoldsTogether(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := anyRecords(rand.New(rand.NewPCG(seed, 2))) //nolint:gosec // repeatable
		for _, e := range EvidenceOf(r, monday, weekdays, DefaultThresholds()) {
			checkEvidence(t, fmt.Sprintf("seed %d, %s", seed, e.ID), e)
		}
	}
}

func checkEvidence(t *testing.T, where string, e Evidence) {
	t.Helper()
	if (e.Level > 0) != (e.Grade != GradeNone) || e.Level < 0 || e.Level > levels || e.Says == "" || e.NOf == "" {
		t.Errorf("%s: level %d with grade %s: %s", where, e.Level, e.Grade, e.Says)
	}
	if e.Coverage != nil && (*e.Coverage < 0 || *e.Coverage > 1) {
		t.Errorf("%s: coverage %v", where, *e.Coverage)
	}
	for _, f := range e.Figures {
		if f.Value != nil && (*f.Value < 0 || f.Unit == UnitShare && *f.Value > 1) {
			t.Errorf("%s: %s is %v", where, f.Name, *f.Value)
		}
	}
	for i, step := range e.Tried {
		if last := i == len(e.Tried)-1; step.Holds != last || last && step.Level != e.Level {
			t.Errorf("%s: level %d of %+v", where, e.Level, e.Tried)
		}
	}
	sum := 0
	for _, n := range e.LeftOut {
		sum += n
	}
	if sum != len(e.Excluded) || len(e.Rows) > e.N {
		t.Errorf("%s: %d left out, %d listed; %d rows of %d", where, sum, len(e.Excluded), len(e.Rows), e.N)
	}
	for _, row := range e.Rows {
		if !e.Window.Contains(row.At) || row.Service == "" || row.Record == "" || row.Says == "" {
			t.Errorf("%s: %+v", where, row)
		}
	}
}

// What lies before the windows may tell that more was observed, never that less was.
func TestALongerRecordNeverLowersCoverage(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		dice := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // repeatable
		short := anyRecords(dice)
		long := Records{Neighbours: short.Neighbours, Readiness: short.Readiness}
		for _, f := range short.Services {
			older := anyFacts(dice, f.Service)
			for i := range older.Rollouts {
				older.Rollouts[i].ID += "-old"
				older.Rollouts[i].FinishedAt = older.Rollouts[i].FinishedAt.AddDate(-1, 0, 0)
			}
			f.Rollouts = append(older.Rollouts, f.Rollouts...)
			inTimeOrder(f.Rollouts)
			long.Services = append(long.Services, f)
		}
		// E1 chooses a service, which a longer record may change: each service by itself.
		for i := range short.Services {
			compareCoverage(t, seed, frequencyOf(short.Services[i]), frequencyOf(long.Services[i]))
		}
		a, b := EvidenceOf(short, monday, weekdays, DefaultThresholds()), EvidenceOf(long, monday, weekdays, DefaultThresholds())
		for i := 1; i < len(a); i++ {
			compareCoverage(t, seed, a[i], b[i])
		}
	}
}

func compareCoverage(t *testing.T, seed uint64, short, long Evidence) {
	t.Helper()
	if short.Coverage != nil && (long.Coverage == nil || *long.Coverage < *short.Coverage) {
		t.Errorf("seed %d, %s: coverage %v became %v", seed, short.ID, *short.Coverage, deref(long.Coverage))
	}
}

func TestTheFirstLevelThatHoldsWinsAndAnUnknownFigureHoldsNothing(t *testing.T) {
	t.Parallel()
	e := Evidence{Figures: []Figure{{Name: "a", Value: new(2.0), Unit: UnitDays}, {Name: "unknown"}}}
	e.climb(
		onlyIf(5, atLeast("unknown", 0)),
		onlyIf(4, atMost("a", 2), below("a", 2)),
		rung{3, [][]limit{{above("a", 2)}, {atLeast("a", 2)}}},
		rung{level: 1},
	)
	if e.Level != 3 || len(e.Tried) != 3 || e.Tried[0].Holds || e.Tried[1].Holds || !e.Tried[2].Ways[1][0].Holds || e.Tried[2].Ways[0][0].Holds {
		t.Errorf("%+v", e.Tried)
	}
	if c := e.Tried[1].Ways[0][0]; c.Unit != UnitDays || *c.Value != 2 || c.Limit != 2 || !c.Holds {
		t.Errorf("%+v", c)
	}
}

func TestAnExplanationListsItsRecordsAndAnUnknownIDHasNone(t *testing.T) {
	t.Parallel()
	all := EvidenceOf(Records{}, monday, weekdays, DefaultThresholds())
	for _, e := range all {
		x, found := Explain(all, e.ID)
		if !found || x.Formula == "" || x.Records == nil || x.Unused == nil {
			t.Errorf("%s: %+v", e.ID, x)
		}
	}
	if _, found := Explain(all, "E6"); found {
		t.Error("E6 is no evidence")
	}
}
