package metrics

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// generated is an organisation's past: two services built from one repository and one of whose repository no commit is known, told by
// two sources; every second past has corrections.
type generated struct {
	random *rand.Rand
	shas   []string
	events []Event
	ids    []string
}

func generate(seed uint64) []Event {
	g := &generated{random: rand.New(rand.NewPCG(seed, 7))}
	for i := range 30 {
		g.commit(i)
	}
	for i := range 40 {
		g.deployment(i)
	}
	for i := range 12 {
		g.request(i)
		g.incident(i)
		g.followUps(i)
	}
	if seed%2 == 1 {
		for i := range int64(8) {
			g.correct(i + 1)
		}
	}
	return g.events
}

func (g *generated) chance(oneIn int) bool { return g.random.IntN(oneIn) == 0 }

func (g *generated) pick(list []string) string { return list[g.random.IntN(len(list))] }

func (g *generated) source() string { return g.pick([]string{"ci", "ci", "cd"}) }

// time is within ten days of the start, to the minute, so that instants coincide now and then.
func (g *generated) time() time.Time {
	return monday.Add(time.Duration(g.random.IntN(10*24*12)) * 5 * time.Minute)
}

// add gives an event and now and then an earlier revision of it, or a recording time.
func (g *generated) add(source string, r Record) {
	e := NewEvent(source, r)
	if g.chance(3) {
		e.RecordedAt, e.Live = g.time(), g.chance(2)
	}
	g.events = append(g.events, e)
}

// person is somebody, a program, or nobody who is known.
func (g *generated) person() string { return g.pick([]string{"", "ada", "bob", "eve", "ci-bot"}) }

func (g *generated) commit(i int) {
	sha := fmt.Sprintf("%08x%032x", i*7919, i)
	c := Commit{ID: sha, Repository: "acme/api", AuthoredAt: g.time(), CommittedAt: g.time(), Author: g.person(), Message: "work", Paths: []string{g.pick([]string{"a/x", "b/y"})}}
	for range g.random.IntN(3) {
		if i > 0 {
			if p := g.shas[max(0, i-1-g.random.IntN(4))]; !slices.Contains(c.Parents, p) {
				c.Parents = append(c.Parents, p)
			}
		}
	}
	if i > 3 && g.chance(4) {
		c.Message = "Revert \"work\"\n\nThis reverts commit " + g.pick(g.shas)[:10] + "."
	}
	g.shas = append(g.shas, sha)
	if g.chance(12) {
		return // the graph lacks it
	}
	g.add("git", c)
	if g.chance(5) {
		g.add("mirror", Commit{ID: sha, Repository: "acme/api", AuthoredAt: c.AuthoredAt, Author: "x"})
	}
}

func (g *generated) deployment(i int) {
	end := g.time()
	d := Deployment{ID: fmt.Sprint(i), Service: g.pick([]string{"api", "web"}), Repository: "acme/api",
		Environment: g.pick([]string{"production", "production", "staging", "production-eu"}),
		Revision:    g.pick(g.shas), Status: Status(g.pick([]string{"succeeded", "succeeded", "succeeded", "failed", "running", "cancelled"})),
		StartedAt: end.Add(-time.Duration(g.random.IntN(30)) * time.Minute), FinishedAt: end}
	if g.chance(6) {
		d.Revision = d.Revision[:9]
	}
	if g.chance(4) {
		d.Service, d.Repository, d.Ref, d.Revision = "bare", "acme/bare", g.pick([]string{"main", "next", "v1"}), g.pick([]string{"x1", "x2", "x3"})
	}
	if g.chance(3) {
		d.Trigger, d.Actor, d.Labels = "manual", g.person(), map[string]string{"region": g.pick([]string{"eu", "us"})}
	}
	if g.chance(6) {
		d.Labels = map[string]string{KindLabel: g.pick([]string{"production", "staging", "other"})}
	}
	if g.chance(5) {
		d.Digest = g.pick([]string{"sha256:1", "sha256:2"})
	}
	if g.chance(8) {
		yes := true
		d.Hotfix = &yes
	}
	if g.chance(8) && len(g.ids) > 0 {
		d.Fixes = []string{g.pick(g.ids), g.pick([]string{"i1", "i2", "i3"})}
	}
	if g.chance(10) && len(g.ids) > 0 {
		d.RollbackOf = g.pick(g.ids)
	}
	if g.chance(9) {
		d.BaseRevision = g.pick(g.shas)
	}
	if g.chance(9) {
		d.Commits = []string{g.pick(g.shas), g.pick(g.shas), "unheard"}
	}
	g.ids = append(g.ids, d.ID)
	source := g.source()
	g.add(source, d)
	if g.chance(4) {
		d.Status = Running
		g.add(source, d)
	}
}

