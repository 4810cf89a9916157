package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

func (p *program) policyCommand() *cobra.Command {
	command := &cobra.Command{
		Use:     "policy",
		Short:   "Show what the release gate promises",
		Example: "  shiphabit policy lint --tier critical --volume 20",
	}
	command.AddCommand(p.policyLintCommand(), p.policyExplainCommand(), p.policyDiffCommand(), p.policyTestCommand(), p.policyProposeCommand())
	return command
}

// tierNames are the tiers as words of a command line, strictest first.
var tierNames = []string{string(metrics.Critical), string(metrics.High), string(metrics.Standard), string(metrics.Low)}

// policyFlags choose a policy: of a tier, or of a service of the configuration.
type policyFlags struct{ config, tier, service string }

func (f *policyFlags) add(command *cobra.Command) {
	command.Flags().StringVar(&f.config, "config", "", "the configuration file (SHIPHABIT_CONFIG)")
	command.Flags().StringVar(&f.tier, "tier", "", "critical, high, standard or low (default all four)")
	command.Flags().StringVar(&f.service, "service", "", "the policy in force for this service of the configuration")
}

// choose returns the policies asked for.
func (f policyFlags) choose(p *program) ([]gate.Policy, error) {
	settings, err := p.secretless(f.config)
	if err != nil {
		return nil, err
	}
	services, err := f.services(p, settings)
	policies := []gate.Policy{}
	for _, service := range services {
		policies = append(policies, settings.Policy(service))
	}
	if f.service == "" && f.tier == "" {
		policies = append(policies, settings.OwnPolicies()...)
	}
	return policies, err
}

// policiesOf are all that a configuration has: those of the four tiers, and its own for teams and services.
func policiesOf(settings config.Config) []gate.Policy {
	var policies []gate.Policy
	for _, tier := range tierNames {
		policies = append(policies, settings.Policy(metrics.Service{Tier: metrics.Tier(tier)}))
	}
	return append(policies, settings.OwnPolicies()...)
}

// services are those whose policies are asked for: the one named, else a nameless one of each tier.
func (f policyFlags) services(p *program, settings config.Config) ([]metrics.Service, error) {
	if f.service != "" {
		if !slices.ContainsFunc(settings.Services, func(s config.Service) bool { return s.Name == f.service }) {
			p.say("the configuration declares no service %q: shown is what holds for one that nobody declares, by the standard tier", f.service)
		}
		return []metrics.Service{serviceOf(settings, f.service)}, nil
	}
	if f.tier != "" && !slices.Contains(tierNames, f.tier) {
		return nil, usage("--tier %q is none of critical, high, standard, low", f.tier)
	}
	var services []metrics.Service
	for _, tier := range tierNames {
		if f.tier == "" || f.tier == tier {
			services = append(services, metrics.Service{Tier: metrics.Tier(tier)})
		}
	}
	return services, nil
}

// serviceOf is a service as the configuration declares it; one it does not declare has the default tier.
func serviceOf(settings config.Config, name string) metrics.Service {
	for _, declared := range settings.Services {
		if declared.Name == name {
			return declared.Service
		}
	}
	return metrics.Service{Name: name, Tier: metrics.Standard}
}

func (p *program) policyLintCommand() *cobra.Command {
	var flags policyFlags
	var volume int
	var format string
	command := &cobra.Command{
		Use:   "lint",
		Short: "Print the exact promise of each criterion and what is wrong with a policy",
		Long: `Works out, exactly, how often each criterion stops a good service wrongly and how soon it notices a bad one,
at the volume given. A fault is a value that does not fit, a criterion that can never fire, or an enforced meter that at this volume notices a bad
service no sooner than it may stop a good one wrongly. A warning is a sum of promises above twice that of the tier, and a criterion that only
warns and cannot at this volume; so is a role that nobody has who is to override. Exit code 2 when a policy has a fault.

Without --tier and --service it tells of all four tiers, and of every policy that the configuration has for a team or a service.`,
		Example: `  shiphabit policy lint --tier critical --volume 20
  shiphabit policy lint --config shiphabit.yaml --service payments-api`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if volume < 1 {
				return usage("--volume %d: give the planned deployments a month, at least 1", volume)
			}
			settings, err := p.secretless(flags.config)
			if err != nil {
				return err
			}
			policies, err := flags.choose(p)
			if err != nil {
				return err
			}
			reports, faults := []gate.LintReport{}, 0
			for _, policy := range policies {
				report := gate.Lint(policy, volume)
				report.Warnings = append(report.Warnings, settings.Loosened(policy.Tier)...)
				report.Warnings = append(report.Warnings, settings.Unheld(policy)...)
				reports, faults = append(reports, report), faults+len(report.Faults)
			}
			if format == formatJSON {
				err = writeJSON(p.out, reports)
			} else {
				for i, report := range reports {
					if i > 0 {
						fmt.Fprintln(p.out)
					}
					fmt.Fprint(p.out, report.Text())
				}
			}
			if err == nil && faults > 0 {
				return usage("%s in the policy, listed above", counted(faults, "fault"))
			}
			return err
		},
	}
	flags.add(command)
	command.Flags().IntVar(&volume, "volume", 20, "planned deployments a month")
	addFormat(command, &format, formatText, formatJSON)
	return command
}
