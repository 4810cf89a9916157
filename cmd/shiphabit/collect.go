package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/collector"
	"shiphabit/collector/git"
	"shiphabit/internal/config"
	"shiphabit/internal/jobs"
	"shiphabit/internal/store"
)

// collecting is one run of the command.
type collecting struct {
	*program
	database databaseFlags
	only     string
	since    string
	full     bool
	maxWait  time.Duration
}

func (p *program) collectCommand() *cobra.Command {
	c := collecting{program: p}
	command := &cobra.Command{
		Use:   "collect",
		Short: "Read the sources of the configuration once, now",
		Long: `Reads what is new in the sources that the configuration declares (docs/configuration.md), several at a time. 'serve' does the
same by itself, each source by its interval; both may run at once.
Ctrl-C stops it: what was read is saved, and the next reading goes on from there.

Exit code: 0 when every source was read to its end, 2 when one was not (the others are read all the same), 130 when it was stopped.`,
		Example: `  shiphabit collect --config shiphabit.yaml
  shiphabit collect --config shiphabit.yaml --source shop
  shiphabit collect --config shiphabit.yaml --source shop --since 2026-01-01`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return c.run(command.Context()) },
	}
	c.database.add(command)
	command.Flags().StringVar(&c.only, "source", "", "only this source")
	command.Flags().StringVar(&c.since, "since", "", "read again from this day on, like 2026-01-01, in place of the source's setting since")
	command.Flags().DurationVar(&c.maxWait, "max-wait", 5*time.Minute, "the longest pause that a host may ask for; a longer one ends the reading of its source with exit code 2")
	command.Flags().BoolVar(&c.full, "full", false, "read everything again from the start; what is stored already is not stored twice")
	return command
}

func (c *collecting) run(ctx context.Context) error {
	settings, err := c.configuration(c.database.config)
	if err != nil {
		return err
	}
	if err := c.needSources(ctx, settings); err != nil {
		return err
	}
	again, err := c.adjust(settings)
	if err != nil {
		return err
	}
	db, sources, err := c.openSources(ctx, c.database.db, settings, store.TakesOver)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for _, name := range again {
		if err := db.Restart(ctx, name); err != nil {
			return err
		}
	}
	sources = slices.DeleteFunc(sources, func(s collector.Source) bool { return c.only != "" && s.Name() != c.only })
	if len(sources) == 0 && c.only != "" {
		return usage("source %q is pushed by its host to /hooks/%s while 'serve' runs; there is nothing to read", c.only, url.PathEscape(c.only))
	}
	return c.all(ctx, db, sources)
}

// needSources says where the sources are that it misses: in a configuration that nobody named, where one is known.
func (c *collecting) needSources(ctx context.Context, settings config.Config) error {
	switch {
	case len(settings.Sources) > 0:
		return nil
	case settings.File != "":
		return usage("the configuration declares no sources; add one under 'sources', see docs/configuration.md")
	}
	dsn, err := c.databaseName(c.database.db, settings)
	if err != nil {
		return err
	}
	if !missing(dsn) {
		if err := store.Refused(ctx, dsn); err != nil {
			return sayKept(err)
		}
	}
	return usage("no configuration is named, and sources are declared in one: name it with --config (or SHIPHABIT_CONFIG), see docs/configuration.md")
}

// adjust checks the flags against the configuration, sets the day from which is read, and returns the sources to be read from the
// start.
func (c *collecting) adjust(settings config.Config) (again []string, err error) {
	if _, err := time.Parse(time.DateOnly, cmp.Or(c.since, "2000-01-01")); err != nil {
		return nil, usage("--since %q is no day; write it like 2026-01-31", c.since)
	}
	known := false
	for _, s := range settings.Sources {
		if c.only != "" && s.Name != c.only {
			continue
		}
		known = true
		dated := c.since != "" && config.Takes(s.Type, "since")
		if dated {
			s.Settings["since"] = []string{c.since}
		}
		if c.full || dated {
			again = append(again, s.Name)
		}
	}
	if !known {
		return nil, usage("--source %q is not among the sources of the configuration", c.only)
	}
	if c.since != "" && len(again) == 0 {
		return nil, usage("--since: none of these sources has a day at which its reading begins; --full reads them from the start")
	}
	return again, nil
}

// all reads the sources, several at a time.
func (c *collecting) all(ctx context.Context, db *store.DB, sources []collector.Source) error {
	board := c.newBoard()
	engine := collector.NewEngine()
	engine.Patience = c.maxWait
	reader := jobs.Reader{
		Store: pageStore{DB: db}, Clock: c.now, Logger: c.logger(), Engine: engine, Page: board.page, Waiting: board.waiting,
	}
	troubles := make([]error, len(sources))
	places := make(chan struct{}, jobs.Parallel)
	var reading sync.WaitGroup
	for i, source := range sources {
		reading.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			if ctx.Err() != nil {
				return
			}
			err := reader.Once(ctx, source)
			board.ended(source.Name(), err)
			var later *collector.Later
			switch {
			case errors.As(err, &later):
				troubles[i] = exitError{exitUsage, fmt.Errorf("source %s: its host asks to wait until %s; run it again then, or give it --max-wait", source.Name(), later.At.UTC().Format(time.RFC3339))}
			case err != nil:
				troubles[i] = exitError{exitUsage, fmt.Errorf("source %s: %w", source.Name(), err)}
			}
			if clone, ok := source.(*git.Source); ok && err == nil {
				c.tellClone(clone)
			}
		})
	}
	reading.Wait()
	board.close()
	if ctx.Err() != nil {
		return exitError{exitStopped, errors.New("stopped; what was read is saved, and the next reading goes on from there")}
	}
	return errors.Join(troubles...)
}

// tellClone says what was taken for deployments where that is not what was asked for, and what is odd about the clone.
func (c *collecting) tellClone(source *git.Source) {
	summary := source.Summary()
	if summary.Mode != git.Tags && summary.Mode != "" {
		c.say("%s: %s", printable(source.Name()), printable(summary.String()))
	}
	for _, warning := range summary.Warnings {
		c.say("%s: %s", printable(source.Name()), printable(warning))
	}
}

// collectLoop reads every source by its interval until the context ends, together with the other servers over the database.
func (p *program) collectLoop(ctx context.Context, db pageStore, settings config.Config, sources []collector.Source) {
	if len(sources) == 0 {
		return
	}
	pool, sqlite, err := db.Pool()
	if err != nil {
		p.logger().Error("reading the sources", slog.Any("error", err))
		return
	}
	every := map[string]time.Duration{}
	for _, s := range settings.Sources {
		every[s.Name] = cmp.Or(s.Span("every"), jobs.Every)
	}
	byName, names := map[string]collector.Source{}, make([]string, len(sources))
	for i, s := range sources {
		names[i], byName[s.Name()] = s.Name(), s
	}
	reader := jobs.NewReader(db, p.now, p.logger())
	queue := jobs.Queue{Pool: pool, SQLite: sqlite, Logger: p.logger(), Parallel: jobs.Parallel, Lease: jobs.Lease}
	for {
		err := queue.Run(ctx, names, func(ctx context.Context, name string) time.Time {
			return reader.Turn(ctx, byName[name], every[name])
		})
		if err != nil {
			p.logger().Error("reading the sources", slog.Any("error", err))
		}
		if sleep(ctx, queueAgain) != nil {
			return
		}
	}
}

// queueAgain is how soon the queue is started anew when the database did not let it start.
const queueAgain = 10 * time.Second
