package api

import (
	"slices"
	"testing"
	"time"
)

var lastYear = time.Date(2025, 3, 3, 12, 0, 0, 0, time.UTC)

func TestIdsSortByTheirTimeAndNeverRepeat(t *testing.T) {
	t.Parallel()
	var ids []string
	for i := range 200 {
		ids = append(ids, newID("gd_", lastYear.Add(time.Duration(i)*time.Millisecond)))
	}
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != 200 {
		t.Error(ids)
	}
	one, other := newID("gd_", lastYear), newID("gd_", lastYear)
	if one == other || len(one) != len("gd_")+26 {
		t.Errorf("%s and %s of one moment", one, other)
	}
}
