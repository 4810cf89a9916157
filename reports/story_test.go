package reports

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
	"shiphabit/metrics/gate"
)

// now is the instant of every test.
var now = time.Date(2026, 3, 20, 15, 30, 0, 0, time.UTC)

// pace is how a service of a story deploys.
type pace struct {
	every   time.Duration // mean gap
	changes int           // mean changes a deployment
	failing float64       // share
	seed    uint64
}

// story makes the facts of a service over 400 days: plausible, and the same each time.
func story(service string, p pace) metrics.Facts {
	r := rand.New(rand.NewPCG(p.seed, 7))
	f := metrics.Facts{Service: service}
	at := now.AddDate(0, 0, -400)
	for i := 0; ; i++ {
		at = at.Add(time.Duration(float64(p.every) * r.ExpFloat64()))
		if wd := at.Weekday(); wd == time.Saturday || wd == time.Sunday {
			at = at.AddDate(0, 0, 2)
		}
		at = time.Date(at.Year(), at.Month(), at.Day(), 9+r.IntN(8), r.IntN(60), 0, 0, time.UTC)
		if !at.Before(now) {
			return f
		}
		f.Rollouts = append(f.Rollouts, rollout(r, service, i, at, p)...)
	}
}

// rollout is one deployment, with its rollback when it failed.
func rollout(r *rand.Rand, service string, i int, at time.Time, p pace) []metrics.Rollout {
	one := metrics.Rollout{
		ID: fmt.Sprintf("git/%s-%d", service, i), Service: service, Environment: "production", EnvironmentKind: metrics.Production,
		Revision: fmt.Sprintf("%040x", r.Uint64()), Version: fmt.Sprintf("v1.%d.0", i), StartedAt: at.Add(-4 * time.Minute), FinishedAt: at, SucceededAt: at,
		Kind: metrics.Planned, KnownAt: at, Assumed: true, Baseline: i == 0,
	}
	one.Attempts = []metrics.Attempt{{ID: one.ID, StartedAt: one.StartedAt, FinishedAt: at, Status: metrics.Succeeded}}
	for n := range 1 + r.IntN(2*p.changes) {
		age := time.Duration(float64(p.every) * (0.2 + 3*r.ExpFloat64()))
		one.Changes = append(one.Changes, metrics.Change{SHA: fmt.Sprintf("%x-%d-%d", p.seed, i, n), AuthoredAt: at.Add(-age)})
	}
	if r.Float64() >= p.failing {
		return []metrics.Rollout{one}
	}
	back := at.Add(time.Duration(float64(3*time.Hour) * r.ExpFloat64())).Add(5 * time.Minute)
	one.Failures = []metrics.Failure{{Cause: metrics.CauseRollback, At: back, KnownAt: back, Assumed: true, Evidence: one.ID + "-back", Confidence: metrics.Inferred}}
	if back.After(now) || r.Float64() < 0.1 {
		one.Failures[0].Cause = metrics.CauseRun
		return []metrics.Rollout{one}
	}
	one.Recovery = &metrics.Recovery{At: back, By: "rollback", Evidence: one.ID + "-back"}
	undo := metrics.Rollout{
		ID: one.ID + "-back", Service: service, Environment: "production", EnvironmentKind: metrics.Production, Version: fmt.Sprintf("v1.%d.0", i-1),
		StartedAt: back.Add(-time.Minute), FinishedAt: back, SucceededAt: back, Kind: metrics.Rollback, Of: one.ID, Attempts: []metrics.Attempt{{ID: one.ID + "-back", FinishedAt: back, Status: metrics.Succeeded}}, KnownAt: back,
	}
	return []metrics.Rollout{one, undo}
}

// stage holds what the pages of a story share.
type stage struct {
	t     testing.TB
	facts []metrics.Facts
	view  View
}

func (s stage) query(w metrics.Window) metrics.Query {
	return metrics.Query{Slice: "all", Window: w, AsOf: now, Zone: time.UTC, Definition: metrics.DORA()}
}

func (s stage) frame(title, path, nav string) Frame {
	names := make([]string, 0, len(metrics.Editions()))
	for _, e := range metrics.Editions() {
		names = append(names, e.Name)
	}
	v := s.view
	if v.Span == "" {
		v = ParseView(nil, Horizon{Now: now, Zone: time.UTC}, names)
	}
	return Frame{Title: title, Path: path, Nav: nav, View: v, Windowed: true, Levelled: true, Editions: names, AsOf: now, Place: "example.org/shop",
		Origin: "Read from 212 tags of example.org/shop.", Doubts: []string{"No source of incidents: failures are only those that Git shows."}}
}

