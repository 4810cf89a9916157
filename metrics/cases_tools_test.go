package metrics

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func caseGitlabTier(t *testing.T, c recordedCase) string {
	in := read[struct {
		Metric string
		Value  *float64
	}](t, c.Input)
	want := read[struct{ Tier *string }](t, c.Expect)
	var card Scorecard
	state := NoData
	if in.Value != nil {
		state = OK
	}
	card.Frequency, card.LeadTime = Frequency{State: state, PerDay: in.Value}, Duration{State: state, Value: in.Value}
	card.FailRate, card.Recovery = Share{State: state, Value: in.Value}, Survival{State: state, Value: in.Value}
	levels, err := Levels(card, "gitlab")
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{"deployment_frequency": 0, "lead_time_for_changes": 1, "change_failure_rate": 2, "time_to_restore_service": 3}
	i, known := at[in.Metric]
	if !known {
		t.Fatalf("which figure is %s?", in.Metric)
	}
	tier := ""
	if want.Tier != nil {
		tier = *want.Tier
	}
	if levels[i].Level != tier {
		t.Errorf("the level is %q, want %q", levels[i].Level, tier)
	}
	return ""
}

// gitlabExpect is what a case of GitLab's daily figures can state.
type gitlabExpect struct {
	All            *float64
	Daily, Monthly map[string]*float64
	MedianSeconds  *float64 `json:"median_seconds"`
	CountDay0      *float64 `json:"count_day_0"`
}

// gitlabCheck compares a figure over all days of the case, by month and by day.
func (want gitlabExpect) check(t *testing.T, fs []Facts, days []string, of func(Scorecard) (State, *float64)) {
	t.Helper()
	q := asked(gitlab(), ever(), ever().To)
	if len(days) > 0 {
		q.Window = Window{From: dateOf(t, slices.Min(days)), To: dateOf(t, slices.Max(days)).AddDate(0, 0, 1)}
	}
	if want.All != nil {
		state, got := of(MeasureAll(fs, q))
		agrees(t, "the whole", state, got, want.All)
	}
	for size, values := range map[string]map[string]*float64{"month": want.Monthly, "day": want.Daily} {
		points, err := Series(fs, q, size)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			if value, stated := values[p.From.Format(time.DateOnly)]; stated {
				state, got := of(p.Scorecard)
				agrees(t, size+" "+p.Label, state, got, value)
			}
		}
	}
}

func caseGitlabFrequency(t *testing.T, c recordedCase) string {
	in := read[struct {
		Days        map[string]*int
		Deployments []struct {
			Day    int
			Status string
		}
	}](t, c.Input)
	want := read[gitlabExpect](t, c.Expect)
	s := newTale()
	for date, n := range in.Days {
		for i := range intOr0(n) {
			s.add(deployed("svc", fmt.Sprint(date, "-", i), dateOf(t, date).Add(time.Duration(i)*time.Hour)))
		}
	}
	today := monday
	for i, d := range in.Deployments {
		one := deployed("svc", fmt.Sprint(i), today.AddDate(0, 0, d.Day).Add(12*time.Hour))
		if d.Status != "success" {
			one.Status = Failed
		}
		s.add(one)
	}
	fs := DeriveAll(s.events, s.rules)
	want.check(t, fs, slices.Collect(maps.Keys(in.Days)), func(card Scorecard) (State, *float64) {
		return card.Frequency.State, new(float64(card.Frequency.Rollouts))
	})
	if want.CountDay0 != nil {
		card := MeasureAll(fs, asked(gitlab(), Window{From: today, To: today.AddDate(0, 0, 1)}, ever().To))
		agrees(t, "the day's count", card.Frequency.State, new(float64(card.Frequency.Rollouts)), want.CountDay0)
	}
	return ""
}

