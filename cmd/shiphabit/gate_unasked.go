package main

import (
	"context"
	"crypto/rand"
	"errors"

	"shiphabit/metrics/gate"
)

// noteUnasked keeps what was decided without a server, in the answer and in the cache, until one can be told.
func (c *gateCheck) noteUnasked(answer *checkFile, cache *gateCache) {
	answer.Unasked = &gate.Unasked{
		ID: rand.Text(), At: c.serverNow().UTC(), Service: c.request.Service, Environment: c.request.Environment, Kind: c.kind,
		Verdict: answer.Decision.Verdict, By: answer.Source, Run: c.request.Run,
	}
	cache.remember(*answer.Unasked)
}

// tellUnasked tells the server what was decided without it, and returns what it has not heard. It is asked for a verdict and not for this: what
// it refuses is not told again, and nothing of it is a failure.
func (p *program) tellUnasked(ctx context.Context, ask client, list []gate.Unasked) (untold []gate.Unasked) {
	for i, one := range list {
		err := ask.call(ctx, "POST", "/api/v1/gate/unasked", nil, one, nil)
		if errors.As(err, new(unreachable)) {
			return list[i:]
		}
	}
	return nil
}
