package reports

import (
	"fmt"

	"shiphabit/assessments"
)

// Rollup is what the organisation sees of a quarter's rounds.
type Rollup struct {
	Frame
	Quarter  string
	Quarters []string // those in which rounds closed, the newest first
	// Rollup and Outcomes are nil where the quarter cannot be told; Not says why.
	Rollup   *assessments.Rollup
	Outcomes *assessments.Outcomes
	Not      string
}

func (Rollup) template() string { return "rollup" }

// RollupPath is the roll-up of a quarter, of the last that may be told when it is empty.
func RollupPath(quarter string) string {
	return View{}.Link("/assessments/rollup", nil, "quarter", quarter)
}

// Choices are the quarters that can be asked for.
func (p Rollup) Choices() []Choice {
	var out []Choice
	for _, quarter := range p.Quarters {
		out = append(out, Choice{Word: quarter, Href: RollupPath(quarter), Current: quarter == p.Quarter})
	}
	return out
}

// Participation says who answered, and whose answers are in the sums.
func (p Rollup) Participation() string {
	r := p.Rollup
	if r.Teams == 0 {
		return "No round closed in " + r.Quarter + "."
	}
	return fmt.Sprintf("In rounds that closed in %s, %s.", r.Quarter, whoAnswered(r))
}

// Pooled says whose answers are in the sums.
func (p Rollup) Pooled() string {
	r := p.Rollup
	says := fmt.Sprintf("The sums hold %s of %s; agreed answers and groups below the group size are in none.",
		plural(r.PooledRespondents, "answer", "answers"), plural(r.PooledTeams, "team", "teams"))
	if r.LeftOut > 0 {
		says += " So is the only other team, which did not publish: the sums less the published results would be its own answers."
	}
	return says
}

// Patterns counts what teams say beside what their records show.
func (p Rollup) Patterns() Table {
	t := Table{Caption: "What is said beside what the records show", Head: []Head{{Text: "Pattern"}, {"Questions of teams", true}}}
	for _, words := range assessments.Patterns() {
		t.Rows = append(t.Rows, []Cell{{Text: words}, {Text: Count(p.Rollup.Patterns[words])}})
	}
	return t
}

// Tags counts the replies of teams to their results, the most frequent first.
func (p Rollup) Tags() Table {
	t := Table{Caption: "Replies of teams, by tag", Head: []Head{{Text: "Why a number is not the whole story"}, {"Replies", true}}}
	for _, tag := range p.Rollup.CommonTags() {
		t.Rows = append(t.Rows, []Cell{{Text: string(tag)}, {Text: Count(p.Rollup.Tags[tag])}})
	}
	return t
}

// Verdicts counts the teams per verdict.
func (p Rollup) Verdicts() Table {
	t := Table{Caption: "Verdicts", Head: []Head{{Text: "Verdict"}, {"Teams", true}}}
	for _, v := range assessments.Verdicts() {
		t.Rows = append(t.Rows, []Cell{{Text: string(v)}, {Text: Count(p.Rollup.Verdicts[v])}})
	}
	return t
}

// Questions are those of the sums.
func (p Rollup) Questions() []Row {
	var out []Row
	for i, q := range p.Rollup.Questions {
		out = append(out, Row{Number: i + 1, QuestionResult: q})
	}
	return out
}

// Actions counts what became of the actions that teams wrote.
func (p Rollup) Actions() Table { return outcomesTable(*p.Outcomes) }

// Chosen are the actions of the teams that published.
func (p Rollup) Chosen() Table {
	t := Table{Caption: "Actions of teams that published, by team", Lines: true, Head: []Head{{Text: "Team"}, {Text: "Due"}, {Text: "Outcome"}, {Text: "Action"}}}
	for _, a := range p.Outcomes.Named {
		t.Rows = append(t.Rows, []Cell{{Text: a.Team, Href: segments("assessments", a.Round) + "#action"}, {Text: dueOn(a.Action)}, {Text: howItWent(a.Action, p.AsOf)}, {Text: a.Action.Text}})
	}
	return t
}

// Named are the teams that published, by name. Their results stand on pages of their own: side by side they would be a league table.
func (p Rollup) Named() []Cell {
	var out []Cell
	for _, one := range p.Rollup.Named {
		out = append(out, Cell{Text: one.Team, Href: segments("assessments", one.Round)})
	}
	return out
}
