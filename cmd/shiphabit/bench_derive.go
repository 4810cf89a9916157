package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"shiphabit/internal/organisation"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

func (p *program) benchDeriveCommand() *cobra.Command {
	var database databaseFlags
	command := &cobra.Command{
		Use:   "derive",
		Short: "Derive again what is out of date, and say how long it took",
		Long: `Derives the facts that are out of date. Under a configuration with other rules than those that the facts were derived
by, that is all of them. Killed and called again, it goes on.`,
		Example: "  shiphabit bench derive --db bench.db --config other-rules.yaml",
		Args:    cobra.NoArgs,
		RunE: onDatabase(p.openExisting, &database, func(ctx context.Context, db *store.DB, _ []string) error {
			var last store.Progress
			began, show := p.now(), p.tellProgress()
			err := db.RefreshTelling(ctx, func(s store.Progress) { last = s; show(s) })
			if err != nil {
				return err
			}
			if last.Services == 0 {
				p.say("Nothing is out of date.")
				return nil
			}
			benchLoad{program: p, db: db, deployments: max(1, last.Rollouts)}.report("derived", fmt.Sprintf("%d rollouts", last.Rollouts), p.now().Sub(began))
			return nil
		}),
	}
	database.add(command)
	return command
}

func (p *program) benchFactsCommand() *cobra.Command {
	var database databaseFlags
	var size sizeFlags
	command := &cobra.Command{
		Use:   "facts",
		Short: "Store the facts and tallies of an organisation without its events",
		Long: `Derives the facts of a made-up organisation in memory and stores them with their tallies, but not the events: a database to
ask questions of that takes a fifth of the room. Killed and called again, it makes everything up again and stores what is not
stored.`,
		Example: "  shiphabit bench facts --db bench.db --deployments 10000000",
		Args:    cobra.NoArgs,
		RunE: onDatabase(p.openDatabase, &database, func(ctx context.Context, db *store.DB, _ []string) error {
			made, err := size.organisation()
			if err != nil {
				return err
			}
			b := benchLoad{program: p, db: db, deployments: size.Deployments}
			began := p.now()
			if err := b.keepFacts(ctx, made); err != nil {
				return err
			}
			b.report("made up, derived and stored", fmt.Sprintf("%d deployments", size.Deployments), p.now().Sub(began))
			began = p.now()
			if err := db.Refresh(ctx); err != nil {
				return err
			}
			b.report("added up", fmt.Sprintf("%d deployments", size.Deployments), p.now().Sub(began))
			return b.reportSize(ctx)
		}),
	}
	database.add(command)
	size.add(command)
	return command
}

// servicesAtOnce are derived and stored together.
const servicesAtOnce = 10

// keepFacts derives and stores services on all processors.
func (l benchLoad) keepFacts(ctx context.Context, made *organisation.Organisation) error {
	var next atomic.Int64
	var workers sync.WaitGroup
	faults := make([]error, runtime.GOMAXPROCS(0))
	total := len(made.Services())
	for w := range faults {
		workers.Go(func() {
			for faults[w] == nil {
				first := int(next.Add(servicesAtOnce)) - servicesAtOnce
				if first >= total {
					return
				}
				var events []metrics.Event
				for i := first; i < min(first+servicesAtOnce, total); i++ {
					events = slices.AppendSeq(events, made.EventsOf(i))
				}
				faults[w] = l.db.KeepFacts(ctx, events)
			}
		})
	}
	workers.Wait()
	return errors.Join(faults...)
}
