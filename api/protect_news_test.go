package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/collector"
	"shiphabit/internal/protection"
	"shiphabit/internal/protection/fakehub"
	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// heldByLateRecords is a server that reads a source which is two hours behind, and another over the same database; a service of tier high is
// on hold for it, and asks again after a minute.
func heldByLateRecords(t *testing.T, protector func(at *clock) (string, api.Protector)) (p protectedSite, other *store.DB) {
	t.Helper()
	dsn, at := filepath.Join(t.TempDir(), "api.db"), &clock{now: noon}
	rules := metrics.DefaultRules()
	rules.Services = []metrics.Service{{Name: "payments", Team: "pay", Tier: metrics.High}}
	var both [2]*store.DB
	for i := range both {
		db, err := store.Open(t.Context(), dsn, store.Options{Rules: rules, Clock: at.Now, Sources: []string{"ci"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		both[i] = db
	}
	p.site = newSiteOver(t, both[0], at, func(o *api.Options) {
		name, asks := protector(at)
		o.Protectors = map[string]api.Protector{name: asks}
	})
	p.handler = p.server
	p.post("/api/v1/events", history("payments", "......")).is(http.StatusOK)
	p.must(both[1].Beat(t.Context(), "ci", noon.Add(-2*time.Hour)))
	return p, both[1]
}

func (p protectedSite) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// later is so much later, after a sweep.
func (p protectedSite) later(d time.Duration) {
	p.Helper()
	p.clock.advance(d)
	p.sweep()
}

// looks are the times of the next looks at what waits: a look moves one.
func (p protectedSite) looks() map[time.Time]int {
	p.Helper()
	at := map[time.Time]int{}
	for _, w := range into[struct{ Waiting []api.Waiting }](p.get("/api/v1/gate/waiting?limit=200")).Waiting {
		at[w.NextAt]++
	}
	return at
}

func TestADeploymentOnHoldForLateRecordsIsApprovedWhenAnotherServerHasReadThem(t *testing.T) {
	t.Parallel()
	var hub *fakehub.Hub
	p, other := heldByLateRecords(t, func(at *clock) (string, api.Protector) {
		hub = fakehub.New(t, at.Now)
		return "app", ruleOf(t, hub, "production", at.Now)
	})
	p.hub = hub
	p.asked(1, "payments", "c0ffee")
	if got := p.told(1, "payments"); got != "report" {
		t.Fatalf("told %q: %s", got, p.get("/api/v1/gate/waiting").body)
	}
	before := p.looks()
	p.later(10 * time.Second)
	p.must(other.Beat(t.Context(), "ci", noon.Add(-2*time.Hour))) // it has not come further
	p.later(10 * time.Second)
	if after := p.looks(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("it was looked at though nothing had arrived: %v, then %v", before, after)
	}
	p.must(other.Beat(t.Context(), "ci", noon))
	p.sweep()
	if got := p.told(1, "payments"); got != "report approved" {
		t.Errorf("told %q", got)
	}
}

func TestAMergeRequestsStatusOnHoldFollowsTheRecordsThatArrive(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var said []string
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var body struct{ Status string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		said = append(said, body.Status)
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"id":1}`))
	}))
	t.Cleanup(host.Close)
	p, other := heldByLateRecords(t, func(at *clock) (string, api.Protector) {
		check, err := protection.NewGitLab(protection.GitLabOptions{
			Name: "checks", Host: collector.Host{Name: "checks", URL: host.URL, Clock: at.Now, Timeout: 5 * time.Second},
			Secrets: []string{"shared"}, Services: []protection.Mapping{{Project: "7", Service: "payments"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return "checks", statusCheck{check}
	})
	ticket := api.Waiting{Protector: "checks", ID: "7/4/3/c0ffee", Body: `{"project":7,"iid":4,"commit":"c0ffee","check":3}`, ExpiresAt: noon.Add(time.Hour)}
	if _, err := (keptBy{p.db}).AddWaiting(t.Context(), ticket); err != nil {
		t.Fatal(err)
	}
	p.sweep()
	p.later(10 * time.Second)
	p.must(other.Beat(t.Context(), "ci", noon))
	p.sweep()
	mu.Lock()
	defer mu.Unlock()
	if fmt.Sprint(said) != "[pending passed]" {
		t.Errorf("GitLab was told %v", said)
	}
}

func TestInAStormHoldsAreLookedAtSixtyFourASweepAndEachEveryTenSecondsAtMost(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	for run := range 100 {
		p.deliver(p.request(run, "payments", "c0ffee"), fakehub.Secret).is(http.StatusAccepted)
	}
	p.sweep()
	storm := func(i int) {
		p.post("/api/v1/events", strings.ReplaceAll(history("payments", "."), "payments-0", fmt.Sprint("earlier-", i))).is(http.StatusOK)
	}
	storm(0)
	p.later(9 * time.Second)
	if at := p.looks(); len(at) != 1 {
		t.Errorf("looked at again within ten seconds: %v", at)
	}
	storm(1)
	p.later(time.Second)
	looked := noon.Add(10 * time.Second).Add(5 * time.Minute)
	if at := p.looks(); at[looked] != 64 {
		t.Errorf("a sweep looked at %d: %v", at[looked], at)
	}
	storm(2)
	p.sweep()
	if at := p.looks(); at[looked] != 100 {
		t.Errorf("two sweeps looked at %d: %v", at[looked], at)
	}
	p.later(time.Second)
	if at := p.looks(); at[looked] != 100 {
		t.Errorf("looked at again within ten seconds: %v", at)
	}
	for run := range 100 {
		if got := p.told(run, "payments"); got != "report" {
			t.Fatalf("run %d was told %q", run, got)
		}
	}
}

func TestNewsThatEndAHoldStopADeploymentThatTheRecordSpeaksAgainst(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.asked(1, "payments", "c0ffee")
	p.post("/api/v1/events", severe).is(http.StatusOK)
	p.later(10 * time.Second)
	if got := p.told(1, "payments"); got != "report rejected" {
		t.Errorf("told %q", got)
	}
}

func TestNewsDoNotMakeAHostReadyThatAskedForAPause(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.hub.Trouble("deployment_protection_rule", http.StatusForbidden, http.Header{"Retry-After": {"600"}}, `{"message":"You have exceeded a secondary rate limit"}`)
	p.asked(1, "payments", "c0ffee")
	p.post("/api/v1/events", severe).is(http.StatusOK)
	p.later(5 * time.Minute)
	if got := p.told(1, "payments"); got != "" {
		t.Errorf("told %q within its pause", got)
	}
	p.later(5 * time.Minute)
	if got := p.told(1, "payments"); got != "rejected" {
		t.Errorf("told %q after its pause", got)
	}
}

func TestNewsThatChangeTheReasonAgainAndAgainAreReportedNoOftenerThanBefore(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.asked(1, "payments", "c0ffee")
	for i := range 24 { // six minutes
		done := p.clock.Now().Format(time.RFC3339)
		p.post("/api/v1/events", fmt.Sprintf(`{"type":"deployment","id":"more-%d","service":"payments","environment":"production","status":"succeeded","revision":"more%d","started_at":%q,"finished_at":%q}`, i, i, done, done)).is(http.StatusOK)
		p.later(15 * time.Second)
	}
	if got := p.told(1, "payments"); got != "report report report" { // at once, after a minute, after five
		t.Errorf("told %q", got)
	}
}

func TestADeploymentThatIsMappedToNoServiceAnyMoreIsNotLookedAtForNews(t *testing.T) {
	t.Parallel()
	mapped := &switched{}
	var hub *fakehub.Hub
	p, other := heldByLateRecords(t, func(at *clock) (string, api.Protector) {
		hub = fakehub.New(t, at.Now)
		mapped.rule = ruleOf(t, hub, "production", at.Now)
		return "app", mapped
	})
	p.hub = hub
	p.asked(1, "payments", "c0ffee")
	mapped.off = true
	p.later(time.Minute) // due: nothing can be asked now
	before := p.looks()
	p.must(other.Beat(t.Context(), "ci", noon))
	p.later(time.Minute)
	if after := p.looks(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("looked at for news: %v, then %v", before, after)
	}
}

func TestAChangedConfigurationWakesADeploymentThatNothingCouldBeAskedAbout(t *testing.T) {
	t.Parallel()
	mapped := &switched{off: true}
	var hub *fakehub.Hub
	p, _ := heldByLateRecords(t, func(at *clock) (string, api.Protector) {
		hub = fakehub.New(t, at.Now)
		mapped.rule = ruleOf(t, hub, "production", at.Now)
		return "app", mapped
	})
	p.hub = hub
	p.asked(1, "steady", "c0ffee")
	mapped.off = false
	p.later(10 * time.Second)
	if got := p.told(1, "steady"); got != "report" {
		t.Fatalf("told %q before the configuration was known to have changed", got)
	}
	p.must(p.db.WakeWaiting(t.Context()))
	p.sweep()
	if got := p.told(1, "steady"); got != "report approved" {
		t.Errorf("told %q", got)
	}
}

func TestADeploymentWhoseEntryIsBackIsLookedAtAtOnce(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	gone := newSiteOver(t, p.db, p.clock, func(o *api.Options) { o.Protectors = map[string]api.Protector{"another": nil} })
	p.asked(1, "payments", "c0ffee")
	p.clock.advance(5 * time.Minute)
	p.must(gone.server.Sweep(t.Context()))
	missing := p.looks()
	p.post("/api/v1/events", severe).is(http.StatusOK)
	p.clock.advance(10 * time.Second)
	p.must(gone.server.Sweep(t.Context()))
	if after := p.looks(); fmt.Sprint(after) != fmt.Sprint(missing) {
		t.Errorf("looked at for news though its entry is missing: %v, then %v", missing, after)
	}
	p.must(p.db.WakeWaiting(t.Context()))
	p.sweep()
	if got := p.told(1, "payments"); got != "report rejected" {
		t.Errorf("told %q", got)
	}
}

// awake runs the sweeps of a server until what is expected has come about, under a clock of its own.
func (p protectedSite) awake(is func() bool) {
	p.Helper()
	ctx, stop := context.WithCancel(p.Context())
	var running sync.WaitGroup
	running.Go(func() { p.handler.RunProtection(ctx) })
	for end := time.Now().Add(time.Minute); !is() && time.Now().Before(end); {
		runtime.Gosched()
	}
	stop()
	running.Wait()
}

func TestADeploymentOnHoldIsJudgedByThePolicyThatCameIntoForce(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.asked(1, "payments", "c0ffee")
	if got := p.told(1, "payments"); got != "report" {
		t.Fatalf("told %q", got)
	}
	p.clock.advance(10 * time.Second)
	next := newSiteOver(t, p.db, p.clock, unwatched, func(o *api.Options) {
		o.Protectors = map[string]api.Protector{"app": ruleOf(t, p.hub, "production", p.clock.Now)}
	})
	p.handler = next.server
	p.awake(func() bool { return p.told(1, "payments") != "report" })
	if got := p.told(1, "payments"); got != "report approved" {
		t.Errorf("told %q", got)
	}
}

// What another change that is on its way holds up goes on when that one has ended, whatever became of it.
func TestAHoldBehindAnotherPromotionIsWokenByTheReportOfIt(t *testing.T) {
	t.Parallel()
	for outcome, then := range map[string]string{"skipped": "approved", "cancelled": "approved", "succeeded": "report", "failed": "rejected"} {
		p := newProtected(t)
		p.clock.advance(time.Hour)
		let := into[gate.Decision](p.post(decisions, `{"service":"payments","artifact":{"digest":"`+built("before")+`"}}`).is(http.StatusOK, `"verdict":"warn"`))
		p.asked(1, "payments", "c0ffee")
		if got := p.told(1, "payments"); got != "report" {
			t.Fatalf("told %q", got)
		}
		before := p.looks()
		p.later(time.Minute)
		if after := p.looks(); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("%s: looked at though nothing had arrived: %v, then %v", outcome, before, after)
		}
		p.post(decisions+"/"+let.ID+"/report", `{"outcome":"`+outcome+`"}`).is(http.StatusOK)
		p.later(10 * time.Second)
		if got := p.told(1, "payments"); got != "report "+then {
			t.Errorf("after it had %s: told %q", outcome, got)
		}
	}
}

// switched is a rule whose services can be taken out of its configuration.
type switched struct {
	rule
	off bool
}

func (s *switched) Ask(body string) (api.Question, error) {
	if s.off {
		return api.Question{}, errors.New("no service is mapped")
	}
	return s.rule.Ask(body)
}

// statusCheck is the real status check of GitLab as the server sees it, as cmd makes it.
type statusCheck struct{ *protection.GitLab }

func (statusCheck) Patience() time.Duration { return time.Hour }

func (statusCheck) Reports() int { return 0 }

func (c statusCheck) Read(header http.Header, body []byte) (api.Ticket, string, error) {
	t, ignored, err := c.GitLab.Read(header, body)
	return api.Ticket(t), ignored, err
}

func (c statusCheck) Ask(body string) (api.Question, error) {
	q, err := c.GitLab.Ask(body)
	return api.Question(q), err
}

func (c statusCheck) Answer(ctx context.Context, body string, a api.HostAnswer) error {
	return c.GitLab.Answer(ctx, body, protection.Answer(a))
}
