package metrics

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// listRunners are those of the tools that compute from plain lists of releases, requests and issues.
func listRunners() map[string]caseRunner {
	return map[string]caseRunner{
		"rhdh/change_failure_rate":    caseListedFailRate,
		"rhdh/deployment_frequency":   caseListedFrequency,
		"rhdh/lead_time":              caseListedLead,
		"rhdh/median":                 caseMedian,
		"rhdh/time_to_restore_mean":   caseListedRestore,
		"stenjo/change_failure_rate":  caseReleaseFailRate,
		"stenjo/deployment_frequency": caseReleaseFrequency,
		"stenjo/lead_time":            caseReleaseLead,
		"stenjo/time_to_restore":      func(*testing.T, recordedCase) string { return leftReleases },
	}
}

// caseListedFailRate runs under the other convention that the case states: closed intervals, which never judge the newest deployment,
// are not offered.
func caseListedFailRate(t *testing.T, c recordedCase) string {
	in := read[struct {
		Deployments []struct {
			At                  time.Time
			Environment, Status string
		}
		Opened []time.Time `json:"incidents_opened"`
	}](t, c.Input)
	also := read[struct {
		Percent *float64 `json:"last_deployment_before_convention_percent"`
	}](t, c.Also)
	if also.Percent == nil {
		return "scores closed intervals between deployments only, and so never the newest"
	}
	s := newTale()
	for i, d := range in.Deployments {
		one := deployed("svc", fmt.Sprint(i), d.At)
		one.Environment = d.Environment
		if d.Status != "success" {
			one.Status = Failed
		}
		s.add(one)
	}
	for i, at := range in.Opened {
		s.add(Incident{ID: fmt.Sprint(i), Service: "svc", StartedAt: at})
	}
	got := MeasureAll(DeriveAll(s.events, s.rules), asked(latestBlamed(), ever(), ever().To)).FailRate
	agrees(t, "the rate", got.State, toDigits(scaled(got.Value, 100), 4), also.Percent)
	return ranByOther
}

// latestBlamed blames the latest deployment for an incident, and fails a deployment for nothing else.
func latestBlamed() Definition {
	return convention(func(d *Definition) { d.Incidents.Blame, d.FailRate.Causes = blameLatest, causesIncident })
}

func caseListedFrequency(t *testing.T, c recordedCase) string {
	in := read[struct {
		Environments []*string `json:"environments_of_successful_deployments"`
		Production   []string  `json:"production_environments"`
	}](t, c.Input)
	want := read[struct {
		PerWeek *float64 `json:"per_week"`
	}](t, c.Expect)
	s := newTale()
	s.rules.Environments = nil
	for _, name := range in.Production {
		s.rules.Environments = append(s.rules.Environments, EnvironmentRule{Pattern: name, Kind: Production})
	}
	for i, name := range in.Environments {
		one := deployed("svc", fmt.Sprint(i), clock(i, 0))
		one.Environment = ""
		if name != nil {
			one.Environment = *name
		}
		s.add(one)
	}
	f := MeasureAll(DeriveAll(s.events, s.rules), asked(convention(nil), Window{From: monday, To: monday.AddDate(0, 0, 30)}, ever().To)).Frequency
	agrees(t, "per week", f.State, toDigits(f.PerWeek, 4), want.PerWeek)
	return ""
}

