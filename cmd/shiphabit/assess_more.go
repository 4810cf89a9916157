package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
)

func (p *program) assessRemindCommand() *cobra.Command {
	var flags serverFlags
	var body struct {
		Copy bool `json:"copy,omitempty"`
	}
	command := &cobra.Command{
		Use:   "remind ROUND",
		Short: "Remind a team of its open round, at most twice",
		Long: `Sends a reminder over the team's channels of the configuration (notify), or prints the text to copy where it has none. Either
counts, and a round has two. Everybody gets the same, because nobody can tell who has answered.`,
		Example: `  shiphabit assess remind ar_01J9Z3
  shiphabit assess remind ar_01J9Z3 --copy`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ask, err := p.client(flags, 2*time.Minute)
			if err != nil {
				return err
			}
			var done struct {
				Subject, Text, Problem string
				Sent                   []string
				Left                   int
			}
			if err := ask.call(command.Context(), "POST", "/api/v1/assessments/"+url.PathEscape(args[0])+"/remind", nil, body, &done); err != nil {
				return err
			}
			if done.Problem != "" {
				p.say("Not everywhere: %s", printable(done.Problem))
			}
			if len(done.Sent) > 0 {
				p.say("Sent: %s. Reminders left: %d.", printable(strings.Join(done.Sent, "; ")), done.Left)
				return nil
			}
			p.say("Copy this text; reminders left: %d.", done.Left)
			_, err = fmt.Fprintf(p.out, "%s\n\n%s", done.Subject, done.Text)
			return err
		},
	}
	flags.add(command)
	command.Flags().BoolVar(&body.Copy, "copy", false, "print the text and send nothing")
	return command
}

func (p *program) assessDiscardCommand() *cobra.Command {
	var flags serverFlags
	command := &cobra.Command{
		Use:     "discard ROUND",
		Short:   "Discard a draft: nobody was asked yet",
		Example: "  shiphabit assess discard ar_01J9Z3",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ask, err := p.client(flags, 30*time.Second)
			if err != nil {
				return err
			}
			if err := ask.call(command.Context(), "DELETE", "/api/v1/assessments/"+url.PathEscape(args[0]), nil, nil, nil); err != nil {
				return err
			}
			p.say("Draft %s is gone.", args[0])
			return nil
		},
	}
	flags.add(command)
	return command
}

func (p *program) assessQuestionsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "questions [FILE]",
		Short: "Print the questions that come with the program as YAML, or check a file of your own",
		Long: `Without a file it prints the set that comes with the program, to begin your own with: give it another id, and raise the version with
every change of wording. With a file it names every fault with its line. The configuration uses the file as assessment.questions; a round
keeps the set it was opened with.`,
		Example: `  shiphabit assess questions >questions.yaml
  shiphabit assess questions questions.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := fmt.Fprint(p.out, config.QuestionsExample())
				return err
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return usage("reading the questions: %w", err)
			}
			set, err := config.ParseQuestions(args[0], text)
			if err != nil {
				return exitError{exitUsage, err}
			}
			bound := 0
			for _, q := range set.Questions {
				if q.Evidence != "" {
					bound++
				}
			}
			p.say("%s: set %s, version %d: %d questions, %d of them beside evidence.", args[0], set.ID, set.Version, len(set.Questions), bound)
			return nil
		},
	}
}
