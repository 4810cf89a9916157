package gate

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// While the usual rate is not known there is no line, so nothing can reach it.
func TestNothingIsWorseThanAUsualThatIsNotKnown(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	f := record(".x" + strings.Repeat(".", 100))
	for _, now := range []int{2, 60, 92, 101} { // quarters begin on days 90 and 181
		u := take(f, standard(), ask(), p, day(now), nil, nil).Usual
		if u.Blocked || u.Value != 0 {
			t.Errorf("on day %d one failure before anything was usual leaves %+v", now, u)
		}
	}
}

func TestAWarningEndsWhenTheUsualRateCeasesToBeKnown(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	f := record(strings.Repeat(".", 80))
	for n := range 6 { // the quarter that begins on day 90 has a usual rate, and these are more than that
		f.Rollouts = append(f.Rollouts, brokenRun(91+n))
	}
	blocked := take(f, standard(), ask(), p, day(97), nil, nil).Usual
	if !blocked.Blocked {
		t.Fatalf("six failures in a row where none is usual: %+v", blocked)
	}
	next := day(500) // a year later nothing of it is known any more
	u := take(f, standard(), ask(), p, next, nil, nil).Usual
	if u.Blocked || u.Line != 0 || !u.BlockedSince.IsZero() || u.BlockedBy != "" || u.GoodInARow != 0 {
		t.Errorf("without a usual rate: %+v", u)
	}
	f.Rollouts = append(f.Rollouts, rollout(501))
	if s := take(f, standard(), ask(), p, day(501).Add(time.Hour), nil, nil); p.Criteria.OwnUsual.judge(question{p, s, ask()}).result != NotApplicable {
		t.Errorf("%+v", s.Usual)
	}
}
