package api_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// listening is a server whose questions that are held open look for news when a test says so, with a service on hold until 12:25 because a
// change is watched, and another server over the same database.
type listening struct {
	site
	other site
	looks chan struct{} // one for each look that found nothing to say
	ticks chan time.Time
}

func newListening(t *testing.T, change ...func(*api.Options)) listening {
	t.Helper()
	l := listening{looks: make(chan struct{}, 1000), ticks: make(chan time.Time)}
	dsn, at := filepath.Join(t.TempDir(), "api.db"), &clock{now: noon}
	l.site = newSiteOn(t, dsn, at, append(change, func(o *api.Options) {
		o.After = func(time.Duration) <-chan time.Time { l.looks <- struct{}{}; return l.ticks }
		o.Patience = patience // a slow machine is no database that is lost
	})...)
	l.other = newSiteOn(t, dsn, at)
	l.post("/api/v1/events", justWatched("payments", "......")).is(http.StatusOK)
	return l
}

// justWatched is a history whose last deployment ended five minutes before noon.
func justWatched(service, fates string) string {
	return strings.NewReplacer("T11:00:00Z", "T11:55:00Z", "T10:55:00Z", "T11:50:00Z").Replace(history(service, fates))
}

// severe is an incident that stops the service.
const severe = `{"type":"incident","id":"i1","service":"payments","started_at":"2026-03-03T11:59:00Z","severity":1}`

var payments = `{"service":"payments","artifact":{"digest":"` + built("new") + `"}}`

// open asks under a key, and has the question held open for 30 seconds.
func (l listening) open(key string) <-chan answer {
	answered := make(chan answer, 1)
	go func() { answered <- l.ask("POST", decisions+"?wait=30", payments, "Idempotency-Key", key) }()
	return answered
}

// tick lets an open question look once more, so much later, and waits until it found nothing to say.
func (l listening) tick(later time.Duration) {
	l.Helper()
	l.clock.advance(later)
	l.ticks <- noon
	<-l.looks
}

func (l listening) decisions() []gate.Logged {
	l.Helper()
	return into[struct{ Decisions []gate.Logged }](l.get(decisions + "?service=payments")).Decisions
}

func TestAQuestionHeldOpenIsAnsweredWhenSomethingArrivesThatEndsTheHold(t *testing.T) {
	t.Parallel()
	l := newListening(t)
	first := l.ask("POST", decisions, payments, "Idempotency-Key", "k").is(http.StatusOK, `"verdict":"hold"`, `"ask_again_after":"2026-03-03T12:25:00Z"`)
	answered := l.open("k")
	<-l.looks
	l.tick(time.Second)
	l.other.post("/api/v1/events", history("elsewhere", "x")).is(http.StatusOK)
	l.tick(10 * time.Second)
	if same := l.ask("POST", decisions, payments, "Idempotency-Key", "k").is(http.StatusOK); same.body != first.body {
		t.Errorf("the hold is told in other bytes:\n%s\n%s", first.body, same.body)
	}
	l.other.post("/api/v1/events", severe).is(http.StatusOK)
	l.ticks <- noon
	news := (<-answered).is(http.StatusOK, `"verdict":"block"`)
	if same := l.ask("POST", decisions, payments, "Idempotency-Key", "k").is(http.StatusOK); same.body != news.body {
		t.Errorf("the stop is told in other bytes:\n%s\n%s", news.body, same.body)
	}
	if list := l.decisions(); len(list) != 2 || list[0].Verdict != gate.Block || list[1].Verdict != gate.Hold {
		t.Errorf("logged %d decisions", len(list))
	}
	if !strings.Contains(l.log.String(), "path=/api/v1/gate/decisions status=200 took=0s") || strings.Contains(l.log.String(), "took=11s") {
		t.Errorf("the wait counts as time to answer:\n%s", l.log)
	}
}

func TestAQuestionHeldOpenIsAnsweredWithTheSameHoldWhenTheWaitIsOver(t *testing.T) {
	t.Parallel()
	l := newListening(t)
	first := l.ask("POST", decisions, payments, "Idempotency-Key", "k").is(http.StatusOK, `"verdict":"hold"`)
	answered := l.open("k")
	<-l.looks
	l.post("/api/v1/events", strings.ReplaceAll(history("payments", "."), "payments-0", "earlier")).is(http.StatusOK) // news that end nothing
	l.tick(10 * time.Second)
	l.clock.advance(20 * time.Second)
	l.ticks <- noon
	if same := (<-answered).is(http.StatusOK); same.body != first.body {
		t.Errorf("the hold is told in other bytes:\n%s\n%s", first.body, same.body)
	}
	if list := l.decisions(); len(list) != 1 {
		t.Errorf("%d decisions of one question that stayed on hold", len(list))
	}
}

