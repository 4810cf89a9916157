package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// sharing declares services of one repository: two that have it whole, and two with folders of their own.
func sharing(o *Options) {
	o.Rules.Services = []metrics.Service{
		{Name: "checkout", Repositories: []string{"acme/payments"}}, {Name: "payments-api", Repositories: []string{"acme/payments"}},
		{Name: "cart", Repositories: []string{"acme/shop"}, Paths: []string{"services/cart"}}, {Name: "search", Repositories: []string{"acme/shop"}, Paths: []string{"services/search"}},
	}
}

const days = 24

// olderOf is what a decision about a service knows of an older one; a gate goes by what it remembers as it does for a server.
func olderOf(tb testing.TB, db *DB, service string, now time.Time) *gate.Older {
	tb.Helper()
	p := gate.PolicyFor(metrics.Standard).Seal()
	r := gate.Request{Service: service, Environment: "production", Change: gate.Change{Kind: gate.KindNormal}}
	in, err := db.GateInputs(tb.Context(), service, always, func(k gate.Known) (gate.Known, bool) { return p.Recall(r, now, k) })
	if err != nil {
		tb.Fatal(err)
	}
	p.Take(r, now, in.Known)
	direct, err := db.Older(tb.Context(), service)
	if err != nil {
		tb.Fatal(err)
	}
	if (direct == nil) != (in.Older == nil) || direct != nil && *direct != *in.Older {
		tb.Errorf("a decision about %s knows of %+v, a page of %+v", service, in.Older, direct)
	}
	return in.Older
}

func refreshed(tb testing.TB, db *DB, events ...metrics.Event) {
	tb.Helper()
	mustAppend(tb, db, events...)
	if err := db.Refresh(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func TestANewServiceKnowsTheOlderOneOfItsRepository(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open(sharing)
		refreshed(t, db)
		if o := olderOf(t, db, "payments-api", noon); o != nil {
			t.Fatalf("before anything is known it is %+v", o)
		}
		refreshed(t, db, deployed("1", "checkout", "", -40*days))                 // nothing that concerns the new one
		if o := olderOf(t, db, "payments-api", noon.Add(time.Minute)); o == nil { // what a record without a trial comes to is remembered for seconds
			t.Error("that there was none is remembered")
		}
		refreshed(t, db, deployed("2", "checkout", "acme/payments", -2*days), deployed("3", "cart", "acme/shop", -90*days))
		want := gate.Older{Service: "checkout", Repository: "acme/payments", Since: noon.Add(-40 * days * time.Hour)}
		if o := olderOf(t, db, "payments-api", noon); o == nil || *o != want {
			t.Errorf("it is %+v, want %+v", o, want)
		}
		for _, other := range []string{"search", "checkout", "cart", "nobody knows it"} {
			if o := olderOf(t, db, other, noon); o != nil {
				t.Errorf("%s has folders of its own, or is the oldest, and knows of %+v", other, o)
			}
		}
		refreshed(t, db, deployed("4", "payments-api", "acme/payments", -1))
		for range 2 { // then from memory
			if o := olderOf(t, db, "payments-api", noon); o == nil || *o != want {
				t.Errorf("with a deployment of its own it is %+v", o)
			}
		}
		refreshed(t, db, deployed("5", "payments-api", "acme/payments", -11*days))
		if o := olderOf(t, db, "payments-api", noon); o != nil {
			t.Errorf("it turns out to have begun 29 days after the other one, and knows of %+v", o)
		}
	})
}

func TestAnOlderServiceCountsFromWhenItWasKnown(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open(sharing, func(o *Options) { o.Clock = func() time.Time { return noon.Add(-10 * days * time.Hour) } })
		late := deployed("1", "checkout", "acme/payments", -60*days)
		late.Live = true // it is known since it was told, ten days ago
		refreshed(t, db, late)
		now := t.open(sharing)
		if o := olderOf(t, now, "payments-api", noon); o != nil {
			t.Errorf("it knows of %+v", o)
		}
		refreshed(t, now, deployed("2", "checkout", "acme/payments", -50*days))
		if o := olderOf(t, now, "payments-api", noon); o == nil || !o.Since.Equal(noon.Add(-50*days*time.Hour)) {
			t.Errorf("it is known since the one that was told of in time, whatever is told later of one before; it knows of %+v", o)
		}
	})
}

