package assessments

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"shiphabit/metrics"
)

// TeamFirst is how long a team has its result to itself before it enters a roll-up; fewestTeams is the least a roll-up needs.
const (
	TeamFirst   = 7 * 24 * time.Hour
	fewestTeams = 3
)

// TeamCounts is a round with its counts, the evidence of its team, and what the team made of its result.
type TeamCounts struct {
	Round    Round
	Counts   Counts
	Evidence []Evidence
	Replies  []Reply
	Action   *Action
}

// Rollup is what the organisation sees of one quarter's rounds.
type Rollup struct {
	Quarter string         `json:"quarter"` // "2026-Q3"
	Window  metrics.Window `json:"window"`
	// Teams are all that closed a round. Respondents and Asked are people who answered singly; the Agreed of the teams gave one answer
	// together, AgreedPeople counts their people, those of AgreedUnsized not known.
	Teams         int `json:"teams"`
	Respondents   int `json:"respondents"`
	Asked         int `json:"asked"`
	Agreed        int `json:"agreed_teams"`
	AgreedPeople  int `json:"agreed_people"`
	AgreedUnsized int `json:"agreed_teams_unsized"`
	// Pooled adds the answers of the teams that reached the floor; Respondents of it is their number. Consensus answers and
	// smaller groups are in no sum, so no difference of sums can bring them back.
	Shown       bool   `json:"shown"`
	Hidden      string `json:"hidden,omitempty"`
	PooledTeams int    `json:"pooled_teams"`
	// LeftOut is 1 where exactly one team reached the floor and did not publish: it is in no sum and no count, as they would be its own less
	// the results that were published.
	LeftOut           int                `json:"left_out_teams,omitempty"`
	PooledRespondents int                `json:"pooled_respondents"`
	Questions         []QuestionResult   `json:"questions,omitempty"`
	Foundations       []FoundationResult `json:"foundations,omitempty"`
	Verdicts          map[Verdict]int    `json:"verdicts,omitempty"` // teams per verdict
	Patterns          map[string]int     `json:"patterns,omitempty"` // comparisons per sentence ("This is a habit")
	Tags              map[Tag]int        `json:"tags,omitempty"`     // replies per tag, of those given before the roll-up could be told
	// PatternsHidden and TagsHidden say why those counts are not shown though the roll-up is.
	PatternsHidden string `json:"patterns_hidden,omitempty"`
	TagsHidden     string `json:"tags_hidden,omitempty"`
	// Named are the results of the teams that published and whose cells give nobody else's away; HiddenTeams the number of
	// the others.
	Named       []Result `json:"named,omitempty"`
	HiddenTeams int      `json:"hidden_teams"`
	// Tellers are who the counts are made of. They are kept with a roll-up and shown to nobody.
	Tellers Tellers `json:"-"`
}

// Tellers are the rounds that patterns and tags are counted of, by id.
type Tellers struct {
	Compared []string `json:"compared"`
	Replied  []string `json:"replied"`
}

// Unknown reports whether nothing is known of them.
func (t Tellers) Unknown() bool { return len(t.Compared) == 0 && len(t.Replied) == 0 }

// RollUp pools the rounds of one team each that closed in a quarter ("2026-Q3", UTC). It is made only a week after the
// quarter has ended and from whole quarters, so that every roll-up of a quarter holds the same rounds: two of them made at
// different times would otherwise show the difference. All rounds must ask the same version of the same questions.
func RollUp(quarter string, rounds []TeamCounts, now time.Time) (Rollup, error) {
	inside, err := rollable(quarter, rounds, now)
	if err != nil {
		return Rollup{}, err
	}
	window, _ := quarterWindow(quarter) // closedIn has read it
	r := Rollup{Quarter: quarter, Window: window}
	return r, r.fill(inside)
}

// CheckRollUp says why no roll-up can be made of rounds; their counts need not be there.
func CheckRollUp(quarter string, rounds []TeamCounts, now time.Time) error {
	_, err := rollable(quarter, rounds, now)
	return err
}

