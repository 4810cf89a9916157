package assessments

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// owned are n planned rollouts of the team pay, twelve hours apart before the window's end, each started by its pipeline and with
// a change that took ten hours.
func owned(n int) metrics.Facts {
	f := metrics.Facts{Service: "api", Team: "pay"}
	for i := range n {
		at := monday.Add(-time.Duration(12*(n-i)) * time.Hour)
		f.Rollouts = append(f.Rollouts, metrics.Rollout{
			ID: fmt.Sprintf("ci/%d", i), Service: "api", Environment: "production", EnvironmentKind: metrics.Production, Kind: metrics.Planned,
			StartedAt: at.Add(-time.Minute), FinishedAt: at, SucceededAt: at, Trigger: "automatic", Hands: metrics.Hands{Starter: metrics.HandProgram},
			Changes: []metrics.Change{{SHA: fmt.Sprint(i), AuthoredAt: at.Add(-10 * time.Hour)}},
		})
	}
	return f
}

// approvedBy gives a rollout a required approval of a team, granted after a wait.
func approvedBy(r *metrics.Rollout, team string, hand metrics.Hand, wait time.Duration) {
	asked := r.FinishedAt.Add(-9 * time.Hour)
	r.Approvals = append(r.Approvals, metrics.Approval{
		ApproverTeam: team, RequestedAt: asked, DecidedAt: asked.Add(wait), Decision: "granted", Required: new(true),
	})
	r.Hands.Deciders = append(r.Hands.Deciders, hand)
	switch team {
	case "":
		r.Waits.DecidedUnknown++
	case "pay":
		r.Waits.DecidedInside++
	default:
		r.Waits.DecidedOutside++
		r.Waits.Outside += wait
	}
}

func autonomyOf(f metrics.Facts) Evidence {
	return AutonomyEvidence(recordsOf(f), monday, weekdays, DefaultThresholds().Autonomy)
}

func TestE3LevelsFollowOutsideApproval(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		n, outside int
		wait       time.Duration
		risk       string
		level      int
		grade      Grade
		e, w       float64
	}{
		"nobody outside":                                     {100, 0, 0, "", 5, GradeA, 0, 0},
		"one in a hundred":                                   {100, 1, time.Minute, "", 5, GradeA, .01, 1.0 / 60000},
		"two in a hundred are no longer below 2%":            {100, 2, time.Minute, "", 4, GradeA, .02, 2.0 / 60000},
		"a tenth, hardly waited for":                         {40, 4, time.Hour, "", 4, GradeA, .1, .01},
		"a tenth, exactly 5% of lead time":                   {40, 4, 5 * time.Hour, "", 4, GradeA, .1, .05},
		"a tenth, waited for too long":                       {40, 4, 6 * time.Hour, "", 2, GradeA, .1, .06},
		"the same, of a declared class of risk":              {40, 4, 6 * time.Hour, "high", 3, GradeA, .1, .06},
		"half of them, of a declared class of risk":          {40, 20, time.Hour, "high", 3, GradeA, .5, .05},
		"half of them, of an everyday class":                 {40, 20, time.Hour, "standard", 2, GradeA, .5, .05},
		"more than half, whatever the class":                 {40, 21, time.Hour, "high", 2, GradeA, .525, .0525},
		"nine in ten":                                        {40, 36, time.Hour, "high", 1, GradeA, .9, .09},
		"all of them":                                        {40, 40, time.Hour, "", 1, GradeA, 1, .1},
		"few deployments are less to go by":                  {6, 6, time.Hour, "", 1, GradeB, 1, .1},
		"very few are hardly anything":                       {5, 5, time.Hour, "", 1, GradeC, 1, .1},
		"a wait longer than the lead time counts up to that": {40, 40, 30 * time.Hour, "", 1, GradeA, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := owned(want.n)
			for i := range want.outside {
				approvedBy(&f.Rollouts[i], "release board", metrics.HandOther, want.wait)
				if want.risk != "" {
					f.Rollouts[i].Labels = map[string]string{"risk": want.risk}
				}
			}
			e := autonomyOf(f)
			if e.Level != want.level || e.Grade != want.grade || math.Abs(figure(e, "E")-want.e) > 1e-9 || math.Abs(figure(e, "W")-want.w) > 1e-9 {
				t.Errorf("level %d grade %s E %v W %v\n%s", e.Level, e.Grade, figure(e, "E"), figure(e, "W"), e.Says)
			}
			if e.N != want.n || len(e.Rows) != want.n || *e.Coverage != 1 {
				t.Errorf("n %d, %d rows, coverage %v", e.N, len(e.Rows), *e.Coverage)
			}
		})
	}
}

