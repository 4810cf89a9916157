package prometheus_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/collector"
	"shiphabit/collector/prometheus"
	"shiphabit/metrics"
)

// told is what the gate is told by one reading of a source.
func told(t *testing.T, v values, change ...func(*prometheus.Options)) collector.Page {
	t.Helper()
	places := func(context.Context) ([]prometheus.Place, error) {
		return []prometheus.Place{{"shop", "production", metrics.Production}, {"shop", "lab", metrics.Testing}, {"desk", "production", metrics.Production}}, nil
	}
	asked := func(o *prometheus.Options) {
		o.Places, o.SeenWithin = places, 15*time.Minute
		o.ErrorRatio, o.ObjectivePPM = `bad{service="$service"}`, 999_000
		o.Services = []string{"shop"}
	}
	var none []prometheus.Deployment
	source := watching(t, serve(t, v.host()), clockAt(noon), &none, append([]func(*prometheus.Options){asked}, change...)...)
	page, err := source.Pull(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestEachReadingTellsWhenSignalsWereSeenAndWhatIsLeftOfTheBudget(t *testing.T) {
	t.Parallel()
	quarter := int64(750_000)
	silentSince := noon.Add(-6 * time.Minute)
	page := told(t, func(query string, at time.Time) float64 {
		switch {
		case strings.HasPrefix(query, "bad"):
			return 0.00025
		case at.After(silentSince):
			return math.NaN()
		}
		return 0.01
	})
	want := []collector.Monitored{{Service: "shop", Environment: "production", At: noon, Seen: map[string]time.Time{"errors": silentSince}, BudgetLeftPPM: &quarter}}
	if diff := cmp.Diff(want, page.Monitored); diff != "" || len(page.Troubles) != 0 {
		t.Errorf("%s, troubles %v", diff, page.Troubles)
	}
}

func TestWhatIsNotThereIsToldAsNotSeen(t *testing.T) {
	t.Parallel()
	page := told(t, func(string, time.Time) float64 { return math.NaN() })
	want := []collector.Monitored{{Service: "shop", Environment: "production", At: noon, Seen: map[string]time.Time{"errors": {}}}}
	if diff := cmp.Diff(want, page.Monitored); diff != "" {
		t.Error(diff)
	}
}

func TestABudgetStaysWithinBounds(t *testing.T) {
	t.Parallel()
	for ratio, left := range map[float64]int64{0: 1_000_000, 0.001: 0, 0.0015: -500_000, -1: 1_000_000, 1e300: -1_000_000_000} {
		page := told(t, func(string, time.Time) float64 { return ratio })
		if got := page.Monitored[0].BudgetLeftPPM; got == nil || *got-left > 1 || left-*got > 1 {
			t.Errorf("%g leaves %v, want %d", ratio, *got, left)
		}
	}
}

func TestWithoutTheSettingsNothingIsAskedForTheGate(t *testing.T) {
	t.Parallel()
	page := told(t, func(query string, _ time.Time) float64 {
		t.Errorf("it asks %s", query)
		return 0
	}, func(o *prometheus.Options) { o.SeenWithin, o.ErrorRatio, o.ObjectivePPM = 0, "", 0 })
	if page.Monitored != nil {
		t.Errorf("%+v", page.Monitored)
	}
}

func TestARatioWithoutItsObjectiveIsRefused(t *testing.T) {
	t.Parallel()
	for _, o := range []prometheus.Options{{ErrorRatio: "bad"}, {ObjectivePPM: 999_000}, {ErrorRatio: `bad{service=$service}`, ObjectivePPM: 1}, {ErrorRatio: "bad", ObjectivePPM: 1_000_000}} {
		o.Signals = []prometheus.Signal{errorShare()}
		if _, err := prometheus.New(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
