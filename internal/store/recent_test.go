package store

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestTheRolloutsOfAllServicesSinceATimeAreThere(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open(withServices(metrics.Service{Name: "quiet"}))
		list, err := db.RolloutsSince(t.Context(), noon)
		if err != nil || len(list) != 0 {
			t.Fatalf("without events: %d rollouts, %v", len(list), err)
		}
		_, err = db.Append(t.Context(), []metrics.Event{
			deployed("1", "shop", "acme/shop", 0), deployed("2", "shop", "acme/shop", 3), deployed("3", "desk", "acme/desk", 1), deployed("4", "desk", "acme/desk", 2),
		})
		if err != nil {
			t.Fatal(err)
		}
		for after, want := range map[time.Duration]string{
			0: "ci/3 ci/4 ci/1 ci/2", time.Hour: "ci/3 ci/4 ci/2", time.Hour + time.Nanosecond: "ci/4 ci/2", 4 * time.Hour: "",
		} {
			list, err := db.RolloutsSince(t.Context(), noon.In(time.FixedZone("east", 7200)).Add(after))
			ids := make([]string, len(list))
			for i, r := range list {
				ids[i] = r.ID
			}
			if got := strings.Join(ids, " "); err != nil || got != want {
				t.Errorf("since %s after noon: %q, %v; want %q", after, got, err, want)
			}
		}
	})
}

func TestWhatWasDeployedInAWindowIsThereByService(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open(withServices(metrics.Service{Name: "quiet"}))
		staged := deployed("5", "shop", "acme/shop", 2)
		staged.Payload = []byte(strings.Replace(string(staged.Payload), `"production"`, `"staging"`, 1))
		_, err := db.Append(t.Context(), []metrics.Event{
			deployed("1", "shop", "acme/shop", 0), deployed("2", "shop", "acme/shop", 3), deployed("3", "desk", "acme/desk", 1), staged,
		})
		if err != nil {
			t.Fatal(err)
		}
		all, err := db.RolloutsSince(t.Context(), noon)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]time.Time{}
		for _, r := range all {
			if r.EnvironmentKind == metrics.Production {
				want[r.Service] = append(want[r.Service], r.FinishedAt)
			}
		}
		got, err := db.Deployed(t.Context(), metrics.Window{From: noon, To: noon.Add(10 * time.Hour)})
		if err != nil || len(got) != 2 || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
		got, err = db.Deployed(t.Context(), metrics.Window{From: want["shop"][0].Add(time.Millisecond), To: want["shop"][1]})
		if err != nil || len(got["shop"]) != 0 {
			t.Errorf("the end of a window belongs to the next: %v, %v", got, err)
		}
	})
}

func TestRolloutsSinceATimeAreFoundByTheirIndex(t *testing.T) {
	t.Parallel()
	b := newSQLite(t)
	db := b.open()
	var plan []struct{ Detail string }
	err := db.read.Raw("EXPLAIN QUERY PLAN "+selectRecent, 5).Scan(&plan).Error
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(plan, func(step struct{ Detail string }) bool {
		return strings.Contains(step.Detail, "SEARCH r") && strings.Contains(step.Detail, "finished_at>?")
	}) {
		t.Errorf("the plan is %v", plan)
	}
}
