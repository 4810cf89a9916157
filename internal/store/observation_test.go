package store

import (
	"testing"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

func TestObservationsTellHowEachCriterionCameOutUnderWhichPolicy(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		standard, high := gate.PolicyFor(metrics.Standard), gate.PolicyFor(metrics.High)
		log := func(id, service string, policy []byte) {
			l := decided(id, service)
			l.PolicyDoc, l.Kind, l.Snapshot.Kind, l.Verdict = policy, gate.KindNormal, metrics.Production, gate.Warn
			if err := db.LogDecision(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
		log("gd_1", "api", standard.Canonical())
		log("gd_2", "web", standard.Canonical())
		log("gd_3", "api", []byte(`{"name":"of another time"}`))
		log("gd_4", "api", standard.Canonical())
		log("gd_5", "api", high.Canonical())
		list, err := db.Observations(t.Context(), "api", 10)
		if err != nil || len(list) != 3 {
			t.Fatalf("%+v, %v", list, err)
		}
		for i, id := range []string{"gd_5", "gd_4", "gd_1"} {
			o := list[i]
			if o.ID != id || o.Results["data-fresh"] != gate.Unknown || o.For != metrics.Production || o.Digest != "sha256:1" {
				t.Errorf("%d: %+v", i, o)
			}
		}
		if list[0].Policy.Digest() != high.Digest() || list[1].Policy.Digest() != standard.Digest() || list[1].Policy != list[2].Policy {
			t.Error("a decision has another policy than its own, or its own is read twice")
		}
		if list, err := db.Observations(t.Context(), "api", 3); err != nil || len(list) != 2 {
			t.Errorf("of the latest three decisions: %+v, %v", list, err)
		}
		if list, err := db.Observations(t.Context(), "nobody", 3); err != nil || len(list) != 0 {
			t.Errorf("of a service nobody asked about: %+v, %v", list, err)
		}
	})
}
