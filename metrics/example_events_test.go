package metrics_test

import (
	"fmt"
	"strings"
	"time"

	"shiphabit/metrics"
)

// told decodes neutral events as a source would deliver them.
func told(lines string) []metrics.Event {
	var events []metrics.Event
	faults, err := metrics.DecodeLines(strings.NewReader(lines), "ci", func(e metrics.Event) error {
		events = append(events, e)
		return nil
	})
	if err != nil || len(faults) > 0 {
		fmt.Println(faults, err)
	}
	return events
}

// outage is Tuesday's story: b goes live at 10:00, an incident begins at 10:20, a is put back at 10:45, and at 11:00 the incident
// is over.
const outage = `
{"type":"deployment","id":"1","service":"shop","environment":"production","status":"succeeded","revision":"a","finished_at":"2026-03-02T10:00:00Z"}
{"type":"deployment","id":"2","service":"shop","environment":"production","status":"succeeded","revision":"b","finished_at":"2026-03-03T10:00:00Z"}
{"type":"deployment","id":"3","service":"shop","environment":"production","status":"succeeded","revision":"a","finished_at":"2026-03-03T10:45:00Z"}
{"type":"incident","id":"7","source":"pager","service":"shop","started_at":"2026-03-03T10:20:00Z","resolved_at":"2026-03-03T11:00:00Z"}`

// The second rollout failed for two reasons, one stated by no record: a went live before b did, so putting it back is a rollback,
// and b was live when the incident began. It recovered with the rollback, which came before the end of the incident.
func ExampleDerive() {
	facts := metrics.Derive(metrics.Service{Name: "shop"}, told(outage), metrics.DefaultRules())
	for _, r := range facts.Rollouts {
		fmt.Println(r.ID, r.Kind)
		for _, f := range r.Failures {
			fmt.Printf("  failed: %s, shown by %s (%s)\n", f.Cause, f.Evidence, f.Confidence)
		}
		if r.Recovery != nil {
			fmt.Printf("  recovered after %s by %s\n", r.Recovery.At.Sub(r.FinishedAt), r.Recovery.By)
		}
	}
	// Output:
	// ci/1 planned
	// ci/2 planned
	//   failed: incident, shown by pager/7 (inferred)
	//   failed: rolled back, shown by ci/3 (inferred)
	//   recovered after 45m0s by rollback
	// ci/3 rollback
}

// Of two revisions of one record, each field is that of the later one that states it, in whatever order they arrive.
func ExampleMerge() {
	revisions := told(`
{"type":"deployment","id":"4","service":"shop","environment":"production","status":"running","revision":"c","started_at":"2026-03-04T10:00:00Z","updated_at":"2026-03-04T10:00:00Z"}
{"type":"deployment","id":"4","status":"succeeded","finished_at":"2026-03-04T10:06:00Z","updated_at":"2026-03-04T10:06:00Z"}`)
	for _, order := range [][]metrics.Event{{revisions[0], revisions[1]}, {revisions[1], revisions[0]}} {
		d, err := metrics.Merge(order).Deployment()
		fmt.Println(d.Status, d.Revision, d.FinishedAt.Sub(d.StartedAt), err)
	}
	// Output:
	// succeeded c 6m0s <nil>
	// succeeded c 6m0s <nil>
}

// A person states that no deployment caused the incident. That outranks what was inferred, and says so wherever it shows.
func ExampleNewCorrection() {
	events := told(outage)
	c, faults := metrics.NewCorrection(metrics.Correction{
		ID: 1, Record: events[3].Key, Unlinked: true, Reason: "the provider was down", At: time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC),
	})
	stated, holds := c.Event()
	facts := metrics.Derive(metrics.Service{Name: "shop"}, append(events, stated), metrics.DefaultRules())
	fmt.Println(len(faults), holds)
	fmt.Printf("%q %s: %s\n", facts.Incidents[0].Rollout, facts.Incidents[0].Confidence, facts.Incidents[0].Reason)
	fmt.Println(facts.Rollouts[1].Failures[0].Cause, len(facts.Rollouts[1].Failures))
	fmt.Println("known until", facts.Was[0].Until.Format(time.DateOnly)+":", facts.Was[0].Rollout.Failures[0].Cause, len(facts.Was[0].Rollout.Failures))
	// Output:
	// 0 true
	// "" stated: corrected by hand: the provider was down
	// rolled back 1
	// known until 2026-03-05: incident 2
}

// A fault names the line, the field, what is wrong and what to do; the other lines go on.
func ExampleDecodeLines() {
	lines := `{"type":"deployment","id":"1","service":"shop","environment":"production","status":"done","revision":"a"}
{"type":"incident","id":"7","service":"shop","started_at":"2026-03-03T10:20:00Z"}`
	read := 0
	faults, err := metrics.DecodeLines(strings.NewReader(lines), "ci", func(metrics.Event) error { read++; return nil })
	fmt.Println(read, len(faults), faults[0].Line, faults[0].Field, err)
	// Output: 1 1 1 status <nil>
}

// An alert that fires every minute is seen at 10:00, 10:01 and 10:02, then again at 11:00. Samples at most five minutes apart belong
// together, and each span lasts a minute beyond its last sample: three minutes, then one.
func ExampleEpisodes() {
	ten := time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC)
	samples := []time.Time{ten, ten.Add(time.Minute), ten.Add(2 * time.Minute), ten.Add(time.Hour)}
	for _, w := range metrics.Episodes(samples, 5*time.Minute, time.Minute) {
		fmt.Println(w.From.Format(time.TimeOnly), w.To.Sub(w.From))
	}
	// Output:
	// 10:00:00 3m0s
	// 11:00:00 1m0s
}

// From Friday 16:00 to Monday 10:00 a team that works from 9 to 18 has worked two hours on Friday and one on Monday. Between the two
// lies one step from working day to working day.
func ExampleCalendar_Worked() {
	cal := metrics.DefaultCalendar(time.UTC)
	friday := time.Date(2026, 3, 6, 16, 0, 0, 0, time.UTC)
	monday := time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC)
	fmt.Println(cal.Worked(friday, monday), cal.Between(friday, monday))
	// Output: 3h0m0s 1
}

// "live-eu" is called production by the default rules; a name that no rule knows is development and enters no figure by accident.
func ExampleRules_KindOf() {
	rules := metrics.DefaultRules()
	fmt.Println(rules.KindOf("live-eu"), rules.KindOf("pre-prod"), rules.KindOf(""), rules.KindOf("blue"))
	// Output: production staging production development
}
