package reports

import (
	"fmt"
	"strings"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// fewestTeams is the least number of teams over which anything about teams is said.
const fewestTeams = 3

// AboutOrganisation is what a report on an organisation is made of.
type AboutOrganisation struct {
	Basis
	// Services are those with a record, each with its index at the end of the period. Unindexed counts those for which reading the
	// record of each would have taken too long; then Services is empty.
	Services  []ServiceRow
	Unindexed int
	Teams     []TeamCard
	// Rollup is what the quarter's rounds say; nil where there is none, and NoRollup then says why.
	Rollup   *assessments.Rollup
	NoRollup string
	// Outcomes are the actions that came of those rounds; nil where Rollup is.
	Outcomes *assessments.Outcomes
	Gate     gate.Scoreboard
}

// TeamCard are the pooled figures of one team's services.
type TeamCard struct {
	Team string
	Card metrics.Scorecard
}

// LeadershipReport tells where an organisation stands, what moved, which blockers its teams share, and what the gate stopped and what
// that was worth. It ranks no team and knows no person; a team is named only if it published its assessment.
func LeadershipReport(in AboutOrganisation) Document {
	d := in.document("leadership", "Leadership report "+in.Period.Name, in.Place)
	d.Lead = "Where deployment stands, what moved, what teams share. Systems are its subjects, never people."
	blockers := in.blockers()
	lines := append(in.figureSentences(), in.bandsSay(), in.gateSays(), in.surveySays(), blockersSay(blockers), in.gapsSay())
	d.Summary = summary(lines...)
	d.Sections = []Section{
		in.participation(), in.movesSection(), blockerSection(blockers), in.distribution(), in.figuresSection(), gateSection(in.Gate), in.actions(),
	}
	return d
}

// participation tells who answered and how far the records carry.
func (in AboutOrganisation) participation() Section {
	s := Section{ID: "participation", Title: "Participation and data quality"}
	switch r := in.Rollup; {
	case r == nil:
		s.Text = []string{in.NoRollup}
	case r.Teams == 0:
		s.Text = []string{"No round of the five questions closed in " + r.Quarter + "."}
	default:
		s.Text = []string{fmt.Sprintf("In rounds of the five questions that closed in %s, %s.", r.Quarter, whoAnswered(r))}
	}
	text, grids := in.quality()
	s.Text, s.Grids = append(s.Text, text...), grids
	return s
}

// bandsSay counts services from event to habit.
func (in AboutOrganisation) bandsSay() string {
	if len(in.Services) == 0 {
		return ""
	}
	var parts []string
	for _, b := range (Overview{Rows: in.Services}).Bands() {
		parts = append(parts, bandSays[b.Band]+" in "+Count(b.N))
	}
	return fmt.Sprintf("Of %s, over the last twelve weeks of the period, deployment is %s.", plural(len(in.Services), "service", "services"), inList(parts))
}

var bandSays = map[string]string{
	"event": "still an event", "scheduled": "scheduled", "settling": "settling into a habit", "habit": "a habit", unsure: "too rare to judge", notComparable: notComparable,
}

// inList words a list: "a, b and c".
func inList(parts []string) string {
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return strings.Join(parts, "")
}

// gateSays tells what the gate stopped and what that was worth.
func (in AboutOrganisation) gateSays() string {
	g := in.Gate
	if g.Decisions == 0 {
		return "The gate was not asked in this period."
	}
	if g.Stops.Decisions == 0 {
		return fmt.Sprintf("The gate decided %s and stopped nothing.", plural(g.Decisions, "time", "times"))
	}
	says := fmt.Sprintf("The gate decided %s and stopped %s", plural(g.Decisions, "time", "times"), Count(g.Stops.Decisions))
	switch p := g.Stops.Prevented; {
	case p.Of == 0:
		return says + "; of what it stopped first nothing has gone out since, so what the stops were worth is not known."
	case p.Count == 0:
		return says + fmt.Sprintf("; of what it stopped first, %s went out later all the same, and none of that failed.", Count(p.Of))
	default:
		return says + fmt.Sprintf("; of what it stopped first, %s went out later all the same, and %s of that failed.", Count(p.Of), Count(p.Count))
	}
}

func (in AboutOrganisation) surveySays() string {
	r := in.Rollup
	switch {
	case r == nil:
		return in.NoRollup
	case r.Teams == 0:
		return "No team answered the five questions in this period, so how deployment feels is not known."
	case !r.Shown:
		return "How deployment feels is not shown: " + r.Hidden + "."
	}
	habit, done := r.Verdicts[assessments.Habit], "."
	if o := in.Outcomes; o != nil && o.Shown {
		done = fmt.Sprintf("; of %s that came of it, %s.", plural(o.Written, "action", "actions"), plural2(o.Done, "%s is done", "%s are done"))
	}
	return fmt.Sprintf("To the five questions %s; by their answers deployment is a habit in %s of the %s that answered person by person"+done,
		whoAnswered(r), Count(habit), plural(r.PooledTeams, "team", "teams"))
}

// gapsSay names the first thing that is missing, so that nobody takes a gap for a nought.
func (in AboutOrganisation) gapsSay() string {
	list := gaps(in.lacking()).Rows
	if len(list) == 0 {
		return ""
	}
	more := ""
	if len(list) > 1 {
		more = "; the report lists what else is missing"
	}
	return "Not everything is known: " + lower(list[0][0].Text) + more + "."
}

// distribution shows how teams and services lie apart, and names none.
func (in AboutOrganisation) distribution() Section {
	s := Section{ID: "distribution", Title: "Distribution over teams"}
	switch {
	case in.Unindexed > 0:
		s.Text = append(s.Text, fmt.Sprintf("The event-versus-habit index of %s is not part of this report: their records would have to be read one by one.", plural(in.Unindexed, "service", "services")))
	case len(in.Services) > 0:
		s.Grids = append(s.Grids, Grid{Table: bandTable(in.Services), Bars: true})
	}
	if len(in.Teams) < fewestTeams {
		s.Text = append(s.Text, fmt.Sprintf("%s known: a distribution over teams needs at least %s.", plural(len(in.Teams), "team is", "teams are"), Count(fewestTeams)))
		return s
	}
	s.Grids = append(s.Grids, in.spread())
	s.Grids = append(s.Grids, in.said()...)
	s.Notes = []string{"No team is named unless it published its assessment, and none is ranked."}
	if r := in.Rollup; r != nil && r.PatternsHidden != "" {
		s.Notes = append(s.Notes, "How what is said lies beside what the records show is not counted: "+r.PatternsHidden+".")
	}
	if r := in.Rollup; r != nil && r.TagsHidden != "" {
		s.Notes = append(s.Notes, "How teams replied is not counted: "+r.TagsHidden+".")
	}
	return s
}

// spread is how far the teams lie apart in each figure, none of them named.
func (in AboutOrganisation) spread() Grid {
	g := Grid{Table: Table{Caption: "How far teams lie apart", Head: []Head{{Text: "Figure"}, {"Teams with a value", true}, {"Lowest", true}, {"Middle", true}, {"Highest", true}}}}
	cards := make([]metrics.Scorecard, len(in.Teams))
	for i, t := range in.Teams {
		cards[i] = t.Card
	}
	for _, spread := range metrics.Spreads(cards) {
		word := wordsOf(spread.Figure, in.Card)
		low, middle, high := "—", "—", "—"
		if spread.Services >= fewestTeams {
			low, middle, high = word(*spread.Low), word(*spread.Middle), word(*spread.High)
		}
		g.Rows = append(g.Rows, []Cell{{Text: figureTitles[spread.Figure]}, {Text: Count(spread.Services)}, {Text: low}, {Text: middle}, {Text: high}})
	}
	return g
}

var figureTitles = map[string]string{
	metrics.FigureFrequency: "Deployment frequency", metrics.FigureLeadTime: "Change lead time, median", metrics.FigureFailRate: "Change fail rate",
	metrics.FigureRecovery: "Failed deployment recovery time, median", metrics.FigureRework: "Deployment rework rate",
}

// said are the tables of what teams answered, of at least three that reached the group size.
func (in AboutOrganisation) said() []Grid {
	r := in.Rollup
	if r == nil || !r.Shown {
		return nil
	}
	questions := Grid{Table: Table{Caption: "What teams said", Head: []Head{{Text: "Question"}, {"Answers with a level", true}, {"Median, 1 event to 5 habit", true}, {"Lean habit", true}, {"Could not tell", true}, {Text: "Agreement"}}}}
	for _, q := range r.Questions {
		median, habit := "—", "—"
		if q.Median != nil {
			median = Count(*q.Median)
		}
		if q.Favourable.Value != nil {
			habit = Percent(*q.Favourable.Value)
		}
		questions.Rows = append(questions.Rows, []Cell{{Text: q.Text}, {Text: Count(q.Scored)}, {Text: median}, {Text: habit}, {Text: Count(q.DontKnow)}, {Text: orDash(q.Agreement.Word)}})
	}
	verdicts := Grid{Table: Table{Caption: "Verdicts of teams", Head: []Head{{Text: "Verdict"}, {"Teams", true}}}}
	for _, v := range assessments.Verdicts() {
		if n := r.Verdicts[v]; n > 0 {
			verdicts.Rows = append(verdicts.Rows, []Cell{{Text: string(v)}, {Text: Count(n)}})
		}
	}
	patterns := Grid{Table: Table{Caption: "What is said beside what the records show", Head: []Head{{Text: "Pattern"}, {"Questions of teams", true}}}}
	for _, words := range assessments.Patterns() {
		if n := r.Patterns[words]; n > 0 {
			patterns.Rows = append(patterns.Rows, []Cell{{Text: words}, {Text: Count(n)}})
		}
	}
	tags := Grid{Table: Table{Caption: "Replies of teams to their results, by tag", Head: []Head{{Text: "Tag"}, {"Replies", true}}}}
	for _, tag := range r.CommonTags() {
		tags.Rows = append(tags.Rows, []Cell{{Text: string(tag)}, {Text: Count(r.Tags[tag])}})
	}
	grids := []Grid{questions, verdicts}
	for _, counted := range []Grid{patterns, tags} {
		if len(counted.Rows) > 0 {
			grids = append(grids, counted)
		}
	}
	if len(r.Named) > 0 {
		named := Grid{Table: Table{Caption: "Teams that published, by name", Head: []Head{{Text: "Team"}, {"Answers", true}, {Text: "Verdict"}}}}
		for _, result := range r.Named {
			answers := Count(result.Respondents)
			if result.Consensus {
				answers = "one, agreed"
			}
			named.Rows = append(named.Rows, []Cell{{Text: result.Team}, {Text: answers}, {Text: string(result.Verdict.Verdict)}})
		}
		grids = append(grids, named)
	}
	return grids
}

// actions tells what teams decided to do, and what became of it.
func (in AboutOrganisation) actions() Section {
	s := Section{ID: "actions", Title: "Actions and outcomes"}
	o := in.Outcomes
	switch {
	case o == nil:
		s.Text = []string{"What teams decided to do is not shown. " + in.NoRollup}
		return s
	case !o.Shown:
		s.Text = []string{"What teams decided to do is not shown: " + o.Hidden + "."}
		return s
	}
	s.Grids = []Grid{{Table: outcomesTable(*o)}}
	if len(o.Named) > 0 {
		named := Grid{Table: Table{Caption: "Actions of teams that published", Head: []Head{{Text: "Team"}, {Text: "Action"}, {Text: "Who, by role"}, {Text: "Due"}, {Text: "How it went"}}}}
		for _, a := range o.Named {
			named.Rows = append(named.Rows, []Cell{{Text: a.Team}, {Text: a.Action.Text}, {Text: a.Action.Owner}, {Text: dueOn(a.Action)}, {Text: howItWent(a.Action, in.AsOf)}})
		}
		s.Grids = append(s.Grids, named)
	}
	return s
}
