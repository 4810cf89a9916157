package doctor_test

import (
	"fmt"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// Deployments are known, and none of them went to an environment that anybody said to be production.
func ExampleDiagnose() {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	rules := metrics.DefaultRules()
	facts := metrics.DeriveAll([]metrics.Event{metrics.NewEvent("ci", metrics.Deployment{
		ID: "1", Service: "shop", Environment: "eu-1", Status: metrics.Succeeded, Revision: "abc", FinishedAt: now.Add(-time.Hour),
	})}, rules)[0]
	records := doctor.Records{Services: []doctor.Service{{Service: metrics.Service{Name: "shop"}, Known: doctor.EvidenceOf(facts)}}}
	d := doctor.Diagnose(records, doctor.Question{
		Now: now, Window: metrics.Window{From: now.AddDate(0, 0, -90), To: now}, Recognises: rules.Recognises, Service: "shop",
	})
	for _, f := range d.Findings {
		fmt.Println(f.Severity, f.Code)
		fmt.Println(f.What)
		fmt.Print(f.Example)
	}
	// Output:
	// trouble no-production
	// Deployments of shop are known, and none of them went to an environment of kind production.
	// environments:
	//   - {match: "eu-1", kind: production}
}
