package simulation

import (
	"math"
	"testing"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

func small() Options {
	o := Standard()
	o.Services = 400
	return o
}

func TestTheMeterStopsFarFewerHealthyPromotionsAndNoticesNoLater(t *testing.T) {
	t.Parallel()
	r := Run(small(), gate.PolicyFor(metrics.Standard), 0.15)
	if r.Meter.Promotions != r.Threshold.Promotions || r.Meter.Promotions == 0 {
		t.Fatalf("they are held against other records: %d and %d promotions", r.Meter.Promotions, r.Threshold.Promotions)
	}
	if m, plain := r.Meter.StoppedShare(), r.Threshold.StoppedShare(); 8*m > plain {
		t.Errorf("the meter stops %.4f of the healthy promotions, the threshold %.4f", m, plain)
	}
	if m, plain := r.Meter.FailuresToStop(), r.Threshold.FailuresToStop(); m > plain {
		t.Errorf("before the stop the meter lets %.2f failures happen, the threshold %.2f", m, plain)
	}
	if r.Meter.Noticed != 400 {
		t.Errorf("of 400 sick services the meter stops %d", r.Meter.Noticed)
	}
}

func TestAWrongStopIsAsRareAsThePolicyPromises(t *testing.T) {
	t.Parallel()
	o := small()
	o.Least, o.Most, o.Alpha, o.Beta, o.Cut = 30, 30, 1, 1, 1
	o.Cut = 1.0 / 12 // rates evenly from 0 to half the limit, at most
	r := Run(o, gate.PolicyFor(metrics.Standard), 0.15)
	if perYear := float64(r.Meter.Spells) / r.Meter.Years; perYear > 0.5 {
		t.Errorf("%.3f wrong stops a year where one in two years is promised", perYear)
	}
}

func TestTheSameOptionsMakeUpTheSameServices(t *testing.T) {
	t.Parallel()
	o := small()
	a, b := o.service(7), o.service(7)
	if len(a.at) == 0 || len(a.at) != len(b.at) || !a.at[len(a.at)-1].Equal(b.at[len(b.at)-1]) {
		t.Errorf("the seventh service is made up of %d and %d deployments", len(a.at), len(b.at))
	}
	sum := 0.0
	for i := range o.Services {
		sum += o.service(i).rate
	}
	// Beta(2, 38) drawn again above 10 % has the mean 4.25 %.
	if mean := sum / float64(o.Services); math.Abs(mean-0.0425) > 0.004 {
		t.Errorf("the mean healthy rate is %.4f", mean)
	}
}
