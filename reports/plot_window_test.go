package reports

import (
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestAPictureBeginsWhereTheRecordDoes(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	to := time.Date(2026, 3, 20, 15, 0, 0, 0, vienna)
	w := metrics.Window{From: time.Date(2025, 12, 21, 0, 0, 0, 0, vienna), To: to}
	for name, c := range map[string]struct {
		began time.Time
		want  string
	}{
		"nothing is recorded":           {time.Time{}, "2025-12-21 00:00"},
		"before the window":             {to.AddDate(-1, 0, 0), "2025-12-21 00:00"},
		"on its first day":              {time.Date(2025, 12, 21, 9, 0, 0, 0, vienna), "2025-12-21 00:00"},
		"a week ago":                    {to.AddDate(0, 0, -7), "2026-03-13 00:00"},
		"by the day of the zone":        {time.Date(2026, 3, 12, 23, 30, 0, 0, time.UTC), "2026-03-13 00:00"},
		"an hour ago: three days":       {to.Add(-time.Hour), "2026-03-17 00:00"},
		"after the window: three days":  {to.AddDate(0, 0, 9), "2026-03-17 00:00"},
		"three days and a bit: its own": {to.AddDate(0, 0, -3).Add(-time.Hour), "2026-03-17 00:00"},
	} {
		got := sinceRecord(w, c.began)
		if from := got.From.Format("2006-01-02 15:04"); from != c.want || !got.To.Equal(to) || got.From.Location() != vienna {
			t.Errorf("%s: from %s, want %s", name, from, c.want)
		}
	}
	day := metrics.Window{From: to.Add(-24 * time.Hour), To: to}
	if got := sinceRecord(day, to.Add(-time.Hour)); got != day {
		t.Errorf("a window of a day grew to %v", got)
	}
}

func TestTheRecordOfProductionBeginsWithItsFirstDeploymentOrIncident(t *testing.T) {
	t.Parallel()
	at := func(day int) time.Time { return time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC) }
	f := metrics.Facts{Since: at(1)}
	if began := RecordBegan(f); !began.IsZero() {
		t.Errorf("changes alone are no record: %v", began)
	}
	f.Rollouts = []metrics.Rollout{{EnvironmentKind: metrics.Staging, FinishedAt: at(2)}, {EnvironmentKind: metrics.Production, FinishedAt: at(9)}, {EnvironmentKind: metrics.Production, FinishedAt: at(11)}}
	if began := RecordBegan(f); !began.Equal(at(9)) {
		t.Errorf("it begins on %v", began)
	}
	f.Incidents = []metrics.IncidentLink{{EnvironmentKind: metrics.Staging, Incident: metrics.Incident{StartedAt: at(3)}}, {EnvironmentKind: metrics.Production, Incident: metrics.Incident{StartedAt: at(5)}}}
	if began := RecordBegan(f); !began.Equal(at(5)) {
		t.Errorf("it begins on %v", began)
	}
}
