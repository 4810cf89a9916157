package gate

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"shiphabit/metrics"
)

// tale is a made-up stream of records of the services pay and shop, told as they happen, and corrections of them.
type tale struct {
	random *rand.Rand
	events []metrics.Event
	ids    []string // of deployments
}

func (s *tale) one(in int) bool { return s.random.IntN(in) == 0 }

func (s *tale) tell(at time.Time, r metrics.Record) {
	e := metrics.NewEvent("ci", r)
	e.RecordedAt, e.Live = at, true
	s.events = append(s.events, e)
}

func revision(n int) string { return fmt.Sprintf("%040x", n) }

func sha(n int) string { return fmt.Sprintf("sha256:%064d", n) }

// deploy tells of a deployment, good or bad, and of what followed.
func (s *tale) deploy(n int, at time.Time, bad, watched bool) {
	d := metrics.Deployment{
		ID: fmt.Sprintf("d%d", n), Service: pick(s.random, "pay", "pay", "pay", "pay", "shop"), Repository: pick(s.random, "acme/pay", "acme/pay", "acme/pay", "acme/lib", ""),
		Environment: pick(s.random, "production", "production", "production", "production", "staging"),
		Revision:    revision(pick(s.random, n, n, n, max(0, n-1))), Status: metrics.Succeeded, StartedAt: at.Add(-5 * time.Minute), FinishedAt: at,
	}
	if s.one(3) {
		d.Digest = sha(n / 2)
	}
	if last := len(s.ids) - 1; last >= 0 && s.one(5) {
		if s.one(2) {
			d.RollbackOf, d.Revision = s.ids[last], revision(max(0, n-2))
		} else {
			d.Fixes = []string{s.ids[last]}
		}
	}
	if bad && s.one(2) {
		d.Status = metrics.Failed
	}
	s.ids = append(s.ids, d.ID)
	s.commit(n, at.Add(-10*time.Minute))
	s.tell(at, d)
	if watched && s.one(2) {
		then := within(s.random, at, 60)
		s.tell(then, metrics.Verdict{ID: fmt.Sprintf("v%d", n), Deployment: d.ID, At: then, Result: pick(s.random, "healthy", "healthy", "healthy", "unhealthy", "inconclusive")})
	}
	if bad && s.one(2) {
		i := metrics.Incident{ID: fmt.Sprintf("i%d", n), Service: d.Service, StartedAt: within(s.random, at, 20*60), Severity: 1, Environment: "production"}
		i.Deployment = pick(s.random, "", d.ID)
		s.tell(i.StartedAt, i)
		if s.one(2) {
			i.ResolvedAt = within(s.random, i.StartedAt, 40*60)
			s.tell(i.ResolvedAt, i)
		}
	}
}

// commit tells of the commit that the n-th deployment brings, if of any.
func (s *tale) commit(n int, at time.Time) {
	c := metrics.Commit{ID: revision(n), Repository: pick(s.random, "acme/pay", "acme/pay", "acme/lib"), AuthoredAt: at, CommittedAt: at, Message: "work"}
	if n > 0 {
		c.Parents = []string{revision(n - 1)}
	}
	if n > 1 && s.one(6) {
		c.Message = "Revert \"work\"\n\nThis reverts commit " + revision(n-1-s.random.IntN(2)) + "."
	}
	if s.one(2) {
		s.tell(at, c)
	}
}

func taleOf(random *rand.Rand) *tale {
	s := &tale{random: random}
	at, watched, bad := day(0), s.one(2), 2+random.IntN(4)
	for n := range 10 + random.IntN(14) {
		at = within(random, at, 30*60)
		s.deploy(n, at, s.one(bad), watched)
	}
	return s
}

