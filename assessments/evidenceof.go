package assessments

import (
	"time"

	"shiphabit/metrics"
)

// EvidenceOf is what the records of a team's services show on every kind of evidence, E1 to E5, in the windows that end at an
// instant (a round's Window.To). E1 is that of the median service; the others pool the services' records.
func EvidenceOf(facts []metrics.Facts, to time.Time, cal metrics.Calendar, t Thresholds) []Evidence {
	services := make([]Evidence, 0, len(facts))
	for _, f := range facts {
		services = append(services, FrequencyEvidence(f, to, cal, t.Frequency))
	}
	if len(services) == 0 {
		services = append(services, FrequencyEvidence(metrics.Facts{}, to, cal, t.Frequency))
	}
	return []Evidence{
		medianService(services),
		ResponseEvidence(facts, to, cal, t.Response),
		autonomyEvidence(to, cal),
		SignalEvidence(facts, to, cal, t.Signals),
		ceremonyEvidence(facts, to, cal),
	}
}
