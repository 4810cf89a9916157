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
		until   time.Time
		nothing bool
		stays   bool
	}{
		"everything of the period had arrived":      {end, false, false},
		"a second of the period is missing":         {end.Add(-time.Second), false, true},
		"some arrived, and nobody knows up to when": {time.Time{}, false, true},
		"nothing has ever arrived":                  {time.Time{}, true, false},
	} {
		s := read("gh", noon.Add(-time.Minute))
		if c.nothing {
			s.Brought = nil
		}
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

func TestASourceThatWasNeverReadIsNoGapOfAPeriodThatIsOver(t *testing.T) {
	t.Parallel()
	all := doctor.Diagnose(doctor.Records{}, asked(doctor.Declared{Name: "gh", Type: "github"}))
	if finding(all, "source-never-read").Code == "" {
		t.Fatalf("it is not told at all: %+v", all.Findings)
	}
	if past := all.UpTo(noon.AddDate(0, 0, -20)); finding(past, "source-never-read").Code != "" {
		t.Errorf("it is told of a time that is over: %+v", past.Findings)
	}
}
