package pagerduty

import (
	"encoding/json"
	"net/http"
	"testing"

	"shiphabit/collector/sourcetest"
)

// TestRecordedCases runs those of other tools' cases that are about PagerDuty, where they are at hand.
func TestRecordedCases(t *testing.T) {
	t.Parallel()
	sourcetest.Recorded(t, "pagerduty", leftOut, checkRecorded)
}

// leftOut says why a case cannot run.
func leftOut(c sourcetest.RecordedCase) string {
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

func checkRecorded(t *testing.T, c sourcetest.RecordedCase) {
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
