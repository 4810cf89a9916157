package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shiphabit/metrics"
)

// seeds is how many organisations the property test makes.
const seeds = 8

// organisation makes events of every kind over services that share repositories, name none, move, and are referred to.
func organisation(r *rand.Rand, n int) []metrics.Event {
	var events []metrics.Event
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	for i := range n {
		at := noon.Add(time.Duration(r.IntN(60*24*90)) * time.Minute)
		id, service, repository := fmt.Sprint(r.IntN(n/2)), pick("api", "web", "batch", ""), pick("org/api", "org/mono", "org/web", "")
		var record metrics.Record
		switch r.IntN(7) {
		case 0, 1:
			record = metrics.Deployment{
				ID: id, Service: service, Repository: repository, Environment: pick("production", "staging"), Revision: "c" + pick("1", "2", "3", "4"),
				Labels: map[string]string{"region": pick("eu", "us")}, Status: metrics.Status(pick("succeeded", "failed", "running")), StartedAt: at.Add(-time.Minute), FinishedAt: at, URL: "https://ci/" + id,
			}
		case 2:
			record = metrics.Deployment{ID: id, Status: metrics.Succeeded, FinishedAt: at} // a revision that only brings news
		case 3:
			c := 1 + r.IntN(5)
			record = metrics.Commit{ID: fmt.Sprint("c", c), Repository: pick("org/api", "org/mono", "org/web", "org/docs"), AuthoredAt: at,
				Parents: []string{fmt.Sprint("c", r.IntN(c))}, Paths: []string{pick("services/pay/a.go", "README.md")}}
		case 4:
			record = metrics.Incident{ID: id, Service: pick("api", "web", "batch", "org/api", "org/mono", "org/docs"), StartedAt: at, ResolvedAt: at.Add(time.Hour), Severity: 2,
				Deployment: pick("", fmt.Sprint(r.IntN(n)))}
		case 5:
			record = metrics.Approval{ID: id, Deployment: pick(id, "ci/"+id, "https://ci/"+id), RequestedAt: at, DecidedAt: at, Decision: "granted"}
		default:
			record = metrics.Verdict{ID: id, Deployment: pick(id, "ci/"+id, "https://ci/"+id), At: at, Result: pick("healthy", "unhealthy")}
		}
		e := metrics.NewEvent(pick("ci", "hub"), record)
		e.Sequence, e.Live = int64(i), r.IntN(2) == 0
		events = append(events, e)
	}
	return events
}

// declaredServices share a repository and claim one by its name.
var declaredServices = []metrics.Service{
	{Name: "pay", Team: "money", Tier: metrics.Critical, Repositories: []string{"org/mono"}, Paths: []string{"services/pay"}},
	{Name: "front", Team: "web", Tier: metrics.Low, Repositories: []string{"org/web"}},
	{Name: "idle", Team: "web", Tier: metrics.Standard},
	{Name: "front-trial", Tier: metrics.Low, Repositories: []string{"org/web", "org/api"}, Environments: []string{"stag*"}},
	{Name: "front-eu", Tier: metrics.Low, Repositories: []string{"org/web"}, Labels: map[string]string{"region": "eu"}},
}

// However events arrive and whenever somebody asks in between, stored facts are those of deriving all events at once.
func TestStoredFactsAreThoseOfAllEventsAtOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t bench) {
				r := rand.New(rand.NewPCG(seed, 1))
				for range 2 { // the second time under other declarations
					declared := declaredServices[:r.IntN(len(declaredServices)+1)]
					db := t.open(withServices(declared...))
					for part := range slices.Chunk(organisation(r, 160), 16) {
						mustAppend(t, db, part...)
						if r.IntN(2) == 0 {
							askAround(t, db, r)
						}
					}
					compareWithDerive(t, db)
				}
			})
		})
	}
}

