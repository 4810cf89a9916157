package github

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // to show that it is refused
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
	"shiphabit/metrics"
)

func signed(body, secret string) string {
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(sum.Sum(nil))
}

func TestADeliveryIsAuthenticByItsSHA256SignatureAlone(t *testing.T) {
	t.Parallel()
	hook, body := NewHook(testRules()), `{"zen":"…"}`
	old := hmac.New(sha1.New, []byte("secret"))
	old.Write([]byte(body))
	for sentence, c := range map[string]struct {
		header  http.Header
		body    string
		secrets []string
		want    bool
	}{
		"signed with the secret":         {http.Header{"X-Hub-Signature-256": {signed(body, "secret")}}, body, []string{"secret"}, true},
		"signed with the one before":     {http.Header{"X-Hub-Signature-256": {signed(body, "old")}}, body, []string{"secret", "old"}, true},
		"signed with another":            {http.Header{"X-Hub-Signature-256": {signed(body, "other")}}, body, []string{"secret"}, false},
		"one byte changed":               {http.Header{"X-Hub-Signature-256": {signed(body, "secret")}}, body + " ", []string{"secret"}, false},
		"not signed":                     {http.Header{}, body, []string{"secret"}, false},
		"signed with SHA-1 only":         {http.Header{"X-Hub-Signature": {"sha1=" + hex.EncodeToString(old.Sum(nil))}}, body, []string{"secret"}, false},
		"SHA-1 in the place of SHA-256":  {http.Header{"X-Hub-Signature-256": {"sha1=" + hex.EncodeToString(old.Sum(nil))}}, body, []string{"secret"}, false},
		"no secret is set":               {http.Header{"X-Hub-Signature-256": {signed(body, "")}}, body, nil, false},
		"an empty secret proves nothing": {http.Header{"X-Hub-Signature-256": {signed(body, "")}}, body, []string{""}, false},
	} {
		if got := hook.Authentic(c.header, []byte(c.body), c.secrets); got != c.want {
			t.Errorf("%s: authentic is %v", sentence, got)
		}
	}
	if got := hook.Delivery(http.Header{"X-Github-Delivery": {"72d3162e"}}, nil); got != "72d3162e" {
		t.Errorf("the delivery is %q", got)
	}
}

