package organisation_test

import (
	"maps"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// stretch is a stretch of time; without an end it goes on.
type stretch struct{ from, to time.Time }

// covered is how much of the time between two instants at least one of the stretches covers. It looks at each piece between two
// ends of any of them.
func covered(from, to time.Time, all []stretch) time.Duration {
	ends := []time.Time{from, to}
	for _, s := range all {
		for _, end := range []time.Time{s.from, s.to} {
			if end.After(from) && end.Before(to) {
				ends = append(ends, end)
			}
		}
	}
	slices.SortFunc(ends, time.Time.Compare)
	var sum time.Duration
	for i := range ends[1:] {
		first, next := ends[i], ends[i+1]
		if slices.ContainsFunc(all, func(s stretch) bool { return !s.from.After(first) && (s.to.IsZero() || !s.to.Before(next)) }) {
			sum += next.Sub(first)
		}
	}
	return sum
}

// reliability is the share of the time in which services were observed during which none of their incidents was open.
func reliability(services []slowFacts, q asked) object {
	var observed, down time.Duration
	for _, f := range services {
		from := q.from
		if f.since.After(from) {
			from = f.since
		}
		if f.since.IsZero() || !from.Before(q.end()) {
			continue
		}
		var outages []stretch
		for _, i := range f.incidents {
			if i.place == q.place {
				outages = append(outages, stretch{i.StartedAt, i.ResolvedAt})
			}
		}
		observed += q.end().Sub(from)
		down += covered(from, q.end(), outages)
	}
	o := object{"state": "no data", "value": nil, "observed_s": observed.Seconds(), "down_s": down.Seconds()}
	looked := slices.ContainsFunc(services, func(f slowFacts) bool {
		return slices.ContainsFunc(f.incidents, func(i slowIncident) bool { return !i.StartedAt.After(q.asOf) })
	})
	if observed > 0 && looked {
		o["state"], o["value"] = "ok", near((observed-down).Seconds()/observed.Seconds())
	}
	return o
}

// since is the first instant at which anything is known of a service.
func since(f slowFacts, r records) time.Time {
	var first time.Time
	note := func(times ...time.Time) {
		for _, at := range times {
			if !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	for _, d := range r.deployments {
		if d.Status != metrics.Cancelled && d.Status != metrics.Pending {
			note(d.CreatedAt, d.StartedAt, d.FinishedAt)
		}
	}
	for _, it := range f.rollouts {
		for _, c := range it.changes {
			if !c.AuthoredAt.After(it.finished) {
				note(c.AuthoredAt)
			}
		}
	}
	for _, i := range f.incidents {
		note(i.StartedAt)
	}
	return first
}

// waiting is how long rollouts waited for decisions, by whether the owning team took them, and how many hands changes passed.
func waiting(counted []*slowRollout, requests []slowRequest, q asked) object {
	var inside, outside []time.Duration
	in, out := 0, 0
	for _, it := range counted {
		var own, others []stretch
		for _, a := range it.approvals {
			if a.ApproverTeam == it.team {
				own = append(own, stretch{a.RequestedAt, a.DecidedAt})
			} else {
				others = append(others, stretch{a.RequestedAt, a.DecidedAt})
			}
		}
		in, out = in+len(own), out+len(others)
		if len(own) > 0 {
			inside = append(inside, covered(it.started.AddDate(-1, 0, 0), it.finished, own))
		}
		if len(others) > 0 {
			outside = append(outside, covered(it.started.AddDate(-1, 0, 0), it.finished, others))
		}
	}
	return object{
		"approval_inside": duration(inside, nil, 0), "approval_outside": duration(outside, nil, 0), "approval_unplaced": duration(nil, nil, 0),
		"decisions": object{"inside": in, "outside": out, "unplaced": 0, "refused": 0}, "handoffs": handoffs(counted, requests, q),
	}
}

// handoffs counts, for each change, the people and the teams on its way from author by reviewer to approvers.
func handoffs(counted []*slowRollout, requests []slowRequest, q asked) object {
	var people, teams []float64
	between := 0.0
	for _, it := range counted {
		for _, c := range it.changes {
			if q.leavesOut(it, c) != "" {
				continue
			}
			who, whose, known := handsOf(c, it, requests)
			if !known {
				continue
			}
			people, teams = append(people, float64(max(0, who-1))), append(teams, float64(max(0, whose-1)))
			if whose > 1 {
				between++
			}
		}
	}
	o := object{"state": state(len(people)), "n": len(people), "people": nil, "teams": nil, "between_teams": nil}
	if len(people) >= 5 {
		o["people"], o["teams"], o["between_teams"] = middle(people), middle(teams), between/float64(len(people))
	}
	return o
}

// handsOf counts the people and the teams. Author and reviewer are of the owning team; the author is that of the pull request, or of
// the commit where a program opened it.
func handsOf(c metrics.Commit, it *slowRollout, requests []slowRequest) (people, teams int, known bool) {
	known = len(it.approvals) > 0 // nothing set these deployments off by hand
	who, whose := map[string]bool{}, map[string]bool{}
	author := c.Author
	for _, p := range requests {
		if p.rollout == it && slices.Contains(p.Commits, c.ID) {
			if !program(p.Author) {
				author = p.Author
			}
			known = true
			_, reviewer := firstReview(p)
			who[reviewer] = true
		}
	}
	who[author] = true
	maps.DeleteFunc(who, func(name string, _ bool) bool { return name == "" || program(name) })
	if len(who) > 0 {
		whose[it.team] = true
	}
	for _, a := range it.approvals {
		who[a.Approver], whose[a.ApproverTeam] = true, true
	}
	return len(who), len(whose), known
}

func program(name string) bool { return strings.HasSuffix(name, "[bot]") }
