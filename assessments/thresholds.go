package assessments

import "time"

// Thresholds turn figures into levels. They are defaults that the configuration may change.
type Thresholds struct {
	Frequency FrequencyThresholds
	Response  ResponseThresholds
	Autonomy  AutonomyThresholds
	Signals   SignalThresholds
	Ceremony  CeremonyThresholds
}

// FrequencyThresholds are those of E1.
type FrequencyThresholds struct {
	// PerWeek is the least number of planned deployments in a working week for levels 2 to 5.
	PerWeek [4]float64
	// QuietMedian and QuietLong cap the level at 3 from these gaps on, in working days: the median gap, and its 90th percentile.
	QuietMedian, QuietLong float64
}

// ResponseThresholds are those of E2.
type ResponseThresholds struct {
	WayBack5, WayBack4, WayBack3 float64       // R, share of failures ended by going back
	Act5                         time.Duration // T_act
	Recovery4, Recovery2         time.Duration // P50
	Spread5                      float64       // U, P90 ÷ P50
	Once4                        float64       // O, share ended by exactly one remediation
	Exercised                    time.Duration // a rollback so recent shows that it works
	Drill                        time.Duration // how long a drill counts
	Runbook                      time.Duration // how long a runbook counts after it was touched
}

// AutonomyThresholds are those of E3, all shares.
type AutonomyThresholds struct {
	Outside5, Outside4, Outside3, Outside2 float64 // E, share with an approver or executor outside the owning team
	Waiting4                               float64 // W, outside waiting ÷ lead time
	Started5                               float64 // Q, share started by the owning team or its pipeline
	Risky3                                 float64 // X, share of the outside ones in a declared risk class; more than this
}

// SignalThresholds are those of E4.
type SignalThresholds struct {
	Verdict5, Verdict4                 float64       // V, share of deployments with a health verdict within Within
	Within                             time.Duration // after the deployment finished
	Machine4, Machine3                 float64       // A, share of failures noticed by a machine
	Detect5, Detect4, Detect3, Detect2 time.Duration // median time to detect
	Stopped                            time.Duration // how long an automatic stop counts
}

// CeremonyThresholds are those of E5.
type CeremonyThresholds struct {
	Ready5               time.Duration // R50, working time
	Ready4, Ready2       float64       // R50 in working days of the team's hours
	Cells5, Cells2       float64       // T, share of changes in the two busiest cells
	Cells1               float64
	Together5, Together4 float64 // S, share of deployments together with those of other teams
	Together1            float64
	Records5, Records4   float64 // K, share tied to a coordination record
	Records2, Records1   float64
}

// DefaultThresholds are those of the product's definition.
func DefaultThresholds() Thresholds {
	const day = 24 * time.Hour
	return Thresholds{
		Frequency: FrequencyThresholds{PerWeek: [4]float64{0.2, 0.75, 2, 5}, QuietMedian: 5, QuietLong: 10},
		Response: ResponseThresholds{
			WayBack5: 0.8, WayBack4: 0.6, WayBack3: 0.3, Act5: 10 * time.Minute, Spread5: 3,
			Recovery4: time.Hour, Recovery2: day, Once4: 0.7, Exercised: 90 * day, Drill: 90 * day, Runbook: 180 * day,
		},
		Autonomy: AutonomyThresholds{
			Outside5: 0.02, Outside4: 0.1, Outside3: 0.5, Outside2: 0.9, Waiting4: 0.05, Started5: 0.95, Risky3: 0.5,
		},
		Signals: SignalThresholds{
			Verdict5: 0.9, Verdict4: 0.6, Within: 15 * time.Minute, Machine4: 0.8, Machine3: 0.5,
			Detect5: 5 * time.Minute, Detect4: 15 * time.Minute, Detect3: time.Hour, Detect2: day, Stopped: 90 * day,
		},
		Ceremony: CeremonyThresholds{
			Ready5: time.Hour, Ready4: 1, Ready2: 3, Cells5: 0.3, Cells2: 0.7, Cells1: 0.9,
			Together5: 0.05, Together4: 0.15, Together1: 0.5, Records5: 0.02, Records4: 0.1, Records2: 0.5, Records1: 0.9,
		},
	}
}
