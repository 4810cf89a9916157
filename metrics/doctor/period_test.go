package doctor_test

import (
	"testing"
	"time"

	"shiphabit/metrics/doctor"
)

func TestTroubleThatBeganAfterAPeriodIsNoGapOfIt(t *testing.T) {
	t.Parallel()
	end := noon.AddDate(0, 0, -20)
	for sentence, c := range map[string]struct {
		until time.Time
		stays bool
	}{
		"everything of the period had arrived": {end, false},
		"a second of the period is missing":    {end.Add(-time.Second), true},
		"nothing has ever arrived":             {time.Time{}, true},
	} {
		s := read("gh", noon.Add(-time.Minute))
		s.Watermark, s.Error, s.ErrorAt, s.Failures = c.until, "refused; look at the token", noon.Add(-time.Minute), 3
		all := doctor.Diagnose(doctor.Records{Sources: []doctor.Source{s}}, asked(doctor.Declared{Name: "gh", Type: "github"}))
		if finding(all, "source-trouble").Code == "" {
			t.Fatalf("%s: there is no trouble: %+v", sentence, all.Findings)
		}
		if got := finding(all.UpTo(end), "source-trouble").Code != ""; got != c.stays {
			t.Errorf("%s: it stays is %v", sentence, got)
		}
		if finding(all, "source-trouble").Code == "" || len(all.UpTo(end).Sources) != 1 {
			t.Errorf("%s: the diagnosis itself is changed", sentence)
		}
	}
}
