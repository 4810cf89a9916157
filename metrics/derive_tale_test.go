package metrics

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// monday is the day on which every tale of these tests begins.
var monday = time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC)

// clock is a time of the tale: hours and minutes of its first day, which may run past 24.
func clock(hours, minutes int) time.Time {
	return monday.Add(time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute)
}

// tale collects the events of a test.
type tale struct {
	events []Event
	rules  Rules
}

func newTale() *tale { return &tale{rules: DefaultRules()} }

func (s *tale) add(r Record) *tale {
	s.events = append(s.events, NewEvent("ci", r))
	return s
}

// commit adds a commit of acme/api, authored half an hour before the tale's day for each that came before, oldest first.
func (s *tale) commit(sha string, parents ...string) *tale {
	return s.add(commitOf(sha, "work on "+sha, parents...))
}

func (s *tale) message(sha, message string, parents ...string) *tale {
	return s.add(commitOf(sha, message, parents...))
}

func commitOf(sha, message string, parents ...string) Commit {
	return Commit{ID: sha, Repository: "acme/api", AuthoredAt: monday.Add(-time.Hour), Message: message, Parents: parents}
}

// line adds commits each on top of the one before.
func (s *tale) line(shas ...string) *tale {
	for i, sha := range shas {
		s.commit(sha, shas[max(0, i-1):i]...)
	}
	return s
}

// deployment is a success in production that took ten minutes.
func deployment(id, revision string, finished time.Time) Deployment {
	return Deployment{ID: id, Service: "api", Repository: "acme/api", Environment: "production", Revision: revision,
		Status: Succeeded, StartedAt: finished.Add(-10 * time.Minute), FinishedAt: finished}
}

func (s *tale) deploy(id, revision string, finished time.Time) *tale {
	return s.add(deployment(id, revision, finished))
}

func (s *tale) failedDeploy(id, revision string, finished time.Time) *tale {
	d := deployment(id, revision, finished)
	d.Status = Failed
	return s.add(d)
}

func (s *tale) incident(id string, started time.Time) *tale {
	return s.add(Incident{ID: id, Service: "api", Environment: "production", StartedAt: started})
}

// derive tells the tale of the service api.
func (s *tale) derive(t *testing.T) Facts {
	t.Helper()
	for _, f := range DeriveAll(s.events, s.rules) {
		if f.Service == "api" {
			return f
		}
	}
	t.Fatal("the tale has no service api")
	return Facts{}
}

// tell writes rollouts one per line, with all that was found out about each, for comparison with what a test expects.
func tell(f Facts) string {
	var b strings.Builder
	for _, r := range f.Rollouts {
		fmt.Fprintf(&b, "%s %s", r.ID, r.Kind)
		if r.Of != "" {
			fmt.Fprintf(&b, " of %s", r.Of)
		}
		if r.Baseline {
			b.WriteString(" baseline")
		}
		for i, ch := range r.Changes {
			fmt.Fprintf(&b, "%s%s", map[bool]string{true: " brings ", false: ","}[i == 0], ch.SHA)
		}
		if len(r.Reapplied) > 0 {
			fmt.Fprintf(&b, " reapplies %s", strings.Join(r.Reapplied, ","))
		}
		if r.Retried {
			b.WriteString(" retried")
		}
		if r.Removed {
			b.WriteString(" removed")
		}
		for _, c := range r.Failures {
			fmt.Fprintf(&b, "; %s (%s, %s)", c.Cause, c.Evidence, c.Confidence)
		}
		if r.Recovery != nil {
			fmt.Fprintf(&b, "; recovered by %s %s after %s", r.Recovery.By, r.Recovery.Evidence, r.Recovery.At.Sub(r.FinishedAt))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// expect compares a tale's rollouts with lines, "ci/" left away.
func (s *tale) expect(t *testing.T, lines ...string) Facts {
	t.Helper()
	f := s.derive(t)
	got := strings.TrimSuffix(strings.ReplaceAll(tell(f), "ci/", ""), "\n")
	if want := strings.Join(lines, "\n"); got != want {
		t.Errorf("the rollouts are\n%s\nwant\n%s", got, want)
	}
	return f
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// containsWord looks for a whole JSON text of that content.
func containsWord(text, word string) bool { return strings.Contains(text, `"`+word+`"`) }
