package metrics

import (
	"testing"
	"time"
)

// twoServices is a tale small enough to compute by hand under every convention. The api delivers a request of two commits on Tuesday 3
// March at 10:00 and one of a single commit a week later, at the second attempt, and puts that revision there again at 12:00. The web
// delivers a commit without a request at 11:00 between the two. Half an hour later the api fails, and on the 20th the web.
func twoServices() []Facts {
	first := rollout("1", at(3, 10))
	opened := at(2, 10)
	request := Change{PullRequest: "pr1", FirstOfRequest: at(1, 10), OpenedAt: opened, ReviewedAt: opened.Add(2*time.Hour + 30*time.Second), ApprovedAt: at(2, 14), MergedAt: at(2, 16)}
	one, two := request, request
	one.SHA, one.AuthoredAt, one.CommittedAt = "a", at(1, 10), at(1, 11)
	two.SHA, two.AuthoredAt, two.CommittedAt = "b", at(2, 10), at(2, 12)
	first.Changes, first.RevisionAt = []Change{one, two}, at(2, 16)
	first.Attempts = []Attempt{{ID: "ci/1", FinishedAt: at(3, 10), Status: Succeeded}}

	second := failed(rollout("2", at(10, 10)), CauseIncident, 90*time.Minute)
	second.Failures[0].Evidence, second.Failures[0].Confidence = "pager/1", Stated
	second.Changes = []Change{{SHA: "c", PullRequest: "pr2", AuthoredAt: at(9, 10), CommittedAt: at(9, 10), FirstOfRequest: at(9, 10), MergedAt: at(10, 4)}}
	second.RevisionAt = at(10, 4)
	second.Attempts = []Attempt{{ID: "ci/2", FinishedAt: at(10, 9), Status: Failed}, {ID: "ci/2b", FinishedAt: at(10, 10), Status: Succeeded}}

	again := rollout("3", at(10, 12))
	again.Kind, again.RevisionAt = Redeploy, at(10, 4)
	again.Attempts = []Attempt{{ID: "ci/3", FinishedAt: at(10, 12), Status: Succeeded}}

	page := rollout("w", at(10, 11))
	page.Service, page.RevisionAt = "web", at(10, 10).Add(30*time.Minute+30*time.Second)
	page.Changes = []Change{{SHA: "d", AuthoredAt: at(10, 9), CommittedAt: page.RevisionAt}}
	page.Attempts = []Attempt{{ID: "ci/w", FinishedAt: at(10, 11), Status: Succeeded}}

	api := IncidentLink{ID: "pager/1", EnvironmentKind: Production, Rollout: "ci/2", Confidence: Stated,
		Incident: Incident{StartedAt: at(10, 11).Add(30 * time.Minute), ResolvedAt: at(10, 14).Add(15 * time.Minute)}}
	web := IncidentLink{ID: "pager/2", EnvironmentKind: Production, Confidence: Unattributed, Incident: Incident{StartedAt: at(20, 9), ResolvedAt: at(21, 9)}}
	return []Facts{
		{Service: "api", Rollouts: []Rollout{first, second, again}, Incidents: []IncidentLink{api}},
		{Service: "web", Rollouts: []Rollout{page}, Incidents: []IncidentLink{web}},
	}
}

