package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/internal/protection"
	"shiphabit/metrics/gate"
)

func takesFlagger(o *api.Options) {
	o.Canaries = map[string]api.CanaryHook{"flagger": flagger{protection.NewFlagger(protection.FlaggerOptions{Name: "flagger", Secrets: []string{flaggerSecret}})}}
}

// declare lets 'gate check' ask about a fix of what stops shaky.
func (s site) declare(artifact string) {
	s.Helper()
	s.post(decisions, `{"service":"shaky",`+artifact+`,"change":{"kind":"fix","fixes":["import/shaky-27"]}}`).is(http.StatusOK, `"kind":"fix"`)
}

func TestWithoutTheDatabaseFlaggerIsAnsweredByWhatIsRemembered(t *testing.T) {
	t.Parallel()
	s, line, _ := onLine(t, takesFlagger)
	asks := func(canary, phase string, metadata ...string) answer {
		return s.post("/hooks/flagger", hook(canary, phase, "old", metadata...))
	}
	let := asks("steady", "Succeeded", "commit", "c0ffee").is(http.StatusOK)
	asks("shaky", "Succeeded", "commit", "c0ffee").is(http.StatusForbidden, "block: ")
	s.declare(`"commit":"mended"`)
	line.Cut()
	s.clock.advance(time.Minute)
	if again := asks("steady", "Progressing", "commit", "c0ffee").is(http.StatusOK); again.body != let.body {
		t.Errorf("what was let through is answered with %q after %q", again.body, let.body)
	}
	asks("steady", "Succeeded", "commit", "another").is(http.StatusOK)
	asks("shaky", "Waiting", "commit", "c0ffee").is(http.StatusForbidden, "block: ")
	back := asks("shaky", "Waiting", "commit", "r3").is(http.StatusOK, "allow: ") // a rollback, by the record
	asks("shaky", "Waiting", "commit", "mended").is(http.StatusOK, "allow: ")
	asks("shaky", "Waiting", "commit", "new", "kind", "fix", "fixes", "shaky-27").is(http.StatusOK, "allow: ")
	s.declare(`"commit":"c0ffee"`)
	asks("shaky", "Waiting", "commit", "c0ffee").is(http.StatusOK, "allow: ") // stopped before, and declared a fix meanwhile
	asks("unseen", "Waiting", "commit", "c0ffee").is(http.StatusServiceUnavailable)
	s.post("/hooks/flagger/report", hook("shaky", "Succeeded", "old", "commit", "r3")).is(http.StatusServiceUnavailable)
	mend(t, s, line)
	for _, commit := range []string{"r3", "c0ffee"} {
		asks("shaky", "Progressing", "commit", commit).is(http.StatusOK)
		s.post("/hooks/flagger/report", hook("shaky", "Succeeded", "old", "commit", commit)).is(http.StatusOK, `"outcome":"succeeded"`)
	}
	id := back.body[strings.LastIndex(back.body, "(")+1 : strings.LastIndex(back.body, ")")]
	if l := into[gate.Logged](s.get(decisions + "/" + id).is(http.StatusOK)); !l.Unlogged || l.Kind != gate.KindRollback || l.Key == "" {
		t.Errorf("logged as %+v under the key %q", l.Decision, l.Key)
	}
}

func TestADeclaredFixIsFoundHoweverBusyTheServiceIs(t *testing.T) {
	t.Parallel()
	s := newCanaries(t)
	s.declare(`"commit":"Mended"`)
	s.declare(`"artifact":{"digest":"` + built("built") + `"}`)
	s.declare(`"commit":"twice","artifact":{"digest":"` + built("built-first") + `"}`)
	for i := range 60 {
		s.post(decisions, fmt.Sprintf(`{"service":"shaky","commit":"other%d"}`, i)).is(http.StatusOK)
	}
	s.post("/hooks/flagger", hook("shaky", "Waiting", "old", "commit", "mended")).is(http.StatusOK, "allow: ")
	s.post("/hooks/flagger", hook("shaky", "Waiting", "old", "digest", built("built"))).is(http.StatusOK, "allow: ")
	s.post("/hooks/flagger", hook("shaky", "Waiting", "old", "commit", "twice", "digest", built("built-again"))).is(http.StatusForbidden, "block: ")
	s.post("/hooks/flagger", hook("shaky", "Waiting", "old", "version", "1")).is(http.StatusForbidden, "block: ")
	s.clock.advance(24 * time.Hour)
	s.post("/hooks/flagger", hook("shaky", "Progressing", "old", "digest", built("later"))).is(http.StatusForbidden, "block: ")
	s.post("/hooks/flagger", hook("shaky", "Waiting", "old", "commit", "MENDED")).is(http.StatusForbidden, "block: ")
}

func TestARolloutOfFlaggersIsOneQuestionWhateverItIsTakenFor(t *testing.T) {
	t.Parallel()
	s := newCanaries(t)
	asks := func(commit string) answer {
		return s.post("/hooks/flagger", hook("shaky", "Waiting", "old", "commit", commit))
	}
	asks("c0ffee").is(http.StatusForbidden, "block: ")
	s.declare(`"commit":"c0ffee"`)
	asks("c0ffee").is(http.StatusOK, "allow: ")
	s.post("/hooks/flagger/report", hook("shaky", "Succeeded", "old", "commit", "c0ffee")).is(http.StatusOK, `"outcome":"succeeded"`)
	let := asks("r3").is(http.StatusOK, "allow: ")
	live := strings.NewReplacer("shaky-0", "shaky-back", `"r0"`, `"r3"`, built("0"), built("3")).Replace(history("shaky", "."))
	s.clock.advance(time.Minute)
	s.post("/api/v1/events", strings.NewReplacer("T11:00:00Z", "T12:01:00Z", "T10:55:00Z", "T12:00:30Z").Replace(live)).is(http.StatusOK)
	if again := asks("r3"); again.status != http.StatusOK || again.body != let.body {
		t.Errorf("now that it is live its rollout is answered with %d %q after %q", again.status, again.body, let.body)
	}
}
