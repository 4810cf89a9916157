package store

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"shiphabit/metrics/gate"
)

func TestWhatDecisionsLetThroughStaysKnownWhileItIsAskedFor(t *testing.T) {
	t.Parallel()
	var c passedCache
	of := func(seq int64) passed {
		name := strconv.FormatInt(seq, 10)
		p := passed{promotion: gate.Promotion{Decision: name, Environment: "production", Digest: "sha256:" + name, At: noon, ValidUntil: noon.Add(time.Minute)}, isPromoted: true}
		if seq%2 == 0 {
			p.isProbe, p.grant = true, gate.ProbeGrant{Decision: name, Service: "api", Environment: "production", At: noon}
		}
		return p
	}
	c.keep(-1, passed{}) // a stop
	for seq := range int64(2*keptPassed + 1) {
		c.keep(seq, of(seq))
		if seq%(keptPassed/2) == 0 {
			c.all([]int64{0})
		}
	}
	known, unknown := c.all([]int64{-1, 0, 1, 2 * keptPassed})
	if diff := cmp.Diff(map[int64]passed{0: of(0), 2 * keptPassed: of(2 * keptPassed)}, known, cmp.AllowUnexported(passed{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{-1, 1}, unknown); diff != "" {
		t.Error(diff)
	}
}

func TestADecisionLooksAtTheNewestPromotions(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, deployed("1", "api", "", -1))
		most, _ := strconv.Atoi(promotionsSeen)
		for n := range most + 2 {
			l := decided(fmt.Sprint("gd_", n), "api")
			l.Verdict, l.At, l.Snapshot.Now = gate.Allow, noon.Add(time.Duration(n)*time.Millisecond), noon
			must(t, db.LogDecision(t.Context(), l))
		}
		in, err := db.GateInputs(t.Context(), "api", always, nil)
		if err != nil || len(in.Promotions) != most {
			t.Fatalf("%d of %d promotions, %v", len(in.Promotions), most+2, err)
		}
		for _, p := range in.Promotions {
			if p.Decision == "gd_0" || p.Decision == "gd_1" {
				t.Errorf("%s is among them", p.Decision)
			}
		}
	})
}

func TestHoweverManyPromotionsAreReadOneTextOfSQLIsPrepared(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, deployed("1", "api", "", -1))
		texts := map[int]int{} // by how many promotions there were
		for n := 1; n <= 4; n++ {
			l := decided(fmt.Sprint("gd_", n), "api")
			l.Verdict, l.At, l.Snapshot.Now = gate.Allow, noon.Add(time.Duration(n)*time.Millisecond), noon
			must(t, db.LogDecision(t.Context(), l))
			db.passed = passedCache{} // as another server that has logged none of them
			if in, err := db.GateInputs(t.Context(), "api", always, nil); err != nil || len(in.Promotions) != n {
				t.Fatalf("%d of %d promotions, %v", len(in.Promotions), n, err)
			}
			prepared, ok := db.gateRead.ConnPool.(*gorm.PreparedStmtDB)
			if !ok {
				t.Fatal("nothing is prepared")
			}
			texts[n] = len(prepared.Stmts.Keys())
		}
		if texts[1] == 0 || texts[2] != texts[4] {
			t.Errorf("so many texts after so many promotions: %v", texts)
		}
	})
}
