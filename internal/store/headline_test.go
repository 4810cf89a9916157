package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics/gate"
)

func TestTheLogIsReadOnByHeadlinesAndOnlyTheTextsThatAreNamed(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		var want []Headline
		for i, id := range []string{"a", "b", "c", "d"} {
			l := decided(id, "api")
			l.Kind, l.At = gate.KindFix, noon.Add(time.Duration([]int{-30, 0, -2, 1}[i])*time.Hour)
			h := Headline{ID: id, Service: "api", Environment: "production", At: l.At, Verdict: gate.Hold, Kind: gate.KindFix}
			if id == "b" {
				l.Snapshot.Demoted, h.Demoted = []gate.Demotion{{Criterion: "failure-meter", Years: gate.Fraction{Num: 2, Den: 1}, Promised: gate.Fraction{Num: 2, Den: 1}}}, []string{"failure-meter"}
			}
			must(t, db.LogDecision(ctx, l))
			want = append(want, h)
		}
		db.scores.end() // as where another server has logged them a moment ago
		var all []Headline
		for _, what := range []string{"before they have scores", "with scores"} {
			var err error
			all, err = db.Headlines(ctx, 0, 9)
			for i := range all {
				want[i].Seq = all[i].Seq
			}
			if diff := cmp.Diff(want, all); err != nil || diff != "" {
				t.Fatal(what, err, diff)
			}
			must(t, db.scoreOlder(ctx))
		}
		page, err := db.Headlines(ctx, all[0].Seq, 2)
		if diff := cmp.Diff(want[1:3], page); err != nil || diff != "" {
			t.Error(err, diff)
		}
		for since, want := range map[time.Time]int64{
			noon.Add(-99 * time.Hour): all[0].Seq - 1, noon.Add(-3 * time.Hour): all[1].Seq - 1, noon.Add(time.Hour): all[3].Seq - 1, noon.Add(2 * time.Hour): all[3].Seq,
		} {
			if seq, err := db.PlaceBefore(ctx, since); err != nil || seq != want {
				t.Errorf("before %s is %d, want %d; %v", since, seq, want, err)
			}
		}
		list, err := db.DecisionsNamed(ctx, []string{"d", "b"})
		if err != nil || ids(list) != "b d" || len(list[0].Snapshot.Demoted) != 1 || list[1].Summary == "" {
			t.Errorf("%s, %v", ids(list), err)
		}
	})
}
