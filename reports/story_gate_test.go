package reports

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// asked are decisions about the promotions of a service, made half an hour before each went out.
func asked(f metrics.Facts, policy gate.Policy) []gate.Scored {
	r := rand.New(rand.NewPCG(9, uint64(len(f.Rollouts))))
	_, steps := gate.FoldMeter(f, policy, now, nil)
	var list []gate.Scored
	next, stopped := 0, false
	for i, rollout := range f.Rollouts {
		at := rollout.FinishedAt.Add(-30 * time.Minute)
		for ; next < len(steps) && !steps[next].At.After(at); next++ {
			stopped = steps[next].Blocked
		}
		d := gate.Scored{
			ID: fmt.Sprintf("gd_%s_%d", f.Service, i), At: at, Service: f.Service, Environment: "production", For: metrics.Production, Policy: policy.Name,
			Verdict: gate.Allow, WouldBe: gate.Allow, Kind: gate.KindNormal, Revision: rollout.Revision, TookMicros: 800 + r.Int64N(4000),
		}
		switch {
		case rollout.Kind != metrics.Planned:
			d.Kind, d.Asked = gate.KindRollback, gate.KindRollback
		case stopped:
			d.Verdict, d.WouldBe, d.Fails = gate.Block, gate.Block, []string{"failure-meter"}
		case i%17 == 5:
			d.Verdict, d.WouldBe, d.Holds, d.Late = gate.Hold, gate.Hold, []string{"data-fresh"}, "github "+harm
		case i%13 == 4:
			d.Refused, d.Asked = true, gate.KindFix
		case i%11 == 3:
			d.WouldBe, d.Fails = gate.Block, []string{"restore-first"}
		case i%29 == 7:
			d.Override = "ov_1"
		}
		list = append(list, d)
	}
	return list
}

// ledger is what the scoreboard of a stage is counted from.
func (s stage) ledger(w metrics.Window) gate.Ledger {
	policy := gate.Policies()[metrics.Standard]
	l := gate.Ledger{From: w.From, To: w.To, Services: map[string]gate.Standing{}}
	for _, f := range s.facts {
		l.Services[f.Service] = gate.Standing{Facts: f, Policy: policy}
		for _, d := range asked(f, policy) {
			if w.Contains(d.At) {
				l.Decisions = append(l.Decisions, d)
			}
		}
	}
	slices.SortFunc(l.Decisions, func(a, b gate.Scored) int { return a.At.Compare(b.At) })
	if len(l.Decisions) > 0 {
		l.Overrides = overrides(s.facts[0].Service)
	}
	return l
}

func overrides(service string) []gate.Override {
	return []gate.Override{
		{ID: "ov_1", Service: service, Environment: "production", Category: "false alarm", Reason: "the alarm came from " + harm, StartsAt: now.Add(-time.Hour), ExpiresAt: now.Add(3 * time.Hour), Uses: 2, Used: 1, Persons: 1},
		{ID: "ov_2", Service: service, Environment: "production", Category: "deadline", Reason: "the new rates are due on Monday", StartsAt: now.Add(-time.Hour), ExpiresAt: now.Add(3 * time.Hour), Uses: 1, Persons: 2, By: "token:ci", Criteria: []string{"failure-meter"}},
	}
}

func (s stage) gate() Gate {
	g := Gate{Frame: s.frame("Gate", "/gate", "gate"), Server: "http://127.0.0.1:8080"}
	g.Frame.Levelled = false
	for _, f := range s.facts {
		row, _ := s.row(f, g.View.Window)
		g.Rows = append(g.Rows, GateRow{Service: f.Service, Tier: "standard", GateNow: row.Gate})
	}
	l := s.ledger(g.View.Window)
	g.Board = l.Scoreboard()
	l.From = now.AddDate(-2, 0, 0)
	g.Board.Promises = l.Promises()
	g.Decisions = s.decisions().List
	return g
}

func (s stage) decisions() Decisions {
	d := Decisions{Frame: s.frame("Decisions of the gate", "/gate/decisions", "gate"), First: true, Next: "17"}
	d.Frame.Windowed, d.Frame.Levelled = false, false
	for _, f := range s.facts {
		d.Names = append(d.Names, f.Service)
		row, _ := s.row(f, d.View.Window)
		one := gate.Logged{Decision: row.Gate.Decision, Request: gate.Request{Service: f.Service, Environment: "production", Change: gate.Change{Kind: "normal"}}, At: now}
		one.ID = "gd_" + f.Service
		d.List = append(d.List, one)
	}
	if len(d.List) == 0 {
		d.Next = ""
	}
	return d
}

// recorded is everything about a service of a story.
func recorded(f metrics.Facts) gate.Known {
	return gate.Known{Facts: f, Service: metrics.Service{Name: f.Service, Tier: metrics.Standard}}
}

