package store

import (
	"errors"
	"testing"
)

func TestARollUpStandsAsItWasKeptFirst(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		if _, found, err := db.Rollup(ctx, "2026-Q1"); found || err != nil {
			t.Errorf("before it is told: %t, %v", found, err)
		}
		first, err := db.KeepRollup(ctx, "2026-Q1", []byte(`{"a":1}`))
		second, again := db.KeepRollup(ctx, "2026-Q1", []byte(`{"a":2}`))
		kept, found, reading := db.Rollup(ctx, "2026-Q1")
		if err := errors.Join(err, again, reading); err != nil || !found || string(first) != `{"a":1}` || string(second) != string(first) || string(kept) != string(first) {
			t.Errorf("kept %s, then %s, read %s, %v", first, second, kept, err)
		}
		other, err := db.KeepRollup(ctx, "2026-Q2", []byte(`{"a":3}`))
		if err != nil || string(other) != `{"a":3}` {
			t.Errorf("another quarter: %s, %v", other, err)
		}
	})
}
