package gate

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"shiphabit/metrics"
)

// gradual is a tale whose deployments are retried now and then, go to several regions, are told of by two sources, and are watched several times.
// Each says from which repository it came, and an artifact is built from one revision.
func gradual(random *rand.Rand) *tale {
	s := taleOf(random)
	for n := range s.events {
		e := &s.events[n]
		if i, err := e.Incident(); err == nil && e.Type == metrics.TypeIncident {
			at := e.RecordedAt
			i.Service = "pay"
			*e = metrics.NewEvent("ci", i)
			e.RecordedAt, e.Live = at, true
		}
		d, err := e.Deployment()
		if err != nil || e.Type != metrics.TypeDeployment {
			continue
		}
		d.Service = "pay" // nothing that is told moves it to another
		if d.Repository = "acme/pay"; d.Digest != "" {
			d.Digest = "sha256:" + d.Revision
		}
		*e = metrics.NewEvent("ci", d)
		e.RecordedAt, e.Live = d.FinishedAt, true
		s.goOn(d)
	}
	slices.SortStableFunc(s.events, func(a, b metrics.Event) int { return a.RecordedAt.Compare(b.RecordedAt) })
	return s
}

// goOn tells more of a deployment within the hour.
func (s *tale) goOn(d metrics.Deployment) {
	id, soon := d.ID, within(s.random, d.FinishedAt.Add(2*time.Minute), 50)
	switch s.random.IntN(8) {
	case 0, 1:
		d.ID, d.StartedAt, d.FinishedAt, d.Status = id+"-again", d.FinishedAt.Add(time.Minute), soon, pick(s.random, metrics.Succeeded, metrics.Succeeded, metrics.Failed)
		s.tell(soon, d)
	case 2:
		d.ID, d.StartedAt, d.FinishedAt, d.Labels = id+"-eu", d.FinishedAt, soon, map[string]string{"region": "eu"}
		d.Status = pick(s.random, metrics.Succeeded, metrics.Succeeded, metrics.Failed)
		s.tell(soon, d)
	case 3:
		seen := metrics.NewEvent("cd", d)
		seen.RecordedAt, seen.Live = soon, true
		s.events = append(s.events, seen)
	case 4:
		at := soon.Add(-time.Duration(s.random.IntN(9)) * time.Minute)
		s.tell(soon, metrics.Verdict{ID: "second-" + id, Deployment: id, At: at, Result: pick(s.random, "healthy", "healthy", "inconclusive", "unhealthy")})
	}
}

// restate has sources say otherwise of their records later, and tell of some late.
func (s *tale) restate() {
	for n, e := range slices.Clone(s.events) {
		if e.Type == metrics.TypeDeployment && s.one(6) {
			s.events[n].RecordedAt = within(s.random, e.RecordedAt, 3*60)
		}
		if !s.one(6) {
			continue
		}
		switch e.Type {
		case metrics.TypeDeployment:
			d, _ := e.Deployment()
			switch s.random.IntN(5) {
			case 0:
				d.Status = pick(s.random, metrics.Succeeded, metrics.Failed)
			case 1:
				d.FinishedAt = d.FinishedAt.Add(time.Duration(s.random.IntN(9)) * time.Minute)
			case 2:
				d.Environment = pick(s.random, "staging", "production")
			case 3:
				d.Fixes = []string{pick(s.random, s.ids...)}
			case 4:
				d.RollbackOf = pick(s.random, s.ids...)
			}
			s.again(s.events[n], d)
		case metrics.TypeIncident:
			i, _ := e.Incident()
			i.Severity, i.Deployment = pick(s.random, 1, 4), pick(s.random, "", pick(s.random, s.ids...))
			s.again(e, i)
		case metrics.TypeVerdict:
			v, _ := e.Verdict()
			v.Result = pick(s.random, "healthy", "unhealthy", "inconclusive")
			s.again(e, v)
		default:
		}
	}
	slices.SortStableFunc(s.events, func(a, b metrics.Event) int { return a.RecordedAt.Compare(b.RecordedAt) })
}

// again has the source of a record tell it anew within three days.
func (s *tale) again(e metrics.Event, r metrics.Record) {
	s.tell(within(s.random, e.RecordedAt.Add(time.Minute), 3*24*60), r)
	last := &s.events[len(s.events)-1]
	last.UpdatedAt = last.RecordedAt
}

func TestNothingThatIsToldLaterChangesAStepBeforeIt(t *testing.T) {
	t.Parallel()
	for seed := range uint64(120) {
		s := gradual(rand.New(rand.NewPCG(seed, 9)))
		if seed%2 == 1 {
			s.restate()
		}
		rules := metrics.DefaultRules()
		final := meters(s.events, rules, day(200))
		for n := 1; n < len(s.events); n++ {
			e := s.events[n]
			if !e.RecordedAt.After(s.events[n-1].RecordedAt) {
				continue
			}
			for service, before := range meters(s.events[:n], rules, e.RecordedAt.Add(-1)) {
				for name, steps := range map[string]func(Histories) []MeterStep{
					"failure":  func(h Histories) []MeterStep { return h.Failures.Steps },
					"usual":    func(h Histories) []MeterStep { return h.Usual.Steps },
					"restored": func(h Histories) []MeterStep { return h.Restored.Steps },
				} {
					want, _ := stepsBefore(steps(before), e.RecordedAt)
					if got, _ := stepsBefore(steps(final[service]), e.RecordedAt); got != want {
						t.Fatalf("seed %d: by %s %s at %s the %s meter of %s was\n%sand since\n%s", seed, e, e.Payload, e.RecordedAt, name, service, want, got)
					}
				}
			}
		}
	}
}

