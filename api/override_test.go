package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

const overrides = "/api/v1/gate/overrides"

// people are callers with tokens of their own.
func people(t *testing.T, change ...func(*api.Options)) (s site, ask func(who, method, path, body string) answer) {
	t.Helper()
	s = newSite(t, append(change, requireTokens)...)
	tokens := map[string]string{}
	for _, who := range []string{"ci", "ada", "bob"} {
		tokens[who] = s.grant(who, time.Time{}, "gate", "override", "read", "ingest")
	}
	ask = func(who, method, path, body string) answer {
		t.Helper()
		return s.ask(method, path, body, "Authorization", "Bearer "+tokens[who])
	}
	ask("ci", "POST", "/api/v1/events", history("shaky", strings.Repeat(".", 20)+".x.x.x.x")+history("payments", strings.Repeat(".", 10)+"xx.x.x")).is(http.StatusOK)
	return s, ask
}

const why = `"reason":"the alarm came from a broken probe","category":"false alarm"`

func TestAnOverrideLetsOnePromotionThroughAndIsUsedUp(t *testing.T) {
	t.Parallel()
	_, ask := people(t)
	stopped := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:one")).is(http.StatusOK))
	if stopped.Verdict != gate.Block {
		t.Fatalf("%s: %s", stopped.Verdict, stopped.Summary)
	}
	o := into[gate.Override](ask("ada", "POST", overrides, `{"decision":"`+stopped.ID+`",`+why+`}`).is(http.StatusOK))
	d := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:one")).is(http.StatusOK))
	if d.Verdict == gate.Block || d.Override != o.ID {
		t.Errorf("with it: %s by %q, %s", d.Verdict, d.Override, d.Summary)
	}
	if again := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:one")).is(http.StatusOK)); again.Verdict != gate.Block || again.Override != "" {
		t.Errorf("a second time: %s by %q", again.Verdict, again.Override)
	}
	log := ask("ada", "GET", "/api/v1/gate/log", "").is(http.StatusOK, gate.LogAsked, gate.LogUsed, gate.LogIdle, "used up")
	if check := ask("ada", "GET", "/api/v1/gate/log/check", "").is(http.StatusOK); !strings.Contains(check.body, `"intact":true`) {
		t.Errorf("%s\n%s", check.body, log.body)
	}
}

func TestAnOverrideOfADecisionIsForItsArtifactAlone(t *testing.T) {
	t.Parallel()
	_, ask := people(t)
	stopped := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:one")).is(http.StatusOK))
	o := into[gate.Override](ask("ada", "POST", overrides, `{"decision":"`+stopped.ID+`",`+why+`}`).is(http.StatusOK))
	if d := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:two"))); d.Verdict != gate.Block || d.Override != "" {
		t.Errorf("another artifact: %s by %q", d.Verdict, d.Override)
	}
	if d := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:one"))); d.Verdict == gate.Block || d.Override != o.ID {
		t.Errorf("its own: %s by %q, %s", d.Verdict, d.Override, d.Summary)
	}
}

func TestAnOverrideThatIsNotSoundDoesNothingAndIsLogged(t *testing.T) {
	t.Parallel()
	s, ask := people(t)
	ask("ada", "POST", overrides, `{"service":"shaky","reason":"please","category":"deadline"}`).is(http.StatusBadRequest, "20 characters")
	ask("ada", "POST", overrides, `{"service":"shaky",`+why+`,"for_seconds":864000}`).is(http.StatusBadRequest, "the most that the policy allows")
	ask("ada", "POST", overrides, `{"service":"shaky",`+why+`,"uses":9}`).is(http.StatusBadRequest, "uses")
	ask("ada", "POST", overrides, `{`+why+`}`).is(http.StatusBadRequest, "name the decision or the service")
	expired := into[gate.Override](ask("ada", "POST", overrides, `{"service":"shaky",`+why+`,"for_seconds":60}`).is(http.StatusOK))
	s.clock.advance(time.Hour)
	if d := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:one"))); d.Verdict != gate.Block {
		t.Errorf("past its expiry: %s by %q", d.Verdict, d.Override)
	}
	own := into[gate.Override](ask("ci", "POST", overrides, `{"service":"shaky",`+why+`}`).is(http.StatusOK))
	if d := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:two"))); d.Verdict != gate.Block {
		t.Errorf("by the one who asks: %s by %q", d.Verdict, d.Override)
	}
	ask("ada", "GET", "/api/v1/gate/log", "").is(http.StatusOK, gate.LogRefused, gate.LogIdle, expired.ID, own.ID, "expired at", "may not be the one who overrides")
}

