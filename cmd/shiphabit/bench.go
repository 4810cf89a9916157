package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/internal/organisation"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// benchCommand is for whoever measures the program, and not in the list of commands for those who use it.
func (p *program) benchCommand() *cobra.Command {
	command := &cobra.Command{
		Use:    "bench",
		Hidden: true,
		Short:  "Make up an organisation and measure with it",
		Long: `Makes up the deployments, commits, pull requests, incidents, approvals and verdicts of an organisation, the same ones
for the same seed, so that what docs/performance.md says can be measured again.`,
		Example: "  shiphabit bench load --db bench.db --deployments 100000 --services 500",
	}
	command.AddCommand(p.benchGenerateCommand(), p.benchConfigCommand(), p.benchLoadCommand(), p.benchDeriveCommand(), p.benchFactsCommand(), p.benchFiguresCommand(), p.benchBackfillCommand(), p.benchSimulationCommand())
	command.AddCommand(p.benchGateCommand(), p.benchAskCommand(), p.benchOverviewCommand())
	return command
}

// sizeFlags say how large the organisation is.
type sizeFlags struct{ organisation.Options }

func (f *sizeFlags) add(command *cobra.Command) {
	f.Options = organisation.Standard()
	flags := command.Flags()
	flags.IntVar(&f.Deployments, "deployments", f.Deployments, "deployments, failed ones and rollbacks included")
	flags.IntVar(&f.Services, "services", f.Services, "services, eight a team")
	flags.IntVar(&f.Years, "years", f.Years, "years that they are spread over")
	flags.IntVar(&f.ChangesPerDeployment, "changes", f.ChangesPerDeployment, "commits of a planned deployment, on average")
	flags.Uint64Var(&f.Seed, "seed", f.Seed, "another seed makes up another organisation")
}

// organisation is the one that the flags describe.
func (f *sizeFlags) organisation() (*organisation.Organisation, error) {
	for name, n := range map[string]int{
		"deployments": f.Deployments, "services": f.Services, "years": f.Years, "changes": f.ChangesPerDeployment,
	} {
		if n < 1 {
			return nil, usage("--%s is %d: give a number above 0", name, n)
		}
	}
	return organisation.New(f.Options), nil
}

func (p *program) benchGenerateCommand() *cobra.Command {
	var size sizeFlags
	var name string
	command := &cobra.Command{
		Use:     "generate",
		Short:   "Write the events as JSON Lines",
		Example: "  shiphabit bench generate --deployments 10000 --services 50 -o events.jsonl",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			made, err := size.organisation()
			if err != nil {
				return err
			}
			return p.writeTo(name, func(out io.Writer) error {
				for e := range made.Events() {
					if err := metrics.EncodeLine(out, e); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	size.add(command)
	command.Flags().StringVarP(&name, "output", "o", "-", `the file to write; "-" is standard output`)
	return command
}

// writeTo writes to a file, or to standard output for "-".
func (p *program) writeTo(name string, write func(out io.Writer) error) error {
	if name == "-" {
		out := bufio.NewWriter(p.out)
		return errors.Join(write(out), out.Flush())
	}
	file, err := os.Create(name) // #nosec G304 -- the caller names the file
	if err != nil {
		return usage("%w; name a file that can be written, or - for standard output", err)
	}
	out := bufio.NewWriter(file)
	return errors.Join(write(out), out.Flush(), file.Close())
}

func (p *program) benchConfigCommand() *cobra.Command {
	var size sizeFlags
	command := &cobra.Command{
		Use:     "config",
		Short:   "Write a configuration with the teams and services",
		Example: "  shiphabit bench config --services 50 > shiphabit.yaml",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			made, err := size.organisation()
			if err != nil {
				return err
			}
			return p.writeTo("-", func(out io.Writer) error { return writeDeclarations(out, made.Services()) })
		},
	}
	size.add(command)
	return command
}

// writeDeclarations takes services in the order of their teams.
func writeDeclarations(out io.Writer, services []metrics.Service) error {
	fmt.Fprintln(out, "teams:")
	for i, s := range services {
		if i == 0 || s.Team != services[i-1].Team {
			fmt.Fprintf(out, "  - name: %s\n", s.Team)
		}
	}
	fmt.Fprintln(out, "services:")
	for _, s := range services {
		_, err := fmt.Fprintf(out, "  - {name: %s, team: %s, tier: %s, repositories: [%s]}\n", s.Name, s.Team, s.Tier, s.Repositories[0])
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *program) benchLoadCommand() *cobra.Command {
	var database databaseFlags
	var size sizeFlags
	command := &cobra.Command{
		Use:   "load",
		Short: "Store the events in a database and derive their facts",
		Long: `Stores the events of a made-up organisation as import would, derives the facts, and says how long each took and how much
room they need. Killed and called again, it goes on: what is stored is not stored twice.`,
		Example: "  shiphabit bench load --db bench.db --deployments 100000 --services 500",
		Args:    cobra.NoArgs,
		RunE: onDatabase(p.openDatabase, &database, func(ctx context.Context, db *store.DB, _ []string) error {
			made, err := size.organisation()
			if err != nil {
				return err
			}
			return benchLoad{program: p, db: db, deployments: size.Deployments}.run(ctx, made)
		}),
	}
	database.add(command)
	size.add(command)
	return command
}

// benchLoad measures storing and deriving.
type benchLoad struct {
	*program
	db          *store.DB
	deployments int
}

func (l benchLoad) run(ctx context.Context, made *organisation.Organisation) error {
	began := l.now()
	job := importJob{program: l.program, db: l.db}
	for e := range made.Events() {
		if err := job.add(ctx, e); err != nil {
			return err
		}
	}
	if err := job.flush(ctx); err != nil {
		return err
	}
	stored := l.now()
	if err := l.db.RefreshTelling(ctx, l.tellProgress()); err != nil {
		return err
	}
	l.report("stored", fmt.Sprintf("%d events", job.fresh+job.old), stored.Sub(began))
	l.report("derived", fmt.Sprintf("%d deployments", l.deployments), l.now().Sub(stored))
	return l.reportSize(ctx)
}

// report prints how long something took, in all and a deployment.
func (l benchLoad) report(what, amount string, took time.Duration) {
	each := float64(took.Microseconds()) / float64(l.deployments)
	fmt.Fprintf(l.out, "%s %s in %s: %.1f µs a deployment\n", what, amount, took.Round(time.Millisecond), each)
}

func (l benchLoad) reportSize(ctx context.Context) error {
	size, err := l.db.Size(ctx)
	if err == nil {
		fmt.Fprintf(l.out, "the database takes %.1f MB: %d bytes a deployment\n", float64(size)/1e6, size/int64(l.deployments))
	}
	return err
}

// tellProgress draws on the terminal how far deriving has come.
func (p *program) tellProgress() func(store.Progress) {
	var shownAt time.Time
	return func(s store.Progress) {
		if p.quiet || !p.terminal || p.now().Sub(shownAt) < time.Second/5 && s.Services < s.Of {
			return
		}
		shownAt = p.now()
		fmt.Fprintf(p.err, "\r%d of %d services derived, %.0f deployments/s, %s to go ", s.Services, s.Of, s.Rate(), s.Remaining.Round(time.Second))
	}
}