// fixtures are deliveries of our own for what GitHub's examples lack; TestFixturesAreWhatGitHubSends holds them against its schema.
func fixture(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "hooks", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// kindOfFixture is the kind in a fixture's name: deployment_status.failed.
func kindOfFixture(name string) string {
	kind, _, _ := strings.Cut(name, ".")
	return kind
}

func deliver(rules Rules, kind string, body []byte) collector.Pushed {
	return NewHook(rules).Parse(http.Header{"X-Github-Event": {kind}}, body)
}

func deliverFixture(t *testing.T, name string) collector.Pushed {
	t.Helper()
	rules := testRules()
	rules.Repositories = []string{"octo-org/octo-repo", "acme/shop"}
	return deliver(rules, kindOfFixture(name), fixture(t, name))
}

func one(t *testing.T, p collector.Pushed) metrics.Event {
	t.Helper()
	if len(p.Events) != 1 || len(p.SetAside) > 0 || p.Ignored != "" {
		t.Fatalf("%s gives %d events; set aside %+v, ignored %q", p.Kind, len(p.Events), p.SetAside, p.Ignored)
	}
	return p.Events[0]
}

func TestAMergedPullRequestIsPushed(t *testing.T) {
	t.Parallel()
	e := one(t, deliverFixture(t, "pull_request.merged"))
	p, _ := e.PullRequest()
	if p.ID != "2" || p.Number != 2 || !p.MergedAt.Equal(moment(3, 10)) || p.MergeCommit != sha(8002) || p.Repository != "acme/shop" || e.UpdatedAt.IsZero() {
		t.Errorf("it reads %+v", p)
	}
}

func TestAClosedIssueIsPushed(t *testing.T) {
	t.Parallel()
	e := one(t, deliverFixture(t, "issues.closed"))
	i, _ := e.Incident()
	if i.ID != "5011" || !i.ResolvedAt.Equal(moment(2, 11)) || i.Severity != 2 || i.Service != "acme/shop" {
		t.Errorf("it reads %+v", i)
	}
}

func TestAFailedDeploymentIsPushed(t *testing.T) {
	t.Parallel()
	e := one(t, deliverFixture(t, "deployment_status.failed"))
	d, _ := e.Deployment()
	if d.ID != "102" || d.Status != metrics.Failed || !d.FinishedAt.Equal(moment(3, 10)) || d.Labels["environment_kind"] != "production" {
		t.Errorf("it reads %+v", d)
	}
}

func TestARequestOfAProtectionRuleIsPushed(t *testing.T) {
	t.Parallel()
	e := one(t, deliverFixture(t, "deployment_protection_rule.requested"))
	a, _ := e.Approval()
	if a.ID != "103" || a.Deployment != "103" || a.Required == nil || !a.DecidedAt.IsZero() || !a.RequestedAt.Equal(moment(4, 9)) {
		t.Errorf("it reads %+v", a)
	}
}

func TestWhatIsPushedAndWhatIsAskedForMeetOnTheSameRecords(t *testing.T) {
	t.Parallel()
	r := readingOf(t, world(), testRules()).read()
	for _, name := range []string{"pull_request.merged", "issues.closed", "deployment_status.failed", "deployment_protection_rule.requested"} {
		e := one(t, deliverFixture(t, name))
		known := r.merged(e.Type, e.ID)
		if known.Key != e.Key {
			t.Errorf("%s: asked for it is %s, pushed %s", name, known.Key, e.Key)
		}
		first, last := metrics.Merge([]metrics.Event{known, e}), metrics.Merge([]metrics.Event{e, known})
		if string(first.Payload) != string(last.Payload) {
			t.Errorf("%s: it matters which comes first", name)
		}
	}
	e := metrics.Merge([]metrics.Event{r.merged(metrics.TypeApproval, "103"), one(t, deliverFixture(t, "deployment_protection_rule.requested"))})
	if a, _ := e.Approval(); a.Decision != granted || a.Approver != "ben" {
		t.Errorf("the request that comes after the decision takes it back: %+v", a)
	}
}

func TestSupersessionIsPushedAndIsNoEnd(t *testing.T) {
	t.Parallel()
	body := strings.ReplaceAll(string(fixture(t, "deployment_status.failed")), `"state": "failure"`, `"state": "inactive"`)
	if p := deliver(testRules(), "deployment_status", []byte(body)); len(p.Events) > 0 || !strings.Contains(p.Ignored, "later one took its place") {
		t.Errorf("it gives %+v", p)
	}
}

func TestWhoseRepositoryIsNotReadIsNotListenedTo(t *testing.T) {
	t.Parallel()
	rules := testRules()
	rules.Repositories = []string{"acme/other"}
	if p := deliver(rules, "issues", fixture(t, "issues.closed")); len(p.Events) > 0 || !strings.Contains(p.Ignored, "does not read") {
		t.Errorf("it gives %+v", p)
	}
	rules.Organisations = []string{"ACME"}
	one(t, deliver(rules, "issues", fixture(t, "issues.closed")))
}

func TestADeliveryAsAFormIsReadToo(t *testing.T) {
	t.Parallel()
	form := "payload=" + strings.NewReplacer("%", "%25", "+", "%2B", "&", "%26", ";", "%3B").Replace(string(fixture(t, "issues.closed")))
	one(t, NewHook(testRules()).Parse(http.Header{"X-Github-Event": {"issues"}, "Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form)))
}

func TestADecisionThatNamesNoDeploymentIsLeftToTheNextReading(t *testing.T) {
	t.Parallel()
	if p := deliverFixture(t, "deployment_review.approved"); len(p.Events)+len(p.SetAside) > 0 || !strings.Contains(p.Ignored, "names no deployment") {
		t.Errorf("it gives %+v: the decision would count twice", p)
	}
}

func TestWhatIsNoDeliveryOfGitHubIsSetAside(t *testing.T) {
	t.Parallel()
	for sentence, body := range map[string]string{
		"no JSON": "hello", "a list": "[]", "nothing": "", "a part of the wrong kind": `{"repository":{"full_name":"acme/shop"},"deployment":7}`,
		"the main part is missing": `{"repository":{"full_name":"acme/shop"}}`,
	} {
		if p := deliver(testRules(), "deployment", []byte(body)); len(p.SetAside) != 1 || p.SetAside[0].Reason == "" {
			t.Errorf("%s gives %+v", sentence, p)
		}
	}
	if p := deliver(testRules(), "star", []byte("{}")); p.Ignored == "" {
		t.Errorf("a star gives %+v", p)
	}
}

// FuzzParse holds that every delivery says something, and that all it says keeps the rules and is told by this source.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "hooks", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatal("there are no fixtures")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(kindOfFixture(filepath.Base(file)), text)
	}
	rules := testRules()
	rules.Jobs = []string{"*"}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		p := deliver(rules, kind, body)
		if len(p.Events)+len(p.SetAside) == 0 && p.Ignored == "" {
			t.Fatal("it says nothing and not why")
		}
		for _, e := range p.Events {
			if faults := metrics.Check(e); len(faults) > 0 || e.Source != rules.Source || !json.Valid(e.Payload) {
				t.Fatalf("%s is no event: %s", e.Key, e.Payload)
			}
		}
	})
}

