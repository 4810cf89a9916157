package gate

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// fresh judges the watermarks of sources under a tier.
func fresh(tier metrics.Tier, now time.Time, sources ...Watermark) finding {
	p := PolicyFor(tier)
	s := take(record("..."), standard(), ask(), p, now, sources, nil)
	return p.Criteria.DataFresh.judge(question{p, s, ask()})
}

func TestASourceOfWhichNothingHasArrivedIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := fresh(metrics.Critical, day(3), Watermark{Name: "github", Watermark: day(3)}, Watermark{Name: "pagerduty"})
	if f.result != Unknown || !strings.Contains(f.says, "pagerduty is configured but has not delivered anything yet") || f.until.IsZero() {
		t.Errorf("%+v", f)
	}
	if f := fresh(metrics.Critical, day(3)); f.result != NotApplicable {
		t.Errorf("without a source: %+v", f)
	}
}
