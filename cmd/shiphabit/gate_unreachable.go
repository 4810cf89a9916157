package main

import (
	"errors"

	"shiphabit/metrics/gate"
)

// passes reports whether the change is of a kind that a missing gate must not stop.
func (c *gateCheck) passes() bool { return c.kind == "rollback" || c.kind == "fix" }

// shut reports whether an unreachable gate is a closed one.
func (c *gateCheck) shut(cache gateCache) bool {
	if c.closed == "policy" {
		return cache.Unreachable == "closed"
	}
	return c.closed == "closed"
}

// closes reports whether a gate that does not answer closes the promotion: no kept answer lets it go on.
func (c *gateCheck) closes(cache gateCache) bool {
	kept, unfit := cache.valid(c.request, c.serverNow(), c.known())
	return c.shut(cache) && !c.passes() && (unfit != nil || kept.Verdict.Stops())
}

// withoutServer answers for a gate that does not: a fix or rollback always passes; otherwise the last answer for this artifact
// counts while it is valid, and then what the caller or the policy says.
func (c *gateCheck) withoutServer(why error, cache gateCache) (checkFile, error) {
	answer := checkFile{Version: 1, Request: c.request, Source: "local", Note: why.Error()}
	decision, unfit := cache.valid(c.request, c.serverNow(), c.known())
	if unfit == nil && !c.passes() {
		answer.Decision, answer.Source = decision, "cache"
		return answer, nil
	}
	if !c.passes() && !errors.Is(unfit, errNoAnswer) {
		answer.Note += "; the last answer does not count: " + unfit.Error()
	}
	answer.Decision = gate.Decision{Verdict: gate.Allow, WouldBe: gate.Allow, Engine: engine()}
	gone := "The gate does not answer"
	if down := (unreachable{}); errors.As(why, &down) && down.said {
		gone = "The gate gives no decision"
	}
	switch {
	case c.passes():
		answer.Decision.Summary = gone + "; a " + c.kind + " goes on all the same."
	case c.shut(cache):
		answer.Decision.Verdict, answer.Decision.WouldBe = gate.Block, gate.Block
		answer.Decision.Summary = gone + ", and " + c.whoSays(cache) + " closes it then."
	default:
		answer.Decision.Verdict = gate.Warn
		answer.Decision.Summary = gone + "; " + c.whoSays(cache) + " lets the promotion go on, unjudged."
	}
	return answer, nil
}

// whoSays names what decides about a gate that does not answer.
func (c *gateCheck) whoSays(cache gateCache) string {
	switch {
	case c.closed != "policy":
		return "--unreachable or SHIPHABIT_UNREACHABLE (" + c.closed + ")"
	case cache.Unreachable != "":
		return "the policy of this service"
	default:
		return "the default, since this service was never asked for from here,"
	}
}
