package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

func TestADecisionKnowsWhatEachSourceOfSignalsShowedLast(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		e := metrics.NewEvent("ci", metrics.Deployment{ID: "1", Service: "web", Environment: "prod-eu", Status: metrics.Succeeded, Revision: "a", FinishedAt: noon})
		if _, err := db.Append(t.Context(), []metrics.Event{e}); err != nil {
			t.Fatal(err)
		}
		seen := func(source string, minute int) gate.Monitored {
			at := noon.Add(time.Duration(minute) * time.Minute)
			return gate.Monitored{Source: source, Environment: "prod-eu", At: at, Signals: []gate.SignalSeen{{Name: "errors", At: at}, {Name: "never"}}, BudgetLeftPPM: new(int64)}
		}
		known := func() []gate.Monitored {
			t.Helper()
			in, err := db.GateInputs(t.Context(), "web", func(metrics.Service) time.Time { return noon }, nil)
			if err != nil {
				t.Fatal(err)
			}
			return in.Monitored
		}
		if known() != nil {
			t.Error("something is known that nobody showed")
		}
		for _, one := range []gate.Monitored{seen("watch", 0), seen("other", 1), seen("watch", 2)} {
			if err := db.SaveMonitored(t.Context(), map[string][]gate.Monitored{"web": {one}, "nobody": {one}}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]gate.Monitored{seen("other", 1), seen("watch", 2)}, known()); diff != "" {
			t.Error(diff)
		}
		places, err := db.Places(t.Context())
		if diff := cmp.Diff([]Place{{"web", "prod-eu", metrics.Production}}, places); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}