func TestEachPresetComputesTheTaleOfTwoServicesByItsConvention(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		deployments   int
		week          float64 // the frequency of a week
		leads         int
		leadHours     float64
		failed, of    int
		rate          float64
		recoveries    int
		recoveryHours float64
	}{
		// Rollouts: three, for the redeploy is none. Commits of 48, 24, 24 and 2 hours. The second rollout failed and has not recovered.
		"dora": {3, 0.75, 4, 24, 1, 3, 1.0 / 3, 1, 0},
		// Days per Monday week are 1, 1, 0, 0. Requests took 24+6+18 and 0+0+6 hours. The first incident is blamed on the web (11:00), the
		// second on the redeploy (10 March, 12:00): 3.25 and 261 hours.
		"devlake": {4, 0, 2, 6, 2, 4, 0.5, 2, 3.25},
		// Merged to deployed: 18 hours on the 3rd, 6 on the 10th. Incidents closed on two days: 2.75 and 24 hours.
		"gitlab": {4, 1, 2, 12, 2, 4, 0.5, 2, 13.375},
		// Days per Sunday week are 1, 1, 0, 0, 0. Commits took 2820, 1320, 1440 and 29 whole minutes. One incident states its deployment.
		// They lasted 2 and 24 whole hours.
		"fourkeys": {4, 0, 4, 23, 1, 4, 0.25, 2, 13},
		// 4 ÷ 4 weeks. Requests took 48 and 6 hours. Each service's latest deployment is to blame.
		"middleware": {4, 1, 2, 27, 2, 4, 0.5, 2, 13.375},
		// From the own commit: api 18, 6 and 8 hours, web 29.5 minutes. One incident for three deployments, one for one.
		"pelorus": {4, 1, 4, (32.0/3 + 29.5/60) / 2, 2, 4, (1.0/3 + 1) / 2, 2, 13.375},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := DefinitionNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			d.Floor = 1
			q := march()
			q.Definition = d
			card := MeasureAll(twoServices(), q)
			if card.Frequency.Rollouts != want.deployments {
				t.Errorf("%d deployments, want %d", card.Frequency.Rollouts, want.deployments)
			}
			value(t, "frequency", comparedValue(card, FigureFrequency).Value, want.week)
			value(t, "lead time in hours", scaled(card.LeadTime.Headline(), 1.0/3600), want.leadHours)
			value(t, "fail rate", card.FailRate.Value, want.rate)
			if card.LeadTime.N != want.leads || card.FailRate.Count != want.failed || card.FailRate.Of != want.of || card.Recovery.N != want.recoveries {
				t.Errorf("%d lead times, %d of %d failed, %d recoveries; want %+v", card.LeadTime.N, card.FailRate.Count, card.FailRate.Of, card.Recovery.N, want)
			}
			if want.recoveryHours == 0 {
				if card.Recovery.Headline() != nil {
					t.Error("an open failure has a median")
				}
				return
			}
			value(t, "recovery in hours", scaled(card.Recovery.Headline(), 1.0/3600), want.recoveryHours)
		})
	}
}

func TestPartsOfARequestAreRoundedEachByItself(t *testing.T) {
	t.Parallel()
	q := march()
	q.Definition = devlake()
	for _, stage := range MeasureAll(twoServices(), q).Stages {
		if stage.Name == stagePickup && (stage.Value == nil || *stage.Value != 121*60) {
			t.Errorf("two hours and half a minute are %v s", stage.Value)
		}
	}
	if got := rounded(61*time.Second, minutesUp); got != 2*time.Minute {
		t.Errorf("61 s rounded up are %s", got)
	}
	if got := rounded(60*time.Second, minutesUp); got != time.Minute {
		t.Errorf("60 s rounded up are %s", got)
	}
	if got := rounded(-61*time.Second, minutesUp); got != -time.Minute {
		t.Errorf("-61 s rounded up are %s", got)
	}
}

func TestAnAttemptThatFailedIsListedWhereOnlySuccessesCount(t *testing.T) {
	t.Parallel()
	q := march()
	q.Definition = gitlab()
	e, err := Explain(twoServices(), FigureFrequency, q)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.LeftOut) != 1 || e.LeftOut[0].Record != "ci/2" || e.LeftOut[0].Reason != leftUnsuccessful {
		t.Errorf("left out are %v", e.LeftOut)
	}
}

func TestEveryAttemptCountsWhereADefinitionCountsAttempts(t *testing.T) {
	t.Parallel()
	q := march()
	q.Definition = DORA()
	q.Definition.Floor, q.Definition.Deployments = 1, countAttempts
	card := MeasureAll(twoServices(), q)
	if card.FailRate.Of != 5 || card.FailRate.Count != 2 || card.Causes[CauseRun] != 1 {
		t.Errorf("%d of %d failed, by %v; want the failed attempt and the one blamed for the incident, of five", card.FailRate.Count, card.FailRate.Of, card.Causes)
	}
}

