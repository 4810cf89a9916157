package jira

import (
	"encoding/json"
	"net/http"
	"testing"

	"shiphabit/collector/sourcetest"
)

// TestRecordedCases runs those of other tools' cases that are about Jira, where they are at hand.
func TestRecordedCases(t *testing.T) {
	t.Parallel()
	sourcetest.Recorded(t, "jira", leftOut, checkRecorded)
}

// leftOut says why a case cannot run: there are none about Jira so far, and one that comes is to be looked at.
func leftOut(c sourcetest.RecordedCase) string {
	if c.Metric == "webhook_signature" {
		return ""
	}
	return "it is about " + c.Metric + " of a payload in another tool's words"
}

func checkRecorded(t *testing.T, c sourcetest.RecordedCase) {
	t.Helper()
	var input struct {
		Secret, Body string
		Headers      map[string]string
	}
	var expect struct{ Valid bool }
	if json.Unmarshal(c.Input, &input) != nil || json.Unmarshal(c.Expect, &expect) != nil {
		t.Fatalf("%s cannot be read", c.Input)
	}
	header := http.Header{}
	for name, value := range input.Headers {
		header.Set(name, value)
	}
	if got := NewHook(Options{}).Authentic(header, []byte(input.Body), []string{input.Secret}); got != expect.Valid {
		t.Errorf("authentic is %v, want %v", got, expect.Valid)
	}
}
