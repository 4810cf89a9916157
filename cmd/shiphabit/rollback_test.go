package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/internal/rollback"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

const hookSecret = "s3cret-of-the-rollback-hook"

// backPipeline is a pipeline that is told to roll back. It answers with a status, and keeps what it was sent.
type backPipeline struct {
	url string

	mu     sync.Mutex
	status int
	told   []*http.Request
	bodies []string
}

func newBackPipeline(t *testing.T, status int) *backPipeline {
	t.Helper()
	r := &backPipeline{status: status}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL + "/trigger?token=t0ken"
	return r
}

func (r *backPipeline) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told, r.bodies = append(r.told, request), append(r.bodies, string(body))
	w.WriteHeader(r.status)
}

func (r *backPipeline) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *backPipeline) heard() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.bodies...)
}

// rollbackStage is a stage whose shop has a hook that was seen a while ago, and a good deployment of version shop-0.
func rollbackStage(t *testing.T, hook *backPipeline) (*tellingStage, tellingServer) {
	t.Helper()
	s := newTellingStage(t, newChatRoom(t).url)
	s.hook = hook.url
	h := s.server()
	s.dial.turn(5 * time.Minute)
	s.deploys("shop", ".")
	return s, h
}

// retreats lets servers look for failed watches and tell hooks of them, at once.
func (s *tellingStage) retreats(servers ...tellingServer) {
	s.Helper()
	var all sync.WaitGroup
	for _, h := range servers {
		all.Go(func() {
			if err := h.retreat.round(s.Context()); err != nil {
				s.Error(err)
			}
		})
	}
	all.Wait()
}

// became is what is noted of the rollback of a deployment, empty where nothing is.
func (s *tellingStage) became(h tellingServer, deployment string) gate.RollbackNote {
	s.Helper()
	note, err := h.db.RollbackOf(s.Context(), "shop", deployment)
	if err != nil {
		s.Fatal(err)
	}
	if note == nil {
		return gate.RollbackNote{}
	}
	return *note
}

func TestTwoServersTellAHookOnceWhatFailedAndWhatWasGoodBefore(t *testing.T) {
	t.Parallel()
	hook := newBackPipeline(t, http.StatusCreated)
	s, one := rollbackStage(t, hook)
	two := s.server()
	s.unhealthy("shop", "bad")
	s.unhealthy("web", "bad")
	s.retreats(one, two)
	s.dial.turn(time.Minute)
	s.retreats(one, two)
	s.retreats(s.server())
	if heard := hook.heard(); len(heard) != 1 {
		t.Fatalf("it was told %d times: %q", len(heard), heard)
	}
	var told struct {
		Kind, Rollback, Service, Environment, Reason string
		Failed, Good                                 struct{ Deployment, Version, Digest, Commit string }
		Links                                        map[string]string
	}
	if err := json.Unmarshal([]byte(hook.heard()[0]), &told); err != nil {
		t.Fatal(err)
	}
	if told.Kind != "rollback" || told.Service != "shop" || told.Environment != "production" || told.Failed.Deployment != "import/shop-bad" || told.Failed.Version != "1.9" ||
		told.Failed.Commit != "shop-bad" || told.Good.Deployment != "import/shop-0" || told.Good.Digest != fmt.Sprintf("sha256:%064d", 0) || told.Good.Commit != "r0" {
		t.Errorf("%+v", told)
	}
	if !strings.HasPrefix(told.Reason, "The watch of 1.9 in production found it unhealthy at 2026-03-02 12:0") || told.Links["gate"] != "https://ship.example.org/services/shop/gate" {
		t.Errorf("%+v", told)
	}
	h := hook.told[0].Header
	if h.Get(rollback.KeyHeader) != told.Rollback || told.Rollback == "" ||
		!collector.Signed(h.Get(rollback.SignatureHeader), []byte(h.Get(rollback.TimeHeader)+"."+hook.heard()[0]), []string{hookSecret}) {
		t.Errorf("%v", h)
	}
	if n := s.became(one, "import/shop-bad"); n.State != gate.RollbackAnswered || n.Says != "it answered 201" || n.Tries != 1 {
		t.Errorf("%+v", n)
	}
	if said := s.log.String(); !strings.Contains(said, "deployment=import/shop-bad state=answered") || strings.Contains(said, "t0ken") || strings.Contains(said, hookSecret) {
		t.Errorf("the log says\n%s", said)
	}
	// The pipeline that is told asks the gate, which lets it through at once.
	s.asks("shop", told.Good.Digest, `{"kind":"rollback"}`, gate.Allow)
}