func (g *generated) request(i int) {
	pr := PullRequest{ID: fmt.Sprint(i), Number: int64(i + 1), Repository: "acme/api", CreatedAt: g.time(), MergeCommit: g.pick(g.shas),
		Commits: []string{g.pick(g.shas), g.pick(g.shas)}, Title: g.pick([]string{"Add", `Revert "work"`, `Revert "Add (#3)"`}), Author: g.person(),
		Reviews: []Review{{At: g.time(), Author: g.person(), State: "approved"}, {At: g.time(), Author: g.person()}}}
	g.add(g.source(), pr)
	pr.Repository, pr.Base, pr.Head, pr.MergedAt = "acme/bare", g.pick([]string{"main", "next"}), g.pick([]string{"main", "next", "topic"}), g.time()
	if g.chance(2) {
		pr.Commits = nil
	}
	g.add(g.source(), pr)
}

func (g *generated) incident(i int) {
	v := Incident{ID: fmt.Sprintf("i%d", i), Service: g.pick([]string{"api", "web"}), StartedAt: g.time()}
	if g.chance(2) {
		v.ResolvedAt = v.StartedAt.Add(time.Hour)
	}
	if g.chance(3) {
		v.Environment = "production"
	}
	if g.chance(5) {
		v.Deployment = g.pick(g.ids)
	}
	if g.chance(6) {
		v.Revision = g.pick(g.shas)[:8]
	}
	g.add(g.source(), v)
}

func (g *generated) followUps(i int) {
	g.add(g.source(), Verdict{ID: fmt.Sprint(i), Deployment: g.pick(g.ids), At: g.time(), Result: g.pick([]string{"healthy", "unhealthy"})})
	a := Approval{ID: fmt.Sprint(i), Deployment: g.pick(g.ids), RequestedAt: g.time(), ApproverTeam: g.pick([]string{"", "red", "board"}), Approver: g.person()}
	if !g.chance(4) {
		a.DecidedAt, a.Decision = g.time(), g.pick([]string{"granted", "refused"})
	}
	g.add(g.source(), a)
}

// correct states something about one of the records, whatever its sources say.
func (g *generated) correct(id int64) {
	c := Correction{ID: id, Record: g.events[g.random.IntN(len(g.events))].Key, Reason: "by the review", At: g.time()}
	switch {
	case g.chance(3):
		c.Exclude = true
	case c.Record.Type == TypeDeployment:
		c.Fields = []byte(g.pick([]string{`{"status":"failed"}`, `{"status":"succeeded"}`, `{"service":"web"}`, `{"service":"api"}`, `{"service":"bare","repository":"acme/bare"}`,
			`{"repository":"acme/api"}`, `{"environment":"production"}`, `{"environment":"staging"}`, `{"labels":{"region":"eu"}}`, `{"finished_at":"2026-03-05T10:00:00Z"}`,
			`{"rollback":true}`, `{"revision":"` + g.pick(g.shas) + `"}`}))
	case c.Record.Type == TypeIncident:
		c.Unlinked = g.chance(2)
		if !c.Unlinked {
			c.Fields = []byte(g.pick([]string{`{"deployment":null}`, `{"deployment":"` + g.pick(g.ids) + `"}`, `{"severity":1}`,
				`{"service":"web"}`, `{"service":"bare"}`, `{"environment":"staging"}`}))
		}
	case c.Record.Type == TypeVerdict || c.Record.Type == TypeApproval:
		c.Fields = []byte(`{"deployment":"` + g.pick(g.ids) + `"}`)
	default:
		c.Exclude = true
	}
	if e, holds := c.Event(); holds {
		g.events = append(g.events, e)
	}
}

