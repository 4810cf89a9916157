package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/metrics/gate/attest"
)

const decisions = "/api/v1/gate/decisions"

// askFor asks for a promotion of an artifact by its short name, or by its whole digest.
func askFor(service, digest string) string {
	if attest.Malformed(digest) {
		digest = built(digest)
	}
	return fmt.Sprintf(`{"service":%q,"environment":"production","artifact":{"digest":%q}}`, service, digest)
}

// gated is a site with a steady service, a shaky one that the gate blocks, and one of a high tier that was just deployed.
func gated(t *testing.T) site {
	t.Helper()
	s := newSite(t)
	s.post("/api/v1/events", history("steady", strings.Repeat(".", 40))+history("shaky", strings.Repeat(".", 20)+".x.x.x.x")).is(http.StatusOK)
	fresh := strings.NewReplacer("T11:00:00Z", "T11:55:00Z", "T10:55:00Z", "T11:50:00Z").Replace(history("payments", "......"))
	s.post("/api/v1/events", fresh).is(http.StatusOK)
	return s
}

func TestTheGateDecidesByTheServicesRecord(t *testing.T) {
	t.Parallel()
	s := gated(t)
	for service, verdict := range map[string]gate.Result{"steady": gate.Allow, "shaky": gate.Block, "nobody has seen it": gate.Allow, "payments": gate.Hold} {
		d := into[gate.Decision](s.post(decisions, askFor(service, "sha256:new")).is(http.StatusOK))
		if d.Verdict != verdict || d.Engine != "shiphabit/1.2.3" || !strings.HasPrefix(d.ID, "gd_") {
			t.Errorf("%s: %s by %s, want %s: %s", service, d.Verdict, d.Engine, verdict, d.Summary)
		}
	}
	fix := `{"service":"shaky","change":{"kind":"rollback"},"artifact":{"digest":"` + built("3") + `"}}`
	if d := into[gate.Decision](s.post(decisions, fix).is(http.StatusOK)); d.Verdict != gate.Allow {
		t.Errorf("a rollback is answered with %s: %s", d.Verdict, d.Summary)
	}
}

func TestOneKeyStandsForOneDecision(t *testing.T) {
	t.Parallel()
	s := gated(t)
	ask := func(key, body string) answer { return s.ask("POST", decisions, body, "Idempotency-Key", key) }
	first := ask("run/1", askFor("shaky", "sha256:new")).is(http.StatusOK)
	s.clock.advance(23 * time.Hour)
	if again := ask("run/1", " "+strings.Replace(askFor("shaky", "sha256:new"), ",", ", ", 1)).is(http.StatusOK); again.body != first.body {
		t.Errorf("the same request is answered with\n%s\nafter\n%s", again.body, first.body)
	}
	ask("run/1", askFor("shaky", "sha256:other")).is(http.StatusUnprocessableEntity, "used for another request")
	if other := ask("run/2", askFor("shaky", "sha256:new")).is(http.StatusOK); other.body == first.body {
		t.Error("another key got the same decision")
	}
	s.clock.advance(time.Hour + time.Minute)
	if late := ask("run/1", askFor("shaky", "sha256:new")).is(http.StatusOK); late.body == first.body {
		t.Error("a key older than a day still gave its decision")
	}
}

func TestAHoldIsDecidedAnewWhenItIsTimeToAskAgain(t *testing.T) {
	t.Parallel()
	s := gated(t)
	ask := func() gate.Decision {
		return into[gate.Decision](s.ask("POST", decisions, askFor("payments", "sha256:new"), "Idempotency-Key", "k").is(http.StatusOK))
	}
	first := ask()
	if first.Verdict != gate.Hold || first.AskAgainAfter == nil {
		t.Fatalf("%s: %s", first.Verdict, first.Summary)
	}
	if again := ask(); again.ID != first.ID {
		t.Error("it was decided anew before it was time")
	}
	s.clock.advance(first.AskAgainAfter.Sub(s.clock.Now()))
	after := ask()
	if after.ID == first.ID || after.Verdict == gate.Hold {
		t.Errorf("when it was time it was still %s: %s", after.Verdict, after.Summary)
	}
	if again := ask(); again.ID != after.ID {
		t.Error("the successor does not stand")
	}
}

func TestManyCallersWithOneKeyGetOneDecision(t *testing.T) {
	t.Parallel()
	s := gated(t)
	ids := make([]string, 16)
	var group sync.WaitGroup
	for i := range ids {
		group.Go(func() {
			ids[i] = into[gate.Decision](s.ask("POST", decisions, askFor("steady", "sha256:new"), "Idempotency-Key", "same")).ID
		})
	}
	group.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Fatalf("decisions %v", ids)
		}
	}
}

