package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
	"shiphabit/metrics"
)

// makeable makes every source and asks none: what their settings lack is told all at once.
func (p *program) makeable(ctx context.Context, settings config.Config) error {
	var faults error
	for _, s := range settings.Sources {
		err := p.tried(ctx, s)
		if err != nil && s.Text("path") != "" {
			p.say("On this machine source %s cannot be read: %s", printable(s.Name), printable(err.Error()))
			continue // the file may be checked on another machine than the one that reads
		}
		if err != nil {
			faults = errors.Join(faults, exitError{exitUsage, fmt.Errorf("source %s: %w", s.Name, err)})
		}
	}
	return faults
}

// tried makes a source, and lists what it would read where that asks nobody.
func (p *program) tried(ctx context.Context, s config.Source) error {
	source, _, err := p.source(ctx, s)
	if closer, ok := source.(io.Closer); ok {
		defer closer.Close() //nolint:errcheck // nothing was read
	}
	return err
}

func (p *program) configCommand() *cobra.Command {
	command := &cobra.Command{
		Use:     "config",
		Short:   "Check a configuration file, or print an example or the schema",
		Example: "  shiphabit config example > shiphabit.yaml",
	}
	check := &cobra.Command{
		Use:     "check FILE",
		Short:   "Read a configuration file and report every fault at once",
		Example: "  shiphabit config check shiphabit.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			settings, err := config.Load(args[0], p.env)
			if err != nil {
				return exitError{exitUsage, err}
			}
			if err := p.makeable(command.Context(), settings); err != nil {
				return err
			}
			p.say("%s is fine.", args[0])
			for _, tier := range tierNames {
				for _, warning := range settings.Loosened(metrics.Tier(tier)) {
					p.say("warning: %s", printable(warning))
				}
			}
			for _, warning := range settings.Unheld(policiesOf(settings)...) {
				p.say("warning: %s", printable(warning))
			}
			if len(settings.Sources) == 0 {
				p.say("It declares no sources: records then come by 'shiphabit import' and the API alone.")
			}
			for _, address := range hookAddresses(settings) {
				p.say("Webhooks are taken at %s.", address)
			}
			return nil
		},
	}
	example := &cobra.Command{
		Use:     "example",
		Short:   "Print a commented configuration file that works",
		Example: "  shiphabit config example > shiphabit.yaml",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(p.out, config.Example())
			return err
		},
	}
	schema := &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of the configuration file",
		Example: "  shiphabit config schema > shiphabit.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.out, string(config.Schema()))
			return err
		},
	}
	command.AddCommand(check, example, schema)
	return command
}
