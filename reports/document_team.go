package reports

import (
	"fmt"
	"strings"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// AboutTeam is what a report on one team is made of.
type AboutTeam struct {
	Basis
	Team string
	// Services are the team's own that have a record, by name.
	Services []ServiceRow
	// Result is the team's latest round that closed up to the end of the period; nil without one.
	Result *assessments.Result
	// KeptBack says whose the result of the last round is where it is not shown to the reader; empty where it is. Result and Decided are then of
	// rounds before that the team published.
	KeptBack string
	// Decided are its last rounds that closed up to then, the oldest first.
	Decided []RoundOver
	Gate    gate.Scoreboard
}

// TeamReport tells a team how its services are deployed, and what it said beside what its records show.
func TeamReport(in AboutTeam) Document {
	d := in.document("team", "Team report "+in.Period.Name, in.Team)
	d.Lead = "How the team's services are deployed, and what it said beside what their records show."
	d.Summary = summary(append(in.figureSentences(), in.openSays(), in.resultSays(), in.overdueSays())...)
	text, grids := in.quality()
	d.Sections = []Section{
		in.figuresSection(), in.movesSection(), in.servicesSection(), in.saysSection(), in.actions(),
		gateSection(in.Gate),
		{ID: "quality", Title: "Data quality", Text: text, Grids: grids},
	}
	return d
}

func (in AboutTeam) openSays() string {
	if n := in.Card.Recovery.Censored; n > 0 {
		return plural(n, "failed deployment is", "failed deployments are") + " still open: what needs to be fixed?"
	}
	return ""
}

func (in AboutTeam) resultSays() string {
	r := in.Result
	switch {
	case r == nil && in.KeptBack != "":
		return in.KeptBack
	case r == nil:
		return "The team has not answered the five questions yet."
	case !r.Shown:
		return "What the team said is not shown: " + r.Hidden + "."
	}
	return fmt.Sprintf("By the team's own answers (%s): %s.", plural(r.Respondents, "answer", "answers"), r.Verdict.Verdict)
}

// overdueSays names the newest action of which the day has passed.
func (in AboutTeam) overdueSays() string {
	a := newestOverdue(in.Decided, in.AsOf)
	if a == nil {
		return ""
	}
	return fmt.Sprintf("The team decided to do this by %s, and nobody has said how it went: %s.", dueOn(*a), strings.TrimRight(a.Text, "."))
}

// actions are what the team decided after its rounds.
func (in AboutTeam) actions() Section {
	s := Section{ID: "actions", Title: "Actions and outcomes", Text: []string{actionsSayTo(in.Decided, in.AsOf, in.KeptBack)}}
	if t := actionTable(in.Decided, in.AsOf); len(t.Rows) > 0 {
		s.Grids = []Grid{{Table: t}}
	}
	return s
}

func (in AboutTeam) servicesSection() Section {
	s := Section{ID: "services", Title: "Services", Notes: []string{"By name; the order is no ranking. The index is that of the last twelve weeks of the period."}}
	g := Grid{Table: Table{Caption: "The team's services", Head: []Head{{Text: "Service"}, {"Index, 0 event to 100 habit", true}, {Text: "Band"}, {"Deployments", true}, {"Failed", true}, {"Lead time, median", true}, {"Still open", true}}}}
	for _, r := range in.Services {
		g.Rows = append(g.Rows, []Cell{{Text: r.Service.Name}, {Text: indexWords(r.Index)}, {Text: BandWord(r.Index)}, {Text: Count(r.Card.Frequency.Rollouts)},
			{Text: Count(r.Card.FailRate.Count)}, {Text: wordOr(r.Card.LeadTime.Median, leadTimeWords(r.Card.LeadTime), "—")}, {Text: Count(r.Card.Recovery.Censored)}})
	}
	if len(g.Rows) == 0 {
		s.Text = []string{"No service of the team has a record."}
		return s
	}
	s.Grids = []Grid{g}
	return s
}

// indexWords is the index, or the range that too few records leave.
func indexWords(i metrics.Index) string {
	switch {
	case i.NotComparable != "":
		return notComparable
	case i.Value != nil:
		return Count(*i.Value)
	case i.State == metrics.NoData:
		return "—"
	}
	return "between " + Count(i.Low) + " and " + Count(i.High)
}

func (in AboutTeam) saysSection() Section {
	s := Section{ID: "says", Title: "What the team says beside what the records show"}
	r := in.Result
	if r == nil || !r.Shown {
		s.Text = []string{in.resultSays()}
		return s
	}
	g := Grid{Table: Table{Caption: "Five questions", Head: []Head{{Text: "Question"}, {"Says, 1 event to 5 habit", true}, {"Shows", true}, {Text: "Grade"}, {Text: "Together"}}}}
	for _, c := range r.Comparisons {
		question, says, shows := c.Question, "—", "—"
		for _, q := range r.Questions {
			if q.ID == c.Question {
				question = q.Text
			}
		}
		if c.Says != nil {
			says = digits(*c.Says)
		}
		if c.Shows != nil {
			shows = Count(*c.Shows)
		}
		together := c.Words
		if !c.Compared && !c.Split {
			together = "not compared: " + c.Why
		}
		g.Rows = append(g.Rows, []Cell{{Text: question}, {Text: says}, {Text: shows}, {Text: string(c.Grade)}, {Text: together}})
	}
	s.Grids, s.Notes = []Grid{g}, r.Marks
	if in.KeptBack != "" {
		s.Text = append(s.Text, "This is what the team published last. "+in.KeptBack)
	}
	return s
}
