package reports

import (
	"strconv"
	"time"

	"shiphabit/assessments"
)

// Rounds lists the rounds of all teams and opens one.
type Rounds struct {
	Frame
	Rounds []assessments.Round // by team, the newest first
	Teams  []string            // to choose from; others may be named
	// KeptBack are the ids of those whose result is not shown to this reader.
	KeptBack map[string]bool
	Floor    int
	Ask      RoundAsk
	// Problem is what was wrong with what was sent.
	Problem string
	CSRF    string
}

// RoundAsk is what the form of a new round holds, as it was sent.
type RoundAsk struct {
	Team, Size       string
	Consensus, Draft bool
	Links            string // "personal" or "team"
}

func (Rounds) template() string { return "rounds" }

// Table lists the rounds. There are no results in it: side by side they would be a league table.
func (r Rounds) Table() Table {
	t := Table{Caption: "Rounds by team, the newest first", Lines: true, Head: []Head{{Text: "Team"}, {Text: "State"}, {Text: "Answered"}, {Text: "Opened"}, {Text: "Closed"}, {Text: "For who runs it"}}}
	for _, round := range r.Rounds {
		team := Cell{Text: round.Team}
		if !r.KeptBack[round.ID] {
			team.Href = segments("assessments", round.ID)
		}
		t.Rows = append(t.Rows, []Cell{
			team, {Text: string(round.State)}, {Text: Participation(round)},
			{Text: dayOf(round.OpenedAt)}, {Text: dayOf(round.ClosedAt)}, {Text: "Run it", Href: segments("assessments", round.ID, "run")},
		})
	}
	return t
}

// Participation is how many of those asked have answered.
func Participation(r assessments.Round) string {
	switch {
	case r.State == assessments.Draft:
		return "not asked yet"
	case r.Consensus && r.Respondents > 0:
		return "agreed"
	case r.Consensus:
		return "not yet agreed"
	}
	return strconv.Itoa(r.Respondents) + " of " + strconv.Itoa(r.Capacity())
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2 Jan 2006")
}

// RoundRun is a round for who runs it.
type RoundRun struct {
	Frame
	Round    assessments.Round
	Links    []string // shown this once
	Reminder *Reminded
	Channels []string // where reminders go
	Problem  string
	// Warning is about a team of which nothing is known, while that can still be mended.
	Warning string
	CSRF    string
	// KeptBack says why the result is not shown to this reader; empty where it is.
	KeptBack string
}

// Reminded is a reminder that was sent or is to be copied.
type Reminded struct {
	Subject, Text string
	Sent          []string
	Problem       string
}

func (RoundRun) template() string { return "run" }

// OneLink tells that everybody answers through the same link.
func (r RoundRun) OneLink() bool { return r.Round.Consensus || r.Round.OpenLink }

// Participation is how many have answered.
func (r RoundRun) Participation() string { return Participation(r.Round) }

// Left is how often people may still be reminded.
func (r RoundRun) Left() int { return max(assessments.MaxReminders-r.Round.Reminders, 0) }

// At is an address below the round's.
func (r RoundRun) At(more string) string { return segments("assessments", r.Round.ID, more) }

// Confirm asks before a step that cannot be taken back.
type Confirm struct {
	Frame
	Round assessments.Round
	Verb  string // "close" or "publish"
	CSRF  string
	// Action is what the team decided, nil when it has written nothing.
	Action *assessments.Action
}

func (Confirm) template() string { return "confirm" }

// Participation is how many have answered.
func (c Confirm) Participation() string { return Participation(c.Round) }

// Below reports whether so few have answered that nothing will be shown.
func (c Confirm) Below() bool { return !c.Round.Consensus && c.Round.Respondents < c.Round.Floor }

// Guide is what a team may talk about, to be printed.
type Guide struct {
	Frame
	Round  assessments.Round
	Result assessments.Result
	Guide  assessments.Guide
}

func (Guide) template() string { return "guide" }

// Tags are the reasons that a reply can give.
func (Result) Tags() []assessments.Tag { return assessments.Tags() }

// Over reports whether the round takes no more answers.
func (r Result) Over() bool {
	return r.Round.State == assessments.Closed || r.Round.State == assessments.Published
}

// Due is the day that a new action is due on unless the team says otherwise: in three months, when the next round is usual.
func (r Result) Due() string { return r.Round.ClosedAt.AddDate(0, 3, 0).Format(time.DateOnly) }
