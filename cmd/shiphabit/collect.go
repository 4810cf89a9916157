package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/collector"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// collectEvery is how often a server reads its sources.
const collectEvery = 5 * time.Minute

func (p *program) collectCommand() *cobra.Command {
	var database databaseFlags
	var only string
	command := &cobra.Command{
		Use:     "collect",
		Short:   "Read the sources of the configuration once, now",
		Long:    "Reads what is new in the sources that the configuration declares (docs/configuration.md), one after the other. 'serve' does the same every five minutes.",
		Example: "  shiphabit collect --config shiphabit.yaml\n  shiphabit collect --config shiphabit.yaml --source shop",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings, err := p.configuration(database.config)
			if err != nil {
				return err
			}
			if len(settings.Sources) == 0 {
				return usage("the configuration declares no sources; add one under 'sources', see docs/configuration.md")
			}
			if only != "" && !slices.ContainsFunc(settings.Sources, func(s config.Source) bool { return s.Name == only }) {
				return usage("--source %q is not among the sources of the configuration", only)
			}
			db, sources, err := p.openSources(command.Context(), database.db, settings)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			if only != "" && !slices.ContainsFunc(sources, func(s collector.Source) bool { return s.Name() == only }) {
				p.say("%s: nothing to read, its host pushes to /hooks/%s", printable(only), printable(only))
			}
			var trouble error
			if only != "" && !slices.ContainsFunc(sources, func(s collector.Source) bool { return s.Name() == only }) {
				return usage("source %q is pushed by its host to /hooks/%s while 'serve' runs; there is nothing to read", only, url.PathEscape(only))
			}
			for _, source := range sources {
				if only == "" || source.Name() == only {
					trouble = errors.Join(trouble, p.collectOne(command.Context(), db, source))
				}
			}
			return trouble
		},
	}
	database.add(command)
	command.Flags().StringVar(&only, "source", "", "only this source")
	return command
}

// openSources opens the database under the rules that every command uses, and makes the sources of the configuration. Folders
// of a monorepo that a source names are services, unless the configuration declares services of those names itself. A source
// that cannot be made, because its clone is gone say, stands in the list all the same and says why when it is read.
func (p *program) openSources(ctx context.Context, dsn string, settings config.Config) (*store.DB, []collector.Source, error) {
	rules, sources := settings.Rules(), []collector.Source{}
	for _, declared := range settings.Sources {
		source, services, err := p.source(ctx, declared)
		if err != nil {
			source = brokenSource{declared.Name, err}
		}
		if source != nil {
			sources = append(sources, source)
		}
		for _, service := range services {
			rules.SkipUnchanged = true // a plain tag releases every service of a monorepo, touched or not
			if !slices.ContainsFunc(rules.Services, func(s metrics.Service) bool { return s.Name == service.Name }) {
				rules.Services = append(rules.Services, service)
			}
		}
	}
	db, err := p.openStore(ctx, dsn, settings, rules)
	if err != nil {
		return nil, nil, err
	}
	return db, append(sources, p.sourcesOver(db, settings.Sources)...), nil // last: they look at what the others brought
}

// brokenSource is a source that cannot be read at all.
type brokenSource struct {
	name string
	why  error
}

func (b brokenSource) Name() string { return b.name }

// Pull says why there is nothing to pull.
func (b brokenSource) Pull(context.Context, string) (collector.Page, error) {
	return collector.Page{}, b.why
}

// collectOne reads one source to its end and notes how it went.
func (p *program) collectOne(ctx context.Context, db *store.DB, source collector.Source) error {
	events := 0
	err := collector.NewEngine().Run(ctx, source, pageStore{db}, func(page collector.Page) { events += len(page.Events) })
	if err != nil {
		return exitError{exitUsage, fmt.Errorf("source %s: %w", source.Name(), err)}
	}
	p.say("%s: %d events read", printable(source.Name()), events)
	return nil
}

// collectLoop reads every source again and again until the context ends. One source's trouble is written down and does not
// keep the others waiting.
func (p *program) collectLoop(ctx context.Context, db *store.DB, sources []collector.Source) {
	for {
		for _, source := range sources {
			if err := p.collectOne(ctx, db, source); err != nil && ctx.Err() == nil {
				p.logger().Warn("a source cannot be read", slog.String("source", source.Name()), slog.Any("error", err))
			}
		}
		if sleep(ctx, collectEvery) != nil {
			return
		}
	}
}
