package gate

import (
	"bytes"
	"fmt"
)

// Replay decides a logged decision again from the policy and the snapshot kept with it. Same tells whether everything but
// id, engine, token and the mark of an unlogged decision comes out as the same bytes.
func Replay(l Logged) (d Decision, same bool, err error) {
	p, err := ParsePolicy(l.PolicyDoc)
	if err != nil {
		return Decision{}, false, fmt.Errorf("read the logged policy: %w", err)
	}
	d = Decide(p, l.Snapshot, l.Request)
	again, err := bare(d)
	if err != nil {
		return d, false, fmt.Errorf("write the decision made again: %w", err)
	}
	then, err := bare(l.Decision)
	if err != nil {
		return d, false, fmt.Errorf("write the logged decision: %w", err)
	}
	d.ID, d.Engine, d.Unlogged = l.ID, l.Engine, l.Unlogged
	return d, bytes.Equal(again, then), nil
}

// bare is a decision as canonical JSON without what is set by whoever logs it.
func bare(d Decision) ([]byte, error) {
	d.ID, d.Engine, d.Unlogged, d.Token = "", "", false, ""
	return Canonical(d)
}
