package store

import (
	"slices"

	"shiphabit/metrics"
)

type serviceEvents struct {
	Service metrics.Service
	Events  []metrics.Event
}

func split(events []metrics.Event, rules metrics.Rules) []serviceEvents {
	by := map[string][]metrics.Event{}
	for _, e := range events {
		s, _ := scopeOf(e)
		name := s.service
		if name == "" {
			name = s.builtFrom
		}
		if e.Type == metrics.TypeDeployment && name != "" {
			by[name] = append(by[name], e)
		}
	}
	var out []serviceEvents
	for name, list := range by {
		out = append(out, serviceEvents{metrics.Service{Name: name, Tier: metrics.Standard}, list})
	}
	return out
}

func deriveFacts(s metrics.Service, events []metrics.Event, rules metrics.Rules) metrics.Facts {
	f := metrics.Facts{Service: s.Name}
	for _, e := range events {
		d, err := e.Deployment()
		if err != nil || d.FinishedAt.IsZero() {
			continue
		}
		r := metrics.Rollout{ID: e.Source + "/" + e.ID, Service: s.Name, Environment: d.Environment, EnvironmentKind: metrics.Production, Repository: d.Repository, Revision: d.Revision, StartedAt: d.StartedAt, FinishedAt: d.FinishedAt, SucceededAt: d.FinishedAt, Kind: metrics.Planned, Attempts: []string{e.Source + "/" + e.ID}, KnownAt: d.FinishedAt}
		f.Rollouts = append(f.Rollouts, r)
	}
	slices.SortFunc(f.Rollouts, func(a, b metrics.Rollout) int { return a.FinishedAt.Compare(b.FinishedAt) })
	return f
}
