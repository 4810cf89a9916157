package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/internal/store"
	"shiphabit/internal/storetest"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/metrics/gate/attest"
)

// postgres is the PostgreSQL that the tests share.
var postgres storetest.Postgres

func TestMain(m *testing.M) { os.Exit(postgres.Run(m.Run)) }

// onLine is a server whose line to its PostgreSQL can be cut, and the address of that database without the line.
func onLine(t *testing.T, change ...func(*api.Options)) (s site, line *storetest.Line, dsn string) {
	t.Helper()
	dsn = postgres.New(t)
	through, line := storetest.Through(t, dsn)
	s = newSiteOn(t, through, &clock{now: noon}, append(change, func(o *api.Options) { o.Patience = 50 * time.Millisecond })...)
	s.post("/api/v1/events", history("steady", strings.Repeat(".", 40))+history("shaky", strings.Repeat(".", 20)+".x.x.x.x")+
		history("payments", strings.Repeat(".", 40))).is(http.StatusOK)
	return s, line, dsn
}

func mend(t *testing.T, s site, line *storetest.Line) {
	t.Helper()
	if err := line.Mend(); err != nil {
		t.Fatal(err)
	}
	s.clock.advance(2 * time.Second) // a database that did not answer is left alone for a second
}

func TestWithoutItsDatabaseTheGateDecidesByWhatItKnewLast(t *testing.T) {
	t.Parallel()
	s, line, _ := onLine(t)
	for _, service := range []string{"steady", "shaky", "payments"} {
		s.get("/api/v1/gate/verdict?service=" + service).is(http.StatusOK)
	}
	line.Cut()
	s.clock.advance(10 * time.Minute)
	for service, verdict := range map[string]gate.Result{"steady": gate.Allow, "shaky": gate.Block, "payments": gate.Warn} {
		a := s.post(decisions, askFor(service, "sha256:new")).is(http.StatusOK)
		d := into[gate.Decision](a)
		if d.Verdict != verdict || !d.Unlogged || a.header.Get("Gate-State-Age") != "600" {
			t.Errorf("%s: %s, unlogged %v, age %q: %s", service, d.Verdict, d.Unlogged, a.header.Get("Gate-State-Age"), d.Summary)
		}
		look := s.get("/api/v1/gate/verdict?service=" + service).is(http.StatusOK)
		if look.header.Get("Gate-State-Age") != "600" {
			t.Errorf("a look at %s shows no age: %v", service, look.header)
		}
	}
	fix := `{"service":"shaky","change":{"kind":"rollback"},"artifact":{"digest":"` + built("3") + `"}}`
	if d := into[gate.Decision](s.post(decisions, fix).is(http.StatusOK)); d.Verdict != gate.Allow {
		t.Errorf("a rollback is answered with %s: %s", d.Verdict, d.Summary)
	}
	s.post(decisions, askFor("never asked for", "sha256:new")).is(http.StatusServiceUnavailable, "was not asked about")
	s.clock.advance(time.Hour) // payments is of a high tier, whose records may be an hour old
	d := into[gate.Decision](s.post(decisions, askFor("payments", "sha256:newer")).is(http.StatusOK))
	if d.Verdict != gate.Hold || !strings.Contains(d.Summary, "the gate's database") {
		t.Errorf("by a state of 70 minutes it says %s: %s", d.Verdict, d.Summary)
	}
	if !strings.Contains(s.log.String(), "level=ERROR msg=\"the database does not answer") {
		t.Error("nobody is told")
	}
}

// forgetful is a store that has no room for facts: where what is remembered of them will do it gives no more.
type forgetful struct{ api.Store }

func (f forgetful) GateInputs(ctx context.Context, service string, asked api.GateAsk) (gate.Known, []gate.Override, error) {
	full, overrides, err := f.Store.GateInputs(ctx, service, asked)
	known := full
	known.Facts = metrics.Facts{}
	if known, enough := asked.Recall(known); enough {
		return known, overrides, err
	}
	return full, overrides, err
}

