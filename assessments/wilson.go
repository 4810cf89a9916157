package assessments

import (
	"math"

	"shiphabit/metrics"
)

func wilson(count, of int, confidence float64) metrics.Interval {
	z := math.Sqrt2 * math.Erfinv(confidence)
	n, p := float64(of), float64(count)/float64(of)
	mid, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	scale := 1 + z*z/n
	return metrics.Interval{Low: max(0, (mid-half)/scale), High: min(1, (mid+half)/scale), Coverage: confidence}
}
