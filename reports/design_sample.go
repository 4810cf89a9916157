package reports

import (
	"encoding/json"
	"fmt"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
	"shiphabit/metrics/gate"
)

// sampleAt is the instant of everything made up for the page of the design: a fixed one, so that the page is the same each day.
var sampleAt = time.Date(2026, time.March, 20, 15, 30, 0, 0, time.UTC)

// sample is the made-up record that the components are shown with. Nothing is computed here: metrics and gate measure it like any other.
type sample struct {
	frame            Frame
	facts, few, none metrics.Facts
}

func newSample(f Frame) sample {
	f.Path, f.AsOf = DesignPath, sampleAt
	f.View = ParseView(nil, Horizon{Now: sampleAt, Zone: time.UTC}, f.Editions)
	return sample{frame: f, facts: sampleFacts(60), few: sampleFacts(4), none: metrics.Facts{Service: "unseen"}}
}

// DesignPath is the address of the page of the design.
const DesignPath = "/about/design"

// Link keeps the links of the examples on the page: what they would open is made up.
func (sample) Link(string, ...string) string { return DesignPath + "#components" }

// IndexPath and Explain are such links.
func (s sample) IndexPath(string) string { return s.Link("") }

// Explain is what a figure would open.
func (s sample) Explain(string) string { return s.Link("") }

// sampleFacts are deployments on working days up to the day before, the newest in any case; every eleventh fails and is rolled back.
func sampleFacts(n int) metrics.Facts {
	f := metrics.Facts{Service: "example"}
	day := sampleAt.AddDate(0, 0, -n*7/5-1)
	for i := range n {
		for day = day.AddDate(0, 0, 1); day.Weekday() == time.Saturday || day.Weekday() == time.Sunday; {
			day = day.AddDate(0, 0, 1)
		}
		at := time.Date(day.Year(), day.Month(), day.Day(), 9+i*5%7, i*17%60, 0, 0, time.UTC)
		f.Rollouts = append(f.Rollouts, sampleRollouts(i, at)...)
	}
	return f
}

// sampleRollouts is a deployment, with its rollback when it failed.
func sampleRollouts(i int, at time.Time) []metrics.Rollout {
	one := metrics.Rollout{
		ID: fmt.Sprintf("example/%d", i), Service: "example", Environment: "production", EnvironmentKind: metrics.Production, Version: fmt.Sprintf("1.%d.0", i),
		StartedAt: at.Add(-4 * time.Minute), FinishedAt: at, SucceededAt: at, KnownAt: at, Kind: metrics.Planned, Baseline: i == 0,
	}
	one.Attempts = []metrics.Attempt{{ID: one.ID, StartedAt: one.StartedAt, FinishedAt: at, Status: metrics.Succeeded}}
	for n := range 1 + i%3 {
		one.Changes = append(one.Changes, metrics.Change{SHA: fmt.Sprintf("%07x", i*16+n), AuthoredAt: at.Add(-time.Duration(3+(i*7+n*5)%40) * time.Hour)})
	}
	if i%11 != 7 {
		return []metrics.Rollout{one}
	}
	back := at.Add(time.Duration(20+i) * time.Minute)
	one.Failures = []metrics.Failure{{Cause: metrics.CauseRollback, At: back, KnownAt: back, Evidence: one.ID + "-back", Confidence: metrics.Stated}}
	one.Recovery = &metrics.Recovery{At: back, By: "rollback", Evidence: one.ID + "-back"}
	undo := one
	undo.ID, undo.Kind, undo.Of, undo.Failures, undo.Recovery, undo.Changes = one.ID+"-back", metrics.Rollback, one.ID, nil, nil, nil
	undo.StartedAt, undo.FinishedAt, undo.SucceededAt, undo.KnownAt = back.Add(-time.Minute), back, back, back
	undo.Attempts = []metrics.Attempt{{ID: undo.ID, StartedAt: undo.StartedAt, FinishedAt: back, Status: metrics.Succeeded}}
	return []metrics.Rollout{one, undo}
}