func (s stage) course(fs []metrics.Facts, w metrics.Window) Course {
	fine, err := metrics.Series(fs, s.query(w), "week")
	if err != nil {
		s.t.Fatal(err)
	}
	rough, err := metrics.Series(fs, s.query(w), "month")
	if err != nil {
		s.t.Fatal(err)
	}
	return Course{Size: "week", RateSize: "month", Points: fine, Rates: rough}
}

func (s stage) levels(card metrics.Scorecard, edition string) []metrics.Level {
	list, err := metrics.Levels(card, edition)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func (s stage) row(f metrics.Facts, w metrics.Window) (ServiceRow, []gate.MeterStep) {
	service := metrics.Service{Name: f.Service, Tier: metrics.Standard, Repositories: []string{"example.org/shop"}}
	policy := gate.Policies()[metrics.Standard]
	ask := gate.Request{Service: f.Service, Environment: "production", Change: gate.Change{Kind: "normal"}}
	snapshot := gate.Take(ask, policy, now, gate.Known{Facts: f, Service: service})
	_, steps := gate.FoldMeter(f, policy, now, nil)
	return ServiceRow{Service: service, Card: metrics.MeasureAll([]metrics.Facts{f}, s.query(w)), Index: metrics.HabitIndex(f, now, metrics.DefaultCalendar(time.UTC)),
		Gate: GateNow{Decision: gate.Decide(policy, snapshot, ask), Meter: snapshot.Meter}}, steps
}

func (s stage) overview() Overview {
	f := s.frame("Overview", "/", "overview")
	f.AssessPath = "/assess/token"
	w := f.View.Window
	card := metrics.MeasureAll(s.facts, s.query(w))
	o := Overview{Frame: f, Card: card, Moves: metrics.Moves(s.facts, s.query(w)), Levels: s.levels(card, f.View.Edition), Course: s.course(s.facts, w), Days: metrics.TallyOfAll(s.facts, s.query(w)).Days, Zone: time.UTC}
	for _, one := range s.facts {
		row, _ := s.row(one, w)
		o.Rows, o.Rollouts = append(o.Rows, row), append(o.Rollouts, one.Rollouts...)
	}
	return o
}

func (s stage) service(f metrics.Facts) Service {
	frame := s.frame(f.Service, segments("services", f.Service), "services")
	row, steps := s.row(f, frame.View.Window)
	return Service{Frame: frame, Row: row, Levels: s.levels(row.Card, frame.View.Edition), Course: s.course([]metrics.Facts{f}, frame.View.Window), Facts: f, Days: metrics.TallyOf(f, s.query(frame.View.Window)).Days, Steps: steps, Zone: time.UTC, Stages: metrics.DORA().StageNames()}
}

// round is an open consensus round of a small question set.
func round() assessments.Round {
	set := assessments.Set{ID: "default", Version: 1, Title: "Five questions"}
	for i, text := range []string{"How often do you deploy to production?", "When a deployment fails, is there a practised response?"} {
		q := assessments.Question{ID: fmt.Sprintf("q%d", i+1), Text: text, EventUpTo: 2, Evidence: fmt.Sprintf("E%d", i+1)}
		for level, words := range []string{"Seldom, with a date of its own.", "Every few weeks.", "About weekly.", "Several times a week.", "Every day, whenever a change is ready."} {
			q.Options = append(q.Options, assessments.Option{ID: fmt.Sprintf("l%d", level+1), Level: level + 1, Text: words})
		}
		q.Options = append(q.Options, assessments.Option{ID: assessments.DontKnow, Text: "I don't know or can't see it."}, assessments.Option{ID: assessments.DoesNotApply, Text: "Does not apply to us."})
		set.Questions = append(set.Questions, q)
	}
	return assessments.Round{ID: "r1", Team: "shop", State: assessments.Open, Set: set, Size: 1, Floor: 5, Consensus: true}
}

// read is a source in trouble with something of everything.
func read() doctor.Source {
	return doctor.Source{
		Name: "git " + harm, Type: "gitlab", Read: true, Watermark: now.Add(-time.Hour), Heartbeat: now, Error: "read " + harm + ": refused; give it " + harm, ErrorAt: now,
		StartedAt: now, Doing: harm, Done: 40, Total: 100, Left: 10, Limit: 600, ResetAt: now.Add(time.Hour), SetAside: 1,
		Reasons: []doctor.Reason{{Reason: "no date " + harm, N: 1, Examples: []string{harm}}}, Brought: []doctor.Brought{{Type: "deployment", Events: 3, FirstAt: now, LastAt: now}},
	}
}

// diagnosis is what a doctor finds of the stage's services and that source.
func (s stage) diagnosis() doctor.Diagnosis {
	r := doctor.Records{Sources: []doctor.Source{read()}}
	for _, f := range s.facts {
		r.Services = append(r.Services, doctor.Service{Service: metrics.Service{Name: f.Service}, Known: doctor.EvidenceOf(f)})
	}
	rules := metrics.DefaultRules()
	return doctor.Diagnose(r, doctor.Question{Now: now, Window: metrics.Window{From: now.AddDate(0, 0, -90), To: now}, Recognises: rules.Recognises})
}

func (s stage) doctor() Doctor {
	return Doctor{Frame: s.frame("Doctor", "/doctor", "doctor"), Diagnosis: s.diagnosis()}
}

func (s stage) sources() Sources {
	p := Sources{Frame: s.frame("Sources", "/sources", "sources")}
	for _, f := range s.facts {
		p.List = s.diagnosis().Sources
		p.Services = append(p.Services, ContentOf(doctor.Service{Service: metrics.Service{Name: f.Service}, Known: doctor.EvidenceOf(f)}))
	}
	return p
}

func (s stage) source() Source {
	d := s.diagnosis()
	p := NewSource(s.frame("git", "/sources/git", "sources"), d.Sources[0], [][2]string{{harm, "no date"}}, d.Findings[:1])
	p.Pushed, p.Further = []Delivery{{ID: harm, Kind: harm, Outcome: "set aside", At: now, Says: harm}}, true
	return p
}

func (s stage) fault() Fault {
	return Fault{Frame: Frame{Title: "Not found", Path: "/nowhere", AsOf: now}, Status: 404, Detail: "There is nothing at this address.", Remedy: "The start page is /."}
}

func story1(f metrics.Facts) []metrics.Facts { return []metrics.Facts{f} }

// pages are all pages of a stage, by the last part of their address.
func (s stage) pages() map[string]Page {
	services := Services{Frame: s.frame("Services", "/services", "services"), Rows: s.overview().Rows}
	out := map[string]Page{
		"/": s.overview(), "/services": services, "/gate": s.gate(), "/decisions": s.decisions(), "/backtest": s.backtest(), "/fault": s.fault(),
		"/sources": s.sources(), "/source": s.source(), "/doctor": s.doctor(),
		"/about":  About{Frame: s.frame("Definitions", "/about", "about"), Definition: "dora/1", Editions: EditionViews(metrics.Editions())},
		"/form":   Form{Frame: s.frame("Five questions", "/assess/token", ""), Round: round(), CSRF: "secret"},
		"/faulty": Form{Frame: s.frame("Five questions", "/assess/token", ""), Round: round(), CSRF: "secret", Answers: assessments.Answers{"q1": "l4"}, Faults: assessments.Faults{{Place: "q2", Problem: "no answer", Remedy: "choose one"}}},
		"/thanks": Thanks{Frame: s.frame("Thank you", "/assess/token", ""), Round: round()},
		"/result": s.result(), "/evidence": s.evidence(), "/team": s.team(), "/teams": s.teams(),
		"/corrections": Corrections{Frame: s.frame("Corrections", "/corrections", ""), Objection: Objection{May: true, CSRF: "secret", Corrections: s.corrections()}},
	}
	for audience, d := range s.documents() {
		out["/reports/"+audience] = Report{Frame: Frame{Title: d.Title, Place: d.Subject, Lead: d.Lead, Path: "/reports/" + audience, Nav: "reports", AsOf: now}, Doc: d,
			Formats: []Choice{{Word: "PDF", Href: "?format=pdf"}}, Periods: []Choice{{Word: "2025-Q4", Href: "?period=2025-Q4", Current: true}}}
	}
	out["/reports"] = Reports{Frame: Frame{Title: "Reports", Path: "/reports", Nav: "reports", AsOf: now}, Teams: []Cell{{Text: harm, Href: "/reports/teams/x"}}}
	s.roundPages(out)
	out["/indices"] = HabitIndices{Frame: s.frame("Event or habit", "/explain/index", ""), Team: harm, Rows: s.overview().Rows}
	for _, f := range s.facts {
		habit := metrics.ExplainIndex(f, now, metrics.DefaultCalendar(time.UTC))
		habit.Index.NotComparable = harm
		out["/index"] = HabitIndexPage(s.frame("How this index is made", "/explain/index", ""), habit, RecordsAmong(Clock{}, f), 1)
		out[segments("services", f.Service)] = s.service(f)
		out["/service"] = s.service(f)
		e, err := metrics.Explain(s.facts, "change_fail_rate", s.query(s.frame("", "", "").View.Window))
		if err != nil {
			s.t.Fatal(err)
		}
		out["/explain"] = ExplainPage(s.frame("Change fail rate", "/explain/change_fail_rate", ""), e, Asked{Service: f.Service, Records: RecordsAmong(Clock{}, s.facts...)}, nil)
		out["/disputed"], out["/previewed"] = s.disputed(f), s.previewed(f)
		out["/standing"], out["/decision"], out["/record"] = s.standing(f), s.decision(f), s.record(f)
	}
	return out
}

// roundPages are those of who runs a round, and of a team that decided something.
func (s stage) roundPages(out map[string]Page) {
	decided := &assessments.Action{Text: harm, Owner: harm, DueOn: "2026-05-01", Outcome: assessments.NotDone}
	draft, open, result := round(), round(), s.result()
	draft.State, open.State = assessments.Draft, assessments.Open
	replied := result
	replied.Problem, replied.CSRF, replied.Result.Previous = harm, "secret", "r0"
	replied.Result.Action, replied.Result.LastAction = decided, decided
	replied.Result.Replies = []assessments.Reply{{Question: "q1", Tag: assessments.RecordsIncomplete, Note: harm}}
	replied.Result.Changes = []assessments.Change{{Question: "q1", Direction: "down", Says: "the median moved from 4 to 3"}}
	replied.Result.Remarks = []assessments.Comment{{Text: harm, SignedBy: harm}}
	frame := s.frame("Rounds", "/assessments", "assessments")
	out["/replied"] = replied
	out["/rollup"] = s.rollup()
	out["/rounds"] = Rounds{Frame: frame, Rounds: []assessments.Round{open, draft, result.Round}, Teams: []string{harm}, Floor: 5, Ask: RoundAsk{Team: harm, Draft: true}, Problem: harm, CSRF: "secret"}
	out["/norounds"] = Rounds{Frame: frame, Floor: 5}
	out["/rundraft"] = RoundRun{Frame: frame, Round: draft}
	out["/run"] = RoundRun{Frame: frame, Round: open, Links: []string{"http://localhost/assess/a", "http://localhost/assess/b"}, Channels: []string{"mail to team@example.org"}, Reminder: &Reminded{Subject: harm, Text: harm, Sent: []string{"mail"}, Problem: harm}}
	out["/runclosed"] = RoundRun{Frame: frame, Round: result.Round}
	out["/close"], out["/publish"] = Confirm{Frame: frame, Round: open, Verb: "close"}, Confirm{Frame: frame, Round: result.Round, Verb: "publish"}
	out["/guide"] = Guide{Frame: frame, Round: result.Round, Result: replied.Result, Guide: assessments.GuideOf(replied.Result)}
	out["/preview"] = Form{Frame: frame, Round: draft, Preview: true, LastAction: decided}
	out["/badcomment"] = Form{Frame: frame, Round: open, Comment: harm, Signature: harm, Faults: assessments.Faults{{Place: assessments.CommentPlace, Problem: "is too long", Remedy: "cut it"}}}
}

func (s stage) allEvidence() []assessments.Evidence {
	return assessments.EvidenceOf(assessments.Records{Services: s.facts}, now, metrics.DefaultCalendar(time.UTC), assessments.DefaultThresholds())
}

func (s stage) evidence() Evidence {
	of, _ := assessments.Explain(s.allEvidence(), "E1")
	return EvidencePage(s.frame("How this level is made", "/assessments/r1/evidence/E1", ""), round(), of, 1)
}

func (s stage) result() Result {
	r := round()
	answers := assessments.Counts{"q1": {"l4": 1}, "q2": {"l2": 1}}
	r.State, r.Respondents, r.ClosedAt = assessments.Closed, 1, now
	evidence := s.allEvidence()
	result, err := assessments.ResultOf(r, answers, evidence)
	if err != nil {
		s.t.Fatal(err)
	}
	return Result{Frame: s.frame(ResultTitle(r), "/assessments/r1", ""), Result: result, Round: r}
}

// rollup is what four teams say together.
func (s stage) rollup() Rollup {
	all := rounds()
	for i := range all {
		all[i].Evidence = []assessments.Evidence{{ID: "E1", Level: 4, Grade: assessments.GradeA}}
		all[i].Replies = []assessments.Reply{{Question: "q1", Tag: assessments.ServicesDiffer, Note: harm}}
	}
	told, err := assessments.RollUp("2025-Q4", all, now)
	if err != nil {
		s.t.Fatal(err)
	}
	outcomes, err := assessments.OutcomesOf("2025-Q4", all, now)
	if err != nil {
		s.t.Fatal(err)
	}
	return Rollup{Frame: s.frame("What teams say together", "/assessments/rollup", "assessments"), Quarter: "2025-Q4", Quarters: []string{"2025-Q4"}, Rollup: &told, Outcomes: &outcomes}
}
