package metrics

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func middlewareRunners() map[string]caseRunner {
	return map[string]caseRunner{
		"middleware/is_bot_login":                      caseLogin,
		"middleware/time_buckets":                      caseBuckets,
		"middleware/change_failure_rate":               caseMiddlewareFailRate,
		"middleware/incident_attribution":              caseAttribution,
		"middleware/change_failure_rate_weekly":        caseWeeklyFailRate,
		"middleware/deployment_frequency":              caseMiddlewareFrequency,
		"middleware/deployments_per_week":              caseWeeklyDeployments,
		"middleware/deployment_frequency_tier":         caseShownUnit,
		"middleware/deployment_frequency_unit":         caseShownUnit,
		"middleware/lead_time_stage_means":             caseStageMeans,
		"middleware/weighted_mean":                     caseWeightedMean,
		"middleware/time_to_restore_mean":              caseMiddlewareRestore,
		"middleware/time_to_restore_weekly":            caseWeeklyRestore,
		"middleware/pull_request_stages":               caseRequestStages,
		"middleware/changes_in_deployment":             caseBranches,
		"middleware/gitlab_revert_branch":              caseRevertBranch,
		"middleware/revert_pull_requests_as_incidents": caseRevertRequests,
	}
}

// operations are deployments and incidents as the lists of several peers give them.
type operations struct {
	Now         time.Time
	Window      struct{ From, To time.Time }
	Deployments []struct {
		ID, Service, Environment, Status string
		FinishedAt                       time.Time `json:"finished_at"`
	}
	Incidents []struct {
		ID, Service, Environment string
		OpenedAt                 time.Time  `json:"opened_at"`
		ResolvedAt               *time.Time `json:"resolved_at"`
	}
}

func (o operations) facts() []Facts {
	s := newTale()
	s.rules.AttributionWindow = 365 * 24 * time.Hour
	for _, d := range o.Deployments {
		one := Deployment{ID: d.ID, Service: orWord(d.Service, "svc"), Environment: d.Environment, Revision: d.ID, Status: Succeeded, FinishedAt: d.FinishedAt}
		if d.Status != "" && d.Status != "success" {
			one.Status = Failed
		}
		s.add(one)
	}
	for _, i := range o.Incidents {
		one := Incident{ID: i.ID, Service: orWord(i.Service, "svc"), Environment: i.Environment, StartedAt: i.OpenedAt}
		if i.ResolvedAt != nil {
			one.ResolvedAt = *i.ResolvedAt
		}
		s.add(one)
	}
	return DeriveAll(s.events, s.rules)
}

func orWord(word, other string) string {
	if word == "" {
		return other
	}
	return word
}

// query is over the case's window, which holds its end, or over everything up to its now.
func (o operations) query(d Definition) Query {
	q := asked(d, closed(ever().From, ever().To), ever().To.Add(time.Hour))
	if !o.Window.To.IsZero() {
		q.Window = closed(o.Window.From, o.Window.To)
	} else if !o.Now.IsZero() {
		q.Window, q.AsOf = closed(ever().From, o.Now), o.Now
	}
	return q
}

func caseLogin(t *testing.T, c recordedCase) string {
	in, want := read[struct{ Login string }](t, c.Input), read[struct{ Bot bool }](t, c.Expect)
	if isBot(in.Login) != want.Bot {
		t.Errorf("%q is a program's: %t", in.Login, !want.Bot)
	}
	return ""
}

// caseBuckets counts deployments in buckets; what lies outside the window widens it.
func caseBuckets(t *testing.T, c recordedCase) string {
	in := read[struct {
		Granularity string
		Window      struct{ From, To time.Time }
		Items       []time.Time
	}](t, c.Input)
	want := read[struct{ Buckets map[time.Time]int }](t, c.Expect)
	s := newTale()
	w := closed(in.Window.From, in.Window.To)
	for i, at := range in.Items {
		s.add(deployed("svc", fmt.Sprint(i), at))
		w.From, w.To = earlierOf(w.From, at), laterOf(w.To, at.Add(time.Millisecond))
	}
	size := map[string]string{"daily": "day", "weekly": "week", "monthly": "month"}[in.Granularity]
	points := seriesOf(t, DeriveAll(s.events, s.rules), asked(middleware(), w, ever().To), size)
	for start, n := range want.Buckets {
		if p, there := points[start]; !there || p.Frequency.Rollouts != n {
			t.Errorf("%s holds %d, want %d", start, p.Frequency.Rollouts, n)
		}
	}
	// Widening leaves no hole: what the peer does not list between its window and an outlier is empty.
	for start, p := range points {
		if _, stated := want.Buckets[start]; !stated && (p.Frequency.Rollouts > 0 || closed(in.Window.From, in.Window.To).Contains(start)) {
			t.Errorf("%s holds %d and is not expected", start, p.Frequency.Rollouts)
		}
	}
	return ""
}