// correct states something at an instant about a record that is known by then; false where it happens to say nothing.
func (s *tale) correct(id int64, at time.Time) (metrics.Event, bool) {
	e := pick(s.random, s.events...)
	if e.Correction != nil || !e.RecordedAt.Before(at) {
		return metrics.Event{}, false
	}
	stamp := within(s.random, day(0), 20*24*60).UTC().Format(time.RFC3339)
	said := map[metrics.EventType][]string{
		metrics.TypeDeployment: {`"status":"succeeded"`, `"status":"failed"`, `"environment":"staging"`, `"environment":"production"`, `"environment":"production-eu"`,
			`"finished_at":"` + stamp + `"`, `"service":"shop"`, `"service":"pay"`, `"service":"shop","repository":"acme/shop"`, `"repository":"acme/lib"`, `"repository":"acme/pay"`, `"repository":null`, `"rollback_of":null`, `"hotfix":true`,
			`"fixes":null`, `"fixes":["` + pick(s.random, s.ids...) + `"]`, `"rollback_of":"` + pick(s.random, s.ids...) + `"`,
			`"revision":"` + revision(s.random.IntN(9)) + `"`, `"digest":"` + sha(s.random.IntN(9)) + `"`, `"version":"2"`},
		metrics.TypeIncident: {`"deployment":null`, `"deployment":"` + pick(s.random, s.ids...) + `"`, `"severity":4`, `"environment":"staging"`,
			`"started_at":"` + stamp + `"`, `"resolved_at":"` + stamp + `"`, `"service":"shop"`},
		metrics.TypeVerdict: {`"result":"healthy"`, `"result":"unhealthy"`, `"result":"inconclusive"`, `"at":"` + stamp + `"`, `"deployment":"` + pick(s.random, s.ids...) + `"`},
	}
	c := metrics.Correction{ID: id, Record: e.Key, At: at, Reason: "as was found out later"}
	if c.Exclude = s.one(4) || e.Type == metrics.TypeCommit; !c.Exclude {
		c.Fields = []byte("{" + pick(s.random, said[e.Type]...) + "}")
	}
	c, faults := metrics.NewCorrection(c)
	stated, _ := c.Event()
	return stated, len(faults) == 0
}

// meters are those of both services by an instant; they share code with an older one where that is declared.
func meters(events []metrics.Event, rules metrics.Rules, by time.Time) map[string]Histories {
	all := map[string]Histories{}
	for _, f := range metrics.DeriveAll(events, rules) {
		k := Known{Facts: f}
		if len(rules.Services) > 0 {
			k.Older = checkout(-100)
		}
		all[f.Service] = k.Histories(PolicyFor(metrics.Standard), by)
	}
	return all
}

// stepsBefore are the steps of a meter before an instant, and whether it stopped its service then.
func stepsBefore(steps []MeterStep, at time.Time) (told string, stopped bool) {
	for _, s := range steps {
		if s.At.Before(at) {
			s.Trial = "" // one may be known under another name since
			told, stopped = told+fmt.Sprintf("%+v\n", s), s.Blocked
		}
	}
	return told, stopped
}

func TestNoCorrectionOfAnyRecordChangesAStepBeforeItOrOpensAService(t *testing.T) {
	t.Parallel()
	for seed := range uint64(600) {
		s := taleOf(rand.New(rand.NewPCG(seed, 5)))
		rules := metrics.DefaultRules()
		if s.one(2) {
			rules.Services = []metrics.Service{{Name: "pay", Tier: metrics.Standard, Repositories: []string{"acme/pay"}}, {Name: "shop", Tier: metrics.Standard}}
		}
		at := day(1)
		for id := range int64(5) {
			at = within(s.random, at, 6*24*60).Add(30 * time.Second)
			c, says := s.correct(id+1, at)
			if !says {
				continue
			}
			was := meters(s.events, rules, at.Add(-1))
			s.events = append(s.events, c)
			since, later := meters(s.events, rules, at), meters(s.events, rules, day(200))
			for service, before := range was {
				if _, here := since[service]; !here {
					continue // nothing is left of it
				}
				for name, of := range map[string]func(Histories) []MeterStep{
					"failure":  func(h Histories) []MeterStep { return h.Failures.Steps },
					"usual":    func(h Histories) []MeterStep { return h.Usual.Steps },
					"restored": func(h Histories) []MeterStep { return h.Restored.Steps },
				} {
					want, stopped := stepsBefore(of(before), at)
					if got, _ := stepsBefore(of(later[service]), at); got != want {
						t.Fatalf("seed %d: %s by %s at %s: the %s meter of %s was\n%sand since\n%s", seed, c, c.Payload, at, name, service, want, got)
					}
					if _, still := stepsBefore(of(since[service]), at.Add(1)); stopped && !still {
						t.Fatalf("seed %d: %s by %s at %s opened %s: %+v", seed, c, c.Payload, at, service, of(since[service]))
					}
				}
			}
		}
	}
}

