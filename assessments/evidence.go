package assessments

import (
	"time"

	"shiphabit/metrics"
)

// Evidence is what the records of one service, or of a team's services, show on one question.
type Evidence struct {
	ID      string         `json:"id"` // "E1" … "E5"
	Service string         `json:"service,omitempty"`
	Window  metrics.Window `json:"window"`
	Grade   Grade          `json:"grade"`
	// Level is 1 (event) to 5 (habit); 0 without a grade.
	Level int `json:"level"`
	// N counts the records the level rests on, and NOf names them: "planned deployments", "failed deployments".
	N   int    `json:"n"`
	NOf string `json:"n_of"`
	// Coverage is the share of those records that carry what the evidence needs; nil when there are none.
	Coverage *float64 `json:"coverage"`
	// Indirect evidence is shown beside the answer and never compared.
	Indirect bool     `json:"indirect,omitempty"`
	Figures  []Figure `json:"figures,omitempty"`
	// Tried are the levels that were tried, in their order; the last one holds. Empty without a grade.
	Tried []Step `json:"tried,omitempty"`
	Says  string `json:"says"`
	// Missing says what is not measured and which collector would supply it.
	Missing string `json:"missing,omitempty"`
	// LeftOut counts the records of the window that were not used, by reason.
	LeftOut map[string]int `json:"left_out,omitempty"`
	// Rows are the records behind the level and Excluded those that were not used; only an Explanation hands them out.
	Rows     []Row             `json:"-"`
	Excluded []metrics.LeftOut `json:"-"`
}

// Figure is one input of a level. Value is nil when it is not known.
type Figure struct {
	Name  string   `json:"name"` // "f", "z", "G50" …
	Means string   `json:"means"`
	Value *float64 `json:"value"`
	Unit  string   `json:"unit,omitempty"` // one of the units below
}

// The units of figures. Yes is 1 and no is 0.
const (
	UnitPerWeek     = "per working week"
	UnitShare       = "share"
	UnitWorkingDays = "working days"
	UnitDays        = "days"
	UnitSeconds     = "seconds"
	UnitWorked      = "seconds of working time"
	UnitRatio       = "ratio"
	UnitYes         = "yes or no"
)

// Row is one record behind a level, with what it contributes in words.
type Row struct {
	Service string    `json:"service"`
	Record  string    `json:"record"` // "source/id" of the deployment
	At      time.Time `json:"at"`
	Says    string    `json:"says"`
}

// Grade says how far a piece of evidence carries.
type Grade string

// The grades. Only A and B are compared with answers; without a grade there is no level.
const (
	GradeA    Grade = "A"
	GradeB    Grade = "B"
	GradeC    Grade = "C"
	GradeNone Grade = "none"
)

// notMeasured leaves the evidence without a grade and says what would supply it.
func (e *Evidence) notMeasured(missing string) {
	e.Missing = missing
	e.Says = "Not measured: " + missing + "."
}

// figure adds an input of the level; nil is not known.
func (e *Evidence) figure(name, means string, value *float64, unit string) {
	e.Figures = append(e.Figures, Figure{Name: name, Means: means, Value: value, Unit: unit})
}

// row adds a record behind the level.
func (e *Evidence) row(service string, r metrics.Rollout, says string) {
	e.Rows = append(e.Rows, Row{Service: service, Record: r.ID, At: r.FinishedAt, Says: says})
}

// exclude notes a record that is not used.
func (e *Evidence) exclude(left ...metrics.LeftOut) {
	for _, l := range left {
		if e.LeftOut == nil {
			e.LeftOut = map[string]int{}
		}
		e.LeftOut[l.Reason]++
	}
	e.Excluded = append(e.Excluded, left...)
}
