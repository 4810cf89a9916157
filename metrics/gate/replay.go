package gate

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
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

// WhatDiffers names what differs between two decisions about the same: criteria by their names, other parts by their keys.
func WhatDiffers(then, now Decision) []string {
	differ := []string{}
	parts := func(d Decision) map[string]any {
		d.ID, d.Engine, d.Unlogged, d.Token = "", "", false, ""
		byName := map[string]any{
			"verdict": d.Verdict, "would_be": d.WouldBe, "mode": d.Mode, "kind": d.Kind, "summary": d.Summary, "policy": d.Policy, "input": d.Input,
			"valid_until": d.ValidUntil, "ask_again_after": d.AskAgainAfter, "unreachable": d.Unreachable, "override": d.Override, "probe": d.Probe,
		}
		for _, r := range d.Reasons {
			byName["criterion "+r.Criterion] = r
		}
		return byName
	}
	a, b := parts(then), parts(now)
	for name := range a {
		if _, both := b[name]; !both {
			b[name] = nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		x, xErr := Canonical(a[name])
		y, yErr := Canonical(b[name])
		if xErr != nil || yErr != nil || !bytes.Equal(x, y) {
			differ = append(differ, name)
		}
	}
	return differ
}
