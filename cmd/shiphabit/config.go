package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
)

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
		RunE: func(_ *cobra.Command, args []string) error {
			settings, err := config.Load(args[0], p.env)
			if err != nil {
				return exitError{exitUsage, err}
			}
			p.say("%s is fine.", args[0])
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