func (s stage) standing(f metrics.Facts) Standing {
	policy := gate.Policies()[metrics.Standard]
	k := recorded(f)
	k.Promotions = []gate.Promotion{{Decision: "gd_7", Environment: "production", Version: "v9 " + harm, At: now.Add(-5 * time.Minute), ValidUntil: now.Add(10 * time.Minute)}}
	k.Windows = []gate.Window{{Name: "weekend " + harm, Reason: "nobody is there", Owner: "the platform team", Zone: time.UTC, Weekly: gate.Weekly{FromDay: time.Friday, FromMinute: 15 * 60, ToDay: time.Monday, ToMinute: 8 * 60, Set: true}}}
	k.Demoted = []gate.Demotion{{Criterion: "failure-meter", Measured: 6, Years: gate.Fraction{Num: 41, Den: 10}, Promised: gate.Fraction{Num: 2, Den: 1}}}
	ask := gate.Request{Service: f.Service, Environment: "production", Change: gate.Change{Kind: gate.KindNormal}}
	snapshot := gate.Take(ask, policy, now, k)
	next, _ := gate.NextFreeze(k.Windows, k.Service, "production", metrics.Production, now)
	p := Standing{
		Frame: s.frame(f.Service, StandingPath(f.Service), "gate"), Service: k.Service, Environment: "production", Decision: gate.Decide(policy, snapshot, ask), Snapshot: snapshot,
		Openings: gate.Openings(policy, snapshot, ask), Histories: k.Histories(policy, now), Next: &next, Overrides: overrides(f.Service), Server: "http://127.0.0.1:8080",
	}
	p.Proposals = s.proposals(f, policy)
	p.Frame.Levelled = false
	return p
}

// proposals are of a service whose every rollout was asked about.
func (s stage) proposals(f metrics.Facts, policy gate.Policy) *Proposals {
	c := gate.Candidate{Standing: gate.Standing{Facts: f, Policy: policy}}
	for _, r := range f.Rollouts {
		c.Observed = append(c.Observed, gate.Observation{
			Scored: gate.Scored{ID: "gd_" + r.ID, At: r.FinishedAt.Add(-time.Minute), Service: f.Service, Environment: "production", For: metrics.Production, Kind: gate.KindNormal, Verdict: gate.Allow, Revision: r.Revision},
			Policy: &policy, Results: map[string]gate.Result{"open-incidents": gate.Pass},
		})
	}
	p := Proposals{List: gate.Graduations(policy, []gate.Candidate{c}, now), Needed: gate.NeededDecisions, JSON: ProposalsJSON(f.Service)}
	if len(gate.ChangesOf(p.List)) > 0 {
		p.Amendment = &gate.Amendment{Layer: "service:" + f.Service, Says: "Add this policy to " + harm + ".", Lines: "policies: # " + harm + "\n"}
	}
	return &p
}

func (s stage) decision(f metrics.Facts) Decision {
	policy := gate.Policies()[metrics.Standard]
	ask := gate.Request{Service: f.Service, Environment: "production", Commit: f.Rollouts[len(f.Rollouts)-1].Revision, Change: gate.Change{Kind: "normal"}, Run: gate.Run{Provider: "ci", ID: "4711"}}
	k := recorded(f)
	k.Sources = []gate.Watermark{{Name: "github " + harm, Watermark: now.Add(-time.Hour)}}
	at := f.Rollouts[len(f.Rollouts)-1].FinishedAt.Add(-time.Hour)
	snapshot := gate.Take(ask, policy, at, k)
	l := gate.Logged{Decision: gate.Decide(policy, snapshot, ask), Request: ask, At: at, Caller: "token:" + harm, TookMicros: 1234}
	outcome := l.Outcome(f, policy, now, nil)
	p := Decision{Frame: s.frame("A decision", "/gate/decisions/gd_1", "gate"), Logged: l, Replay: "Judged again, the same input gave the same bytes.", Same: true, Outcome: &outcome}
	p.Frame.Windowed, p.Frame.Levelled = false, false
	return p
}

func (s stage) backtest() Backtest {
	b := Backtest{Frame: s.frame("Backtest", "/gate/backtest", "gate"), Days: 365, Window: metrics.Window{From: now.AddDate(-1, 0, 0), To: now}}
	b.Frame.Windowed, b.Frame.Levelled = false, false
	policy := gate.Policies()[metrics.Standard]
	for _, f := range s.facts[:min(len(s.facts), 1)] {
		b.Names, b.Service = append(b.Names, f.Service), f.Service
		b.Result.Add(gate.RunBacktest(policy, recorded(f), b.Window.From, b.Window.To, now))
		for _, t := range gate.Trials(recorded(f), policy, now) {
			if b.Window.Contains(t.At) {
				b.Trials = append(b.Trials, t)
			}
		}
	}
	return b
}

func (s stage) record(f metrics.Facts) Record {
	id := f.Rollouts[0].ID
	for _, r := range f.Rollouts {
		if r.Failed() {
			id = r.ID
		}
	}
	r, _ := RecordOf(s.frame("A record", "/services/x/record", "services"), f, id, now)
	r.Frame.Windowed, r.Frame.Levelled = false, false
	return r
}
