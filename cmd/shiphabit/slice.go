package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
	"shiphabit/metrics"
)

// slice is what a question is about: the flags of 'metrics' and 'explain'.
type slice struct {
	database         databaseFlags
	events           []string
	services, teams  []string
	tiers            []string
	environment      string
	repositories     []string
	branches, labels []string
	from, to, asOf   string
	definition, zone string
}

func (s *slice) flags(command *cobra.Command) {
	f := command.Flags()
	s.database.add(command)
	f.StringSliceVar(&s.events, "events", nil, "compute straight from files of neutral events, without a database; - is standard input")
	f.StringSliceVar(&s.services, "service", nil, "only these services")
	f.StringSliceVar(&s.teams, "team", nil, "only services of these teams")
	f.StringSliceVar(&s.tiers, "tier", nil, "only services of these tiers: critical, high, standard, low")
	f.StringVar(&s.environment, "env", string(metrics.Production), "a kind of environment (production, staging, testing, development), or one environment by name")
	f.StringSliceVar(&s.repositories, "repository", nil, "only deployments built from these repositories")
	f.StringSliceVar(&s.branches, "branch", nil, "only deployments of these branches or tags")
	f.StringSliceVar(&s.labels, "label", nil, "only deployments with all these labels, name=value")
	f.StringVar(&s.from, "from", "", "start of the window, 2026-03-01 or a time (default so that it holds 90 days, the last one included)")
	f.StringVar(&s.to, "to", "", "end of the window, not part of it (default now)")
	f.StringVar(&s.asOf, "as-of", "", "what was known when (default now)")
	f.StringVar(&s.zone, "zone", "", "time zone of days and weeks, like Europe/Berlin (default the configuration's, else UTC)")
}

// definitionFlag lets one definition be chosen.
func (s *slice) definitionFlag(command *cobra.Command) {
	command.Flags().StringVar(&s.definition, "definition", metrics.DORA().Name, "the convention: "+strings.Join(presetNames(), ", ")+", or one of the configuration")
}

func presetNames() []string {
	var names []string
	for _, d := range metrics.Presets() {
		names = append(names, d.Name)
	}
	return names
}

// source is where the figures of a slice come from: a database, or events that were read.
type source struct {
	services []string                   // those of the slice, by name
	declared map[string]metrics.Service // every one known
	all      bool                       // the slice is not narrow
	facts    func(service string) (metrics.Facts, error)
	tallies  func(q metrics.Query, windows []metrics.Window) ([]metrics.Tally, error)
	kindOf   func(environment string) (metrics.EnvironmentKind, error)
	close    func() error
}

// everything reads the facts of the whole slice.
func (s source) everything() ([]metrics.Facts, error) {
	facts := make([]metrics.Facts, len(s.services))
	for i, name := range s.services {
		var err error
		if facts[i], err = s.facts(name); err != nil {
			return nil, err
		}
	}
	return facts, nil
}

// open finds what the slice holds, and the question to ask of it.
func (s *slice) open(ctx context.Context, p *program) (source, metrics.Query, error) {
	settings, err := p.configuration(s.database.config)
	if err != nil {
		return source{}, metrics.Query{}, err
	}
	for _, tier := range s.tiers {
		if !slices.Contains([]metrics.Tier{metrics.Critical, metrics.High, metrics.Standard, metrics.Low}, metrics.Tier(tier)) {
			return source{}, metrics.Query{}, usage("--tier %q is none of critical, high, standard, low", tier)
		}
	}
	query, err := s.query(p, settings)
	if err != nil {
		return source{}, query, err
	}
	from, services, err := s.source(ctx, p, settings)
	if err != nil {
		return source{}, query, err
	}
	if len(query.Filter.Environments) > 0 {
		if query.Kind, err = from.kindOf(s.environment); err != nil {
			return source{}, query, errors.Join(err, from.close())
		}
	}
	from.all, from.declared = !s.narrow(), services
	for _, name := range slices.Sorted(maps.Keys(services)) {
		if s.holds(services[name]) {
			from.services = append(from.services, name)
		}
	}
	if len(from.services) == 0 && !from.all {
		_ = from.close()
		return source{}, query, usage("%s matches no service; known are: %s", query.Slice, known(services))
	}
	return from, query, nil
}

