package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// toldAt is when the tests of this file begin.
var toldAt = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// dial is a clock that is set.
type dial struct {
	mu sync.Mutex
	at time.Time
}

func (d *dial) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

func (d *dial) turn(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(by)
}

// tellingStage is a database, a clock, and where a team is reached. Its servers answer as the program's do.
type tellingStage struct {
	*testing.T
	dial dial
	path string
	box  *letterbox
	room string // a webhook's address
	hook string // where shop is rolled back; empty for nowhere
	log  *lockedBuffer
}

// tellingServer is one server over the database.
type tellingServer struct {
	*herald

	retreat *retreat
	db      *store.DB
	handler http.Handler
}

func newTellingStage(t *testing.T, room string) *tellingStage {
	t.Helper()
	return &tellingStage{T: t, dial: dial{at: toldAt}, path: filepath.Join(t.TempDir(), "told.db"), box: newLetterbox(t), room: room, log: &lockedBuffer{}}
}

// server opens the database once more, as another server does.
func (s *tellingStage) server() tellingServer {
	s.Helper()
	back := ""
	if s.hook != "" {
		back = `, rollback: {url: "${HOOK}", secret: "${HOOK_SECRET}"}`
	}
	settings := settingsOf(s.T, `
teams: [{name: pay, notify: {mail: [pay@example.org], webhooks: [room]}}, {name: quiet}]
services: [{name: shop, team: pay`+back+`}, {name: web, team: pay}, {name: docs, team: quiet}]
notify:
  public_url: https://ship.example.org/
  smtp: {address: "`+s.box.address+`", security: none, from: ship@example.org}
  webhooks: [{name: room, url: "${CHAT}"}]
  leadership: {webhooks: [room]}
  gate: true
`, map[string]string{"CHAT": s.room, "HOOK": s.hook, "HOOK_SECRET": hookSecret})
	p := &program{err: s.log, clock: s.dial.now}
	hooks, err := p.rollbackHooks(settings)
	if err != nil {
		s.Fatal(err)
	}
	db, _, err := p.openSources(s.Context(), s.path, settings, store.TakesOver)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = db.Close() })
	handler, err := p.server(db, settings, nil, nil)
	if err != nil {
		s.Fatal(err)
	}
	t := &term{settings: settings, db: db, handler: handler, hooks: hooks}
	h, err := p.heraldOf(t)
	if err != nil {
		s.Fatal(err)
	}
	r, err := p.retreatOf(s.Context(), t)
	if err != nil {
		s.Fatal(err)
	}
	return tellingServer{h, r, db, handler}
}

// post sends something to a server of its own.
func (s *tellingStage) post(path, body string) string {
	s.Helper()
	return s.ask(http.MethodPost, path, body)
}