// laws runs a check over many generated histories.
func laws(t *testing.T, check func(t *testing.T, random *rand.Rand, events []Event, want string)) {
	t.Helper()
	for seed := range uint64(120) {
		events := generate(seed)
		check(t, rand.New(rand.NewPCG(seed, 11)), events, asJSON(t, DeriveAll(events, lawRules())))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func lawRules() Rules {
	r := DefaultRules()
	r.SourceOrder = []string{"cd"}
	r.SkipUnchanged = true
	r.Services = []Service{{Name: "web", Repositories: []string{"acme/api"}, Paths: []string{"a"}}, {Name: "api", Team: "red", Repositories: []string{"acme/api"}}}
	return r
}

func shuffled(random *rand.Rand, events []Event) []Event {
	out := slices.Clone(events)
	random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestFactsDoNotDependOnTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	laws(t, func(t *testing.T, random *rand.Rand, events []Event, want string) {
		if got := asJSON(t, DeriveAll(shuffled(random, events), lawRules())); got != want {
			t.Errorf("%s", firstDifference(got, want))
		}
	})
}

func TestFactsDoNotDependOnRepetition(t *testing.T) {
	t.Parallel()
	laws(t, func(t *testing.T, random *rand.Rand, events []Event, want string) {
		again := slices.Concat(events, shuffled(random, events)[:len(events)/2])
		if got := asJSON(t, DeriveAll(shuffled(random, again), lawRules())); got != want {
			t.Errorf("%s", firstDifference(got, want))
		}
	})
}

func TestFactsDoNotDependOnTheTimeZoneInWhichEventsWereWritten(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 5*3600+1800)
	laws(t, func(t *testing.T, _ *rand.Rand, events []Event, want string) {
		moved := slices.Clone(events)
		for i, e := range moved {
			moved[i].Payload = inZone(t, e.Payload, zone)
			moved[i].RecordedAt = e.RecordedAt.In(zone)
			if c := e.Correction; c != nil {
				there := *c
				there.At = c.At.In(zone)
				moved[i].Correction = &there
			}
		}
		if got := asJSON(t, DeriveAll(moved, lawRules())); got != want {
			t.Errorf("%s", firstDifference(got, want))
		}
	})
}

// inZone writes the times of a payload in another zone, as a source there would, and reads them again as all events are read.
func inZone(t *testing.T, payload []byte, zone *time.Location) []byte {
	t.Helper()
	return rfc3339Text.ReplaceAllFunc(payload, func(text []byte) []byte {
		var at time.Time
		if err := at.UnmarshalText(text); err != nil {
			t.Fatal(err)
		}
		there := `"` + at.In(zone).Format(time.RFC3339Nano) + `"`
		field := Field{Kind: KindTime, AnyYear: true}
		canonical, fault := field.canonical([]byte(there))
		if fault != nil {
			t.Fatal(fault)
		}
		return canonical[1 : len(canonical)-1]
	})
}

var rfc3339Text = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)

func TestFactsAreThoseFromBeforeOnceEveryCorrectionIsWithdrawn(t *testing.T) {
	t.Parallel()
	laws(t, func(t *testing.T, random *rand.Rand, events []Event, _ string) {
		g := &generated{random: random, events: asOf(events, time.Time{}), ids: []string{"1", "2"}, shas: []string{"a"}}
		before := asJSON(t, DeriveAll(g.events, lawRules()))
		for i := range int64(6) {
			g.correct(100 + i)
		}
		DeriveAll(g.events, lawRules()) // leaves nothing behind in what it was given
		var again []Event
		for _, e := range g.events {
			if e.Correction != nil {
				withdrawn := *e.Correction
				withdrawn.WithdrawnAt = g.time()
				var holds bool
				if e, holds = withdrawn.Event(); !holds {
					continue
				}
			}
			again = append(again, e)
		}
		if got := asJSON(t, DeriveAll(shuffled(random, again), lawRules())); got != before {
			t.Errorf("%s", firstDifference(got, before))
		}
	})
}