func TestNewsThatCameBeforeAQuestionIsHeldOpenAreTakenUpAtOnce(t *testing.T) {
	t.Parallel()
	l := newListening(t)
	l.ask("POST", decisions, payments, "Idempotency-Key", "k").is(http.StatusOK, `"verdict":"hold"`)
	l.other.post("/api/v1/events", severe).is(http.StatusOK)
	(<-l.open("k")).is(http.StatusOK, `"verdict":"block"`)
}

func TestInAStormAQuestionIsJudgedAnewNoMoreThanEveryFiveSeconds(t *testing.T) {
	t.Parallel()
	l := newListening(t)
	answered := l.open("k")
	<-l.looks
	l.post("/api/v1/events", severe).is(http.StatusOK)
	for range 4 {
		l.tick(time.Second)
	}
	if list := l.decisions(); len(list) != 1 {
		t.Errorf("%d decisions within five seconds", len(list))
	}
	l.clock.advance(time.Second)
	l.ticks <- noon
	(<-answered).is(http.StatusOK, `"verdict":"block"`)
}

// lagging is a store that once, when it is told to, does not come to derive the facts of what it read before.
type lagging struct {
	api.Store
	mu    sync.Mutex
	now   bool
	known gate.Known
}

func (s *lagging) GateInputs(ctx context.Context, service string, asked api.GateAsk) (gate.Known, []gate.Override, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now {
		s.now = false
		old := s.known
		old.Sources = []gate.Watermark{{Name: gate.FactsSource, Watermark: noon}}
		return old, nil, nil
	}
	known, overrides, err := s.Store.GateInputs(ctx, service, asked)
	s.known = known
	return known, overrides, err
}

func TestWhatAQuestionWasJudgedWithoutIsStillNews(t *testing.T) {
	t.Parallel()
	late := &lagging{}
	l := newListening(t, func(o *api.Options) { late.Store, o.Store = o.Store, late })
	answered := l.open("k")
	<-l.looks
	l.post("/api/v1/events", severe).is(http.StatusOK)
	late.mu.Lock()
	late.now = true
	late.mu.Unlock()
	l.tick(5 * time.Second)
	l.clock.advance(5 * time.Second)
	l.ticks <- noon
	select {
	case a := <-answered:
		a.is(http.StatusOK, `"verdict":"block"`)
	case <-l.looks:
		t.Error("it is held open though its service was stopped")
	}
}

func TestOfManyQuestionsOfOneKeyThatAreHeldOpenOneIsDecidedAnew(t *testing.T) {
	t.Parallel()
	l := newListening(t)
	var all []<-chan answer
	for range 64 {
		all = append(all, l.open("k"))
	}
	for range all {
		<-l.looks
	}
	l.post("/api/v1/events", severe).is(http.StatusOK)
	l.get("/api/v1/gate/verdict?service=payments").is(http.StatusOK, "block") // its facts are derived
	l.clock.advance(5 * time.Second)
	for range all {
		l.ticks <- noon
	}
	first := (<-all[0]).is(http.StatusOK, `"verdict":"block"`)
	for _, one := range all[1:] {
		if a := <-one; a.body != first.body {
			t.Fatalf("one key has two answers:\n%s\n%s", first.body, a.body)
		}
	}
	if list := l.decisions(); len(list) != 2 {
		t.Errorf("%d decisions, want the hold and its successor", len(list))
	}
}

// What was on its way is reported, and its watch ends sooner than the time in which it might have come.
func TestAHoldThatEndsSoonerThanItSaidIsSucceededByOneThatSaysSo(t *testing.T) {
	t.Parallel()
	l := newListening(t, func(o *api.Options) {
		o.Policy = func(s metrics.Service) gate.Policy {
			p := policyOf(s)
			p.Criteria.PreviousChange.HoldSeconds = 0 // until the watch is over
			return p
		}
	})
	l.clock.advance(time.Hour)
	let := into[gate.Decision](l.post(decisions, strings.Replace(payments, built("new"), built("before"), 1)).is(http.StatusOK))
	held := into[gate.Decision](l.ask("POST", decisions, payments, "Idempotency-Key", "k").is(http.StatusOK, `"verdict":"hold"`))
	answered := l.open("k")
	<-l.looks
	l.post(decisions+"/"+let.ID+"/report", `{"outcome":"succeeded"}`).is(http.StatusOK)
	l.clock.advance(5 * time.Second)
	l.ticks <- noon
	next := into[gate.Decision]((<-answered).is(http.StatusOK, `"verdict":"hold"`))
	if next.ID == held.ID || !next.AskAgainAfter.Before(*held.AskAgainAfter) {
		t.Errorf("%s ends at %s, then %s at %s", held.ID, held.AskAgainAfter, next.ID, next.AskAgainAfter)
	}
}