func TestCorrectionsAreNoWayOut(t *testing.T) {
	t.Parallel()
	minutes := func(n int) time.Time { return day(12).Add(time.Duration(n) * time.Minute) }
	deployed := func(n int, at time.Time, s metrics.Status) metrics.Deployment {
		return metrics.Deployment{ID: fmt.Sprintf("d%d", n), Service: "pay", Repository: "acme/pay", Environment: "production", Revision: revision(n), Status: s, FinishedAt: at}
	}
	stopped := func(s *tale) {
		for n := range 4 {
			s.tell(day(n), deployed(n, day(n), metrics.Failed))
		}
	}
	state := func(s *tale, record metrics.EventType, id string, at time.Time, text string) {
		c := metrics.Correction{ID: int64(len(s.events)), Record: metrics.Key{Source: "ci", Type: record, ID: id}, At: at, Reason: "as was found out later", Exclude: text == ""}
		if text != "" {
			c.Fields = []byte(text)
		}
		c, faults := metrics.NewCorrection(c)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		e, _ := c.Event()
		s.events = append(s.events, e)
	}
	for sentence, tells := range map[string]func(s *tale){
		"old deployments whose hour is set to now": func(s *tale) {
			for n := range 3 {
				s.tell(day(-9+n), deployed(10+n, day(-9+n), metrics.Succeeded))
			}
			stopped(s)
			for n := range 3 {
				state(s, metrics.TypeDeployment, fmt.Sprintf("d%d", 10+n), minutes(n), `{"finished_at":"`+minutes(n).Format(time.RFC3339)+`"}`)
			}
		},
		"deployments of staging that are said to be production's within their watch": func(s *tale) {
			stopped(s)
			for n := range 3 {
				d := deployed(10+n, minutes(n), metrics.Succeeded)
				d.Environment = "staging"
				s.tell(minutes(n), d)
				state(s, metrics.TypeDeployment, d.ID, minutes(5), `{"environment":"production"}`)
			}
		},
		"a fix that is left out before it is found healthy, of a failure that is left out": func(s *tale) {
			stopped(s)
			fix := deployed(10, minutes(0), metrics.Succeeded)
			fix.Fixes = []string{"d3"}
			s.tell(minutes(0), fix)
			s.tell(minutes(30), metrics.Verdict{ID: "v", Deployment: "d10", At: minutes(30), Result: "healthy"})
			state(s, metrics.TypeDeployment, "d3", minutes(5), "")
			state(s, metrics.TypeDeployment, "d10", minutes(10), "")
		},
	} {
		s := &tale{}
		tells(s)
		if h := meters(s.events, metrics.DefaultRules(), day(60))["pay"]; !h.Failures.State.Blocked {
			t.Errorf("%s opened it: %s", sentence, path(h.Failures.Steps))
		}
	}
	s := &tale{}
	s.tell(day(0), deployed(0, day(0), metrics.Succeeded))
	other := deployed(1, day(0), metrics.Succeeded)
	other.Service = "shop"
	s.tell(day(0), other)
	for n := range 4 {
		s.tell(day(n), metrics.Incident{ID: fmt.Sprintf("late%d", n), Service: "pay", StartedAt: day(n), Severity: 1, Environment: "production"})
	}
	for n := range 3 {
		over := metrics.Incident{ID: fmt.Sprintf("over%d", n), Service: "shop", StartedAt: day(10 + n), ResolvedAt: day(10 + n).Add(time.Minute), Severity: 1, Environment: "production"}
		s.tell(over.ResolvedAt, over)
		state(s, metrics.TypeIncident, over.ID, day(20), `{"service":"pay"}`)
	}
	if h := meters(s.events, metrics.DefaultRules(), day(60))["pay"]; !h.Restored.State.Blocked {
		t.Errorf("incidents of another service opened it: %s", path(h.Restored.Steps))
	}
}

func TestABacktestKnowsOpenIncidentsAsTheyWereKnown(t *testing.T) {
	t.Parallel()
	began := metrics.Telling{At: day(1), StartedAt: day(1), EnvironmentKind: metrics.Production}
	gone, moved := began, began
	gone.At, gone.Uncounted, gone.Corrected = day(5), true, true
	moved.At, moved.EnvironmentKind, moved.Corrected = day(5), metrics.Staging, true
	f := metrics.Facts{
		Incidents: []metrics.IncidentLink{{ID: "pager/moved", EnvironmentKind: metrics.Staging, Told: []metrics.Telling{began, moved}}},
		TakenBack: []metrics.IncidentLink{{ID: "pager/gone", EnvironmentKind: metrics.Production, Told: []metrics.Telling{began, gone}}},
	}
	for _, c := range []struct {
		now  time.Time
		want int
	}{{day(0), 0}, {day(4), 2}, {day(5), 0}} {
		if open := newHistory(f, PolicyFor(metrics.Standard), c.now, nil).openIncidents(metrics.Production); len(open) != c.want {
			t.Errorf("at %s: %+v", c.now, open)
		}
	}
}
