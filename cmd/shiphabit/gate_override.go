package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/metrics/gate"
)

// overrideAsk is what 'gate override' asks for.
type overrideAsk struct {
	Decision    string   `json:"decision,omitempty"`
	Service     string   `json:"service,omitempty"`
	Environment string   `json:"environment,omitempty"`
	Criteria    []string `json:"criteria,omitempty"`
	Reason      string   `json:"reason"`
	Category    string   `json:"category"`
	ForSeconds  int64    `json:"for_seconds,omitempty"`
	Uses        int      `json:"uses,omitempty"`
}

func (p *program) gateOverrideCommand() *cobra.Command {
	var flags serverFlags
	var ask overrideAsk
	var length time.Duration
	command := &cobra.Command{
		Use:   "override",
		Short: "Set criteria aside for a while, with a reason",
		Long: `Asks for an override: of a decision that stopped a promotion, or of a service before it is asked for. It holds for the time and the number
of promotions that the policy of the service's tier allows at most; where the policy wants several people it does nothing until so many,
each with a token of their own, agree, and where it names roles everybody who does needs one of them. Overrides of the same scope share that number of promotions. Whoever asks for the promotion may not be the one who overrides, unless the policy says so. Every step is told in a
log that shows if it is tampered with ('shiphabit gate override log').

The caller's token needs the scopes override and read.

Exit codes: 0 done · 2 refused, with the reason · 5 no server answers · 6 not allowed · 1 a bug.`,
		Example: `  shiphabit gate override --decision gd_01J9Z3 --category "false alarm" --reason "the alarm came from a broken probe, see INC-7"
  shiphabit gate override agree ov_01J9Z4
  shiphabit gate override list --service payments-api`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ask.ForSeconds = int64(length / time.Second)
			var o gate.Override
			if err := p.askServer(command.Context(), flags, "POST", "/api/v1/gate/overrides", ask, &o); err != nil {
				return err
			}
			p.tellOverride(o)
			return nil
		},
	}
	f := command.Flags()
	flags.add(command)
	f.StringVar(&ask.Decision, "decision", "", "the decision that it answers")
	f.StringVar(&ask.Service, "service", "", "the service, in place of a decision")
	f.StringVar(&ask.Environment, "environment", "", "the environment (default production)")
	f.StringSliceVar(&ask.Criteria, "criteria", nil, "criteria to set aside (default all)")
	f.StringVar(&ask.Reason, "reason", "", "why, in at least 20 characters (required)")
	f.StringVar(&ask.Category, "category", "", strings.Join(gate.OverrideCategories(), ", ")+" (required)")
	f.DurationVar(&length, "for", 0, "how long it holds (default the most that the policy allows)")
	f.IntVar(&ask.Uses, "uses", 0, "how many promotions it lets through (default 1)")
	command.AddCommand(
		p.overrideStep("agree", "Agree to an override as one more person"),
		p.overrideStep("withdraw", "End an override before its time"),
		p.overrideListCommand(), p.overrideLogCommand(),
	)
	return command
}

// askServer makes one call to the server.
func (p *program) askServer(ctx context.Context, flags serverFlags, method, path string, body, out any) error {
	ask, err := p.client(flags, 30*time.Second)
	if err != nil {
		return err
	}
	return ask.call(ctx, method, path, nil, body, out)
}

func (p *program) tellOverride(o gate.Override) {
	if !o.RevokedAt.IsZero() {
		fmt.Fprintf(p.out, "%s: withdrawn; %d of %d promotions went out by it\n", o.ID, o.Used, o.Uses)
		return
	}
	fmt.Fprintf(p.out, "%s: %s in %s, until %s, for %s\n", o.ID, printable(o.Service), printable(o.Environment), o.ExpiresAt.Format(time.RFC3339), promotions(o.Uses))
	if missing := o.Missing(); missing != "" {
		fmt.Fprintf(p.out, "I%s: shiphabit gate override agree %s\n", missing[1:], o.ID)
	}
}

func promotions(n int) string {
	if n == 1 {
		return "one promotion"
	}
	return fmt.Sprintf("%d promotions", n)
}

