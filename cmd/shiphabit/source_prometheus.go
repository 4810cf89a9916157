package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/prometheus"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// overPrometheus watches the deployments that are stored.
func (p *program) overPrometheus(s config.Source, db *store.DB) (collector.Source, error) {
	o, err := p.watchOptions(s, db)
	if err != nil {
		return nil, err
	}
	return prometheus.New(o)
}

func (p *program) watchOptions(s config.Source, db *store.DB) (prometheus.Options, error) {
	client, err := collector.NewClient(p.host(s, "", "leave to query (GET /api/v1/query_range)", authorization(s)))
	if err != nil {
		return prometheus.Options{}, err
	}
	signals, err := signalsOf(s)
	if err != nil {
		return prometheus.Options{}, err
	}
	o := prometheus.Options{
		Name: s.Name, Client: client, Clock: p.now, Recent: recentDeployments(db), Signals: signals, Since: s.Date("since"), Services: s.Settings["services"],
		Places: placesOf(db), SeenWithin: s.Span("seen_within"), ErrorRatio: s.Text("error_ratio"), ObjectivePPM: objectiveOf(s),
		Watch: s.Span("watch"), Before: s.Span("before"), Window: s.Span("window"), Held: s.Span("held"),
	}
	for _, kind := range s.Settings["environments"] {
		o.Environments = append(o.Environments, metrics.EnvironmentKind(kind))
	}
	return o, nil
}

// authorization is the header by which a host lets us in: a token, or a user with a password.
func authorization(s config.Source) map[string]string {
	if token := s.Secrets["token"].Reveal(); token != "" {
		return map[string]string{"Authorization": "Bearer " + token}
	}
	if password := s.Secrets["password"].Reveal(); password != "" {
		return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(s.Text("user")+":"+password))}
	}
	return nil
}

// signalsOf puts together what the settings say of each signal.
func signalsOf(s config.Source) ([]prometheus.Signal, error) {
	queries, ratios, floors, minimums := s.Pairs("signals"), s.Pairs("ratio"), s.Pairs("floor"), s.Pairs("minimum")
	for setting, figures := range map[string]map[string]string{"ratio": ratios, "floor": floors, "minimum": minimums} {
		for name := range figures {
			if _, declared := queries[name]; !declared {
				return nil, fmt.Errorf("%s names the signal %q, which is not under signals; correct the name", setting, name)
			}
		}
	}
	var signals []prometheus.Signal
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		signal := prometheus.Signal{Name: name, Query: queries[name], Floor: figure(floors[name]), Minimum: figure(minimums[name])}
		if ratio := figure(ratios[name]); ratio != nil {
			signal.Ratio = *ratio
		}
		signals = append(signals, signal)
	}
	return signals, nil
}

// figure reads a number that the configuration has checked, nil where there is none.
func figure(text string) *float64 {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil
	}
	return &value
}

// recentDeployments are the stored rollouts as the watch sees them. Putting the live revision in again changes nothing, so that it neither
// is watched nor ends a watch.
func recentDeployments(db *store.DB) func(context.Context, time.Time) ([]prometheus.Deployment, error) {
	return func(ctx context.Context, since time.Time) ([]prometheus.Deployment, error) {
		rollouts, err := db.RolloutsSince(ctx, since)
		if err != nil {
			return nil, err
		}
		var list []prometheus.Deployment
		for _, r := range rollouts {
			if r.Kind == metrics.Redeploy {
				continue
			}
			list = append(list, prometheus.Deployment{
				ID: r.ID, Service: r.Service, Environment: cmp.Or(r.Environment, string(r.EnvironmentKind)), Kind: r.EnvironmentKind,
				StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Succeeded: !r.SucceededAt.IsZero(),
			})
		}
		return list, nil
	}
}

// placesOf lists where services are watched for the gate.
func placesOf(db *store.DB) func(context.Context) ([]prometheus.Place, error) {
	return func(ctx context.Context) ([]prometheus.Place, error) {
		kept, err := db.Places(ctx)
		places := make([]prometheus.Place, len(kept))
		for i, p := range kept {
			places[i] = prometheus.Place(p)
		}
		return places, err
	}
}

// objectiveOf is the objective that the configuration has checked, 0 where there is none.
func objectiveOf(s config.Source) int64 {
	ppm, err := strconv.ParseInt(s.Text("objective_ppm"), 10, 64)
	if err != nil {
		return 0
	}
	return ppm
}
