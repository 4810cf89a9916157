package metrics_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

const wholeDeployment = `{"type":"deployment","id":"1","service":"api","environment":"production","status":"succeeded","revision":"abc","started_at":"2026-03-01T10:00:00+02:00","finished_at":"2026-03-01T08:05:00.123456Z","hotfix":false,"labels":{"b":"2","a":"1"},"ref":null}`

func decodeAll(tb testing.TB, text string) ([]metrics.Event, []metrics.Fault) {
	tb.Helper()
	var events []metrics.Event
	faults, err := metrics.DecodeLines(strings.NewReader(text), "", func(e metrics.Event) error {
		events = append(events, e)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return events, faults
}

func decodeOne(tb testing.TB, line string) metrics.Event {
	tb.Helper()
	events, faults := decodeAll(tb, line)
	if len(events) != 1 || len(faults) != 0 {
		tb.Fatalf("decoded %d events with faults %v of %s", len(events), faults, line)
	}
	return events[0]
}

func TestALineBecomesACanonicalEvent(t *testing.T) {
	t.Parallel()
	e := decodeOne(t, wholeDeployment)
	want := `{"environment":"production","finished_at":"2026-03-01T08:05:00.123Z","hotfix":false,"labels":{"a":"1","b":"2"},"ref":null,"revision":"abc","service":"api","started_at":"2026-03-01T08:00:00Z","status":"succeeded"}`
	if got := string(e.Payload); got != want {
		t.Errorf("payload\n got %s\nwant %s", got, want)
	}
	if got, want := e.String(), "import/deployment/1"; got != want {
		t.Errorf("key %s, want %s", got, want)
	}
}

func TestTheSameContentHasTheSameDigestHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	first := decodeOne(t, wholeDeployment).Digest()
	for _, other := range []string{
		`{ "ref" : null, "hotfix":false, "labels":{"a":"1","b":"2"}, "finished_at":"2026-03-01T10:05:00.1239+02:00", "started_at":"2026-03-01T08:00:00.000Z",  "revision":"abc","status":"succeeded","environment":"production","service":"api","id":"1","type":"deployment"}`,
		`{"type":"deployment","source":"import","\u0069d":"1","service":"\u0061pi","environment":"production","status":"succeeded","revision":"abc","started_at":"2026-03-01T10:00:00+02:00","finished_at":"2026-03-01T08:05:00.123Z","hotfix":false,"labels":{"b":"2","a":"1"},"ref":null,"version":"","commits":[]}`,
	} {
		if decodeOne(t, other).Digest() != first {
			t.Errorf("another digest for %s", other)
		}
	}
	for _, changed := range []string{
		strings.Replace(wholeDeployment, `,"ref":null`, ``, 1),
		strings.Replace(wholeDeployment, `"abc"`, `"abd"`, 1),
		strings.Replace(wholeDeployment, `"id":"1"`, `"id":"1","sequence":1`, 1),
		strings.Replace(wholeDeployment, `"id":"1"`, `"id":"1","updated_at":"2026-03-01T00:00:00Z"`, 1),
	} {
		if decodeOne(t, changed).Digest() == first {
			t.Errorf("the same digest for other content: %s", changed)
		}
	}
}

func TestAFaultNamesLineFieldAndProblemAndTheOtherLinesGoOn(t *testing.T) {
	t.Parallel()
	const good = `{"type":"incident","id":"i","service":"api","started_at":"2026-03-01T10:00:00Z"}`
	incident := func(more string) string { return strings.TrimSuffix(good, "}") + "," + more + "}" }
	deployment := func(from, to string) string { return strings.Replace(wholeDeployment, from, to, 1) }
	for sentence, c := range map[string]struct{ line, field, problem string }{
		"no JSON":                        {`deployment 1`, "", "not JSON: invalid character 'd' looking for beginning of value at byte 1"},
		"an array":                       {`[1]`, "", "a JSON array where an object is needed"},
		"half an object":                 {`{"type":`, "", "not JSON: unexpected end of JSON input at byte 8"},
		"invalid UTF-8":                  {"{\"type\":\"\xff\"}", "", "not valid UTF-8 at byte 10"},
		"no type":                        {`{"id":"1"}`, "type", "missing"},
		"an unknown type":                {`{"type":"release","id":"1"}`, "type", `"release" is no event type`},
		"an unknown key":                 {incident(`"colour":"red"`), "colour", "unknown key"},
		"a key twice":                    {incident(`"title":"a","title":"b"`), "title", "stated twice"},
		"a key twice, once escaped":      {incident(`"title":"a","t\u0069tle":"b"`), "title", "stated twice"},
		"no id":                          {strings.Replace(good, `"id":"i",`, ``, 1), "id", "missing"},
		"a null id":                      {strings.Replace(good, `"id":"i"`, `"id":null`, 1), "id", "missing"},
		"an empty id":                    {strings.Replace(good, `"id":"i"`, `"id":""`, 1), "id", "empty"},
		"a number as id":                 {strings.Replace(good, `"id":"i"`, `"id":7`, 1), "id", "a JSON number where a string is needed"},
		"a control character in an id":   {strings.Replace(good, `"id":"i"`, `"id":"a\u0000"`, 1), "id", "holds U+0000, a control character, at character 2"},
		"a very long id":                 {strings.Replace(good, `"id":"i"`, `"id":"`+strings.Repeat("a", 2000)+`"`, 1), "id", "2000 bytes long"},
		"a bad status":                   {deployment(`"succeeded"`, `"done"`), "status", `"done" is not one of its values`},
		"no environment":                 {deployment(`"environment":"production",`, ``), "environment", "missing"},
		"a null for a required field":    {deployment(`"environment":"production"`, `"environment":null`), "environment", "missing"},
		"no revision":                    {deployment(`"revision":"abc",`, ``), "revision", "missing"},
		"neither service nor repository": {deployment(`"service":"api",`, ``), "service", "missing"},
		"no time":                        {incident(`"resolved_at":"yesterday"`), "resolved_at", `"yesterday" is not an RFC 3339 time`},
		"a time without offset":          {incident(`"resolved_at":"2026-03-01T10:00:00"`), "resolved_at", `"2026-03-01T10:00:00" is not an RFC 3339 time`},
		"a number as time":               {incident(`"resolved_at":1772359200`), "resolved_at", "a JSON number where a time like 2026-03-01T09:00:00Z is needed"},
		"a day that does not exist":      {incident(`"resolved_at":"2026-02-30T10:00:00Z"`), "resolved_at", `"2026-02-30T10:00:00Z" is not an RFC 3339 time`},
		"a time before 1970":             {incident(`"detected_at":"1969-12-31T23:59:59Z"`), "detected_at", `"1969-12-31T23:59:59Z" is an impossible time`},
		"a time after 9999 in UTC":       {incident(`"detected_at":"9999-12-31T23:59:59-01:00"`), "detected_at", `"9999-12-31T23:59:59-01:00" is an impossible time`},
		"resolved before it started":     {incident(`"resolved_at":"2026-03-01T09:59:59Z"`), "resolved_at", `"2026-03-01T09:59:59Z" is before started_at "2026-03-01T10:00:00Z"`},
		"finished before it started":     {deployment(`08:05:00.123456Z`, `07:59:59Z`), "finished_at", `"2026-03-01T07:59:59Z" is before started_at "2026-03-01T08:00:00Z"`},
		"a severity out of range":        {incident(`"severity":5`), "severity", "5 is not a whole number from 1 to 4"},
		"a severity with a fraction":     {incident(`"severity":1.5`), "severity", "1.5 is not a whole number from 1 to 4"},
		"a severity as text":             {incident(`"severity":"1"`), "severity", `"1" is not a whole number from 1 to 4`},
		"a bool as text":                 {deployment(`false`, `"no"`), "hotfix", "a JSON string where true or false is needed"},
		"a list as text":                 {incident(`"labels":"a"`), "labels", "a JSON string where a list of strings is needed"},
		"a number in a list":             {incident(`"labels":["a",1]`), "labels[1]", "1 is no string with content"},
		"a number in a map":              {deployment(`"b":"2"`, `"b":2`), "labels.b", "a JSON number where a string is needed"},
		"a map key twice":                {deployment(`"b":"2"`, `"a":"2"`), "labels.a", "stated twice"},
		"a negative sequence":            {incident(`"sequence":-1`), "sequence", "-1 is not a whole number of at least 0"},
		"an unknown key in a review":     {`{"type":"pull_request","id":"1","repository":"r","created_at":"2026-03-01T10:00:00Z","reviews":[{"at":"2026-03-01T10:00:00Z"},{"by":"x"}]}`, "reviews[1].by", "unknown key"},
		"a review that is no object":     {`{"type":"pull_request","id":"1","repository":"r","created_at":"2026-03-01T10:00:00Z","reviews":["x"]}`, "reviews[0]", "a JSON string where a review is needed"},
		"a commit without repository":    {`{"type":"commit","id":"1","authored_at":"2026-03-01T10:00:00Z"}`, "repository", "missing"},
		"a revision without id":          {`{"type":"deployment","updated_at":"2026-03-01T10:00:00Z","status":"failed"}`, "id", "missing"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			events, faults := decodeAll(t, good+"\n"+c.line+"\n\n"+good)
			if len(events) != 2 {
				t.Errorf("%d good lines survived, want 2", len(events))
			}
			if len(faults) != 1 || faults[0].Line != 2 || faults[0].Field != c.field || faults[0].Problem != c.problem {
				t.Errorf("faults %v\nwant line 2, field %q: %s", faults, c.field, c.problem)
			}
			if len(faults) > 0 && faults[0].Remedy == "" {
				t.Errorf("no remedy in %v", faults[0])
			}
		})
	}
}