func (p *program) overrideStep(name, short string) *cobra.Command {
	var flags serverFlags
	command := &cobra.Command{
		Use:     name + " OVERRIDE",
		Short:   short,
		Example: "  shiphabit gate override " + name + " ov_01J9Z4",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			var o gate.Override
			if err := p.askServer(command.Context(), flags, "POST", "/api/v1/gate/overrides/"+url.PathEscape(args[0])+"/"+name, nil, &o); err != nil {
				return err
			}
			p.tellOverride(o)
			return nil
		},
	}
	flags.add(command)
	return command
}

func (p *program) overrideListCommand() *cobra.Command {
	var flags serverFlags
	var service, format string
	command := &cobra.Command{
		Use:     "list",
		Short:   "List overrides, those that expire last first",
		Example: "  shiphabit gate override list --service payments-api",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			var answer struct {
				Overrides []gate.Override `json:"overrides"`
			}
			if err := p.askServer(command.Context(), flags, "GET", "/api/v1/gate/overrides?service="+url.QueryEscape(service), nil, &answer); err != nil {
				return err
			}
			if format == formatJSON {
				return writeJSON(p.out, answer.Overrides)
			}
			if len(answer.Overrides) == 0 {
				p.say("No overrides.")
				return nil
			}
			rows := [][]string{{"OVERRIDE", "SERVICE", "ENVIRONMENT", "EXPIRES", "USED", "BY", "AGREED", "CATEGORY", "REASON"}}
			for _, o := range answer.Overrides {
				rows = append(rows, []string{o.ID, o.Service, o.Environment, o.ExpiresAt.Format(time.RFC3339), fmt.Sprintf("%d of %d", o.Used, o.Uses), o.By, strings.Join(o.Agreed()[1:], ", "), o.Category, o.Reason})
			}
			return writeTable(p.out, rows)
		},
	}
	flags.add(command)
	command.Flags().StringVar(&service, "service", "", "only of this service")
	addFormat(command, &format, formatTable, formatJSON)
	return command
}

// detailsOf are the particulars of an entry that people look for: its reason, else why something did nothing. The whole of it
// is in the answer of the API.
func detailsOf(e gate.LogEntry) string {
	var details struct {
		Category string `json:"category"`
		Reason   string `json:"reason"`
		Why      string `json:"why"`
		Decision string `json:"decision"`
	}
	if json.Unmarshal([]byte(e.Details), &details) != nil {
		return e.Details
	}
	var parts []string
	for _, part := range []string{details.Category, details.Reason, details.Why, details.Decision} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " · ")
}

func (p *program) overrideLogCommand() *cobra.Command {
	var flags serverFlags
	command := &cobra.Command{
		Use:   "log",
		Short: "Print what people did about the gate, and check that nothing was changed",
		Long: `Prints every entry in order and checks that each carries the hash of the one before. Keep the last hash elsewhere: it shows whether the end
was cut off. Exit code 0: whole; 1: an entry was changed, taken out or put in.`,
		Example: "  shiphabit gate override log",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			rows := [][]string{{"AT", "WHAT", "SUBJECT", "SERVICE", "WHO", "DETAILS"}}
			seq, previous, fault := int64(0), "", ""
			for more := true; more; {
				var page struct {
					Entries []gate.LogEntry `json:"entries"`
					Next    int64           `json:"next"`
				}
				path := fmt.Sprintf("/api/v1/gate/log?limit=200&after=%d", seq)
				if err := p.askServer(command.Context(), flags, "GET", path, nil, &page); err != nil {
					return err
				}
				broken, last := gate.BrokenAt(page.Entries, seq, previous)
				if fault == "" {
					fault, previous = broken, last
				}
				for _, e := range page.Entries {
					rows = append(rows, []string{e.At.Format(time.RFC3339), e.Kind, e.Subject, e.Service, e.Actor, detailsOf(e)})
					seq = e.Seq
				}
				more = page.Next != 0
			}
			if err := writeTable(p.out, rows); err != nil {
				return err
			}
			if fault != "" {
				return exitError{exitBug, fmt.Errorf("the log is not whole: %s", fault)}
			}
			fmt.Fprintf(p.out, "%d entries, whole; the last hash is %s\n", len(rows)-1, previous)
			return nil
		},
	}
	flags.add(command)
	return command
}