func TestACriticalServiceWantsTwoPeople(t *testing.T) {
	t.Parallel()
	_, ask := people(t, func(o *api.Options) {
		o.Policy = func(metrics.Service) gate.Policy { return gate.PolicyFor(metrics.Critical) }
	})
	stops := func(digest string) bool {
		d := into[gate.Decision](ask("ci", "POST", decisions, askFor("payments", digest)).is(http.StatusOK))
		return d.Verdict == gate.Block || d.Verdict == gate.Hold
	}
	if !stops("sha256:one") {
		t.Fatal("nothing stops it")
	}
	o := into[gate.Override](ask("ada", "POST", overrides, `{"service":"payments",`+why+`}`).is(http.StatusOK))
	if o.Persons != 2 {
		t.Fatalf("the override of a critical service wants %d, not two people", o.Persons)
	}
	if !stops("sha256:two") {
		t.Error("one person was enough")
	}
	ask("ada", "POST", overrides+"/"+o.ID+"/agree", "").is(http.StatusConflict, "another person")
	if !stops("sha256:three") {
		t.Error("the same person twice was enough")
	}
	ask("bob", "POST", overrides+"/"+o.ID+"/agree", "").is(http.StatusOK)
	if stops("sha256:four") {
		t.Error("two people were not enough")
	}
	ask("ada", "GET", "/api/v1/gate/log", "").is(http.StatusOK, gate.LogAgreed, gate.LogRefused, "until 2 people agree (1 so far)")
}

func TestAnOverrideWaitsForAsManyPeopleAsThePolicyWants(t *testing.T) {
	t.Parallel()
	s, ask := people(t, func(o *api.Options) {
		o.Policy = func(metrics.Service) gate.Policy {
			p := gate.PolicyFor(metrics.Standard)
			p.Overrides.Persons = 3
			return p
		}
	})
	eve := s.grant("eve", time.Time{}, "override")
	o := into[gate.Override](ask("ada", "POST", overrides, `{"service":"shaky",`+why+`}`).is(http.StatusOK))
	decides := func(by string) {
		t.Helper()
		if d := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:one"))); d.Override != by || (d.Verdict == gate.Block) != (by == "") {
			t.Errorf("%s by %q, want it by %q", d.Verdict, d.Override, by)
		}
	}
	decides("")
	ask("bob", "POST", overrides+"/"+o.ID+"/agree", "").is(http.StatusOK)
	ask("bob", "POST", overrides+"/"+o.ID+"/agree", "").is(http.StatusConflict, "was agreed to")
	decides("")
	ask("ada", "GET", "/api/v1/gate/log", "").is(http.StatusOK, "until 3 people agree (2 so far)")
	s.ask("POST", overrides+"/"+o.ID+"/agree", "", "Authorization", "Bearer "+eve).is(http.StatusOK)
	ask("ci", "POST", overrides+"/"+o.ID+"/agree", "").is(http.StatusConflict, "was agreed to")
	decides(o.ID)
}

