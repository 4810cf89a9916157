package api

import (
	"encoding/json"
	"errors"
	"testing"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// Whatever a body holds, the gate refuses it in words or decides on exactly what was asked: a request that is read is
// written and read again as itself, has a hash, and can be judged.
func FuzzDecodeAsk(f *testing.F) {
	f.Add([]byte(`{"service":"a","environment":"production","artifact":{"version":"2","digest":"sha256:1"},"commit":"c","change":{"kind":"fix","fixes":["i1"]},"evidence":{"coverage_changed_lines_ppm":830000},"run":{"attempt":1}}`))
	f.Add([]byte(`{"service":"\ud800","run":{"attempt":9223372036854775807}}`))
	f.Add([]byte(`{"service":"a","service":"b"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeAsk(data)
		var said *Error
		if err != nil {
			if !errors.As(err, &said) || said.Kind != Invalid || said.Detail == "" {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		first, err := newAsk(r, "local", "")
		if err != nil {
			return // a number beyond what canonical JSON holds
		}
		written, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeAsk(written)
		if err != nil {
			t.Fatalf("%s is read and then refused: %v", written, err)
		}
		if second, err := newAsk(again, "local", ""); err != nil || second.hash != first.hash {
			t.Fatalf("another hash for %s: %v", written, err)
		}
		snapshot := gate.Take(metrics.Facts{Service: r.Service}, metrics.Service{Name: r.Service, Tier: metrics.Standard}, r, gate.PolicyFor(metrics.Standard), lastYear, nil, nil, metrics.DefaultRules().KindOf)
		if d := gate.Decide(gate.PolicyFor(metrics.Standard), snapshot, r); d.Verdict == "" || d.Summary == "" {
			t.Fatalf("no verdict on %s", written)
		}
	})
}