func TestAServiceWithARecordKeepsItsMeterWhenThisVersionArrives(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		t.upTo(33, func(tx *gorm.DB) error {
			if err := tx.Exec("INSERT INTO documents (digest, body) VALUES ('d', '')").Error; err != nil {
				return err
			}
			return tx.Exec(`INSERT INTO decisions (id, caller, key, previous, service, environment, verdict, probe, at, snapshot, policy, body)
				VALUES ('gd_1', '', '', '', 'checkout', 'production', 'allow', ?, 0, 'd', 'd', '')`, false).Error
		})
		db := t.open(sharing)
		refreshed(t, db, deployed("1", "checkout", "acme/payments", -90*days), deployed("2", "payments-api", "acme/payments", -1))
		if o := olderOf(t, db, "payments-api", noon); o != nil {
			t.Errorf("its first deployment is from before, and it knows of %+v", o)
		}
		later := t.open(sharing, func(o *Options) { o.Clock = func() time.Time { return noon.Add(2 * time.Hour) } })
		refreshed(t, later, metrics.NewEvent("ci", metrics.Deployment{ID: "3", Service: "search", Repository: "acme/shop", Environment: "production", Status: metrics.Succeeded, FinishedAt: noon.Add(time.Hour)}))
		if later.olderSince != noon {
			t.Errorf("opened again it minds older services since %s", later.olderSince)
		}
		fresh := t.open(func(o *Options) {
			o.Rules.Services = []metrics.Service{{Name: "checkout", Repositories: []string{"acme/payments"}}, {Name: "refunds", Repositories: []string{"acme/payments"}}}
		})
		if o := olderOf(t, fresh, "refunds", noon); o == nil {
			t.Error("one without a record begins anew, and knows of no older one")
		}
	})
}

func TestInARepositoryOfThousandsTheOldestIsFound(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now := noon
		db := t.open(manySharing, func(o *Options) { o.Clock = func() time.Time { return now } })
		refreshed(t, db, deployed("1", "s007", "acme/all", -31*days), deployed("2", "s080", "acme/all", -80*days), deployed("3", "s010", "acme/all", -1), deployed("4", "elsewhere", "", -200*days))
		for _, service := range []string{"s000", "s007", "s010"} {
			if o := olderOf(t, db, service, now); o == nil || o.Service != "s080" {
				t.Errorf("%s knows of %+v", service, o)
			}
		}
		if o := olderOf(t, db, "s080", now); o != nil {
			t.Errorf("the oldest knows of %+v", o)
		}
		refreshed(t, db, deployed("5", "s001", "acme/all", -100*days))
		now = now.Add(firstsLast)
		if o := olderOf(t, db, "s000", now); o == nil {
			t.Errorf("it knows of %+v", o)
		}
		now = now.Add(days * time.Hour)
		if o := olderOf(t, db, "s000", now); o == nil || o.Service != "s001" {
			t.Errorf("a day later it knows of %+v", o)
		}
	})
}

func TestOneThatSharesNothingIsNotLookedFor(t *testing.T) {
	t.Parallel()
	b := newSQLite(t)
	db := b.open(sharing)
	var asked []string
	must(b, db.gateRead.Callback().Row().Before("gorm:row").Register("count", func(tx *gorm.DB) { asked = append(asked, tx.Statement.SQL.String()) }))
	must(b, db.gateRead.Callback().Query().Before("gorm:query").Register("count", func(tx *gorm.DB) { asked = append(asked, tx.Statement.SQL.String()) }))
	refreshed(t, db, deployed("1", "search", "acme/shop", -days), deployed("2", "elsewhere", "", -days))
	asked = nil
	for _, service := range []string{"search", "elsewhere"} {
		row := serviceRow{Name: service, Derived: 1, Rules: db.print}
		if o, err := db.older(db.gateRead.WithContext(t.Context()), row, service); o != nil || err != nil {
			t.Errorf("%+v, %v", o, err)
		}
	}
	if len(asked) > 0 {
		t.Errorf("the database was asked %q", asked)
	}
	refreshed(t, db, deployed("3", "checkout", "acme/payments", -90*days), deployed("4", "payments-api", "acme/payments", -days))
	row := serviceRow{Name: "payments-api", Derived: 1, Rules: db.print}
	for round, want := range []bool{true, false, false} {
		before := len(asked)
		if o, err := db.older(db.gateRead.WithContext(t.Context()), row, row.Name); o == nil || err != nil {
			t.Errorf("%+v, %v", o, err)
		}
		if got := len(asked) > before; got != want {
			t.Errorf("round %d: the database was asked: %t", round, got)
		}
	}
}

