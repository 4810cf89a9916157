package assessments

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
)

// Group sizes. Below smallestTeam two answers cannot be kept apart from the people who gave them, so only evidence is shown.
// The floor k is the smallest group of whose answers anything is shown.
const (
	smallestTeam = 3
	DefaultFloor = 5
	HighestFloor = 10
)

// EvidenceWeeks is the length of a round's evidence window; E1, E3 and E5 look at its last 12 weeks.
const EvidenceWeeks = 26

// Plan is what a round is made of before it opens. Floor 0 means the default.
type Plan struct {
	ID        string
	Team      string
	Services  []string
	Size      int  // people in the team; 0 when not stated, which only a consensus may leave open
	Floor     int  // k
	Consensus bool // one agreed answer per question, entered once
	OpenLink  bool // one link for the whole team in place of personal one-use links
}

// NewRound makes a draft with a set of questions. A team smaller than the floor has to agree on one answer (consensus); a
// team of one or two holds no round, and its evidence can still be seen.
func NewRound(set Set, p Plan) (Round, error) {
	if p.Floor == 0 {
		p.Floor = DefaultFloor
	}
	if err := p.check(); err != nil {
		return Round{}, err
	}
	if err := Validate(set); err != nil {
		return Round{}, err
	}
	return Round{
		ID: p.ID, Team: p.Team, Services: slices.Compact(slices.Sorted(slices.Values(p.Services))), State: Draft, Set: set,
		Size: p.Size, Floor: p.Floor, Consensus: p.Consensus, OpenLink: p.OpenLink,
	}, nil
}

func (p Plan) check() error {
	switch {
	case strings.TrimSpace(p.ID) == "" || strings.TrimSpace(p.Team) == "":
		return refuse(ErrInvalid, "a round needs an id and a team; name both")
	case p.Floor < DefaultFloor || p.Floor > HighestFloor:
		return refuse(ErrInvalid, "a group size of %d is outside %d to %d; choose one inside, %d is usual",
			p.Floor, DefaultFloor, HighestFloor, DefaultFloor)
	case p.Size < 0 || p.Size == 0 && !p.Consensus:
		return refuse(ErrInvalid, "the size of team %s is not stated; say how many people it has", p.Team)
	case p.Size != 0 && p.Size < smallestTeam:
		return refuse(ErrInvalid, "team %s has %d: answers of so few cannot be kept apart from the people; see its evidence instead, or ask it together with another team",
			p.Team, p.Size)
	case p.Size != 0 && p.Size < p.Floor && !p.Consensus:
		return refuse(ErrInvalid, "team %s has %d people and nothing is shown below %d answers; use consensus mode, one agreed answer per question",
			p.Team, p.Size, p.Floor)
	}
	return nil
}

// Open starts taking answers and pins the evidence window: the 26 weeks before now.
func (r Round) Open(now time.Time) (Round, error) {
	if r.State != Draft {
		return r, refuse(ErrState, "round %s is %s and cannot be opened; make a new round", r.ID, r.State)
	}
	if err := Validate(r.Set); err != nil {
		return r, err
	}
	now = now.UTC()
	r.State, r.OpenedAt = Open, now
	r.Window = metrics.Window{From: now.AddDate(0, 0, -7*EvidenceWeeks), To: now}
	return r, nil
}

// Capacity is how many submissions a round takes: one in consensus mode, else the team's size.
func (r Round) Capacity() int {
	if r.Consensus {
		return 1
	}
	return r.Size
}

// Submit checks one submission and returns the round and the counts with it. A submission is final.
func (r Round) Submit(c Counts, a Answers) (Round, Counts, error) {
	if r.State != Open {
		return r, c, refuse(ErrState, "round %s is %s and takes no answers; ask who runs it for the next one", r.ID, r.State)
	}
	if r.Respondents >= r.Capacity() {
		return r, c, refuse(ErrFull, "round %s has all %d answers it takes; if yours is missing, the link was used by somebody else: ask for a new round with personal links",
			r.ID, r.Capacity())
	}
	if err := CheckAnswers(r.Set, a); err != nil {
		return r, c, err
	}
	r.Respondents++
	return r, c.Add(a), nil
}

// Close ends answering. The team can see its result from here on; unused tokens are to be deleted with it.
func (r Round) Close(now time.Time) (Round, error) {
	if r.State != Open {
		return r, refuse(ErrState, "round %s is %s and cannot be closed; only an open round can", r.ID, r.State)
	}
	if now.Before(r.OpenedAt) {
		return r, refuse(ErrInvalid, "round %s was opened at %s, after the time of closing; check the clock", r.ID, r.OpenedAt.Format(time.RFC3339))
	}
	r.State, r.ClosedAt = Closed, now.UTC()
	return r, nil
}

// Publish freezes a closed round and lets the team be named in roll-ups.
func (r Round) Publish(now time.Time) (Round, error) {
	switch r.State {
	case Closed:
	case Published:
		return r, refuse(ErrState, "round %s is published already, and never changes from then on", r.ID)
	default:
		return r, refuse(ErrState, "round %s is %s and cannot be published; close it first", r.ID, r.State)
	}
	if now.Before(r.ClosedAt) {
		return r, refuse(ErrInvalid, "round %s was closed at %s, after the time of publishing; check the clock", r.ID, r.ClosedAt.Format(time.RFC3339))
	}
	r.State, r.PublishedAt = Published, now.UTC()
	return r, nil
}

// hidden says why nothing of the answers may be shown, "" when they may.
func (r Round) hidden() string {
	switch {
	case r.State == Draft || r.State == Open:
		return "the round is " + string(r.State) + ": only participation is shown before closing"
	case r.Respondents == 0:
		return "nobody answered"
	case !r.Consensus && r.Respondents < r.Floor:
		return "fewer than " + strconv.Itoa(r.Floor) + " people answered, and nothing is shown of a smaller group"
	}
	return ""
}

// marks are the words that travel with a round's result.
func (r Round) marks() []string {
	var marks []string
	if r.Consensus {
		marks = append(marks, "consensus")
	}
	if r.OpenLink && !r.Consensus {
		marks = append(marks, "open link: one answer per person not ensured")
	}
	return marks
}
