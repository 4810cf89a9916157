package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/collector"
	"shiphabit/collector/webhook"
)

const hookSecret, oldSecret = "correct-horse-battery", "the-one-before"

// hookUnder is a collector's hook with its secrets, as cmd makes it.
type hookUnder struct {
	collector.Hook
	secrets []string
}

func (h hookUnder) Authentic(header http.Header, body []byte) bool {
	return h.Hook.Authentic(header, body, h.secrets)
}

func (h hookUnder) Parse(header http.Header, body []byte) api.Pushed {
	read := h.Hook.Parse(header, body)
	pushed := api.Pushed{Kind: read.Kind, Events: read.Events, Ignored: read.Ignored}
	for _, record := range read.SetAside {
		pushed.SetAside = append(pushed.SetAside, api.SetAside(record))
	}
	return pushed
}

// hookSite is a server that takes deliveries to "ci" by the real parser.
func hookSite(t *testing.T, change ...func(*api.Options)) site {
	t.Helper()
	return newSite(t, append([]func(*api.Options){func(o *api.Options) {
		o.Hooks = map[string]api.Hook{"ci": hookUnder{webhook.Hook{Source: "ci", Clock: o.Clock}, []string{hookSecret, oldSecret}}}
	}}, change...)...)
}

func signed(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// push sends a signed delivery; more are pairs of a header and its value.
func (s site) push(id, body string, more ...string) answer {
	s.Helper()
	return s.ask("POST", "/hooks/ci", body, append([]string{webhook.SignatureHeader, signed(hookSecret, body), webhook.DeliveryHeader, id}, more...)...)
}

// shipped is a deployment of payments an hour ago.
func shipped(id string) string {
	return fmt.Sprintf(`{"type":"deployment","id":%q,"service":"payments","environment":"production","status":"succeeded","revision":"abc","finished_at":%q}`,
		id, noon.Add(-time.Hour).Format(time.RFC3339))
}

func TestASignedDeliveryIsStoredAndCounts(t *testing.T) {
	t.Parallel()
	s := hookSite(t)
	s.push("d1", shipped("1")).is(http.StatusOK, `"outcome":"stored"`, `"new":1`, `"kind":"deployment"`, `"delivery":"d1"`)
	s.push("d1", shipped("1")).is(http.StatusOK, `"outcome":"known"`, `"new":0`)
	s.push("d2", shipped("1")).is(http.StatusOK, `"outcome":"stored"`, `"new":0`, `"known":1`)
	s.push("d3", "").is(http.StatusOK, `"outcome":"ignored"`, "it holds no event")
	s.get("/api/v1/explain/deployment_frequency?service=payments&from=2026-03-01").is(http.StatusOK, "ci/1")
	got := into[struct{ Deliveries []api.Received }](s.get("/api/v1/sources/ci/deliveries"))
	if len(got.Deliveries) != 3 || got.Deliveries[2].ID != "d1" || got.Deliveries[2].Events != 1 || got.Deliveries[0].Outcome != "ignored" {
		t.Errorf("listed: %+v", got)
	}
	page := into[struct {
		Deliveries []api.Received
		Next       string
	}](s.get("/api/v1/sources/ci/deliveries?limit=2"))
	if len(page.Deliveries) != 2 || page.Next == "" {
		t.Fatalf("%+v", page)
	}
	s.get("/api/v1/sources/ci/deliveries?limit=2&cursor="+page.Next).is(http.StatusOK, `"id":"d1"`)
	s.get("/api/v1/sources/ci/deliveries?limit=0").is(http.StatusBadRequest)
	sources := into[struct{ Sources []api.Source }](s.get("/api/v1/sources"))
	if len(sources.Sources) != 1 || !sources.Sources[0].Heartbeat.Equal(noon) || !sources.Sources[0].Watermark.IsZero() {
		t.Errorf("a delivery says that the source answers, and nothing of what was never sent: %+v", sources)
	}
}

func TestADeliveryWithoutAnIDIsKnownByItsBody(t *testing.T) {
	t.Parallel()
	s := hookSite(t)
	body := shipped("1")
	for _, want := range []string{`"outcome":"stored"`, `"outcome":"known"`} {
		s.ask("POST", "/hooks/ci", body, "X-Hub-Signature-256", signed(hookSecret, body)).is(http.StatusOK, want)
	}
	s.push(strings.Repeat("long", 100), shipped("2")).is(http.StatusOK, `"delivery":"id:`)
}

func TestAStrangerLearnsNothingAndTheOperatorEverything(t *testing.T) {
	t.Parallel()
	s := hookSite(t)
	body := shipped("1")
	wrong := s.ask("POST", "/hooks/ci", body, webhook.SignatureHeader, signed("guessed", body)).is(http.StatusUnauthorized)
	unsigned := s.post("/hooks/ci", body).is(http.StatusUnauthorized)
	nobody := s.ask("POST", "/hooks/nobody", body, webhook.SignatureHeader, signed(hookSecret, body)).is(http.StatusUnauthorized)
	if wrong.body != nobody.body || wrong.body != unsigned.body {
		t.Errorf("the answers differ:\n%s\n%s\n%s", wrong.body, unsigned.body, nobody.body)
	}
	for name := range wrong.header {
		if wrong.header.Get(name) != nobody.header.Get(name) && name != "Date" {
			t.Errorf("header %s differs", name)
		}
	}
	list := into[struct{ Sources []api.Source }](s.get("/api/v1/sources"))
	if len(list.Sources) != 1 || list.Sources[0].Refused != 2 || !list.Sources[0].RefusedAt.Equal(noon) {
		t.Errorf("counted: %+v", list)
	}
	log := s.log.String()
	for _, want := range []string{"deliveries refused", "source=ci", "source=nobody"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	if strings.Contains(log, hookSecret) || strings.Contains(log, "guessed") || strings.Contains(log, signed(hookSecret, body)[7:]) {
		t.Error("the log holds a secret or a signature")
	}
}

func TestRefusedDeliveriesAreWrittenDownNowAndThen(t *testing.T) {
	t.Parallel()
	s := hookSite(t)
	for range 20 {
		s.post("/hooks/ci", "x").is(http.StatusUnauthorized)
	}
	if got := strings.Count(s.log.String(), "deliveries refused"); got != 1 {
		t.Errorf("%d lines within one moment", got)
	}
	s.clock.advance(11 * time.Second)
	s.post("/hooks/ci", "x").is(http.StatusUnauthorized)
	if sources, err := s.db.Sources(t.Context()); err != nil || sources[0].Refused != 21 {
		t.Errorf("%+v, %v", sources, err)
	}
}

func TestBothSecretsAreGoodWhileOneReplacesTheOther(t *testing.T) {
	t.Parallel()
	s := hookSite(t)
	for i, secret := range []string{hookSecret, oldSecret} {
		body := shipped(fmt.Sprint(i))
		s.ask("POST", "/hooks/ci", body, webhook.SignatureHeader, signed(secret, body)).is(http.StatusOK, `"new":1`)
	}
}

func TestWhoSignsNeedsNoTokenAndComesUnderAnyName(t *testing.T) {
	t.Parallel()
	s := hookSite(t, func(o *api.Options) { o.RequireTokens = true })
	s.push("1", shipped("1"), "Host", "hooks.example.org").is(http.StatusOK)
	s.push("2", shipped("2"), "Authorization", "Bearer not-one-of-ours").is(http.StatusOK)
	s.get("/api/v1/sources/ci/deliveries").is(http.StatusUnauthorized)
	for _, header := range []string{"Origin", "Sec-Fetch-Site"} {
		s.push("3", shipped("3"), header, "https://evil.example").is(http.StatusForbidden)
	}
	s.ask("GET", "/hooks/ci", "").is(http.StatusMethodNotAllowed)
}

// sizeHook takes everything and tells how long it was.
type sizeHook struct{}

func (sizeHook) Authentic(http.Header, []byte) bool  { return true }
func (sizeHook) Delivery(http.Header, []byte) string { return "" }
func (sizeHook) Parse(_ http.Header, body []byte) api.Pushed {
	return api.Pushed{Ignored: fmt.Sprintf("%d bytes", len(body))}
}

func TestALargeDeliveryIsTakenAndATooLargeOneIsNot(t *testing.T) {
	t.Parallel()
	s := hookSite(t, func(o *api.Options) { o.Hooks["ci"] = sizeHook{} })
	for _, size := range []int{1<<20 - 1, 1 << 20, 1<<20 + 1, 25 << 20} {
		s.post("/hooks/ci", strings.Repeat("x", size)).is(http.StatusOK, fmt.Sprintf("%d bytes", size))
	}
	for _, source := range []string{"ci", "nobody"} {
		s.post("/hooks/"+source, strings.Repeat("x", 25<<20+1)).is(http.StatusRequestEntityTooLarge, "25 MiB")
	}
}

func TestOfSixtyFourOfADeliveryOneIsStored(t *testing.T) {
	t.Parallel()
	s := hookSite(t)
	var stored, known atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			body := s.push("same", shipped("1")).is(http.StatusOK).body
			switch {
			case strings.Contains(body, `"outcome":"stored"`):
				stored.Add(1)
			case strings.Contains(body, `"outcome":"known"`):
				known.Add(1)
			}
		})
	}
	all.Wait()
	if stored.Load() != 1 || known.Load() != 63 {
		t.Errorf("%d stored, %d known", stored.Load(), known.Load())
	}
}

func TestWhatCannotBeReadIsKeptWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	s := hookSite(t)
	bad := shipped("1") + "\n" + `{"type":"deployment","id":"2"}`
	s.push("d1", bad, "Content-Type", "application/json", "X-Ci-Event", "finished", "Authorization", "Bearer hidden", "X-Ci-Token", "hidden").
		is(http.StatusOK, `"outcome":"set aside"`, `"new":1`, "delivery d1, event 2", "environment: missing")
	kept, err := s.db.Kept(t.Context(), "ci", "d1")
	if err != nil || string(kept.Body) != bad || kept.Header["X-Ci-Event"][0] != "finished" || kept.Header["Content-Type"] == nil {
		t.Errorf("%+v, %v", kept, err)
	}
	if text := fmt.Sprint(kept.Header); strings.Contains(text, "hidden") || strings.Contains(text, "sha256=") {
		t.Errorf("the header is kept with its secrets: %s", text)
	}
	s.get("/api/v1/sources/ci/set-aside").is(http.StatusOK, "delivery d1, event 2")
	s.get("/api/v1/sources/ci/deliveries").is(http.StatusOK, `"set_aside_count":1`, `"kept":true`)
	good := shipped("1") + "\n" + shipped("2")
	s.push("d1", good).is(http.StatusOK, `"outcome":"stored"`, `"new":1`, `"known":1`)
	s.push("d1", good).is(http.StatusOK, `"outcome":"known"`)
	if _, err := s.db.Kept(t.Context(), "ci", "d1"); err == nil {
		t.Error("its body is kept though it could be read")
	}
}