func TestEveryFaultOfALineIsReported(t *testing.T) {
	t.Parallel()
	_, faults := decodeAll(t, `{"type":"deployment","id":"1","colour":"red","status":"done","started_at":"now"}`)
	var fields []string
	for _, f := range faults {
		fields = append(fields, f.Field)
	}
	if diff := cmp.Diff([]string{"colour", "status", "started_at", "environment", "revision", "service"}, fields); diff != "" {
		t.Error(diff)
	}
}

func TestALineThatStatesItsOrderMayFillInSingleFields(t *testing.T) {
	t.Parallel()
	e := decodeOne(t, `{"type":"deployment","id":"1","updated_at":"2026-03-01T10:00:00+01:00","sequence":2,"status":"failed","revision":null}`)
	if got, want := string(e.Payload), `{"revision":null,"status":"failed"}`; got != want {
		t.Errorf("payload %s, want %s", got, want)
	}
	if !e.UpdatedAt.Equal(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)) || e.Sequence != 2 {
		t.Errorf("order %v %d", e.UpdatedAt, e.Sequence)
	}
}

func TestCommitDatesMayBeOfAnyYear(t *testing.T) {
	t.Parallel()
	e := decodeOne(t, `{"type":"commit","id":"1","repository":"r","authored_at":"0001-02-03T00:00:00Z","committed_at":"9999-01-01T00:00:00Z"}`)
	c, err := e.Commit()
	if err != nil || c.AuthoredAt.Year() != 1 || c.CommittedAt.Year() != 9999 || c.Repository != "r" {
		t.Errorf("commit %+v, %v", c, err)
	}
}

