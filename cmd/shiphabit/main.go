// Command shiphabit tells whether deployment is still a stressful event in an organisation or has become a habit.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() { os.Exit(start(time.Now)) }

// start runs the program as a process, by a clock.
func start(clock func() time.Time) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], program{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv, clock: clock, terminal: isTerminal(os.Stderr)})
}
