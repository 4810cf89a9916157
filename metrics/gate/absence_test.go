package gate

import (
	"strings"
	"testing"
	"time"
)

func TestMinutesWithoutAServerAreThoseOfTheWindow(t *testing.T) {
	t.Parallel()
	at := func(minute float64) time.Time {
		return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC).Add(time.Duration(minute * float64(time.Minute)))
	}
	l := Ledger{
		From: at(0), To: at(60), BeatsSince: at(-600),
		Gaps: []Gap{{at(-10), at(-5), false}, {at(-5), at(5), false}, {at(20), at(22.5), false}, {at(30), at(35), true}, {at(58), at(70), false}},
		Unasked: []Unasked{
			{Verdict: Warn, By: "local"}, {Verdict: Block, By: "local"}, {Verdict: Allow, By: "cache"},
		},
	}
	a := l.Scoreboard().Unreachable
	if a.Minutes != 10 || a.DatabaseMinutes != 5 || len(a.Gaps) != 4 || !a.Gaps[0].To.Equal(at(60)) || !a.Gaps[3].From.Equal(at(0)) {
		t.Errorf("5 + 2.5 + 2 minutes without a server and 5 without the database: %+v", a)
	}
	if a.Decided != 3 || a.Stopped != 1 || a.ByLastAnswer != 1 || !a.Since.Equal(at(0)) {
		t.Errorf("%+v", a)
	}
	if a := (Ledger{From: at(0), To: at(60)}).Scoreboard().Unreachable; a.Since != nil || a.Minutes != 0 || a.Gaps == nil {
		t.Errorf("nothing was noted: %+v", a)
	}
}

func TestWhatAClientTellsHasToBeAPromotionOfLate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	good := Unasked{ID: "a", At: now, Service: "api", Environment: "production", Kind: KindFix, Verdict: Allow, By: "local"}
	if err := good.Check(now); err != nil {
		t.Error(err)
	}
	for about, change := range map[string]func(*Unasked){
		"give id":      func(u *Unasked) { u.ID = "" },
		"bytes":        func(u *Unasked) { u.Service = strings.Repeat("a", 201) },
		"environment":  func(u *Unasked) { u.Environment = "" },
		"kind: give":   func(u *Unasked) { u.Kind = "party" },
		"verdict:":     func(u *Unasked) { u.Verdict = Hold },
		"by: give":     func(u *Unasked) { u.By = "server" },
		"of the last":  func(u *Unasked) { u.At = now.AddDate(0, 0, -91) },
		"a time of":    func(u *Unasked) { u.At = now.Add(time.Hour) },
		"last 90 days": func(u *Unasked) { u.At = time.Time{} },
	} {
		wrong := good
		change(&wrong)
		if err := wrong.Check(now); err == nil || !strings.Contains(err.Error(), about) {
			t.Errorf("%q: %v", about, err)
		}
	}
}
