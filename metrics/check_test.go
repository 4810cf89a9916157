package metrics_test

import (
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestAnEventMadeOfARecordIsHeldAgainstTheRulesOfALine(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	whole := metrics.Deployment{ID: "1", Repository: "shop", Environment: "production", Status: metrics.Succeeded, Revision: "abc", StartedAt: at, FinishedAt: at}
	for sentence, c := range map[string]struct {
		change func(*metrics.Deployment)
		field  string
	}{
		"a whole one":               {func(*metrics.Deployment) {}, ""},
		"without a revision":        {func(d *metrics.Deployment) { d.Revision = "" }, "revision"},
		"finished before its start": {func(d *metrics.Deployment) { d.FinishedAt = at.Add(-time.Second) }, "finished_at"},
		"with a status of a host":   {func(d *metrics.Deployment) { d.Status = "success" }, "status"},
	} {
		d := whole
		c.change(&d)
		e := metrics.NewEvent("host", d)
		e.UpdatedAt = at
		faults := metrics.Check(e)
		if (len(faults) > 0) != (c.field != "") || len(faults) > 0 && faults[0].Field != c.field {
			t.Errorf("%s: %v", sentence, faults)
		}
	}
}
