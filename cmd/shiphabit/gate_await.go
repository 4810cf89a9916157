package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shiphabit/metrics/gate"
)

const (
	// openFor is how long the server is asked to hold a question open: what stands between cuts a connection that is silent for a minute.
	openFor = 25 * time.Second
	// openAgain is how soon it is asked to after it did not: it was being stopped, or had no room.
	openAgain = 10 * time.Second
)

// await waits for the time at which a hold is to be asked about again, or until the server has another answer. Whatever keeps it from
// listening only makes it wait: the question that follows tells.
func (c *gateCheck) await(ctx context.Context, ask client, held gate.Decision, until time.Time) error {
	for left := until.Sub(c.now()); left > 0; left = until.Sub(c.now()) {
		began, wait := c.now(), min(left, openFor)
		next, err := c.askOpen(ctx, ask, wait)
		var down unreachable
		var nobody noJobToken
		switch refused := err != nil && !errors.As(err, &down) && !errors.As(err, &nobody); {
		case ctx.Err() != nil:
			return ctx.Err()
		case refused: // as a server does that knows of no such wait
			return sleep(ctx, until.Sub(c.now()))
		case err == nil && (next.ID != held.ID || next.Verdict != gate.Hold):
			return nil
		}
		if began.Add(wait).Sub(c.now()) < time.Second {
			continue
		}
		if err := sleep(ctx, min(until.Sub(c.now()), openAgain)); err != nil {
			return err
		}
	}
	return nil
}

// askOpen asks the same once more, and lets the server answer when there is something else to say, or the wait is over.
func (c *gateCheck) askOpen(ctx context.Context, ask client, wait time.Duration) (d answeredDecision, err error) {
	if err := c.identify(ctx, &ask, c.server, c.job); err != nil {
		return d, err
	}
	key, err := c.key()
	if err != nil {
		return d, err
	}
	patient := *ask.http
	patient.Timeout = wait + gateTimeout
	ask.http = &patient
	seconds := max(1, int((wait+time.Second-1)/time.Second))
	err = ask.call(ctx, "POST", fmt.Sprintf("/api/v1/gate/decisions?wait=%d", seconds), key, c.request, &d)
	return d, err
}
