package metrics

import (
	"fmt"
	"strings"
	"time"
)

// otherFormulas say how the figures are made that no definition changes.
var otherFormulas = map[string]string{
	FigureStages: "per pull request: first commit → opened (coding) → first review by a human who is not the author (pickup) → merged (review) → " +
		"deployment started (wait); per rollout: started → first success (deploy)",
	FigureWaiting:     "per rollout with decided approvals: requested → decided, those asked for at the same time counted once",
	FigureHandoffs:    "per change: the distinct people, and teams, from author by first reviewer and approvers to deployer, minus one",
	FigureReliability: "1 − time with an open incident of a counted severity ÷ time in which the service was observed",
}

// addStages lists the spans of every stage.
func (e *Explanation) addStages(c *counter, r *Rollout) {
	for s := range c.stages(r) {
		if s.reason != "" {
			e.leave(s.record, r.FinishedAt, s.reason)
			continue
		}
		e.Rows = append(e.Rows, Row{Service: c.facts.Service, Record: s.record, At: r.FinishedAt, Rollout: brought(s.record, r), Stage: s.name, Value: s.took.Seconds(),
			Says: s.name + " " + spanWords(s.took), Why: "in production with " + r.ID})
	}
}

// addWaits lists the rollouts that waited for a decision.
func (e *Explanation) addWaits(c *counter, r *Rollout) {
	w := r.Waits
	var says []string
	decided := 0
	for _, place := range []struct {
		name    string
		decided int
		took    time.Duration
	}{{"outside", w.DecidedOutside, w.Outside}, {"inside", w.DecidedInside, w.Inside}, {"unplaced", w.DecidedUnknown, w.Unknown}} {
		if place.decided > 0 {
			says = append(says, place.name+" "+spanWords(place.took))
			decided += place.decided
		}
	}
	if decided == 0 {
		if len(r.Approvals) > 0 {
			e.leave(r.ID, r.FinishedAt, leftUndecided)
		}
		return
	}
	why := plural(decided, "decision")
	if w.Refused > 0 {
		why += fmt.Sprintf(", %d of them refused", w.Refused)
	}
	e.Rows = append(e.Rows, Row{Service: c.facts.Service, Record: r.ID, At: r.FinishedAt, Value: w.Total.Seconds(), Says: strings.Join(says, ", "), Why: why})
}

// addHandoffs lists the changes whose way is known.
func (e *Explanation) addHandoffs(c *counter, r *Rollout) {
	for l := range c.leads(r) {
		switch {
		case l.reason != "":
			e.leave(l.record, r.FinishedAt, l.reason)
		case l.change == nil || l.change.Handoffs == nil:
			e.leave(l.record, r.FinishedAt, leftNoWay)
		default:
			h := l.change.Handoffs
			e.Rows = append(e.Rows, Row{Service: c.facts.Service, Record: l.record, At: r.FinishedAt, Rollout: brought(l.record, r), Value: float64(h.People),
				Says: handoffWords(*h), Why: "in production with " + r.ID})
		}
	}
}

func handoffWords(h Handoffs) string {
	if h.Unowned {
		return plural(h.People, "handoff") + ", between how many teams is not known"
	}
	return fmt.Sprintf("%s, %d between teams", plural(h.People, "handoff"), h.Teams)
}

// addOutages lists the incidents that were open in the window, each with the part of it that lies there.
func (e *Explanation) addOutages(c *counter) {
	passed := c.query.passed()
	for _, i := range c.facts.Incidents {
		if i.EnvironmentKind != c.query.Kind || i.StartedAt.IsZero() {
			continue
		}
		w, open := Window{From: i.StartedAt, To: i.ResolvedAt}, !c.resolved(i)
		if open {
			w.To = passed.To
		}
		w = clip(w, passed)
		if !w.From.Before(w.To) {
			continue
		}
		if i.Uncounted {
			e.leave(i.ID, i.StartedAt, leftUncounted)
			continue
		}
		took := w.To.Sub(w.From)
		e.Rows = append(e.Rows, Row{Service: c.facts.Service, Record: i.ID, At: i.StartedAt, Value: took.Seconds(), Says: spanWords(took), Open: open,
			Why: "open in the window so long; overlapping incidents count once"})
	}
}
