package reports

import (
	"fmt"
	"slices"
	"time"

	"shiphabit/assessments"
)

// RoundOver is a round of a team that is over, with the action that came of it: nil where the team wrote none.
type RoundOver struct {
	Round  assessments.Round
	Action *assessments.Action
}

// howItWent is what became of an action, as far as somebody has said so.
func howItWent(a assessments.Action, now time.Time) string {
	switch {
	case a.Outcome != assessments.Undecided:
		return string(a.Outcome)
	case a.Overdue(now):
		return "overdue: nobody has said how it went"
	default:
		return "open"
	}
}

// dueOn is the day of an action as people write it.
func dueOn(a assessments.Action) string { return longDay(a.DueOn) }

// longDay is a day as people write it; what is none stays as it is.
func longDay(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return longDate(at)
}

// actionTable is what a team decided after its rounds, the newest first, each leading to its round.
func actionTable(decisions []RoundOver, now time.Time) Table {
	t := Table{
		Caption: "Actions that the team wrote after its rounds", Lines: true,
		Head: []Head{{Text: "Action"}, {Text: "Who, by role"}, {Text: "Due"}, {Text: "Round closed"}, {Text: "How it went"}},
	}
	for _, d := range slices.Backward(decisions) {
		if a := d.Action; a != nil {
			t.Rows = append(t.Rows, []Cell{
				{Text: a.Text, Href: segments("assessments", d.Round.ID) + "#action"}, {Text: a.Owner}, {Text: dueOn(*a)}, {Text: longDate(d.Round.ClosedAt)},
				{Text: howItWent(*a, now)},
			})
		}
	}
	return t
}

// outcomesTable counts what became of the actions of an organisation's teams.
func outcomesTable(o assessments.Outcomes) Table {
	t := Table{Caption: "Actions that teams wrote after their round", Head: []Head{{Text: "Actions"}, {"Number", true}}}
	for _, row := range []struct {
		says string
		n    int
	}{{"Rounds that closed", o.Rounds}, {"With an action", o.Written}, {"Done", o.Done}, {"Not done", o.NotDone}, {"Open", o.Open}, {"Of the open ones, overdue", o.Overdue}} {
		t.Rows = append(t.Rows, []Cell{{Text: row.says}, {Text: Count(row.n)}})
	}
	return t
}

// actionsSay counts what became of the actions and says where the last round had none.
func actionsSay(decisions []RoundOver, now time.Time) string {
	if len(decisions) == 0 {
		return "No round of the team is over, so it has decided on nothing yet."
	}
	written, done, overdue, last := 0, 0, 0, decisions[len(decisions)-1]
	for _, d := range decisions {
		if d.Action == nil {
			continue
		}
		written++
		if d.Action.Outcome == assessments.Done {
			done++
		}
		if d.Action.Overdue(now) {
			overdue++
		}
	}
	says := fmt.Sprintf("Of %s, %s.", plural(written, "action", "actions"), plural2(done, "%s is done", "%s are done"))
	switch {
	case written == 0:
		says = "The team wrote no action after " + plural(len(decisions), "round", "rounds") + "."
	case overdue > 0:
		says = fmt.Sprintf("Of %s, %s and %s.", plural(written, "action", "actions"), plural2(done, "%s is done", "%s are done"), plural2(overdue, "%s is overdue", "%s are overdue"))
	}
	if last.Action == nil && written > 0 {
		says += " After the last round, closed on " + longDate(last.Round.ClosedAt) + ", none was written."
	}
	return says
}

// actionsSayTo is actionsSay for a reader to whom the last round is not shown, where kept says why.
func actionsSayTo(decisions []RoundOver, now time.Time, kept string) string {
	const own = "What it decided after a round that it did not publish is its own."
	switch {
	case kept == "":
		return actionsSay(decisions, now)
	case len(decisions) == 0:
		return own
	}
	return "Of the rounds that it published: " + actionsSay(decisions, now) + " " + own
}

// newestOverdue is the newest action of which the day has passed and nobody has said how it went; nil for none.
func newestOverdue(decisions []RoundOver, now time.Time) *assessments.Action {
	for _, d := range slices.Backward(decisions) {
		if d.Action != nil && d.Action.Overdue(now) {
			return d.Action
		}
	}
	return nil
}
