package main

import (
	"context"
	"time"

	"shiphabit/metrics/gate"
	"shiphabit/metrics/gate/attest"
)

// clockTold is how far two clocks may differ before somebody is told.
const clockTold = 30 * time.Second

// learn keeps what an answer tells of the server: how far its clock is ahead, and its keys when they are not those that signed. The
// keys are asked for once and after a rotation; a server that does not say them is no fault of the check.
func (c *gateCheck) learn(ctx context.Context, ask client, d gate.Decision) {
	c.memory.AheadSeconds = int64(ask.clock.ahead / time.Second)
	if ask.clock.ahead.Abs() >= clockTold {
		c.say("the clock of this machine differs from the server's by %s; times of the gate are read by the server's", ask.clock.ahead.Abs())
	}
	_, err := attest.Open(d.Token, c.memory.keys(), c.serverNow())
	unknown := d.Token != "" && err != nil
	ended := d.Token == "" && len(c.memory.keys()) > 0
	if unknown || ended {
		_ = c.memory.learnKeys(ctx, ask)
	}
	c.memory.keep()
}

// serverNow is the time as the server has it, by its last answer.
func (c *gateCheck) serverNow() time.Time { return c.now().Add(c.memory.ahead()) }

// known are the keys that a kept verdict must be signed by: those that the caller names, else those the server published last. None
// where the server signs nothing.
func (c *gateCheck) known() attest.Keys {
	if c.keys != "" {
		return c.pinned
	}
	return c.memory.keys()
}
