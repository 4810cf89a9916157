package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// layerProposal is the answer of 'policy propose --format json', version 1: an array of these.
type layerProposal struct {
	Layer string `json:"layer"` // "service:payments-api", "tier:standard"
	// Services are those that were looked at, by name.
	Services  []string          `json:"services"`
	Proposals []gate.Graduation `json:"proposals"`
	// Amendment is what to write into the policy for those that are ready; null when none is.
	Amendment *gate.Amendment `json:"amendment"`
}

func (p *program) policyProposeCommand() *cobra.Command {
	var database databaseFlags
	var tier, format string
	command := &cobra.Command{
		Use:   "propose [SERVICE]",
		Short: "Propose criteria that only observe or warn for the next step, by what is recorded",
		Long: `Tells of each criterion that only observes or warns in production whether the record speaks for its next step: from observing to warning, from
warning to stopping. It wants 30 decisions in which the criterion judged in the mode and with the values that it has now, each artifact counted once, and
says what became of those that it would have stopped. A criterion that makes a promise must not be contradicted by the wrong stops that a
backtest of the whole record finds (exact Poisson test, 5 %); what the record is too short to show is said. For all that are ready it prints
the lines for the policy file. It changes nothing: that is for people to agree on, and to commit.

Of a service it takes the service's own record, and the lines are for a policy of the service. With --tier, or without either, it takes those of
all services of a tier together that are judged by its values, and the lines are for the tier. Of each service the latest 500 decisions are read.`,
		Example: `  shiphabit policy propose payments-api
  shiphabit policy propose --tier standard --db /var/lib/shiphabit/shiphabit.db --config shiphabit.yaml
  shiphabit policy propose --format json | jq -r '.[].amendment.lines // empty'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, names []string) error {
			if tier != "" && !slices.Contains(tierNames, tier) {
				return usage("--tier %q is none of critical, high, standard, low", tier)
			}
			if tier != "" && len(names) > 0 {
				return usage("%q is a service and --tier %s a layer of many: name one of the two", names[0], tier)
			}
			settings, err := p.secretless(database.config)
			if err != nil {
				return err
			}
			return onDatabase(p.openUnderRead(settings), &database, func(ctx context.Context, db *store.DB, _ []string) error {
				layers, err := layersOf(ctx, db, settings, append(names, ""), tier)
				if err != nil {
					return err
				}
				all := []layerProposal{}
				for _, l := range layers {
					one, err := p.propose(ctx, db, settings, l)
					if err != nil {
						return err
					}
					all = append(all, one)
				}
				return p.printProposals(all, format)
			})(command, nil)
		},
	}
	database.add(command)
	command.Flags().StringVar(&tier, "tier", "", "critical, high, standard or low: all services of the tier together")
	addFormat(command, &format, formatText, formatJSON)
	return command
}

// policyLayer is a layer whose policy may be changed, with the services whose record counts for it.
type policyLayer struct {
	name     string
	subject  metrics.Service // whose policy it is
	services []metrics.Service
}

// layersOf is the layer of a service, else those of the tiers that have any.
func layersOf(ctx context.Context, db *store.DB, settings config.Config, names []string, tier string) ([]policyLayer, error) {
	recorded, err := db.Services(ctx)
	if err != nil {
		return nil, err
	}
	services := make([]metrics.Service, len(recorded))
	for i, s := range recorded {
		services[i] = serviceOf(settings, s.Name)
		services[i].Tier = gate.TierOf(services[i])
	}
	if name := names[0]; name != "" {
		i := slices.IndexFunc(services, func(s metrics.Service) bool { return s.Name == name })
		if i < 0 {
			return nil, usage("there is no service %q in the record", name)
		}
		return []policyLayer{{"service:" + name, services[i], services[i : i+1]}}, nil
	}
	var layers []policyLayer
	for _, word := range tierNames {
		of := slices.DeleteFunc(slices.Clone(services), func(s metrics.Service) bool { return string(s.Tier) != word })
		if tier == word || tier == "" && len(of) > 0 {
			layers = append(layers, policyLayer{"tier:" + word, metrics.Service{Tier: metrics.Tier(word)}, of})
		}
	}
	return layers, nil
}

// propose looks at one service after the other and weighs them together.
func (p *program) propose(ctx context.Context, db *store.DB, settings config.Config, l policyLayer) (layerProposal, error) {
	answer := layerProposal{Layer: l.name, Services: []string{}}
	sharing := settings.Rules().Sharing()
	weighed := gate.NewGraduating(settings.Policy(l.subject), p.now()) // no record of a service is kept once it is counted
	var shownAt time.Time
	for i, service := range l.services {
		if shownAt = p.tellProposing(l, i, shownAt); len(l.services) == i+1 && !shownAt.IsZero() {
			fmt.Fprint(p.err, "\r\x1b[K")
		}
		facts, err := db.GateFacts(ctx, service.Name)
		if errors.Is(err, store.ErrNotFound) { // asked about, and never seen
			facts, err = metrics.Facts{Service: service.Name}, nil
		}
		if err != nil {
			return answer, err
		}
		observed, err := db.Observations(ctx, service.Name, api.ObservedDecisions)
		if err != nil {
			return answer, err
		}
		older, err := db.OlderUnder(ctx, sharing, service.Name)
		if err != nil {
			return answer, err
		}
		answer.Services = append(answer.Services, service.Name)
		weighed.Add(gate.Candidate{Standing: gate.Standing{Facts: facts, Policy: settings.Policy(service), Older: older}, Observed: observed})
	}
	answer.Proposals = weighed.List()
	if changes := gate.ChangesOf(answer.Proposals); len(changes) > 0 {
		amendment := settings.Amend(l.name, changes)
		answer.Amendment = &amendment
	}
	return answer, nil
}

// tellProposing draws on the terminal how far it has come, and returns when that was shown last.
func (p *program) tellProposing(l policyLayer, done int, shownAt time.Time) time.Time {
	if p.quiet || !p.terminal || done == 0 || p.now().Sub(shownAt) < time.Second/5 {
		return shownAt
	}
	fmt.Fprintf(p.err, "\r%s: %d of %s ", l.name, done, counted(len(l.services), "service"))
	return p.now()
}

func (p *program) printProposals(all []layerProposal, format string) error {
	if format == formatJSON {
		return writeJSON(p.out, all)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(p.out, "No service is recorded yet.")
		return err
	}
	for i, one := range all {
		if i > 0 {
			fmt.Fprintln(p.out)
		}
		if _, err := fmt.Fprint(p.out, one.text()); err != nil {
			return err
		}
	}
	return nil
}

// text is what is said of a layer, those that are ready first.
func (l layerProposal) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", l.Layer, counted(len(l.Services), "service"))
	if len(l.Proposals) == 0 {
		b.WriteString("No criterion that only observes or warns in production is left to do more.\n")
		return b.String()
	}
	var alone []string
	for _, ready := range []string{"proposed", "not yet"} {
		for _, g := range l.Proposals {
			switch {
			case g.Word() != ready:
			case g.NoCase:
				alone = append(alone, g.Criterion)
			default:
				fmt.Fprintf(&b, "\n%s", g.Text())
			}
		}
	}
	if len(alone) > 0 {
		fmt.Fprintf(&b, "\nLeft alone, for they never had a case to judge: %s.\n", strings.Join(alone, ", "))
	}
	if l.Amendment == nil {
		b.WriteString("\nNone is proposed yet, so there is nothing to write.\n")
		return b.String()
	}
	fmt.Fprintf(&b, "\n%s Nothing is changed until you do.\n\n%s", l.Amendment.Says, l.Amendment.Lines)
	return b.String()
}
