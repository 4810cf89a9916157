package store

import (
	"strings"
	"testing"

	"gorm.io/gorm"

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

func TestTheLatestDecisionsAboutAServiceAreReadWithoutTheOthers(t *testing.T) {
	t.Parallel()
	db := newSQLite(t).open()
	query := db.read.ToSQL(func(tx *gorm.DB) *gorm.DB { return latestAbout(tx, "api", 500).Find(&[]decisionRow{}) })
	var plan []struct{ Detail string }
	if err := db.read.Raw("EXPLAIN QUERY PLAN " + query).Scan(&plan).Error; err != nil {
		t.Fatal(err)
	}
	if len(plan) == 0 || !strings.Contains(plan[0].Detail, "decisions_service (service=?)") {
		t.Errorf("%s: %+v", query, plan)
	}
	for _, step := range plan { // a sort of those of one instant alone is none of all
		if step.Detail == "USE TEMP B-TREE FOR ORDER BY" {
			t.Errorf("%s: %+v", query, plan)
		}
	}
}