func TestWithoutItsDatabaseTheGateDecidesByWhatItRemembersOfFactsItHasNoRoomFor(t *testing.T) {
	t.Parallel()
	var options api.Options
	s, line, _ := onLine(t, func(o *api.Options) {
		o.Store, o.Patience = forgetful{o.Store}, 50*time.Millisecond
		options = *o
	})
	look := "/api/v1/gate/verdict?service=shaky"
	s.get(look).is(http.StatusOK)
	later := s
	later.url = serve(t, options) // it reads no facts, since what they came to is remembered
	later.get(look).is(http.StatusOK)
	s.get(look).is(http.StatusOK) // the other one keeps those it read before
	line.Cut()
	s.clock.advance(10 * time.Minute)
	for _, at := range []site{s, later} {
		if d := into[gate.Decision](at.post(decisions, askFor("shaky", "sha256:new")).is(http.StatusOK)); d.Verdict != gate.Block || !d.Unlogged {
			t.Errorf("%s, unlogged %t: %s", d.Verdict, d.Unlogged, d.Summary)
		}
	}
	old := askFor("shaky", "sha256:3")
	later.post(decisions, old).is(http.StatusServiceUnavailable, "remembers too little of shaky to judge this artifact now")
	s.post(decisions, old).is(http.StatusOK)
	s.clock.advance(48 * time.Hour)
	later.post(decisions, askFor("shaky", "sha256:new")).is(http.StatusServiceUnavailable, "remembers too little")
	s.post(decisions, askFor("shaky", "sha256:new")).is(http.StatusOK)
}

// serve serves what the options say, and returns the address.
func serve(t *testing.T, o api.Options) string {
	t.Helper()
	handler, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestDecisionsMadeWithoutTheDatabaseAreLoggedWhenItIsBack(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	s, line, _ := onLine(t, func(o *api.Options) { o.Signing = ring })
	s.get("/api/v1/gate/verdict?service=steady").is(http.StatusOK)
	s.get("/api/v1/gate/verdict?service=payments").is(http.StatusOK)
	line.Cut()
	ask := func(key, service string) answer {
		return s.ask("POST", decisions, askFor(service, artifact), "Idempotency-Key", key).is(http.StatusOK)
	}
	first := ask("run/1", "steady")
	if again := ask("run/1", "steady"); again.body != first.body {
		t.Errorf("the same key got\n%s\nafter\n%s", again.body, first.body)
	}
	s.ask("POST", decisions, askFor("steady", "sha256:other"), "Idempotency-Key", "run/1").is(http.StatusUnprocessableEntity)
	d := into[gate.Decision](first)
	statement, err := attest.Open(d.Token, ring.Keys(s.clock.Now()), s.clock.Now())
	if err != nil || !statement.Predicate.Unlogged {
		t.Errorf("the statement is %+v, %v", statement, err)
	}
	let := into[gate.Decision](ask("run/2", "payments"))
	if next := into[gate.Decision](s.post(decisions, askFor("payments", "sha256:next")).is(http.StatusOK)); let.Verdict != gate.Warn || next.Verdict != gate.Hold {
		t.Errorf("one change is let through with %s, and the next one, a moment later, with %s: %s", let.Verdict, next.Verdict, next.Summary)
	}
	mend(t, s, line)
	if again := ask("run/1", "steady"); again.body != first.body || again.header.Get("Gate-State-Age") == "" {
		t.Errorf("when the database is back the same key got\n%s\nafter\n%s", again.body, first.body)
	}
	s.get(decisions+"/"+d.ID+"/replay").is(http.StatusOK, `"same":true`, `"unlogged":true`)
	if l := into[gate.Logged](s.get(decisions + "/" + let.ID).is(http.StatusOK)); !l.Unlogged || l.Request.Service != "payments" {
		t.Errorf("logged as %+v", l.Decision)
	}
	fresh := into[gate.Decision](s.post(decisions, askFor("payments", "sha256:next")).is(http.StatusOK))
	if fresh.Unlogged || fresh.Verdict != gate.Hold {
		t.Errorf("a decision by the database is %s, unlogged %v: %s", fresh.Verdict, fresh.Unlogged, fresh.Summary)
	}
	if !strings.Contains(s.log.String(), "the database answers again") {
		t.Error("nobody is told that it is over")
	}
}

func TestADecisionThatWaitedUnderAKeyThatIsTakenIsLoggedAllTheSame(t *testing.T) {
	t.Parallel()
	s, line, dsn := onLine(t)
	other := newSiteOn(t, dsn, s.clock)
	s.get("/api/v1/gate/verdict?service=steady").is(http.StatusOK)
	line.Cut()
	ask := func(at site) gate.Decision {
		return into[gate.Decision](at.ask("POST", decisions, askFor("steady", artifact), "Idempotency-Key", "run/1").is(http.StatusOK))
	}
	alone, together := ask(s), ask(other)
	if alone.ID == together.ID || !alone.Unlogged || together.Unlogged {
		t.Fatalf("%+v and %+v", alone, together)
	}
	mend(t, s, line)
	if now := ask(s); now.ID != together.ID {
		t.Errorf("under the key stands %s, want what was logged first, %s", now.ID, together.ID)
	}
	if l := into[gate.Logged](s.get(decisions + "/" + alone.ID).is(http.StatusOK)); l.Key != "" {
		t.Errorf("it is logged under the key %q", l.Key)
	}
}

func TestWaitingDecisionsAreLoggedThoughNobodyAsks(t *testing.T) {
	t.Parallel()
	s, line, _ := onLine(t)
	s.get("/api/v1/gate/verdict?service=steady").is(http.StatusOK)
	line.Cut()
	d := into[gate.Decision](s.post(decisions, askFor("steady", artifact)).is(http.StatusOK))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = s.server.Run(ctx) })
	mend(t, s, line)
	for {
		_, err := s.db.Decision(t.Context(), d.ID)
		if err == nil {
			break
		}
		s.clock.advance(time.Millisecond) // the server may meet a connection that broke first, and tries again a second later
	}
	cancel()
	running.Wait()
}

