package main

import (
	"net/http"

	"shiphabit/api"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// server stands the rooms of the house together: pages, API and gate over a database, under a configuration.
func (p *program) server(db *store.DB, settings config.Config, from *origin) (http.Handler, error) {
	definition := metrics.DORA()
	definition.WeekStart = settings.WeekStart
	return api.New(api.Options{
		Store:      serverStore{db},
		Kinds:      storeKinds(),
		Clock:      p.now,
		Logger:     p.logger(),
		Version:    release(),
		Zone:       settings.Zone(),
		Definition: definition,
		Calendar:   settings.Calendar,
		Policy:     settings.Policy,
		Questions:  settings.Questions,
		Floor:      settings.Floor,
		Thresholds: settings.Thresholds,
		TeamSize: func(name string) int {
			team, _ := settings.Team(name)
			return team.Size
		},
		RequireTokens: settings.RequireTokens,
	})
}
