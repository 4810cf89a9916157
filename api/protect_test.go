package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/collector"
	"shiphabit/internal/identity"
	"shiphabit/internal/protection"
	"shiphabit/internal/protection/fakehub"
	"shiphabit/metrics/gate"
)

// rule is the real rule of a GitHub App as the server sees it, as cmd makes it.
type rule struct{ *protection.GitHub }

func (rule) Patience() time.Duration { return protection.GitHubPatience }

func (rule) Reports() int { return protection.GitHubReports }

func (r rule) Read(header http.Header, body []byte) (api.Ticket, string, error) {
	t, ignored, err := r.GitHub.Read(header, body)
	return api.Ticket(t), ignored, err
}

func (r rule) Ask(body string) (api.Question, error) {
	q, err := r.GitHub.Ask(body)
	return api.Question(q), err
}

func (r rule) Answer(ctx context.Context, body string, a api.HostAnswer) error {
	err := r.GitHub.Answer(ctx, body, protection.Answer(a))
	var why *collector.Error
	if errors.As(err, &why) {
		return &api.HostTrouble{Final: why.Trouble == collector.Unreadable, RetryAt: why.RetryAt, Err: err}
	}
	return err
}

// protectedSite is a site whose rule guards three services, each in an environment of its own at a fake GitHub.
type protectedSite struct {
	site
	hub     *fakehub.Hub
	handler *api.Server
}

func newProtected(t *testing.T) protectedSite {
	t.Helper()
	return newProtectedAs(t, "production")
}

// newProtectedAs asks the gate about an environment of this name, "" for the host's own.
func newProtectedAs(t *testing.T, as string) protectedSite {
	t.Helper()
	p := protectedSite{}
	p.site = newSite(t, func(o *api.Options) {
		p.hub = fakehub.New(t, o.Clock)
		o.Protectors = map[string]api.Protector{"app": ruleOf(t, p.hub, as, o.Clock)}
		handler, err := api.New(*o)
		if err != nil {
			t.Fatal(err)
		}
		p.handler = handler
	})
	p.post("/api/v1/events", history("steady", strings.Repeat(".", 40))+history("shaky", strings.Repeat(".", 20)+".x.x.x.x")).is(http.StatusOK)
	fresh := strings.NewReplacer("T11:00:00Z", "T11:55:00Z", "T10:55:00Z", "T11:50:00Z").Replace(history("payments", "......"))
	p.post("/api/v1/events", fresh).is(http.StatusOK)
	return p
}