func TestByteOrderMarkCarriageReturnsBlankLinesAndAMissingLastLineEndAreHarmless(t *testing.T) {
	t.Parallel()
	events, faults := decodeAll(t, "\ufeff"+wholeDeployment+"\r\n\r\n  \n"+wholeDeployment)
	if len(events) != 2 || len(faults) != 0 {
		t.Errorf("%d events, faults %v", len(events), faults)
	}
}

func TestALineThatIsTooLongIsOneFault(t *testing.T) {
	t.Parallel()
	long := `{"type":"commit","id":"1","repository":"r","message":"` + strings.Repeat("a", metrics.MaxLine) + `"}`
	events, faults := decodeAll(t, long+"\n"+wholeDeployment+"\n"+long)
	if len(events) != 1 || len(faults) != 2 || faults[0].Line != 1 || faults[1].Line != 3 {
		t.Errorf("%d events, faults %v", len(events), faults)
	}
}

func TestYieldsErrorEndsTheReading(t *testing.T) {
	t.Parallel()
	stop := fmt.Errorf("full")
	seen := 0
	_, err := metrics.DecodeLines(strings.NewReader(wholeDeployment+"\n"+wholeDeployment), "", func(metrics.Event) error { seen++; return stop })
	if err != stop || seen != 1 { //nolint:errorlint // the very error is promised
		t.Errorf("%v after %d events", err, seen)
	}
}

