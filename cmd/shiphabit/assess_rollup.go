package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/assessments"
)

// rolledUp is what the server tells of a quarter.
type rolledUp struct {
	Rollup   assessments.Rollup   `json:"rollup"`
	Outcomes assessments.Outcomes `json:"outcomes"`
}

func (p *program) assessRollupCommand() *cobra.Command {
	var flags serverFlags
	var quarter, format string
	command := &cobra.Command{
		Use:   "rollup",
		Short: "Print what teams said together in a quarter",
		Long: `Adds up the rounds of a quarter over at least three teams that reached the group size: the answers to each question, how many questions
lie in which pattern of says versus shows, the verdicts, the tags of replies, and what teams decided to do. A team is named only if it
published, none is ranked, and nothing is told before a week after the quarter has ended.`,
		Example: `  shiphabit assess rollup
  shiphabit assess rollup --quarter 2026-Q3 --format json`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ask, err := p.client(flags, 2*time.Minute)
			if err != nil {
				return err
			}
			var told rolledUp
			path := "/api/v1/assessments/rollup"
			if quarter != "" {
				path += "?" + url.Values{"quarter": {quarter}}.Encode()
			}
			if err := ask.call(command.Context(), "GET", path, nil, nil, &told); err != nil {
				return err
			}
			if format == formatJSON {
				return writeJSON(p.out, told)
			}
			return p.printRollup(told)
		},
	}
	flags.add(command)
	command.Flags().StringVar(&quarter, "quarter", "", "the quarter, like 2026-Q3 (default the last one that may be told)")
	addFormat(command, &format, formatTable, formatJSON)
	return command
}

func (p *program) printRollup(told rolledUp) error {
	r := told.Rollup
	if r.Teams == 0 {
		_, err := fmt.Fprintf(p.out, "no round closed in %s, so there is nothing to tell of it\n", r.Quarter)
		return err
	}
	fmt.Fprintf(p.out, "%s: %d of %d people asked answered, in %d teams\n", r.Quarter, r.Respondents, r.Asked, r.Teams-r.Agreed)
	if r.Agreed > 0 {
		fmt.Fprintf(p.out, "teams that gave one agreed answer: %d\n", r.Agreed)
	}
	if !r.Shown {
		fmt.Fprintf(p.out, "what they said is not shown: %s\n", r.Hidden)
		return p.printOutcomes(told.Outcomes)
	}
	without := ""
	if r.LeftOut > 0 {
		without = ", without the only one that did not publish: its answers would follow"
	}
	fmt.Fprintf(p.out, "in the sums: %d answers of %d teams%s\n\n", r.PooledRespondents, r.PooledTeams, without)
	if err := writeTable(p.out, questionRows(r)); err != nil {
		return err
	}
	fmt.Fprintln(p.out)
	if err := p.printCounts(r); err != nil {
		return err
	}
	if err := p.printOutcomes(told.Outcomes); err != nil {
		return err
	}
	for _, named := range r.Named {
		fmt.Fprintf(p.out, "published: %s, round %s\n", printable(named.Team), named.Round)
	}
	fmt.Fprintf(p.out, "not named: %d\n", r.HiddenTeams)
	return nil
}

// questionRows are the answers to each question by level.
func questionRows(r assessments.Rollup) [][]string {
	rows := [][]string{{"QUESTION", "LEVEL 1", "2", "3", "4", "5", "COULD NOT TELL", "MEDIAN", "LEAN HABIT", "AGREEMENT"}}
	for _, q := range r.Questions {
		row := []string{cmp.Or(q.Name, q.Text)}
		byLevel := map[int]int{}
		for _, o := range q.Options {
			byLevel[o.Level] += o.Count
		}
		for level := 1; level <= 5; level++ {
			row = append(row, strconv.Itoa(byLevel[level]))
		}
		median, lean := "-", "-"
		if q.Median != nil {
			median = strconv.Itoa(*q.Median)
		}
		if q.Favourable.Value != nil {
			lean = fmt.Sprintf("%.0f %%", 100**q.Favourable.Value)
		}
		rows = append(rows, append(row, strconv.Itoa(q.DontKnow), median, lean, cmp.Or(q.Agreement.Word, "-")))
	}
	return rows
}

// printCounts prints what is counted over teams: patterns, verdicts and tags.
func (p *program) printCounts(r assessments.Rollup) error {
	rows := [][]string{{"SAYS VERSUS SHOWS", "QUESTIONS OF TEAMS"}}
	for _, words := range assessments.Patterns() {
		rows = append(rows, []string{words, strconv.Itoa(r.Patterns[words])})
	}
	if r.PatternsHidden != "" {
		rows = [][]string{{"says versus shows is not shown: " + r.PatternsHidden}}
	}
	rows = append(rows, []string{}, []string{"VERDICT", "TEAMS"})
	for _, v := range assessments.Verdicts() {
		rows = append(rows, []string{string(v), strconv.Itoa(r.Verdicts[v])})
	}
	rows = append(rows, []string{}, []string{"TAG", "REPLIES"})
	for _, tag := range r.CommonTags() {
		rows = append(rows, []string{string(tag), strconv.Itoa(r.Tags[tag])})
	}
	if r.TagsHidden != "" {
		rows[len(rows)-1] = []string{"tags are not shown: " + r.TagsHidden}
	}
	rows = append(rows, []string{})
	return writeTable(p.out, rows)
}

func (p *program) printOutcomes(o assessments.Outcomes) error {
	if !o.Shown {
		_, err := fmt.Fprintf(p.out, "actions are not shown: %s\n", o.Hidden)
		return err
	}
	fmt.Fprintf(p.out, "actions: %d written after %d rounds; %d done, %d not done, %d open, %d of them overdue\n", o.Written, o.Rounds, o.Done, o.NotDone, o.Open, o.Overdue)
	for _, a := range o.Named {
		fmt.Fprintf(p.out, "action of %s, until %s, %s: %s\n", printable(a.Team), a.Action.DueOn, cmp.Or(string(a.Action.Outcome), "open"), printable(a.Action.Text))
	}
	return nil
}