// ruleOf guards the three services at a hub.
func ruleOf(t *testing.T, hub *fakehub.Hub, as string, now func() time.Time) rule {
	t.Helper()
	app, err := identity.NewAssertion(fakehub.App, hub.Key)
	if err != nil {
		t.Fatal(err)
	}
	var services []protection.Mapping
	for _, name := range []string{"steady", "shaky", "payments"} {
		services = append(services, protection.Mapping{Project: fmt.Sprint(fakehub.Repository), Service: name, Environments: []string{"live-" + name, "harbour-" + name}, As: as})
	}
	host, err := protection.NewGitHub(protection.GitHubOptions{
		Name: "app", Host: collector.Host{Name: "app", URL: hub.URL, Clock: now, Timeout: 5 * time.Second}, App: app,
		Secrets: []string{fakehub.Secret}, Services: services, Clock: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return rule{host}
}

// asked delivers a request for a service, and sweeps.
func (p protectedSite) asked(run int, service, commit string) answer {
	p.Helper()
	a := p.deliver(p.request(run, service, commit), fakehub.Secret)
	p.sweep()
	return a
}

func (p protectedSite) request(run int, service, commit string) string {
	return p.hub.Body(fakehub.Request{Run: run, Deployment: 100 + run, Environment: "live-" + service, Commit: commit, Event: "push"})
}

func (p protectedSite) deliver(body, secret string) answer {
	p.Helper()
	var headers []string
	for name, values := range fakehub.Signed(body, secret) {
		headers = append(headers, name, values[0])
	}
	return p.ask("POST", "/hooks/app", body, headers...)
}

func (p protectedSite) sweep() {
	p.Helper()
	if err := p.handler.Sweep(p.Context()); err != nil {
		p.Error(err)
	}
}

// told is what GitHub was told about a run, in one word each.
func (p protectedSite) told(run int, service string) string {
	var words []string
	for _, r := range p.hub.Reviews(run, "live-"+service) {
		if r.State == "" {
			r.State = "report"
		}
		words = append(words, r.State)
	}
	return strings.Join(words, " ")
}

func TestADeploymentAtGitHubIsApprovedOrRejectedByTheServicesRecord(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	for run, c := range []struct{ service, commit, told, says string }{
		{"steady", "c0ffee", "approved", "**Release gate: allow.**"},
		{"shaky", "c0ffee", "rejected", "`failure-meter` (fail)"},
		{"payments", "c0ffee", "report", "**Release gate: hold.**"},
		{"shaky", "r3", "approved", "allow"}, // went live here before: a rollback, which GitHub cannot say
	} {
		p.asked(run, c.service, c.commit).is(http.StatusAccepted, `"outcome":"waiting"`)
		if got := p.told(run, c.service); got != c.told {
			t.Errorf("%s with %s: told %q, want %q", c.service, c.commit, got, c.told)
			continue
		}
		if said := p.hub.Reviews(run, "live-"+c.service)[0].Comment; !strings.Contains(said, c.says) || len(said) > 1024 {
			t.Errorf("%s: it says\n%s", c.service, said)
		}
	}
	if p.hub.Given() != 1 {
		t.Errorf("%d tokens were asked for, want one for the hour", p.hub.Given())
	}
	p.get(decisions+"?service=shaky").is(http.StatusOK, `"caller":"protection:app"`, `"kind":"rollback"`)
	p.get("/api/v1/gate/waiting").is(http.StatusOK, `"state":"waiting"`, `"state":"answered"`, `"verdict":"block"`)
}

func TestAHoldIsLookedAtAgainUntilItIsDecidedAndSaysSoTenTimesAtMost(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.asked(1, "payments", "c0ffee")
	for range 5 { // nothing new: nothing is said
		p.clock.advance(5 * time.Minute)
		p.sweep()
	}
	if got := p.told(1, "payments"); got != "report approved" {
		t.Errorf("told %q, want a report at first, and the approval when the agreed 30 minutes are over", got)
	}
	p.clock.advance(time.Hour)
	p.sweep()
	if got := p.told(1, "payments"); got != "report approved" {
		t.Errorf("told %q after the end", got)
	}
}

func TestAHoldWhoseReasonChangesAgainAndAgainIsReportedTenTimesAtMost(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.asked(1, "payments", "c0ffee")
	for i := range 11 {
		p.clock.advance(60 * time.Hour)
		done := p.clock.Now().Add(-time.Minute).Format(time.RFC3339)
		p.post("/api/v1/events", fmt.Sprintf(`{"type":"deployment","id":"more-%d","service":"payments","environment":"production","status":"succeeded","revision":"more%d","started_at":%q,"finished_at":%q}`, i, i, done, done)).is(http.StatusOK)
		p.sweep()
	}
	if got := p.hub.Reviews(1, "live-payments"); len(got) != 10 || got[9].Comment == got[8].Comment {
		t.Errorf("%d reports", len(got))
	}
	p.get("/api/v1/gate/waiting").is(http.StatusOK, `"state":"waiting"`, `"reports":10`)
}

func TestADeploymentOfNoServiceSaysSoAndWaitsThirtyDays(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.asked(1, "nobody", "c0ffee").is(http.StatusAccepted)
	if got := p.hub.Reviews(1, "live-nobody"); len(got) != 1 || got[0].State != "" || !strings.Contains(got[0].Comment, "no service is mapped") {
		t.Errorf("told %v", got)
	}
	p.clock.advance(29 * 24 * time.Hour)
	p.sweep()
	p.get("/api/v1/gate/waiting").is(http.StatusOK, `"state":"waiting"`)
	p.clock.advance(24 * time.Hour)
	p.sweep()
	p.get("/api/v1/gate/waiting").is(http.StatusOK, `"state":"expired"`)
}

func TestAnAnswerThatGitHubDoesNotTakeIsTriedAgainWhenItMayBe(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	limits := http.Header{"Retry-After": {"600"}}
	p.hub.Trouble("deployment_protection_rule", http.StatusForbidden, limits, `{"message":"You have exceeded a secondary rate limit"}`)
	p.hub.Trouble("deployment_protection_rule", http.StatusBadGateway, nil, "")
	p.asked(1, "steady", "c0ffee")
	p.get("/api/v1/gate/waiting").is(http.StatusOK, "secondary rate limit", `"attempts":1`)
	p.clock.advance(599 * time.Second)
	p.sweep()
	p.get("/api/v1/gate/waiting").is(http.StatusOK, `"attempts":1`)
	p.clock.advance(2 * time.Second)
	p.sweep()
	p.get("/api/v1/gate/waiting").is(http.StatusOK, `"attempts":2`)
	p.clock.advance(time.Minute)
	p.sweep()
	if got := p.told(1, "steady"); got != "approved" {
		t.Errorf("told %q", got)
	}
	if list := into[struct{ Decisions []gate.Logged }](p.get(decisions + "?service=steady")).Decisions; len(list) != 1 {
		t.Errorf("%d decisions of one question", len(list))
	}
}

func TestATokenThatWasRevokedIsAskedForAgain(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.asked(1, "steady", "c0ffee")
	p.hub.Revoke()
	p.asked(2, "steady", "c0ffee")
	p.clock.advance(time.Minute)
	p.sweep()
	if got := p.told(2, "steady"); got != "approved" || p.hub.Given() != 2 {
		t.Errorf("told %q with %d tokens", got, p.hub.Given())
	}
	p.clock.advance(56 * time.Minute) // less than five minutes before its end
	p.asked(3, "steady", "c0ffee")
	if p.hub.Given() != 3 {
		t.Errorf("%d tokens", p.hub.Given())
	}
}

func TestADeploymentThatSomebodyElseDecidedOnIsLeftAlone(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.hub.Trouble("deployment_protection_rule", http.StatusUnprocessableEntity, nil, `{"message":"Validation Failed"}`)
	p.asked(1, "steady", "c0ffee")
	p.get("/api/v1/gate/waiting").is(http.StatusOK, `"state":"refused"`, "Validation Failed")
	p.clock.advance(2 * time.Hour)
	p.sweep()
	if got := p.told(1, "steady"); got != "" {
		t.Errorf("told %q", got)
	}
}

func TestADeliveryThatComesAgainIsAnsweredAgainWithTheSameDecision(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.hub.Trouble("deployment_protection_rule", http.StatusUnprocessableEntity, nil, `{"message":"Validation Failed"}`)
	p.asked(1, "shaky", "c0ffee")
	p.asked(1, "shaky", "c0ffee").is(http.StatusAccepted, `"outcome":"known"`)
	if got := p.told(1, "shaky"); got != "rejected" {
		t.Errorf("told %q", got)
	}
	p.asked(1, "shaky", "c0ffee")
	if got := p.told(1, "shaky"); got != "rejected" {
		t.Errorf("told %q after it was decided", got)
	}
	if list := into[struct{ Decisions []gate.Logged }](p.get(decisions + "?service=shaky")).Decisions; len(list) != 1 {
		t.Errorf("%d decisions of one question", len(list))
	}
}

func TestAFixThatWasDeclaredForTheCommitPasses(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.asked(1, "shaky", "c0ffee")
	p.post(decisions, `{"service":"shaky","commit":"badbad","change":{"kind":"fix","fixes":["import/shaky-27"]}}`).is(http.StatusOK, `"allow"`)
	p.post(decisions, `{"service":"shaky","commit":"c0ffee","change":{"kind":"fix","fixes":["import/shaky-27"]}}`).is(http.StatusOK, `"allow"`)
	p.asked(2, "shaky", "c0ffee")
	if first, second := p.told(1, "shaky"), p.told(2, "shaky"); first != "rejected" || second != "approved" {
		t.Errorf("told %q before it was declared, %q after", first, second)
	}
}

func TestAQuestionInGitHubsNameByAStrangerIsRefused(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	body := p.request(1, "steady", "c0ffee")
	p.deliver(body, "guessed").is(http.StatusUnauthorized)
	p.ask("POST", "/hooks/app", body, "X-GitHub-Event", "deployment_protection_rule").is(http.StatusUnauthorized)
	for sentence, change := range map[string]fakehub.Request{
		"an answer to another host":   {Run: 1, Deployment: 2, Environment: "live-steady", Callback: "https://evil.example/repos/acme/shop/actions/runs/1/deployment_protection_rule"},
		"an answer to another place":  {Run: 1, Deployment: 2, Environment: "live-steady", Callback: p.hub.URL + "/repos/acme/shop/actions/runs/1/cancel"},
		"a way out of the repository": {Run: 1, Deployment: 2, Environment: "live-steady", Callback: p.hub.URL + "/repos/acme/../shop/actions/runs/1/deployment_protection_rule/../x"},
		"a way out of the owner":      {Run: 1, Deployment: 2, Environment: "live-steady", Callback: p.hub.URL + "/repos/../shop/actions/runs/1/deployment_protection_rule"},
		"no environment":              {Run: 1, Deployment: 2},
	} {
		if a := p.deliver(p.hub.Body(change), fakehub.Secret); a.status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", sentence, a.status, a.body)
		}
	}
	p.get("/api/v1/gate/waiting").is(http.StatusOK, `"waiting":[]`)
	if strings.Contains(p.log.String(), fakehub.Secret) || strings.Contains(p.log.String(), "ghs_") {
		t.Errorf("the log holds a secret:\n%s", p.log)
	}
}

func TestAPullRequestGetsNoApprovalForProduction(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	p.deliver(p.hub.Body(fakehub.Request{Run: 1, Deployment: 2, Environment: "live-steady", Commit: "c0ffee", Event: "pull_request"}), fakehub.Secret).is(http.StatusAccepted)
	p.sweep()
	if got := p.hub.Reviews(1, "live-steady"); len(got) != 1 || got[0].State != "rejected" || !strings.Contains(got[0].Comment, "fork") {
		t.Errorf("told %v", got)
	}
}

// What a fork may not reach is told by what the environment is for, as the deployments' hosts stated it, and not by its name.
func TestARunOfAForkIsRejectedForWhateverIsProductionByTheRecord(t *testing.T) {
	t.Parallel()
	p := newProtectedAs(t, "")
	in := func(environment, kind, service string) string {
		return strings.ReplaceAll(historyIn(environment, kind, service, "...."), `"id":"`, `"id":"harbour-`)
	}
	p.post("/api/v1/events", in("HARBOUR-STEADY", "production", "steady")+in("harbour-shaky", "staging", "shaky")+
		in("Harbour-Payments", "production", "elsewhere")).is(http.StatusOK)
	for run, c := range []struct{ sentence, service, event, told string }{
		{"production by the service's own record", "steady", "pull_request", "rejected"},
		{"by any event of a pull request", "steady", "pull_request_target", "rejected"},
		{"production by the records of others", "payments", "pull_request", "rejected"},
		{"not production", "shaky", "pull_request", "approved"},
		{"of no fork", "steady", "push", "approved"},
	} {
		at := "harbour-" + c.service
		body := p.hub.Body(fakehub.Request{Run: run, Deployment: 100 + run, Environment: at, Commit: "new", Event: c.event})
		p.deliver(body, fakehub.Secret).is(http.StatusAccepted)
		p.sweep()
		reviews := p.hub.Reviews(run, at)
		if len(reviews) != 1 || reviews[0].State != c.told || strings.Contains(reviews[0].Comment, "may come from a fork") != (c.told == "rejected") {
			t.Errorf("%s: told %v, want %s", c.sentence, reviews, c.told)
		}
	}
	for _, l := range into[struct{ Decisions []gate.Logged }](p.get(decisions)).Decisions {
		if l.Request.Run.ID != "3" && l.Request.Run.ID != "4" {
			t.Errorf("a decision was made for run %s: %s", l.Request.Run.ID, l.Summary)
		}
	}
}

func TestTwoReplicasTellGitHubOnce(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	for run := range 12 {
		p.deliver(p.request(run, "shaky", "c0ffee"), fakehub.Secret).is(http.StatusAccepted)
	}
	done := make(chan error, 3)
	for range cap(done) {
		go func() { done <- p.handler.Sweep(p.Context()) }()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for run := range 12 {
		if got := p.told(run, "shaky"); got != "rejected" {
			t.Errorf("run %d was told %q", run, got)
		}
	}
	if strings.Contains(p.log.String(), "could not be told") {
		t.Errorf("somebody was told twice:\n%s", p.log)
	}
}
