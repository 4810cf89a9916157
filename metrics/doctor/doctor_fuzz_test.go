package doctor_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// Whatever is stored, each finding is of a known kind, says what it is and what to do, the worst come first, and groups lose none.
func FuzzDiagnose(f *testing.F) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	f.Add(`{"environments":[{"name":"eu-1","kind":"production","rollouts":9}],"recent":{"rollouts":9,"baselines":{"first deployment known":9}}}`, `{"name":"a","error":"x; y"}`)
	f.Add(`{"left_out":{"cancelled":3},"incidents":2}`, `{"read":true,"heartbeat":"2026-03-01T00:00:00Z","watermark":"2026-02-01T00:00:00Z"}`)
	f.Add(`{"environments":[{"name":"p","kind":"production","rollouts":9}],"latest":{"deployment_frequency":["2026-03-01T00:00:00Z"]},"recent":{"rollouts":1,"changes":3}}`, `{"set_aside":1}`)
	f.Fuzz(func(t *testing.T, evidence, source string) {
		s := doctor.Service{Service: metrics.Service{Name: "shop"}}
		var from doctor.Source
		if json.Unmarshal([]byte(evidence), &s.Known) != nil || json.Unmarshal([]byte(source), &from) != nil {
			return
		}
		d := doctor.Diagnose(doctor.Records{Sources: []doctor.Source{from}, Services: []doctor.Service{s}}, doctor.Question{
			Now: now, Window: metrics.Window{From: now.AddDate(0, 0, -90), To: now}, Recognises: metrics.DefaultRules().Recognises,
		})
		ranks := []doctor.Severity{doctor.Trouble, doctor.Gap, doctor.Note}
		at, n := 0, 0
		for _, found := range d.Findings {
			if !slices.Contains(doctor.Codes(), found.Code) || found.What == "" || slices.Index(ranks, found.Severity) < at {
				t.Fatalf("finding %+v after severity %s", found, ranks[at])
			}
			at = slices.Index(ranks, found.Severity)
		}
		for _, g := range d.Groups(1) {
			n += g.N
		}
		if n != len(d.Findings) {
			t.Fatalf("groups hold %d of %d findings", n, len(d.Findings))
		}
	})
}