func TestADatabaseThatIsSilentIsGoneAsWell(t *testing.T) {
	t.Parallel()
	s, line, _ := onLine(t)
	s.get("/api/v1/gate/verdict?service=steady").is(http.StatusOK)
	if err := line.Silence(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if d := into[gate.Decision](s.post(decisions, askFor("steady", artifact)).is(http.StatusOK)); !d.Unlogged {
		t.Errorf("a silent database logged %+v", d)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s to notice", took)
	}
}

func TestATokenThatWasValidCountsForAnHourWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	s, line, _ := onLine(t, func(o *api.Options) { o.Patience = time.Second })
	for _, name := range []string{"ci", "revoked"} {
		made := store.Token{ID: name, Name: name, Scopes: []string{"gate"}, CreatedAt: noon}
		if err := s.db.CreateToken(t.Context(), made, api.HashToken("shp_"+name), "test"); err != nil {
			t.Fatal(err)
		}
		s.token = "shp_" + name
		s.get("/api/v1/gate/verdict?service=steady").is(http.StatusOK)
	}
	if err := s.db.RevokeToken(t.Context(), "revoked", "test"); err != nil {
		t.Fatal(err)
	}
	s.get("/api/v1/gate/verdict?service=steady").is(http.StatusUnauthorized)
	line.Cut()
	for token, status := range map[string]int{"shp_ci": http.StatusOK, "shp_revoked": http.StatusServiceUnavailable, "shp_made_up": http.StatusServiceUnavailable} {
		s.token = token
		s.post(decisions, askFor("steady", artifact)).is(status)
	}
	s.token = "shp_ci"
	s.get("/api/v1/policies").is(http.StatusForbidden)
	s.clock.advance(time.Hour)
	s.post(decisions, askFor("steady", artifact)).is(http.StatusServiceUnavailable)
}

