package main

import (
	"context"
	"slices"
	"time"

	"shiphabit/api"
	"shiphabit/internal/config"
	"shiphabit/internal/identity"
	"shiphabit/internal/paper"
	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
	"shiphabit/reports"
)

// server stands the rooms of the house together: pages, API and gate over a database, under a configuration.
func (p *program) server(db *store.DB, settings config.Config, from *origin, verifier *identity.Verifier) (*api.Server, error) {
	definition := metrics.DORA()
	definition.WeekStart = settings.WeekStart
	site, err := reports.New(release())
	if err != nil {
		return nil, err
	}
	protectors, canaries, err := p.protected(settings)
	if err != nil {
		return nil, err
	}
	told, err := notifierOf(settings)
	if err != nil {
		return nil, err
	}
	options := api.Options{
		Store:       serverStore{db},
		Kinds:       storeKinds(),
		Clock:       p.now,
		Logger:      p.logger(),
		Version:     release(),
		Zone:        settings.Zone(),
		Definition:  definition,
		KindOf:      settings.Rules().KindOf,
		Recognises:  settings.Rules().Recognises,
		Definitions: settings.Definitions,
		Calendar:    settings.Calendar,
		Policy:      settings.Policy,
		Roles:       settings.RolesOf,
		Amend:       settings.Amend,
		Freezes:     settings.Freezes,
		Signing:     settings.Signing,
		Questions:   settings.Questions,
		Floor:       settings.Floor,
		Thresholds:  settings.Thresholds,
		Readiness:   settings.Readiness,
		RollbackHook: func(service string) bool {
			return slices.ContainsFunc(settings.Services, func(s config.Service) bool { return s.Name == service && s.Rollback != nil })
		},
		TeamSize: func(name string) int {
			team, _ := settings.Team(name)
			return team.Size
		},
		RequireTokens: settings.RequireTokens,
		Hosts:         settings.Hosts,
		Notifier:      told,
		PublicURL:     settings.Notify.PublicURL,
		Site:          site,
		Print:         paper.Print,
		Hooks:         hooksOf(settings),
		Protectors:    protectors,
		Canaries:      canaries,
		Exposed:       api.Exposed(settings.Exposition),
	}
	if verifier != nil {
		options.Jobs = jobTokens{verifier}
	}
	if from == nil {
		options.RolesGone = func(ctx context.Context) ([]doctor.Role, error) { return rolesGone(ctx, db, settings, p.now()) }
		options.Declared, options.Configured = declaredSources(settings), configured(settings)
	} else {
		options.Reading = func(context.Context) (api.Reading, error) { return from.reading, nil }
		options.AssessPath = from.assessPath
		site.Mark(from.mark)
		if from.clock != nil {
			options.Clock = from.clock
		}
	}
	return api.New(options)
}

// origin tells the pages what was read and where the questions are answered, where that is known from the start.
type origin struct {
	reading    api.Reading
	assessPath string
	// mark stands on every page; empty for none. clock is in place of the program's where it is set.
	mark  string
	clock func() time.Time
}
