package cdevents_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/collector"
	"shiphabit/collector/cdevents"
	"shiphabit/metrics"
)

const (
	digest = "sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427"
	purl   = "pkg:oci/checkout@sha256%3A0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427"
	commit = "527d4a1aca5e8d0df24813df5ad65d049fc8d312"
)

func hook() cdevents.Hook {
	return cdevents.Hook{Source: "cd", Services: map[string]string{"checkout": "shop/checkout"}}
}

var at = time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC)

// event writes a CDEvent of a kind so many minutes after ten.
func event(kind, subject, content, custom string, minutes int) string {
	if custom != "" {
		custom = `,"customData":` + custom
	}
	return fmt.Sprintf(`{"context":{"specversion":"0.5.1","id":"e%d","source":"lab/deployer","type":"dev.cdevents.%s.0.3.0","timestamp":%q},"subject":{"id":%q,"source":"lab","content":%s}%s}`,
		minutes, kind, at.Add(time.Duration(minutes)*time.Minute).Format(time.RFC3339), subject, content, custom)
}

func parse(body string) collector.Pushed {
	return hook().Parse(http.Header{"Content-Type": {"application/json"}}, []byte(body))
}

func mustParse(t *testing.T, bodies ...string) []metrics.Event {
	t.Helper()
	var events []metrics.Event
	for _, body := range bodies {
		p := parse(body)
		if len(p.SetAside) > 0 || len(p.Events) != 1 {
			t.Fatalf("%s: %+v", body, p)
		}
		events = append(events, p.Events...)
	}
	return events
}

const inProduction = `{"environment":{"id":"production"},"artifactId":"` + purl + `"}`

func TestAServiceDeployedUpgradedOrRolledBackIsADeployment(t *testing.T) {
	t.Parallel()
	back := true
	want := metrics.Deployment{
		ID: "e1", Service: "shop/checkout", Environment: "production", Status: metrics.Succeeded, Revision: digest, Digest: digest, FinishedAt: at.Add(time.Minute),
	}
	for kind, rollback := range map[string]*bool{"service.deployed": nil, "service.upgraded": nil, "service.rolledback": &back} {
		e := mustParse(t, event(kind, "shop/checkout", inProduction, "", 1))[0]
		got, err := e.Deployment()
		want.Rollback = rollback
		if diff := cmp.Diff(want, got); err != nil || diff != "" || e.Source != "cd" {
			t.Errorf("%s: %v %s", kind, err, diff)
		}
	}
}

func TestTheRevisionOfAnArtifactIsTakenFromWhereverItIsStated(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct{ artifact, custom, revision, repository, digest string }{
		"a digest alone":               {purl, "", digest, "", digest},
		"a digest without its kind":    {digest[7:], "", digest, "", digest},
		"the address of its source":    {purl + "?vcs_url=git%2Bhttps%3A%2F%2Fgit.example%2Facme%2Fshop.git%40" + commit, "", commit, "acme/shop", digest},
		"a package of the host itself": {"pkg:github/acme/shop@" + commit, "", commit, "acme/shop", ""},
		"a version":                    {"pkg:golang/git.example/acme/shop@v1.2.3", "", "v1.2.3", "", ""},
		"what the sender adds":         {purl, `{"shiphabit":{"revision":"abc","repository":"acme/shop"},"other":[1]}`, "abc", "acme/shop", digest},
		"other data of the sender":     {purl, `{"shop":{"revision":7}}`, digest, "", digest},
		"other data in another form":   {purl, `"c2hpcGhhYml0"`, digest, "", digest},
	} {
		content := `{"environment":{"id":"production"},"artifactId":"` + c.artifact + `"}`
		d, err := mustParse(t, event("service.deployed", "shop", content, c.custom, 1))[0].Deployment()
		if err != nil || d.Revision != c.revision || d.Repository != c.repository || d.Digest != c.digest {
			t.Errorf("%s: %+v, %v", sentence, d, err)
		}
	}
}

