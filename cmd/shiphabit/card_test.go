package main

import (
	"testing"

	"shiphabit/metrics"
)

func TestTheIndexIsPrintedAsPeopleReadIt(t *testing.T) {
	t.Parallel()
	value := 68
	for sentence, c := range map[string]struct {
		index metrics.Index
		want  string
	}{
		"a value":             {metrics.Index{State: metrics.OK, Value: &value, Band: "settling", N: 30}, "68 of 100: settling (last 12 weeks, n = 30)"},
		"a range for too few": {metrics.Index{State: metrics.NotEnoughData, Low: 10, High: 40, N: 3}, "between 10 and 40 of 100 (last 12 weeks, n = 3: too few for one number)"},
		"nothing deployed":    {metrics.Index{State: metrics.NoData}, "nothing was deployed in the last 12 weeks"},
		"another cadence":     {metrics.Index{NotComparable: "app store"}, "not comparable: app store"},
	} {
		if got := indexText(c.index); got != c.want {
			t.Errorf("%s: %q, want %q", sentence, got, c.want)
		}
	}
}
