package assessments

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAReplyNamesAQuestionAndATag(t *testing.T) {
	t.Parallel()
	round, _ := held(t, Plan{ID: "r", Team: "a", Size: 5}, repeat(5, levelsOf(4, 4, 4, 4, 4))...)
	q := round.Set.Questions[0].ID
	open := round
	open.State = Open
	for name, c := range map[string]struct {
		round         Round
		question, tag string
		note          string
		want          error
	}{
		"a tag and a note":           {round, q, "changed recently", " since May ", nil},
		"nothing withdraws":          {round, q, "", "", nil},
		"a question nobody asked":    {round, "q99", "other", "", ErrInvalid},
		"a tag that is none":         {round, q, "wrong", "", ErrInvalid},
		"a note without a tag":       {round, q, "", "because", ErrInvalid},
		"a note that is too long":    {round, q, "other", strings.Repeat("ä", MaxNote+1), ErrInvalid},
		"a note of control letters":  {round, q, "other", "a\x00b", ErrInvalid},
		"an open round":              {open, q, "other", "", ErrState},
		"as long as it may be":       {round, q, "other", strings.Repeat("ä", MaxNote), nil},
		"several lines are no fault": {round, q, "other", "one\r\ntwo", nil},
	} {
		got, err := NewReply(c.round, c.question, Tag(c.tag), c.note)
		if !errors.Is(err, c.want) || err == nil && got.Note != strings.TrimSpace(c.note) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestAnActionHasAnOwnerByRoleAndADay(t *testing.T) {
	t.Parallel()
	round, _ := held(t, Plan{ID: "r", Team: "a", Size: 5}, repeat(5, levelsOf(4, 4, 4, 4, 4))...)
	soon := round.ClosedAt.AddDate(0, 1, 0).Format(time.DateOnly)
	published := round
	published.State = Published
	for name, c := range map[string]struct {
		round            Round
		text, owner, due string
		want             error
	}{
		"whole":             {round, "rehearse", "on-call", soon, nil},
		"no text":           {round, " ", "on-call", soon, ErrInvalid},
		"no owner":          {round, "rehearse", "", soon, ErrInvalid},
		"an address":        {round, "rehearse", "kim@example.org", soon, ErrInvalid},
		"no day":            {round, "rehearse", "on-call", "soon", ErrInvalid},
		"a day long past":   {round, "rehearse", "on-call", "2020-01-01", ErrInvalid},
		"a day never seen":  {round, "rehearse", "on-call", "2100-01-01", ErrInvalid},
		"a long owner":      {round, "rehearse", strings.Repeat("x", 81), soon, ErrInvalid},
		"a published round": {published, "rehearse", "on-call", soon, ErrState},
	} {
		if _, err := NewAction(c.round, c.text, c.owner, c.due); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	a := Action{DueOn: "2026-08-01"}
	day := time.Date(2026, 8, 1, 23, 59, 0, 0, time.UTC)
	if a.Overdue(day) || !a.Overdue(day.Add(time.Minute)) {
		t.Error("an action is overdue from the day after on")
	}
	a.Outcome = NotDone
	if a.Overdue(day.AddDate(1, 0, 0)) {
		t.Error("what was looked back at is not overdue")
	}
}

func acted(c TeamCounts, o Outcome) TeamCounts {
	c.Action = &Action{Text: "step of " + c.Round.Team, Owner: "team", DueOn: "2026-08-30", Outcome: o}
	return c
}

func TestOutcomesAreNumbersOfThreeTeamsAndWordsOfThoseWhoPublished(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		teams []TeamCounts
		want  string
	}{
		"too few": {[]TeamCounts{acted(team(t, "a", 5, Published), Done), acted(team(t, "b", 5, Published), Done), team(t, "c", 5, Published)}, "false 3: 0 written, 0 done, 0 not, 0 open, 0 overdue, named []"},
		"all published": {[]TeamCounts{acted(team(t, "a", 5, Published), Done), acted(team(t, "b", 5, Published), NotDone), acted(team(t, "c", 5, Published), Undecided)},
			"true 3: 3 written, 1 done, 1 not, 1 open, 1 overdue, named [a b c]"},
		"one unnamed takes one with it": {[]TeamCounts{acted(team(t, "a", 5, Published), Done), acted(team(t, "b", 5, Published), Done), acted(team(t, "c", 5, Closed), NotDone)},
			"true 3: 3 written, 2 done, 1 not, 0 open, 0 overdue, named [b]"},
	} {
		o, err := OutcomesOf("2026-Q3", c.teams, afterQuarter)
		var named []string
		for _, n := range o.Named {
			named = append(named, n.Team)
		}
		got := fmt.Sprintf("%t %d: %d written, %d done, %d not, %d open, %d overdue, named %v", o.Shown, o.Rounds, o.Written, o.Done, o.NotDone, o.Open, o.Overdue, named)
		if err != nil || got != c.want || o.Shown == (o.Hidden != "") {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := OutcomesOf("2026-Q3", nil, afterQuarter.AddDate(0, 0, -3)); !errors.Is(err, ErrState) {
		t.Errorf("within the teams' week: %v", err)
	}
}

func TestAGuideBeginsWhereTheTeamIsSplit(t *testing.T) {
	t.Parallel()
	round, counts := held(t, Plan{ID: "r", Team: "a", Size: 6},
		levelsOf(5, 1, 5, 4, 3), levelsOf(5, 1, 5, 4, 3), levelsOf(5, 1, 5, 4, 3), levelsOf(5, 5, 5, 4, 3), levelsOf(5, 5, 5, 4, 3), levelsOf(5, 5, 5, 4, 3))
	evidence := []Evidence{{ID: "E1", Level: 4, Grade: GradeA}, {ID: "E2", Level: 1, Grade: GradeA}, {ID: "E3", Level: 1, Grade: GradeB}, {ID: "E4", Level: 4, Grade: GradeA}}
	result := mustResult(t, round, counts, evidence...)
	result.Changes = []Change{{Question: "q5", Direction: "down", Says: "the median moved from 4 to 3"}}
	var order []string
	for _, topic := range GuideOf(result).Topics {
		order = append(order, topic.Question)
		if topic.Ask == "" || topic.Why == "" || topic.Text == "" {
			t.Errorf("%+v", topic)
		}
	}
	if got := strings.Join(order, " "); got != "q2 q3 q1 q5" {
		t.Errorf("the order is %s", got)
	}
	result.Comparisons, result.Changes = nil, nil
	result.Questions = result.Questions[3:]
	if g := GuideOf(result); len(g.Topics) != 0 || !strings.Contains(g.Otherwise, "keeps it that way") {
		t.Errorf("%+v", g)
	}
	if g := GuideOf(Result{}); !strings.Contains(g.Otherwise, "no answers to show") {
		t.Errorf("%+v", g)
	}
}

func TestTheRoundBeforeIsTheTeamsLastThatWasOver(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	all := []Round{
		{ID: "a1", Team: "a", State: Published, OpenedAt: day(0), ClosedAt: day(1)}, {ID: "a2", Team: "a", State: Closed, OpenedAt: day(2), ClosedAt: day(3)},
		{ID: "b1", Team: "b", State: Closed, OpenedAt: day(3), ClosedAt: day(4)}, {ID: "a3", Team: "a", State: Open, OpenedAt: day(5)},
		{ID: "a4", Team: "a", State: Draft}, {ID: "a5", Team: "a", State: Closed, OpenedAt: day(6), ClosedAt: day(7)},
	}
	for at, want := range map[int]string{0: "", 1: "a1", 2: "", 3: "a2", 4: "a5", 5: "a2"} {
		before, found := all[at].Previous(all)
		if before.ID != want || found != (want != "") {
			t.Errorf("before %s: %q", all[at].ID, before.ID)
		}
	}
}

func TestATeamHasItsResultToItselfUntilAWeekAfterTheQuarter(t *testing.T) {
	t.Parallel()
	for closed, want := range map[string]string{"2026-09-30T23:59:59Z": "2026-10-08 2026-Q3", "2026-10-01T00:30:00+02:00": "2026-10-08 2026-Q3", "2026-12-31T12:00:00Z": "2027-01-08 2026-Q4"} {
		at, err := time.Parse(time.RFC3339, closed)
		if err != nil {
			t.Fatal(err)
		}
		r := Round{ID: "r", Team: "a", State: Closed, ClosedAt: at}
		if got := r.TeamFirstUntil().Format(time.DateOnly) + " " + r.Quarter(); got != want {
			t.Errorf("closed at %s: %s", closed, got)
		}
		if r.TeamFirstUntil().Sub(at) < TeamFirst {
			t.Errorf("closed at %s: less than a week", closed)
		}
		if _, err := RollUp(r.Quarter(), nil, r.TeamFirstUntil()); err != nil {
			t.Errorf("from then on it may be rolled up: %v", err)
		}
		if _, err := RollUp(r.Quarter(), nil, r.TeamFirstUntil().Add(-time.Second)); err == nil {
			t.Error("it may be rolled up before")
		}
	}
}

func TestAReminderSaysNothingOfWhoAnswered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plan Plan
		link string
		want string
	}{
		"personal links":       {Plan{ID: "r", Team: "a", Size: 5}, "", "please use yours"},
		"one link":             {Plan{ID: "r", Team: "a", Size: 5, OpenLink: true}, "https://x/assess/y", "once for each person:\nhttps://x/assess/y"},
		"consensus":            {Plan{ID: "r", Team: "a", Size: 4, Consensus: true}, "https://x/assess/y", "through this link:\nhttps://x/assess/y"},
		"a team of many lines": {Plan{ID: "r", Team: "a\nb", Size: 5}, "", "please use yours"},
	} {
		r, err := mustRound(t, c.plan).Open(noon)
		if err != nil {
			t.Fatal(err)
		}
		quiet, err := ReminderOf(r, c.link)
		r.Respondents = 3
		after, again := ReminderOf(r, c.link)
		if err != nil || again != nil || !strings.Contains(quiet.Text, c.want) || quiet != after || strings.Contains(quiet.Subject, "\n") {
			t.Errorf("%s: %+v, %v", name, quiet, err)
		}
	}
	if _, err := ReminderOf(mustRound(t, Plan{ID: "r", Team: "a", Size: 5}), ""); !errors.Is(err, ErrState) {
		t.Errorf("of a draft: %v", err)
	}
}

func TestACommentOfFewIsShownOnlyWhenSigned(t *testing.T) {
	t.Parallel()
	all := []Comment{{Text: "unsigned"}, {Text: "signed", SignedBy: "on-call"}}
	for name, c := range map[string]struct {
		r    Result
		want int
	}{"hidden": {Result{Comments: true}, 0}, "few": {Result{Shown: true}, 1}, "many": {Result{Shown: true, Comments: true}, 2}} {
		if got := c.r.Readable(all); len(got) != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if c, err := NewComment(" \n", "on-call"); c != nil || err != nil {
		t.Errorf("nothing written: %v, %v", c, err)
	}
	var faults Faults
	if _, err := NewComment(strings.Repeat("x", 1001), strings.Repeat("y", 81)); !errors.As(err, &faults) || len(faults) != 2 || faults[0].Place != CommentPlace {
		t.Errorf("%v", err)
	}
}
