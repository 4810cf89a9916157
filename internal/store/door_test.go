package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

// enterAll has changes wait at a door that is taken, in this order, and gives the order in which they came in.
func enterAll(t *testing.T, d *door, waiting ...string) (cameIn []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if err := d.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, name := range waiting {
			ctx := t.Context()
			if name[0] == 'u' {
				ctx = urgent(ctx)
			}
			go func() {
				if d.enter(ctx) == nil {
					cameIn = append(cameIn, name)
					d.leave()
				}
			}()
			synctest.Wait()
		}
		d.leave()
		synctest.Wait()
	})
	return cameIn
}

func TestWhatADecisionWaitsForGoesFirst(t *testing.T) {
	t.Parallel()
	got := enterAll(t, &door{}, "p1", "p2", "u1", "p3", "u2")
	if want := []string{"u1", "u2", "p1", "p2", "p3"}; !slices.Equal(got, want) {
		t.Errorf("came in as %v, not %v", got, want)
	}
}

func TestAChangeThatWaitsComesInHoweverManyDecisionsThereAre(t *testing.T) {
	t.Parallel()
	waiting := []string{"p1"}
	for range 2 * urgentInARow {
		waiting = append(waiting, "u")
	}
	got := enterAll(t, &door{}, waiting...)
	if at := slices.Index(got, "p1"); at != urgentInARow || len(got) != len(waiting) {
		t.Errorf("p1 came in after %d: %v", at, got)
	}
}

func TestWhoStopsWaitingForTheDoorHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &door{}
		if err := d.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() { gone <- d.enter(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		d.leave()
		if err := d.enter(t.Context()); err != nil {
			t.Error(err)
		}
		d.leave()
		if d.taken || len(d.patient) > 0 {
			t.Errorf("%+v", d)
		}
	})
}