func TestAPackagedArtifactTellsTheCommitOfWhatIsDeployed(t *testing.T) {
	t.Parallel()
	events := mustParse(t,
		event("service.upgraded", "shop/checkout", inProduction, "", 30),
		event("artifact.packaged", purl, `{"change":{"id":"`+commit+`","source":"git.example/acme/shop"}}`, "", 1))
	events = append(events, metrics.NewEvent("git", metrics.Commit{ID: commit, Repository: "acme/shop", AuthoredAt: at.Add(-time.Hour)}))
	var found []string
	for _, f := range metrics.DeriveAll(events, metrics.DefaultRules()) {
		for _, r := range f.Rollouts {
			if r.EnvironmentKind == metrics.Production {
				found = append(found, f.Service+" "+r.Revision)
			}
		}
	}
	if want := []string{"shop/checkout " + commit}; !cmp.Equal(want, found) {
		t.Errorf("production has %v", found)
	}
	for sentence, body := range map[string]string{
		"a branch":           event("artifact.packaged", purl, `{"change":{"id":"feature1","source":"git.example/acme/shop"}}`, "", 1),
		"no digest":          event("artifact.packaged", "pkg:golang/git.example/acme/shop@v1", `{"change":{"id":"`+commit+`"}}`, "", 1),
		"published, no more": event("artifact.published", purl, `{}`, "", 1),
	} {
		if p := parse(body); p.Ignored == "" || len(p.Events)+len(p.SetAside) > 0 {
			t.Errorf("%s: %+v", sentence, p)
		}
	}
}

func TestAnIncidentIsOneRecordHoweverItsEventsArrive(t *testing.T) {
	t.Parallel()
	about := func(text string) string {
		return `{"description":"` + text + `","environment":{"id":"production"},"service":{"id":"shop/checkout"},"ticketURI":"https://tickets.example/7"}`
	}
	detected := event("incident.detected", "i1", about("answers 500"), "", 0)
	reported := event("incident.reported", "i1", about("customers complain"), "", 5)
	resolved := event("incident.resolved", "i1", about("answers again"), "", 20)
	for _, order := range [][]string{{detected, reported, resolved}, {resolved, reported, detected}, {reported, resolved, detected}} {
		facts := metrics.DeriveAll(mustParse(t, order...), metrics.DefaultRules())
		if len(facts) != 1 || len(facts[0].Incidents) != 1 {
			t.Fatalf("%+v", facts)
		}
		got := facts[0].Incidents[0]
		if !got.StartedAt.Equal(at) || !got.ResolvedAt.Equal(at.Add(20*time.Minute)) || got.ID != "cd/i1" {
			t.Errorf("%+v", got)
		}
	}
	i, err := mustParse(t, reported)[0].Incident()
	if err != nil || i.DetectedBy != "human" || i.URL != "https://tickets.example/7" || i.Title != "customers complain" {
		t.Errorf("%+v, %v", i, err)
	}
	if p := parse(event("incident.detected", "i2", `{"environment":{"id":"production"},"artifactId":"`+purl+`"}`, "", 0)); len(p.Events) != 1 {
		t.Errorf("its service is not found by the artifact: %+v", p)
	}
	if p := parse(event("incident.detected", "i3", `{"environment":{"id":"production"}}`, "", 0)); len(p.SetAside) != 1 || !strings.Contains(p.SetAside[0].Reason, "service") {
		t.Errorf("without a service: %+v", p)
	}
}

func TestAChangeIsAPullRequestOfWhichEachEventIsAStep(t *testing.T) {
	t.Parallel()
	in := `{"description":"Fix the basket\n\nIt lost items.","repository":{"id":"acme/shop"}}`
	events := mustParse(t, event("change.merged", "10", in, "", 30), event("change.created", "10", in, "", 0))
	created, _ := events[1].PullRequest()
	merged, _ := events[0].PullRequest()
	if created.Number != 10 || created.Title != "Fix the basket" || !created.CreatedAt.Equal(at) || events[1].Repository != "acme/shop" {
		t.Errorf("created %+v", created)
	}
	if !merged.MergedAt.Equal(at.Add(30*time.Minute)) || !merged.CreatedAt.IsZero() || events[0].Key != events[1].Key {
		t.Errorf("merged %+v", merged)
	}
	if p := parse(event("change.merged", "10", `{}`, "", 30)); len(p.SetAside) != 1 || !strings.Contains(p.SetAside[0].Reason, "repository") {
		t.Errorf("without a repository: %+v", p)
	}
}

