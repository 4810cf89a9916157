package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"shiphabit/metrics"
)

// twoMonths is a window that cuts no day.
func twoMonths() metrics.Query {
	day := noon.Truncate(24 * time.Hour)
	return metrics.Query{Window: metrics.Window{From: day.AddDate(0, 0, -1), To: day.AddDate(0, 0, 60)}}
}

// otherRules are rules under which facts count as out of date.
func otherRules(o *Options) { o.Rules.RolloutGap = time.Minute }

// checkRollouts compares the tallies of a service and of all with the facts.
func checkRollouts(t bench, db *DB, service string) {
	t.Helper()
	all, err := db.AllFacts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, services := range [][]string{{service}, nil} {
		of := all
		if services != nil {
			of = []metrics.Facts{factsOf(t, db, service)}
		}
		got, err := db.Tally(t.Context(), services, twoMonths())
		if want := metrics.TallyOfAll(of, twoMonths()); err != nil || text(t, got) != text(t, want) {
			t.Errorf("services %v (%v): stored\n%s\nfrom facts\n%s", services, err, text(t, got), text(t, want))
		}
	}
}

func forgottenRows(t bench, db *DB) int64 {
	t.Helper()
	var n int64
	if err := db.read.Raw("SELECT count(*) FROM tallies WHERE set_id NOT IN (SELECT id FROM tally_sets)").Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAProgramWhoseTalliesAnotherHasForgottenBeginsThemAnew(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		a := t.open()
		mustAppend(t, a, append(history("x", 3), history("y", 3)...)...)
		mustRefresh(t, a)
		b := t.open(otherRules)
		err := b.RefreshTelling(t.Context(), func(p Progress) {
			if p.Services == p.Of { // the moment before it is complete
				if n, err := a.Tally(context.Background(), []string{"x"}, twoMonths()); err != nil || n.Rollouts != 3 {
					t.Errorf("during: %d (%v)", n.Rollouts, err)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		checkRollouts(t, a, "x")
		checkRollouts(t, b, "y")
		c := t.open(otherRules)
		mustRefresh(t, c)
		if n := forgottenRows(t, c); n != 0 {
			t.Errorf("%d rows of forgotten sets are left", n)
		}
	})
}

func TestAProgramThatStartsAgainAfterItsTalliesWereForgottenCountsNothingAsDerived(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		a := t.open()
		mustAppend(t, a, append(history("x", 3), history("y", 3)...)...)
		mustRefresh(t, a)
		mustRefresh(t, t.open(otherRules))
		if f := factsOf(t, a, "x"); len(f.Rollouts) != 3 { // what a gate asks
			t.Fatalf("%d rollouts", len(f.Rollouts))
		}
		checkRollouts(t, t.open(), "x")
	})
}

func TestAWindowThatCutsADayDerivesNothingDuringALargeRebuild(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		var events []metrics.Event
		for i := range servicesWorthWaitingFor + 5 {
			name := fmt.Sprint("service-", i)
			for j, hours := range []int{0, 10, 12} {
				events = append(events, deployed(fmt.Sprintf("%s-%d", name, j), name, "org/"+name, hours))
			}
		}
		mustAppend(t, db, events...)
		q := metrics.Query{Window: metrics.Window{From: noon.Add(-time.Hour), To: noon.Add(9 * time.Hour)}}
		before, err := db.Tally(t.Context(), nil, q)
		if err != nil || before.Rollouts != servicesWorthWaitingFor+5 {
			t.Fatalf("%d rollouts (%v)", before.Rollouts, err)
		}
		other := t.open(otherRules)
		during, err := other.Tally(t.Context(), nil, q)
		if err != nil || text(t, during) != text(t, before) {
			t.Errorf("during the rebuild (%v)\n%s\nbefore\n%s", err, text(t, during), text(t, before))
		}
		if _, err := other.Services(t.Context()); err != nil {
			t.Error(err)
		}
		if done, _, old, err := other.Rebuild(t.Context()); err != nil || done != 0 || !old {
			t.Errorf("the questions made %d services be derived (%v)", done, err)
		}
	})
}

func TestADayThatIsNotAddedUpYetIsReadServiceByService(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, append(history("x", 3), history("y", 3)...)...)
		mustRefresh(t, db)
		if err := db.write.Exec("INSERT INTO dirty_days (set_id, kind, day, marks) SELECT set_id, kind, day, 1 FROM tallies WHERE scope = 0").Error; err != nil {
			t.Fatal(err)
		}
		if err := db.write.Exec("DELETE FROM tallies WHERE scope = 0").Error; err != nil {
			t.Fatal(err)
		}
		q := twoMonths().Completed()
		r := &tallyReader{db: db, pieces: map[string][]piece{}, parts: []*metrics.Gatherer{metrics.NewGatherer(q)}}
		if err := r.read(db.read.WithContext(t.Context()), db.tallies.id.Load()); err != nil {
			t.Fatal(err)
		}
		if n := r.parts[0].Sum().Rollouts; n != 6 {
			t.Errorf("%d rollouts, want 6", n)
		}
	})
}
