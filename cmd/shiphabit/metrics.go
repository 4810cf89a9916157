package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/internal/config"
	"shiphabit/metrics"
)

// slice is what a question is about: the flags of 'metrics' and 'explain'.
type slice struct {
	database         databaseFlags
	events           []string
	services, teams  []string
	tiers            []string
	kind             string
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
	f.StringVar(&s.kind, "env", string(metrics.Production), "the kind of environment: production, staging, testing, development")
	f.StringVar(&s.from, "from", "", "start of the window, 2026-03-01 or a time (default 90 days before its end)")
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

// load reads the facts of the slice and the question to ask of them.
func (s *slice) load(ctx context.Context, p *program) ([]metrics.Facts, metrics.Query, error) {
	settings, err := p.configuration(s.database.config)
	if err != nil {
		return nil, metrics.Query{}, err
	}
	query, err := s.query(p, settings)
	if err != nil {
		return nil, query, err
	}
	facts, services, err := s.facts(ctx, p, settings)
	if err != nil {
		return nil, query, err
	}
	facts = slices.DeleteFunc(facts, func(f metrics.Facts) bool { return !s.holds(services[f.Service]) })
	if len(facts) == 0 && s.narrow() {
		return nil, query, usage("%s matches no service; known are: %s", query.Slice, known(services))
	}
	return facts, query, nil
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
	kind := metrics.EnvironmentKind(s.kind)
	if !slices.Contains([]metrics.EnvironmentKind{metrics.Production, metrics.Staging, metrics.Testing, metrics.Development}, kind) {
		return metrics.Query{}, usage("--env %q is none of production, staging, testing, development", s.kind)
	}
	return metrics.Query{Slice: s.name(), Window: window, AsOf: asOf, Zone: zone, Kind: kind, Definition: definition}, nil
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
	}{{"service", s.services}, {"team", s.teams}, {"tier", s.tiers}} {
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

// facts reads from the files named, else from the database.
func (s *slice) facts(ctx context.Context, p *program, settings config.Config) ([]metrics.Facts, map[string]metrics.Service, error) {
	services := map[string]metrics.Service{}
	if len(s.events) > 0 {
		events, err := p.readEvents(s.events)
		if err != nil {
			return nil, nil, err
		}
		rules := settings.Rules()
		facts := []metrics.Facts{}
		for _, part := range metrics.Split(events, rules) {
			services[part.Service.Name] = part.Service
			facts = append(facts, metrics.Derive(part.Service, part.Events, rules))
		}
		return facts, services, nil
	}
	db, err := p.openExisting(ctx, s.database)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = db.Close() }()
	list, err := db.Services(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, service := range list {
		services[service.Name] = service
	}
	facts, err := db.AllFacts(ctx)
	return facts, services, err
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

func (p *program) metricsCommand() *cobra.Command {
	var of slice
	var by, format, edition string
	command := &cobra.Command{
		Use:   "metrics",
		Short: "Print the figures of a slice and window",
		Long: `Prints deployment frequency, change lead time, change fail rate, failed deployment recovery time and deployment
rework rate, each with its sample size and interval. "Not enough data" is an answer: nothing unknown is printed as 0.`,
		Example: `  shiphabit metrics --events events.jsonl --from 2026-01-01 --to 2026-04-01
  shiphabit metrics --service payments-api --by week --format csv`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			facts, query, err := of.load(command.Context(), p)
			if err != nil {
				return err
			}
			cards, err := api.SeriesOf(facts, query, by)
			if err != nil {
				return usage("--by: %w", err)
			}
			return p.printCards(cards, format, edition)
		},
	}
	of.flags(command)
	of.definitionFlag(command)
	command.AddCommand(p.compareCommand())
	command.Flags().StringVar(&by, "by", "", "one row per day, week or month")
	command.Flags().StringVar(&edition, "edition", "dora-2024", "whose levels stand beside the figures; empty for none")
	addFormat(command, &format, formatTable, formatJSON, formatCSV)
	return command
}

func (p *program) printCards(cards []api.Entry, format, edition string) error {
	switch {
	case format == formatJSON:
		return writeJSON(p.out, struct {
			Version int         `json:"version"`
			Cards   []api.Entry `json:"scorecards"`
		}{1, cards})
	case format == formatCSV:
		return api.WriteSeries(p.out, cards)
	case len(cards) == 1 && cards[0].Label == "":
		return writeCard(p.out, cards[0].Card, edition)
	default:
		rows := [][]string{{"BUCKET", "ROLLOUTS", "LEAD TIME", "FAIL RATE", "RECOVERY", "REWORK"}}
		for _, c := range cards {
			label := c.Label
			if c.Partial {
				label += " (partial)"
			}
			rows = append(rows, []string{
				label, strconv.Itoa(c.Card.Frequency.Rollouts), durationText(c.Card.LeadTime), shareText(c.Card.FailRate),
				survivalText(c.Card.Recovery), shareText(c.Card.Rework),
			})
		}
		return writeTable(p.out, rows)
	}
}