func TestAnApprovalNeedsTheDeploymentThatItIsAbout(t *testing.T) {
	t.Parallel()
	about := `{"resourceTargetUrl":"https://deploy.example/7","responder":"urn:user:bob","status":"%s"}`
	custom := `{"shiphabit":{"deployment":"e30"}}`
	if p := parse(event("approval.created", "a1", "{}", "", 0)); p.Ignored == "" {
		t.Errorf("without a deployment: %+v", p)
	}
	events := mustParse(t, event("approval.created", "a1", "{}", custom, 0), event("approval.closed", "a1", fmt.Sprintf(about, "approved"), custom, 9))
	asked, _ := events[0].Approval()
	decided, _ := events[1].Approval()
	if !asked.RequestedAt.Equal(at) || asked.Deployment != "e30" || decided.Decision != "granted" || decided.Approver != "urn:user:bob" || !decided.DecidedAt.Equal(at.Add(9*time.Minute)) {
		t.Errorf("%+v %+v", asked, decided)
	}
	if a, _ := mustParse(t, event("approval.closed", "a1", fmt.Sprintf(about, "rejected"), custom, 9))[0].Approval(); a.Decision != "refused" {
		t.Errorf("%+v", a)
	}
	if p := parse(event("approval.closed", "a1", fmt.Sprintf(about, "expired"), custom, 9)); p.Ignored == "" {
		t.Errorf("expired: %+v", p)
	}
}

func TestWhatSaysNothingIsIgnoredWithTheReason(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		"service.removed", "service.published", "taskrun.finished", "pipelinerun.started", "build.finished", "testsuiterun.finished",
		"change.reviewed", "change.updated", "environment.created", "repository.created", "ticket.closed", "approval.updated", "something.new",
	} {
		if p := parse(event(kind, "x", "{}", "", 0)); p.Ignored == "" || p.Kind != kind || len(p.Events)+len(p.SetAside) > 0 {
			t.Errorf("%s: %+v", kind, p)
		}
	}
	p := hook().Parse(http.Header{"Ce-Type": {"dev.tekton.event.pipelinerun.successful.v1"}, "Ce-Id": {"7"}}, []byte(`{"pipelineRun":{}}`))
	if p.Ignored != "it is no CDEvent" || p.Kind != "dev.tekton.event.pipelinerun.successful.v1" {
		t.Errorf("%+v", p)
	}
}

func TestWhatIsBrokenIsSetAside(t *testing.T) {
	t.Parallel()
	deployed := event("service.deployed", "shop", inProduction, "", 1)
	for sentence, c := range map[string]struct{ body, reason string }{
		"no time":                {strings.Replace(deployed, `"timestamp":"2026-03-03T10:01:00Z"`, `"x":1`, 1), "timestamp"},
		"no id":                  {strings.Replace(deployed, `"id":"e1"`, `"x":1`, 1), "context.id"},
		"no subject":             {strings.Replace(deployed, `"id":"shop"`, `"x":1`, 1), "subject.id"},
		"no environment":         {strings.Replace(deployed, `"id":"production"`, `"x":1`, 1), "environment"},
		"no artifact":            {strings.Replace(deployed, purl, "", 1), "revision"},
		"an addition gone wrong": {event("service.deployed", "shop", inProduction, `{"shiphabit":{"revision":7}}`, 1), "customData.shiphabit"},
	} {
		if p := parse(c.body); len(p.Events) > 0 || len(p.SetAside) != 1 || !strings.Contains(p.SetAside[0].Reason, c.reason) {
			t.Errorf("%s: %+v", sentence, p)
		}
	}
	binary := http.Header{"Content-Type": {"application/json"}, "Ce-Type": {"dev.cdevents.service.deployed.0.3.0"}, "Ce-Id": {"9"}}
	for _, body := range []string{"", "{", "[]", "null"} {
		if p := hook().Parse(binary, []byte(body)); len(p.SetAside) != 1 || p.Kind != "service.deployed" {
			t.Errorf("%q: %+v", body, p)
		}
	}
	if p := hook().Parse(http.Header{"Content-Type": {"application/cloudevents+json"}}, []byte("{")); len(p.SetAside) != 1 {
		t.Errorf("%+v", p)
	}
}

