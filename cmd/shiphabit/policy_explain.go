package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// explainedPolicy is the answer of 'policy explain --format json', version 1: an array of these.
type explainedPolicy struct {
	Service string          `json:"service,omitempty"` // "" for any of the tier
	Tier    metrics.Tier    `json:"tier"`
	Team    string          `json:"team,omitempty"`
	Policy  gate.Policy     `json:"policy"`
	Digest  string          `json:"digest"`
	Values  []config.Origin `json:"values"`
	// Shares are the services whose repository, or a folder of it, it shares: their record decides how its failure meter begins.
	Shares []sharedCode `json:"shares_with,omitempty"`
}

// sharedCode is a service with which another one shares code.
type sharedCode struct {
	Service    string `json:"service"`
	Repository string `json:"repository"`
	Path       string `json:"path,omitempty"` // the folder that both have, "" for all of it
}

func (p *program) policyExplainCommand() *cobra.Command {
	var flags policyFlags
	var format string
	command := &cobra.Command{
		Use:   "explain [SERVICE]",
		Short: "Print the policy in force for a service, every value with file, line and layer",
		Long: `Prints the policy in force in words, and then every value of it with where it comes from: the layer (organisation, tier, team, service,
or "built in"), and the file and line at which it stands. What comes from an environment variable bears the variable's name. A value that is
locked can only be tightened by the layers further in.

Without a service it does so for all four tiers, or the one named with --tier.`,
		Example: `  shiphabit policy explain payments-api --config shiphabit.yaml
  shiphabit policy explain --tier critical
  shiphabit policy explain payments-api --format json | jq '.[0].values[] | select(.layer != "built in")'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, names []string) error {
			if len(names) == 1 {
				if flags.service != "" && flags.service != names[0] {
					return usage("%q and --service %q are two services: name one", names[0], flags.service)
				}
				flags.service = names[0]
			}
			settings, err := p.secretless(flags.config)
			if err != nil {
				return err
			}
			services, err := flags.services(p, settings)
			if err != nil {
				return err
			}
			return p.explainPolicies(settings, services, format)
		},
	}
	flags.add(command)
	addFormat(command, &format, formatText, formatJSON)
	return command
}

func (p *program) explainPolicies(settings config.Config, services []metrics.Service, format string) error {
	explained, sharing := []explainedPolicy{}, settings.Rules().Sharing()
	for _, s := range services {
		policy := settings.Policy(s)
		one := explainedPolicy{
			Service: s.Name, Tier: policy.Tier, Team: s.Team, Policy: policy, Digest: policy.Digest(), Values: settings.Origins(s),
		}
		for _, with := range sharing.With(s.Name) {
			one.Shares = append(one.Shares, sharedCode(with))
		}
		explained = append(explained, one)
	}
	if format == formatJSON {
		return writeJSON(p.out, explained)
	}
	for _, e := range explained {
		fmt.Fprintln(p.out, e.Policy.Text()+e.shares())
		rows := [][]string{{"VALUE", "", "LAYER", "WHERE", ""}}
		for _, v := range e.Values {
			rows = append(rows, []string{v.Path, v.Value, v.Layer, cmp.Or(v.Where(), "—"), remarks(v)})
		}
		if err := writeTable(p.out, rows); err != nil {
			return err
		}
		fmt.Fprintln(p.out)
	}
	return nil
}

// mostSharing is how many services are named that share code with one.
const mostSharing = 5

// shares says with whom it shares code and what follows, "" where that is nothing.
func (e explainedPolicy) shares() string {
	if len(e.Shares) == 0 || e.Policy.Criteria.FailureMeter.SharedRepository != gate.BeginsHalf {
		return ""
	}
	var with []string
	for _, s := range e.Shares[:min(len(e.Shares), mostSharing)] {
		what := s.Repository
		if s.Path != "" {
			what = s.Path + " in " + what
		}
		with = append(with, s.Service+" ("+what+")")
	}
	if more := len(e.Shares) - len(with); more > 0 {
		with = append(with, fmt.Sprintf("%d more", more))
	}
	return printable(fmt.Sprintf("%s shares code with %s.", e.Service, strings.Join(with, ", "))) +
		" Where one of them has been known for 30 days when it is deployed first, its failure meter begins half full.\n"
}

// remarks say what file and line alone do not.
func remarks(v config.Origin) string {
	words := ""
	if v.From != "" {
		words = "from " + v.From
	}
	if v.LockedBy == "" {
		return words
	}
	if words != "" {
		words += ", "
	}
	return words + "locked by " + v.LockedBy + " (line " + strconv.Itoa(v.LockedLine) + ")"
}