func TestALateSecondSourceThatSaysTheSameAddsAttemptsAndNothingElse(t *testing.T) {
	t.Parallel()
	laws(t, func(t *testing.T, _ *rand.Rand, events []Event, _ string) {
		var told []Event
		for _, e := range events {
			if e.Type == TypeDeployment && e.Correction == nil {
				d, err := e.Deployment()
				if err != nil {
					t.Fatal(err)
				}
				if d.RollbackOf != "" || len(d.Fixes) > 0 {
					continue // what it names would be another record at the second source
				}
			}
			if e.Type == TypeDeployment || e.Type == TypeCommit {
				told = append(told, e)
			}
		}
		rules := lawRules()
		rules.SourceOrder = []string{"ci", "cd"}
		doubled := slices.Clone(told)
		for _, e := range told {
			if e.Type == TypeDeployment && e.Correction == nil {
				e.Source = "late " + e.Source
				e.RecordedAt = monday.AddDate(1, 0, 0)
				doubled = append(doubled, e)
			}
		}
		if want, got := outline(DeriveAll(asOf(told, time.Time{}), rules)), outline(DeriveAll(asOf(doubled, time.Time{}), rules)); got != want {
			t.Errorf("%s", firstDifference(got, want))
		}
	})
}

// outline tells rollouts by what happened, without who told of it.
func outline(fs []Facts) string {
	var b strings.Builder
	for _, f := range fs {
		for _, r := range f.Rollouts {
			fmt.Fprintf(&b, "%s %s %s %s %s %v", f.Service, r.Environment, r.Revision, r.Kind, r.FinishedAt.Format(time.RFC3339), r.Failed())
			for _, c := range r.Changes {
				b.WriteString(" " + c.SHA)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func TestAnUnrelatedServiceChangesNothing(t *testing.T) {
	t.Parallel()
	other := newTale().line("o1", "o2").events
	for i := range other {
		other[i].Repository = "acme/other"
	}
	d := deployment("other-1", "o2", clock(9, 0))
	d.Service, d.Repository = "other", "acme/other"
	other = append(other, NewEvent("ci", d), NewEvent("ci", Incident{ID: "other-i", Service: "other", StartedAt: clock(10, 0)}))
	laws(t, func(t *testing.T, random *rand.Rand, events []Event, want string) {
		var rest []Facts
		for _, f := range DeriveAll(shuffled(random, slices.Concat(events, other)), lawRules()) {
			if f.Service != "other" {
				rest = append(rest, f)
			}
		}
		if got := asJSON(t, rest); got != want {
			t.Errorf("%s", firstDifference(got, want))
		}
	})
}

func TestFactsDoNotDependOnWhichOtherRecordsAreAtHand(t *testing.T) {
	t.Parallel()
	laws(t, func(t *testing.T, _ *rand.Rand, events []Event, _ string) {
		for _, part := range Split(events, lawRules()) {
			if part.Service.Name == "" {
				continue
			}
			want, own := asJSON(t, Derive(part.Service, part.Events, lawRules())), map[Key]bool{}
			for _, e := range part.Events {
				own[e.Key] = true
			}
			some := slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return !own[e.Key] && e.Type != TypeDeployment })
			for _, again := range Split(some, lawRules()) {
				if again.Service.Name != part.Service.Name {
					continue
				}
				if got := asJSON(t, Derive(again.Service, again.Events, lawRules())); got != want {
					t.Errorf("%s: %s", part.Service.Name, firstDifference(got, want))
				}
			}
		}
	})
}

func TestFactsAsOfAnInstantAreThoseWithoutTheCorrectionsMadeAfterIt(t *testing.T) {
	t.Parallel()
	laws(t, func(t *testing.T, random *rand.Rand, events []Event, _ string) {
		times := correctedAtTimes(events)
		if len(times) == 0 {
			return
		}
		at := times[random.IntN(len(times))]
		then := DeriveAll(slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Correction != nil && e.Correction.At.After(at) }), lawRules())
		for _, f := range DeriveAll(events, lawRules()) {
			for _, want := range then {
				want = want.AsOf(at) // what was told later is in neither
				if got := f.AsOf(at); want.Service == f.Service && !slices.EqualFunc(got.Rollouts, want.Rollouts, func(a, b Rollout) bool { return a.countsLike(&b) }) {
					t.Errorf("%s at %s:\n got %swant %s", f.Service, at, tell(got), tell(want))
				}
			}
		}
	})
}

func TestWhatEveryHistoryKeeps(t *testing.T) {
	t.Parallel()
	laws(t, func(t *testing.T, _ *rand.Rand, events []Event, _ string) {
		for _, f := range DeriveAll(events, lawRules()) {
			checkFacts(t, f)
			checkWas(t, f)
		}
	})
}