func TestAttemptsThatTwoSourcesTellOfCountOnce(t *testing.T) {
	t.Parallel()
	r := rollout("1", at(3, 10))
	r.Attempts = []Attempt{{ID: "argo/9", FinishedAt: at(3, 10), Status: Succeeded},
		{ID: "ci/1", FinishedAt: at(3, 9), Status: Failed}, {ID: "ci/2", FinishedAt: at(3, 10), Status: Succeeded}}
	q := march()
	q.Definition = gitlab()
	if n := MeasureAll([]Facts{{Service: "api", Rollouts: []Rollout{r}}}, q).Frequency.Rollouts; n != 1 {
		t.Errorf("%d deployments", n)
	}
}

func TestARatioOfIncidentsSaysWhyItHasNoIntervalAndIsNotCompared(t *testing.T) {
	t.Parallel()
	q := march()
	q.Definition = gitlab()
	tally := TallyOfAll(twoServices(), q)
	if s := Measure(tally, q).FailRate; s.Interval != nil || s.NoInterval == "" || s.Statistic == "" {
		t.Errorf("the rate is %+v", s)
	}
	for _, m := range Compare(tally, q, tally, q) {
		if m.Figure == FigureFailRate && (m.Claimed() || m.Difference != nil) {
			t.Errorf("the ratio is compared: %+v", m)
		}
	}
}

func TestADefinitionOfOnesOwnIsFoundBeforeThePresets(t *testing.T) {
	t.Parallel()
	own := DORA()
	own.Name, own.Floor = "ours", 3
	if d, err := DefinitionNamed("ours", own); err != nil || d != own {
		t.Errorf("found %v, %v", d, err)
	}
	if _, err := DefinitionNamed("theirs", own); err == nil {
		t.Error("an unknown name is accepted")
	}
}

func TestATrailingMeanBeginsWhereEnoughValuesStandBefore(t *testing.T) {
	t.Parallel()
	if got := TrailingMean([]float64{1, 2, 6}, 2); len(got) != 2 || got[0] != 1.5 || got[1] != 4 {
		t.Errorf("the means are %v", got)
	}
	if TrailingMean([]float64{1}, 2) != nil || TrailingMean(nil, 0) != nil {
		t.Error("too few values have a mean")
	}
}

func TestEpisodesJoinSamplesThatAreCloseInAnyOrder(t *testing.T) {
	t.Parallel()
	got := Episodes([]time.Time{at(2, 3), at(2, 1), at(2, 6)}, 2*time.Hour, time.Minute)
	want := []Window{{From: at(2, 1), To: at(2, 3).Add(time.Minute)}, {From: at(2, 6), To: at(2, 6).Add(time.Minute)}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("the episodes are %v", got)
	}
}

func TestAnIncidentAtTheVeryFinishIsBlamedOnThatDeploymentOrTheOneBefore(t *testing.T) {
	t.Parallel()
	f := Facts{Service: "api", Rollouts: []Rollout{rollout("1", at(3, 10)), rollout("2", at(4, 10))},
		Incidents: []IncidentLink{{ID: "pager/1", EnvironmentKind: Production, Confidence: Unattributed, Incident: Incident{StartedAt: at(4, 10)}}}}
	for blame, want := range map[string]string{blameLatest: "ci/2", blameLatestBefore: "ci/1"} {
		q := march()
		q.Definition = DORA()
		q.Definition.Incidents.Blame = blame
		got := Recast([]Facts{f}, q)[0]
		if got.Incidents[0].Rollout != want || got.Incidents[0].Confidence != Inferred {
			t.Errorf("%s: blamed on %q, want %s", blame, got.Incidents[0].Rollout, want)
		}
		for _, r := range got.Rollouts {
			if r.Failed() != (r.ID == want) {
				t.Errorf("%s: %s failed: %t", blame, r.ID, r.Failed())
			}
		}
	}
}

