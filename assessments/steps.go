package assessments

import "time"

// Relation is how a figure stands to its limit.
type Relation string

// The four relations of conditions.
const (
	AtLeast Relation = "≥"
	AtMost  Relation = "≤"
	Below   Relation = "<"
	Above   Relation = ">"
)

// Condition is a figure against a limit. One whose figure is not known does not hold.
type Condition struct {
	Figure   string   `json:"figure"`
	Relation Relation `json:"relation"`
	Limit    float64  `json:"limit"`
	Value    *float64 `json:"value"`
	Unit     string   `json:"unit,omitempty"`
	Holds    bool     `json:"holds"`
}

// Step is a level that was tried. It holds when all conditions of one of its ways do; the level that is left over when none
// before it held has no ways and holds.
type Step struct {
	Level int           `json:"level"`
	Holds bool          `json:"holds"`
	Ways  [][]Condition `json:"ways,omitempty"`
}

// limit is a condition before it is tried.
type limit struct {
	figure   string
	relation Relation
	value    float64
}

func atLeast(figure string, v float64) limit         { return limit{figure, AtLeast, v} }
func atMost(figure string, v float64) limit          { return limit{figure, AtMost, v} }
func below(figure string, v float64) limit           { return limit{figure, Below, v} }
func above(figure string, v float64) limit           { return limit{figure, Above, v} }
func soon(figure string, d time.Duration) limit      { return atMost(figure, d.Seconds()) }
func sooner(figure string, d time.Duration) limit    { return below(figure, d.Seconds()) }
func yes(figure string) limit                        { return atLeast(figure, 1) }
func within(figure string, span time.Duration) limit { return atMost(figure, span.Hours()/24) }

// rung is a level with the ways to it; none for the level that is left over.
type rung struct {
	level int
	ways  [][]limit
}

func onlyIf(level int, all ...limit) rung { return rung{level, [][]limit{all}} }

// climb tries the rungs in order; the first that holds is the level.
func (e *Evidence) climb(rungs ...rung) {
	for _, r := range rungs {
		step := Step{Level: r.level, Holds: len(r.ways) == 0}
		for _, way := range r.ways {
			conditions, all := e.try(way)
			step.Ways = append(step.Ways, conditions)
			step.Holds = step.Holds || all
		}
		e.Tried = append(e.Tried, step)
		if step.Holds {
			e.Level = r.level
			return
		}
	}
}

func (e *Evidence) try(way []limit) (conditions []Condition, all bool) {
	all = true
	for _, l := range way {
		c := Condition{Figure: l.figure, Relation: l.relation, Limit: l.value}
		for _, f := range e.Figures {
			if f.Name == l.figure {
				c.Value, c.Unit = f.Value, f.Unit
			}
		}
		c.Holds = c.Value != nil && c.Relation.holds(*c.Value, c.Limit)
		all = all && c.Holds
		conditions = append(conditions, c)
	}
	return conditions, all
}

func (r Relation) holds(value, limit float64) bool {
	switch r {
	case AtLeast:
		return value >= limit
	case AtMost:
		return value <= limit
	case Below:
		return value < limit
	case Above:
		return value > limit
	}
	return false
}