// What is known of one deployment decides whether it counts, and where.
func TestE3PlacesADeployment(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		change func(*metrics.Rollout)
		e, q   float64 // not a number where not known
	}{
		"started by its pipeline":                       {func(*metrics.Rollout) {}, 0, 1},
		"started by one who wrote it":                   {func(r *metrics.Rollout) { r.Hands.Starter = metrics.HandAuthor }, 0, 1},
		"started by one who wrote other code of it":     {func(r *metrics.Rollout) { r.Hands.Starter = metrics.HandContributor }, 0, 1},
		"started by a stranger, who may be a team-mate": {func(r *metrics.Rollout) { r.Hands.Starter = metrics.HandOther }, math.NaN(), 0},
		"started by nobody knows":                       {func(r *metrics.Rollout) { r.Hands.Starter = "" }, math.NaN(), math.NaN()},
		"started by a team that is not the owner": {func(r *metrics.Rollout) {
			r.Labels = map[string]string{"actor_team": "operations"}
		}, 1, 0},
		"started by a stranger of the team": {func(r *metrics.Rollout) {
			r.Hands.Starter, r.Labels = metrics.HandOther, map[string]string{"actor_team": "pay"}
		}, 0, 1},
		"approved in the team":                          {func(r *metrics.Rollout) { approvedBy(r, "pay", metrics.HandOther, time.Hour) }, 0, 1},
		"approved by one who wrote code of the service": {func(r *metrics.Rollout) { approvedBy(r, "", metrics.HandContributor, time.Hour) }, 0, 1},
		"approved by somebody without a team":           {func(r *metrics.Rollout) { approvedBy(r, "", metrics.HandOther, time.Hour) }, math.NaN(), 1},
		"approved in the team and outside": {func(r *metrics.Rollout) {
			approvedBy(r, "pay", metrics.HandOther, time.Hour)
			approvedBy(r, "release board", metrics.HandOther, time.Hour)
		}, 1, 1},
		"approved outside, started by nobody knows": {func(r *metrics.Rollout) {
			approvedBy(r, "release board", metrics.HandOther, time.Hour)
			r.Hands.Starter = ""
		}, 1, math.NaN()},
		"outside, but not required": {func(r *metrics.Rollout) {
			approvedBy(r, "release board", metrics.HandOther, time.Hour)
			r.Approvals[0].Required = new(false)
		}, 0, 1},
		"outside, and nobody has answered": {func(r *metrics.Rollout) {
			approvedBy(r, "release board", metrics.HandOther, time.Hour)
			r.Approvals[0].DecidedAt = time.Time{}
		}, 0, 1},
		"whether it was required is not stated": {func(r *metrics.Rollout) {
			approvedBy(r, "release board", metrics.HandOther, time.Hour)
			r.Approvals[0].Required = nil
		}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := owned(1)
			want.change(&f.Rollouts[0])
			var sum autonomy
			sum.add(f.Rollouts[0], controlOf("pay", f.Rollouts[0]))
			e := Evidence{Figures: []Figure{{Name: "E", Value: shareOf(sum.outside, sum.known)}, {Name: "Q", Value: shareOf(sum.own, sum.stated)}}}
			same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
			if !same(figure(e, "E"), want.e) || !same(figure(e, "Q"), want.q) {
				t.Errorf("E %v Q %v, want %v and %v", figure(e, "E"), figure(e, "Q"), want.e, want.q)
			}
		})
	}
}

