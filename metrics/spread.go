package metrics

import "slices"

// Spread says how far the services of a slice lie apart in one figure: the lowest, the middle and the highest of the services'
// own values. It names none of them.
type Spread struct {
	Figure string `json:"figure"`
	Unit   string `json:"unit"` // as Move.Unit, but that frequency is "rollouts per week" over the whole window
	// Services counts those with a value of their own; Of all services of the slice.
	Services int `json:"services"`
	Of       int `json:"of"`
	// Low, Middle and High are nil when fewer than two services have a value.
	Low    *float64 `json:"low"`
	Middle *float64 `json:"middle"`
	High   *float64 `json:"high"`
}

// Spreads compares the scorecards of the services of one slice, all made by the same query. The figure of the slice itself pools
// their rows, and is not made of these.
func Spreads(cards []Scorecard) []Spread {
	of := func(figure, unit string, value func(Scorecard) *float64) Spread {
		s := Spread{Figure: figure, Unit: unit, Of: len(cards)}
		var values []float64
		for _, card := range cards {
			if v := value(card); v != nil {
				values = append(values, *v)
			}
		}
		if s.Services = len(values); s.Services >= 2 {
			slices.Sort(values)
			s.Low, s.High, s.Middle = new(values[0]), new(values[len(values)-1]), new(medianOf(values))
		}
		return s
	}
	return []Spread{
		of(FigureFrequency, "rollouts per week", func(c Scorecard) *float64 { return c.Frequency.PerWeek }),
		of(FigureLeadTime, "s", func(c Scorecard) *float64 { return c.LeadTime.Headline() }),
		of(FigureFailRate, "share", func(c Scorecard) *float64 { return c.FailRate.Value }),
		of(FigureRecovery, "s", func(c Scorecard) *float64 { return c.Recovery.Headline() }),
		of(FigureRework, "share", func(c Scorecard) *float64 { return c.Rework.Value }),
	}
}