func (s *tellingStage) ask(method, path, body string) string {
	s.Helper()
	h := s.server()
	r := httptest.NewRequestWithContext(s.Context(), method, "http://127.0.0.1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	h.handler.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		s.Fatalf("%s %s: %d %s", method, path, answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// deploys tells of deployments of a service, one a day up to the day before: "." went well and "x" failed.
func (s *tellingStage) deploys(service, outcomes string) {
	s.Helper()
	var lines strings.Builder
	for i, outcome := range outcomes {
		at := s.dial.now().Add(-2*time.Hour).AddDate(0, 0, i+1-len(outcomes))
		status := map[rune]string{'.': "succeeded", 'x': "failed"}[outcome]
		fmt.Fprintf(&lines, `{"type":"deployment","id":"%[1]s-%[2]d","service":"%[1]s","environment":"production","status":"%[3]s","revision":"r%[2]d","digest":"sha256:%064[2]d","finished_at":"%[4]s"}`+"\n",
			service, i, status, at.Format(time.RFC3339))
	}
	s.post("/api/v1/events", lines.String())
}

// asks lets a pipeline ask, and tells what it is answered.
func (s *tellingStage) asks(service, digest, change string, want gate.Result) {
	s.Helper()
	got := s.post("/api/v1/gate/decisions", fmt.Sprintf(`{"service":%q,"environment":"production","artifact":{"digest":%q},"change":%s}`, service, digest, change))
	if !strings.Contains(got, fmt.Sprintf(`"verdict":%q`, want)) {
		s.Fatalf("%s %s: %s", service, digest, got)
	}
	s.dial.turn(time.Second)
}

const normalChange = `{"kind":"normal"}`

// everything happens: the gate stops shop twice, shop's open failure is fixed twice, the watch of web ends in failed, and a criterion that
// stops web drops to warning. All but the last happens to the services of a team without channels and of no team, too.
func (s *tellingStage) everything() {
	s.Helper()
	for _, service := range []string{"shop", "docs", "nobodys"} {
		s.deploys(service, strings.Repeat(".", 20)+".x.x.x.x")
		s.asks(service, built("new"), normalChange, gate.Block)
		s.asks(service, built("newer"), normalChange, gate.Block)
		fix := fmt.Sprintf(`{"kind":"fix","fixes":["%s-27"]}`, service)
		s.asks(service, built("fix1"), fix, gate.Allow)
		s.asks(service, built("fix1"), fix, gate.Allow)
		s.asks(service, built("fix2"), fix, gate.Allow)
		s.unhealthy(service, "watched")
	}
	s.post("/api/v1/gate/decisions", `{"service":"web","environment":"production","commit":"web-seen","change":{"kind":"normal"}}`)
	s.dial.turn(10 * time.Minute) // it goes out after that
	s.unhealthy("web", "seen")
	s.judged("web", nil, brokenPromise())
}

// unhealthy tells of a deployment that went out minutes ago and of a verdict about it.
func (s *tellingStage) unhealthy(service, id string) {
	s.Helper()
	at := s.dial.now()
	s.post("/api/v1/events", fmt.Sprintf(`{"type":"deployment","id":"%[1]s","service":%[2]q,"environment":"production","status":"succeeded","revision":"%[1]s","version":"1.9","finished_at":%[3]q}
{"type":"verdict","id":"v-%[1]s","deployment":"%[1]s","result":"unhealthy","at":%[4]q}
`, service+"-"+id, service, at.Add(-10*time.Minute).Format(time.RFC3339), at.Add(-time.Minute).Format(time.RFC3339)))
}

func brokenPromise() []gate.Demotion {
	return []gate.Demotion{{Criterion: "failure-meter", Measured: 4, Years: gate.Fraction{Num: 2, Den: 1}, Promised: gate.Fraction{Num: 2, Den: 1}}}
}

// judged logs decisions of a service as a server does, each while criteria had broken their promise.
func (s *tellingStage) judged(service string, broken ...[]gate.Demotion) {
	s.Helper()
	h := s.server()
	known := gate.Known{Facts: metrics.Facts{Service: service}, Service: metrics.Service{Name: service, Team: "pay"}}
	for i, broke := range broken {
		policy := gate.PolicyFor(metrics.Standard)
		known.Demoted = broke
		r := gate.Request{Service: service, Environment: "production", Artifact: gate.Artifact{Digest: "sha256:new"}, Change: gate.Change{Kind: gate.KindNormal}}
		snapshot := gate.Take(r, policy, s.dial.now(), known)
		l := gate.Logged{Decision: gate.Decide(policy, snapshot, r), Request: r, Snapshot: snapshot, PolicyDoc: policy.Canonical(), Caller: "ci", At: snapshot.Now}
		l.ID = fmt.Sprintf("gd_%s_%d", service, i)
		if err := h.db.LogDecision(s.Context(), l); err != nil {
			s.Fatal(err)
		}
		s.dial.turn(time.Second)
	}
}

// rounds lets servers look and tell at once.
func (s *tellingStage) rounds(servers ...tellingServer) {
	s.Helper()
	var all sync.WaitGroup
	for _, h := range servers {
		all.Go(func() {
			if err := h.round(s.Context()); err != nil {
				s.Error(err)
			}
		})
	}
	all.Wait()
}

// mails are the subjects of those that arrived and their texts.
func (s *tellingStage) mails() map[string]string {
	s.Helper()
	all := map[string]string{}
	for _, raw := range s.box.received() {
		m, err := mail.ReadMessage(strings.NewReader(raw))
		if err != nil {
			s.Fatal(err)
		}
		all[m.Header.Get("Subject")] = textOfMail(s.T, raw)
	}
	return all
}

func TestTwoServersTellATeamOnceOfWhatWantsItsEyes(t *testing.T) {
	t.Parallel()
	chat := newChatRoom(t)
	s := newTellingStage(t, chat.url)
	s.everything()
	one, two := s.server(), s.server()
	s.rounds(one, two)
	s.dial.turn(5 * time.Minute)
	s.rounds(one, two)
	s.rounds(s.server()) // one that starts later
	want := map[string][]string{
		"shop: the gate stops changes to production": {
			"At 2026-03-02 12:00 UTC the gate answered: Stopped: 4 of the last 28 deployments failed", "A rollback or a fix still passes.",
			"What opens it again (failure-meter): three good deployments in a row", "The decision: https://ship.example.org/gate/decisions/gd_", "https://ship.example.org/services/shop/gate",
		},
		"shop: a second fix of import/shop-27":                    {"the gate answered: Goes on: it repairs import/shop-27", "The first one, " + built("fix1")[:19] + ", was let through at", "The decision: https://ship.example.org/gate/decisions/gd_"},
		"shop: the watch of 1.9 in production ended in failed":    {"Its watch found it unhealthy", "--kind fix --fixes import/shop-watched", "https://ship.example.org/services/shop/gate"},
		"web: the watch of 1.9 in production ended in failed":     {"The decision: https://ship.example.org/gate/decisions/gd_", "The service at the gate: https://ship.example.org/services/web/gate"},
		"web: failure-meter broke its promise and only warns now": {"It only warns now: it stopped good services wrongly four times", "/gate/decisions/gd_web_1"},
	}
	mails := s.mails()
	for subject, says := range want {
		for _, words := range says {
			if !strings.Contains(mails[subject], words) {
				t.Errorf("%q does not say %q:\n%s", subject, words, mails[subject])
			}
		}
	}
	if len(s.box.received()) != len(want) || len(chat.heard()) != len(want) {
		t.Errorf("the box has %d and the room heard %d, want %d: %q", len(s.box.received()), len(chat.heard()), len(want), chat.heard())
	}
	if heard := strings.Join(chat.heard(), "\n"); !strings.Contains(heard, "*shop: the gate stops changes to production*") || strings.Contains(heard, "docs") || strings.Contains(heard, "nobodys") {
		t.Errorf("the room heard\n%s", heard)
	}
	if board := s.ask(http.MethodGet, "/api/v1/gate/scoreboard", ""); !strings.Contains(board, `"repeated_fixes":3`) {
		t.Errorf("the scoreboard is %s", board)
	}
}

func TestASpellIsToldOnceAndTheNextOneAgain(t *testing.T) {
	t.Parallel()
	chat := newChatRoom(t)
	s := newTellingStage(t, chat.url)
	s.deploys("shop", strings.Repeat(".", 20)+".x.x.x.x")
	h := s.server()
	s.asks("shop", built("a"), normalChange, gate.Block)
	s.rounds(h)
	s.asks("shop", built("b"), normalChange, gate.Block)
	s.rounds(h)
	if len(chat.heard()) != 1 {
		t.Fatalf("of one spell the room heard %q", chat.heard())
	}
	s.asks("docs", built("a"), normalChange, gate.Allow)
	s.rounds(h)
	open := gate.Logged{ // the criteria let something through again
		Decision: gate.Decision{ID: "gd_open", Verdict: gate.Allow, Kind: gate.KindNormal}, At: s.dial.now(), PolicyDoc: []byte(`{}`),
		Request: gate.Request{Service: "shop", Environment: "production"},
	}
	if err := h.db.LogDecision(t.Context(), open); err != nil {
		t.Fatal(err)
	}
	s.dial.turn(time.Second)
	s.asks("shop", built("c"), normalChange, gate.Block)
	s.rounds(h, s.server())
	if len(chat.heard()) != 2 {
		t.Errorf("of two spells the room heard %q", chat.heard())
	}
}

// brokenRoom is a chat that refuses what it is sent until it is mended.
type brokenRoom struct {
	mu       sync.Mutex
	mended   bool
	refused  int
	accepted int
}

func (b *brokenRoom) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.mended {
		b.refused++
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	b.accepted++
}

func (b *brokenRoom) counts() (refused, accepted int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused, b.accepted
}

func (b *brokenRoom) mend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mended = true
}

func TestAChannelThatFailsIsTriedAgainLaterAndLaterForADay(t *testing.T) {
	t.Parallel()
	room := &brokenRoom{}
	server := httptest.NewServer(room)
	t.Cleanup(server.Close)
	s := newTellingStage(t, server.URL)
	s.deploys("shop", strings.Repeat(".", 20)+".x.x.x.x")
	s.asks("shop", built("a"), normalChange, gate.Block)
	one, two := s.server(), s.server()
	round := func(after time.Duration, fails string, refused, accepted int) {
		t.Helper()
		s.dial.turn(after)
		err := one.round(t.Context())
		if (err != nil) != (fails != "") || err != nil && !strings.Contains(err.Error(), fails) {
			t.Errorf("after %s it says %v", after, err)
		}
		if err := two.round(t.Context()); err != nil {
			t.Errorf("the other server says %v", err)
		}
		if r, a := room.counts(); r != refused || a != accepted {
			t.Fatalf("after %s it was refused %d times and taken %d times, want %d and %d", after, r, a, refused, accepted)
		}
	}
	round(0, "webhook room: it answers 503", 1, 0)
	round(59*time.Second, "", 1, 0)
	round(time.Second, "it answers 503", 2, 0)
	round(119*time.Second, "", 2, 0)
	round(time.Second, "it answers 503", 3, 0)
	room.mend()
	round(3*time.Minute, "", 3, 0)
	round(time.Minute, "", 3, 1)
	round(time.Hour, "", 3, 1)
	if len(s.box.received()) != 1 {
		t.Errorf("by mail it arrived %d times", len(s.box.received()))
	}
	if len(one.pending)+len(two.pending) != 0 {
		t.Errorf("left is %+v, %+v", one.pending, two.pending)
	}
}

func TestWhatCouldNotBeToldForADayIsToldNoMore(t *testing.T) {
	t.Parallel()
	room := &brokenRoom{}
	server := httptest.NewServer(room)
	t.Cleanup(server.Close)
	s := newTellingStage(t, server.URL)
	s.deploys("shop", strings.Repeat(".", 20)+".x.x.x.x")
	s.asks("shop", built("a"), normalChange, gate.Block)
	h := s.server()
	if err := h.round(t.Context()); err == nil {
		t.Fatal("nobody says that the room refuses")
	}
	room.mend()
	s.dial.turn(newsFor)
	s.rounds(h)
	s.rounds(s.server())
	if refused, accepted := room.counts(); refused != 1 || accepted != 0 || len(h.pending) != 0 {
		t.Errorf("it was refused %d times and taken %d times; left is %+v", refused, accepted, h.pending)
	}
	if said := s.log.String(); strings.Count(said, "is not told any more") != 1 || !strings.Contains(said, "shop: the gate stops changes to production") || strings.Contains(said, server.URL) {
		t.Errorf("the log says\n%s", said)
	}
}

func TestNobodyIsToldOfHistory(t *testing.T) {
	t.Parallel()
	chat := newChatRoom(t)
	s := newTellingStage(t, chat.url)
	s.everything()
	s.dial.turn(newsFor)
	s.rounds(s.server())
	// An import tells of verdicts that were given minutes ago, and not as they were given.
	at := s.dial.now().Add(-time.Minute)
	imported := s.server()
	_, err := imported.db.Append(t.Context(), []metrics.Event{
		metrics.NewEvent("import", metrics.Deployment{ID: "i1", Service: "web", Environment: "production", Status: metrics.Succeeded, Revision: "i1", FinishedAt: at.Add(-10 * time.Minute)}),
		metrics.NewEvent("import", metrics.Verdict{ID: "iv1", Deployment: "i1", Result: "unhealthy", At: at}),
	})
	if err != nil {
		t.Fatal(err)
	}
	facts, err := imported.db.Facts(t.Context(), "web")
	if err != nil || len(facts.Rollouts[len(facts.Rollouts)-1].Failures) != 1 {
		t.Fatalf("%+v, %v", facts, err)
	}
	s.rounds(imported)
	if len(chat.heard())+len(s.box.received()) != 0 {
		t.Errorf("the room heard %q, the box has %d", chat.heard(), len(s.box.received()))
	}
}

func TestWhatMayHaveArrivedIsNotToldAgainAndWarnedOf(t *testing.T) {
	t.Parallel()
	var taken atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		taken.Add(1)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close() // it took the message, and the line was cut
		}
	}))
	t.Cleanup(server.Close)
	s := newTellingStage(t, server.URL)
	s.deploys("shop", strings.Repeat(".", 20)+".x.x.x.x")
	s.asks("shop", built("a"), normalChange, gate.Block)
	h := s.server()
	if err := h.round(t.Context()); err == nil || !strings.Contains(err.Error(), "it may have arrived all the same, so it is not sent again") {
		t.Errorf("it says %v", err)
	}
	s.dial.turn(longestSending + time.Second)
	s.rounds(h)
	s.rounds(h)
	if taken.Load() != 1 || len(h.pending) != 0 || strings.Count(s.log.String(), "how that ended is not known") != 1 {
		t.Errorf("it was sent %d times; left is %+v; the log says\n%s", taken.Load(), h.pending, s.log.String())
	}
}