func (s *slice) query(p *program, settings config.Config) (metrics.Query, error) {
	zone := settings.Zone()
	if s.zone != "" {
		var err error
		if zone, err = time.LoadLocation(s.zone); err != nil {
			return metrics.Query{}, usage("--zone %q is no time zone; write it like Europe/Berlin", s.zone)
		}
	}
	now := p.now()
	window, err := metrics.ParseWindow(s.from, s.to, now, zone)
	if err != nil {
		return metrics.Query{}, usage("--%w", err)
	}
	asOf := now
	if s.asOf != "" {
		asked, err := metrics.ParseWindow("0001-01-01", s.asOf, now, zone)
		if err != nil {
			return metrics.Query{}, usage("--as-of: %w", err)
		}
		asOf = asked.To
	}
	definition, err := definitionOf(cmp.Or(s.definition, metrics.DORA().Name), settings)
	if err != nil {
		return metrics.Query{}, err
	}
	filter, err := s.filter()
	if err != nil {
		return metrics.Query{}, err
	}
	kind := metrics.EnvironmentKind(s.environment)
	if !slices.Contains(metrics.EnvironmentKinds(), kind) {
		filter.Environments, kind = []string{s.environment}, "" // what it is for is told by the records
	}
	return metrics.Query{Slice: s.name(), Window: window, AsOf: asOf, Zone: zone, Kind: kind, Definition: definition, Filter: filter}, nil
}

// unknownEnvironment refuses figures of an environment to which nothing is known to have gone.
func unknownEnvironment(q metrics.Query, tallies []metrics.Tally) error {
	if !q.Filter.Misses(tallies) {
		return nil
	}
	return usage("--env: nothing is known of an environment called %q in this window; it takes production, staging, testing, development, or the name of one environment",
		q.Filter.Environments[0])
}

// filter narrows a question within its services.
func (s *slice) filter() (metrics.Filter, error) {
	labels, err := metrics.LabelsOf(s.labels)
	if err != nil {
		return metrics.Filter{}, usage("--%w", err)
	}
	return metrics.Filter{Repositories: s.repositories, Refs: s.branches, Labels: labels}, nil
}

// definitionOf finds a definition by name. The default one takes the organisation's first day of the week.
func definitionOf(name string, settings config.Config) (metrics.Definition, error) {
	definition, err := metrics.DefinitionNamed(name, settings.Definitions...)
	if err != nil {
		return definition, usage("--definition: %w", err)
	}
	if name == metrics.DORA().Name {
		definition.WeekStart = settings.WeekStart
	}
	return definition, nil
}

// name says in words what the slice holds.
func (s *slice) name() string {
	name := ""
	for _, part := range []struct {
		word   string
		values []string
	}{
		{"service", s.services}, {"team", s.teams}, {"tier", s.tiers}, {"repository", s.repositories}, {"branch", s.branches}, {"label", s.labels},
		{"environment", without(s.environment, string(metrics.Production))},
	} {
		for _, value := range part.values {
			if name != "" {
				name += ", "
			}
			name += part.word + " " + value
		}
	}
	if name == "" {
		return "all services"
	}
	return name
}

// without is the value, unless it is the one that goes without saying.
func without(value, usual string) []string {
	if value == usual {
		return nil
	}
	return []string{value}
}

func (s *slice) narrow() bool { return len(s.services)+len(s.teams)+len(s.tiers) > 0 }

func (s *slice) holds(service metrics.Service) bool {
	fits := func(wanted []string, value string) bool { return len(wanted) == 0 || slices.Contains(wanted, value) }
	return fits(s.services, service.Name) && fits(s.teams, service.Team) && fits(s.tiers, string(service.Tier))
}

