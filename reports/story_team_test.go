package reports

import (
	"encoding/json"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// team is the team that all services of a story belong to.
func (s stage) team() Team {
	o, result := s.overview(), s.result()
	t := Team{Frame: s.frame("Team", "/teams/"+harm, "teams"), Team: harm, Rows: o.Rows, Card: o.Card, Moves: o.Moves, Levels: o.Levels, Course: o.Course, Days: o.Days,
		Zone: o.Zone, Stages: metrics.DORA().StageNames(), Result: &result.Result, Round: &result.Round}
	cards := make([]metrics.Scorecard, len(t.Rows))
	for i, row := range t.Rows {
		t.Rows[i].Service.Team = harm
		cards[i] = row.Card
	}
	t.Spreads = metrics.Spreads(cards)
	t.Decided = []RoundOver{{Round: result.Round, Action: &assessments.Action{Text: harm, Owner: harm, DueOn: "2026-01-31"}}, {Round: result.Round}}
	for _, c := range s.corrections() {
		t.Disputed = append(t.Disputed, Disputed{Service: harm, Correction: c})
	}
	return t
}

func (s stage) teams() Teams {
	return Teams{Frame: s.frame("Teams", "/teams", "teams"), Rows: []TeamRow{{Team: harm, Services: len(s.facts), Card: s.overview().Card}}, Unowned: 2, Asked: harm}
}

// corrections are one that holds and one that was withdrawn.
func (s stage) corrections() []metrics.Correction {
	key := metrics.Key{Source: "git", Type: metrics.TypeDeployment, ID: harm}
	return []metrics.Correction{
		{ID: 2, Record: key, Fields: json.RawMessage(`{"status":"succeeded","url":null}`), Reason: harm, At: now, By: harm},
		{ID: 1, Record: key, Exclude: true, Unlinked: true, Reason: "a drill", At: now, By: "local", WithdrawnAt: now, WithdrawnBy: harm},
	}
}

// disputed is the page of a record while somebody disputes it.
func (s stage) disputed(f metrics.Facts) Page {
	r := s.record(f)
	r.May, r.CSRF, r.Corrections, r.More = true, "secret", s.corrections(), 3
	all := r.Disputes()
	if len(all) == 0 {
		return r
	}
	r.Chosen, r.Given, r.Reason, r.Problem = all[0].ID, "2026-03-01T09:00", harm, harm
	return r
}

// previewed is the same, one step on.
func (s stage) previewed(f metrics.Facts) Page {
	r, _ := s.disputed(f).(Record)
	if r.Chosen == "" {
		return r
	}
	card := metrics.MeasureAll([]metrics.Facts{f}, s.query(r.View.Window))
	r.Problem, r.Preview = "", PreviewOf(r.Disputes()[0], r.Given, r.Reason, Standpoint{card, gate.MeterState{Value: 9, Line: 8, Blocked: true}}, Standpoint{Card: card})
	return r
}
