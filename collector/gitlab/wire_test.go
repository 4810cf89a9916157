package gitlab

import (
	"encoding/json"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

func TestTimesAreReadInEveryFormInWhichGitlabWritesThem(t *testing.T) {
	t.Parallel()
	want := time.Date(2021, 4, 28, 19, 50, 0, 0, time.UTC)
	for _, text := range []string{
		`"2021-04-28 21:50:00 +0200"`, `"2021-04-28 19:50:00 UTC"`, `"2021-04-28T19:50:00Z"`, `"2021-04-28T19:50:00.000Z"`, `"2021-04-28T21:50:00.000+02:00"`,
	} {
		var m moment
		if err := json.Unmarshal([]byte(text), &m); err != nil || !m.Equal(want) {
			t.Errorf("%s is %v, %v", text, m, err)
		}
	}
	for _, text := range []string{`"yesterday"`, `17`, `"2021-04-28 21:50:00 CEST"`, `{}`} {
		var m moment
		if err := json.Unmarshal([]byte(text), &m); err == nil {
			t.Errorf("%s is %v", text, m)
		}
	}
}

// FuzzMoment: what is read is written and read again as the same time.
func FuzzMoment(f *testing.F) {
	for _, text := range []string{`"2021-04-28 21:50:00 +0200"`, `"2016-08-12 15:23:28 UTC"`, `"2016-08-11T07:36:40.222Z"`, `null`, `""`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var m, again moment
		if json.Unmarshal([]byte(text), &m) != nil {
			return
		}
		written, err := json.Marshal(m)
		if err != nil {
			return // a year that RFC 3339 cannot write
		}
		if err := json.Unmarshal(written, &again); err != nil || !again.Equal(m.Time) {
			t.Errorf("%s is %v, and written and read again %v, %v", text, m, again, err)
		}
	})
}

// FuzzRecords: whatever an answer holds, each record gives sound events or a reason, and none goes by without a word.
func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"id":41,"sha":"a","status":"success","updated_at":"2016-08-11T07:36:40.222Z","environment":{"name":"p"},"deployable":{"id":7,"finished_at":null}}`))
	f.Add([]byte(`{"id":1,"iid":2,"created_at":"2016-08-11T07:36:40.222Z","merged_at":null,"labels":[],"title":"x"}`))
	f.Add([]byte(`{"id":"a","parent_ids":[],"authored_date":"2016-08-11T07:36:40.222Z"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := &project{source: &source{Options: Options{Choice: Choice{Jobs: "*"}}, host: &host{name: "lab"}}, ID: 17, Path: "acme/shop", kinds: map[int64]string{}}
		for kind, take := range map[string]func(*collector.Batch){
			"commit": func(b *collector.Batch) { p.takeCommits(b, []json.RawMessage{raw}) },
			"deployment": func(b *collector.Batch) {
				p.kinds = everyKind(raw)
				_ = p.takeDeployments(t.Context(), b, []row{{raw: raw}})
			},
			"merge request": func(b *collector.Batch) {
				takeWire(b, raw, func(w wireRequest) metrics.Record { return w.request("acme/shop") })
			},
			"issue": func(b *collector.Batch) {
				takeWire(b, raw, func(w wireIssue) metrics.Record { return w.incident("acme/shop") })
			},
			"release": func(b *collector.Batch) {
				takeWire(b, raw, func(w wireRelease) metrics.Record { return w.deployment(17, "acme/shop", "live") })
			},
			"job": func(b *collector.Batch) {
				takeWire(b, raw, func(w wireJob) metrics.Record { return known(w.deployment("acme/shop", "live")) })
			},
			"pipeline": func(b *collector.Batch) {
				takeWire(b, raw, func(w wirePipeline) metrics.Record { return known(w.deployment("acme/shop", "live")) })
			},
		} {
			var batch collector.Batch
			take(&batch)
			if len(batch.Events)+len(batch.SetAside) != 1 {
				t.Errorf("%s %q gives %d events and %d set aside", kind, raw, len(batch.Events), len(batch.SetAside))
			}
			for _, e := range batch.Events {
				if faults := metrics.Check(e); len(faults) > 0 {
					t.Errorf("%s: %v", e.Key, faults)
				}
			}
		}
	})
}

// takeWire reads a record alone.
func takeWire[W any](b *collector.Batch, raw []byte, read func(W) metrics.Record) {
	var w W
	if !decoded(b, "record", raw, &w) {
		return
	}
	if r := read(w); r != nil {
		b.Take("record", event("lab", r, time.Time{}, fromAnswer))
		return
	}
	leave(b, "record", "there is a reason")
}

func known(d metrics.Deployment, reason string) metrics.Record {
	if reason != "" {
		return nil
	}
	return d
}

// everyKind knows the environment of a record, so that nobody is asked for it.
func everyKind(raw []byte) map[int64]string {
	var d wireDeployment
	_ = json.Unmarshal(raw, &d)
	return map[int64]string{d.Environment.ID: "staging"}
}
