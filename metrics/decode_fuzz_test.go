package metrics_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

// marker is a good line between which whatever is read stands; it must always survive.
const marker = `{"type":"verdict","id":"marker","deployment":"d","at":"2026-01-01T00:00:00Z","result":"healthy"}`

func FuzzDecodeLines(f *testing.F) {
	f.Add([]byte(wholeDeployment))
	f.Add([]byte(`{"type":"pull_request","id":"1","repository":"r","created_at":"2026-03-01T10:00:00Z","reviews":[{"at":"2026-03-01T10:00:00Z","bot":true}],"labels":["a<b"]}`))
	f.Add([]byte(`{"type":"commit","id":"1","repository":"r","authored_at":"0001-02-03T00:00:00+23:59","message":"\ud800\u2028"}`))
	f.Add([]byte(`{"type":"incident","id":"1","service":"\\","sequence":9223372036854775807,"severity":null}`))
	f.Add([]byte(`{"type":"incident","id":"1","service":"pay\u202e\u200d\u2028","environment":" prod ","started_at":"2026-03-01T10:00:00Z"}`))
	f.Add([]byte(`{"type":"deployment","id":"1","service":"a","environment":"b","status":"failed","revision":"r","labels":{" a\u2066":" b "},"version":"1\n2"}`))
	f.Add([]byte("{\"a\":[{\"b\":\"}\"}]}\n\n\r\n[[[["))
	f.Fuzz(func(t *testing.T, data []byte) {
		events, faults := decodeAll(t, marker+"\n"+string(data)+"\n"+marker)
		if len(events) < 2 || events[0].ID != "marker" || events[len(events)-1].ID != "marker" {
			t.Fatalf("a good line was lost: %d events", len(events))
		}
		lines := strings.Count(string(data), "\n") + 3
		for _, fault := range faults {
			if fault.Line < 2 || fault.Line >= lines || fault.Problem == "" {
				t.Fatalf("fault %+v in %d lines", fault, lines)
			}
		}
		encodedAgain(t, events)
		for _, e := range events {
			namesShow(t, e)
		}
	})
}

// namesShow checks that every character of what names something shows, and that no white space stands around it.
func namesShow(t *testing.T, e metrics.Event) {
	t.Helper()
	names := map[string]string{"source": e.Source, "id": e.ID, "repository": e.Repository}
	var fields map[string]any
	if err := json.Unmarshal(e.Payload, &fields); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"service", "environment", "repository", "revision", "ref", "version", "base", "head", "approver_team"} {
		if text, is := fields[field].(string); is && (field != "revision" || e.Type == metrics.TypeDeployment) {
			names[field] = text
		}
	}
	if labels, are := fields["labels"].(map[string]any); are {
		for key, value := range labels {
			names["labels."+key], names["label"] = value.(string), key
		}
	}
	for field, name := range names {
		if strings.TrimSpace(name) != name {
			t.Fatalf("%s %q has white space around it", field, name)
		}
		for _, c := range name {
			if unicode.In(c, unicode.Cc, unicode.Zl, unicode.Zp) || unicode.Is(unicode.Cf, c) && !unicode.Is(unicode.Prepended_Concatenation_Mark, c) {
				t.Fatalf("%s %q holds %U", field, name, c)
			}
		}
	}
}

// encodedAgain checks that every event reads back from its own line as itself, and from its typed view's.
func encodedAgain(t *testing.T, events []metrics.Event) {
	t.Helper()
	var text bytes.Buffer
	for _, e := range events {
		if err := metrics.EncodeLine(&text, e); err != nil {
			t.Fatal(err)
		}
		if _, err := viewOf(e); err != nil {
			t.Fatalf("no typed view of %s: %v", e.Payload, err)
		}
	}
	again, faults := decodeAll(t, text.String())
	if diff := cmp.Diff(events, again); diff != "" || len(faults) > 0 {
		t.Fatalf("written − read again + %v\n%s", faults, diff)
	}
}

func viewOf(e metrics.Event) (metrics.Record, error) {
	switch e.Type {
	case metrics.TypeDeployment:
		return e.Deployment()
	case metrics.TypeCommit:
		return e.Commit()
	case metrics.TypePullRequest:
		return e.PullRequest()
	case metrics.TypeIncident:
		return e.Incident()
	case metrics.TypeApproval:
		return e.Approval()
	default:
		return e.Verdict()
	}
}

// An event without nulls and its typed view say the same: NewEvent of the view is the event.
func FuzzTypedViewsSayTheSame(f *testing.F) {
	f.Add([]byte(wholeDeployment))
	f.Add([]byte(`{"type":"pull_request","id":"1","repository":"r","created_at":"2026-03-01T10:00:00Z","reviews":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		events, _ := decodeAll(t, string(data))
		for _, e := range events {
			if bytes.Contains(e.Payload, []byte("null")) {
				continue
			}
			view, err := viewOf(e)
			if err != nil {
				t.Fatal(err)
			}
			if got := metrics.NewEvent(e.Source, view).Payload; !bytes.Equal(got, e.Payload) {
				t.Fatalf("payload %s\nof its view %s", e.Payload, got)
			}
		}
	})
}

func FuzzDecodeCSV(f *testing.F) {
	const header = "id,deployment,at,result,signals\n"
	f.Add([]byte("1,d,2026-01-01T00:00:00Z,healthy,a=1;b=2\n"))
	f.Add([]byte("1,\"d\n\",null,,\"{\"\"a\"\":\"\"b\"\"}\"\n,,,,\n;,;;=\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		events, _ := decodeTable(t, metrics.TypeVerdict, header+"marker,d,2026-01-01T00:00:00Z,healthy,\n"+string(data))
		if len(events) == 0 || events[0].ID != "marker" {
			t.Fatal("the good row before was lost")
		}
		encodedAgain(t, events)
		_, _ = decodeTable(t, metrics.TypePullRequest, string(data))
	})
}

func BenchmarkDecodeLines(b *testing.B) {
	const lines = 10_000
	text := strings.Repeat(wholeDeployment+"\n", lines)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		n := 0
		faults, err := metrics.DecodeLines(strings.NewReader(text), "", func(metrics.Event) error { n++; return nil })
		if n != lines || len(faults) > 0 || err != nil {
			b.Fatal(n, faults, err)
		}
	}
	b.ReportMetric(float64(lines*b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkNewEvent(b *testing.B) {
	e := decodeOne(b, wholeDeployment)
	d, err := e.Deployment()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		metrics.NewEvent("git", d)
	}
}
