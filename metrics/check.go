package metrics

import "bytes"

// Check says what is wrong with an event, by the rules of DecodeLines; nothing when all is well. Required fields are required even of
// an event that states its order.
func Check(e Event) []Fault {
	var line bytes.Buffer
	if err := EncodeLine(&line, Event{Key: e.Key, Payload: e.Payload}); err != nil {
		return []Fault{{Problem: err.Error()}}
	}
	_, faults := decodeLine(line.Bytes(), e.Source)
	return faults
}
