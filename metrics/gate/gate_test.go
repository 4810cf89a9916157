package gate

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"shiphabit/metrics"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file under testdata, or another place when the name has a folder.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := name
	if filepath.Dir(name) == "." {
		path = filepath.Join("testdata", name)
	}
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run the test with -update and look at the difference\ngot:\n%s", path, got)
	}
}

// day is noon of a day counted from 1 January 2026.
func day(n int) time.Time { return time.Date(2026, 1, 1+n, 12, 0, 0, 0, time.UTC) }

// rollout is a planned production rollout that succeeded, named for its day: "ci/d7", version "1.7", revision "rev7".
func rollout(n int) metrics.Rollout {
	id := fmt.Sprintf("ci/d%d", n)
	return metrics.Rollout{
		ID: id, Service: "pay", Environment: "production", EnvironmentKind: metrics.Production,
		Revision: fmt.Sprintf("rev%d", n), Version: fmt.Sprintf("1.%d", n), Digest: fmt.Sprintf("sha256:%064d", n),
		StartedAt: day(n).Add(-time.Minute), FinishedAt: day(n), SucceededAt: day(n), KnownAt: day(n),
		Kind: metrics.Planned, Attempts: []metrics.Attempt{{ID: id}},
	}
}

// brokenRun is a rollout whose run failed; the next success repairs it.
func brokenRun(n int) metrics.Rollout {
	r := rollout(n)
	r.SucceededAt = time.Time{}
	r.Failures = []metrics.Failure{{Cause: metrics.CauseRun, At: day(n), KnownAt: day(n), Evidence: r.ID, Confidence: metrics.Stated}}
	return r
}

// record is a history of one deployment a day: "." is a good one, "x" one whose run failed.
func record(outcomes string) metrics.Facts {
	f := metrics.Facts{Service: "pay"}
	for n, outcome := range outcomes {
		r := rollout(n)
		if outcome == 'x' {
			r = brokenRun(n)
		}
		for i := range f.Rollouts {
			open := &f.Rollouts[i]
			if open.Failed() && open.Recovery == nil && outcome != 'x' {
				open.Recovery = &metrics.Recovery{At: r.FinishedAt, By: "fix", Evidence: r.ID}
			}
		}
		f.Rollouts = append(f.Rollouts, r)
	}
	return f
}

func standard() metrics.Service { return metrics.Service{Name: "pay", Tier: metrics.Standard} }

// ask is a normal request for something new.
func ask() Request {
	return Request{
		Service: "pay", Environment: "production", Commit: "new",
		Artifact: Artifact{Version: "2.0", Digest: "sha256:new"}, Change: Change{Kind: KindNormal},
	}
}

// decide judges a request about a record under the standard policy.
func decide(f metrics.Facts, r Request, now time.Time) Decision {
	p := PolicyFor(metrics.Standard)
	return Decide(p, Take(f, standard(), r, p, now, nil, nil, metrics.DefaultRules().KindOf), r)
}

// reason finds the reason of a criterion.
func reason(t *testing.T, d Decision, criterion string) Reason {
	t.Helper()
	for _, r := range d.Reasons {
		if r.Criterion == criterion {
			return r
		}
	}
	t.Fatalf("no reason %s in %+v", criterion, d.Reasons)
	return Reason{}
}