// checkWas states that what is kept of before corrections leads back, correction by correction, to rollouts that each stand once in the record.
func checkWas(t *testing.T, f Facts) {
	t.Helper()
	readings := f.Readings(monday.AddDate(9, 0, 0))
	for n, reading := range readings {
		here, since := map[string]bool{}, map[string]bool{}
		for i, r := range reading.Rollouts {
			if here[r.ID] || i > 0 && reading.Rollouts[i-1].FinishedAt.After(r.FinishedAt) {
				t.Errorf("from %s on %s is there twice, or in the wrong place", reading.From, r.ID)
			}
			here[r.ID] = true
		}
		for _, w := range f.Was {
			if n > 0 && w.Until.Equal(reading.From) && (w.Now != "" && !here[w.Now] || w.Now != "" && since[w.Now] || w.Rollout == nil && w.Now == "") {
				t.Errorf("%+v was until %s, and is %q since", w.Rollout, w.Until, w.Now)
			}
			since[w.Now] = since[w.Now] || w.Until.Equal(reading.From)
		}
	}
	if len(readings) > 1 && readings[0].From.After(readings[1].From) || !readings[0].From.IsZero() {
		t.Errorf("%d readings, the first from %s", len(readings), readings[0].From)
	}
}

// checkFacts states what holds of any facts: no commit counts twice in an environment, every attempt is in one rollout, rollbacks
// are not failed by being replaced, a recovery ends a failure.
func checkFacts(t *testing.T, f Facts) {
	t.Helper()
	delivered, attempts := map[string]string{}, map[string]bool{}
	for _, r := range f.Rollouts {
		for _, a := range r.Attempts {
			if attempts[a.ID] {
				t.Errorf("attempt %s is in two rollouts", a.ID)
			}
			attempts[a.ID] = true
		}
		for _, ch := range r.Changes {
			k := r.Environment + " " + r.Repository + " " + ch.SHA
			if old := delivered[k]; old != "" && !r.SucceededAt.IsZero() {
				t.Errorf("%s counts in %s and %s", ch.SHA, old, r.ID)
			}
			if !r.SucceededAt.IsZero() {
				delivered[k] = r.ID
			}
		}
		checkWaits(t, r)
		if r.Recovery != nil && !r.Failed() {
			t.Errorf("%s recovered without having failed", r.ID)
		}
		if r.Kind == Rollback && slices.ContainsFunc(r.Failures, func(c Failure) bool { return c.Cause == CauseRollback }) {
			t.Errorf("the rollback %s failed by being replaced", r.ID)
		}
		if r.Baseline && len(r.Changes) > 0 {
			t.Errorf("the baseline %s has changes", r.ID)
		}
	}
}

// checkWaits states that no wait and no handoff is negative, that overlapping waits are counted once, and that decisions add up.
func checkWaits(t *testing.T, r Rollout) {
	t.Helper()
	w := r.Waits
	if w.Inside < 0 || w.Outside < 0 || w.Unknown < 0 || w.Total > w.Inside+w.Outside+w.Unknown || w.Total < max(w.Inside, w.Outside, w.Unknown) {
		t.Errorf("%s waits %+v", r.ID, w)
	}
	decided := 0
	for _, a := range r.Approvals {
		if !a.DecidedAt.IsZero() {
			decided++
		}
	}
	if w.DecidedInside+w.DecidedOutside+w.DecidedUnknown != decided || w.Refused > decided {
		t.Errorf("%s has %d decisions and waits %+v", r.ID, decided, w)
	}
	for _, ch := range r.Changes {
		if h := ch.Handoffs; h != nil && (h.People < 0 || h.Teams < 0) {
			t.Errorf("%s hands off %+v", ch.SHA, h)
		}
		if !ch.FirstOfRequest.IsZero() && ch.PullRequest == "" {
			t.Errorf("%s came with no request and has its first commit", ch.SHA)
		}
	}
}

func firstDifference(got, want string) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	from := max(0, strings.LastIndex(got[:i], `{"id"`))
	return fmt.Sprintf("differs:\n got %s\nwant %s", got[from:min(len(got), i+300)], want[from:min(len(want), i+300)])
}
