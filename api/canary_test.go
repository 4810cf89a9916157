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

// flagger is the real reader of Flagger's hooks as the server sees it, as cmd makes it.
type flagger struct{ *protection.Flagger }

func (f flagger) Read(body []byte) (api.Canary, error) {
	c, err := f.Flagger.Read(body)
	return api.Canary(c), err
}

const flaggerSecret = "16688eb5e9f289f1991c"

func newCanaries(t *testing.T) site {
	t.Helper()
	s := newSite(t, func(o *api.Options) {
		o.Canaries = map[string]api.CanaryHook{"flagger": flagger{protection.NewFlagger(protection.FlaggerOptions{Name: "flagger", Secrets: []string{flaggerSecret}})}}
	})
	s.post("/api/v1/events", history("steady", strings.Repeat(".", 40))+history("shaky", strings.Repeat(".", 20)+".x.x.x.x")).is(http.StatusOK)
	fresh := strings.NewReplacer("T11:00:00Z", "T11:55:00Z", "T10:55:00Z", "T11:50:00Z").Replace(history("payments", "......"))
	s.post("/api/v1/events", fresh).is(http.StatusOK)
	return s
}

// hook is what Flagger sends; checksum is that of the revision before at confirm-rollout.
func hook(canary, phase, checksum string, metadata ...string) string {
	said := fmt.Sprintf(`"token":%q`, flaggerSecret)
	for i := 0; i+1 < len(metadata); i += 2 {
		said += fmt.Sprintf(",%q:%q", metadata[i], metadata[i+1])
	}
	return fmt.Sprintf(`{"name":%q,"namespace":"shop","phase":%q,"checksum":%q,"metadata":{%s}}`, canary, phase, checksum, said)
}

func TestFlaggerGoesOnAt200AndWaitsAt403(t *testing.T) {
	t.Parallel()
	s := newCanaries(t)
	for canary, c := range map[string]struct {
		status int
		says   string
	}{
		"steady":   {http.StatusOK, "allow: "},
		"shaky":    {http.StatusForbidden, "block: "},
		"payments": {http.StatusForbidden, "hold: "},
	} {
		a := s.post("/hooks/flagger", hook(canary, "Succeeded", "old", "commit", "c0ffee")).is(c.status, c.says)
		if strings.Count(a.body, "\n") != 1 || strings.Contains(a.body, flaggerSecret) {
			t.Errorf("%s: %q", canary, a.body)
		}
	}
	s.post("/hooks/flagger", hook("shaky", "Waiting", "old", "commit", "r3")).is(http.StatusOK, "allow: ") // a rollback, by the record
	s.post("/hooks/flagger", hook("shaky", "Waiting", "old", "commit", "new", "kind", "fix", "fixes", "shaky-27")).is(http.StatusOK)
}

func TestFlaggersHooksOfOneRolloutAreOneDecisionAndItsReport(t *testing.T) {
	t.Parallel()
	s := newCanaries(t)
	count := func() int {
		return len(into[struct{ Decisions []gate.Logged }](s.get(decisions + "?service=steady")).Decisions)
	}
	for _, phase := range []string{"Succeeded", "Progressing", "Progressing"} { // confirm-rollout, confirm-promotion, and once more
		s.post("/hooks/flagger", hook("steady", phase, phase, "commit", "c0ffee")).is(http.StatusOK)
	}
	if count() != 1 {
		t.Errorf("%d decisions", count())
	}
	s.post("/hooks/flagger/report", hook("steady", "Succeeded", "new", "commit", "other")).is(http.StatusNotFound, "was not asked about this rollout")
	s.post("/hooks/flagger/report", hook("steady", "Progressing", "new", "commit", "c0ffee")).is(http.StatusBadRequest, "post-rollout")
	for range 2 {
		s.post("/hooks/flagger/report", hook("steady", "Succeeded", "new", "commit", "c0ffee")).is(http.StatusOK, `"outcome":"succeeded"`, `"deployment":"gate/gd_`)
	}
	s.post("/hooks/flagger", hook("shaky", "Waiting", "old", "commit", "c0ffee")).is(http.StatusForbidden)
	s.post("/hooks/flagger/report", hook("shaky", "Failed", "new", "commit", "c0ffee")).is(http.StatusConflict, "nothing was let through")
}

func TestFlaggerIsLetOnWhenItAsksAgainAfterTheHold(t *testing.T) {
	t.Parallel()
	s := newCanaries(t)
	ask := func() answer { return s.post("/hooks/flagger", hook("payments", "Waiting", "old", "commit", "c0ffee")) }
	for range 3 {
		ask().is(http.StatusForbidden, "hold")
		s.clock.advance(time.Minute)
	}
	s.clock.advance(30 * time.Minute)
	ask().is(http.StatusOK, "warn")
	if list := into[struct{ Decisions []gate.Logged }](s.get(decisions + "?service=payments")).Decisions; len(list) != 2 {
		t.Errorf("%d decisions are logged, want the hold and its successor", len(list))
	}
}

func TestAHookOfFlaggerThatCannotBeBelievedOrToldApartIsRefused(t *testing.T) {
	t.Parallel()
	s := newCanaries(t)
	s.post("/hooks/flagger", strings.Replace(hook("steady", "Waiting", "", "commit", "c"), flaggerSecret, "guessed", 1)).is(http.StatusUnauthorized)
	s.post("/hooks/flagger", `{"name":"steady"}`).is(http.StatusUnauthorized)
	s.post("/hooks/flagger/report", `{"name":"steady"}`).is(http.StatusUnauthorized)
	s.post("/hooks/nobody/report", hook("steady", "Succeeded", "", "commit", "c")).is(http.StatusUnauthorized)
	s.post("/hooks/flagger", hook("steady", "Waiting", "sum")).is(http.StatusBadRequest, "commit, digest or version")
	s.post("/hooks/flagger", hook("steady", "Waiting", "sum", "commit", "c", "kind", "party")).is(http.StatusBadRequest, "no kind of change")
	s.ask("POST", "/hooks/flagger", strings.Replace(hook("steady", "Waiting", "", "commit", "c"), flaggerSecret, "", 1), "Authorization", "Bearer "+flaggerSecret).is(http.StatusOK)
	if strings.Contains(s.log.String(), flaggerSecret) {
		t.Error("the log holds the secret")
	}
}
