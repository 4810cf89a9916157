package metrics

import (
	"testing"
	"time"
)

func TestAWindowIsReadFromWords(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for sentence, c := range map[string]struct{ from, to, wantFrom, wantTo string }{
		"nothing is 90 days, today so far among them": {"", "", "2026-01-01T23:00:00Z", "2026-04-01T12:00:00Z"},
		"a date is midnight in the zone":              {"2026-03-01", "", "2026-02-28T23:00:00Z", "2026-04-01T12:00:00Z"},
		"a date after the clocks changed":             {"2026-03-01", "2026-03-30", "2026-02-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		"a time keeps its own offset":                 {"2026-03-01T00:00:00+05:30", "", "2026-02-28T18:30:00Z", "2026-04-01T12:00:00Z"},
		"an end alone starts 90 days before it":       {"", "2026-03-01", "2025-11-30T23:00:00Z", "2026-02-28T23:00:00Z"},
		"an empty window is refused":                  {"2026-03-01", "2026-03-01", "", ""},
		"words that are no time are refused":          {"yesterday", "", "", ""},
		"an end before the start is refused":          {"2026-03-02", "2026-03-01", "", ""},
		"a day that the calendar lacks is refused":    {"2026-02-30", "", "", ""},
	} {
		got, err := ParseWindow(c.from, c.to, now, berlin)
		if c.wantFrom == "" {
			if err == nil {
				t.Errorf("%s: got %v", sentence, got)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", sentence, err)
			continue
		}
		if from, to := got.From.UTC().Format(time.RFC3339), got.To.UTC().Format(time.RFC3339); from != c.wantFrom || to != c.wantTo {
			t.Errorf("%s: got %s to %s, want %s to %s", sentence, from, to, c.wantFrom, c.wantTo)
		}
	}
}