// askAround reads some facts in one of the ways there are.
func askAround(t bench, db *DB, r *rand.Rand) {
	t.Helper()
	var err error
	switch name := []string{"api", "web", "batch", "pay", "org/mono"}[r.IntN(5)]; r.IntN(3) {
	case 0:
		_, err = db.Facts(t.Context(), name)
	case 1:
		_, err = db.GateFacts(t.Context(), name)
	default:
		_, err = db.AllFacts(t.Context())
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
}

// sameLists takes an empty list for an absent one, as JSON does.
var sameLists = cmpopts.EquateEmpty()

// compareWithDerive checks every way to read facts against the pure function.
func compareWithDerive(t bench, db *DB) {
	t.Helper()
	want := map[string]metrics.Facts{}
	for _, f := range metrics.DeriveAll(withCorrections(t, db, exported(t, db)), db.rules) {
		want[f.Service] = f
	}
	unmatched, err := db.Unmatched(t.Context())
	if diff := cmp.Diff(want[""].LeftOut, unmatched, sameLists); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	delete(want, "")
	for name, f := range want {
		for range 2 { // once they may come fresh from a derivation, the second time they come from the database
			got := factsOf(t, db, name)
			if diff := cmp.Diff(f, got, sameLists); diff != "" {
				t.Fatalf("%s:\n%s", name, diff)
			}
			sameBytes(t, f, got)
		}
		gates, err := db.GateFacts(t.Context(), name)
		if diff := cmp.Diff(forGate.of(f), gates, sameLists); err != nil || diff != "" {
			t.Fatalf("%s for the gate: %v\n%s", name, err, diff)
		}
	}
	all, err := db.AllFacts(t.Context())
	if err != nil || len(all) != len(want) {
		t.Fatalf("facts of %d services, want %d; error %v", len(all), len(want), err)
	}
	for _, f := range all {
		if diff := cmp.Diff(want[f.Service], f, sameLists); diff != "" {
			t.Fatalf("%s among all:\n%s", f.Service, diff)
		}
	}
	services, err := db.Services(t.Context())
	if err != nil || len(services) != len(want) {
		t.Fatalf("%d services, want %d; error %v", len(services), len(want), err)
	}
}

// withCorrections adds the corrections in force to what sources said.
func withCorrections(t bench, db *DB, events []metrics.Event) []metrics.Event {
	t.Helper()
	all, err := db.Corrections(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if e, holds := c.Event(); holds {
			events = append(events, e)
		}
	}
	return events
}

func sameBytes(t bench, a, b metrics.Facts) {
	t.Helper()
	before, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := json.Marshal(b); err != nil || string(before) != string(after) {
		t.Fatalf("%s\nbecame\n%s\nerror %v", before, after, err)
	}
}

func TestChangedRulesDeriveAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		e := deployed("1", "api", "org/api", 1)
		mustAppend(t, db, e)
		if got := factsOf(t, db, "api").Rollouts[0].EnvironmentKind; got != metrics.Production {
			t.Fatalf("%s before", got)
		}
		other := t.open(func(o *Options) {
			o.Rules.Environments = []metrics.EnvironmentRule{{Pattern: "prod*", Kind: metrics.Staging}}
		})
		if got := factsOf(t, other, "api").Rollouts[0].EnvironmentKind; got != metrics.Staging {
			t.Errorf("%s after the rule says staging", got)
		}
		declared := t.open(withServices(metrics.Service{Name: "payments", Team: "pay", Tier: metrics.Critical, Repositories: []string{"org/api"}}))
		s, err := declared.Service(t.Context(), "payments")
		if err != nil || s.Team != "pay" || s.Tier != metrics.Critical {
			t.Errorf("declared service %+v, error %v", s, err)
		}
	})
}

func TestAServiceThatNothingMentionsIsNotFound(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open(withServices(metrics.Service{Name: "idle", Tier: metrics.Low}))
		for name, ask := range map[string]func(string) error{
			"facts":   func(s string) error { _, err := db.Facts(t.Context(), s); return err },
			"gate":    func(s string) error { _, err := db.GateFacts(t.Context(), s); return err },
			"service": func(s string) error { _, err := db.Service(t.Context(), s); return err },
		} {
			if err := ask("nobody"); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s of nobody: %v", name, err)
			}
			if err := ask("idle"); err != nil {
				t.Errorf("%s of a declared service without events: %v", name, err)
			}
		}
	})
}

func TestAServiceNoLongerDeclaredIsForgotten(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		t.open(withServices(metrics.Service{Name: "idle", Tier: metrics.Low}))
		db := t.open()
		if services, err := db.Services(t.Context()); err != nil || len(services) != 0 {
			t.Errorf("services %+v, error %v", services, err)
		}
	})
}

func TestOnlyTouchedRolloutsAreWritten(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, history("api", 50)...)
		factsOf(t, db, "api")
		// A row that a derivation does not change is not written: a mark on all of them survives on all but the new one.
		if err := db.write.Exec("UPDATE rollouts SET kind = 'marked'").Error; err != nil {
			t.Fatal(err)
		}
		mustAppend(t, db, deployed("new", "api", "org/api", 200))
		if got := len(factsOf(t, db, "api").Rollouts); got != 51 {
			t.Fatalf("%d rollouts, want 51", got)
		}
		var marked int64
		if err := db.read.Model(&rolloutRow{}).Where("kind = 'marked'").Count(&marked).Error; err != nil || marked != 50 {
			t.Errorf("%d rows were left alone, want 50; error %v", marked, err)
		}
	})
}
