package gate

import (
	"testing"
	"time"
)

func TestAPipelineWithAWrongClockIsNotBelieved(t *testing.T) {
	t.Parallel()
	let := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	now, never := let.Add(10*time.Minute), time.Time{}
	for sentence, c := range map[string]struct{ started, finished, now, begins, ends time.Time }{
		"both stated":                       {let.Add(time.Minute), let.Add(5 * time.Minute), now, let.Add(time.Minute), let.Add(5 * time.Minute)},
		"neither stated":                    {never, never, now, never, now},
		"begun before it was let through":   {let.Add(-time.Minute), never, now, never, now},
		"ended before it was let through":   {never, let.Add(-time.Minute), now, never, now},
		"ends after it is reported":         {let.Add(time.Minute), now.Add(time.Hour), now, let.Add(time.Minute), now},
		"begins after it is reported":       {now.Add(time.Hour), never, now, never, now},
		"begins after it ended":             {let.Add(6 * time.Minute), let.Add(5 * time.Minute), now, never, let.Add(5 * time.Minute)},
		"reported to a server that is slow": {never, never, let.Add(-2 * time.Second), never, let},
	} {
		started, finished := Report{StartedAt: c.started, FinishedAt: c.finished}.times(let, c.now)
		if !started.Equal(c.begins) || !finished.Equal(c.ends) {
			t.Errorf("%s: from %s to %s, want from %s to %s", sentence, started, finished, c.begins, c.ends)
		}
	}
}

func TestAFailedDeploymentThatIsPutInAgainIsBookedAsTheRecordKnowsIt(t *testing.T) {
	t.Parallel()
	s := adversarial(day(20))
	s.FailedRun = &Deployed{ID: "ci/d10", Revision: "again", FinishedAt: s.Now}
	r := ask()
	r.Commit, r.Artifact.Digest = "again", "sha256:beside"
	l := Logged{Decision: Decide(PolicyFor("critical"), s, r), Request: r, Snapshot: s, At: s.Now}
	d, booked, err := l.Deployment(Report{Outcome: ReportedSuccess}, s.Now)
	if l.Kind != KindFix || !booked || err != nil || d.Revision != "again" || d.Digest != "" {
		t.Errorf("a %s is booked as %+v, %v, %v", l.Kind, d, booked, err)
	}
}
