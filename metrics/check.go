package metrics

import "bytes"

// Check says what is wrong with an event, by the rules of DecodeLines; nothing when all is well. Required fields are required even of
// an event that states its order.
func Check(e Event) []Fault {
	_, faults := Checked(e)
	return faults
}

// Checked is an event as DecodeLines would read it, with what Check says of it.
func Checked(e Event) (Event, []Fault) {
	var line bytes.Buffer
	if err := EncodeLine(&line, Event{Key: e.Key, Payload: e.Payload}); err != nil {
		return e, []Fault{{Problem: err.Error()}}
	}
	read, faults := decodeLine(line.Bytes(), e.Source)
	if len(faults) == 0 {
		e.Payload = read.Payload
	}
	return e, faults
}
