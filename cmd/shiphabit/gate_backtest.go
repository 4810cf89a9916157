package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// backtestFlags choose what is judged again: the record, the services and the time.
type backtestFlags struct {
	database databaseFlags
	service  string
	days     int
	format   string
}

func (f *backtestFlags) add(command *cobra.Command, formats ...string) {
	f.database.add(command)
	command.Flags().StringVar(&f.service, "service", "", "only this service")
	command.Flags().IntVar(&f.days, "days", 365, "how many days back")
	addFormat(command, &f.format, formats...)
}

func (p *program) gateBacktestCommand() *cobra.Command {
	var flags backtestFlags
	command := &cobra.Command{
		Use:   "backtest",
		Short: "What the policies in force would have done to the promotions recorded",
		Long: `Walks the record in the order in which things became known and judges every planned promotion to production at the moment it
began, with what was known then. It tells how many would have been stopped (block), how many of those failed later (prevented) and how many were
fine (delayed), what it let through that failed (missed), and how long good ones would have waited. Those told to wait (hold), because something
was not known yet, are counted apart: a hold is no stop. Criteria that judge what a request states (tests, coverage, error budget, signals, batch
size) and how late sources were are left out, because that is not recorded.

Only the first block of a row of blocks is what would have happened; those after it are modelled, since nobody knows what the service would have
done in the meantime. A failure meter whose wrong stops are more than its promise explains by chance is said to break it.`,
		Example: "  shiphabit gate backtest\n  shiphabit gate backtest --service payments-api --days 180 --format json",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings, err := p.secretless(flags.database.config)
			if err != nil {
				return err
			}
			return onDatabase(p.openUnderRead(settings), &flags.database, func(ctx context.Context, db *store.DB, _ []string) error {
				result, err := p.backtest(ctx, db, flags, settings)
				if err != nil {
					return err
				}
				if flags.format == formatJSON {
					return writeJSON(p.out, result)
				}
				fmt.Fprint(p.out, backtestText(result, flags))
				return nil
			})(command, nil)
		},
	}
	flags.add(command, formatText, formatJSON)
	return command
}

// backtest judges the chosen services by the policies of a configuration.
func (p *program) backtest(ctx context.Context, db *store.DB, flags backtestFlags, settings config.Config) (gate.Backtest, error) {
	if flags.days < 1 {
		return gate.Backtest{}, usage("--days is %d: give a number above 0", flags.days)
	}
	services, err := db.Services(ctx)
	if err != nil {
		return gate.Backtest{}, err
	}
	if flags.service != "" {
		services = slices.DeleteFunc(services, func(s metrics.Service) bool { return s.Name != flags.service })
		if len(services) == 0 {
			return gate.Backtest{}, usage("there is no service %q in the record", flags.service)
		}
	}
	end, sharing := p.now(), settings.Rules().Sharing()
	sum := gate.NewBacktest()
	for _, service := range services {
		service = serviceOf(settings, service.Name) // as this configuration declares it, whatever the record was made under
		facts, err := db.GateFacts(ctx, service.Name)
		if err != nil {
			return gate.Backtest{}, err
		}
		older, err := db.OlderUnder(ctx, sharing, service.Name)
		if err != nil {
			return gate.Backtest{}, err
		}
		policy := settings.Policy(service)
		known := gate.Known{Facts: facts, Service: service, Older: older, Windows: settings.Freezes}
		sum.Add(gate.RunBacktest(policy, known, end.AddDate(0, 0, -flags.days), end, end))
	}
	return sum, nil
}

// backtestText is the result for a terminal.
func backtestText(b gate.Backtest, flags backtestFlags) string {
	var t strings.Builder
	if b.Promotions == 0 {
		return fmt.Sprintf("No planned promotion to production is recorded in the last %s.\n", counted(flags.days, "day"))
	}
	fmt.Fprintf(&t, "In the last %s %s. The policies in force would have stopped %d (block):\n", counted(flags.days, "day"), promotedSays(b), b.Blocked.Promotions)
	fmt.Fprintf(&t, "  %6d failed later (prevented)\n  %6d were fine (delayed, %s in all)\n%s", b.Blocked.Prevented, b.Blocked.Delayed, waitWords(b.Blocked.DelaySeconds), undecidedText(b.Blocked.Undecided))
	if first := b.Blocked.FirstPrevented + b.Blocked.FirstDelayed; first > 0 {
		fmt.Fprintf(&t, "Of the first blocks of a row %d of %d were right: between %s and %s in truth (95 %%).\n", b.Blocked.FirstPrevented, first, share(b.Blocked.PreventedLow), share(b.Blocked.PreventedHigh))
	}
	if b.Held.Promotions > 0 {
		fmt.Fprintf(&t, "It would have told %d to wait (hold), until what was not known then is known:\n", b.Held.Promotions)
		fmt.Fprintf(&t, "  %6d failed later\n  %6d were fine (at most %s of waiting in all)\n%s", b.Held.FailedLater, b.Held.Fine, waitWords(b.Held.DelaySeconds), undecidedText(b.Held.Undecided))
	}
	fmt.Fprintf(&t, "%d that it let through failed (missed).\n", b.Missed)
	if b.AssumedPPM > 0 {
		fmt.Fprintf(&t, "When an outcome was known is assumed for %s of them.\n", share(b.AssumedPPM))
	}
	t.WriteString("\n  criterion             blocked     held  failed later     fine\n")
	for _, c := range b.Criteria {
		note := ""
		if c.WrongStops > 0 {
			note = "   " + counted(c.WrongStops, "wrong stop") + " of good services"
		}
		if c.Broken {
			note += ", more than promised: it should only warn until its policy is agreed anew"
		}
		fmt.Fprintf(&t, "  %-20s %8d %8d %13d %8d%s\n", c.Criterion, c.Blocked, c.Held, c.Prevented, c.Delayed, note)
	}
	return t.String()
}

// undecidedText counts those of which nothing is known, "" for none.
func undecidedText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("  %6d of which nothing is known\n", n)
}

// promotedSays says how often how many were promoted: "1 service was promoted once".
func promotedSays(b gate.Backtest) string {
	services, times := counted(b.Services, "service")+" were promoted ", counted(b.Promotions, "time")
	if b.Services == 1 {
		services = "1 service was promoted "
	}
	if b.Promotions == 1 {
		times = "once"
	}
	return services + times
}

func share(ppm int64) string { return fmt.Sprintf("%.1f %%", float64(ppm)/10_000) }

func waitWords(seconds int64) string {
	return metrics.InWords(float64(seconds))
}
