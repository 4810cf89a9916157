package metrics_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

// named are lines with a name at the place of %s, by the field that the name is in.
var named = map[string]string{
	"service":       `{"type":"deployment","id":"1","service":"%s","environment":"production","status":"failed","revision":"r"}`,
	"environment":   `{"type":"deployment","id":"1","service":"api","environment":"%s","status":"failed","revision":"r"}`,
	"revision":      `{"type":"deployment","id":"1","service":"api","environment":"production","status":"failed","revision":"%s"}`,
	"ref":           `{"type":"deployment","id":"1","service":"api","environment":"production","status":"failed","revision":"r","ref":"%s"}`,
	"version":       `{"type":"deployment","id":"1","service":"api","environment":"production","status":"failed","revision":"r","version":"%s"}`,
	"labels.team":   `{"type":"deployment","id":"1","service":"api","environment":"production","status":"failed","revision":"r","labels":{"team":"%s"}}`,
	"base":          `{"type":"pull_request","id":"1","repository":"r","created_at":"2026-03-01T10:00:00Z","base":"%s"}`,
	"head":          `{"type":"pull_request","id":"1","repository":"r","created_at":"2026-03-01T10:00:00Z","head":"%s"}`,
	"approver_team": `{"type":"approval","id":"1","deployment":"d","requested_at":"2026-03-01T10:00:00Z","approver_team":"%s"}`,
	"id":            `{"type":"verdict","id":"%s","deployment":"d","at":"2026-01-01T00:00:00Z","result":"healthy"}`,
	"source":        `{"type":"verdict","source":"%s","id":"1","deployment":"d","at":"2026-01-01T00:00:00Z","result":"healthy"}`,
	"repository":    `{"type":"commit","id":"1","repository":"%s","authored_at":"2026-03-01T10:00:00Z"}`,
	"deployment":    `{"type":"verdict","id":"1","deployment":"%s","at":"2026-01-01T00:00:00Z","result":"healthy"}`,
}

func TestANameWithACharacterThatDoesNotShowIsRefusedWithItsCodePoint(t *testing.T) {
	t.Parallel()
	for c, what := range map[rune]string{
		0: "a control character", '\n': "a control character", 0x1b: "a control character", 0x7f: "a control character", 0x85: "a control character",
		0x2028: "a line separator", 0x2029: "a line separator",
		0x061c: "a character that turns the direction of writing", 0x200e: "a character that turns the direction of writing",
		0x202e: "a character that turns the direction of writing", 0x2066: "a character that turns the direction of writing", 0x2069: "a character that turns the direction of writing",
		0xad: "a character that does not show", 0x200b: "a character that does not show", 0x200c: "a character that does not show", 0x200d: "a character that does not show",
		0x2060: "a character that does not show", 0xfeff: "a character that does not show", 0x2800: "a character that does not show", 0x3164: "a character that does not show", 0xe0041: "a character that does not show",
	} {
		for field, line := range named {
			if lines[field] {
				continue
			}
			events, faults := decodeAll(t, marker+"\n"+fmt.Sprintf(line, "pay"+escaped(c)+"ments")+"\n"+marker)
			if len(events) != 2 || len(faults) != 1 {
				t.Errorf("%U in %s: %d events, faults %v", c, field, len(events), faults)
				continue
			}
			want := metrics.Fault{Line: 2, Field: field, Problem: fmt.Sprintf("holds U+%04X, %s, at character 4", c, what), Remedy: "leave it out: a name is one line of characters that show"}
			if diff := cmp.Diff(want, faults[0]); diff != "" {
				t.Errorf("%U in %s: want − got +\n%s", c, field, diff)
			}
		}
	}
}

// lines are the fields of which a text names nothing by which a record is found.
var lines = map[string]bool{"ref": true, "version": true, "labels.team": true, "base": true, "head": true, "approver_team": true}

func TestWhatDoesNotShowIsLeftOutOfATextThatNamesNoRecord(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"pay\u202e\u00adments\u200b": "payments", "a\\nb": "a b", "a\u200db": "ab", "\u2066": "", "b\u2028": "b", "👩\u200d💻 x": "👩\u200d💻 x", "x\u200d": "x",
	} {
		for field := range lines {
			given, stated := decodeOne(t, fmt.Sprintf(named[field], text)), decodeOne(t, fmt.Sprintf(named[field], want))
			if diff := cmp.Diff(stated, given); diff != "" {
				t.Errorf("%q in %s: want − got +\n%s", text, field, diff)
			}
		}
	}
}

