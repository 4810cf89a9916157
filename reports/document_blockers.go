package reports

import (
	"cmp"
	"fmt"
	"slices"

	"shiphabit/metrics/gate"
)

// blocker is what costs services of at least three teams more points of the index than anything else does.
type blocker struct {
	title           string
	services, teams int
}

// blockers are the parts of the index that hold back services of at least three teams, the most widespread first. What holds back fewer
// teams is theirs to look at and stands in their own report.
func (in AboutOrganisation) blockers() []blocker {
	services, teams := map[string]int{}, map[string]map[string]bool{}
	for _, r := range in.Services {
		part := costliest(r)
		if part == "" {
			continue
		}
		services[part]++
		if teams[part] == nil {
			teams[part] = map[string]bool{}
		}
		if r.Service.Team != "" {
			teams[part][r.Service.Team] = true
		}
	}
	var list []blocker
	for part, n := range services {
		if len(teams[part]) >= fewestTeams {
			list = append(list, blocker{part, n, len(teams[part])})
		}
	}
	slices.SortFunc(list, func(a, b blocker) int {
		return cmp.Or(b.teams-a.teams, b.services-a.services, cmp.Compare(a.title, b.title))
	})
	return list
}

// costliest is the part of a service's index that costs it the most points, empty for a service that makes deployment a habit or of which
// too little is known.
func costliest(r ServiceRow) string {
	if r.Index.Value == nil || r.Index.Band == "habit" || r.Index.NotComparable != "" {
		return ""
	}
	title, most := "", 0.0
	for _, p := range r.Index.Parts {
		if cost := float64(p.Weight) * (1 - p.Score); p.Known && cost > most {
			title, most = cmp.Or(blockerTitles[p.Name], p.Name), cost
		}
	}
	return title
}

var blockerTitles = map[string]string{
	"coverage": "few days with a deployment", "longest quiet": "long quiet stretches", "batch": "many changes at once",
	"window": "deployments bunched into a few hours of the week", "evenness": "changes bunched onto few days", "hours": "deployments outside working hours",
}

func blockersSay(list []blocker) string {
	if len(list) == 0 {
		return ""
	}
	b := list[0]
	return fmt.Sprintf("The blocker that most teams share: %s, in %s of %s.", b.title, plural(b.services, "service", "services"), plural(b.teams, "team", "teams"))
}

func blockerSection(list []blocker) Section {
	s := Section{ID: "blockers", Title: "Shared blockers", Notes: []string{
		"For each service that has not made deployment a habit, what costs it the most points of the index. It is called shared when it holds back services of at least " + Count(fewestTeams) + " teams.",
	}}
	if len(list) == 0 {
		s.Text = []string{"Nothing holds back services of " + Count(fewestTeams) + " teams or more, as far as the records tell."}
		return s
	}
	g := Grid{Table: Table{Caption: "What holds services back, by the number of teams", Head: []Head{{Text: "Blocker"}, {"Teams", true}, {"Services", true}}}}
	for _, b := range list {
		g.Rows = append(g.Rows, []Cell{{Text: b.title}, {Text: Count(b.teams)}, {Text: Count(b.services)}})
	}
	g.Bars = true
	s.Grids = []Grid{g}
	return s
}

// bandTable counts services from event to habit.
func bandTable(rows []ServiceRow) Table {
	t := Table{Caption: "Services from event to habit", Head: []Head{{Text: "Band of the index"}, {"Services", true}, {"Teams they belong to", true}}}
	for _, b := range (Overview{Rows: rows}).Bands() {
		teams := map[string]bool{}
		for _, r := range rows {
			if BandWord(r.Index) == b.Band && r.Service.Team != "" {
				teams[r.Service.Team] = true
			}
		}
		t.Rows = append(t.Rows, []Cell{{Text: b.Band}, {Text: Count(b.N)}, {Text: Count(len(teams))}})
	}
	return t
}

// gateSection tells what the gate stopped, what that was worth and what it cost.
func gateSection(b gate.Scoreboard) Section {
	s := Section{ID: "gate", Title: "What the gate stopped, and what that was worth"}
	if b.Decisions == 0 {
		s.Text = []string{"The gate was not asked in this period, so nothing was stopped and nothing prevented."}
		return s
	}
	g := Grid{Table: Table{Caption: "Decisions of the gate", Head: []Head{{Text: "What"}, {"Number", true}}}}
	row := func(says string, n int) { g.Rows = append(g.Rows, []Cell{{Text: says}, {Text: Count(n)}}) }
	some := func(says string, n int) {
		if n > 0 {
			row(says, n)
		}
	}
	p := b.Stops.Prevented
	row("Decisions", b.Decisions)
	row("Services decided about", b.Services)
	row("Allowed", b.Allowed)
	some("Warned", b.Warned)
	some("Held until something was known", b.Held)
	row("Stopped", b.Blocked)
	some("Rows of stops, one after the other for the same service", b.Stops.Spells)
	some("First stops whose artifact went out later all the same", p.Of)
	if p.Of > 0 {
		row("Of those, failed then: the failures that the stops held up", p.Count)
	}
	some("First stops of which nothing is known", b.Stops.Undecided)
	some("Rollbacks and fixes, which always pass", b.Passed)
	asked, used := 0, 0
	for _, o := range b.Overrides {
		asked, used = asked+o.Asked, used+o.Used
	}
	some("Overrides asked for", asked)
	some("Overrides used", used)
	if b.DelaySeconds > 0 {
		g.Rows = append(g.Rows, []Cell{{Text: "Time that services waited after stops, added up"}, {Text: Span(float64(b.DelaySeconds))}})
	}
	s.Grids = []Grid{g}
	if p.Of > 0 {
		s.Text = append(s.Text, fmt.Sprintf("Of what was stopped and went out later all the same, the share that failed lies between %s and %s (95%%).",
			Percent(float64(p.LowPPM)/1e6), Percent(float64(p.HighPPM)/1e6)))
		if p.Of < smallN {
			s.Text = append(s.Text, "So few cases say little.")
		}
	}
	if len(b.Criteria) > 0 {
		s.Grids = append(s.Grids, criteriaGrid(b.Criteria))
	}
	return s
}

func criteriaGrid(list []gate.Counted) Grid {
	g := Grid{Table: Table{Caption: "What was not met when the gate stopped", Head: []Head{{Text: "Criterion"}, {"Decisions", true}}}}
	for _, c := range list {
		g.Rows = append(g.Rows, []Cell{{Text: c.Name}, {Text: Count(c.Count)}})
	}
	return g
}
