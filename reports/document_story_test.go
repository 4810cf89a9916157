package reports

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
)

// lastQuarter is the period of the documents in tests: it ended eleven weeks before now.
func lastQuarter(t testing.TB) Period {
	t.Helper()
	p, err := ParsePeriod("2025-Q4", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// basis is what documents about some services are made of.
func (s stage) basis(facts []metrics.Facts) Basis {
	p := lastQuarter(s.t)
	q := metrics.Query{Slice: "all", Window: p.Window, AsOf: now, Zone: time.UTC, Definition: metrics.DORA()}
	earlier := q
	earlier.Window = p.Before
	b := Basis{
		Place: "example.org/" + harm, Origin: "Read from 212 tags of example.org/shop.", Doubts: []string{"No source of incidents: failures are only those that Git shows."},
		Marks: []string{"These data are made up."}, Period: p, AsOf: now, Zone: time.UTC, First: now.AddDate(0, 0, -400), Program: "test",
		Card: metrics.MeasureAll(facts, q), Moves: metrics.Compare(metrics.TallyOfAll(facts, earlier), earlier, metrics.TallyOfAll(facts, q), q),
		Diagnosis: s.diagnosis(),
	}
	b.Levels = s.levels(b.Card, "dora-2024")
	year := q
	year.Window.From = p.Window.To.AddDate(-1, 0, 0)
	var err error
	if b.Trend, err = metrics.Series(facts, year, "month"); err != nil {
		s.t.Fatal(err)
	}
	return b
}

func (s stage) documentRows() []ServiceRow {
	p := lastQuarter(s.t)
	var rows []ServiceRow
	for i, f := range s.facts {
		row, _ := s.row(f, p.Window)
		row.Service.Team = fmt.Sprintf("team-%d %s", i%4, harm)
		row.Index = metrics.HabitIndex(f, p.Window.To, metrics.DefaultCalendar(time.UTC))
		rows = append(rows, row)
	}
	return rows
}

// leadership is the report on a stage's organisation.
func (s stage) leadership() AboutOrganisation {
	in := AboutOrganisation{Basis: s.basis(s.facts), Services: s.documentRows(), Gate: s.ledger(lastQuarter(s.t).Window).Scoreboard()}
	byTeam := map[string][]metrics.Facts{}
	for i, f := range s.facts {
		byTeam[in.Services[i].Service.Team] = append(byTeam[in.Services[i].Service.Team], f)
	}
	for team, facts := range byTeam {
		in.Teams = append(in.Teams, TeamCard{Team: team, Card: metrics.MeasureAll(facts, s.query(in.Period.Window))})
	}
	rollup, err := assessments.RollUp("2025-Q4", rounds(), now)
	if err != nil {
		s.t.Fatal(err)
	}
	outcomes, err := assessments.OutcomesOf("2025-Q4", rounds(), now)
	if err != nil {
		s.t.Fatal(err)
	}
	in.Rollup, in.Outcomes = &rollup, &outcomes
	return in
}

// rounds are those of four teams in the last quarter, of which two published.
func rounds() []assessments.TeamCounts {
	var all []assessments.TeamCounts
	for i := range 4 {
		r := round()
		r.ID, r.Team, r.State, r.Size, r.Consensus, r.Respondents = fmt.Sprintf("r%d", i), fmt.Sprintf("team-%d %s", i, harm), assessments.Closed, 9, false, 6+i%3
		r.ClosedAt = time.Date(2025, 11, 3+i, 12, 0, 0, 0, time.UTC)
		if i < 2 {
			r.State = assessments.Published
		}
		n := r.Respondents
		action := assessments.Action{Text: "rehearse the way back " + harm, Owner: "on call", DueOn: "2026-01-31"}
		if i == 0 {
			action.Outcome = assessments.Done
		}
		all = append(all, assessments.TeamCounts{Round: r, Action: &action, Counts: assessments.Counts{"q1": {"l2": 2, "l4": n - 2}, "q2": {"l5": n - 1, assessments.DontKnow: 1}}})
	}
	return all
}

// documents are those of a stage, by audience.
func (s stage) documents() map[string]Document {
	out := map[string]Document{"leadership": LeadershipReport(s.leadership())}
	if len(s.facts) == 0 {
		return out
	}
	rows, result := s.documentRows(), s.result().Result
	out["team"] = TeamReport(AboutTeam{Basis: s.basis(s.facts[:1]), Team: "team " + harm, Services: rows[:1], Result: &result, Decided: s.team().Decided, Gate: s.ledger(lastQuarter(s.t).Window).Scoreboard()})
	out["service"] = ServiceReport(AboutService{Basis: s.basis(s.facts[:1]), Row: rows[0], Incidents: s.facts[0].Incidents})
	return out
}

func TestTheLeadershipReportCountsPatternsAndTagsAndSaysWhyWhereItDoesNot(t *testing.T) {
	t.Parallel()
	in := AboutOrganisation{Teams: make([]TeamCard, 3), Rollup: stage{t: t}.rollup().Rollup}
	captions := func(s Section) string {
		var all []string
		for _, g := range s.Grids {
			all = append(all, g.Caption)
		}
		return strings.Join(all, "; ")
	}
	if got := captions(in.distribution()); !strings.Contains(got, "What is said beside") || !strings.Contains(got, "Replies of teams") {
		t.Errorf("tables: %s", got)
	}
	hidden := *in.Rollup
	hidden.Patterns, hidden.Tags, hidden.PatternsHidden, hidden.TagsHidden = nil, nil, "too few", "too quiet"
	in.Rollup = &hidden
	s := in.distribution()
	if got := captions(s); strings.Contains(got, "What is said beside") || strings.Contains(got, "Replies of teams") {
		t.Errorf("tables: %s", got)
	}
	for _, why := range []string{"beside what the records show is not counted: too few.", "How teams replied is not counted: too quiet."} {
		if !strings.Contains(strings.Join(s.Notes, " "), why) {
			t.Errorf("the notes lack %q: %v", why, s.Notes)
		}
	}
}