func intOr0(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// A day's median is that of one incident closed, or one request deployed, that day.
func caseGitlabSpans(t *testing.T, c recordedCase) string {
	in := read[struct {
		Daily         map[string]*float64 `json:"daily_median_seconds"`
		DeploymentDay int                 `json:"deployment_day"`
		Merged        []int               `json:"merged_days_before"`
	}](t, c.Input)
	want := read[gitlabExpect](t, c.Expect)
	s := newTale()
	line := requestLine{tale: s, service: "svc"}
	for _, date := range slices.Sorted(maps.Keys(in.Daily)) {
		if seconds := in.Daily[date]; seconds != nil {
			at := dateOf(t, date).Add(20 * time.Hour)
			took := time.Duration(*seconds * float64(time.Second))
			s.add(Incident{ID: date, Service: "svc", StartedAt: at.Add(-took), ResolvedAt: at})
			line.request(PullRequest{ID: date, CreatedAt: at.Add(-took), MergedAt: at.Add(-took)}, at.Add(-took))
			line.deploy(at)
		}
	}
	if len(in.Merged) > 0 {
		at := monday.AddDate(0, 0, in.DeploymentDay)
		for i, days := range in.Merged {
			merged := at.AddDate(0, 0, -days)
			line.request(PullRequest{ID: fmt.Sprint(i), CreatedAt: merged, MergedAt: merged}, merged)
		}
		line.deploy(at)
	}
	of := func(card Scorecard) (State, *float64) { return card.Recovery.State, card.Recovery.Headline() }
	if c.Metric == "lead_time_for_changes" {
		of = func(card Scorecard) (State, *float64) { return card.LeadTime.State, card.LeadTime.Headline() }
	}
	fs := DeriveAll(s.events, s.rules)
	want.check(t, fs, slices.Collect(maps.Keys(in.Daily)), of)
	if want.MedianSeconds != nil {
		state, got := of(MeasureAll(fs, asked(gitlab(), ever(), ever().To)))
		agrees(t, "the median", state, got, want.MedianSeconds)
	}
	return ""
}

// requestLine puts pull requests of one service on its main branch, and deploys what is there. It begins with something deployed
// long before, so that the first request is not a baseline's.
type requestLine struct {
	*tale
	service string
	tip     string
	n       int
}

func (l *requestLine) begin() {
	if l.tip == "" {
		l.tip = l.service + " root"
		l.add(Commit{ID: l.tip, Repository: l.service, AuthoredAt: ever().From})
		first := deployed(l.service, "first", ever().From.Add(time.Second))
		first.Revision, first.FinishedAt = l.tip, ever().From.Add(-time.Hour)
		l.add(first)
	}
}

// request adds one with a commit for each authored time, and its merge.
func (l *requestLine) request(pr PullRequest, authored ...time.Time) {
	l.begin()
	main := l.tip
	own := main
	for i, at := range authored {
		sha := fmt.Sprintf("%s request %s commit %d", l.service, pr.ID, i)
		l.add(Commit{ID: sha, Repository: l.service, AuthoredAt: at, CommittedAt: at, Parents: []string{own}})
		pr.Commits = append(pr.Commits, sha)
		own = sha
	}
	pr.MergeCommit = fmt.Sprintf("%s request %s merge", l.service, pr.ID)
	l.add(Commit{ID: pr.MergeCommit, Repository: l.service, AuthoredAt: pr.MergedAt, Parents: []string{main, own}})
	pr.Repository = l.service
	l.add(pr)
	l.tip = pr.MergeCommit
}

// commit adds one straight to the main branch.
func (l *requestLine) commitAt(at time.Time) {
	l.begin()
	sha := fmt.Sprintf("%s commit %d", l.service, l.n)
	l.n++
	l.add(Commit{ID: sha, Repository: l.service, AuthoredAt: at, CommittedAt: at, Parents: []string{l.tip}})
	l.tip = sha
}

func (l *requestLine) deploy(at time.Time) {
	l.begin()
	d := deployed(l.service, fmt.Sprint(l.n, " at ", at.Unix()), at)
	l.n++
	d.Revision = l.tip
	l.add(d)
}

func caseGitlabFailRate(t *testing.T, c recordedCase) string {
	in := read[struct {
		Days map[string]struct{ Deployments, Incidents *int }
	}](t, c.Input)
	want := read[gitlabExpect](t, c.Expect)
	s := newTale()
	for date, n := range in.Days {
		for i := range intOr0(n.Deployments) {
			s.add(deployed("svc", fmt.Sprint(date, "-", i), dateOf(t, date).Add(time.Duration(i)*time.Hour)))
		}
		for i := range intOr0(n.Incidents) {
			s.add(Incident{ID: fmt.Sprint(date, "-", i), Service: "svc", StartedAt: dateOf(t, date).Add(time.Duration(i) * time.Hour)})
		}
		if n.Deployments != nil && n.Incidents == nil {
			delete(want.Daily, date) // the peer has not looked for incidents that day; here none is none
		}
	}
	want.check(t, DeriveAll(s.events, s.rules), slices.Collect(maps.Keys(in.Days)), func(card Scorecard) (State, *float64) {
		return card.FailRate.State, card.FailRate.Value
	})
	return ""
}

// caseFourKeysTier lays the days out in weeks from a Sunday.
func caseFourKeysTier(t *testing.T, c recordedCase) string {
	in := read[struct {
		Days []int `json:"deployment_days_per_week"`
	}](t, c.Input)
	want := read[struct{ Tier string }](t, c.Expect)
	sunday := time.Date(2024, 1, 7, 0, 0, 0, 0, time.UTC)
	s := newTale()
	for week, n := range in.Days {
		for day := range n {
			s.add(deployed("svc", fmt.Sprint(week, "-", day), sunday.AddDate(0, 0, 7*week+day).Add(time.Hour)))
		}
	}
	q := asked(fourKeys(), Window{From: sunday, To: sunday.AddDate(0, 0, 7*len(in.Days))}, ever().To)
	card := MeasureAll(DeriveAll(s.events, s.rules), q)
	levels, err := Levels(card, "fourkeys")
	if err != nil {
		t.Fatal(err)
	}
	got := levels[0].Level
	switch {
	case card.Frequency.State == NoData:
		if got != "" {
			t.Errorf("nothing is placed %q", got)
		}
	case want.Tier == "below weekly":
		if got != "Monthly" && got != "Yearly" {
			t.Errorf("the level is %q, want one below weekly", got)
		}
	case got != want.Tier:
		t.Errorf("the level is %q, want %q", got, want.Tier)
	}
	return ""
}

func caseFourKeysLead(t *testing.T, c recordedCase) string {
	in := read[struct{ Minutes []float64 }](t, c.Input)
	want := read[struct {
		Median *float64
		Tier   string
	}](t, c.Expect)
	s := newTale()
	line := requestLine{tale: s, service: "svc"}
	for _, m := range in.Minutes {
		line.commitAt(clock(12, 0).Add(-time.Duration(m * float64(time.Minute))))
	}
	if len(in.Minutes) > 0 {
		line.deploy(clock(12, 0))
	}
	card := MeasureAll(DeriveAll(s.events, s.rules), asked(fourKeys(), ever(), ever().To))
	agrees(t, "lead time in minutes", card.LeadTime.State, scaled(card.LeadTime.Headline(), 1.0/60), want.Median)
	levels, err := Levels(card, "fourkeys")
	if err != nil {
		t.Fatal(err)
	}
	if got := levels[1].Level; card.LeadTime.State == NoData && got != "" || card.LeadTime.State == OK && want.Tier != "" && got != want.Tier {
		t.Errorf("the level is %q, want %q", got, want.Tier)
	}
	return ""
}

// A convention of rows counts an incident as often as it is listed: each row is then a record of its own.
func caseFourKeysFailRate(t *testing.T, c recordedCase) string {
	in := read[struct {
		Deployments int
		Rows        [][]string `json:"incident_rows_per_deployment"`
	}](t, c.Input)
	want := read[struct{ Ratio *float64 }](t, c.Expect)
	s := newTale()
	for i := range in.Deployments {
		d := deployed("svc", fmt.Sprint(i), clock(i, 0))
		s.add(d)
		if i >= len(in.Rows) {
			continue
		}
		for j, incident := range in.Rows[i] {
			if strings.HasPrefix(c.Convention, "joined") {
				incident += fmt.Sprint(" row ", j)
			}
			s.add(Incident{ID: incident, Service: "svc", StartedAt: clock(i, 30), Deployment: d.ID})
		}
	}
	card := MeasureAll(DeriveAll(s.events, s.rules), asked(fourKeys(), ever(), ever().To))
	agrees(t, "incidents per deployment", card.FailRate.State, card.FailRate.Value, want.Ratio)
	return ""
}

// pelorusInput is a scenario of that tool: images, the commits that they were built from, and issues.
type pelorusInput struct {
	Deployments, Commits []struct {
		App, Artifact string
		At            int64
	}
	Opened   []pelorusIssue `json:"incidents_opened"`
	Resolved []pelorusIssue `json:"incidents_resolved"`
}

type pelorusIssue struct {
	App, Issue string
	At         int64
}

type pelorusFigures struct {
	Lead        *float64 `json:"lead_time"`
	Restore     *float64
	CFR         *float64
	Deployments *int
}

func casePelorus(t *testing.T, c recordedCase) string {
	in := read[pelorusInput](t, c.Input)
	want := read[struct {
		Deployments *int
		Lead        map[string]float64        `json:"lead_time_mean_by_app"`
		Restore     map[string]float64        `json:"restore_mean_by_app"`
		CFR         map[string]float64        `json:"cfr_by_app"`
		LeadAll     *float64                  `json:"lead_time_global"`
		RestoreAll  *float64                  `json:"restore_global"`
		CFRAll      *float64                  `json:"cfr_global"`
		Groups      map[string]pelorusFigures `json:"by_group"`
	}](t, c.Expect)
	also := read[struct {
		Lead       map[string]float64 `json:"lead_time_median_by_app"`
		LeadAll    *float64           `json:"lead_time_median_all"`
		RestoreAll *float64           `json:"restore_median_all"`
	}](t, c.Also)
	fs := in.facts()
	of := func(d Definition, holds func(string) bool) Scorecard {
		slice := slices.DeleteFunc(slices.Clone(fs), func(f Facts) bool { return !holds(f.Service) })
		return MeasureAll(slice, asked(d, ever(), ever().To))
	}
	all := of(pelorus(), func(string) bool { return true })
	if want.Deployments != nil && all.Frequency.Rollouts != *want.Deployments {
		t.Errorf("%d deployments, want %d", all.Frequency.Rollouts, *want.Deployments)
	}
	if want.LeadAll != nil {
		agrees(t, "lead time", all.LeadTime.State, all.LeadTime.Headline(), want.LeadAll)
		agrees(t, "restore", all.Recovery.State, all.Recovery.Headline(), want.RestoreAll)
		agrees(t, "fail rate", all.FailRate.State, all.FailRate.Value, want.CFRAll)
	}
	for app, v := range want.Lead {
		card := of(pelorus(), func(name string) bool { return name == app })
		agrees(t, "lead time of "+app, card.LeadTime.State, card.LeadTime.Headline(), &v)
		agrees(t, "restore of "+app, card.Recovery.State, card.Recovery.Headline(), new(want.Restore[app]))
		agrees(t, "fail rate of "+app, card.FailRate.State, card.FailRate.Value, new(want.CFR[app]))
	}
	for group, v := range want.Groups {
		card := of(pelorus(), func(name string) bool { return strings.Contains(name, "/"+group+"/") })
		agrees(t, "lead time of "+group, card.LeadTime.State, card.LeadTime.Headline(), v.Lead)
		agrees(t, "restore of "+group, card.Recovery.State, card.Recovery.Headline(), v.Restore)
		agrees(t, "fail rate of "+group, card.FailRate.State, toDigits(card.FailRate.Value, 3), toDigits(v.CFR, 3))
		if v.Deployments != nil && card.Frequency.Rollouts != *v.Deployments {
			t.Errorf("%s: %d deployments, want %d", group, card.Frequency.Rollouts, *v.Deployments)
		}
	}
	medians := pelorus()
	medians.LeadTime.Statistic, medians.Recovery.Statistic = "", plainMedian
	for app, v := range also.Lead {
		card := of(medians, func(name string) bool { return name == app })
		agrees(t, "median lead time of "+app, card.LeadTime.State, card.LeadTime.Headline(), &v)
	}
	card := of(medians, func(string) bool { return true })
	if also.LeadAll != nil {
		agrees(t, "median lead time", card.LeadTime.State, card.LeadTime.Headline(), also.LeadAll)
	}
	if also.RestoreAll != nil {
		agrees(t, "median restore", card.Recovery.State, card.Recovery.Headline(), also.RestoreAll)
	}
	return ""
}

// facts gives each image a commit of its own, because that tool dates a commit by the image that was built from it.
func (in pelorusInput) facts() []Facts {
	s := newTale()
	for _, d := range in.Deployments {
		one := deployed(d.App, d.Artifact, time.Unix(d.At, 0).UTC())
		one.Revision = d.App + "@" + d.Artifact
		s.add(one)
	}
	for _, k := range in.Commits {
		at := time.Unix(k.At, 0).UTC()
		s.add(Commit{ID: k.App + "@" + k.Artifact, Repository: k.App, AuthoredAt: at, CommittedAt: at})
	}
	for _, i := range in.Opened {
		if i.App == "unknown" {
			continue
		}
		incident := Incident{ID: i.App + "#" + i.Issue, Service: i.App, StartedAt: time.Unix(i.At, 0).UTC()}
		for _, r := range in.Resolved {
			if r.App == i.App && r.Issue == i.Issue {
				incident.ResolvedAt = time.Unix(r.At, 0).UTC()
			}
		}
		s.add(incident)
	}
	return DeriveAll(s.events, s.rules)
}