func TestASecretOpensTheRecordsOfItsOwnSourceOnly(t *testing.T) {
	t.Parallel()
	s := hookSite(t)
	body := strings.Replace(shipped("1"), `"id"`, `"source":"github","id"`, 1)
	s.push("1", body).is(http.StatusOK, `"outcome":"set aside"`, `"new":0`, "github")
}

// brokenHook has a fault.
type brokenHook struct{}

func (brokenHook) Authentic(http.Header, []byte) bool       { return true }
func (brokenHook) Delivery(http.Header, []byte) string      { return "1" }
func (brokenHook) Parse(_ http.Header, b []byte) api.Pushed { _ = b[len(b)]; return api.Pushed{} }

func TestAFaultOfOursLosesNoDelivery(t *testing.T) {
	t.Parallel()
	s := hookSite(t, func(o *api.Options) { o.Hooks["ci"] = brokenHook{} })
	s.post("/hooks/ci", "body").is(http.StatusOK, `"outcome":"set aside"`, "index out of range")
	if kept, err := s.db.Kept(t.Context(), "ci", "1"); err != nil || string(kept.Body) != "body" {
		t.Errorf("%+v, %v", kept, err)
	}
}

func TestWhatArrivesAsItHappensIsKnownFromThenOn(t *testing.T) {
	t.Parallel()
	s := hookSite(t)
	old := strings.Replace(shipped("old"), "2026-03-03", "2026-02-03", 1)
	s.push("1", shipped("new")+"\n"+old).is(http.StatusOK, `"new":2`)
	facts, err := s.db.Facts(t.Context(), "payments")
	if err != nil || len(facts.Rollouts) != 2 || !facts.Rollouts[0].Assumed || facts.Rollouts[1].Assumed || !facts.Rollouts[1].KnownAt.Equal(noon) {
		t.Errorf("%+v, %v", facts.Rollouts, err)
	}
}

func TestTheDoctorSeesWhatWasRefusedAMomentAgo(t *testing.T) {
	t.Parallel()
	s := hookSite(t)
	for n, ask := range []string{"/api/v1/doctor", "/api/v1/doctor?source=ci", "/api/v1/sources"} {
		s.post("/hooks/ci", "x").is(http.StatusUnauthorized)
		s.get(ask).is(http.StatusOK, fmt.Sprintf(`"refused":%d`, n+1))
	}
}
