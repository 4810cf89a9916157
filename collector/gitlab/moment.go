package gitlab

import (
	"encoding/json"
	"fmt"
	"time"
)

// moment is a time as GitLab writes it: RFC 3339 in answers, and also "2021-04-28 21:50:00 +0200" and "2016-08-12 15:23:28 UTC" in hooks.
type moment struct{ time.Time }

// UnmarshalJSON reads a time; null and "" are no time.
func (m *moment) UnmarshalJSON(text []byte) error {
	var s *string
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%.40s is no time", text)
	}
	if s == nil || *s == "" {
		m.Time = time.Time{}
		return nil
	}
	for _, form := range forms() {
		if at, err := time.Parse(form, *s); err == nil {
			m.Time = at.UTC()
			return nil
		}
	}
	return fmt.Errorf("%.40q is no time", *s)
}

// forms are those that GitLab has been seen to send; one without a zone means UTC.
func forms() []string {
	return []string{time.RFC3339Nano, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 UTC", "2006-01-02T15:04:05.999999999-0700", "2006-01-02 15:04:05"}
}

// MarshalJSON writes RFC 3339, and null for no time.
func (m moment) MarshalJSON() ([]byte, error) {
	if m.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(m.Time)
}

// first is the first time that is stated.
func first(times ...moment) time.Time {
	for _, at := range times {
		if !at.IsZero() {
			return at.Time
		}
	}
	return time.Time{}
}
