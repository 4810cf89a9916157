package metrics

import (
	"fmt"
	"strings"
)

// Level is where one figure stands in one edition.
type Level struct {
	Figure  string `json:"figure"`
	Edition string `json:"edition"`
	State   State  `json:"state"`           // of the figure
	Level   string `json:"level,omitempty"` // empty when there is none; Note says why
	Band    string `json:"band,omitempty"`  // the band's range in words
	// Gap: the value lies between two bands and takes the worse one, or beyond the last.
	Gap bool `json:"gap,omitempty"`
	// Shared are worse levels to which the edition gives the very same band.
	Shared  []string      `json:"shared,omitempty"`
	Medians []GroupMedian `json:"medians,omitempty"`
	Note    string        `json:"note,omitempty"`
}

// Levels places the figures of a scorecard in an edition, each by itself: a team has no overall level.
func Levels(card Scorecard, edition string) ([]Level, error) {
	var names []string
	for _, e := range Editions() {
		if e.Name == edition {
			return e.Levels(card), nil
		}
		names = append(names, e.Name)
	}
	return nil, fmt.Errorf("edition %q is not known: use one of %s", edition, strings.Join(names, ", "))
}

// Levels places the figures of a scorecard in this edition.
func (e Edition) Levels(card Scorecard) []Level {
	levels := []Level{
		e.frequency(card.Frequency),
		e.place(Level{Figure: FigureLeadTime, State: card.LeadTime.State}, card.LeadTime.Median, e.LeadTime),
		e.failRate(card.FailRate),
		e.place(Level{Figure: FigureRecovery, State: card.Recovery.State}, card.Recovery.Median, e.Recovery),
	}
	for i := range levels {
		levels[i].Edition = e.Name
	}
	return levels
}

// frequency is on demand by the median working day, and else placed by the days between two rollouts.
func (e Edition) frequency(f Frequency) Level {
	l := Level{Figure: FigureFrequency, State: f.State}
	if f.State != OK || f.PerDay == nil || len(e.Frequency) == 0 {
		return e.place(l, nil, e.Frequency)
	}
	if f.MedianWorkingDay != nil && *f.MedianWorkingDay >= 1 {
		l.Level, l.Band = e.Frequency[0].Level, e.Frequency[0].Says
		return l
	}
	// Many rollouts on few days are not on demand, whatever their sum: at best they fill the next band.
	apart := max(1 / *f.PerDay, 1)
	return e.place(l, &apart, e.Frequency[1:])
}

func (e Edition) failRate(s Share) Level {
	l := Level{Figure: FigureFailRate, State: s.State}
	if len(e.FailRate) == 0 && len(e.FailMedians) > 0 {
		l.Medians = e.FailMedians
		l.Note = "this edition gives the median of each group, no limits between them"
		return l
	}
	if s.Value == nil {
		return e.place(l, nil, e.FailRate)
	}
	percent := 100 * *s.Value
	return e.place(l, &percent, e.FailRate)
}

// place finds the band of a value. Between two bands it takes the worse one, and marks it.
func (e Edition) place(l Level, value *float64, bands []Band) Level {
	switch {
	case l.State != OK:
		l.Note = string(l.State)
		return l
	case value == nil:
		l.Note = "the median is not reached: too many are still open"
		return l
	case len(bands) == 0:
		l.Note = "this edition has no levels for this figure"
		return l
	}
	i := bandOf(bands, *value)
	l.Gap = !bands[i].holds(*value)
	l.Level, l.Band = bands[i].Level, bands[i].Says
	if l.Gap {
		l.Note = "between two bands of this edition: the worse is taken"
		if *value > bands[i].To {
			l.Note = "beyond the last band of this edition"
		}
		return l
	}
	for _, b := range bands[i+1:] {
		if b.From == bands[i].From && b.To == bands[i].To {
			l.Shared = append(l.Shared, b.Level)
		}
	}
	return l
}

// bandOf is the first band, from the best, that holds the value; else the first that lies wholly above it; else the last.
func bandOf(bands []Band, value float64) int {
	for i, b := range bands {
		if b.holds(value) {
			return i
		}
	}
	for i, b := range bands {
		if b.From > value {
			return i
		}
	}
	return len(bands) - 1
}
