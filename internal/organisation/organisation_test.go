package organisation

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"shiphabit/metrics"
)

// small is an organisation with something of everything.
func small() *Organisation {
	return New(Options{Services: 30, Deployments: 3000, Years: 1, ChangesPerDeployment: 5, Seed: 7})
}

func TestTheSameSeedTellsTheSameAndAnotherDoesNot(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(lines(t, small()), lines(t, small())) {
		t.Error("the same options told two stories")
	}
	other := small().options
	other.Seed++
	if bytes.Equal(lines(t, small()), lines(t, New(other))) {
		t.Error("another seed told the same story")
	}
}

func lines(t *testing.T, o *Organisation) []byte {
	t.Helper()
	var out bytes.Buffer
	for e := range o.Events() {
		if err := metrics.EncodeLine(&out, e); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func TestEveryLineIsASoundEventAndTellsOneRecord(t *testing.T) {
	t.Parallel()
	seen := map[metrics.Key]bool{}
	faults, err := metrics.DecodeLines(bytes.NewReader(lines(t, small())), "", func(e metrics.Event) error {
		if seen[e.Key] {
			t.Errorf("%s is told twice", e.Key)
		}
		seen[e.Key] = true
		return nil
	})
	if err != nil || len(faults) > 0 {
		t.Fatalf("faults %v, error %v", faults, err)
	}
}

func TestThereAreAsManyDeploymentsAsAskedForSpreadUnevenly(t *testing.T) {
	t.Parallel()
	o := small()
	counts, commits := map[string]int{}, 0
	for e := range o.Events() {
		switch e.Type {
		case metrics.TypeDeployment:
			d, err := e.Deployment()
			if err != nil {
				t.Fatal(err)
			}
			counts[d.Service]++
		case metrics.TypeCommit:
			commits++
		default:
		}
	}
	total := 0
	for i, s := range o.Services() {
		total += counts[s.Name]
		if counts[s.Name] != o.Attempts(i) {
			t.Errorf("%s has %d deployments, %d were promised", s.Name, counts[s.Name], o.Attempts(i))
		}
	}
	if total != 3000 {
		t.Errorf("%d deployments", total)
	}
	sizes := slices.Sorted(maps.Values(counts))
	if sizes[0]*20 > sizes[len(sizes)-1] {
		t.Errorf("the quietest service has %d deployments and the busiest %d", sizes[0], sizes[len(sizes)-1])
	}
	if perDeployment := float64(commits) / 3000; perDeployment < 4 || perDeployment > 5.5 {
		t.Errorf("%.1f commits a deployment", perDeployment)
	}
}

func TestTheFactsHoldEveryKindOfRolloutAndCause(t *testing.T) {
	t.Parallel()
	o := small()
	rules := metrics.DefaultRules()
	rules.Services = o.Services()
	kinds, causes, links, changes := map[metrics.Kind]int{}, map[metrics.Cause]int{}, map[metrics.Confidence]int{}, 0
	open, approvals, faulty := 0, 0, 0
	for _, f := range metrics.DeriveAll(slices.Collect(o.Events()), rules) {
		if f.Service == "" {
			t.Errorf("%d records belong to no service", len(f.LeftOut))
		}
		for _, r := range f.Rollouts {
			kinds[r.Kind]++
			changes += len(r.Changes)
			approvals += len(r.Approvals)
			if r.Failed() && r.Recovery == nil {
				open++
			}
			for _, cause := range r.Failures {
				causes[cause.Cause]++
			}
			for _, c := range r.Changes {
				if c.Fault != "" {
					faulty++
				}
			}
		}
		for _, l := range f.Incidents {
			links[l.Confidence]++
		}
	}
	t.Log(kinds, causes, links, "changes", changes, "approvals", approvals, "open", open)
	if n := len(kinds); n < 4 {
		t.Errorf("only %d kinds of rollout: %v", n, kinds)
	}
	for _, cause := range []metrics.Cause{
		metrics.CauseRun, metrics.CauseRollback, metrics.CauseRevert, metrics.CauseIncident, metrics.CauseVerdict, metrics.CauseHotfix,
	} {
		if causes[cause] == 0 {
			t.Errorf("nothing failed for the cause %q", cause)
		}
	}
	for _, c := range []metrics.Confidence{metrics.Stated, metrics.Inferred, metrics.Unattributed} {
		if links[c] == 0 {
			t.Errorf("no incident is linked as %s", c)
		}
	}
	if changes < 3000*4 || approvals == 0 || open == 0 || faulty > 0 {
		t.Errorf("%d changes (%d with faults), %d approvals, %d open failures", changes, faulty, approvals, open)
	}
}

func TestWhoStopsListeningIsToldNoMore(t *testing.T) {
	t.Parallel()
	heard := 0
	for range small().Events() {
		if heard++; heard == 10 {
			break
		}
	}
	if heard != 10 {
		t.Errorf("heard %d events", heard)
	}
}