func rollable(quarter string, rounds []TeamCounts, now time.Time) ([]TeamCounts, error) {
	inside, err := closedIn(quarter, rounds, now)
	if err != nil {
		return nil, err
	}
	return inside, oneSet(inside)
}

// closedIn are the rounds that closed in a quarter. They are given out a week after its end.
func closedIn(quarter string, rounds []TeamCounts, now time.Time) ([]TeamCounts, error) {
	window, err := quarterWindow(quarter)
	if err != nil {
		return nil, err
	}
	if ready := toldFrom(window); now.Before(ready) {
		return nil, refuse(ErrState, "the roll-up of %s can be made from %s on: teams see their result a week before; ask again then",
			quarter, ready.Format(time.DateOnly))
	}
	return slices.DeleteFunc(slices.Clone(rounds), func(t TeamCounts) bool {
		done := t.Round.State == Closed || t.Round.State == Published
		return !done || !window.Contains(t.Round.ClosedAt)
	}), nil
}

func noneClosed(quarter string) string { return "no round closed in " + quarter }

// toldFrom is the instant from which on the roll-up of a quarter can be made.
func toldFrom(quarter metrics.Window) time.Time { return quarter.To.Add(TeamFirst) }

func quarterWindow(quarter string) (metrics.Window, error) {
	var year, q int
	_, err := fmt.Sscanf(quarter, "%4d-Q%1d", &year, &q)
	if err != nil || q < 1 || q > 4 || fmt.Sprintf("%04d-Q%d", year, q) != quarter {
		return metrics.Window{}, refuse(ErrInvalid, "%q is no quarter; write it as 2026-Q3", quarter)
	}
	from := time.Date(year, time.Month(3*q-2), 1, 0, 0, 0, 0, time.UTC)
	return metrics.Window{From: from, To: from.AddDate(0, 3, 0)}, nil
}

func oneSet(rounds []TeamCounts) error {
	teams := map[string]string{}
	for _, t := range rounds {
		first, here := rounds[0].Round.Set, t.Round.Set
		if first.ID != here.ID || first.Version != here.Version {
			return refuse(ErrInvalid, "rounds %s and %s ask different questions (%s %d, %s %d); roll up each set on its own",
				rounds[0].Round.ID, t.Round.ID, first.ID, first.Version, here.ID, here.Version)
		}
		if other, twice := teams[t.Round.Team]; twice {
			return refuse(ErrInvalid, "team %s closed two rounds in the quarter, %s and %s; choose one of them", t.Round.Team, other, t.Round.ID)
		}
		teams[t.Round.Team] = t.Round.ID
	}
	return nil
}

func (r *Rollup) fill(rounds []TeamCounts) error {
	results := make([]Result, len(rounds))
	var pool []Result
	pooled, alone := Counts{}, onlyUnpublished(rounds)
	for i, t := range rounds {
		var err error
		if results[i], err = ResultOf(t.Round, t.Counts, t.Evidence); err != nil {
			return err
		}
		results[i].Replies = t.Replies
		r.takePart(t.Round)
		switch {
		case i == alone:
			r.LeftOut = 1
		case t.Round.inPool():
			pool = append(pool, results[i])
			pooled = pooled.plus(t.Counts)
			r.PooledTeams++
			r.PooledRespondents += t.Round.Respondents
		}
	}
	if len(rounds) == 0 {
		r.Hidden = noneClosed(r.Quarter)
		return nil
	}
	if r.PooledTeams < fewestTeams {
		r.Hidden = fmt.Sprintf("a roll-up needs at least %d teams that reached the group size; there are %d", fewestTeams, r.PooledTeams)
		if r.LeftOut > 0 {
			r.Hidden += ", without the only one that did not publish: the sums less the published results would be its own"
		}
		r.HiddenTeams = len(rounds)
		return nil
	}
	r.Shown = true
	r.Questions, r.Foundations = scored(rounds[0].Round.Set, pooled, false)
	r.Named = named(results)
	r.HiddenTeams = len(results) - len(r.Named)
	r.count(pool)
	return nil
}