func (s sample) query() metrics.Query {
	return metrics.Query{Slice: "all", Window: s.frame.View.Window, AsOf: sampleAt, Zone: time.UTC, Kind: metrics.Production, Definition: metrics.DORA()}
}

func (s sample) card(f metrics.Facts) metrics.Scorecard {
	return metrics.MeasureAll([]metrics.Facts{f}, s.query())
}

// course is the sample bucket by bucket; a window of ninety days always falls into weeks and months.
func (s sample) course() Course {
	weeks, _ := metrics.Series([]metrics.Facts{s.facts}, s.query(), "week")
	months, _ := metrics.Series([]metrics.Facts{s.facts}, s.query(), "month")
	return Course{Size: "week", RateSize: "month", Points: weeks, Rates: months}
}

func (s sample) row(name string, f metrics.Facts) ServiceRow {
	service := metrics.Service{Name: name, Team: "example team", Tier: metrics.Standard}
	policy := gate.Policies()[metrics.Standard]
	ask := gate.Request{Service: name, Environment: "production", Change: gate.Change{Kind: gate.KindNormal}}
	snapshot := gate.Take(ask, policy, sampleAt, gate.Known{Facts: f, Service: service})
	return ServiceRow{Service: service, Card: s.card(f), Index: metrics.HabitIndex(f, sampleAt, metrics.DefaultCalendar(time.UTC)),
		Gate: GateNow{Decision: gate.Decide(policy, snapshot, ask), Meter: snapshot.Meter}}
}

func (s sample) rows() []ServiceRow {
	return []ServiceRow{s.row("daily", s.facts), s.row("seldom", s.few), s.row("unseen", s.none)}
}

// meters are those of a service that is well, of one that is near its line, and of one that is stopped.
func (s sample) meters() []any {
	var out []any
	for _, m := range []gate.MeterState{{Value: 1, Line: 15, Step: 5, Trials: 52}, {Value: 11, Line: 15, Step: 5, Trials: 52}, {Value: 16, Line: 15, Step: 5, Trials: 52, Blocked: true, GoodInARow: 1}} {
		out = append(out, GateNow{Meter: m})
	}
	return out
}

// reasons judge the sample as the gate would, and add what is met seldom.
func (s sample) reasons() []ReasonGroup {
	now := s.row("daily", s.facts)
	of := matter{service: "daily", at: sampleAt}
	views := reasonViews(now.Gate.Decision.Reasons, of, nil)
	stopped := ReasonView{Title: "Failure meter", Earliest: "a probe may go from " + clock(sampleAt.Add(4*time.Hour)), Links: []Cell{{Text: "example/51", Href: s.Link("")}}}
	stopped.Reason = gate.Reason{Criterion: "failure-meter", Result: gate.Fail, Mode: gate.Enforce, Says: "Each failed deployment costs 5 points, each good one pays back 1. Now 16, line 15.", OpensWhen: []string{"three good deployments in a row", "an override"}}
	views = append([]ReasonView{stopped}, views...)
	for i := range views {
		for j := range views[i].Links {
			views[i].Links[j].Href = s.Link("")
		}
	}
	return groups(views, of)
}

// proposals are one that is ready and one that is not, of the sample asked about each time.
func (s sample) proposals() Proposals {
	policy := gate.Policies()[metrics.Standard]
	c := gate.Candidate{Standing: gate.Standing{Facts: s.facts, Policy: policy}}
	for i, r := range s.facts.Rollouts {
		came := map[string]gate.Result{"open-incidents": gate.Pass}
		if i < 12 {
			came["restored-in-time"] = gate.Pass
		}
		c.Observed = append(c.Observed, gate.Observation{Policy: &policy, Results: came, Scored: gate.Scored{
			ID: r.ID, At: r.FinishedAt.Add(-time.Minute), Service: s.facts.Service, Environment: "production", For: metrics.Production, Kind: gate.KindNormal, Revision: r.ID,
		}})
	}
	return Proposals{List: gate.Graduations(policy, []gate.Candidate{c}, sampleAt), Needed: gate.NeededDecisions, JSON: s.Link(""), Amendment: &gate.Amendment{
		Says: "In the policy \"daily\" of service:daily (shiphabit.yaml:12) set these values, and raise metadata.version to 2.", Lines: "criteria:\n  open-incidents:\n    mode: enforce\n",
	}}
}

