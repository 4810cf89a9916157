package metrics

import (
	"fmt"
	"testing"
	"time"
)

// long is a service's past: a straight main line with merges, deployed every few commits, with failures and rollbacks.
func long(deployments, changes int) []Event {
	name := func(i int) string { return fmt.Sprintf("%040x", i*2654435761) }
	var out []Event
	for i := range deployments * changes {
		c := Commit{ID: name(i), Repository: "acme/api", AuthoredAt: monday.Add(time.Duration(i) * 10 * time.Minute),
			CommittedAt: monday.Add(time.Duration(i) * 10 * time.Minute), Author: "5f2a", Message: fmt.Sprintf("Work on part %d\n\nSome words on why.", i)}
		if i > 0 {
			c.Parents = append(c.Parents, name(i-1))
		}
		if i > 5 && i%10 == 0 {
			c.Parents = append(c.Parents, name(i-4))
		}
		out = append(out, NewEvent("git", c))
	}
	for i := range deployments {
		tip := i*changes + changes - 1
		if i%50 == 49 {
			tip -= 2 * changes
		}
		d := deployment(fmt.Sprint(i), name(tip), monday.Add(time.Duration((i+1)*changes)*10*time.Minute))
		if i%20 == 7 {
			d.Status = Failed
		}
		out = append(out, NewEvent("ci", d))
	}
	return out
}

func benchmarkDerive(b *testing.B, events []Event) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		Derive(Service{Name: "api"}, events, DefaultRules())
	}
}

func BenchmarkDerive50kDeploymentsOf5Changes(b *testing.B) { benchmarkDerive(b, long(50_000, 5)) }

func BenchmarkDerive50kDeploymentsOf1Change(b *testing.B) { benchmarkDerive(b, long(50_000, 1)) }

func BenchmarkDerive550TagsOf18kCommits(b *testing.B) { benchmarkDerive(b, long(550, 33)) }

func BenchmarkSplit50kDeployments(b *testing.B) {
	events := long(50_000, 1)
	for b.Loop() {
		Split(events, DefaultRules())
	}
}

// corrected adds corrections of as many deployments, made one after the other.
func corrected(events []Event, corrections int) []Event {
	out := events[:len(events):len(events)]
	for _, e := range events {
		if n := len(out) - len(events); e.Type == TypeDeployment && n < corrections {
			c := Correction{ID: int64(n + 1), Record: e.Key, Exclude: true, Reason: "a drill", At: monday.AddDate(0, 6, n)}
			stated, _ := c.Event()
			out = append(out, stated)
		}
	}
	return out
}

func BenchmarkDerive1000Deployments(b *testing.B) { benchmarkDerive(b, long(1000, 5)) }

func BenchmarkDerive1000DeploymentsWith1Correction(b *testing.B) {
	benchmarkDerive(b, corrected(long(1000, 5), 1))
}

func BenchmarkDerive1000DeploymentsWith100Corrections(b *testing.B) {
	benchmarkDerive(b, corrected(long(1000, 5), 100))
}

// asTheyHappen has each record known when its deployment ended, so that nothing is assumed.
func asTheyHappen(events []Event) []Event {
	for i := range events {
		events[i].Live, events[i].RecordedAt = true, timeIn(events[i])
	}
	return events
}

// BenchmarkDerive1000DeploymentsWith100Retries derives what was known of a hundred rollouts before their second attempt.
func BenchmarkDerive1000DeploymentsWith100Retries(b *testing.B) {
	events := asTheyHappen(long(1000, 5))
	for i, e := range events {
		if d, err := e.Deployment(); err == nil && e.Type == TypeDeployment && i%10 == 0 {
			d.ID, d.FinishedAt = d.ID+"-again", d.FinishedAt.Add(5*time.Minute)
			d.StartedAt = d.FinishedAt
			events = append(events, NewEvent("ci", d))
		}
	}
	benchmarkDerive(b, asTheyHappen(events))
}

// BenchmarkDerive1000DeploymentsOf100ToldOtherwise derives once for each of a hundred deployments whose source said a month later that it had failed.
func BenchmarkDerive1000DeploymentsOf100ToldOtherwise(b *testing.B) {
	events := asTheyHappen(long(1000, 5))
	for i, e := range events {
		if d, err := e.Deployment(); err == nil && e.Type == TypeDeployment && i%10 == 0 {
			d.Status = Failed
			again := NewEvent("ci", d)
			again.Live, again.RecordedAt = true, e.RecordedAt.AddDate(0, 1, 0)
			again.UpdatedAt = again.RecordedAt
			events = append(events, again)
		}
	}
	benchmarkDerive(b, events)
}
