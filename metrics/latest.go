package metrics

import "time"

// Latest are the instants at which something last entered each figure, newest first and at most n of them: whether a window that ends
// now holds enough for a figure can be told from them, whatever the window. It asks the counter that tallies ask. The query's window
// and AsOf do not matter. The stages are those of pull requests.
func Latest(f Facts, q Query, n int) map[string][]time.Time {
	q.AsOf = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	q = q.complete()
	l := latest{counter: newCounter(f, q), most: n, at: map[string][]time.Time{}}
	for i := len(f.Rollouts) - 1; i >= 0; i-- {
		if r := &f.Rollouts[i]; r.EnvironmentKind == q.Kind && q.Definition.counts(r) {
			l.addRollout(r)
		}
	}
	for i := len(f.Incidents) - 1; i >= 0; i-- {
		if link := &f.Incidents[i]; link.EnvironmentKind == q.Kind {
			if _, _, reason := l.restore(*link); reason == "" {
				l.addInOrder(FigureRestore, link.StartedAt)
			}
		}
	}
	return l.at
}

// latest is the state of one Latest.
type latest struct {
	counter
	most int
	at   map[string][]time.Time
}

func (l *latest) full(figure string) bool { return len(l.at[figure]) >= l.most }

func (l *latest) add(figure string, at time.Time) {
	if !l.full(figure) {
		l.at[figure] = append(l.at[figure], at.UTC())
	}
}

// addInOrder puts an instant where it belongs, since incidents come in no order of time.
func (l *latest) addInOrder(figure string, at time.Time) {
	all := l.at[figure]
	i := len(all)
	for i > 0 && all[i-1].Before(at) {
		i--
	}
	all = append(all[:i:i], append([]time.Time{at.UTC()}, all[i:]...)...)
	l.at[figure] = all[:min(len(all), l.most)]
}

func (l *latest) addRollout(r *Rollout) {
	for _, figure := range []string{FigureFrequency, FigureFailRate, FigureRework} {
		l.add(figure, r.FinishedAt)
	}
	if len(r.Failures) > 0 {
		if _, _, reason := l.recovery(r); reason == "" {
			l.add(FigureRecovery, r.FinishedAt)
		}
	}
	if w := r.Waits; w.DecidedInside+w.DecidedOutside+w.DecidedUnknown > 0 {
		l.add(FigureWaiting, r.FinishedAt)
	}
	if !l.full(FigureLeadTime) || !l.full(FigureHandoffs) {
		for lead := range l.leads(r) {
			if lead.reason != "" {
				continue
			}
			l.add(FigureLeadTime, r.FinishedAt)
			if lead.change != nil && lead.change.Handoffs != nil {
				l.add(FigureHandoffs, r.FinishedAt)
			}
		}
	}
	if !l.full(FigureStages) {
		for s := range l.stages(r) {
			if s.reason == "" && (s.name == stagePickup || s.name == stageReview) {
				l.add(FigureStages, r.FinishedAt)
			}
		}
	}
}