func TestE3NeedsSafeguardsInThePipelineForLevel5(t *testing.T) {
	t.Parallel()
	f := owned(40)
	for i := range 3 { // 37 of 40 are 92.5%
		f.Rollouts[i].Hands.Starter = metrics.HandOther
	}
	if e := autonomyOf(f); e.Level != 4 || figure(e, "Q") != .925 || e.LeftOut[leftUnknown] != 3 || *e.Coverage != .925 || e.Grade != GradeA {
		t.Errorf("level %d Q %v left out %v", e.Level, figure(e, "Q"), e.LeftOut)
	}
}

func TestE3IsNotMeasuredWhereNothingIsKnownAndSaysWhatWouldTell(t *testing.T) {
	t.Parallel()
	f := owned(30)
	for i := range f.Rollouts {
		f.Rollouts[i].Hands, f.Rollouts[i].Trigger = metrics.Hands{}, ""
	}
	if e := autonomyOf(f); e.Grade != GradeNone || e.Level != 0 || !strings.Contains(e.Missing, "GitLab") || e.LeftOut[leftUnknown] != 30 {
		t.Errorf("%+v", e)
	}
	for i := range 17 { // 56.7% are thin
		f.Rollouts[i].Hands.Starter = metrics.HandProgram
	}
	if e := autonomyOf(f); e.Grade != GradeC || e.Level != 5 {
		t.Errorf("grade %s level %d", e.Grade, e.Level)
	}
}

func TestE3WithoutAnOwningTeamKnowsNobodyOutside(t *testing.T) {
	t.Parallel()
	f := owned(30)
	f.Team = ""
	for i := range f.Rollouts {
		approvedBy(&f.Rollouts[i], "release board", metrics.HandOther, time.Hour)
	}
	if e := autonomyOf(f); e.Grade != GradeNone {
		t.Errorf("%+v", e)
	}
}

func TestE3SaysHowRareRefusalsAre(t *testing.T) {
	t.Parallel()
	f := owned(60)
	for i := range f.Rollouts {
		approvedBy(&f.Rollouts[i], "release board", metrics.HandOther, time.Hour)
	}
	if e := autonomyOf(f); !strings.Contains(e.Says, "none of 60 approvals was refused: the refusal rate is below about 5% (95%)") {
		t.Error(e.Says)
	}
	f.LeftOut = []metrics.LeftOut{
		{Record: "ci/approval/1", At: monday.AddDate(0, 0, -3), Reason: metrics.LeftRefused},
		{Record: "ci/approval/2", At: monday.AddDate(0, 0, -300), Reason: metrics.LeftRefused},
	}
	if e := autonomyOf(f); !strings.Contains(e.Says, "1 of 61 approvals were refused") || math.Abs(figure(e, "refused")-1.0/61) > 1e-9 {
		t.Errorf("a refusal that kept a deployment from running counts: %s", e.Says)
	}
	for n, below := range map[int]float64{1: 1, 3: 1, 30: .1, 300: .01} {
		if got := refusalsBelow(n); got != below {
			t.Errorf("none of %d: below %v, want %v", n, got, below)
		}
	}
}

func TestE3StrictlyOnlyWhoWroteItIsInside(t *testing.T) {
	t.Parallel()
	f := owned(4)
	f.Rollouts[0].Hands.Starter = metrics.HandAuthor
	f.Rollouts[1].Hands.Starter = metrics.HandContributor
	approvedBy(&f.Rollouts[2], "pay", metrics.HandContributor, time.Hour)
	if e := autonomyOf(f); figure(e, "E") != 0 || figure(e, "E_strict") != .5 {
		t.Errorf("E %v, strict %v", figure(e, "E"), figure(e, "E_strict"))
	}
}

func TestE3DoesNotTakeAWaitForNothing(t *testing.T) {
	t.Parallel()
	f := owned(40)
	for i := range 4 {
		approvedBy(&f.Rollouts[i], "release board", metrics.HandOther, time.Hour)
		f.Rollouts[i].Changes = nil // no lead time to compare the wait with
	}
	if e := autonomyOf(f); !math.IsNaN(figure(e, "W")) || e.Level != 2 {
		t.Errorf("W %v level %d", figure(e, "W"), e.Level)
	}
}