func known(services map[string]metrics.Service) string {
	names := []string{}
	for name := range services {
		if name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "none yet; import events or try a Git clone first"
	}
	shown := ""
	for i, name := range names {
		if i == 20 {
			return shown + fmt.Sprintf(" and %d more", len(names)-i)
		}
		if i > 0 {
			shown += ", "
		}
		shown += printable(name)
	}
	return shown
}

// source reads the files named, else opens the database.
func (s *slice) source(ctx context.Context, p *program, settings config.Config) (source, map[string]metrics.Service, error) {
	services := map[string]metrics.Service{}
	if len(s.events) > 0 {
		from, err := s.fromEvents(p, settings, services)
		return from, services, err
	}
	db, err := p.openDerived(ctx, s.database)
	if err != nil {
		return source{}, nil, err
	}
	list, err := db.Services(ctx)
	if err != nil {
		_ = db.Close()
		return source{}, nil, err
	}
	for _, service := range list {
		services[service.Name] = service
	}
	from := source{close: db.Close, kindOf: func(name string) (metrics.EnvironmentKind, error) { return db.KindOf(ctx, name) }, facts: func(service string) (metrics.Facts, error) { return db.Facts(ctx, service) }}
	from.tallies = func(q metrics.Query, windows []metrics.Window) ([]metrics.Tally, error) {
		var names []string // none stands for all
		for _, name := range slices.Sorted(maps.Keys(services)) {
			if s.narrow() && s.holds(services[name]) {
				names = append(names, name)
			}
		}
		return db.Tallies(ctx, names, q, windows)
	}
	return from, services, nil
}

func (s *slice) fromEvents(p *program, settings config.Config, services map[string]metrics.Service) (source, error) {
	events, err := p.readEvents(s.events)
	if err != nil {
		return source{}, err
	}
	rules := settings.Rules()
	facts := map[string]metrics.Facts{}
	for _, part := range metrics.Split(events, rules) {
		services[part.Service.Name] = part.Service
		facts[part.Service.Name] = metrics.Derive(part.Service, part.Events, rules)
	}
	from := source{close: func() error { return nil }, facts: func(service string) (metrics.Facts, error) { return facts[service], nil }}
	from.kindOf = func(name string) (metrics.EnvironmentKind, error) {
		for _, f := range facts {
			for i := range f.Rollouts {
				if f.Rollouts[i].Environment == name {
					return f.Rollouts[i].EnvironmentKind, nil
				}
			}
		}
		return rules.KindOf(name), nil
	}
	from.tallies = func(q metrics.Query, windows []metrics.Window) ([]metrics.Tally, error) {
		var all []metrics.Facts
		for _, name := range slices.Sorted(maps.Keys(facts)) {
			if s.holds(services[name]) {
				all = append(all, facts[name])
			}
		}
		return metrics.TalliesOfAll(all, q, windows), nil
	}
	return from, nil
}

// readEvents reads files of events; lines that cannot be read stop the computation, because figures without them would
// look complete.
func (p *program) readEvents(names []string) ([]metrics.Event, error) {
	events, bad := []metrics.Event{}, 0
	for _, name := range names {
		reader, shown, err := p.open(name)
		if err != nil {
			return nil, err
		}
		faults, err := decodeEvents(reader, name, "", "import", func(e metrics.Event) error {
			events = append(events, e)
			return nil
		})
		_ = reader.Close()
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", shown, err)
		}
		for i, fault := range faults {
			if i < maxFaultsShown {
				fmt.Fprintf(p.err, "%s: %s\n", shown, fault)
			}
		}
		bad += unreadLines(faults)
	}
	if bad > 0 {
		return nil, usage("%s could not be read (listed above); correct the file, because figures without them would look complete", linesOf(bad))
	}
	return events, nil
}
