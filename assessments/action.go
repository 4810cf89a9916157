package assessments

import (
	"strings"
	"time"
)

// Outcome is what became of an action.
type Outcome string

// The outcomes. Undecided is that of an action of which nobody has said how it went.
const (
	Undecided Outcome = ""
	Done      Outcome = "done"
	NotDone   Outcome = "not done"
)

const maxOwner = 80

// The fields of an action, as PlaceOf names them.
const (
	PlaceText  = "text"
	PlaceOwner = "owner"
	PlaceDue   = "due_on"
)

// Action is the one thing a team decides to do after a round. The team's next round opens with it.
type Action struct {
	Text string `json:"text"`
	// Owner is a role or a team, in words. An address is refused, for it names a person.
	Owner   string    `json:"owner"`
	DueOn   string    `json:"due_on"` // a day, "2026-09-30"
	Outcome Outcome   `json:"outcome"`
	At      time.Time `json:"at"` // written or changed
}

// NewAction checks the action of a closed round.
func NewAction(r Round, text, owner, dueOn string) (Action, error) {
	a := Action{Text: strings.TrimSpace(text), Owner: strings.TrimSpace(owner), DueOn: strings.TrimSpace(dueOn)}
	if r.State != Closed {
		return a, refuse(ErrState, "round %s is %s; the action is written between closing and publishing", r.ID, r.State)
	}
	due, err := time.Parse(time.DateOnly, a.DueOn)
	switch {
	case a.Text == "":
		return a, refuseAt(PlaceText, "the action is empty; write what the team will do")
	case a.Owner == "":
		return a, refuseAt(PlaceOwner, "nobody owns the action; name a role or the team")
	case strings.ContainsAny(a.Owner, "@\n\r"):
		return a, refuseAt(PlaceOwner, "the owner is an address or has several lines; name a role or the team, like \"whoever is on call\"")
	case err != nil:
		return a, refuseAt(PlaceDue, "%q is no day; write it like 2026-09-30", a.DueOn)
	case due.Before(r.ClosedAt.AddDate(0, 0, -1)) || due.After(r.ClosedAt.AddDate(2, 0, 0)):
		return a, refuseAt(PlaceDue, "%s is before the round closed or more than two years after; choose a day on which the team can look back", a.DueOn)
	}
	if err := plain("the action", a.Text, MaxNote); err != nil {
		return a, refuseAt(PlaceText, "%s", err)
	}
	if err := plain("the owner", a.Owner, maxOwner); err != nil {
		return a, refuseAt(PlaceOwner, "%s", err)
	}
	return a, nil
}

// CheckOutcome refuses a word that is no outcome.
func CheckOutcome(o Outcome) error {
	if o != Undecided && o != Done && o != NotDone {
		return refuse(ErrInvalid, "%q is no outcome; it is %q or %q, or empty", o, Done, NotDone)
	}
	return nil
}

// Overdue reports whether the day has passed and nobody has said how it went.
func (a Action) Overdue(now time.Time) bool {
	due, err := time.Parse(time.DateOnly, a.DueOn)
	return err == nil && a.Outcome == Undecided && !now.Before(due.AddDate(0, 0, 1))
}

// Outcomes are the actions that came of one quarter's rounds, for a report on the organisation. Texts are those of teams that
// published; of the others there are numbers, and none at all below three teams with an action.
type Outcomes struct {
	Quarter string       `json:"quarter"`
	Shown   bool         `json:"shown"`
	Hidden  string       `json:"hidden,omitempty"`
	Rounds  int          `json:"rounds"`  // closed in the quarter
	Written int          `json:"written"` // of them with an action
	Done    int          `json:"done"`
	NotDone int          `json:"not_done"`
	Open    int          `json:"open"`
	Overdue int          `json:"overdue"` // of the open ones
	Named   []TeamAction `json:"named,omitempty"`
}

// TeamAction is the action of a team that published.
type TeamAction struct {
	Team   string `json:"team"`
	Round  string `json:"round"`
	Action Action `json:"action"`
}

// OutcomesOf adds up the actions of rounds that closed in a quarter ("2026-Q3"), under the rules of a roll-up: a week after the
// quarter has ended, over at least three teams, and with no number that is one unnamed team's.
func OutcomesOf(quarter string, rounds []TeamCounts, now time.Time) (Outcomes, error) {
	inside, err := closedIn(quarter, rounds, now)
	if err != nil {
		return Outcomes{}, err
	}
	o := Outcomes{Quarter: quarter, Rounds: len(inside)}
	unnamed := 0
	for _, t := range inside {
		if t.Action == nil {
			continue
		}
		o.add(*t.Action, now)
		if t.Round.State != Published {
			unnamed++
			continue
		}
		o.Named = append(o.Named, TeamAction{Team: t.Round.Team, Round: t.Round.ID, Action: *t.Action})
	}
	if o.Rounds == 0 {
		o.Hidden = noneClosed(quarter)
		return o, nil
	}
	if o.Written < fewestTeams {
		return Outcomes{
			Quarter: quarter, Rounds: o.Rounds,
			Hidden: "fewer than three teams wrote an action, and the numbers would be theirs",
		}, nil
	}
	o.Shown = true
	o.hideOne(unnamed)
	return o, nil
}

func (o *Outcomes) add(a Action, now time.Time) {
	o.Written++
	switch a.Outcome {
	case Done:
		o.Done++
	case NotDone:
		o.NotDone++
	default:
		o.Open++
	}
	if a.Overdue(now) {
		o.Overdue++
	}
}

// hideOne takes one of the named away when exactly one team stands unnamed in the numbers: they would be its own.
func (o *Outcomes) hideOne(unnamed int) {
	if unnamed == 1 && len(o.Named) > 0 {
		o.Named = o.Named[1:]
	}
}