func TestOverridesOfTheSameScopeShareTheUsesOfThePolicy(t *testing.T) {
	t.Parallel()
	_, ask := people(t)
	first := into[gate.Override](ask("ada", "POST", overrides, `{"service":"shaky",`+why+`}`).is(http.StatusOK))
	ask("ada", "POST", overrides, `{"service":"shaky",`+why+`}`).is(http.StatusConflict, "already stand for 1 of the 1 promotions")
	ask("bob", "POST", overrides, `{"service":"shaky","criteria":["failure-meter"],`+why+`}`).is(http.StatusConflict)
	ask("bob", "POST", overrides, `{"service":"shaky","environment":"staging",`+why+`}`).is(http.StatusOK)
	for _, digest := range []string{"sha256:one", "sha256:two"} { // each artifact that was stopped has its own
		stopped := into[gate.Decision](ask("ci", "POST", decisions, `{"service":"payments","artifact":{"digest":"`+built(digest)+`"}}`).is(http.StatusOK))
		ask("ada", "POST", overrides, `{"decision":"`+stopped.ID+`",`+why+`}`).is(http.StatusOK)
		ask("bob", "POST", overrides, `{"decision":"`+stopped.ID+`",`+why+`}`).is(http.StatusConflict)
	}
	ask("ada", "POST", overrides+"/"+first.ID+"/withdraw", "").is(http.StatusOK)
	ask("ada", "POST", overrides, `{"service":"shaky",`+why+`}`).is(http.StatusOK)
	ask("ada", "GET", "/api/v1/gate/log", "").is(http.StatusOK, gate.LogRefused, "already stand for")
}

func TestAnOverrideIsForSomethingThatIsStoppedAndKnown(t *testing.T) {
	t.Parallel()
	_, ask := people(t)
	stopped := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:one")).is(http.StatusOK))
	ask("ada", "POST", overrides, `{"decision":"`+stopped.ID+`","service":"blog",`+why+`}`).is(http.StatusBadRequest, "is about shaky and not about blog")
	ask("ada", "POST", overrides, `{"decision":"`+stopped.ID+`","environment":"staging",`+why+`}`).is(http.StatusBadRequest, "is about production and not about staging")
	ask("ada", "POST", overrides, `{"decision":"`+stopped.ID+`","service":"shaky","environment":"production",`+why+`}`).is(http.StatusOK)
	allowed := into[gate.Decision](ask("ci", "POST", decisions, askFor("blog", "sha256:one")).is(http.StatusOK))
	ask("ada", "POST", overrides, `{"decision":"`+allowed.ID+`",`+why+`}`).is(http.StatusConflict, "it lets the promotion through")
	ask("ada", "POST", overrides, `{"service":"never-heard-of",`+why+`}`).is(http.StatusBadRequest, "nobody has asked the gate about it")
	ask("ada", "POST", overrides, `{"service":"blog",`+why+`}`).is(http.StatusOK)
}

func TestAnOverrideOfAnotherArtifactIsNotToldToHaveDoneNothing(t *testing.T) {
	t.Parallel()
	_, ask := people(t)
	stopped := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:one")).is(http.StatusOK))
	ask("ada", "POST", overrides, `{"decision":"`+stopped.ID+`",`+why+`}`).is(http.StatusOK)
	ask("ci", "POST", decisions, askFor("shaky", "sha256:one")).is(http.StatusOK)
	ask("ci", "POST", decisions, askFor("shaky", "sha256:two")).is(http.StatusOK)
	if log := ask("ada", "GET", "/api/v1/gate/log", ""); strings.Contains(log.body, gate.LogIdle) {
		t.Errorf("the log says\n%s", log.body)
	}
}

func TestARequestForAnOverrideThatIsTooLargeIsRefusedAsSuch(t *testing.T) {
	t.Parallel()
	_, ask := people(t)
	ask("ada", "POST", overrides, `{"service":"shaky","category":"deadline","reason":"`+strings.Repeat("x", 2<<20)+`"}`).is(http.StatusRequestEntityTooLarge)
}

func TestAWithdrawnOverrideDoesNothing(t *testing.T) {
	t.Parallel()
	_, ask := people(t)
	o := into[gate.Override](ask("ada", "POST", overrides, `{"service":"shaky",`+why+`}`).is(http.StatusOK))
	ask("bob", "POST", overrides+"/"+o.ID+"/withdraw", "").is(http.StatusOK)
	if d := into[gate.Decision](ask("ci", "POST", decisions, askFor("shaky", "sha256:one"))); d.Verdict != gate.Block {
		t.Errorf("%s by %q", d.Verdict, d.Override)
	}
	ask("ci", "GET", overrides+"?service=shaky", "").is(http.StatusOK, o.ID, "revoked_at")
	ask("bob", "POST", overrides+"/ov_none/withdraw", "").is(http.StatusNotFound)
}
