package store

import "time"

// Progress tells how far a refresh has come.
type Progress struct {
	// Services are done of so many that were out of date when it began; Rollouts are those of the services done.
	Services, Of, Rollouts int
	Elapsed                time.Duration
	// Remaining is an estimate from the services done, zero before the first.
	Remaining time.Duration
}

// Rate is how many rollouts were derived a second.
func (p Progress) Rate() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Rollouts) / p.Elapsed.Seconds()
}
