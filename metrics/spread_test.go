package metrics

import "testing"

func TestASpreadIsOfTheServicesThatHaveAValueOfTheirOwn(t *testing.T) {
	t.Parallel()
	card := func(hours float64, state State) Scorecard {
		c := Scorecard{LeadTime: Duration{State: state}}
		if state == OK {
			c.LeadTime.Median = new(hours * 3600)
		}
		return c
	}
	got := Spreads([]Scorecard{card(5, OK), card(1, OK), card(0, NoData), card(9, OK), card(3, OK)})
	for _, s := range got {
		if s.Figure != FigureLeadTime {
			if s.Services != 0 || s.Low != nil {
				t.Errorf("%s: %+v", s.Figure, s)
			}
			continue
		}
		if s.Services != 4 || s.Of != 5 || *s.Low != 3600 || *s.Middle != 4*3600 || *s.High != 9*3600 {
			t.Errorf("got %+v", s)
		}
	}
	if s := Spreads([]Scorecard{card(5, OK), card(0, NotEnoughData)})[1]; s.Services != 1 || s.Low != nil {
		t.Errorf("one service has no spread: %+v", s)
	}
}
