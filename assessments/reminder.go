package assessments

import (
	"fmt"
	"strings"
)

// MaxReminders is how often people are reminded of a round at most: more would be pressure.
const MaxReminders = 2

// Reminder is a text to send or to copy. It says nothing of who answered or how many.
type Reminder struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// ReminderOf words a reminder of an open round. Link is the address of the form where one link serves all; with personal links,
// which only their holders know, it is empty.
func ReminderOf(r Round, link string) (Reminder, error) {
	if r.State != Open {
		return Reminder{}, refuse(ErrState, "round %s is %s; only an open round has anything to remind of", r.ID, r.State)
	}
	where := "Everybody has a link of their own: please use yours."
	if link != "" {
		where = "The link for the whole team, once for each person:\n" + link
	}
	if r.Consensus {
		where = "The team agrees on one answer per question and sends it through the link it was given."
		if link != "" {
			where = "The team agrees on one answer per question and sends it through this link:\n" + link
		}
	}
	return Reminder{
		Subject: fmt.Sprintf("Five minutes for %s: how does deployment feel?", strings.Join(strings.Fields(r.Team), " ")),
		Text: fmt.Sprintf("The questions for team %s are still open.\n\n%s\n\nAnswers are counted, not kept. If you have answered already, thank you: nobody can tell, so everybody gets this.\n",
			r.Team, where),
	}, nil
}
