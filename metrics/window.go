package metrics

import (
	"fmt"
	"time"
)

// defaultDays is the window of a question that names none: the last 90 days, today included, as pages have it.
const defaultDays = 90

// ParseWindow reads a window from two words: a date ("2026-03-01", midnight in the zone), an RFC 3339 time, or nothing.
// A missing end is now; a missing start is the start of the day by which the window holds 90 days, the one in which it ends included. Any other word, and a window that would be empty, is an error.
func ParseWindow(from, to string, now time.Time, zone *time.Location) (Window, error) {
	end, err := parseInstant("to", to, now, zone)
	if err != nil {
		return Window{}, err
	}
	start, err := parseInstant("from", from, (dayOf(end.Add(-time.Nanosecond), zone) + 1 - defaultDays).start(zone), zone)
	if err != nil {
		return Window{}, err
	}
	if !start.Before(end) {
		return Window{}, fmt.Errorf("from %s is not before to %s: a window holds its start and not its end", start.Format(time.RFC3339), end.Format(time.RFC3339))
	}
	return Window{From: start, To: end}, nil
}

func parseInstant(name, word string, otherwise time.Time, zone *time.Location) (time.Time, error) {
	if word == "" {
		return otherwise, nil
	}
	if at, err := time.ParseInLocation(time.DateOnly, word, zone); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, word)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s %q is neither a date like 2026-03-01 nor a time like 2026-03-01T09:00:00Z", name, word)
	}
	return at, nil
}
