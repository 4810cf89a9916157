package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"shiphabit/internal/simulation"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// plainLimit is the rule that the meter is held against: more than 15 % failed in 30 days.
const plainLimit = 0.15

func (p *program) benchSimulationCommand() *cobra.Command {
	o := simulation.Standard()
	command := &cobra.Command{
		Use:   "simulation",
		Short: "Hold the failure meter against a plain threshold, over made-up services",
		Long: `Makes up services whose true failure rate is known, lets the standard failure meter and the rule "more than 15 % failed in
30 days" judge them, and prints how many healthy promotions each stops and how many failures come before it stops a sick service.`,
		Example: "  shiphabit bench simulation\n  shiphabit bench simulation --services 2000 --seed 7",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if o.Services < 1 {
				return usage("--services is %d: give a number above 0", o.Services)
			}
			r := simulation.Run(o, gate.PolicyFor(metrics.Standard), plainLimit)
			fmt.Fprintf(p.out, "%d services, %g to %g deployments a month, mean healthy rate %.1f %%, then %.0f %%\n\n", o.Services, o.Least, o.Most, 100*r.MeanRate, 100*o.Sick)
			fmt.Fprintf(p.out, "%-34s %18s %18s\n", "", "standard meter", "> 15 % in 30 days")
			row := func(name, form string, value func(simulation.Outcome) float64) {
				fmt.Fprintf(p.out, "%-34s %18s %18s\n", name, fmt.Sprintf(form, value(r.Meter)), fmt.Sprintf(form, value(r.Threshold)))
			}
			row("healthy promotions", "%.0f", func(o simulation.Outcome) float64 { return float64(o.Promotions) })
			row("of those stopped", "%.3f %%", func(o simulation.Outcome) float64 { return 100 * o.StoppedShare() })
			row("wrong stops per service and year", "%.3f", func(o simulation.Outcome) float64 { return float64(o.Spells) / max(o.Years, 1) })
			row("sick services stopped", "%.0f", func(o simulation.Outcome) float64 { return float64(o.Noticed) })
			row("failures before the stop, mean", "%.2f", simulation.Outcome.FailuresToStop)
			row("deployments before the stop, mean", "%.1f", simulation.Outcome.DeploymentsToStop)
			return nil
		},
	}
	command.Flags().IntVar(&o.Services, "services", o.Services, "how many services")
	command.Flags().Uint64Var(&o.Seed, "seed", o.Seed, "another seed makes up other services")
	return command
}
