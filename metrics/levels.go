package metrics

import (
	"fmt"
	"math"
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
	Shared []string `json:"shared,omitempty"`
	// MayBe are the other levels that the interval of the figure reaches, best first: the true value may stand in any of them.
	MayBe   []string      `json:"may_be,omitempty"`
	Medians []GroupMedian `json:"medians,omitempty"`
	Note    string        `json:"note,omitempty"`
}

// Levels places the figures of a scorecard in an edition, each by itself: a team has no overall level. They are frequency, lead time, fail
// rate and recovery, in this order. An edition that is not known is an error that lists those known.
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

// Levels places the figures of a scorecard in this edition: frequency, lead time, fail rate and recovery, in this order.
func (e Edition) Levels(card Scorecard) []Level {
	levels := []Level{
		e.frequency(card.Frequency),
		e.place(Level{Figure: FigureLeadTime, State: card.LeadTime.State}, card.LeadTime.placed(), e.LeadTime),
		e.failRate(card.FailRate),
		e.place(Level{Figure: FigureRecovery, State: card.Recovery.State}, card.Recovery.placed(), e.Recovery),
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
		return e.place(l, placed{}, e.Frequency)
	}
	switch e.FrequencyBy {
	case byRate:
		return e.place(l, placed{value: new(1 / *f.PerDay)}, e.Frequency)
	case byDeploymentDays:
		return l.in(e.Frequency[deploymentDaysBand(f)])
	case byShownUnit:
		return l.in(e.Frequency[shownBand(f)])
	}
	// Many rollouts on few days are not on demand, whatever their sum: at best they fill the next band.
	seldom := e.place(l, placed{value: new(max(1 / *f.PerDay, 1))}, e.Frequency[1:])
	onDemand := l.in(e.Frequency[0])
	least, most := f.onDemand()
	switch day := f.MedianWorkingDay; {
	case day != nil && *day >= 1 && !least:
		onDemand.MayBe = seldom.Names()
		return onDemand
	case day != nil && *day >= 1:
		return onDemand
	case most:
		seldom.MayBe = onDemand.Names()
	}
	return seldom
}

func (l Level) in(b Band) Level {
	l.Level, l.Band = b.Level, b.Says
	return l
}

// deploymentDaysBand is daily from three days of the median week on, weekly where most weeks have a deployment, monthly where most
// months have such a week, else yearly. Where the scorecard was made by a definition without these medians, the nearest that it
// holds stand in: the days of full weeks, and the rate.
func deploymentDaysBand(f Frequency) int {
	days, active, months := f.DaysPerWeek, f.DaysPerWeek, new(*f.PerDay*monthDays)
	if f.Rates != nil {
		days, active = f.Rates.PerWeek, f.Rates.ActiveWeeks
		if f.Rates.PerMonth != nil {
			months = f.Rates.PerMonth
		}
	}
	for i, limit := range []struct {
		value *float64
		least float64
	}{{days, 3}, {active, 1}, {months, 1}} {
		if limit.value != nil && *limit.value >= limit.least {
			return i
		}
	}
	return 3
}

// shownBand places the whole numbers per day, week and month; a rate that no definition rounded is rounded down here.
func shownBand(f Frequency) int {
	r := Rates{PerDay: new(math.Floor(*f.PerDay)), PerWeek: new(math.Floor(7 * *f.PerDay)), PerMonth: new(math.Floor(30 * *f.PerDay))}
	if f.Rates != nil && f.Rates.PerDay != nil {
		r = *f.Rates
	}
	value, unit := r.shown()
	switch {
	case value == nil:
		return 3
	case unit == "day":
		return 0
	case unit == "week", *value > 1:
		return 1
	case *value == 1:
		return 2
	default:
		return 3
	}
}

func (e Edition) failRate(s Share) Level {
	l := Level{Figure: FigureFailRate, State: s.State}
	if len(e.FailRate) == 0 && len(e.FailMedians) > 0 {
		l.Medians = e.FailMedians
		l.Note = "this edition gives the median of each group, no limits between them"
		return l
	}
	return e.place(l, s.placed(), e.FailRate)
}

// place finds the band of a value, and the others that its interval reaches. Between two bands it takes the worse one, and marks it.
func (e Edition) place(l Level, p placed, bands []Band) Level {
	switch {
	case l.State != OK:
		l.Note = string(l.State)
		return l
	case len(bands) == 0:
		l.Note = "this edition has no levels for this figure"
		return l
	case p.value == nil:
		l.Note = "the median is not reached: too many are still open"
		return l
	}
	i := bandOf(bands, *p.value)
	l.Gap = !bands[i].holds(*p.value)
	l.Level, l.Band = bands[i].Level, bands[i].Says
	switch {
	case l.Gap && *p.value > bands[i].To:
		l.Note = "beyond the last band of this edition"
	case l.Gap:
		l.Note = "between two bands of this edition: the worse is taken"
	default:
		for _, b := range bands[i+1 : lastAlike(bands, i)+1] {
			l.Shared = append(l.Shared, b.Level)
		}
	}
	return l.reaching(p, bands)
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
