package pagerduty

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recordedCase is what another tool's test states about what a host sends.
type recordedCase struct {
	ID, Metric    string
	Source        struct{ Path string }
	Input, Expect json.RawMessage
}

// TestRecordedCases runs those of other tools' cases that are about PagerDuty, where they are at hand.
func TestRecordedCases(t *testing.T) {
	t.Parallel()
	folder := cmp.Or(os.Getenv("SHIPHABIT_CASES"), filepath.Join("..", "..", "..", "shared", "cases"))
	files, err := filepath.Glob(filepath.Join(folder, "peers", "*.json"))
	if err != nil || len(files) == 0 {
		t.Logf("recorded cases: none at hand in %s", folder)
		return
	}
	run, passed, left := 0, 0, 0
	for _, file := range files {
		for _, c := range casesOf(t, file) {
			if reason := c.leftOut(); reason != "" {
				left++
				t.Logf("recorded cases: left out %s: %s", c.ID, reason)
				continue
			}
			run++
			if t.Run(c.ID, func(t *testing.T) { c.check(t) }) { //nolint:paralleltest // in order, so that the summary comes last
				passed++
			}
		}
	}
	t.Logf("recorded cases: %d run, %d passed, %d left out", run, passed, left)
}

// casesOf are the cases of a file whose test stands among those of the host.
func casesOf(t *testing.T, file string) (list []recordedCase) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var content struct{ Cases []recordedCase }
	if json.Unmarshal(text, &content) != nil {
		return nil // a file of another form holds none of ours
	}
	for _, c := range content.Cases {
		if strings.Contains(strings.ToLower(c.Source.Path), "pagerduty") {
			list = append(list, c)
		}
	}
	return list
}

// leftOut says why a case cannot run.
func (c recordedCase) leftOut() string {
	switch c.Metric {
	case "webhook_signature":
		return ""
	case "event_identity":
		var input struct{ Event json.RawMessage }
		if json.Unmarshal(c.Input, &input) != nil || len(input.Event) == 0 || input.Event[0] != '{' {
			return "it is a webhook of an older version than the one that PagerDuty still offers"
		}
		return ""
	}
	return "it is about " + c.Metric + ", which nothing of PagerDuty's decides"
}

func (c recordedCase) check(t *testing.T) {
	t.Helper()
	var input struct {
		Secret, Body string
		Headers      map[string]string
	}
	var expect struct {
		Valid   bool
		EventID string `json:"event_id"`
	}
	if json.Unmarshal(c.Expect, &expect) != nil {
		t.Fatalf("%s cannot be read", c.Expect)
	}
	h := NewHook(Options{Name: "pager"})
	if c.Metric == "event_identity" {
		var d struct{ Event struct{ Data reference } }
		if err := json.Unmarshal(c.Input, &d); err != nil || expect.EventID != d.Event.Data.ID && expect.EventID != h.Delivery(nil, c.Input) {
			t.Errorf("it is known as %q, want %q", d.Event.Data.ID, expect.EventID)
		}
		return
	}
	if err := json.Unmarshal(c.Input, &input); err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	for name, value := range input.Headers {
		header.Set(name, value)
	}
	if got := h.Authentic(header, []byte(input.Body), []string{input.Secret}); got != expect.Valid {
		t.Errorf("authentic is %v, want %v", got, expect.Valid)
	}
	// A delivery that is authentic is read, too.
	if p := h.Parse(header, []byte(input.Body)); expect.Valid && (len(p.Events)+len(p.SetAside) != 1 || h.Delivery(header, []byte(input.Body)) == "") {
		t.Errorf("it reads %+v", p)
	}
}