func TestAHookIsToldNothingOld(t *testing.T) {
	t.Parallel()
	hook := newBackPipeline(t, http.StatusOK)
	s := newTellingStage(t, newChatRoom(t).url)
	s.deploys("shop", ".")
	s.unhealthy("shop", "before") // and only then the hook is configured
	s.hook = hook.url
	s.dial.turn(time.Minute)
	h := s.server()
	s.retreats(h)

	s.dial.turn(30 * time.Minute)
	at := s.dial.now()
	s.post("/api/v1/events", fmt.Sprintf(`{"type":"deployment","id":"late","service":"shop","environment":"production","status":"succeeded","revision":"late","finished_at":%q}
{"type":"verdict","id":"v-late","deployment":"late","result":"unhealthy","at":%q}
`, at.Add(-3*time.Hour).Format(time.RFC3339), at.Format(time.RFC3339))) // somebody's afterthought
	_, err := h.db.Append(t.Context(), []metrics.Event{
		metrics.NewEvent("import", metrics.Deployment{ID: "i1", Service: "shop", Environment: "production", Status: metrics.Succeeded, Revision: "i1", FinishedAt: at.Add(-10 * time.Minute)}),
		metrics.NewEvent("import", metrics.Verdict{ID: "iv1", Deployment: "i1", Result: "unhealthy", At: at}),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.retreats(h)

	s.dial.turn(time.Hour)
	s.unhealthy("shop", "unseen") // no server ran
	s.dial.turn(gate.RollbackFor)
	s.retreats(h, s.server())
	if heard := hook.heard(); len(heard) != 0 {
		t.Errorf("it was told %q", heard)
	}
	// A hook that leads elsewhere is a new one, and so is one that was gone.
	s.unhealthy("shop", "again")
	s.dial.turn(time.Second)
	s.hook = hook.url + "2"
	s.retreats(s.server())
	s.hook = ""
	s.server()
	s.hook = hook.url + "2"
	s.retreats(s.server())
	if heard := hook.heard(); len(heard) != 0 {
		t.Errorf("a new hook was told %q", heard)
	}
	s.dial.turn(time.Hour)
	s.unhealthy("shop", "now")
	s.retreats(s.server())
	if heard := hook.heard(); len(heard) != 1 || !strings.Contains(heard[0], "import/shop-now") {
		t.Errorf("of a watch that fails now it was told %q", heard)
	}
}

func TestNothingIsAskedForWhereThereIsNothingToPutBackOrSomethingNewerIsThere(t *testing.T) {
	t.Parallel()
	deployment := func(id, more string) string {
		return fmt.Sprintf(`{"type":"deployment","id":%q,"service":"shop","environment":"production","revision":%q,%s}`+"\n", id, id, more)
	}
	for sentence, c := range map[string]struct {
		history string
		more    func(s *tellingStage, now time.Time)
		says    string
	}{
		"no version before it":  {"", func(*tellingStage, time.Time) {}, "no deployment of another version is recorded that went well here before"},
		"the one before failed": {"x", func(*tellingStage, time.Time) {}, "no deployment of another version is recorded that went well here before"},
		"a newer one is live": {".", func(s *tellingStage, now time.Time) {
			s.post("/api/v1/events", deployment("newer", fmt.Sprintf(`"status":"succeeded","finished_at":%q`, now.Add(-time.Minute).Format(time.RFC3339))))
		}, "newer was deployed here after it"},
		"a newer one failed": {".", func(s *tellingStage, now time.Time) {
			s.post("/api/v1/events", deployment("newer", fmt.Sprintf(`"status":"failed","finished_at":%q`, now.Add(-time.Minute).Format(time.RFC3339))))
		}, "newer was deployed here after it"},
		"a newer one is being deployed": {".", func(s *tellingStage, now time.Time) {
			s.post("/api/v1/events", deployment("newer", fmt.Sprintf(`"status":"running","started_at":%q`, now.Add(-time.Minute).Format(time.RFC3339))))
		}, "newer is being deployed here"},
		"a newer one was let through": {".", func(s *tellingStage, _ time.Time) {
			s.asks("shop", built("newer"), normalChange, gate.Allow)
		}, built("newer")[:19] + " is on its way here"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			hook := newBackPipeline(t, http.StatusOK)
			s := newTellingStage(t, newChatRoom(t).url)
			s.hook = hook.url
			h := s.server()
			s.dial.turn(5 * time.Minute)
			if c.history != "" {
				s.deploys("shop", c.history)
			}
			c.more(s, s.dial.now())
			s.unhealthy("shop", "bad")
			s.retreats(h)
			s.dial.turn(time.Minute)
			s.retreats(h)
			s.dial.turn(gate.RollbackFor)
			s.retreats(h)
			n := s.became(h, "import/shop-bad")
			if n.State != gate.RollbackNotAsked || n.Says != c.says || len(hook.heard()) != 0 {
				t.Errorf("%+v; it was told %q", n, hook.heard())
			}
		})
	}
}

func TestARollbackWaitsForWhatIsOnItsWayAndIsAskedForOnceWhereThatComesToNothing(t *testing.T) {
	t.Parallel()
	running := func(s *tellingStage, status string) {
		s.post("/api/v1/events", fmt.Sprintf(`{"type":"deployment","id":"newer","service":"shop","environment":"production","revision":"newer","status":%q,"started_at":%q,"finished_at":%q}`+"\n",
			status, s.dial.now().Add(-2*time.Minute).Format(time.RFC3339), s.dial.now().Format(time.RFC3339)))
	}
	for sentence, c := range map[string]struct {
		outcome string
		asked   int
		state   gate.RollbackState
		says    string
	}{
		"it is skipped":           {"skipped", 1, gate.RollbackAnswered, "it answered 200"},
		"it is cancelled":         {"cancelled", 1, gate.RollbackAnswered, "it answered 200"},
		"it goes out":             {"succeeded", 0, gate.RollbackOvertaken, built("newer")[:12] + " was deployed here after it"},
		"it fails on its way":     {"failed", 0, gate.RollbackOvertaken, built("newer")[:12] + " was deployed here after it"},
		"somebody repaired it":    {"repaired", 0, gate.RollbackOvertaken, "newer was deployed here after it"},
		"nobody says what became": {"", 0, gate.RollbackNotAsked, built("newer")[:19] + " is on its way here"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			hook := newBackPipeline(t, http.StatusOK)
			s, one := rollbackStage(t, hook)
			two := s.server()
			var let gate.Decision
			if err := json.Unmarshal([]byte(s.post("/api/v1/gate/decisions", `{"service":"shop","artifact":{"digest":"`+built("newer")+`"}}`)), &let); err != nil {
				t.Fatal(err)
			}
			s.unhealthy("shop", "bad")
			s.retreats(one, two)
			s.dial.turn(time.Minute)
			s.retreats(one, two)
			if n := s.became(one, "import/shop-bad"); n.State != gate.RollbackWaiting || n.Words() != "its rollback hook is not told yet: "+built("newer")[:19]+" is on its way here" || len(hook.heard()) != 0 {
				t.Fatalf("meanwhile: %+v; it was told %q", n, hook.heard())
			}
			switch c.outcome {
			case "":
				s.dial.turn(gate.RollbackFor)
			case "repaired":
				running(s, "succeeded")
			default:
				s.post("/api/v1/gate/decisions/"+let.ID+"/report", fmt.Sprintf(`{"outcome":%q}`, c.outcome))
			}
			for range 3 {
				s.dial.turn(30 * time.Second)
				s.retreats(one, two, s.server())
			}
			if n := s.became(one, "import/shop-bad"); n.State != c.state || n.Says != c.says || len(hook.heard()) != c.asked {
				t.Errorf("%+v; it was told %q", n, hook.heard())
			}
		})
	}
}