func TestATokenThatWasRevokedCeasesToCountThoughNobodyUsedItSince(t *testing.T) {
	t.Parallel()
	s, line, dsn := onLine(t, func(o *api.Options) { o.Patience = time.Second })
	other := newSiteOn(t, dsn, s.clock)
	for _, name := range []string{"ci", "leaked"} {
		made := store.Token{ID: name, Name: name, Scopes: []string{"gate"}, CreatedAt: noon}
		if err := s.db.CreateToken(t.Context(), made, api.HashToken("shp_"+name), "test"); err != nil {
			t.Fatal(err)
		}
		s.token = "shp_" + name
		s.get("/api/v1/gate/verdict?service=steady").is(http.StatusOK)
	}
	if err := other.db.RevokeToken(t.Context(), "leaked", "test"); err != nil { // by another process
		t.Fatal(err)
	}
	s.server.ForgetRevoked(t.Context()) // what Run does every other second
	line.Cut()
	s.server.ForgetRevoked(t.Context())
	for token, status := range map[string]int{"shp_ci": http.StatusOK, "shp_leaked": http.StatusServiceUnavailable} {
		s.token = token
		s.post(decisions, askFor("steady", artifact)).is(status)
	}
}

func TestManyCallersOfTwoServersWithOneKeyGetOneDecision(t *testing.T) {
	t.Parallel()
	dsn, at := postgres.New(t), &clock{now: noon}
	sites := []site{newSiteOn(t, dsn, at), newSiteOn(t, dsn, at)}
	sites[0].post("/api/v1/events", history("steady", strings.Repeat(".", 40))).is(http.StatusOK)
	for round := range 3 {
		answers := make([]string, 64)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() {
				key := fmt.Sprint("run/", round)
				answers[i] = sites[i%2].ask("POST", decisions, askFor("steady", artifact), "Idempotency-Key", key).is(http.StatusOK).body
			})
		}
		group.Wait()
		for _, a := range answers {
			if a != answers[0] {
				t.Fatalf("one caller is told\n%s\nanother\n%s", answers[0], a)
			}
		}
	}
	if list, _, err := sites[1].db.Decisions(t.Context(), "", "", 100); err != nil || len(list) != 3 {
		t.Errorf("%d decisions are logged, want 3; %v", len(list), err)
	}
}

func TestAServerWhoseClockIsBehindSeesWhatAnotherLetThrough(t *testing.T) {
	t.Parallel()
	dsn, ahead, behind := postgres.New(t), &clock{now: noon.Add(5 * time.Second)}, &clock{now: noon}
	one, two := newSiteOn(t, dsn, ahead), newSiteOn(t, dsn, behind)
	one.post("/api/v1/events", history("payments", strings.Repeat(".", 40))).is(http.StatusOK)
	if d := into[gate.Decision](one.post(decisions, askFor("payments", artifact)).is(http.StatusOK)); d.Verdict != gate.Warn {
		t.Fatalf("%s: %s", d.Verdict, d.Summary)
	}
	d := into[gate.Decision](two.post(decisions, askFor("payments", "sha256:next")).is(http.StatusOK))
	if d.Verdict != gate.Hold || d.Input.KnownAt.Before(ahead.Now()) {
		t.Errorf("five seconds behind it says %s at %s: %s", d.Verdict, d.Input.KnownAt, d.Summary)
	}
}

func TestARollbackFindsRoomAmongTheDecisionsThatWaitForTheDatabase(t *testing.T) {
	t.Parallel()
	s, line, _ := onLine(t)
	s.get("/api/v1/gate/verdict?service=steady").is(http.StatusOK)
	line.Cut()
	full := http.StatusOK
	for i := 0; full == http.StatusOK && i < 5_000; i++ {
		full = s.post(decisions, askFor("steady", fmt.Sprint("sha256:new", i))).status
	}
	if full != http.StatusServiceUnavailable {
		t.Fatalf("so many decisions wait and the next is answered with %d", full)
	}
	s.post(decisions, `{"service":"steady","change":{"kind":"rollback"},"artifact":{"digest":"`+built("3")+`"}}`).is(http.StatusOK, `"kind":"rollback"`)
	s.post(decisions, `{"service":"steady","change":{"kind":"rollback"},"artifact":{"digest":"`+built("made-up")+`"}}`).is(http.StatusServiceUnavailable)
}