// takePart adds who answered. An agreed answer is that of a team, and of no number of people.
func (r *Rollup) takePart(of Round) {
	r.Teams++
	switch {
	case !of.Consensus:
		r.Respondents += of.Respondents
		r.Asked += of.Capacity()
		return
	case of.Size == 0:
		r.AgreedUnsized++
	}
	r.Agreed++
	r.AgreedPeople += of.Size
}

// count tallies verdicts, patterns and replies over the teams whose answers are in the pool. Not every one of them can be compared, and
// not every one replies: the counts of so few would be theirs. A reply counts if it was there when the roll-up could first be told, as
// a closed round takes replies for ever and two roll-ups of a quarter must not differ by those of one team.
func (r *Rollup) count(pool []Result) {
	r.Verdicts, r.Patterns, r.Tags = map[Verdict]int{}, map[string]int{}, map[Tag]int{}
	var compared, replied tellers
	for _, result := range pool {
		r.Verdicts[result.Verdict.Verdict]++
		told := 0
		for _, c := range result.Comparisons {
			if c.Compared {
				r.Patterns[c.Words]++
				told++
			}
		}
		replies := 0
		for _, reply := range result.Replies {
			if reply.At.Before(toldFrom(r.Window)) {
				r.Tags[reply.Tag]++
				replies++
			}
		}
		compared.add(told, result)
		replied.add(replies, result)
	}
	r.Tellers = Tellers{Compared: compared.all, Replied: replied.all}
	if r.PatternsHidden = compared.hidden("can be compared with their records"); r.PatternsHidden != "" {
		r.Patterns = nil
	}
	if r.TagsHidden = replied.hidden("replied"); r.TagsHidden != "" {
		r.Tags = nil
	}
}

// tellers are the rounds that a count is made of, and how many of them were not published.
type tellers struct {
	all         []string
	unpublished int
}

// add takes a team by how much it adds to the count. One that published and is not named by the roll-up still has a result that can be
// read, so that it hides nobody.
func (t *tellers) add(n int, of Result) {
	if n == 0 {
		return
	}
	t.all = append(t.all, of.Round)
	if of.State != Published {
		t.unpublished++
	}
}

// hidden says why a count is not shown; empty where it may be. What the published teams show can be taken off it, so that it must hold
// either none or several of the others.
func (t tellers) hidden(what string) string {
	switch {
	case len(t.all) < fewestTeams:
		return fmt.Sprintf("counts need at least %d teams that %s; there are %d", fewestTeams, what, len(t.all))
	case t.unpublished == 1:
		return "of the teams that " + what + " exactly one did not publish, and the counts less those of the others would be its own"
	}
	return ""
}

// CommonTags are the tags that teams gave, the most frequent first.
func (r Rollup) CommonTags() []Tag {
	tags := slices.DeleteFunc(Tags(), func(t Tag) bool { return r.Tags[t] == 0 })
	slices.SortStableFunc(tags, func(a, b Tag) int { return cmp.Compare(r.Tags[b], r.Tags[a]) })
	return tags
}

// named are the teams whose cells stand beside the pooled ones: published and shown. When exactly one other team is hidden,
// or exactly one in the pool, the smallest of the named is hidden with it, so that the pool less the named cells is never the
// answers of one team that kept them to itself. A consensus is in no pool and needs no such care.
func named(results []Result) []Result {
	var cells, agreed []Result
	hidden, pooled := 0, 0
	for _, r := range results {
		switch open := r.Shown && r.State == Published; {
		case open && r.Consensus:
			agreed = append(agreed, r)
		case open:
			cells = append(cells, r)
		case !r.Consensus:
			hidden++
			if r.Shown {
				pooled++
			}
		}
	}
	slices.SortFunc(cells, func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.Respondents, b.Respondents), cmp.Compare(a.Team, b.Team))
	})
	if (hidden == 1 || pooled == 1) && len(cells) > 0 {
		cells = cells[1:]
	}
	all := append(cells, agreed...)
	slices.SortFunc(all, func(a, b Result) int { return cmp.Compare(a.Team, b.Team) })
	return all
}
