package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Exit codes that scripts depend on.
const (
	exitOK          = 0
	exitBug         = 1 // an unexpected error
	exitUsage       = 2 // wrong words, or input that cannot be read
	exitBlocked     = 3 // the gate says block
	exitHold        = 4 // the gate still says hold when the wait is over
	exitUnreachable = 5 // no server answers; for gate check: and the policy closes the gate then
	exitForbidden   = 6 // the caller may not ask
	exitTrouble     = 7 // doctor found something that does not work

	exitStopped = 130 // told to stop before the end; what was done is kept
)

// exitError ends the program with a code; its sentence, if any, has the place, the fault and the remedy.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// usage is an error of the person who called, in words.
func usage(format string, args ...any) error {
	return exitError{exitUsage, fmt.Errorf(format, args...)}
}

// program is everything outside the process that a command may touch.
type program struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) string
	clock    func() time.Time // the system's when nil
	terminal bool             // err is a terminal: show progress
	quiet    bool
	verbose  bool
}

// now is the one clock of the program.
func (p *program) now() time.Time {
	if p.clock == nil {
		return time.Now().UTC()
	}
	return p.clock().UTC()
}

// logger writes to standard error: warnings only unless -v.
func (p *program) logger() *slog.Logger {
	level := slog.LevelWarn
	if p.verbose {
		level = slog.LevelDebug
	}
	if p.quiet {
		level = slog.LevelError
	}
	return slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: level}))
}

// say tells a person how things go; nothing of it is data.
func (p *program) say(format string, args ...any) {
	if !p.quiet {
		fmt.Fprintf(p.err, format+"\n", args...)
	}
}

// setting is a flag's value, else the environment's, else the default.
func (p *program) setting(flag, variable, otherwise string) string {
	if flag != "" {
		return flag
	}
	if value := p.env(variable); value != "" {
		return value
	}
	return otherwise
}

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, p program) int {
	root := p.root()
	root.SetArgs(args)
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(p.err, "shiphabit:", text)
	}
	var coded exitError
	if errors.As(err, &coded) {
		return coded.code
	}
	var down unreachable
	if errors.As(err, &down) {
		return exitUnreachable
	}
	if isUsage(err) {
		return exitUsage
	}
	return exitBug
}

// isUsage recognises the complaints of the command parser, which carry no type.
func isUsage(err error) bool {
	for _, start := range []string{"unknown command", "unknown flag", "unknown shorthand", "invalid argument", "flag needs", "required flag", "accepts ", "requires "} {
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "shiphabit",
		Short: "Is deployment still an event here, or has it become a habit?",
		Long: `shiphabit reads deployments, incidents and rollbacks, computes the DORA figures from them,
asks teams five questions about how deployment feels, sets the answers beside the records,
and answers pipelines that ask whether a service may be promoted now.

Start with a Git clone:   shiphabit try .`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().BoolVarP(&p.quiet, "quiet", "q", false, "say nothing but results and errors")
	root.PersistentFlags().BoolVarP(&p.verbose, "verbose", "v", false, "say more about what happens")
	root.AddCommand(
		p.tryCommand(), p.demoCommand(), p.serveCommand(), p.collectCommand(), p.hooksCommand(),
		p.importCommand(), p.exportCommand(),
		p.metricsCommand(), p.explainCommand(),
		p.doctorCommand(), p.reportCommand(), p.digestCommand(),
		p.gateCommand(), p.policyCommand(),
		p.assessCommand(),
		p.tokenCommand(), p.configCommand(), p.backupCommand(), p.versionCommand(),
		p.benchCommand(),
	)
	for _, command := range root.Commands() {
		refuseUnknown(command)
	}
	return root
}

// refuseUnknown makes a misspelt word after a group of commands wrong usage, also when flags follow. Without it cobra prints the
// group's help and ends with 0, and a pipeline that asks "gate chek" would go on.
func refuseUnknown(group *cobra.Command) {
	if !group.HasSubCommands() {
		return
	}
	for _, command := range group.Commands() {
		refuseUnknown(command)
	}
	group.SuggestionsMinimumDistance = 2
	if !group.Runnable() {
		group.RunE = func(command *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownWord(command, args[0])
			}
			return command.Help()
		}
	}
	group.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		if command == group && command.Flags().NArg() > 0 {
			return unknownWord(command, command.Flags().Arg(0))
		}
		return err
	})
}

func unknownWord(command *cobra.Command, word string) error {
	hint := fmt.Sprintf("'%s --help' lists them", command.CommandPath())
	if near := command.SuggestionsFor(word); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage("unknown command %q for %q; %s", word, command.CommandPath(), hint)
}

// isTerminal reports whether progress can be drawn on the file.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
