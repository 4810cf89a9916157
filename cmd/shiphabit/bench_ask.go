package main

import (
	"context"
	"encoding/json"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// benchAsk is the other side of bench gate: what asks the server.
type benchAsk struct {
	*program
	at          string
	oneRow      bool
	connections int
	rate        int
	stormers    int
	length      time.Duration
}

// warmth is how long a server is asked before it counts: until then connections are made.
const warmth = 500 * time.Millisecond

func (p *program) benchAskCommand() *cobra.Command {
	a := benchAsk{program: p}
	var size sizeFlags
	command := &cobra.Command{
		Use:     "ask",
		Short:   "Ask a server of bench gate, and tell what that took as JSON, durations in nanoseconds",
		Long:    "Asks a server that bench gate serves: so many connections that ask again as soon as they are answered or, with --rate, so many a second.",
		Example: "  shiphabit bench ask --at http://127.0.0.1:7070 --rate 1000 --services 1000",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			made, err := size.organisation()
			if err != nil {
				return err
			}
			debug.SetGCPercent(400) // what measures should not stand in the way of what is measured
			return a.run(command.Context(), newGateLoad(a.at, made, a.connections+a.stormers))
		},
	}
	size.add(command)
	f := command.Flags()
	f.StringVar(&a.at, "at", "", "address of the server")
	f.BoolVar(&a.oneRow, "one-row", false, "ask the handler that commits one row")
	f.IntVar(&a.connections, "connections", 64, "connections of the closed loop")
	f.IntVar(&a.rate, "rate", 0, "so many requests a second in place of the closed loop")
	f.IntVar(&a.stormers, "storm", 0, "connections that send events meanwhile")
	f.DurationVar(&a.length, "for", 10*time.Second, "how long it takes")
	return command
}

func (a *benchAsk) run(ctx context.Context, load *gateLoad) error {
	ask := load.decision
	if a.oneRow {
		ask = load.row
	}
	loop := func(length time.Duration) (latencies, error) {
		if a.rate > 0 {
			return load.open(ctx, ask, a.rate, length)
		}
		return load.closed(ctx, ask, a.connections, length)
	}
	end := load.storm(ctx, a.stormers)
	_, err := loop(warmth)
	if err != nil {
		return err
	}
	began, before := a.now(), load.stored.Load()
	took, err := loop(a.length)
	m := measured{
		Rate: float64(len(took)) / a.now().Sub(began).Seconds(), Stored: load.stored.Load() - before,
		Median: took.share(0.5), P99: took.share(0.99), Longest: took.share(1),
	}
	end()
	if err != nil {
		return err
	}
	return json.NewEncoder(a.out).Encode(m)
}
