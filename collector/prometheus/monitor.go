package prometheus

import (
	"context"
	"fmt"
	"math"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// Place is an environment that a service went to.
type Place struct {
	Service, Environment string
	Kind                 metrics.EnvironmentKind
}

const million = 1_000_000

// monitor notes what the gate is told of the services: when each signal was seen last, and what is left of the error budget. It keeps no
// verdict from being told: its troubles are told beside them.
func (s *Source) monitor(ctx context.Context, page *collector.Page) {
	if s.Places == nil || s.SeenWithin == 0 && s.ErrorRatio == "" {
		return
	}
	told := map[string]bool{}
	trouble := func(err error) {
		if !told[err.Error()] {
			told[err.Error()] = true
			page.Troubles = append(page.Troubles, err)
		}
	}
	places, err := s.Places(ctx)
	if err != nil {
		trouble(fmt.Errorf("where services are: %w", err))
	}
	for _, p := range places {
		if !s.chosen(p.Service, p.Kind) {
			continue
		}
		m, err := s.show(ctx, p, trouble)
		if err != nil {
			trouble(err)
			return // whoever does not answer for one does not for the others
		}
		page.Monitored = append(page.Monitored, m)
	}
}

// show asks what the signals of a service show now. A signal whose expression is refused was not seen.
func (s *Source) show(ctx context.Context, p Place, trouble func(error)) (collector.Monitored, error) {
	now := s.Clock().UTC().Truncate(time.Millisecond)
	m := collector.Monitored{Service: p.Service, Environment: p.Environment, At: now, Seen: map[string]time.Time{}}
	newest := func(t template, since time.Duration) (point, bool, error) {
		shown, err := s.ask(ctx, t.fill(p.Service, p.Environment, s.Window), span{now.Add(-since), now})
		if collector.TroubleOf(err) == collector.Unreadable {
			trouble(err)
			err = nil
		}
		if len(shown.points) == 0 || err != nil {
			return point{}, false, err
		}
		return shown.points[len(shown.points)-1], true, nil
	}
	for _, signal := range s.Signals {
		if s.SeenWithin == 0 {
			break
		}
		last, _, err := newest(s.templates[signal.Name], s.SeenWithin)
		if err != nil {
			return m, fmt.Errorf("signal %s: %w", signal.Name, err)
		}
		m.Seen[signal.Name] = last.at
	}
	if s.ErrorRatio == "" {
		return m, nil
	}
	last, seen, err := newest(s.ratio, 0)
	if err != nil {
		return m, fmt.Errorf("error_ratio: %w", err)
	}
	if seen {
		left := budgetLeft(last.value, s.ObjectivePPM)
		m.BudgetLeftPPM = &left
	}
	return m, nil
}

// overspent bounds a budget that is overspent: a thousand times.
const overspent = -1000 * million

// budgetLeft is what a share of errors leaves of the budget that an objective allows, in parts per million, rounded down.
func budgetLeft(ratio float64, objectivePPM int64) int64 {
	allowed := float64(million-objectivePPM) / million
	return int64(math.Floor(min(max((1-ratio/allowed)*million, overspent), million)))
}