func TestAnIncidentOfAnotherKindOfEnvironmentBlamesNoProductionDeployment(t *testing.T) {
	t.Parallel()
	f := Facts{Service: "api", Rollouts: []Rollout{rollout("1", at(3, 10))},
		Incidents: []IncidentLink{{ID: "pager/1", EnvironmentKind: Staging, Incident: Incident{StartedAt: at(4, 10)}}}}
	q := march()
	q.Definition = devlake()
	if s := MeasureAll([]Facts{f}, q).FailRate; s.Count != 0 || s.Of != 1 {
		t.Errorf("%d of %d failed", s.Count, s.Of)
	}
}

func TestASpanBelongsToTheWindowInWhichItBeganOrEnded(t *testing.T) {
	t.Parallel()
	f := Facts{Service: "api", Incidents: []IncidentLink{
		{ID: "pager/1", EnvironmentKind: Production, Incident: Incident{StartedAt: at(1, 22), ResolvedAt: at(2, 2)}}, // began on the day before the window
		{ID: "pager/2", EnvironmentKind: Production, Incident: Incident{StartedAt: at(29, 22), ResolvedAt: at(30, 4)}},
	}}
	for in, hours := range map[string]float64{"": 6, byResolution: 4} {
		q := march()
		q.AsOf = at(31, 0)
		q.Definition = pelorus()
		q.Definition.Recovery.In = in
		got := MeasureAll([]Facts{f}, q).Recovery
		value(t, "recovery in hours, in the window by "+in, scaled(got.Headline(), 1.0/3600), hours)
	}
}

func TestAFailureBelongsToTheWindowInWhichItRecoveredWhereADefinitionSaysSo(t *testing.T) {
	t.Parallel()
	f := Facts{Service: "api", Rollouts: []Rollout{recovered(failed(rollout("1", at(1, 22)), CauseRun, 0), 5*time.Hour)}}
	q := march()
	q.Definition = DORA()
	q.Definition.Floor, q.Definition.Recovery = 1, RecoveryRules{In: byResolution, Statistic: mean}
	got := MeasureAll([]Facts{f}, q).Recovery
	value(t, "recovery in hours", scaled(got.Headline(), 1.0/3600), 5)
	e, err := Explain([]Facts{f}, FigureRecovery, q)
	if err != nil || len(e.Rows) != 1 || e.Rows[0].Record != "ci/1" {
		t.Errorf("rows %v, %v", e.Rows, err)
	}
}

// Wednesday to Tuesday touches two weeks and one month.
func TestAWholeWeekHasAtLeastSevenOfTheDaysDeployments(t *testing.T) {
	t.Parallel()
	f := Facts{Service: "api"}
	for i := range 8 {
		f.Rollouts = append(f.Rollouts, rollout(string(rune('a'+i)), at(4, 8+i)))
	}
	q := march()
	q.Definition, q.Window = middleware(), Window{From: at(4, 0), To: at(11, 0)}
	r := MeasureAll([]Facts{f}, q).Frequency.Rates
	if r == nil || *r.PerDay != 1 || *r.PerWeek != 7 || *r.PerMonth != 30 {
		t.Errorf("rates %v", asJSON(t, r))
	}
}

func TestSpansThatDefinitionsLeaveOutSayWhy(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{fromMerged: leftNoRequest, fromOpened: leftNoRequest, fromCommitted: leftNoCommit, fromRevision: leftNoRevision} {
		q := march()
		q.Definition = convention(func(d *Definition) { d.LeadTime.From = from })
		card := MeasureAll([]Facts{{Service: "api", Rollouts: []Rollout{rollout("1", at(3, 10), 2)}}}, q)
		if card.LeadTime.State != NoData || card.LeftOut[want] != 1 {
			t.Errorf("from %s: %s, left out %v", from, card.LeadTime.State, card.LeftOut)
		}
	}
	late := rollout("1", at(3, 10), 0)
	q := march()
	q.Definition = convention(func(d *Definition) { d.LeadTime.Keeps = aboveZero })
	if card := MeasureAll([]Facts{{Service: "api", Rollouts: []Rollout{late}}}, q); card.LeftOut[leftZero] != 1 {
		t.Errorf("a span of 0 is left out as %v", card.LeftOut)
	}
}
