package api

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"shiphabit/assessments"
)

// program is the program itself when it writes to a team or for whoever holds the database: it keeps nothing back.
var program = caller{Name: "shiphabit", everyTeam: true}

// actsFor reports whether who asks acts for a team: by a token bound to it, or where no tokens are required. No scope stands in for that,
// admin neither.
func (c caller) actsFor(team string) bool { return c.everyTeam || slices.Contains(c.Teams, team) }

// sees reports whether the result of a round is shown to who asks: to the team at any time, to others once the team has published it.
func (c caller) sees(r assessments.Round) bool {
	return r.State == assessments.Published || c.actsFor(r.Team)
}

// mayRun refuses who may not open, close or remind: a token that is bound to teams runs rounds of those only, an unbound one all.
func (c caller) mayRun(team string) error {
	if len(c.Teams) == 0 || c.actsFor(team) {
		return nil
	}
	return fail(Forbidden, fmt.Sprintf("this token is bound to %s and runs no rounds of team %s; send one that is bound to that team, or to none",
		teamWords(c.Teams), shorten(team)))
}

// mayWriteFor refuses who does not act for a team: replies, the action and publishing are the team's own.
func (c caller) mayWriteFor(team string) error {
	if c.actsFor(team) {
		return nil
	}
	return fail(Forbidden, fmt.Sprintf("replies, the action and publishing are the team's own: this takes a token bound to team %s (to make one: %s)",
		shorten(team), bindCommand(team, "read,assess")))
}

// maySee refuses who may not see the result of a round yet.
func (c caller) maySee(r assessments.Round) error {
	if c.sees(r) {
		return nil
	}
	return fail(Forbidden, keptBack(r))
}

// keptBack says whose a result is that is not shown, and how to get at it. It has no full stop.
func keptBack(r assessments.Round) string {
	which := "the result of this round"
	if !r.ClosedAt.IsZero() {
		which = "the result of the round that closed on " + r.ClosedAt.UTC().Format("2 Jan 2006")
	}
	return fmt.Sprintf("%s is team %s's until the team publishes it; a token bound to the team opens it (to make one: %s)",
		which, shorten(r.Team), bindCommand(r.Team, "read"))
}

// plainWord needs no quotes in a shell.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// bindCommand makes a token that is bound to a team. It is meant to be pasted, so the name is whole and no shell expands anything of it.
func bindCommand(team, scopes string) string {
	bound := "--team " + team
	if plainWord.FindString(team) != team || strings.HasPrefix(team, "-") {
		bound = "--team=" + quoted(team)
	}
	return "shiphabit token create NAME " + bound + " --scope " + scopes
}

// quoted is a word in which a POSIX shell expands nothing.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

func teamWords(teams []string) string {
	shown := make([]string, len(teams))
	for i, team := range teams {
		shown[i] = shorten(team)
	}
	if len(teams) == 1 {
		return "team " + shown[0]
	}
	return "teams " + strings.Join(shown, ", ")
}

// roundToRun is a round that who asks may open, close or remind of.
func (s *Server) roundToRun(r request, id string) (assessments.Round, error) {
	round, err := s.o.Store.Round(r.Context(), id)
	if err != nil {
		return round, err
	}
	return round, r.caller.mayRun(round.Team)
}

// roundToWrite is a round of a team that who asks acts for.
func (s *Server) roundToWrite(r request, id string) (assessments.Round, error) {
	round, err := s.o.Store.Round(r.Context(), id)
	if err != nil {
		return round, err
	}
	return round, r.caller.mayWriteFor(round.Team)
}

// seen are those of some rounds, the oldest first, whose results are shown to who asks; kept says what is not shown of the last one, empty
// where that is.
func (c caller) seen(over []assessments.Round) (shown []assessments.Round, kept string) {
	if len(over) == 0 {
		return nil, ""
	}
	shown = slices.DeleteFunc(slices.Clone(over), func(r assessments.Round) bool { return !c.sees(r) })
	if last := over[len(over)-1]; !c.sees(last) {
		kept = sentence(keptBack(last))
	}
	return shown, kept
}