func TestOnlyOneProbeIsGrantedAtATime(t *testing.T) {
	t.Parallel()
	s := gated(t)
	s.post("/api/v1/events", history("mended", strings.Repeat(".", 20)+"x.xx.x.")).is(http.StatusOK) // nothing but the meter blocks it
	s.clock.advance(24 * time.Hour)
	probes := make([]bool, 8)
	var group sync.WaitGroup
	for i := range probes {
		group.Go(func() {
			probes[i] = into[gate.Decision](s.post(decisions, askFor("mended", fmt.Sprintf("sha256:new%d", i)))).Probe
		})
	}
	group.Wait()
	granted := 0
	for _, p := range probes {
		if p {
			granted++
		}
	}
	if granted != 1 {
		t.Errorf("%d probes of 8 requests at one moment", granted)
	}
}

func TestDecisionsAreListedReadAndReplayed(t *testing.T) {
	t.Parallel()
	s := gated(t)
	for i := range 5 {
		s.clock.advance(time.Second)
		s.post(decisions, askFor("steady", fmt.Sprintf("sha256:%d", i))).is(http.StatusOK)
	}
	s.post(decisions, askFor("shaky", "sha256:new")).is(http.StatusOK)
	type page struct {
		Decisions []gate.Logged
		Next      string
	}
	var seen []string
	for cursor := ""; ; {
		got := into[page](s.get(decisions + "?service=steady&limit=2&cursor=" + cursor).is(http.StatusOK))
		for _, d := range got.Decisions {
			seen = append(seen, d.Request.Artifact.Digest)
		}
		if cursor = got.Next; cursor == "" {
			break
		}
	}
	if got := strings.Join(seen, " "); got != strings.Join([]string{built("4"), built("3"), built("2"), built("1"), built("0")}, " ") {
		t.Errorf("pages of the log hold %s", got)
	}
	all := into[page](s.get(decisions).is(http.StatusOK))
	id := all.Decisions[0].ID
	if logged := into[gate.Logged](s.get(decisions + "/" + id).is(http.StatusOK)); logged.Request.Service != "shaky" || len(logged.PolicyDoc) == 0 || logged.Caller != "local" {
		t.Errorf("logged %+v", logged)
	}
	s.get(decisions+"/"+id+"/replay").is(http.StatusOK, `"same":true`)
	s.get(decisions + "/gd_none").is(http.StatusNotFound)
	s.get(decisions+"?limit=0").is(http.StatusBadRequest, "from 1 to 200")
	s.get(decisions+"?cursor=x").is(http.StatusBadRequest, "none of ours")
}

func TestTheBareVerdictIsNeitherLoggedNorAProbe(t *testing.T) {
	t.Parallel()
	s := gated(t)
	if got := s.get("/api/v1/gate/verdict?service=steady").is(http.StatusOK); got.body != "allow\n" || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%q as %s", got.body, got.header.Get("Content-Type"))
	}
	s.post("/api/v1/events", history("mended", strings.Repeat(".", 20)+"x.xx.x.")).is(http.StatusOK)
	s.clock.advance(24 * time.Hour)
	if got := s.get("/api/v1/gate/verdict?service=mended").is(http.StatusOK); got.body != "block\n" {
		t.Errorf("a look at a blocked service said %q", got.body)
	}
	if d := into[gate.Decision](s.ask("GET", "/api/v1/gate/verdict?service=shaky&kind=rollback&digest="+built("3"), "", "Accept", "application/json").is(http.StatusOK)); d.Verdict != gate.Allow {
		t.Errorf("rollback: %s", d.Summary)
	}
	s.get("/api/v1/gate/verdict").is(http.StatusBadRequest, "service")
	s.get(decisions).is(http.StatusOK, `"decisions":[]`)
}

