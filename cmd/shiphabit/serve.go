package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/internal/store"
)

// defaultListen is where the server listens unless told otherwise.
const defaultListen = "127.0.0.1:8080"

func (p *program) serveCommand() *cobra.Command {
	var database databaseFlags
	var listen string
	var insecure bool
	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve the pages, the API and the release gate on the database",
		Long: `Serves pages and API on the database until it is told to stop (Ctrl-C or SIGTERM), and reads the sources of the
configuration: at the start, and then each by its interval. Servers over one PostgreSQL share that work.
On SIGHUP the configuration is read again; one with faults is refused, and the old one stays in force.
Without tokens required by the configuration it listens on loopback addresses only, because everybody who reaches it may read and write.`,
		Example: `  shiphabit serve
  shiphabit serve --config shiphabit.yaml --db postgres://shiphabit@db.internal/shiphabit --listen 127.0.0.1:9000`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s := &serving{program: p, file: database.config, insecure: insecure}
			return s.run(command.Context(), database.db, listen)
		},
	}
	database.add(command)
	command.Flags().StringVar(&listen, "listen", "", "address to listen on (default "+defaultListen+")")
	command.Flags().BoolVar(&insecure, "insecure", false, "listen beyond loopback though nobody has to log in")
	return command
}

// listen opens the address. Where anybody may do anything, only this machine may reach it.
func (p *program) listen(ctx context.Context, address string, open bool) (net.Listener, error) {
	if address == "" {
		address = defaultListen
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usage("--listen %q is no address: write it like 127.0.0.1:8080", address)
	}
	if !loopback(host) && !open {
		return nil, usage("%s can be reached from other machines and nobody has to log in: set require_tokens in the configuration, or say --insecure if that is meant", address)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, usage("%w; choose another address with --listen", err)
	}
	return listener, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// deriveEvery is how soon after an event its facts are derived, when nobody asks for them before.
const deriveEvery = 2 * time.Second

// deriveLoop derives what events have changed before anybody asks, until the context ends. What keeps it from that is told once and not each time.
func (p *program) deriveLoop(ctx context.Context, db *store.DB) {
	for last := ""; ; {
		last = p.tellDeriving(ctx, db.Refresh(ctx), last)
		if sleep(ctx, deriveEvery) != nil {
			return
		}
	}
}

// tellDeriving logs an error that is another one than the last, and its end. It returns the words of the error, "" without one.
func (p *program) tellDeriving(ctx context.Context, err error, last string) string {
	switch {
	case ctx.Err() != nil:
		return last
	case err == nil && last != "":
		p.logger().Warn("facts are derived again")
	case err != nil && err.Error() != last:
		p.logger().Error("facts cannot be derived, which is tried again every two seconds", slog.Any("error", err))
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

const (
	// checkpointEvery is how soon after a commit it is brought over from SQLite's write-ahead log while others follow: so little each time that the
	// disk, which has to write it all at once, is not busy with it for longer than a commit can wait.
	checkpointEvery = 25 * time.Millisecond
	// checkpointIdle is how soon after a commit that none came before.
	checkpointIdle = 250 * time.Millisecond
)

// checkpointLoop keeps commits from having to bring over what was committed before, until the context ends.
func (p *program) checkpointLoop(ctx context.Context, db *store.DB) {
	for pause := checkpointIdle; sleep(ctx, pause) == nil; {
		committed, err := db.Checkpoint(ctx)
		if err != nil && ctx.Err() == nil {
			p.logger().Debug("checkpoint", slog.Any("error", err)) // a commit does it when there is too much
		}
		pause = checkpointIdle
		if committed {
			pause = checkpointEvery
		}
	}
}

// garbageShare is how much garbage may gather before it is collected, in percent of what is in use: while it is collected decisions wait for a
// processor, so that a server does so half as often as Go would by itself. GOGC in the environment says otherwise.
const garbageShare = 200

// serveUntilDone serves until the context ends, then lets requests under way finish.
func (p *program) serveUntilDone(ctx context.Context, listener net.Listener, handler http.Handler) error {
	if p.env("GOGC") == "" {
		debug.SetGCPercent(garbageShare)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       5 * time.Minute,
		WriteTimeout:      5 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	p.say("stopping: requests under way may finish")
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(limit); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(fmt.Errorf("requests that had not ended after ten seconds were cut: %w", err), server.Close())
	}
	return nil
}
