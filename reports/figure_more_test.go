package reports

import (
	"strings"
	"testing"

	"shiphabit/metrics"
)

func TestTheFiguresBesideTheFiveSayWhyTheyHaveNoValue(t *testing.T) {
	t.Parallel()
	for _, f := range moreFigures(metrics.Scorecard{Reliability: metrics.Reliability{State: metrics.NoData, Observed: 3600}}) {
		if f.Value != "" || f.Why == "" || f.Title == "" {
			t.Errorf("%s of nothing: value %q, why %q", f.Name, f.Value, f.Why)
		}
	}
}

func TestTheFiguresBesideTheFiveOpenIntoTheirRows(t *testing.T) {
	t.Parallel()
	card := metrics.Scorecard{
		Reliability: metrics.Reliability{State: metrics.OK, Value: new(0.9975), Observed: 40 * 86400, Down: 8640},
		Stages:      []metrics.Stage{{Name: "pickup", Duration: metrics.Duration{State: metrics.OK, N: 6, Median: new(7200.0)}}, {Name: "wait", Duration: metrics.Duration{N: 2}}},
		Waiting: metrics.Waiting{
			Outside:   metrics.Duration{State: metrics.OK, N: 9, Median: new(1800.0)},
			Decisions: metrics.Decisions{Outside: 9, Refused: 1}, Handoffs: metrics.HandoffCount{State: metrics.OK, N: 30, People: new(2.0), Between: new(0.5)},
		},
	}
	table := more(card, func(figure string) string { return "/explain/" + figure })
	text := ""
	for _, row := range table.Rows {
		if !strings.HasPrefix(row[0].Href, "/explain/") {
			t.Errorf("%s leads nowhere", row[0].Text)
		}
		for _, cell := range row {
			text += cell.Text + "|"
		}
	}
	for _, want := range []string{"99.75%|an incident was open for 2.4 h|", "pickup 2 h|", "6 × pickup, 2 × wait", "outside the team 30 min|1 decision refused|", "2 a change|50% of changes went from one team to another|30 changes"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q: %s", want, text)
		}
	}
}
