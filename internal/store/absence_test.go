package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics/gate"
)

func TestATimeWithoutAServerIsKeptOnceOneIsThereAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		if since, gaps, err := db.Gaps(t.Context(), noon, noon.Add(time.Hour)); err != nil || !since.IsZero() || gaps != nil {
			t.Fatal(since, gaps, err)
		}
		beat := func(minute float64, lost bool) {
			t.Helper()
			if err := db.Present(t.Context(), noon.Add(time.Duration(minute*float64(time.Minute))), lost); err != nil {
				t.Fatal(err)
			}
		}
		for _, minute := range []float64{0, 1, 2, 2.1, 1.5, 4} { // twice at once, a clock that is behind, and a beat that was left out
			beat(minute, false)
		}
		beat(11, false)
		beat(20, true)
		want := []gate.Gap{{From: noon.Add(4 * time.Minute), To: noon.Add(11 * time.Minute)}, {From: noon.Add(11 * time.Minute), To: noon.Add(20 * time.Minute), Database: true}}
		since, gaps, err := db.Gaps(t.Context(), noon.Add(-time.Hour), noon.Add(time.Hour))
		if diff := cmp.Diff(want, gaps); err != nil || diff != "" || !since.Equal(noon) {
			t.Error(since, err, diff)
		}
		_, gaps, err = db.Gaps(t.Context(), noon.Add(11*time.Minute), noon.Add(12*time.Minute))
		if diff := cmp.Diff(want[1:], gaps); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

func TestWhatAClientDecidedByItselfCountsOnceHoweverOftenItIsTold(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		told := gate.Unasked{ID: "a", At: noon, Service: "api", Environment: "production", Kind: "normal", Verdict: gate.Warn, By: "local"}
		for _, id := range []string{"b", "a", "a"} {
			told.ID = id
			if err := db.AddUnasked(t.Context(), told, "ci"); err != nil {
				t.Fatal(err)
			}
		}
		first, second := told, told
		second.ID = "b"
		list, err := db.Unasked(t.Context(), noon, noon.Add(time.Minute))
		if diff := cmp.Diff([]gate.Unasked{first, second}, list); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if list, err := db.Unasked(t.Context(), noon.Add(time.Second), noon.Add(time.Hour)); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
	})
}
