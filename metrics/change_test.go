package metrics

import (
	"strings"
	"testing"
	"time"
)

func moveOf(t *testing.T, moves []Move, figure string) Move {
	t.Helper()
	for _, m := range moves {
		if m.Figure == figure {
			return m
		}
	}
	t.Fatalf("no move of %s", figure)
	return Move{}
}

func TestAChangeIsClaimedOnlyWhenTheIntervalLeavesOutZero(t *testing.T) {
	t.Parallel()
	moves := func(before, after Tally) []Move {
		q := march()
		return Compare(before, q.Earlier(), after, q)
	}
	many := moves(Tally{Rollouts: 100, Failed: 31}, Tally{Rollouts: 100, Failed: 12})
	if m := moveOf(t, many, FigureFailRate); m.Direction != "down" || m.Says != "fell from 31% to 12%" {
		t.Errorf("31 of 100, then 12 of 100: %+v", m)
	}
	few := moves(Tally{Rollouts: 10, Failed: 3}, Tally{Rollouts: 10, Failed: 1})
	if m := moveOf(t, few, FigureFailRate); m.Claimed() || m.Says != NoClearChange {
		t.Errorf("3 of 10, then 1 of 10: %+v", m)
	}
	none := moves(Tally{Rollouts: 4, Failed: 3}, Tally{Rollouts: 100})
	if m := moveOf(t, none, FigureFailRate); m.Says != string(NotEnoughData) || m.Difference != nil {
		t.Errorf("3 of 4: %+v", m)
	}
}

func TestLeadTimeIsComparedOverRollouts(t *testing.T) {
	t.Parallel()
	slow := Tally{Typical: SampleOf(weeks(100, 110, 120, 130, 140, 150)...)}
	fast := Tally{Typical: SampleOf(weeks(10, 20, 30, 40, 50, 60)...)}
	q := march()
	m := moveOf(t, Compare(slow, q.Earlier(), fast, q), FigureLeadTime)
	if m.Direction != "down" || m.Says != "fell from 125 s to 35 s" || m.BeforeN != 6 {
		t.Errorf("got %+v", m)
	}
	value(t, "shift", m.Difference, -90)
	if m = moveOf(t, Compare(slow, q.Earlier(), slow, q), FigureLeadTime); m.Says != NoClearChange {
		t.Errorf("against itself: %+v", m)
	}
}

func TestRecoveriesAreNotComparedWhileSomeAreOpen(t *testing.T) {
	t.Parallel()
	open := Tally{Recoveries: Spans{Ended: SampleOf(weeks(1, 2, 3, 4, 5, 6)...), Open: []time.Time{at(3, 0)}}}
	q := march()
	m := moveOf(t, Compare(open, q.Earlier(), open, q), FigureRecovery)
	if m.Claimed() || !strings.Contains(m.Says, "open") || m.BeforeN != 7 {
		t.Errorf("got %+v", m)
	}
}

func TestARecoveryIsComparedByTheMedianThatTheFigureHas(t *testing.T) {
	t.Parallel()
	slow := Tally{Rollouts: 6, Failed: 6, Recoveries: Spans{Ended: SampleOf(weeks(100, 110, 120, 130, 140, 150)...)}, Restores: Spans{Ended: SampleOf(weeks(70, 71, 73, 75, 77, 79)...)}}
	fast := Tally{Rollouts: 6, Failed: 6, Recoveries: Spans{Ended: SampleOf(weeks(10, 20, 30, 40, 50, 60)...)}, Restores: Spans{Ended: SampleOf(weeks(1, 2, 3, 4, 5, 6)...)}}
	q := march()
	card, moves := Measure(fast, q), Compare(slow, q.Earlier(), fast, q)
	if m := moveOf(t, moves, FigureRecovery); m.Says != "fell from 120 s to 30 s" || *m.After != *card.Recovery.Median {
		t.Errorf("the figure says %v s, and %+v", *card.Recovery.Median, m)
	}
	if m := moveOf(t, moves, FigureRestore); *m.Before != 73 || *m.After != *card.Restore.Median {
		t.Errorf("the figure says %v s, and %+v", *card.Restore.Median, m)
	}
}

func TestMovesReadBothWindowsOfTheFacts(t *testing.T) {
	t.Parallel()
	zone := zoneOf(t, "Europe/Berlin")
	f := Facts{Service: "api"}
	// Ten weeks with one rollout each, then ten with four.
	monday := time.Date(2026, 1, 5, 10, 0, 0, 0, zone)
	for week := range 20 {
		for i := range 1 + 3*(week/10) {
			f.Rollouts = append(f.Rollouts, rollout("x", monday.AddDate(0, 0, 7*week+i), 5))
		}
	}
	q := Query{Window: Window{From: time.Date(2026, 3, 16, 0, 0, 0, 0, zone), To: time.Date(2026, 5, 25, 0, 0, 0, 0, zone)}, Zone: zone}
	if from := q.Earlier().Window.From; !from.Equal(time.Date(2026, 1, 5, 0, 0, 0, 0, zone)) {
		t.Errorf("the window before begins at %v, across the change of the clock", from)
	}
	m := moveOf(t, Moves([]Facts{f}, q), FigureFrequency)
	if m.Says != "rose from 1 to 4 a week" || m.BeforeN != 10 || m.AfterN != 10 {
		t.Errorf("got %+v", m)
	}
}
