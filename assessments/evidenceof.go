package assessments

import (
	"time"

	"shiphabit/metrics"
)

// Records are what evidence rests on: the facts of a team's services, what other teams deployed, and what the team declares of
// its way back.
type Records struct {
	Services   []metrics.Facts
	Neighbours []Neighbour
	Readiness  []Readiness
}

// EvidenceOf is what the records of a team's services show on every kind of evidence, E1 to E5, in the windows that end at an
// instant (a round's Window.To). E1 is that of the median service; the others pool the services' records.
func EvidenceOf(records Records, to time.Time, cal metrics.Calendar, t Thresholds) []Evidence {
	services := make([]Evidence, 0, len(records.Services))
	for _, f := range records.Services {
		services = append(services, FrequencyEvidence(f, to, cal, t.Frequency))
	}
	if len(services) == 0 {
		services = append(services, FrequencyEvidence(metrics.Facts{}, to, cal, t.Frequency))
	}
	return []Evidence{
		medianService(services),
		ResponseEvidence(records, to, cal, t.Response),
		AutonomyEvidence(records, to, cal, t.Autonomy),
		SignalEvidence(records, to, cal, t.Signals),
		CeremonyEvidence(records, to, cal, t.Ceremony),
	}
}