func TestNewEventAndTheDecoderAgree(t *testing.T) {
	t.Parallel()
	yes := true
	at := time.Date(2026, 3, 1, 10, 0, 0, 123_456_789, time.FixedZone("", 7200))
	for _, r := range []metrics.Record{
		metrics.Deployment{ID: "1", Service: "a<b>&é", Environment: "production", Status: metrics.Failed, Revision: "x", FinishedAt: at, Hotfix: &yes, Commits: []string{"a", "b"}, Labels: map[string]string{"z": "1", "a": "</script>"}},
		metrics.Commit{ID: "c", Repository: "r", AuthoredAt: at, CommittedAt: at, Message: "one\n\ttwo \\ \"three\"", Parents: []string{"p"}, Bot: &yes},
		metrics.PullRequest{ID: "p", Repository: "r", CreatedAt: at, Number: 7, Reviews: []metrics.Review{{At: at, Author: "x", Bot: true}, {State: "approved"}}},
		metrics.Incident{ID: "i", Service: "a", Title: "a<b>&\u2028é", StartedAt: at, ResolvedAt: at, Severity: 1, DetectedBy: "monitor", Labels: []string{"l"}},
		metrics.Approval{ID: "a", Deployment: "1", RequestedAt: at, DecidedAt: at, Decision: "granted", Required: &yes},
		metrics.Verdict{ID: "v", Deployment: "1", At: at, Result: "healthy", Signals: map[string]string{"errors": "0"}},
	} {
		made := metrics.NewEvent("git", r)
		var line bytes.Buffer
		if err := metrics.EncodeLine(&line, made); err != nil {
			t.Fatal(err)
		}
		read := decodeOne(t, line.String())
		if diff := cmp.Diff(made, read); diff != "" {
			t.Errorf("%s: made − read +\n%s", made.Key, diff)
		}
		var table bytes.Buffer
		if err := metrics.EncodeCSV(&table, made.Type, []metrics.Event{made}); err != nil {
			t.Fatal(err)
		}
		events, faults := decodeTable(t, made.Type, table.String())
		if diff := cmp.Diff([]metrics.Event{made}, events); diff != "" || len(faults) > 0 {
			t.Errorf("%s as CSV: made − read + %v\n%s", made.Key, faults, diff)
		}
	}
}

// The record structs are marshalled directly, so their fields must stand in alphabetical order and be those of the schema.
func TestRecordFieldsAreThoseOfTheSchemaInAlphabeticalOrder(t *testing.T) {
	t.Parallel()
	for kind, record := range map[metrics.EventType]any{
		metrics.TypeDeployment: metrics.Deployment{}, metrics.TypeCommit: metrics.Commit{}, metrics.TypePullRequest: metrics.PullRequest{},
		metrics.TypeIncident: metrics.Incident{}, metrics.TypeApproval: metrics.Approval{}, metrics.TypeVerdict: metrics.Verdict{},
	} {
		schema, _ := metrics.SchemaOf(kind)
		var want, got []string
		for _, f := range schema.Fields {
			if !f.Key {
				want = append(want, f.Name)
			}
		}
		for f := range reflect.TypeOf(record).Fields() {
			if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag != "-" {
				got = append(got, tag)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || !slices.IsSorted(got) {
			t.Errorf("%s: schema − struct +\n%s", kind, diff)
		}
	}
}

func TestADateThatRFC3339CannotWriteBecomesTheNearestThatItCan(t *testing.T) {
	t.Parallel()
	e := metrics.NewEvent("git", metrics.Commit{ID: "c", Repository: "r", AuthoredAt: time.Date(31000, 1, 1, 0, 0, 0, 0, time.UTC), CommittedAt: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)})
	if got, want := string(e.Payload), `{"authored_at":"9999-12-31T23:59:59.999Z","committed_at":"0001-01-01T00:00:00.001Z"}`; got != want {
		t.Errorf("payload %s, want %s", got, want)
	}
	if !json.Valid(e.Payload) {
		t.Error("no JSON")
	}
}

func TestAViewOfAnotherTypeIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := decodeOne(t, wholeDeployment).Commit(); err == nil {
		t.Error("a deployment was read as a commit")
	}
}
