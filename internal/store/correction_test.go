package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"shiphabit/metrics"
)

// correct states something about a record, as the interface does.
func correct(t testing.TB, db *DB, record, fields string, change ...func(*metrics.Correction)) int64 {
	t.Helper()
	key, err := db.Record(t.Context(), record)
	if err != nil {
		t.Fatal(err)
	}
	c := metrics.Correction{Record: key, Fields: json.RawMessage(fields), Reason: "by the review"}
	for _, f := range change {
		f(&c)
	}
	c, faults := metrics.NewCorrection(c)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	id, err := db.Correct(t.Context(), c, "Kim")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func withdraw(t testing.TB, db *DB, id int64) {
	t.Helper()
	if err := db.Withdraw(t.Context(), id, "Lee", "it was right"); err != nil {
		t.Fatal(err)
	}
}

func exclude(c *metrics.Correction) { c.Exclude = true }

func TestFactsWithACorrectionAreThoseThatItBringsAndNothingIsStored(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, history("api", 4)...)
		correct(t, db, "ci/deployment/api-2", `{"status":"succeeded"}`) // an earlier one of the same field gives way
		before := factsOf(t, db, "api")
		var more []metrics.Correction
		for _, id := range []string{"api-2", "api-3"} {
			more = append(more, metrics.Correction{Record: metrics.Key{Source: "ci", Type: metrics.TypeDeployment, ID: id}, Fields: json.RawMessage(`{"status":"failed"}`), Reason: "by the review"})
		}
		then, err := db.FactsWith(t.Context(), "api", more)
		if err != nil || !then.Rollouts[2].Failed() || !then.Rollouts[3].Failed() {
			t.Errorf("%+v, %v", then.Rollouts, err)
		}
		sameBytes(t, before, factsOf(t, db, "api"))
		if list, err := db.Corrections(t.Context(), "", ""); err != nil || len(list) != 1 || list[0].By != "Kim" {
			t.Errorf("%+v, %v", list, err)
		}
		for i := range more {
			correct(t, db, more[i].Record.String(), `{"status":"failed"}`)
		}
		sameBytes(t, then, factsOf(t, db, "api"))
		withdraw(t, db, 3)
		if list, err := db.Corrections(t.Context(), "", ""); err != nil || list[0].WithdrawnBy != "Lee" {
			t.Errorf("%+v, %v", list, err)
		}
		if gone, err := db.FactsWith(t.Context(), "nobody", nil); err != nil || len(gone.Rollouts) != 0 {
			t.Errorf("%+v, %v", gone, err)
		}
	})
}

func TestACorrectionHoldsUntilItIsWithdrawnAndSurvivesDerivingAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, history("api", 3)...)
		before := factsOf(t, db, "api")
		id := correct(t, db, "ci/deployment/api-2", `{"status":"failed"}`)
		if r := factsOf(t, db, "api").Rollouts[2]; !r.Failed() || !r.Failures[0].KnownAt.Equal(noon) || r.Failures[0].Assumed {
			t.Errorf("the rollout is %+v", r)
		}
		again := t.open(func(o *Options) { o.Rules.MaxSeverity = 2 }) // other rules derive everything anew
		if r := factsOf(t, again, "api").Rollouts[2]; !r.Failed() {
			t.Errorf("derived again it is %+v", r)
		}
		mustAppend(t, db, deployed("api-2", "api", "org/api", 6)) // the source changes its mind
		if r := factsOf(t, db, "api").Rollouts[2]; !r.Failed() {
			t.Errorf("after news of the source it is %+v", r)
		}
		withdraw(t, db, id)
		mustAppend(t, db, deployed("api-2", "api", "org/api", 5))
		if f := factsOf(t, db, "api"); f.Rollouts[2].Failed() || len(f.Rollouts) != len(before.Rollouts) {
			t.Errorf("after withdrawal: %+v", f.Rollouts)
		}
		if err := db.Withdraw(t.Context(), id, "Lee", "again"); !errors.Is(err, ErrNotFound) {
			t.Errorf("withdrawing it again: %v", err)
		}
	})
}

func TestACorrectedServiceTouchesBothServicesAndSoDoesItsWithdrawal(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, slices.Concat(history("api", 2), history("shop", 1))...)
		count := func(want string) {
			t.Helper()
			if got := fmt.Sprint(len(factsOf(t, db, "api").Rollouts), len(factsOf(t, db, "shop").Rollouts)); got != want {
				t.Errorf("rollouts of api and shop: %s, want %s", got, want)
			}
		}
		count("2 1")
		id := correct(t, db, "ci/deployment/api-1", `{"service":"shop","repository":"org/shop"}`)
		count("1 2")
		withdraw(t, db, id)
		count("2 1")
		correct(t, db, "ci/deployment/api-1", ``, exclude)
		count("1 1")
		if l := factsOf(t, db, "api").LeftOut; len(l) != 1 || l[0].Reason != "left out by a correction: by the review" {
			t.Errorf("left out: %+v", l)
		}
	})
}

