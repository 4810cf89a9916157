package main

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/assessments"
)

func (p *program) assessCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "assess",
		Short: "Run a round of the five questions",
		Long: `A round asks one team the five questions. It is opened, answered through links, closed, and published.
Answers are kept as counts only; nothing is shown for fewer people than the floor.`,
		Example: `  shiphabit assess open --team payments --size 7
  shiphabit assess close ar_01J9Z3`,
	}
	command.AddCommand(
		p.assessOpenCommand(), p.assessStatusCommand(), p.assessLinkCommand(), p.assessRemindCommand(),
		p.assessMoveCommand("close", "End answering; links that were not used stop working", "closed; the result is at"),
		p.assessMoveCommand("publish", "Freeze a closed round; from then on it never changes", "published; the result is at"),
		p.assessDiscardCommand(), p.assessQuestionsCommand(), p.assessRollupCommand(),
	)
	return command
}

// roundLinks is the answer to opening a round: its links are shown this once.
type roundLinks struct {
	Round assessments.Round `json:"round"`
	Links []string          `json:"links"`
	// Warning is about a team of which nothing is known.
	Warning string `json:"warning"`
}

func (p *program) assessOpenCommand() *cobra.Command {
	var flags serverFlags
	var body struct {
		Team      string   `json:"team"`
		Services  []string `json:"services,omitempty"`
		Size      int      `json:"size,omitempty"`
		Floor     int      `json:"floor,omitempty"`
		Consensus bool     `json:"consensus,omitempty"`
		OpenLink  bool     `json:"open_link,omitempty"`
		Draft     bool     `json:"draft,omitempty"`
	}
	command := &cobra.Command{
		Use:   "open [ROUND]",
		Short: "Open a round for a team, or a draft, and print the answer links",
		Example: `  shiphabit assess open --team payments --size 7
  shiphabit assess open --team docs --size 4 --consensus
  shiphabit assess open --team payments --size 7 --draft   # look at the form, then: assess open ROUND`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			path := "/api/v1/assessments"
			switch {
			case len(args) == 1 && (body.Team != "" || body.Draft):
				return usage("a draft is opened as it is; leave the flags out, or make another one")
			case len(args) == 1:
				path += "/" + url.PathEscape(args[0]) + "/open"
			case body.Team == "":
				return usage("--team is missing: name the team that is asked")
			}
			ask, err := p.client(flags, 30*time.Second)
			if err != nil {
				return err
			}
			var opened roundLinks
			if err := ask.call(command.Context(), "POST", path, nil, body, &opened); err != nil {
				return err
			}
			if opened.Warning != "" {
				fmt.Fprintf(p.err, "Warning: %s.\n", printable(opened.Warning))
			}
			if body.Draft {
				p.say("Draft %s for team %s: look at the form at %s/assessments/%s/form, then 'shiphabit assess open %s'.", opened.Round.ID, printable(opened.Round.Team), ask.base, opened.Round.ID, opened.Round.ID)
				return nil
			}
			p.say("Round %s is open for team %s. %s", opened.Round.ID, printable(opened.Round.Team), linkWords(opened.Round))
			return p.printLinks(ask.base, opened.Links)
		},
	}
	flags.add(command)
	f := command.Flags()
	f.StringVar(&body.Team, "team", "", "the team (required)")
	f.StringSliceVar(&body.Services, "service", nil, "its services (default those the configuration gives it)")
	f.IntVar(&body.Size, "size", 0, "people in the team (default the configuration's)")
	f.IntVar(&body.Floor, "floor", 0, "show nothing for fewer answers than this, 5 to 10")
	f.BoolVar(&body.Consensus, "consensus", false, "one agreed answer per question, for teams of three or four")
	f.BoolVar(&body.OpenLink, "open-link", false, "one link for the whole team instead of personal ones")
	f.BoolVar(&body.Draft, "draft", false, "do not open it yet")
	return command
}

// linkWords says what the links are for.
func linkWords(r assessments.Round) string {
	switch {
	case r.Consensus:
		return "The team agrees on one answer per question and sends it through this link:"
	case r.OpenLink:
		return fmt.Sprintf("Everybody answers through this link, once each; it takes %d answers:", r.Size)
	default:
		return "Give each person one of these links; each works once and they are shown this once:"
	}
}

func (p *program) printLinks(base string, links []string) error {
	for _, link := range links {
		if _, err := fmt.Fprintln(p.out, base+link); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) assessStatusCommand() *cobra.Command {
	var flags serverFlags
	var format string
	command := &cobra.Command{
		Use:     "status",
		Short:   "List the rounds with how many have answered",
		Example: "  shiphabit assess status",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ask, err := p.client(flags, 30*time.Second)
			if err != nil {
				return err
			}
			var list struct {
				Rounds []assessments.Round `json:"rounds"`
			}
			if err := ask.call(command.Context(), "GET", "/api/v1/assessments", nil, nil, &list); err != nil {
				return err
			}
			if format == formatJSON {
				return writeJSON(p.out, list.Rounds)
			}
			if len(list.Rounds) == 0 {
				p.say("No rounds yet: 'shiphabit assess open --team NAME --size N' opens one.")
				return nil
			}
			rows := [][]string{{"ROUND", "TEAM", "STATE", "ANSWERED", "REMINDED", "OPENED", "CLOSED"}}
			for _, r := range list.Rounds {
				rows = append(rows, []string{r.ID, r.Team, string(r.State), fmt.Sprintf("%d of %d", r.Respondents, r.Capacity()), fmt.Sprintf("%d of %d", r.Reminders, assessments.MaxReminders), day(r.OpenedAt), day(r.ClosedAt)})
			}
			return writeTable(p.out, rows)
		},
	}
	flags.add(command)
	addFormat(command, &format, formatTable, formatJSON)
	return command
}

func (p *program) assessLinkCommand() *cobra.Command {
	var flags serverFlags
	command := &cobra.Command{
		Use:     "link ROUND [COUNT]",
		Short:   "Make more answer links for an open round",
		Example: "  shiphabit assess link ar_01J9Z3 2",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(command *cobra.Command, args []string) error {
			body := map[string]int{"count": 1}
			if len(args) == 2 {
				n, err := strconv.Atoi(args[1])
				if err != nil || n < 1 {
					return usage("%q is no number of links; say how many, at least 1", args[1])
				}
				body["count"] = n
			}
			ask, err := p.client(flags, 30*time.Second)
			if err != nil {
				return err
			}
			var opened roundLinks
			if err := ask.call(command.Context(), "POST", "/api/v1/assessments/"+url.PathEscape(args[0])+"/links", nil, body, &opened); err != nil {
				return err
			}
			return p.printLinks(ask.base, opened.Links)
		},
	}
	flags.add(command)
	return command
}

// assessMoveCommand moves a round to its next state.
func (p *program) assessMoveCommand(verb, short, said string) *cobra.Command {
	var flags serverFlags
	command := &cobra.Command{
		Use:     verb + " ROUND",
		Short:   short,
		Example: "  shiphabit assess " + verb + " ar_01J9Z3",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ask, err := p.client(flags, 30*time.Second)
			if err != nil {
				return err
			}
			var round assessments.Round
			if err := ask.call(command.Context(), "POST", "/api/v1/assessments/"+url.PathEscape(args[0])+"/"+verb, nil, nil, &round); err != nil {
				return err
			}
			p.say("Round %s of team %s is %s %s/assessments/%s", round.ID, printable(round.Team), said, ask.base, round.ID)
			return nil
		},
	}
	flags.add(command)
	return command
}
