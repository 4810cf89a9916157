package assessments

import "shiphabit/metrics"

// Evidence is what the records of one service, or of a team's median service, show on one question.
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
	Says     string   `json:"says"`
	// Missing says what is not measured and which collector would supply it.
	Missing string `json:"missing,omitempty"`
	// Rows are the rollouts behind the level; LeftOut counts those of the window that were not used, by reason.
	Rows    []string       `json:"rows,omitempty"`
	LeftOut map[string]int `json:"left_out,omitempty"`
}

// Figure is one input of a level. Value is nil when it is not known.
type Figure struct {
	Name  string   `json:"name"` // "f", "z", "G50" …
	Means string   `json:"means"`
	Value *float64 `json:"value"`
	Unit  string   `json:"unit,omitempty"` // "per working week", "share", "working days", "seconds"
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
