package collector

import (
	"bytes"

	"shiphabit/metrics"
)

// Revise adds an event that fills in or changes single fields of a record, in the order of its UpdatedAt, or sets its record aside where
// it breaks the rules. Hosts that tell of each step of a record by a message of its own know no more than the step.
func (p *Pushed) Revise(record string, e metrics.Event) {
	var line bytes.Buffer
	err := metrics.EncodeLine(&line, e)
	var faults []metrics.Fault
	if err == nil {
		faults, err = metrics.DecodeLines(&line, e.Source, func(read metrics.Event) error { e.Payload = read.Payload; return nil })
	}
	switch {
	case err != nil:
		p.SetAside = append(p.SetAside, SetAside{Record: record, Reason: err.Error()})
	case len(faults) > 0:
		p.SetAside = append(p.SetAside, asideFor(record, faults))
	default:
		p.Events = append(p.Events, e)
	}
}