// FuzzCourse holds that a deployment ends only when its state is one of an end, and not before it began.
func FuzzCourse(f *testing.F) {
	states := []string{"queued", "pending", "waiting", "in_progress", "success", "failure", "error", "inactive", "something new"}
	f.Add([]byte{0, 3, 4, 7})
	f.Fuzz(func(t *testing.T, told []byte) {
		var statuses []status
		for i, n := range told {
			statuses = append(statuses, status{state: states[int(n)%len(states)], at: moment(1, 0).Add(time.Duration(i) * time.Second)})
		}
		c, known := courseOf(statuses)
		if over(c.status) == c.finished.IsZero() || !known && c.status != metrics.Pending {
			t.Fatalf("%+v", c)
		}
		if !c.finished.IsZero() && c.started.After(c.finished) {
			t.Fatalf("it ends before it begins: %+v", c)
		}
		if at := slices.IndexFunc(statuses, func(s status) bool { return s.at.Equal(c.finished) }); over(c.status) && (at < 0 || meaning(statuses[at].state) != c.status) {
			t.Fatalf("it ends at a status of another state: %+v", c)
		}
	})
}

// FuzzRecords holds that whatever the host writes becomes an event that keeps the rules, or is set aside with a reason, and that a
// deployment has an end when its state is one.
func FuzzRecords(f *testing.F) {
	host := world()
	for kind, record := range []object{
		host.repos[0].restDeployment(host.repos[0].deployments[0]), host.repos[0].runs[0], host.repos[0].pulls[0], host.repos[0].issues[0], host.repos[0].releases[0], host.repos[0].commits[0],
	} {
		text, err := json.Marshal(record)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(kind), text)
	}
	repo := &repository{source: &source{Rules: testRules(), clock: noon}, full: "acme/shop"}
	f.Fuzz(func(t *testing.T, kind byte, text []byte) {
		var batch collector.Batch
		taken := 1
		switch kind % 6 {
		case 0:
			d := decoded[deployment](text)
			c, _ := courseOf(nil)
			batch.Take("it", repo.deploymentOf(repo.full, d.attempt(), c, polled))
		case 1:
			w := decoded[github.WorkflowRun](text)
			if _, deployed := fromRun(&w).verdict(); !deployed {
				taken = 0
			}
			repo.takeExecution(&batch, fromRun(&w))
		case 2:
			batch.Take("it", repo.event(decoded[graphPull](text).record(repo.full), time.Time{}, polled))
		case 3:
			issue := decoded[github.Issue](text)
			repo.takeIssue(&batch, &issue)
		case 4:
			batch.Take("it", repo.deploymentOfRelease(repo.full, decoded[graphRelease](text).published(), polled))
		case 5:
			c := decoded[github.RepositoryCommit](text)
			repo.takeCommit(&batch, &c)
		}
		if len(batch.Events)+len(batch.SetAside) != taken {
			t.Fatalf("one record gives %d events and %d set aside", len(batch.Events), len(batch.SetAside))
		}
		for _, e := range batch.Events {
			if d, err := e.Deployment(); err == nil && over(d.Status) == d.FinishedAt.IsZero() {
				t.Fatalf("its state and its end do not fit: %s", e.Payload)
			}
		}
	})
}

// decoded is a record of the host's, as far as the text can be read.
func decoded[T any](text []byte) T {
	var v T
	if json.Unmarshal(text, &v) != nil {
		return *new(T)
	}
	return v
}
