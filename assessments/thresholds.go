package assessments

import "time"

// Thresholds turn figures into levels. They are defaults that the configuration may change.
type Thresholds struct {
	Frequency FrequencyThresholds
	Response  ResponseThresholds
	Signals   SignalThresholds
}

// FrequencyThresholds are those of E1.
type FrequencyThresholds struct {
	// PerWeek is the least number of planned deployments in a working week for levels 2 to 5.
	PerWeek [4]float64
	// QuietMedian and QuietLong cap the level at 3 from these gaps on, in working days: the median gap, and its 90th percentile.
	QuietMedian, QuietLong float64
}

// ResponseThresholds are those of E2. Level 5 has none: it needs drills, which are in no record yet.
type ResponseThresholds struct {
	WayBack4, WayBack3   float64       // R, share of failures ended by going back
	Recovery4, Recovery2 time.Duration // P50
	Once4                float64       // O, share ended by exactly one remediation
	Exercised            time.Duration // a rollback so recent shows that it works
}

// SignalThresholds are those of E4. Level 5 has none: it needs automatic stops, which are in no record yet.
type SignalThresholds struct {
	Verdict4                  float64       // V, share of deployments with a health verdict within Within
	Within                    time.Duration // after the deployment finished
	Machine4, Machine3        float64       // A, share of failures noticed by a machine
	Detect4, Detect3, Detect2 time.Duration // median time to detect
}

// DefaultThresholds are those of the product's definition.
func DefaultThresholds() Thresholds {
	const day = 24 * time.Hour
	return Thresholds{
		Frequency: FrequencyThresholds{PerWeek: [4]float64{0.2, 0.75, 2, 5}, QuietMedian: 5, QuietLong: 10},
		Response: ResponseThresholds{
			WayBack4: 0.6, WayBack3: 0.3,
			Recovery4: time.Hour, Recovery2: day, Once4: 0.7, Exercised: 90 * day,
		},
		Signals: SignalThresholds{
			Verdict4: 0.6, Within: 15 * time.Minute, Machine4: 0.8, Machine3: 0.5,
			Detect4: 15 * time.Minute, Detect3: time.Hour, Detect2: day,
		},
	}
}