func TestARequestTheGateCannotJudgeIsRefusedInWords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for body, words := range map[string]string{
		``:                   "it is empty",
		`{`:                  "ends in the middle",
		`[]`:                 "an object is needed",
		`{"service":"a"} {}`: "something follows",
		`{"service":7}`:      "service is a JSON number",
		`{"servise":"a"}`:    "servise",
		`{}`:                 "name the service",
		`{"service":"a","change":{"kind":"party"}}`:   "one of normal, rollback, fix, config",
		`{"service":"a","run":{"attempt":-1}}`:        "count attempts from 1",
		`{"service":"a\u0000"}`:                       "U+0000, a control character",
		`{"service":"a\u202eb"}`:                      "U+202E",
		`{"service":"a","environment":"prod\u2066"}`:  "U+2066",
		`{"service":" a"}`:                            "begins or ends with white space",
		`{"service":"a","environment":"production "}`: "begins or ends with white space",
	} {
		s.post(decisions, body).is(http.StatusBadRequest, words)
	}
	for body, words := range map[string]string{
		`{"service":"a","evidence":{"coverage_changed_lines_ppm":1000001}}`: "parts per million",
		`{"service":"a","evidence":{"error_budget_left_ppm":1500000}}`:      "more than there is",
		`{"service":"a","evidence":{"commits":-4}}`:                         "evidence.commits: -4 is no count",
		`{"service":"a","evidence":{"changed_lines":-1}}`:                   "evidence.changed_lines: -1 is no count",
		`{"service":"a","service":"b"}`:                                     "the key \"service\" stands twice",
		`{"service":"a","change":{"kind":"normal","Kind":"fix"}}`:           "the key \"Kind\" stands twice",
	} {
		s.post(decisions, body).is(http.StatusUnprocessableEntity, strings.ReplaceAll(words, `"`, `\"`))
	}
	s.post(decisions, `{"service":"a","run":{"id":"service"},"change":{"fixes":["kind","kind"]},"evidence":{"error_budget_left_ppm":-5}}`).is(http.StatusOK)
	s.ask("POST", decisions, askFor("a", "b"), "Idempotency-Key", strings.Repeat("k", 600)).is(http.StatusBadRequest, "at most 512")
	s.post(decisions, `{"service":"`+strings.Repeat("a", 2<<20)+`"}`).is(http.StatusRequestEntityTooLarge)
}

func TestPoliciesArePublished(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/api/v1/policies").is(http.StatusOK, `"critical"`, `"low"`, gate.PolicyFor("standard").Digest())
	s.get("/api/v1/policies?service=payments").is(http.StatusOK, `"service":"payments"`, policyOf(metrics.Service{Tier: "high"}).Digest())
	s.get("/api/v1/policies?service=nobody").is(http.StatusNotFound)
}

func TestWhatAHostSaysOfAnEnvironmentHoldsForAServiceThatIsNewThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.clock.Now().Add(-48 * time.Hour).UTC().Format(time.RFC3339)
	s.post("/api/v1/events", `{"type":"deployment","id":"1","service":"shop","environment":"eu-1","status":"succeeded","revision":"a","finished_at":"`+at+`","labels":{"environment_kind":"production"}}`+"\n"+
		`{"type":"incident","id":"2","service":"payments","started_at":"`+at+`","severity":1}`).is(http.StatusOK)
	if d := into[gate.Decision](s.post(decisions, `{"service":"payments","environment":"eu-1"}`).is(http.StatusOK)); d.Mode != gate.Enforce || d.Verdict == gate.Allow {
		t.Errorf("%s in mode %s: %s", d.Verdict, d.Mode, d.Summary)
	}
}

func TestAnEnvironmentThatIsNearlyCalledProductionGetsAHint(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.clock.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	s.post("/api/v1/events", history("shop", "....")+`{"type":"deployment","id":"1","service":"shop","environment":"prot","status":"succeeded","revision":"a","finished_at":"`+at+
		`","labels":{"environment_kind":"production"}}`).is(http.StatusOK)
	for name, hint := range map[string]string{"prodd": "did you mean prod?", "Prodution": "did you mean production?", "prot": "", "prod": "", "production": "", "staging": "", "lab": "", "product-demo": ""} {
		d := into[struct {
			Verdict gate.Result `json:"verdict"`
			Hint    string      `json:"hint"`
		}](s.post(decisions, `{"service":"shop","environment":"`+name+`"}`).is(http.StatusOK))
		if d.Verdict == "" || !strings.HasSuffix(d.Hint, hint) || hint == "" && d.Hint != "" {
			t.Errorf("%s: %s, %q", name, d.Verdict, d.Hint)
		}
	}
}

func TestANameThatIsNearlyThatOfAKnownServiceGetsAHint(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.clock.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	s.post("/api/v1/events", history("web-shop", "....")+`{"type":"incident","id":"2","service":"kiosk","started_at":"`+at+`","severity":1}`).is(http.StatusOK)
	for name, hint := range map[string]string{"Web-Shop": "did you mean web-shop?", "web shop": "did you mean web-shop?", "wep-shpo": "", "wbe-shop": "did you mean web-shop?", "web-shop": "", "kiosk": "", "shop": ""} {
		d := into[struct {
			Verdict gate.Result `json:"verdict"`
			Hint    string      `json:"hint"`
		}](s.post(decisions, askFor(name, artifact)).is(http.StatusOK))
		if d.Verdict == "" || !strings.HasSuffix(d.Hint, hint) || hint == "" && d.Hint != "" {
			t.Errorf("%s: %s, %q", name, d.Verdict, d.Hint)
		}
	}
}