func TestADecisionThatDoesNotWaitForItsFactsKnowsOfTheOlderService(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open(sharing)
		refreshed(t, db, deployed("1", "checkout", "acme/payments", -40*days))
		mustAppend(t, db, deployed("2", "payments-api", "acme/payments", -1))
		crowd(t, &db.bulkhead)
		if o := olderOf(t, db, "payments-api", noon); o == nil || o.Service != "checkout" {
			t.Errorf("it is %+v", o)
		}
		if n, err := db.Underived(t.Context()); n == 0 || err != nil {
			t.Errorf("the facts were waited for, and the test shows nothing: %d, %v", n, err)
		}
	})
}

// manySharing declares more services of one repository than are looked up one by one.
func manySharing(o *Options) {
	for i := range fewShare + 20 {
		o.Rules.Services = append(o.Rules.Services, metrics.Service{Name: fmt.Sprintf("s%03d", i), Repositories: []string{"acme/all"}})
	}
}

func TestWhoHoldsAConnectionDoesNotWaitForOneWhoNeedsOne(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open(manySharing)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // where it never ends
		defer cancel()
		pool, err := db.read.DB()
		must(t, err)
		names := make([]string, fewShare+1)
		if _, err := db.firstsOf(db.gateRead.WithContext(ctx), names); err != nil { // gorm prepares a statement once for all
			t.Fatal(err)
		}
		db.firsts.keep(nil, time.Time{})
		var held []*gorm.DB
		for range pool.Stats().MaxOpenConnections {
			held = append(held, db.gateRead.WithContext(ctx).Begin(db.lookOptions()...))
		}
		without := make(chan error, 1)
		go func() {
			_, err := db.firstsOf(db.gateRead.WithContext(ctx), names)
			without <- err
		}()
		for pool.Stats().WaitCount == 0 {
			runtime.Gosched()
		}
		for _, tx := range held {
			_, err := db.firstsOf(tx, names)
			must(t, errors.Join(err, tx.Rollback().Error))
		}
		must(t, <-without)
	})
}

func TestADecisionIsMadeThoughTheFirstDeploymentOfAnotherServiceHasChanged(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open(manySharing)
		refreshed(t, db, deployed("1", "s080", "acme/all", -80*days), deployed("2", "s070", "acme/all", -70*days))
		if o := olderOf(t, db, "s000", noon); o == nil || o.Service != "s080" {
			t.Fatalf("it knows of %+v", o)
		}
		moved := deployed("1", "s080", "acme/all", -60*days)
		moved.UpdatedAt = noon
		refreshed(t, db, moved)
		if o := olderOf(t, db, "s001", noon); o == nil || o.Service != "s070" {
			t.Errorf("it knows of %+v", o)
		}
	})
}

func TestACorrectionOfTheOlderServiceDoesNotMoveWhereTheNewOneBegan(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open(sharing)
		refreshed(t, db, deployed("1", "checkout", "acme/payments", -40*days), deployed("2", "checkout", "acme/payments", -2*days), deployed("3", "payments-api", "acme/payments", -1*days))
		before := olderOf(t, db, "payments-api", noon)
		e := deployed("1", "checkout", "acme/payments", -40*days)
		c, faults := metrics.NewCorrection(metrics.Correction{Record: e.Key, Exclude: true, Reason: "a drill", At: noon.Add(time.Hour)})
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		if _, err := db.Correct(t.Context(), c, "me"); err != nil {
			t.Fatal(err)
		}
		if err := db.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after := olderOf(t, db, "payments-api", noon); after == nil || *after != *before {
			t.Errorf("it began half full for %+v, and since the correction for %+v", before, after)
		}
	})
}
