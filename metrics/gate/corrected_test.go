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