func TestWhatRunsElsewhereOrBeganLongAgoIsNotInTheWay(t *testing.T) {
	t.Parallel()
	hook := newBackPipeline(t, http.StatusOK)
	s, h := rollbackStage(t, hook)
	now := s.dial.now()
	s.post("/api/v1/events", fmt.Sprintf(`{"type":"deployment","id":"stage","service":"shop","environment":"staging","status":"running","revision":"n","started_at":%q}
{"type":"deployment","id":"lost","service":"shop","environment":"production","status":"running","revision":"l","started_at":%q}
`, now.Add(-time.Minute).Format(time.RFC3339), now.Add(-time.Hour).Format(time.RFC3339)))
	s.unhealthy("shop", "bad")
	s.retreats(h)
	if len(hook.heard()) != 1 {
		t.Errorf("%+v", s.became(h, "import/shop-bad"))
	}
}

func TestARollbackIsNotRolledBack(t *testing.T) {
	t.Parallel()
	hook := newBackPipeline(t, http.StatusOK)
	s, h := rollbackStage(t, hook)
	at := s.dial.now()
	deployed := func(id, revision string, ago time.Duration) string {
		return fmt.Sprintf(`{"type":"deployment","id":%q,"service":"shop","environment":"production","status":"succeeded","revision":%q,"finished_at":%q}`+"\n",
			id, revision, at.Add(-ago).Format(time.RFC3339))
	}
	s.post("/api/v1/events", deployed("a", "a", 90*time.Minute)+deployed("b", "b", 80*time.Minute)+deployed("back", "a", 10*time.Minute)+
		fmt.Sprintf(`{"type":"verdict","id":"v","deployment":"back","result":"unhealthy","at":%q}`+"\n", at.Add(-time.Minute).Format(time.RFC3339)))
	s.retreats(h)
	if n := s.became(h, "import/back"); n.State != gate.RollbackNotAsked || n.Says != "it is a rollback itself" || len(hook.heard()) != 0 {
		t.Errorf("%+v; it was told %q", n, hook.heard())
	}
}

