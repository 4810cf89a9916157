package reports

import (
	"fmt"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
)

// TeamPath is the address of a team.
func TeamPath(team string) string { return segments("teams", team) }

// Teams lists the teams by name: the order is no ranking.
type Teams struct {
	Frame
	Rows []TeamRow
	// Unowned counts the services of which no team is declared.
	Unowned int
	// Asked is the team that was asked for and is none; empty on the list itself.
	Asked string
}

func (Teams) template() string { return "teams" }

// TeamRow is one team among others: what its services do together.
type TeamRow struct {
	Team     string
	Services int
	Card     metrics.Scorecard
}

// Team is one team: its services, what they amount to together, what it said last, and what is disputed.
type Team struct {
	Frame
	Team   string
	Rows   []ServiceRow
	Card   metrics.Scorecard
	Moves  []metrics.Move // against the window before; nil when there is none
	Levels []metrics.Level
	Course Course
	Days   map[int]int // deployments by day
	Zone   *time.Location
	Stages []string
	// Spreads say how far its services lie apart.
	Spreads []metrics.Spread
	// Waiting and Judged are as on the overview.
	Waiting int
	Judged  time.Time
	// Result is that of the team's last round that is over, Round the round; nil where there is none.
	Result *assessments.Result
	Round  *assessments.Round
	// Open is the round that takes answers now; nil when none does.
	Open *assessments.Round
	// Decided are its last rounds that are over, the oldest first, with what came of each.
	Decided []RoundOver
	// KeptBack says whose the result of the last round is where it is not shown to this reader; empty where it is. Result, Round and Decided are
	// then of rounds before that the team published.
	KeptBack string
	// Disputed are the corrections of its services' records that hold.
	Disputed []Disputed
}

// Disputed is a correction with the service that it is about.
type Disputed struct {
	Service string
	metrics.Correction
}

func (Team) template() string { return "team" }

// Figures are the five numbers of the team's services together.
func (t Team) Figures() []Figure { return figures(t.Card, t.Moves, t.Levels, t.Course) }

// More is the table of the figures beside the five.
func (t Team) More() Table { return more(t.Card, t.Explain) }

// Explain is the address that opens a figure of this team.
func (t Team) Explain(figure string) string {
	return t.Link(segments("explain", figure), "team", t.Team)
}

// Missing is the address that says why a figure is empty.
func (t Team) Missing(figure string) string { return t.Link("/doctor", "figure", figure) }

// Flow is the way of the team's changes to production.
func (t Team) Flow() Flow {
	return FlowOf(t.Card, t.Stages, func(figure, stage string) string {
		return t.Link(segments("explain", figure), "team", t.Team, "stage", stage)
	}, t.Missing)
}

// Charts are the pictures of the team.
func (t Team) Charts() []Chart {
	days := DayMap(t.Card, t.Days, t.Zone)
	days.Size = "wide low"
	all := append([]Chart{days}, fourCharts(t.Card, t.Course, HowFastBy(t.Card, t.Course.Rates, t.Course.RateSize), t.Moves)...)
	return t.pictured(append(all, StagesOverTime(t.Course.Rates, t.Course.RateSize, t.Stages)))
}

// SaysRow is one question of the last round: what was said, what the records show, and the two side by side.
type SaysRow struct {
	Question, Shows Cell
	Says, Beside    string
}

// Says are the questions of the last round.
func (t Team) Says() []SaysRow {
	if t.Result == nil {
		return nil
	}
	var out []SaysRow
	for _, row := range (Result{Result: *t.Result, Round: *t.Round}).Rows() {
		out = append(out, SaysRow{Question: Cell{Text: row.Text, Href: segments("assessments", t.Round.ID) + "#" + row.ID}, Says: t.said(row), Shows: shown(row, t.Round.ID), Beside: beside(row)})
	}
	return out
}

func (t Team) said(r Row) string {
	switch {
	case !t.Result.Shown:
		return "not shown"
	case r.Median == nil:
		return "nobody could tell"
	case t.Result.Consensus:
		return fmt.Sprintf("level %d of 5, agreed", *r.Median)
	case r.Agreement.Word == "":
		return fmt.Sprintf("level %d of 5, %s", *r.Median, plural(r.Scored, "answer", "answers"))
	default:
		return fmt.Sprintf("level %d of 5, %s, %s", *r.Median, plural(r.Scored, "answer", "answers"), r.Agreement.Word)
	}
}

func shown(r Row, round string) Cell {
	if r.Evidence == nil {
		return Cell{Text: "not measured"}
	}
	c := Cell{Text: "no level yet", Href: EvidencePath(round, r.Evidence.ID)}
	if r.Evidence.Level > 0 {
		c.Text = fmt.Sprintf("level %d of 5, grade %s", r.Evidence.Level, r.Evidence.Grade)
		if r.Evidence.Indirect {
			c.Text += ", indirect"
		}
	}
	return c
}

func beside(r Row) string {
	switch {
	case r.Comparison == nil:
		return "—"
	case r.Comparison.Split:
		return r.Comparison.Words
	case r.Comparison.Compared:
		return r.Comparison.Words + "; " + r.Comparison.Distance
	default:
		return "not compared: " + r.Comparison.Why
	}
}

// Actions are what the team decided after its rounds.
func (t Team) Actions() Table { return actionTable(t.Decided, t.AsOf) }

// ActionsSay counts what became of them.
func (t Team) ActionsSay() string { return actionsSayTo(t.Decided, t.AsOf, t.KeptBack) }

// Spread is the table of how far the team's services lie apart; it names none.
func (t Team) Spread() Table {
	table := Table{Caption: "How far its services lie apart", Lines: true, Head: []Head{{Text: "Figure"}, {"Lowest", true}, {"Middle", true}, {"Highest", true}, {Text: "Made of"}}}
	for _, s := range t.Spreads {
		f, _ := FigureOf(s.Figure, metrics.Scorecard{}, nil)
		word := wordsOf(s.Figure, t.Card)
		cell := func(v *float64) Cell {
			if v == nil {
				return Cell{Text: "—"}
			}
			return Cell{Text: word(*v)}
		}
		table.Rows = append(table.Rows, []Cell{{Text: f.Title, Href: t.Explain(s.Figure)}, cell(s.Low), cell(s.Middle), cell(s.High), {Text: fmt.Sprintf("%s of %s with a value", Count(s.Services), plural(s.Of, "service", "services"))}})
	}
	return table
}

func longDate(at time.Time) string { return at.UTC().Format("2 Jan 2006") }

// lastDay is the last day of a window whose end, which is no part of it, is a midnight of the team's own.
func lastDay(w metrics.Window) string { return w.To.Add(-1).Format("2 Jan 2006") }

// Next says when the team is asked again.
func (t Team) Next() string {
	switch {
	case t.Open != nil && t.Open.Size > 0:
		return fmt.Sprintf("A round is open since %s: %s of %s have answered.", longDate(t.Open.OpenedAt), Count(t.Open.Respondents), Count(t.Open.Size))
	case t.Open != nil:
		return fmt.Sprintf("A round is open since %s, with %s so far.", longDate(t.Open.OpenedAt), plural(t.Open.Respondents, "answer", "answers"))
	case t.KeptBack != "":
		return "No round is open."
	case t.Round != nil:
		return fmt.Sprintf("No round is open. The last one closed on %s; a quarter later is %s.", longDate(t.Round.ClosedAt), longDate(t.Round.ClosedAt.AddDate(0, 3, 0)))
	default:
		return "This team has not answered the five questions yet, and no round is open."
	}
}
