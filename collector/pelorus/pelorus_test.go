package pelorus_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/pelorus"
	"shiphabit/metrics"
)

var now = time.Unix(1683025000, 0).UTC()

func hook() pelorus.Hook {
	return pelorus.Hook{Source: "pelorus", Clock: func() time.Time { return now }}
}

func parse(kind, body string) collector.Pushed {
	return hook().Parse(http.Header{"X-Pelorus-Event": {kind}}, []byte(body))
}

const (
	image     = "sha256:af4092ccbfa99a3ec1ea93058fe39b8ddfd8db1c7a18081db397c50a0b8ec77d"
	committed = `{"app":"todolist","commit_hash":"5379bad65a3f83853a75aabec9e0e43c75fd18fc","image_sha":"` + image + `","namespace":"prod","timestamp":1683020000}`
	deployed  = `{"app":"todolist","image_sha":"` + image + `","namespace":"prod","timestamp":"1683024940"}`
	created   = `{"app":"todolist","failure_id":"Issue-1","failure_event":"created","timestamp":1683024900}`
	resolved  = `{"app":"todolist","failure_id":"Issue-1","failure_event":"resolved","timestamp":1683024950}`
)

func TestTheThreeMessagesGiveADeploymentOfACommitAndAnIncident(t *testing.T) {
	t.Parallel()
	var events []metrics.Event
	for _, message := range [][2]string{{"deploytime", deployed}, {"failure", resolved}, {"committime", committed}, {"failure", created}} {
		p := parse(message[0], message[1])
		if len(p.Events) == 0 || len(p.SetAside) > 0 {
			t.Fatalf("%s: %+v", message, p)
		}
		events = append(events, p.Events...)
	}
	facts := metrics.DeriveAll(events, metrics.DefaultRules())
	var production []metrics.Rollout
	for _, r := range facts[0].Rollouts {
		if r.EnvironmentKind == metrics.Production {
			production = append(production, r)
		}
	}
	if len(production) != 1 || production[0].Revision != "5379bad65a3f83853a75aabec9e0e43c75fd18fc" {
		t.Errorf("the artifact is not known by its commit: %+v", facts[0].Rollouts)
	}
	if got := facts[0].Incidents; len(got) != 1 || !got[0].StartedAt.Equal(time.Unix(1683024900, 0)) || !got[0].ResolvedAt.Equal(time.Unix(1683024950, 0)) {
		t.Errorf("incidents: %+v", got)
	}
}

func TestWhatPelorusWouldRefuseIsSetAside(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct{ kind, body, reason string }{
		"ahead of us":              {"deploytime", strings.Replace(deployed, "1683024940", "1683025061", 1), "future"},
		"an app without a name":    {"deploytime", strings.Replace(deployed, "todolist", "", 1), "app"},
		"without a namespace":      {"deploytime", strings.Replace(deployed, `"prod"`, `""`, 1), "namespace"},
		"without a time":           {"failure", `{"app":"a","failure_id":"1","failure_event":"created"}`, "timestamp"},
		"without an id":            {"failure", strings.Replace(created, "Issue-1", "", 1), "failure_id"},
		"a digest in capitals":     {"deploytime", strings.Replace(deployed, "af4092", "AF4092", 1), "image_sha"},
		"no object":                {"deploytime", `[]`, "array"},
		"no JSON":                  {"deploytime", `{`, "unexpected end"},
		"a time with a fraction":   {"deploytime", strings.Replace(deployed, `"1683024940"`, "1683024940.5", 1), "ten digits"},
		"a kind that there is not": {"", deployed, "X-Pelorus-Event"},
	} {
		if p := parse(c.kind, c.body); len(p.Events) > 0 || len(p.SetAside) != 1 || !strings.Contains(p.SetAside[0].Reason, c.reason) {
			t.Errorf("%s: %+v", sentence, p)
		}
	}
	if p := parse("ping", "anything"); p.Ignored == "" || len(p.SetAside) > 0 {
		t.Errorf("a ping: %+v", p)
	}
	if p := parse("committime", committed); len(p.Events) != 2 {
		t.Errorf("a commit may be old: %+v", p)
	}
}

func TestAMessageThatIsTooOldIsRefusedWhenItArrivesAndReadWhenItWasKept(t *testing.T) {
	t.Parallel()
	authentic := func(kind, body string) bool {
		sum := hmac.New(sha256.New, []byte("secret"))
		sum.Write([]byte(body))
		header := http.Header{"X-Pelorus-Event": {kind}, "X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(sum.Sum(nil))}}
		return hook().Authentic(header, []byte(body), []string{"secret"})
	}
	old := strings.NewReplacer("1683024940", "1683023199", "1683024900", "1683023199")
	for kind, body := range map[string]string{"deploytime": deployed, "failure": created} {
		if !authentic(kind, body) || authentic(kind, old.Replace(body)) {
			t.Errorf("%s: its age is not held against the time at which it comes", kind)
		}
		if p := parse(kind, old.Replace(body)); len(p.Events) != 1 {
			t.Errorf("%s that was kept cannot be read again: %+v", kind, p)
		}
	}
	for kind, body := range map[string]string{"committime": committed, "ping": "anything", "failure": "{"} {
		if !authentic(kind, body) {
			t.Errorf("%s is refused", kind)
		}
	}
}

// FuzzParse: what is taken is of the hook's source and no later than now.
func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{{"committime", committed}, {"deploytime", deployed}, {"failure", created}, {"failure", resolved}, {"", ""}, {"failure", "{"}} {
		f.Add(seed[0], []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		p := hook().Parse(http.Header{"X-Pelorus-Event": {kind}}, body)
		if len(p.Events)+len(p.SetAside) == 0 && p.Ignored == "" {
			t.Fatal("it says nothing, and not why")
		}
		for _, e := range p.Events {
			if e.Source != "pelorus" || e.UpdatedAt.After(now.Add(pelorus.Skew)) {
				t.Fatalf("%+v", e)
			}
			if d, err := e.Deployment(); err == nil && (d.FinishedAt.After(now.Add(pelorus.Skew)) || d.Service == "") {
				t.Fatalf("%+v", d)
			}
		}
	})
}