func TestWhatIsToldLaterOfARolloutIsAStepOfItsOwn(t *testing.T) {
	t.Parallel()
	at := func(n, minute int) time.Time { return day(n).Add(time.Duration(minute) * time.Minute) }
	deploy := func(s *tale, n, minute int, status metrics.Status, change func(*metrics.Deployment)) {
		d := metrics.Deployment{ID: day(n).Format("02"), Service: "pay", Repository: "acme/pay", Environment: "production", Revision: revision(n), Status: status,
			StartedAt: at(n, minute-1), FinishedAt: at(n, minute)}
		if minute > 0 {
			d.ID += "-again"
		}
		if change != nil {
			change(&d)
		}
		s.tell(d.FinishedAt, d)
	}
	verdict := func(s *tale, n, minute int, id, result string) {
		s.tell(at(n, minute), metrics.Verdict{ID: id, Deployment: day(n).Format("02"), At: at(n, minute), Result: result})
	}
	region := func(d *metrics.Deployment) { d.Labels = map[string]string{"region": "eu"} }
	for _, c := range []struct {
		sentence, want string
		tells          func(*tale)
	}{
		{"a retry takes back the points of the attempt that failed from when it has succeeded, and counts as a good one when its watch is over", "5 0(failed one taken out) 0", func(s *tale) {
			deploy(s, 0, 0, metrics.Failed, nil)
			deploy(s, 0, 20, metrics.Succeeded, nil)
		}},
		{"a retry undoes no stop", "5 10 15 20! 15!(failed one taken out) 14!", func(s *tale) {
			for n := range 4 {
				deploy(s, n, 0, metrics.Failed, nil)
			}
			deploy(s, 3, 20, metrics.Succeeded, nil)
		}},
		{"a failed attempt begins the row of good ones anew, of which its retry is the first", "5 10 15 20! 19! 24! 19!(failed one taken out) 18! 17! 16! 8(reopened)", func(s *tale) {
			for n := range 4 {
				deploy(s, n, 0, metrics.Failed, nil)
			}
			deploy(s, 4, 0, metrics.Succeeded, nil)
			deploy(s, 5, 0, metrics.Failed, nil)
			deploy(s, 5, 20, metrics.Succeeded, nil)
			deploy(s, 6, 0, metrics.Succeeded, nil)
			deploy(s, 7, 0, metrics.Succeeded, nil)
		}},
		{"a retry that fails as well is no second failure", "5", func(s *tale) {
			deploy(s, 0, 0, metrics.Failed, nil)
			deploy(s, 0, 20, metrics.Failed, nil)
		}},
		{"what was good when its watch was over stays so while another region is under watch", "5 4", func(s *tale) {
			deploy(s, 0, 0, metrics.Failed, nil)
			deploy(s, 1, 0, metrics.Succeeded, nil)
			deploy(s, 1, 40, metrics.Succeeded, region)
		}},
		{"a region that fails later takes back what was paid", "5 4 10(found failed later)", func(s *tale) {
			deploy(s, 0, 0, metrics.Failed, nil)
			deploy(s, 1, 0, metrics.Succeeded, nil)
			deploy(s, 1, 40, metrics.Failed, region)
		}},
		{"a retry that says it is a fix takes out what it retries", "5 0(failed one taken out)", func(s *tale) {
			deploy(s, 0, 0, metrics.Failed, nil)
			deploy(s, 0, 20, metrics.Succeeded, func(d *metrics.Deployment) { d.Fixes = []string{day(0).Format("02")} })
		}},
		{"a second healthy verdict moves nothing, and one that cannot tell takes nothing back", "0 5 4", func(s *tale) {
			deploy(s, 0, 0, metrics.Succeeded, nil)
			verdict(s, 0, 20, "a", "healthy")
			deploy(s, 1, 0, metrics.Failed, nil)
			deploy(s, 2, 0, metrics.Succeeded, nil)
			for minute, result := range map[int]string{20: "healthy", 30: "healthy", 40: "inconclusive"} {
				verdict(s, 2, minute, result+at(2, minute).Format("04"), result)
			}
		}},
	} {
		s := &tale{}
		c.tells(s)
		if got := path(meters(s.events, metrics.DefaultRules(), day(60))["pay"].Failures.Steps); got != c.want {
			t.Errorf("%s: %s, want %s", c.sentence, got, c.want)
		}
	}
}
