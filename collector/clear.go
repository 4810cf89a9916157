package collector

import (
	"encoding/json"

	"shiphabit/metrics"
)

// Clear states of a field that it holds nothing any longer: a reopened incident has no resolved_at, and leaving the field out would keep
// what an earlier revision said.
func Clear(e metrics.Event, field string) metrics.Event {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(e.Payload, &fields) != nil {
		return e
	}
	fields[field] = json.RawMessage("null")
	if text, err := json.Marshal(fields); err == nil {
		e.Payload = text
	}
	return e
}