func TestCorrectionsAreListedAndAudited(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, slices.Concat(history("api", 1), history("shop", 1))...)
		first := correct(t, db, "ci/deployment/api-0", `{"actor":"Grace","status":"failed"}`)
		second := correct(t, db, "git/commit/org/shop/rev-shop-0", ``, exclude)
		withdraw(t, db, first)
		list := func(service, record string, want ...int64) []metrics.Correction {
			t.Helper()
			all, err := db.Corrections(t.Context(), service, record)
			var ids []int64
			for _, c := range all {
				ids = append(ids, c.ID)
			}
			if err != nil || !slices.Equal(ids, want) {
				t.Errorf("corrections of %q %q: %v, want %v; error %v", service, record, ids, want, err)
			}
			return all
		}
		all := list("", "", second, first)
		list("api", "", first)
		list("shop", "", second)
		list("", "ci/deployment/api-0", first)
		list("none", "")
		if c := all[1]; !c.At.Equal(noon) || !c.WithdrawnAt.Equal(noon) || c.Reason != "by the review" || strings.Contains(string(c.Fields), "Grace") {
			t.Errorf("the first is %+v with %s", c, c.Fields)
		}
		log, _, err := db.AuditLog(t.Context(), "", 10)
		if err != nil || len(log) != 3 {
			t.Fatalf("%d entries, error %v", len(log), err)
		}
		if e := log[0]; e.Actor != "Lee" || e.Action != "correction withdrawn" || e.Subject != "ci/deployment/api-0" || e.Details != fmt.Sprintf("correction %d: it was right", first) {
			t.Errorf("the newest entry is %+v", e)
		}
		if e := log[2]; e.Actor != "Kim" || e.Action != "record corrected" || !strings.HasPrefix(e.Details, fmt.Sprintf(`correction %d, {"actor":"p:`, first)) || !strings.HasSuffix(e.Details, `"status":"failed"}: by the review`) {
			t.Errorf("the oldest entry is %+v", e)
		}
	})
}

func TestOnlyARecordThatASourceToldOfCanBeCorrected(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, history("api", 1)...)
		for _, name := range []string{"ci/deployment/none", "ci/party/api-0", "nonsense", ""} {
			if _, err := db.Record(t.Context(), name); !errors.Is(err, ErrNotFound) {
				t.Errorf("%q: %v", name, err)
			}
		}
		c := metrics.Correction{Record: metrics.Key{Source: "ci", Type: metrics.TypeDeployment, ID: "none"}, Exclude: true, Reason: "x"}
		if _, err := db.Correct(t.Context(), c, "Kim"); !errors.Is(err, ErrNotFound) {
			t.Errorf("correcting what is not there: %v", err)
		}
		if log, _, err := db.AuditLog(t.Context(), "", 10); err != nil || len(log) != 0 {
			t.Errorf("the audit log holds %+v, error %v", log, err)
		}
		if err := db.Withdraw(t.Context(), 7, "Kim", "x"); !errors.Is(err, ErrNotFound) {
			t.Errorf("withdrawing what is not there: %v", err)
		}
		mustAppend(t, db, deployed("x/deployment/1", "api", "org/api", 9), metrics.NewEvent("ci/deployment/x", metrics.Deployment{ID: "1", Service: "api", Environment: "production", Status: metrics.Pending, Revision: "r"}))
		if _, err := db.Record(t.Context(), "ci/deployment/x/deployment/1"); !errors.Is(err, ErrDuplicate) {
			t.Errorf("a name of two records: %v", err)
		}
	})
}

// Whatever is corrected and withdrawn between, stored facts are those of all events and the corrections in force at once.
func TestStoredFactsWithCorrectionsAreThoseOfAllEventsAtOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t bench) {
				r := rand.New(rand.NewPCG(seed, 2))
				db := t.open(withServices(declaredServices[:r.IntN(len(declaredServices)+1)]...))
				var open []int64
				for part := range slices.Chunk(organisation(r, 96), 16) {
					mustAppend(t, db, part...)
					for range 3 {
						if id := correctOne(t, db, r, part); id != 0 {
							open = append(open, id)
						}
					}
					if len(open) > 2 {
						i := r.IntN(len(open))
						withdraw(t, db, open[i])
						open = slices.Delete(open, i, i+1)
					}
					if r.IntN(2) == 0 {
						askAround(t, db, r)
					}
				}
				compareWithDerive(t, db)
			})
		})
	}
}

// correctOne states something at random about a record.
func correctOne(t bench, db *DB, r *rand.Rand, events []metrics.Event) int64 {
	t.Helper()
	e := events[r.IntN(len(events))]
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	if r.IntN(4) == 0 {
		return correct(t, db, e.String(), "", exclude)
	}
	switch e.Type {
	case metrics.TypeDeployment:
		return correct(t, db, e.String(), pick(`{"service":"api"}`, `{"service":null,"repository":"org/web"}`, `{"repository":null}`, `{"status":"failed"}`, `{"service":"front"}`))
	case metrics.TypeIncident:
		return correct(t, db, e.String(), pick(`{"service":"web"}`, `{"deployment":"1"}`, `{"deployment":null}`, `{"service":"org/docs"}`))
	case metrics.TypeApproval, metrics.TypeVerdict:
		return correct(t, db, e.String(), fmt.Sprintf(`{"deployment":"%d"}`, r.IntN(40)))
	default:
		return 0
	}
}