func earlierOf(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// seriesOf gives the scorecards by the start of their whole bucket.
func seriesOf(t *testing.T, fs []Facts, q Query, size string) map[time.Time]Scorecard {
	t.Helper()
	points, err := Series(fs, q, size)
	if err != nil {
		t.Fatal(err)
	}
	out := map[time.Time]Scorecard{}
	for _, p := range points {
		out[firstBucket(dayOf(p.From, time.UTC), size, q.Definition.WeekStart).start(time.UTC)] = p.Scorecard
	}
	return out
}

// failedRows are the deployments that a rate counts and those among them that failed.
func failedRows(t *testing.T, fs []Facts, q Query) (failed, all []string) {
	t.Helper()
	e, err := Explain(fs, FigureFailRate, q)
	if err != nil {
		t.Fatal(err)
	}
	failed, all = []string{}, []string{}
	for _, row := range e.Rows {
		id := strings.TrimPrefix(row.Record, "ci/")
		all = append(all, id)
		if row.Value == 1 {
			failed = append(failed, id)
		}
	}
	slices.Sort(failed)
	slices.Sort(all)
	return failed, all
}

func caseMiddlewareFailRate(t *testing.T, c recordedCase) string {
	in := read[operations](t, c.Input)
	want := read[struct {
		Failed  []string `json:"failed_deployments"`
		Total   int      `json:"total_deployments"`
		Percent *float64 `json:"cfr_percent"`
	}](t, c.Expect)
	fs, q := in.facts(), in.query(middleware())
	card := MeasureAll(fs, q)
	agrees(t, "the rate", card.FailRate.State, scaled(card.FailRate.Value, 100), want.Percent)
	slices.Sort(want.Failed)
	if failed, all := failedRows(t, fs, q); len(all) != want.Total || !slices.Equal(failed, want.Failed) {
		t.Errorf("%v of %d failed, want %v of %d", failed, len(all), want.Failed, want.Total)
	}
	return ""
}

// caseAttribution holds under any convention without a limit in time: by the definition, and as derived.
func caseAttribution(t *testing.T, c recordedCase) string {
	in := read[operations](t, c.Input)
	want := read[struct {
		Incidents map[string][]string `json:"deployment_incidents"`
	}](t, c.Expect)
	for _, d := range []Definition{middleware(), DORA()} {
		got := map[string][]string{}
		for _, f := range Recast(in.facts(), in.query(d)) {
			for _, r := range f.Rollouts {
				got[strings.TrimPrefix(r.ID, "ci/")] = []string{}
			}
			for _, l := range f.Incidents {
				if l.Rollout != "" {
					id := strings.TrimPrefix(l.Rollout, "ci/")
					got[id] = append(got[id], strings.TrimPrefix(l.ID, "ci/"))
				}
			}
		}
		if asJSON(t, got) != asJSON(t, want.Incidents) {
			t.Errorf("%s: %v, want %v", d.Name, got, want.Incidents)
		}
	}
	return ""
}

func caseWeeklyFailRate(t *testing.T, c recordedCase) string {
	in := read[operations](t, c.Input)
	want := read[struct {
		Weeks map[time.Time]struct{ Failed, Total []string }
	}](t, c.Expect)
	fs, q := in.facts(), in.query(middleware())
	weeks := seriesOf(t, fs, q, "week")
	if len(weeks) != len(want.Weeks) {
		t.Errorf("%d weeks, want %d", len(weeks), len(want.Weeks))
	}
	for start, week := range want.Weeks {
		part := q
		part.Window = weeks[start].Window
		failed, all := failedRows(t, fs, part)
		slices.Sort(week.Failed)
		slices.Sort(week.Total)
		if !slices.Equal(failed, week.Failed) || !slices.Equal(all, week.Total) || weeks[start].FailRate.Count != len(failed) {
			t.Errorf("%s: %v of %v failed, want %v of %v", start, failed, all, week.Failed, week.Total)
		}
	}
	return ""
}

func caseMiddlewareFrequency(t *testing.T, c recordedCase) string {
	in := read[operations](t, c.Input)
	want := read[struct {
		Count    int
		PerDay   *float64 `json:"per_day_floor"`
		PerWeek  *float64 `json:"per_week"`
		PerMonth *float64 `json:"per_month"`
	}](t, c.Expect)
	also := read[struct {
		Exact *float64 `json:"per_day_exact"`
	}](t, c.Also)
	f := MeasureAll(in.facts(), in.query(middleware())).Frequency
	if f.Rollouts != want.Count {
		t.Errorf("%d deployments, want %d", f.Rollouts, want.Count)
	}
	var rates Rates
	if f.Rates != nil {
		rates = *f.Rates
	}
	agrees(t, "per day", f.State, rates.PerDay, want.PerDay)
	agrees(t, "per week", f.State, rates.PerWeek, want.PerWeek)
	agrees(t, "per month", f.State, rates.PerMonth, want.PerMonth)
	exact := in.query(convention(func(d *Definition) { d.Deployments = "" }))
	exact.Window = Window(in.Window)
	f = MeasureAll(in.facts(), exact).Frequency
	agrees(t, "the exact rate", f.State, f.PerDay, also.Exact)
	return ""
}

func caseWeeklyDeployments(t *testing.T, c recordedCase) string {
	in := read[operations](t, c.Input)
	want := read[struct{ Weeks map[time.Time]int }](t, c.Expect)
	weeks := seriesOf(t, in.facts(), in.query(middleware()), "week")
	for start, n := range want.Weeks {
		if card, there := weeks[start]; !there || card.Frequency.Rollouts != n {
			t.Errorf("%s holds %d, want %d", start, card.Frequency.Rollouts, n)
		}
	}
	return ""
}

func caseShownUnit(t *testing.T, c recordedCase) string {
	in := read[struct {
		PerDay   float64 `json:"per_day"`
		PerWeek  float64 `json:"per_week"`
		PerMonth float64 `json:"per_month"`
	}](t, c.Input)
	want := read[struct {
		Value *float64 `json:"shown_value"`
		Unit  string   `json:"shown_unit"`
		Tier  string
	}](t, c.Expect)
	rates := Rates{PerDay: &in.PerDay, PerWeek: &in.PerWeek, PerMonth: &in.PerMonth}
	value, unit := rates.shown()
	if want.Value != nil && *value != *want.Value || want.Unit != "" && unit != want.Unit {
		t.Errorf("%v a %s is shown, want %+v", *value, unit, want)
	}
	if want.Tier == "" {
		return ""
	}
	levels, err := Levels(Scorecard{Frequency: Frequency{State: OK, PerDay: &in.PerDay, Rates: &rates}}, "middleware")
	if err != nil {
		t.Fatal(err)
	}
	if levels[0].Level != want.Tier {
		t.Errorf("the level is %q, want %q", levels[0].Level, want.Tier)
	}
	return ""
}

type stageGroup struct {
	Coding  float64 `json:"first_commit_to_open"`
	Pickup  float64 `json:"first_response"`
	Rework  float64
	Merge   float64
	Deliver float64  `json:"merge_to_deploy"`
	Count   int      `json:"pr_count"`
	Lead    *float64 `json:"lead_time"`
}

// caseStageMeans makes a pull request of each that a group counts, with its stages in hours, each deployed by itself.
func caseStageMeans(t *testing.T, c recordedCase) string {
	in := read[struct{ Groups []stageGroup }](t, c.Input)
	want := read[stageGroup](t, c.Expect)
	s := newTale()
	line := requestLine{tale: s, service: "svc"}
	at := monday
	for i, g := range in.Groups {
		for j := range g.Count {
			line.staged(fmt.Sprint(i, "-", j), at, g)
			at = at.AddDate(0, 0, 30)
		}
	}
	card := MeasureAll(DeriveAll(s.events, s.rules), asked(middleware(), ever(), ever().To))
	if card.LeadTime.N != want.Count {
		t.Errorf("%d pull requests, want %d", card.LeadTime.N, want.Count)
	}
	stages := map[string]float64{stageCoding: want.Coding, stagePickup: want.Pickup, stageRework: want.Rework, stageMerge: want.Merge, stageDelivery: want.Deliver}
	for _, stage := range card.Stages {
		agrees(t, stage.Name, stage.State, scaled(stage.Headline(), 1.0/3600), new(stages[stage.Name]))
	}
	agrees(t, "lead time", card.LeadTime.State, scaled(card.LeadTime.Headline(), 1.0/3600), want.Lead)
	return ""
}

func (l *requestLine) staged(id string, begun time.Time, g stageGroup) {
	after := func(from time.Time, hours float64) time.Time {
		return from.Add(time.Duration(hours * float64(time.Hour)))
	}
	opened := after(begun, g.Coding)
	reviewed := after(opened, g.Pickup)
	approved := after(reviewed, g.Rework)
	merged := after(approved, g.Merge)
	l.request(PullRequest{ID: id, Author: "a", CreatedAt: opened, MergedAt: merged, Reviews: []Review{
		{At: reviewed, Author: "b", State: "changes_requested"}, {At: approved, Author: "b", State: "approved"},
	}}, begun)
	l.deploy(after(merged, g.Deliver))
}

func caseWeightedMean(t *testing.T, c recordedCase) string {
	in := read[struct {
		Values []struct {
			Value float64
			Count int `json:"pr_count"`
		}
	}](t, c.Input)
	want := read[struct{ Mean *float64 }](t, c.Expect)
	var spans []time.Duration
	for _, v := range in.Values {
		for range v.Count {
			spans = append(spans, time.Duration(math.Round(v.Value*perSecond)))
		}
	}
	state := NoData
	if len(spans) > 0 {
		state = OK
	}
	agrees(t, "the mean", state, headline(mean, SampleOf(spans...), nil), want.Mean)
	return ""
}

func caseMiddlewareRestore(t *testing.T, c recordedCase) string {
	in := read[operations](t, c.Input)
	want := read[struct {
		Mean  *float64 `json:"mean_seconds"`
		Count int
	}](t, c.Expect)
	also := read[struct {
		Median *float64 `json:"median_seconds"`
	}](t, c.Also)
	got := MeasureAll(in.facts(), in.query(middleware())).Recovery
	agrees(t, "the mean", got.State, got.Headline(), want.Mean)
	if got.N != want.Count {
		t.Errorf("%d incidents, want %d", got.N, want.Count)
	}
	d := middleware()
	d.Recovery.Statistic = plainMedian
	got = MeasureAll(in.facts(), in.query(d)).Recovery
	agrees(t, "the median", got.State, got.Headline(), also.Median)
	return ""
}

func caseWeeklyRestore(t *testing.T, c recordedCase) string {
	in := read[operations](t, c.Input)
	want := read[struct {
		Weeks map[time.Time]struct {
			Mean  *float64 `json:"mean_seconds"`
			Count int
		}
	}](t, c.Expect)
	weeks := seriesOf(t, in.facts(), in.query(middleware()), "week")
	if len(weeks) != len(want.Weeks) {
		t.Errorf("%d weeks, want %d", len(weeks), len(want.Weeks))
	}
	for start, week := range want.Weeks {
		got := weeks[start].Recovery
		agrees(t, start.String(), got.State, got.Headline(), week.Mean)
		if got.N != week.Count {
			t.Errorf("%s: %d incidents, want %d", start, got.N, week.Count)
		}
	}
	return ""
}

// caseRequestStages reads the stages of a pull request as a definition of parts does; one that is open has those that are over.
func caseRequestStages(t *testing.T, c recordedCase) string {
	in := read[struct {
		Request struct {
			CreatedAt time.Time `json:"created_at"`
			State     string
			ClosedAt  *time.Time `json:"closed_at"`
			Author    string
		} `json:"pull_request"`
		Events []struct {
			Type, State, Author string
			At                  time.Time
		}
	}](t, c.Input)
	pr := PullRequest{ID: "1", Repository: "svc", Author: orWord(in.Request.Author, "author"), CreatedAt: in.Request.CreatedAt}
	if in.Request.State == "merged" && in.Request.ClosedAt != nil {
		pr.MergedAt = *in.Request.ClosedAt
	}
	for _, e := range in.Events {
		switch e.Type {
		case "ready_for_review":
			return leftDrafts
		case "review":
			pr.Reviews = append(pr.Reviews, Review{At: e.At, Author: e.Author, State: e.State})
		}
	}
	change := changeOf(pr)
	var r Rollout
	parts := map[string]stagePart{}
	for _, kind := range []string{partsRequested, partsApproved} {
		rules := LeadTimeRules{Parts: kind}
		for _, p := range rules.parts(&r, &change) {
			parts[p.name] = p
		}
	}
	stage := map[string]string{"first_response": stagePickup, "rework": stageRework, "merge": stageMerge, "cycle": ""}
	for name, want := range read[map[string]*float64](t, c.Expect) {
		key, known := stage[name]
		if !known {
			t.Fatalf("which stage is %s?", name)
		}
		var got *float64
		if p := parts[key]; p.known {
			got = new(p.took.Seconds())
		}
		agrees(t, name, OK, got, want)
	}
	return ""
}

// changeOf derives what a change knows of its pull request.
func changeOf(pr PullRequest) Change {
	s := newTale()
	s.add(Commit{ID: "base", Repository: "svc", AuthoredAt: pr.CreatedAt})
	s.add(Commit{ID: "own", Repository: "svc", AuthoredAt: pr.CreatedAt, Parents: []string{"base"}})
	merged := pr.MergedAt
	pr.Commits, pr.MergeCommit = []string{"own"}, "own" // an open one is read like a merged one, but for its merge
	s.add(pr)
	first, second := deployed("svc", "1", pr.CreatedAt), deployed("svc", "2", pr.CreatedAt.AddDate(1, 0, 0))
	first.Revision, second.Revision = "base", "own"
	s.add(first).add(second)
	for _, r := range DeriveAll(s.events, s.rules)[0].Rollouts {
		for _, change := range r.Changes {
			change.MergedAt = merged
			return change
		}
	}
	return Change{}
}

// caseBranches: the rule is the whole answer there, since nothing was deployed before.
func caseBranches(t *testing.T, c recordedCase) string {
	in := read[struct {
		Requests []struct {
			ID, Head, Base, State string
			MergedAt              *time.Time `json:"merged_at"`
		} `json:"pull_requests"`
		Deployment struct {
			Branch     string
			FinishedAt time.Time `json:"finished_at"`
		}
	}](t, c.Input)
	want := read[struct {
		Requests []string `json:"pull_requests"`
	}](t, c.Expect)
	var all []record[PullRequest]
	for _, r := range in.Requests {
		pr := PullRequest{ID: r.ID, Head: r.Head, Base: r.Base}
		if r.State == "merged" && r.MergedAt != nil {
			pr.MergedAt = *r.MergedAt
		}
		all = append(all, record[PullRequest]{Key: Key{ID: r.ID}, Value: pr})
	}
	got := []string{}
	for _, i := range newBranches(newRequests(newAncestry(newGraph(nil, nil)), all)).contained(in.Deployment.Branch, in.Deployment.FinishedAt) {
		got = append(got, all[i].ID)
	}
	slices.Sort(got)
	slices.Sort(want.Requests)
	if !slices.Equal(got, want.Requests) {
		t.Errorf("it contains %v, want %v", got, want.Requests)
	}
	return ""
}

func caseRevertBranch(t *testing.T, c recordedCase) string {
	in := read[struct {
		Head string `json:"head_branch"`
	}](t, c.Input)
	want := read[struct {
		Prefix *string `json:"reverted_commit_prefix"`
	}](t, c.Expect)
	var commits []string
	if want.Prefix != nil {
		commits = []string{*want.Prefix}
	}
	if got := revertedByRequest(PullRequest{Head: in.Head}).commits; !slices.Equal(got, commits) {
		t.Errorf("%q reverts %v, want %v", in.Head, got, commits)
	}
	return ""
}

type caseRequest struct {
	ID, Repo   string
	Number     int64
	HeadBranch string `json:"head_branch"`
	Title      string
}

func caseRevertRequests(t *testing.T, c recordedCase) string {
	in := read[struct {
		Reverts []caseRequest `json:"candidate_reverts"`
		Merged  []caseRequest `json:"merged_pull_requests"`
	}](t, c.Input)
	want := read[struct {
		Requests []string `json:"incident_pull_requests"`
	}](t, c.Expect)
	var got []string
	for _, merged := range in.Merged {
		for _, r := range in.Reverts {
			taken := revertedByRequest(PullRequest{Repository: r.Repo, Head: r.HeadBranch, Title: r.Title})
			if r.Repo == merged.Repo && slices.Contains(taken.numbers, merged.Number) {
				got = append(got, merged.ID)
			}
		}
	}
	if asJSON(t, got) != asJSON(t, want.Requests) && len(got)+len(want.Requests) > 0 {
		t.Errorf("reverted are %v, want %v", got, want.Requests)
	}
	return ""
}