func TestTheThreeModesOfCloudEventsSayTheSame(t *testing.T) {
	t.Parallel()
	inner := event("service.deployed", "shop", inProduction, "", 1)
	outer := `{"specversion":"1.0","id":"e1","source":"lab/deployer","type":"dev.cdevents.service.deployed.0.3.0","datacontenttype":"application/json","data":` + inner + `}`
	encoded := `{"specversion":"1.0","id":"e1","source":"lab/deployer","type":"dev.cdevents.service.deployed.0.3.0","data_base64":"` +
		base64.StdEncoding.EncodeToString([]byte(inner)) + `"}`
	want := mustParse(t, inner)[0].String()
	for sentence, c := range map[string]struct{ kind, body, delivery string }{
		"binary":             {"application/json; charset=utf-8", inner, "e1 lab/deployer"},
		"binary, no type":    {"", inner, "e1 lab/deployer"},
		"structured":         {"application/cloudevents+json; charset=UTF-8", outer, "e1 lab/deployer"},
		"structured, base64": {"application/cloudevents+json", encoded, "e1 lab/deployer"},
		"batched":            {"application/cloudevents-batch+json", "[" + outer + "," + outer + "]", ""},
	} {
		h := http.Header{"Content-Type": {c.kind}}
		p := hook().Parse(h, []byte(c.body))
		if len(p.Events) == 0 || p.Events[0].String() != want || len(p.SetAside) > 0 {
			t.Errorf("%s: %+v", sentence, p)
		}
		if got := hook().Delivery(h, []byte(c.body)); got != c.delivery {
			t.Errorf("%s: delivery %q", sentence, got)
		}
	}
	if p := hook().Parse(http.Header{"Content-Type": {"application/cloudevents-batch+json"}}, []byte("[]")); p.Ignored == "" {
		t.Errorf("an empty batch: %+v", p)
	}
}

func TestASenderShowsTheSecretOrSigns(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{"Bearer secret": true, "Basic " + base64.StdEncoding.EncodeToString([]byte("cd:secret")): true, "Bearer other": false, "": false} {
		if got := hook().Authentic(http.Header{"Authorization": {header}}, []byte("body"), []string{"secret"}); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
	const signature = "sha256=dc46983557fea127b43af721467eb9b3fde2338fe3e14f51952aa8478c13d355" // of "body" under "secret"
	if !hook().Authentic(http.Header{cdevents.SignatureHeader: {signature}}, []byte("body"), []string{"secret"}) {
		t.Error("a signature is not taken")
	}
}

// FuzzParse: whatever comes is told of, and what is taken belongs to the source and has an id.
func FuzzParse(f *testing.F) {
	inner := event("service.deployed", "shop", inProduction, `{"shiphabit":{"revision":"a"}}`, 1)
	f.Add("application/json", []byte(inner))
	f.Add("application/cloudevents+json", []byte(`{"id":"1","type":"dev.cdevents.service.deployed.0.3.0","data":`+inner+`}`))
	f.Add("application/cloudevents-batch+json", []byte(`[{"data":`+inner+`},null,{}]`))
	for _, kind := range []string{"artifact.packaged", "change.merged", "incident.resolved", "approval.closed"} {
		f.Add("", []byte(event(kind, "x", `{"change":{"id":"`+commit+`"},"repository":{"id":"r"},"status":"approved"}`, `{"shiphabit":{"deployment":"1"}}`, 2)))
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		h := http.Header{"Content-Type": {kind}}
		p := hook().Parse(h, body)
		hook().Delivery(h, body)
		if len(p.Events)+len(p.SetAside) == 0 && p.Ignored == "" {
			t.Fatalf("nothing is said of it: %+v", p)
		}
		for _, e := range p.Events {
			if e.Source != "cd" || e.ID == "" {
				t.Fatalf("%+v", e)
			}
		}
	})
}

// FuzzArtifact: an artifact has a digest or a version, never both, and its repository is no address.
func FuzzArtifact(f *testing.F) {
	for _, seed := range []string{purl, digest, "pkg:", "pkg:oci/a@?#", "pkg:github/a/b@" + commit, purl + "?vcs_url=git%2Bssh%3A%2F%2Fgit%40h%2Fa%2Fb%40" + commit} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, version, sum, repository, _ := cdevents.ParseArtifact(text)
		if sum != "" && version != "" || strings.HasPrefix(name, "/") || strings.HasPrefix(repository, "/") {
			t.Fatalf("%q gives name %q, version %q, digest %q, repository %q", text, name, version, sum, repository)
		}
	})
}