func TestOfWhatMayHaveArrivedTheLogWarnsOnceThoughAnotherChannelIsStillTried(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&brokenRoom{})
	t.Cleanup(server.Close)
	s := newTellingStage(t, server.URL)
	s.deploys("shop", strings.Repeat(".", 20)+".x.x.x.x")
	s.asks("shop", built("a"), normalChange, gate.Block)
	h := s.server()
	news, err := h.look.look(t.Context(), s.dial.now())
	if err != nil || len(news) != 1 {
		t.Fatalf("%+v, %v", news, err)
	}
	// Another server began the mail and is gone.
	if err := h.db.BeginTelling(t.Context(), store.Telling{Notice: news[0].Key, Audience: "pay", Channel: "mail"}); err != nil {
		t.Fatal(err)
	}
	h.pending = news
	s.dial.turn(longestSending + time.Second)
	for range 5 {
		_ = h.round(t.Context()) // the room refuses
		s.dial.turn(newsEvery)
	}
	if said := s.log.String(); len(h.pending) != 1 || strings.Count(said, "how that ended is not known") != 1 {
		t.Errorf("left is %+v; the log says\n%s", h.pending, said)
	}
}

func TestAChannelIsLeftAloneTwiceAsLongAfterEachTryUpToABound(t *testing.T) {
	t.Parallel()
	for tries, want := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 5: 16 * time.Minute, 7: 64 * time.Minute, 8: 2 * time.Hour, 500: 2 * time.Hour} {
		if got := doubled(tries, soonestAgain, latestAgain); got != want {
			t.Errorf("after %d tries %s, want %s", tries, got, want)
		}
	}
}