func caseListedLead(t *testing.T, c recordedCase) string {
	type shipment struct {
		ID string
		At time.Time
	}
	in := read[struct {
		Deployments []shipment
		Before      json.RawMessage        `json:"deployment_before_window"`
		First       map[string][]time.Time `json:"first_commit_of_pull_requests_by_deployment"`
	}](t, c.Input)
	want := read[struct {
		Median *float64 `json:"median_hours"`
	}](t, c.Expect)
	all := in.Deployments
	if text := string(in.Before); text != "" && text != "null" {
		before := shipment{ID: "before"}
		if strings.HasPrefix(text, `"`) { // the time alone
			before.At = read[time.Time](t, in.Before)
		} else {
			before = read[shipment](t, in.Before)
		}
		all = append([]shipment{before}, all...)
	}
	slices.SortFunc(all, func(a, b shipment) int { return a.At.Compare(b.At) })
	s := newTale()
	line := requestLine{tale: s, service: "svc", tip: "nothing before"} // the first deployment known is then a baseline
	for _, d := range all {
		line.commitAt(d.At.AddDate(-1, 0, 0))
		for i, first := range in.First[d.ID] {
			line.request(PullRequest{ID: d.ID + "-" + fmt.Sprint(i), CreatedAt: first, MergedAt: d.At.Add(-time.Minute)}, first)
		}
		line.deploy(d.At)
	}
	d := convention(func(d *Definition) { d.LeadTime.Per, d.LeadTime.From = perRequest, fromFirstCommit })
	got := MeasureAll(DeriveAll(s.events, s.rules), asked(d, ever(), ever().To)).LeadTime
	agrees(t, "hours", got.State, scaled(got.Headline(), 1.0/3600), want.Median)
	return ""
}

func caseMedian(t *testing.T, c recordedCase) string {
	in, want := read[struct{ Values []float64 }](t, c.Input), read[struct{ Median *float64 }](t, c.Expect)
	var spans []time.Duration
	for _, v := range in.Values {
		spans = append(spans, time.Duration(v*perSecond))
	}
	state := NoData
	if len(spans) > 0 {
		state = OK
	}
	agrees(t, "the median", state, headline(plainMedian, SampleOf(spans...), nil), want.Median)
	return ""
}

func caseListedRestore(t *testing.T, c recordedCase) string {
	in := read[operations](t, c.Input)
	want := read[struct {
		Mean *float64 `json:"mean_hours"`
	}](t, c.Expect)
	also := read[struct {
		Median *float64 `json:"median_hours"`
	}](t, c.Also)
	for i := range in.Incidents {
		in.Incidents[i].ID = fmt.Sprint(i)
	}
	for statistic, value := range map[string]*float64{mean: want.Mean, plainMedian: also.Median} {
		d := convention(func(d *Definition) { d.Recovery = RecoveryRules{Of: ofIncidents, Statistic: statistic} })
		got := MeasureAll(in.facts(), in.query(d)).Recovery
		agrees(t, statistic, got.State, scaled(got.Headline(), 1.0/3600), value)
	}
	return ""
}

type release struct {
	At   time.Time
	Repo string
}

// releases are a repository's releases and its bugs as issues, or its pull requests.
type releases struct {
	Now      time.Time
	Releases []release
	Bugs     []struct {
		At   time.Time
		Repo string
	}
	Filter   bool `json:"only_feat_fix"`
	Requests []struct {
		Merged     *time.Time
		Commits    []time.Time
		Repo, Base string
	} `json:"pull_requests"`
}

// future reports that a release is dated after the moment of asking.
func (r releases) future() bool {
	return slices.ContainsFunc(r.Releases, func(one release) bool { return one.At.After(r.Now) })
}

// odd says what sets the case's rules apart from those on offer: a request takes the next release of the list where that is not the
// next in time, or enters the window by its merge and not by its release.
func (r releases) odd() string {
	from := r.Now.AddDate(0, 0, -31)
	for _, pr := range r.Requests {
		if pr.Merged == nil {
			continue
		}
		var listed, next time.Time
		for _, one := range r.Releases {
			if one.Repo == pr.Repo && one.At.After(*pr.Merged) {
				listed = cmpTime(listed, one.At)
				if next.IsZero() || one.At.Before(next) {
					next = one.At
				}
			}
		}
		if !listed.Equal(next) {
			return leftListOrder
		}
		if pr.Merged.Before(from) && next.After(from) {
			return leftByMerge
		}
	}
	return ""
}

