package exposition

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Family is one metric with its definition, as the list in the documentation shows it.
type Family struct {
	Name, Type, Help string
	Labels           []string
	// Stored families say what stands in the database: every server over it says the same. The others count in one process.
	Stored bool
}

// families are all that are exposed, in the order of the documentation.
type families struct{ list []Family }

func (f *families) add(one Family) { f.list = append(f.list, one) }

// stored declares a gauge of something that stands in the database.
func (f *families) stored(name, help string, labels ...string) *prometheus.Desc {
	f.add(Family{Name: name, Type: "gauge", Help: help, Labels: labels, Stored: true})
	return prometheus.NewDesc(name, help, labels, nil)
}

// gauge declares a gauge of this process.
func (f *families) gauge(name, help string) prometheus.Gauge {
	f.add(Family{Name: name, Type: "gauge", Help: help})
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

// counter declares a counter of this process.
func (f *families) counter(name, help string, labels ...string) *prometheus.CounterVec {
	f.add(Family{Name: name, Type: "counter", Help: help, Labels: labels})
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// histogram declares a histogram of seconds in this process.
func (f *families) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	f.add(Family{Name: name, Type: "histogram", Help: help, Labels: labels})
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

// Families are all metrics of the program's own, those of the Go runtime and of the process left out.
func (e *Exposition) Families() []Family { return slices.Clone(e.families.list) }
