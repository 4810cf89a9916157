package metrics

import (
	"slices"
	"strings"
)

// placed is a value that a level is asked for, with the ends of its interval in the same unit. Value is nil where there is none; without
// an interval Bounded is false, and an end of it that is not reached is nil.
type placed struct {
	value, low, high *float64
	bounded          bool
}

// placed has the interval of the typical rollout, the only one that lead time has. A headline of another definition has none.
func (d Duration) placed() placed {
	p := placed{value: d.Headline()}
	if d.Interval != nil && d.Value == nil {
		p.low, p.high, p.bounded = &d.Interval.Low, &d.Interval.High, true
	}
	return p
}

func (s Survival) placed() placed {
	p := placed{value: s.Headline()}
	if s.Interval != nil && s.Value == nil {
		p.low, p.high, p.bounded = s.Interval.Low, s.Interval.High, true
	}
	return p
}

// placed is in percent.
func (s Share) placed() placed {
	if s.Value == nil {
		return placed{}
	}
	p := placed{value: new(100 * *s.Value)}
	if s.Interval != nil {
		p.low, p.high, p.bounded = new(100*s.Interval.Low), new(100*s.Interval.High), true
	}
	return p
}

// onDemand tells whether the median working day has a rollout at the least, and at the most, as far as its interval tells.
func (f Frequency) onDemand() (least, most bool) {
	if f.WorkingDay == nil {
		return true, false
	}
	return f.WorkingDay.Low >= 1, f.WorkingDay.High >= 1
}

// reaching adds the levels of all bands between the ends of the interval. The value itself need not lie within it: the interval of lead
// time is that of the typical rollout.
func (l Level) reaching(p placed, bands []Band) Level {
	if !p.bounded {
		return l
	}
	end := func(v *float64) float64 {
		if v == nil {
			return endless
		}
		return *v
	}
	from, to := bandOf(bands, min(end(p.low), *p.value)), bandOf(bands, max(end(p.high), *p.value))
	for _, b := range bands[from : lastAlike(bands, to)+1] {
		if !slices.Contains(l.Names(), b.Level) {
			l.MayBe = append(l.MayBe, b.Level)
		}
	}
	return l
}

// lastAlike is the last of the bands from i on that have the very range of i.
func lastAlike(bands []Band, i int) int {
	last := i
	for last+1 < len(bands) && bands[last+1].From == bands[i].From && bands[last+1].To == bands[i].To {
		last++
	}
	return last
}

// Names are the level and those that share its band.
func (l Level) Names() []string { return append([]string{l.Level}, l.Shared...) }

// Words say the level with its doubt: "elite", "high or medium", "elite, may be high". It is the one way to show a level to people: a
// figure whose interval reaches over the limit of its band is not said to have that level flatly. Empty where there is no level.
func (l Level) Words() string {
	if l.Level == "" {
		return ""
	}
	words := strings.Join(l.Names(), " or ")
	if n := len(l.MayBe); n > 1 {
		return words + ", may be " + strings.Join(l.MayBe[:n-1], ", ") + " or " + l.MayBe[n-1]
	} else if n == 1 {
		return words + ", may be " + l.MayBe[0]
	}
	return words
}
