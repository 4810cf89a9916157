package collector

import (
	"context"
	"time"
)

// Pause spaces the tries after a passing error: each one waits about twice as long as the one before, up to a ceiling, and a
// random part of that, so that many replicas do not come back at the same moment.
type Pause struct {
	First   time.Duration // before the second try
	Ceiling time.Duration
	// Rand yields numbers in [0, 1).
	Rand func() float64
}

// After returns the wait after so many failed tries in a row, counted from 1: between half of the step and the whole of it.
func (p Pause) After(failures int) time.Duration {
	step := p.First
	for range failures - 1 {
		if step >= p.Ceiling/2 {
			step = p.Ceiling
			break
		}
		step *= 2
	}
	step = min(step, p.Ceiling)
	return step/2 + time.Duration(p.Rand()*float64(step-step/2))
}

// sleep waits for d or until the context ends, whose error it returns.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
