package main

import (
	"context"
	"slices"

	"shiphabit/collector"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// openSources opens the database under the rules that every command uses, and makes the sources of the configuration. Folders
// of a monorepo that a source names are services, unless the configuration declares services of those names itself. A source
// that cannot be made, because its clone is gone say, stands in the list all the same and says why when it is read.
func (p *program) openSources(ctx context.Context, dsn string, settings config.Config, unnamed store.Unnamed) (*store.DB, []collector.Source, error) {
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
	db, err := p.openStore(ctx, dsn, settings, store.Options{Rules: rules, Unnamed: unnamed})
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