func TestAFaultShowsWhatItIsAbout(t *testing.T) {
	t.Parallel()
	_, faults := decodeAll(t, "{\"type\":\"verdict\",\"id\":\"1\",\"deployment\":\"d\",\"at\":\"2026-01-01T00:00:00Z\",\"result\":\"healthy\",\"\u202eevil\":1}")
	if len(faults) != 1 || faults[0].Field != "evil" {
		t.Errorf("%q", faults)
	}
}

func TestANameThatAddressesTakeForAnotherPlaceIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{".", ".."} {
		if _, faults := decodeAll(t, fmt.Sprintf(named["service"], name)); len(faults) != 1 || !strings.Contains(faults[0].Problem, "is no name") {
			t.Errorf("%q: %v", name, faults)
		}
	}
	if e := decodeOne(t, fmt.Sprintf(named["service"], ".github")); !strings.Contains(string(e.Payload), ".github") {
		t.Errorf("%s", e.Payload)
	}
}

// escaped writes a character as JSON may.
func escaped(c rune) string {
	if c > 0xffff {
		return string(c)
	}
	return fmt.Sprintf(`\u%04x`, c)
}

func TestNamesOfEveryScriptAreTaken(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"zahlungen-größe", "платежи", "支払い", "المدفوعات", "תשלומים", "भुगतान", "🚀 prod", "prod ❤️", "a b", "؀١٢", "👩\u200d💻 prod", "می\u200cخواهم", "क्\u200dष", "❤\ufe0f\u200d🔥"} {
		for field, line := range named {
			if events, faults := decodeAll(t, fmt.Sprintf(line, name)); len(events) != 1 || len(faults) > 0 {
				t.Errorf("%q in %s: %v", name, field, faults)
			}
		}
	}
}

func TestWhiteSpaceAroundANameIsLeftOutButRefusedAroundWhatARecordIsFoundBy(t *testing.T) {
	t.Parallel()
	for field, line := range named {
		plain := decodeOne(t, fmt.Sprintf(line, "pay"))
		for _, around := range []string{` pay`, `pay `, `\tpay\r\n`, `\u00a0pay\u3000`} {
			events, faults := decodeAll(t, fmt.Sprintf(line, around))
			switch key := field == "id" || field == "source" || field == "repository"; {
			case key && (len(events) > 0 || len(faults) != 1 || !strings.Contains(faults[0].Problem, "begins or ends with white space")):
				t.Errorf("%s in %s: %d events, faults %v", around, field, len(events), faults)
			case !key && (len(faults) > 0 || cmp.Diff(plain, events[0]) != ""):
				t.Errorf("%s in %s: faults %v, events %v", around, field, faults, events)
			}
		}
	}
	if _, faults := decodeAll(t, fmt.Sprintf(named["service"], `\t `)); len(faults) != 1 || faults[0].Problem != "empty" {
		t.Errorf("of a service of nothing but white space it says %v", faults)
	}
	if e := decodeOne(t, fmt.Sprintf(named["version"], `\n`)); strings.Contains(string(e.Payload), "version") {
		t.Errorf("a version of nothing but white space is stated: %s", e.Payload)
	}
	if _, faults := decodeAll(t, `{"type":"deployment","id":"1","service":"api","environment":"production","status":"failed","revision":"r","labels":{"a":"1"," a":"2"}}`); len(faults) != 1 || faults[0].Problem != "stated twice" {
		t.Errorf("of one label stated twice it says %v", faults)
	}
}

func TestTheSourceOfLinesThatNameNoneIsHeldToTheSameRule(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"ci\u202e", " ci"} {
		events := 0
		faults, err := metrics.DecodeLines(strings.NewReader(strings.Replace(marker, `{`, `{"source":"own",`, 1)+"\n"+marker), source, func(metrics.Event) error { events++; return nil })
		if err != nil || events != 1 || len(faults) != 1 || faults[0].Line != 2 || faults[0].Field != "source" {
			t.Errorf("source %q: %d events, faults %v, error %v", source, events, faults, err)
		}
	}
}

// What was stored before the rule was there is read as it is, and what is said of it later is put to it.
func TestWhatWasStoredUnderAnotherRuleIsStillRead(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	old := metrics.NewEvent("ci", metrics.Deployment{ID: "1", Service: "pay\u202e", Environment: " prod", Status: metrics.Running, Revision: "r", StartedAt: at})
	d, err := metrics.Merge([]metrics.Event{old, decodeOne(t, `{"type":"deployment","source":"ci","id":"1","updated_at":"2026-03-01T11:00:00Z","status":"failed"}`)}).Deployment()
	if err != nil || d.Service != "pay\u202e" || d.Environment != " prod" || d.Status != metrics.Failed {
		t.Errorf("it reads %+v: %v", d, err)
	}
}