func (s sample) decisions() Log {
	var out []gate.Logged
	for i, row := range s.rows()[:2] {
		one := gate.Logged{Decision: row.Gate.Decision, At: sampleAt.Add(-time.Duration(i) * time.Hour),
			Request: gate.Request{Service: row.Service.Name, Environment: "production", Artifact: gate.Artifact{Version: "1.59.0"}, Change: gate.Change{Kind: gate.KindNormal}}}
		one.ID = fmt.Sprintf("example-%d", i)
		out = append(out, one)
	}
	return Log{List: out}
}

// sampleSource is a source of each state.
func (s sample) sources() []any {
	behind, far := 42.0, 9.4*86400
	state := func(name string, at doctor.State, says string, lag *float64) doctor.SourceState {
		return doctor.SourceState{Source: doctor.Source{Name: name, Type: "gitlab", Heartbeat: sampleAt.Add(-time.Minute), Watermark: sampleAt,
			Brought: []doctor.Brought{{Type: "deployment", Events: 16165}}}, State: at, Says: says, Lag: lag}
	}
	fine := state("fine", doctor.Fine, "Everything up to 20 Mar 2026 15:29 UTC has arrived.", &behind)
	reading := state("reading", doctor.Reading, "It is being read.", nil)
	reading.Done, reading.Total, reading.StartedAt = 40, 100, sampleAt
	broken := state("broken", doctor.InTrouble, "The host answers 401 Unauthorized.", &far)
	broken.Remedy, broken.SetAside = "its token has expired, put a new one into the environment.", 2
	var out []any
	for _, one := range []doctor.SourceState{fine, reading, broken} {
		out = append(out, SourceView{one, sampleAt, s.Link("")})
	}
	return out
}

// answered is a question of the result, question one of the form with a fault.
func sampleQuestion() (question FormQuestion, answered Row) {
	q := assessments.Question{ID: "example", Name: "frequency", Text: "How often do you deploy to production?", Help: "Think of the last quarter.",
		Options: []assessments.Option{{ID: "l1", Level: 1, Text: "Less than monthly."}, {ID: "l3", Level: 3, Text: "About once a week."}, {ID: "l5", Level: 5, Text: "Every working day."}, {ID: assessments.DontKnow, Text: "I don't know or can't see it"}}}
	answered.QuestionResult = assessments.QuestionResult{ID: q.ID, Text: q.Text}
	for i, o := range q.Options {
		answered.Options = append(answered.Options, assessments.OptionCount{Option: o, Count: []int{0, 3, 5, 1}[i]})
	}
	return FormQuestion{Question: q, Number: 1, Chosen: "l3", Fault: "two answers: choose one"}, answered
}

// corrections are one in force and one that was withdrawn.
func sampleCorrections() []metrics.Correction {
	key := metrics.Key{Source: "example", Type: metrics.TypeDeployment, ID: "7"}
	return []metrics.Correction{
		{ID: 2, Record: key, Fields: json.RawMessage(`{"status":"succeeded"}`), Reason: "The job was cancelled after the deployment had gone through.", At: sampleAt, By: "token:release"},
		{ID: 1, Record: key, Exclude: true, Reason: "A drill.", At: sampleAt.AddDate(0, 0, -3), By: "token:release", WithdrawnAt: sampleAt.AddDate(0, 0, -1), WithdrawnBy: "token:release"},
	}
}