func TestAServerThatStopsAnswersTheQuestionsItHoldsOpen(t *testing.T) {
	t.Parallel()
	l := newListening(t)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- l.server.Run(ctx) }()
	answered := l.open("k")
	<-l.looks
	stop()
	(<-answered).is(http.StatusOK, `"verdict":"hold"`)
	if err := <-ran; err != nil {
		t.Error(err)
	}
	(<-l.open("k")).is(http.StatusOK, `"verdict":"hold"`) // and holds no other one open
}

// reloaded lets another server take this one's place, as a reload of the configuration does. It is told when the new one is used no longer.
func (l listening) reloaded(change ...func(*api.Options)) (next listening, left <-chan struct{}) {
	l.Helper()
	next = l
	next.site = newSiteOver(l.T, l.db, l.clock, append(change, func(o *api.Options) {
		o.After = func(time.Duration) <-chan time.Time { l.looks <- struct{}{}; return l.ticks }
		o.Patience = patience
	})...)
	done := make(chan struct{})
	next.server.Succeed(l.server)
	l.server.HandOver(func() (*api.Server, func()) { return next.server, sync.OnceFunc(func() { close(done) }) })
	return next, done
}

// unwatched is a policy that holds nothing because of the change before it.
func unwatched(o *api.Options) {
	o.Policy = func(s metrics.Service) gate.Policy {
		p := policyOf(s)
		p.Criteria.PreviousChange.Mode = gate.Observe
		return p
	}
}

func TestAQuestionHeldOpenIsJudgedByThePolicyThatCameIntoForce(t *testing.T) {
	t.Parallel()
	l := newListening(t)
	answered := l.open("k")
	<-l.looks
	next, left := l.reloaded(unwatched)
	(<-answered).is(http.StatusOK, `"verdict":"warn"`)
	<-left
	if list := next.decisions(); len(list) != 2 || list[0].Verdict != gate.Warn || list[1].Verdict != gate.Hold {
		t.Errorf("logged %d decisions", len(list))
	}
}

func TestAQuestionHeldOpenIsJudgedByTheFreezesThatCameIntoForce(t *testing.T) {
	t.Parallel()
	l := newListening(t)
	answered := l.open("k")
	<-l.looks
	l.reloaded(func(o *api.Options) {
		o.Freezes = []gate.Window{{Name: "fair", From: noon.Add(-time.Hour), To: noon.Add(time.Hour), Zone: time.UTC}}
	})
	(<-answered).is(http.StatusOK, `"verdict":"block"`, "fair")
}

func TestAQuestionIsHeldOpenNoLongerThanItAskedForThoughTheConfigurationChanges(t *testing.T) {
	t.Parallel()
	l := newListening(t)
	first := l.ask("POST", decisions, payments, "Idempotency-Key", "k").is(http.StatusOK, `"verdict":"hold"`)
	answered := l.open("k")
	<-l.looks
	l.tick(20 * time.Second)
	next, _ := l.reloaded()
	<-l.looks
	next.tick(9 * time.Second)
	next.clock.advance(time.Second)
	next.ticks <- noon
	if same := (<-answered).is(http.StatusOK); same.body != first.body {
		t.Errorf("the hold is told in other bytes:\n%s\n%s", first.body, same.body)
	}
	if list := next.decisions(); len(list) != 1 {
		t.Errorf("%d decisions of one question that stayed on hold", len(list))
	}
	if !strings.Contains(l.log.String(), "path=/api/v1/gate/decisions status=200 took=0s") || strings.Contains(l.log.String(), "took=30s") {
		t.Errorf("the wait counts as time to answer:\n%s", l.log)
	}
}

func TestAQuestionThatComesToAServerWhosePlaceIsTakenIsHeldOpenByTheOther(t *testing.T) {
	t.Parallel()
	l := newListening(t)
	l.reloaded(unwatched)
	(<-l.open("k")).is(http.StatusOK, `"verdict":"warn"`)
}

func TestWhoMayNotAskUnderTheNewConfigurationIsNotJudgedByIt(t *testing.T) {
	t.Parallel()
	l := newListening(t)
	answered := l.open("k")
	<-l.looks
	_, left := l.reloaded(unwatched, func(o *api.Options) { o.RequireTokens = true })
	(<-answered).is(http.StatusUnauthorized, "send an API token")
	<-left
	if list := l.decisions(); len(list) != 1 {
		t.Errorf("%d decisions", len(list))
	}
}

func TestAWaitThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for wait, says := range map[string]string{"0": "from 1 to 30", "31": "from 1 to 30", "-1": "from 1 to 30", "18446744075": "from 1 to 30", "long": "from 1 to 30", "5": "needs an Idempotency-Key"} {
		s.post(decisions+"?wait="+wait, payments).is(http.StatusBadRequest, says)
	}
}
