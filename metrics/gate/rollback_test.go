package gate

import (
	"testing"
	"time"

	"shiphabit/metrics"
)

// foundUnhealthy marks a rollout as found unhealthy five minutes after it went out.
func foundUnhealthy(f metrics.Facts, n int) metrics.Facts {
	at := f.Rollouts[n].FinishedAt.Add(5 * time.Minute)
	f.Rollouts[n].Failures = []metrics.Failure{{Cause: metrics.CauseVerdict, At: at, KnownAt: at, Evidence: "prometheus/v1"}}
	return f
}

// let is what was let through so long before noon of a day and never reported.
func let(n int, before time.Duration, revision string) Promotion {
	at := day(n).Add(-before)
	return Promotion{Decision: "gd_" + revision, Environment: "production", Revision: revision, At: at, ValidUntil: at.Add(validFor)}
}

func TestOnlyWhatWasLetThroughAfterAFailedDeploymentStandsAgainstRollingItBack(t *testing.T) {
	t.Parallel()
	p, now := PolicyFor(metrics.Standard), day(3).Add(6*time.Minute)
	own := let(3, 2*time.Minute, "rev3")
	for name, c := range map[string]struct {
		promotions []Promotion
		why        string
	}{
		"nothing else":                          {nil, ""},
		"an older one that never went out":      {[]Promotion{let(3, 4*time.Minute, "lost")}, ""},
		"an older one than its own decision":    {[]Promotion{let(3, 3*time.Minute, "lost"), own}, ""},
		"a newer one than its own decision":     {[]Promotion{own, let(3, time.Minute, "next")}, "next is on its way here"},
		"a newer one after it, without its own": {[]Promotion{let(3, -time.Minute, "next")}, "next is on its way here"},
	} {
		k := Known{Facts: foundUnhealthy(record("...."), 3), Promotions: c.promotions}
		found := k.FailedJustNow(p, day(0), now)
		if len(found) != 1 || found[0].Why != c.why {
			t.Errorf("%s: %+v", name, found)
			continue
		}
		if good := found[0].Good; c.why == "" && (good == nil || good.Revision != "rev2") {
			t.Errorf("%s: puts back %+v", name, good)
		}
	}
}

func TestWhatIsOfferedToPutBackWentWell(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	for name, c := range map[string]struct {
		facts metrics.Facts
		want  string
	}{
		"the one before": {record("...."), "rev2"},
		"the live one where the newest run failed":     {record("...x"), "rev2"},
		"not one that turned out unhealthy":            {foundUnhealthy(record("...."), 2), "rev1"},
		"not the live one when that is unhealthy, too": {foundUnhealthy(foundUnhealthy(record("...."), 3), 2), "rev1"},
		"nothing where all failed":                     {foundUnhealthy(record(".."), 0), ""},
		"nothing of one":                               {record("."), ""},
	} {
		got := Known{Facts: c.facts}.PutBack("Production", p, day(4))
		if (got == nil) != (c.want == "") || got != nil && got.Revision != c.want {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
	}
}
