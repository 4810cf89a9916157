package gate

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
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

func TestAProbeIsWatchedTwiceAsLongHoweverItsEnvironmentIsSpelt(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard) // watched for 15 minutes
	r := rollout(5)
	r.Environment = "Production"
	f := metrics.Facts{Service: "pay", Rollouts: []metrics.Rollout{r}}
	l := Logged{Request: ask(), At: day(5).Add(-time.Hour)}
	l.ID, l.Probe, l.Snapshot.Now, l.Request.Artifact.Digest = "gd_1", true, l.At, r.Digest
	grant, _ := l.Grant()
	for after, want := range map[time.Duration]Outcome{15 * time.Minute: PendingWatch, 30*time.Minute - time.Second: PendingWatch, 30 * time.Minute: Good} {
		if o := l.Outcome(f, p, day(5).Add(after), []ProbeGrant{grant}); o.Outcome != want || !o.WatchEndsAt.Equal(day(5).Add(30*time.Minute)) {
			t.Errorf("after %s it is %s and watched until %s", after, o.Outcome, o.WatchEndsAt)
		}
	}
}

func TestTheSameArtifactIsTheSameHoweverItsDigestIsWritten(t *testing.T) {
	t.Parallel()
	f := record("..")
	again := rollout(2)
	again.Digest = strings.ToUpper(f.Rollouts[1].Digest)
	again.Environment = "PRODUCTION"
	f.Rollouts = append(f.Rollouts, again)
	if s, _ := fold(f, day(9)); s.Trials != 2 {
		t.Errorf("an empty redeploy is a trial: %d of them", s.Trials)
	}
}