func (r releases) query(d Definition, days float64) Query {
	return asked(d, closed(r.Now.Add(-time.Duration(days*24*float64(time.Hour))), r.Now), r.Now)
}

func (r releases) operated() []Facts {
	s := newTale()
	for i, one := range r.Releases {
		s.add(deployed(one.Repo, fmt.Sprint(i), one.At))
	}
	for i, bug := range r.Bugs {
		s.add(Incident{ID: fmt.Sprint(i), Service: bug.Repo, StartedAt: bug.At})
	}
	return DeriveAll(s.events, s.rules)
}

func caseReleaseFailRate(t *testing.T, c recordedCase) string {
	in := read[releases](t, c.Input)
	want := read[struct {
		Percent *float64 `json:"cfr_percent"`
	}](t, c.Expect)
	if in.future() {
		return leftFuture
	}
	got := MeasureAll(in.operated(), in.query(latestBlamed(), 31)).FailRate
	agrees(t, "the rate", got.State, toDigits(scaled(got.Value, 100), 0), want.Percent)
	return ""
}

// caseReleaseFrequency takes the distance in whole days, rounded, as the half day within which it rounds.
func caseReleaseFrequency(t *testing.T, c recordedCase) string {
	in := read[releases](t, c.Input)
	want := read[struct {
		Weekly *int
		Rate   *string
	}](t, c.Expect)
	if in.future() {
		return leftFuture
	}
	fs := in.operated()
	if n := MeasureAll(fs, in.query(convention(nil), 7.5)).Frequency.Rollouts; want.Weekly != nil && n != *want.Weekly {
		t.Errorf("%d in the week, want %d", n, *want.Weekly)
	}
	if want.Rate != nil {
		rate, err := strconv.ParseFloat(*want.Rate, 64)
		if err != nil {
			t.Fatal(err)
		}
		f := MeasureAll(fs, in.query(convention(nil), 30.5)).Frequency
		agrees(t, "a week's rate of a month of 30 days", f.State, toDigits(scaled(f.PerWeek, 30.5/30), 2), &rate)
	}
	return ""
}

func caseReleaseLead(t *testing.T, c recordedCase) string {
	in := read[releases](t, c.Input)
	want := read[struct {
		Mean *float64 `json:"mean_days"`
	}](t, c.Expect)
	if in.Filter {
		return leftTitles
	}
	if in.future() {
		return leftFuture
	}
	if odd := in.odd(); odd != "" {
		return odd
	}
	d := convention(func(d *Definition) {
		d.LeadTime = LeadTimeRules{Per: perRequest, From: fromFirstCommit, Statistic: mean}
	})
	got := MeasureAll(in.delivered(), in.query(d, 31)).LeadTime
	agrees(t, "days", got.State, toDigits(scaled(got.Headline(), 1.0/86400), 2), want.Mean)
	return ""
}

// delivered plays merges and releases back in the order of time, each repository by itself.
func (r releases) delivered() []Facts {
	type moment struct {
		at   time.Time
		then func()
	}
	s := newTale()
	lines := map[string]*requestLine{}
	of := func(repo string) *requestLine {
		if lines[repo] == nil {
			lines[repo] = &requestLine{tale: s, service: repo}
		}
		return lines[repo]
	}
	var moments []moment
	for i, pr := range r.Requests {
		if pr.Merged != nil && len(pr.Commits) > 0 && strings.EqualFold(pr.Base, "main") {
			moments = append(moments, moment{*pr.Merged, func() {
				of(pr.Repo).request(PullRequest{ID: fmt.Sprint(i), CreatedAt: slices.MinFunc(pr.Commits, time.Time.Compare), MergedAt: *pr.Merged}, pr.Commits...)
			}})
		}
	}
	for _, one := range r.Releases {
		moments = append(moments, moment{one.At, func() { of(one.Repo).deploy(one.At) }})
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return a.at.Compare(b.at) })
	for _, m := range moments {
		m.then()
	}
	return DeriveAll(s.events, s.rules)
}