func TestAHookThatDoesNotTakeItIsToldAgainWithTheSameBytesUntilItIsTooLate(t *testing.T) {
	t.Parallel()
	hook := newBackPipeline(t, http.StatusServiceUnavailable)
	s, one := rollbackStage(t, hook)
	two := s.server()
	s.unhealthy("shop", "bad")
	round := func(after time.Duration, want int) {
		t.Helper()
		s.dial.turn(after)
		s.retreats(one, two)
		if got := len(hook.heard()); got != want {
			t.Fatalf("after %s it was told %d times, want %d", after, got, want)
		}
	}
	round(0, 1)
	round(9*time.Second, 1)
	round(time.Second, 2)
	round(19*time.Second, 2)
	round(time.Second, 3)
	if n := s.became(one, "import/shop-bad"); n.State != gate.RollbackWaiting || n.Says != "it answered 503" || n.Tries != 3 {
		t.Errorf("%+v", n)
	}
	round(gate.RollbackFor, 3)
	round(time.Hour, 3)
	if n := s.became(one, "import/shop-bad"); n.State != gate.RollbackGaveUp || n.Says != "it answered 503; it was not told in time" {
		t.Errorf("%+v", n)
	}
	for i, body := range hook.heard() {
		if body != hook.heard()[0] || hook.told[i].Header.Get(rollback.KeyHeader) != hook.told[0].Header.Get(rollback.KeyHeader) {
			t.Errorf("the try %d says something else: %s", i, body)
		}
	}
	if hook.told[2].Header.Get(rollback.TimeHeader) == hook.told[0].Header.Get(rollback.TimeHeader) {
		t.Error("a later try is signed with the time of the first")
	}
}

func TestAHookThatRefusesIsToldNoMore(t *testing.T) {
	t.Parallel()
	hook := newBackPipeline(t, http.StatusNotFound)
	s, h := rollbackStage(t, hook)
	s.unhealthy("shop", "bad")
	s.retreats(h)
	hook.answers(http.StatusOK)
	s.dial.turn(5 * time.Minute)
	s.retreats(h)
	if n := s.became(h, "import/shop-bad"); n.State != gate.RollbackRefused || n.Says != "it answered 404; check its address and what it expects" || len(hook.heard()) != 1 {
		t.Errorf("%+v; it was told %d times", n, len(hook.heard()))
	}
}

func TestWhatHappensBeforeTheNextTryOvertakesIt(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		event func(at string) string
		says  string
	}{
		"something newer is deployed": {func(at string) string {
			return `{"type":"deployment","id":"newer","service":"shop","environment":"production","status":"succeeded","revision":"newer","finished_at":"` + at + `"}`
		}, "newer was deployed here after it"},
		"the verdict turns out to be none": {func(at string) string {
			return `{"type":"verdict","id":"v-shop-bad","deployment":"shop-bad","result":"healthy","at":"` + at + `","updated_at":"` + at + `"}`
		}, "its watch does not count as failed any more"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			hook := newBackPipeline(t, http.StatusServiceUnavailable)
			s, h := rollbackStage(t, hook)
			s.unhealthy("shop", "bad")
			s.retreats(h)
			hook.answers(http.StatusOK)
			s.dial.turn(time.Minute)
			s.post("/api/v1/events", c.event(s.dial.now().Format(time.RFC3339))+"\n")
			s.retreats(h)
			if n := s.became(h, "import/shop-bad"); n.State != gate.RollbackOvertaken || n.Says != c.says || len(hook.heard()) != 1 {
				t.Errorf("%+v; it was told %d times", n, len(hook.heard()))
			}
		})
	}
}

func TestAnotherServerTakesOverFromOneThatWasKilled(t *testing.T) {
	t.Parallel()
	hook := newBackPipeline(t, http.StatusOK)
	s, one := rollbackStage(t, hook)
	s.unhealthy("shop", "bad")
	if err := one.retreat.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	due, err := one.db.DueRollbacks(t.Context(), 1)
	if err != nil || len(due) != 1 {
		t.Fatalf("%+v, %v", due, err)
	}
	if mine, err := one.db.ClaimRollback(t.Context(), due[0], s.dial.now().Add(rollbackHeld)); err != nil || !mine {
		t.Fatalf("%v, %v", mine, err)
	}
	two := s.server()
	s.dial.turn(rollbackHeld - time.Second)
	s.retreats(two)
	if len(hook.heard()) != 0 {
		t.Fatal("two servers tell it at once")
	}
	s.dial.turn(time.Second)
	s.retreats(two)
	if n := s.became(two, "import/shop-bad"); n.State != gate.RollbackAnswered || n.Tries != 2 || len(hook.heard()) != 1 {
		t.Errorf("%+v; it was told %d times", n, len(hook.heard()))
	}
}