func TestAMessageShowsNothingHiddenAndHasASubjectOfOneLine(t *testing.T) {
	t.Parallel()
	h := &herald{base: "https://ship.example.org"}
	m := h.message(teamNews{News: gate.News{Service: "a/b c", Subject: "a\u202eb\r\nBcc: x@example.org " + strings.Repeat("ä", 300), Lines: []string{"one\x00\u200btwo\nthree", "four"}}})
	if strings.ContainsAny(m.Subject+m.Text, "\u202e\r\x00\u200b") || strings.Contains(m.Subject, "\n") || strings.Count(m.Text, "\n") != 1 || len([]rune(m.Subject)) != longestSubject {
		t.Errorf("%q\n%q", m.Subject, m.Text)
	}
	if len(m.Links) != 1 || m.Links[0].URL != "https://ship.example.org/services/a%2Fb%20c/gate" {
		t.Errorf("%+v", m.Links)
	}
}

func TestAServerTellsTeamsWhereItIsToldTo(t *testing.T) {
	t.Parallel()
	p, chat := newProcess(t), newChatRoom(t)
	p.env = append(p.env, "CHAT="+chat.url)
	settings := `
teams: [{name: pay, notify: {webhooks: [room]}}]
services: [{name: shaky, team: pay}]
notify:
  public_url: https://ship.example.org
  webhooks: [{name: room, url: "${CHAT}"}]
`
	silent, telling := p.write("silent.yaml", settings), p.write("telling.yaml", settings+"  gate: true\n")
	events, db := filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "t.db")
	write(t, events, history("shaky", strings.Repeat(".", 20)+".x.x.x.x", 2*time.Hour))
	p.must("import", "--config", silent, "--db", db, events)
	url, _ := p.serve("serve", "--config", silent, "--db", db)
	if out, errs, code := p.run("gate", "check", "--server", url, "--service", "shaky", "--digest", built("new")); code != exitBlocked {
		t.Fatalf("it ends with %d: %s%s", code, out, errs)
	}
	p.serve("serve", "--config", telling, "--db", db)
	eventually(t, "the room to be told of the stop", func() bool { return len(chat.heard()) > 0 })
	if heard := chat.heard(); len(heard) != 1 || !strings.Contains(heard[0], "shaky: the gate stops changes to production") {
		t.Errorf("the room heard %q", heard)
	}
}
