package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
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
		Long: `Serves the gate on a database that bench load filled, over real connections of this machine, and has a process of its own ask it for
decisions about the services of the made-up organisation, each for a new artifact: closed loop (each connection asks again as soon as it is
answered) and open loop (so many a second, whatever the answers take; latencies count from when a request was due). Beside it, over the same
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
	f.IntVar(&b.stormers, "storm", 4, "connections that send events in the storm, a hundred at a time; 0 leaves it out")
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
	err = b.measure(ctx, "http://"+listener.Addr().String(), made)
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

// measured is one row of the table: as the process that asked measured it.
type measured struct {
	What                 string `json:"-"`
	Rate                 float64
	Median, P99, Longest time.Duration
	// Stored are the events that were sent beside.
	Stored int64
}

func (b *benchGate) measure(ctx context.Context, base string, made *organisation.Organisation) error {
	b.say("asking once about each of %d services", len(made.Services()))
	if err := newGateLoad(base, made, 1).warmUp(ctx); err != nil {
		return err
	}
	rows := [][]string{{"WHAT", "A SECOND", "MEDIAN", "P99", "LONGEST"}}
	ratios := ""
	for _, storm := range []int{0, b.stormers} {
		row, decision, err := b.both(ctx, base, storm)
		if err != nil {
			return err
		}
		weather, stored := "", int64(0)
		for i := range row {
			rows = append(rows, row[i].cells(), decision[i].cells())
			stored += row[i].Stored + decision[i].Stored
		}
		if storm > 0 {
			weather = ", storm"
			ratios += fmt.Sprintf("In the storm %.0f events a second were stored.\n", float64(stored)/(4*b.length.Seconds()))
		}
		ratios += fmt.Sprintf("Closed loop%s: %.2f of the one-row handler's rate (goal: at least 0.5).\n", weather, decision[0].Rate/row[0].Rate)
		ratios += fmt.Sprintf("Open loop at %d a second%s: p99 is %.2f times the one-row handler's (goal: at most 2).\n",
			b.rate, weather, float64(decision[1].P99)/float64(row[1].P99))
		if b.stormers == 0 {
			break
		}
	}
	if err := writeTable(b.out, rows); err != nil {
		return err
	}
	_, err := fmt.Fprint(b.out, ratios)
	return err
}

// both measures closed and open loop of both handlers, turn and turn about.
func (b *benchGate) both(ctx context.Context, base string, storm int) (row, decision []measured, err error) {
	weather := ""
	if storm > 0 {
		weather = ", storm"
	}
	for _, loop := range []struct {
		name string
		flag string
	}{
		{fmt.Sprintf("%d connections", b.connections), fmt.Sprintf("--connections=%d", b.connections)},
		{fmt.Sprintf("%d a second", b.rate), fmt.Sprintf("--rate=%d", b.rate)},
	} {
		for _, of := range []struct {
			name string
			flag string
			to   *[]measured
		}{{"one row", "--one-row", &row}, {"decision", "--one-row=false", &decision}} {
			end, err := b.startProfile(of.name + ", " + loop.name + weather)
			if err != nil {
				return nil, nil, err
			}
			m, err := b.ask(ctx, "--at="+base, loop.flag, of.flag, fmt.Sprintf("--storm=%d", storm))
			end()
			m.What = of.name + ", " + loop.name + weather
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", m.What, err)
			}
			*of.to = append(*of.to, m)
		}
	}
	return row, decision, nil
}

// ask has a process of its own ask the server: what asking costs is then not counted as the server's garbage.
func (b *benchGate) ask(ctx context.Context, flags ...string) (m measured, err error) {
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	flags = append(flags, fmt.Sprintf("--for=%s", b.length), fmt.Sprintf("--services=%d", b.size.Services), fmt.Sprintf("--seed=%d", b.size.Seed))
	child := exec.CommandContext(ctx, self, append([]string{"bench", "ask"}, flags...)...) // #nosec G204 -- it is this program
	child.Stderr = b.err
	said, err := child.Output()
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(said, &m)
}

// startProfile profiles the one measurement that is profiled.
func (b *benchGate) startProfile(of string) (end func(), err error) {
	if b.profile == "" || of != fmt.Sprintf("decision, %d connections", b.connections) {
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
	return []string{m.What, fmt.Sprintf("%.0f", m.Rate), milli(m.Median), milli(m.P99), milli(m.Longest)}
}
