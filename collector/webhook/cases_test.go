package webhook_test

import (
	"cmp"
	"crypto/hmac"
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

	"shiphabit/collector"
	"shiphabit/collector/pelorus"
	"shiphabit/collector/webhook"
)

// recordedCase is what another tool's test states about a webhook.
type recordedCase struct {
	ID, Metric string
	Input      struct {
		Secret, Body, Signature, Event string
		Headers                        map[string]string
		Now                            int64
	}
	Expect struct {
		Valid, Accepted *bool
		Status          int
	}
	Also map[string]string
}

// leftOut says why a case about the events of a tool is left out; elsewhere tells that the collector of its host runs it.
func leftOut(path string) (why string, elsewhere bool) {
	for _, host := range []string{"github", "gitlab", "pagerduty", "argocd"} {
		if strings.Contains(path, host) {
			return "", true
		}
	}
	if strings.Contains(path, "tekton") {
		return "Tekton's own events of runs: runs are no deployments here, Tekton sends CDEvents as well", false
	}
	return "that tool is no source here", false
}

// TestRecordedCases runs the recorded cases about webhooks in general, and those of Pelorus.
func TestRecordedCases(t *testing.T) {
	t.Parallel()
	folder := cmp.Or(os.Getenv("SHIPHABIT_CASES"), filepath.Join("..", "..", "..", "shared", "cases"))
	ran, passed := 0, 0
	var left []string
	for _, file := range []string{"fourkeys_webhook.json", "fourkeys_parsers.json", "pelorus_webhook.json"} {
		text, err := os.ReadFile(filepath.Join(folder, "peers", file))
		if err != nil {
			t.Logf("recorded cases: none at hand in %s", folder)
			return
		}
		var content struct{ Cases []json.RawMessage }
		if err := json.Unmarshal(text, &content); err != nil {
			t.Fatal(err)
		}
		for _, raw := range content.Cases {
			var named struct {
				ID     string
				Source struct{ Path string }
			}
			if err := json.Unmarshal(raw, &named); err != nil {
				t.Fatal(err)
			}
			if file == "fourkeys_parsers.json" {
				if why, elsewhere := leftOut(named.Source.Path); !elsewhere {
					left = append(left, named.ID+": "+why)
				}
				continue
			}
			ran++
			if runCase(t, file, raw) {
				passed++
			}
		}
	}
	t.Logf("recorded cases: %d run, %d passed, %d left out", ran, passed, len(left))
	slices.Sort(left)
	for _, one := range left {
		t.Logf("recorded cases: left out %s", one)
	}
}

func runCase(t *testing.T, file string, raw json.RawMessage) bool {
	t.Helper()
	if file != "pelorus_webhook.json" {
		return runSignature(t, raw)
	}
	var probe struct {
		Metric string
		Input  struct{ Body json.RawMessage }
	}
	if err := json.Unmarshal(raw, &probe); err != nil {
		t.Fatal(err)
	}
	if probe.Metric == "webhook_signature" {
		return runSignature(t, raw)
	}
	return runMessage(t, raw, probe.Input.Body)
}

// runSignature: where the other tool answers 403, a delivery is refused here, with 401.
func runSignature(t *testing.T, raw json.RawMessage) bool {
	t.Helper()
	var c recordedCase
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Error(c.ID, err)
		return false
	}
	header := http.Header{}
	for name, value := range c.Input.Headers {
		header.Set(name, value)
	}
	var hook collector.Hook = webhook.Hook{Source: "ci", Clock: time.Now}
	if c.Input.Signature != "" {
		header.Set("X-Hub-Signature-256", c.Input.Signature)
		hook = pelorus.Hook{Source: "ci", Clock: time.Now}
	}
	want := c.Expect.Valid != nil && *c.Expect.Valid || c.Expect.Status != 0 && c.Expect.Status < 300
	good := hook.Authentic(header, []byte(c.Input.Body), []string{c.Input.Secret}) == want
	if other := c.Also["sha256_header_for_same_body"]; other != "" {
		good = good && hook.Authentic(http.Header{"X-Hub-Signature-256": {other}}, []byte(c.Input.Body), []string{c.Input.Secret})
	}
	if !good {
		t.Errorf("%s: not as the case states", c.ID)
	}
	return good
}

func runMessage(t *testing.T, raw, body json.RawMessage) bool {
	t.Helper()
	var c struct {
		ID    string
		Input struct {
			Now   int64
			Event string
		}
		Expect struct{ Accepted bool }
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Error(c.ID, err)
		return false
	}
	hook := pelorus.Hook{Source: "pelorus", Clock: func() time.Time { return time.Unix(c.Input.Now, 0) }}
	sum := hmac.New(sha256.New, []byte("secret"))
	sum.Write(body)
	header := http.Header{"X-Pelorus-Event": {c.Input.Event}, "X-Hub-Signature-256": {hex.EncodeToString(sum.Sum(nil))}}
	let := hook.Authentic(header, body, []string{"secret"}) // one that is too old is refused at the door
	p := hook.Parse(header, body)
	accepted := let && len(p.Events) > 0 && len(p.SetAside) == 0
	if accepted != c.Expect.Accepted || let && !accepted && (len(p.SetAside) == 0 || strings.TrimSpace(p.SetAside[0].Reason) == "") {
		t.Errorf("%s: accepted is %v: %+v", c.ID, accepted, p)
		return false
	}
	return true
}
