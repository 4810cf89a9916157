package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/internal/organisation"
	"shiphabit/internal/store"
)

// benchGate measures decisions against the least that anything which is kept can cost: a handler that commits one row.
type benchGate struct {
	*program
	database    databaseFlags
	size        sizeFlags
	connections int
	rate        int
	length      time.Duration
	stormers    int
	profile     string
}

func (p *program) benchGateCommand() *cobra.Command {
	b := benchGate{program: p}
	command := &cobra.Command{
		Use:   "gate",
		Short: "Hold the gate's decisions against a handler that commits one row, at rest and in a storm of events",
		Long: `Serves the gate on a database that bench load filled, over real connections of this machine, and asks it for decisions about
the services of the made-up organisation, each for a new artifact: closed loop (each connection asks again as soon as it is answered)
and open loop (so many a second, whatever the answers take; latencies count from when a request was due). Beside it, over the same
server and database, a handler that only commits one row. Then both once more while events are sent as fast as they are taken.
Decisions and events are stored: measure on a copy. Give the flags of the size that were given when the database was filled.`,
		Example: "  shiphabit bench gate --db bench.db --config bench.yaml --deployments 200000 --services 1000",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			made, err := b.size.organisation()
			if err != nil {
				return err
			}
			if b.connections < 1 || b.rate < 1 || b.length <= 0 {
				return usage("--connections, --rate and --for need numbers above 0")
			}
			return b.run(command.Context(), made)
		},
	}
	b.database.add(command)
	b.size.add(command)
	f := command.Flags()
	f.IntVar(&b.connections, "connections", 64, "connections of the closed loop")
	f.IntVar(&b.rate, "rate", 1000, "requests a second of the open loop")
	f.DurationVar(&b.length, "for", 10*time.Second, "how long each measurement takes")
	f.IntVar(&b.stormers, "storm", 4, "connections that send events in the storm, a hundred at a time")
	f.StringVar(&b.profile, "profile", "", "file for a profile of the processor's time while decisions are made in a closed loop, at rest")
	return command
}

func (b *benchGate) run(ctx context.Context, made *organisation.Organisation) error {
	settings, err := b.configuration(b.database.config)
	if err != nil {
		return err
	}
	db, err := b.openExisting(ctx, b.database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := db.MakeOneRow(ctx); err != nil {
		return err
	}
	server, err := b.program.server(db, settings, nil, nil)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", server)
	mux.Handle("/one-row", oneRow(db))
	listener, err := b.listen(ctx, "127.0.0.1:0", false)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- b.serveUntilDone(serving, listener, mux) }()
	var background sync.WaitGroup
	background.Go(func() { b.deriveLoop(serving, db) }) // as in serve
	background.Go(func() { b.checkpointLoop(serving, db) })
	defer background.Wait()
	load := newGateLoad("http://"+listener.Addr().String(), made, b.connections+b.stormers)
	err = b.measure(ctx, load)
	stop()
	return errors.Join(err, <-ended)
}

// oneRow is a handler that does nothing but commit what it is sent.
func oneRow(db *store.DB) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = db.OneRow(r.Context(), string(body))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"stored":true}`)
	})
}

// measured is one row of the table.
type measured struct {
	what string
	took latencies
	rate float64
}

func (b *benchGate) measure(ctx context.Context, load *gateLoad) error {
	b.say("asking once about each of %d services", len(load.services))
	if err := load.warmUp(ctx); err != nil {
		return err
	}
	rows := [][]string{{"WHAT", "A SECOND", "MEDIAN", "P99", "LONGEST"}}
	ratios := ""
	for _, weather := range []string{"", ", storm"} {
		storm := load.storm(ctx, b.stormers, weather != "")
		row, decision, err := b.both(ctx, load, weather)
		if sent := storm(); sent > 0 {
			ratios += fmt.Sprintf("In the storm %.0f events a second were stored.\n", float64(sent)/(4*b.length.Seconds()))
		}
		if err != nil {
			return err
		}
		for i := range row {
			rows = append(rows, row[i].cells(), decision[i].cells())
		}
		ratios += fmt.Sprintf("Closed loop%s: %.2f of the one-row handler's rate (goal: at least 0.5).\n", weather, decision[0].rate/row[0].rate)
		ratios += fmt.Sprintf("Open loop at %d a second%s: p99 is %.2f times the one-row handler's (goal: at most 2).\n",
			b.rate, weather, float64(decision[1].took.share(0.99))/float64(row[1].took.share(0.99)))
	}
	if err := writeTable(b.out, rows); err != nil {
		return err
	}
	_, err := fmt.Fprint(b.out, ratios)
	return err
}

// both measures closed and open loop of both handlers, turn and turn about.
func (b *benchGate) both(ctx context.Context, load *gateLoad, weather string) (row, decision []measured, err error) {
	for _, loop := range []struct {
		name string
		run  func(context.Context, request) (latencies, error)
	}{
		{fmt.Sprintf("%d connections", b.connections), func(ctx context.Context, r request) (latencies, error) {
			return load.closed(ctx, r, b.connections, b.length)
		}},
		{fmt.Sprintf("%d a second", b.rate), func(ctx context.Context, r request) (latencies, error) {
			return load.open(ctx, r, b.rate, b.length)
		}},
	} {
		for _, of := range []struct {
			name string
			ask  request
			to   *[]measured
		}{{"one row", load.row, &row}, {"decision", load.decision, &decision}} {
			end, err := b.startProfile(loop.name + of.name + weather)
			if err != nil {
				return nil, nil, err
			}
			began := b.now()
			took, err := loop.run(ctx, of.ask)
			rate := float64(len(took)) / b.now().Sub(began).Seconds()
			end()
			if err != nil {
				return nil, nil, fmt.Errorf("%s, %s%s: %w", of.name, loop.name, weather, err)
			}
			*of.to = append(*of.to, measured{of.name + ", " + loop.name + weather, took, rate})
		}
	}
	return row, decision, nil
}

// startProfile profiles the one measurement that is profiled.
func (b *benchGate) startProfile(of string) (end func(), err error) {
	if b.profile == "" || of != fmt.Sprintf("%d connectionsdecision", b.connections) {
		return func() {}, nil
	}
	file, err := os.Create(b.profile)
	if err != nil {
		return nil, usage("%w; name another file with --profile", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close()
	}, nil
}

func (m measured) cells() []string {
	return []string{m.what, fmt.Sprintf("%.0f", m.rate), milli(m.took.share(0.5)), milli(m.took.share(0.99)), milli(m.took.share(1))}
}
