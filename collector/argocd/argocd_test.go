package argocd

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"context"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

// someApps are applications with all that a reading meets: several syncs, one under way, one that failed, one that is degraded.
func someApps() *host {
	shop := app("shop",
		synced(0, "2026-02-10T09:00:00Z", "2026-02-10T09:02:00Z", "aaa1", automatic()),
		synced(1, "2026-02-11T09:00:00Z", "2026-02-11T09:02:00Z", "aaa2", automatic()))
	desk := app("desk", synced(0, "2026-02-12T09:00:00Z", "2026-02-12T09:02:00Z", "bbb1", person("ada")))
	desk["status"].(object)["operationState"] = operating("Running", "2026-02-13T09:00:00Z", "", "bbb2")
	till := app("till")
	till["status"].(object)["operationState"] = operating("Failed", "2026-02-14T09:00:00Z", "2026-02-14T09:01:00Z", "ccc1")
	till["status"].(object)["health"] = object{"status": "Degraded", "lastTransitionTime": "2026-02-14T09:05:00Z"}
	return newHost(shop, desk, till, app("void"))
}

func operating(phase, started, finished, revision string) object {
	o := object{
		"phase": phase, "startedAt": started, "message": "a message",
		"operation":  object{"sync": object{"revision": revision}, "initiatedBy": automatic()},
		"syncResult": object{"revision": revision, "source": gitSource("main")},
	}
	if finished != "" {
		o["finishedAt"] = finished
	}
	return o
}

func TestArgoCDIsASource(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(someApps())
	t.Cleanup(server.Close)
	sourcetest.Run(t, func(t *testing.T) collector.Source { return open(t, server.URL, noon, Options{}) })
}

func TestArgoCDSurvivesWhateverTheHostDoes(t *testing.T) {
	t.Parallel()
	sourcetest.Faults(t, sourcetest.Host{Handler: someApps(), Access: Access, Open: func(t *testing.T, address string, clock func() time.Time) collector.Source {
		return open(t, address, clock, Options{})
	}})
}

func TestASyncOfTheHistoryIsADeployment(t *testing.T) {
	t.Parallel()
	r := read(t, someApps(), Options{})
	d := r.deployments()["argocd/shop/2026-02-11T09:00:00Z"]
	if d.Service != "shop" || d.Environment != "shop" || d.Repository != "acme/shop" || d.Revision != "aaa2" || d.BaseRevision != "aaa1" || d.Ref != "main" {
		t.Errorf("it reads %+v", d)
	}
	if d.Status != metrics.Succeeded || d.Trigger != "automatic" || d.Actor != "" || d.Rollback != nil || d.Labels["application"] != "shop" {
		t.Errorf("it reads %+v", d)
	}
	if !d.StartedAt.Equal(at("2026-02-11T09:00:00Z")) || !d.FinishedAt.Equal(at("2026-02-11T09:02:00Z")) || !strings.HasSuffix(d.URL, "/applications/argocd/shop") {
		t.Errorf("it reads %+v", d)
	}
	if by := r.deployments()["argocd/desk/2026-02-12T09:00:00Z"]; by.Trigger != "manual" || by.Actor != "ada" {
		t.Errorf("a sync that a person began reads %+v", by)
	}
}

func TestThePhaseOfAnOperationIsTheStatus(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		phase, message string
		want           metrics.Status
	}{
		"it succeeded":              {"Succeeded", "successfully synced", metrics.Succeeded},
		"it failed":                 {"Failed", "one or more objects failed to apply", metrics.Failed},
		"it could not be tried":     {"Error", "ComparisonError", metrics.Failed},
		"it runs":                   {"Running", "waiting for healthy state", metrics.Running},
		"it is being stopped":       {"Terminating", "operation is terminating", metrics.Running},
		"it was stopped":            {"Failed", "Operation terminated", metrics.Cancelled},
		"it was stopped by a limit": {"Failed", "Operation terminated, triggered by controller sync timeout", metrics.Cancelled},
	} {
		a := app("till")
		o := operating(c.phase, "2026-02-14T09:00:00Z", "2026-02-14T09:01:00Z", "ccc1")
		o["message"] = c.message
		a["status"].(object)["operationState"] = o
		d := read(t, newHost(a), Options{}).deployments()["argocd/till/2026-02-14T09:00:00Z"]
		if d.Status != c.want || d.FinishedAt.IsZero() != (c.want == metrics.Running) {
			t.Errorf("%s: %s, finished %v", sentence, d.Status, d.FinishedAt)
		}
	}
}

func TestASyncUnderWayIsTheSameRecordOnceItIsInTheHistory(t *testing.T) {
	t.Parallel()
	r := read(t, someApps(), Options{})
	const id = "argocd/desk/2026-02-13T09:00:00Z"
	if d := r.deployments()[id]; d.Status != metrics.Running {
		t.Fatalf("it reads %+v", d)
	}
	r.change("desk", func(a object) {
		s := a["status"].(object)
		s["history"] = append(s["history"].([]any), synced(1, "2026-02-13T09:00:00Z", "2026-02-13T09:04:00Z", "bbb2", automatic()))
		s["operationState"] = operating("Succeeded", "2026-02-13T09:00:00Z", "2026-02-13T09:04:01Z", "bbb2")
	})
	if got := r.again(); len(got) != 1 || !got[0].Live {
		t.Errorf("%d new events: %+v", len(got), got)
	}
	if d := r.deployments()[id]; d.Status != metrics.Succeeded || !d.FinishedAt.Equal(at("2026-02-13T09:04:00Z")) || len(r.deployments()) != 5 {
		t.Errorf("%d deployments; it reads %+v", len(r.deployments()), d)
	}
}

func TestAnApplicationWithoutNewsIsNotAskedFor(t *testing.T) {
	t.Parallel()
	shop := app("shop", synced(0, "2026-02-10T09:00:00Z", "2026-02-10T09:02:00Z", "aaa1", automatic()))
	shop["status"].(object)["operationState"] = operating("Succeeded", "2026-02-10T09:00:00Z", "2026-02-10T09:02:01Z", "aaa1")
	r := read(t, newHost(shop,
		app("desk", synced(0, "2026-02-10T09:00:00Z", "2026-02-10T09:02:00Z", "aaa1", automatic()))), Options{})
	r.change("desk", func(a object) {
		a["status"].(object)["operationState"] = operating("Failed", "2026-02-20T09:00:00Z", "2026-02-20T09:01:00Z", "aaa2")
	})
	r.asked = nil
	if r.again(); len(r.asked) != 1 || r.asked[0] != "desk" {
		t.Errorf("asked for %v", r.asked)
	}
}

func TestARollbackPutsAnEarlierEntryBack(t *testing.T) {
	t.Parallel()
	first := synced(3, "2026-02-10T09:00:00Z", "2026-02-10T09:02:00Z", "aaa1", person("ada"))
	second := synced(4, "2026-02-11T09:00:00Z", "2026-02-11T09:02:00Z", "aaa2", person("ada"))
	third := synced(5, "2026-02-12T09:00:00Z", "2026-02-12T09:02:00Z", "aaa1", person("ada"))
	again := synced(6, "2026-02-13T09:00:00Z", "2026-02-13T09:02:00Z", "aaa1", person("ada"))
	all := read(t, newHost(app("shop", first, second, third, again)), Options{}).deployments()
	if d := all["argocd/shop/2026-02-12T09:00:00Z"]; d.Rollback == nil || !*d.Rollback || d.RollbackOf != "argocd/shop/2026-02-11T09:00:00Z" {
		t.Errorf("the rollback reads %+v", d)
	}
	for _, id := range []string{"argocd/shop/2026-02-11T09:00:00Z", "argocd/shop/2026-02-13T09:00:00Z"} {
		if d := all[id]; d.Rollback != nil {
			t.Errorf("%s is no rollback and reads %+v", id, d)
		}
	}
	under := app("shop", first, second)
	o := operating("Running", "2026-02-12T09:00:00Z", "", "aaa1")
	o["operation"] = object{"sync": object{"revision": "aaa1", "source": gitSource("main")}, "initiatedBy": person("ada")}
	under["status"].(object)["operationState"] = o
	if d := read(t, newHost(under), Options{}).deployments()["argocd/shop/2026-02-12T09:00:00Z"]; d.Rollback == nil {
		t.Errorf("a rollback under way reads %+v", d)
	}
}

func TestAChartGivesTheVersionAndSeveralSourcesAreTold(t *testing.T) {
	t.Parallel()
	chart := object{"repoURL": "https://charts.example.com", "chart": "redis", "targetRevision": "17.*"}
	many := object{
		"id": 0, "revisions": []any{"17.3.1", "aaa1", "bbb1"}, "deployStartedAt": "2026-02-10T09:00:00Z", "deployedAt": "2026-02-10T09:02:00Z",
		"sources": []any{chart, gitSource("main"), object{"repoURL": "git@git.example.com:acme/values.git", "targetRevision": "v2"}}, "initiatedBy": automatic(),
	}
	one := object{"id": 0, "revision": "17.3.1", "deployStartedAt": "2026-02-10T09:00:00Z", "deployedAt": "2026-02-10T09:02:00Z", "source": chart}
	all := read(t, newHost(app("shop", many), app("cache", one)), Options{}).deployments()
	d := all["argocd/shop/2026-02-10T09:00:00Z"]
	if d.Version != "17.3.1" || d.Revision != "aaa1" || d.Repository != "acme/shop" || d.Labels["source_1"] != "redis@17.3.1" || d.Labels["source_3"] != "acme/values@bbb1" {
		t.Errorf("it reads %+v", d)
	}
	if d := all["argocd/cache/2026-02-10T09:00:00Z"]; d.Version != "17.3.1" || d.Revision != "17.3.1" || d.Repository != "" || d.Labels["chart"] != "redis" {
		t.Errorf("a chart alone reads %+v", d)
	}
}

func TestTheDigestIsKnownOnceArgoCDHasLookedAtTheCluster(t *testing.T) {
	t.Parallel()
	shop := app("shop", synced(0, "2026-02-10T09:00:00Z", "2026-02-10T09:02:00Z", "aaa1", automatic()))
	status := shop["status"].(object)
	status["operationState"] = operating("Succeeded", "2026-02-10T09:00:00Z", "2026-02-10T09:02:01Z", "aaa1")
	status["summary"], status["reconciledAt"] = object{"images": []any{"acme/shop@sha256:01d", "busybox:1"}}, "2026-02-10T09:00:00Z"
	r := read(t, newHost(shop), Options{})
	if d := r.deployments()["argocd/shop/2026-02-10T09:00:00Z"]; d.Digest != "" {
		t.Errorf("an image of before the sync is told: %s", d.Digest)
	}
	r.change("shop", func(a object) {
		a["status"].(object)["summary"] = object{"images": []any{"acme/shop@sha256:0e3", "busybox:1"}}
		a["status"].(object)["reconciledAt"] = "2026-02-10T09:02:05Z"
	})
	r.again()
	if d := r.deployments()["argocd/shop/2026-02-10T09:00:00Z"]; d.Digest != "sha256:0e3" {
		t.Errorf("it reads %+v", d)
	}
	if digest([]string{"a@sha256:1", "b@sha256:2"}) != "" {
		t.Error("of two images one is told")
	}
}

func TestWhatArgoCDKeepsOutOfItsHistoryIsNoDeployment(t *testing.T) {
	t.Parallel()
	for sentence, sync := range map[string]any{
		"a dry run":                   object{"dryRun": true, "revision": "aaa1"},
		"a sync of a resource":        object{"revision": "aaa1", "resources": []any{object{"kind": "Service", "name": "shop"}}},
		"an operation that syncs not": nil,
	} {
		a := app("shop")
		o := operating("Succeeded", "2026-02-10T09:00:00Z", "2026-02-10T09:02:01Z", "aaa1")
		o["operation"].(object)["sync"] = sync
		a["status"].(object)["operationState"] = o
		if got := read(t, newHost(a), Options{}).store.Events(); len(got) != 0 {
			t.Errorf("%s gives %+v", sentence, got)
		}
	}
}

func TestDegradedHealthIsAnIncidentUntilHealthyAgain(t *testing.T) {
	t.Parallel()
	r := read(t, someApps(), Options{})
	const id = "argocd/till/2026-02-14T09:05:00Z"
	health := func(status, since string) []metrics.Event {
		r.change("till", func(a object) {
			a["status"].(object)["health"] = object{"status": status, "lastTransitionTime": since}
		})
		return r.again()
	}
	if got := health("Progressing", "2026-02-14T09:10:00Z"); len(got) != 0 {
		t.Errorf("on the way it gives %+v", got)
	}
	if got := health("Degraded", "2026-02-14T09:11:00Z"); len(got) != 0 {
		t.Errorf("degraded again without having been healthy gives %+v", got)
	}
	got := health("Healthy", "2026-02-14T09:20:00Z")
	if len(got) != 1 {
		t.Fatalf("healthy gives %+v", got)
	}
	i, err := got[0].Incident()
	if err != nil || i.ID != id || !i.StartedAt.Equal(at("2026-02-14T09:05:00Z")) || !i.ResolvedAt.Equal(at("2026-02-14T09:20:00Z")) || i.DetectedBy != "monitor" || i.Service != "till" {
		t.Errorf("it reads %+v (%v)", i, err)
	}
	if got := health("Healthy", "2026-02-14T09:20:00Z"); len(got) != 0 {
		t.Errorf("healthy as before gives %+v", got)
	}
	if got := health("Degraded", "2026-02-15T09:20:00Z"); len(got) != 1 || got[0].ID != "argocd/till/2026-02-15T09:20:00Z" {
		t.Errorf("degraded anew gives %+v", got)
	}
}

func TestAnApplicationThatIsDegradedBySameTransitionAfterItWasHealthyIsNotOver(t *testing.T) {
	t.Parallel()
	r := read(t, someApps(), Options{})
	for minute, status := range []string{"Healthy", "Degraded", "Healthy"} {
		r.change("till", func(a object) { a["status"].(object)["health"].(object)["status"] = status })
		r.clock = func() time.Time { return noon().Add(time.Duration(1+minute) * time.Minute) }
		r.again()
		var all []metrics.Event
		for _, e := range r.store.Events() {
			if e.ID == "argocd/till/2026-02-14T09:05:00Z" {
				all = append(all, e)
			}
		}
		if i, err := metrics.Merge(all).Incident(); err != nil || i.ResolvedAt.IsZero() != (status == "Degraded") {
			t.Errorf("%s it reads %+v (%v)", status, i, err)
		}
	}
}

func TestADegradedApplicationThatIsGoneIsSetAside(t *testing.T) {
	t.Parallel()
	r := read(t, someApps(), Options{})
	r.mu.Lock()
	delete(r.apps, "till")
	r.mu.Unlock()
	for range 2 {
		if got := r.again(); len(got) != 0 || len(r.store.SetAside()) != 1 {
			t.Errorf("%d events, set aside %+v", len(got), r.store.SetAside())
		}
	}
}

func TestServiceAndEnvironmentAreNamedByLabelsWhereTold(t *testing.T) {
	t.Parallel()
	shop := app("shop-live", synced(0, "2026-02-10T09:00:00Z", "2026-02-10T09:02:00Z", "aaa1", automatic()))
	shop["metadata"].(object)["labels"] = object{"env": "live", "app": "Bücher 📚"}
	bare := app("bare", synced(0, "2026-02-10T09:00:00Z", "2026-02-10T09:02:00Z", "aaa1", automatic()))
	bare["spec"].(object)["destination"] = object{"name": "west"}
	for sentence, c := range map[string]struct {
		options              Options
		id, service, environ string
	}{
		"by its labels":                    {Options{ServiceLabel: "app", EnvironmentLabel: "env"}, "shop-live", "Bücher 📚", "live"},
		"by the setting without a label":   {Options{ServiceLabel: "app", EnvironmentLabel: "env", Environment: "test"}, "bare", "bare", "test"},
		"by the cluster without namespace": {Options{}, "bare", "bare", "west"},
	} {
		d := read(t, newHost(shop, bare), c.options).deployments()["argocd/"+c.id+"/2026-02-10T09:00:00Z"]
		if d.Service != c.service || d.Environment != c.environ {
			t.Errorf("%s: %q in %q", sentence, d.Service, d.Environment)
		}
	}
}

func TestPatternsAndSinceNarrowWhatIsRead(t *testing.T) {
	t.Parallel()
	count := func(o Options) int { return len(read(t, someApps(), o).deployments()) }
	if got := count(Options{Applications: []string{"sh*", "t*"}}); got != 3 {
		t.Errorf("two applications have %d deployments, want 3", got)
	}
	if got := count(Options{Projects: []string{"other"}}); got != 0 {
		t.Errorf("another project has %d deployments", got)
	}
	if got := count(Options{Since: at("2026-02-11T00:00:00Z"), Applications: []string{"shop"}}); got != 1 {
		t.Errorf("since the second %d deployments, want 1", got)
	}
	if _, err := New(nil, Options{Projects: []string{"["}}); collector.TroubleOf(err) != collector.Unreadable {
		t.Errorf("a pattern that is none gives %v", err)
	}
}

func TestAMalformedEntryIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	shop := app("shop", object{"id": "seven"}, synced(1, "2026-02-11T09:00:00Z", "2026-02-11T09:02:00Z", "aaa2", automatic()),
		synced(2, "2026-02-12T09:00:00Z", "2026-02-12T09:02:00Z", "", automatic()))
	shop["status"].(object)["operationState"] = "odd"
	r := read(t, newHost(shop, app("desk", synced(0, "2026-02-12T09:00:00Z", "2026-02-12T09:02:00Z", "bbb1", automatic()))), Options{})
	if len(r.deployments()) != 2 || len(r.store.SetAside()) != 3 {
		t.Errorf("%d deployments, set aside %+v", len(r.deployments()), r.store.SetAside())
	}
	h := newHost()
	h.apps["x"] = object{"metadata": object{"name": 7}}
	if r := read(t, h, Options{}); len(r.store.SetAside()) != 1 {
		t.Errorf("an application that cannot be read: %+v", r.store.SetAside())
	}
}

func TestAnEmptyArgoCDIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	r := read(t, newHost(), Options{})
	if len(r.store.Events()) != 0 || !r.store.Watermark("argo").Equal(noon()) {
		t.Errorf("%d events, watermark %v", len(r.store.Events()), r.store.Watermark("argo"))
	}
}

func TestAnApplicationDeletedWhileReadingKeepsNoOther(t *testing.T) {
	t.Parallel()
	h := someApps()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/desk") {
			fail(w, http.StatusNotFound, object{"message": "not found"})
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	store := &sourcetest.Memory{}
	if err := collector.NewEngine().Run(t.Context(), open(t, server.URL, noon, Options{}), store, nil); err != nil {
		t.Fatal(err)
	}
	if len(store.Events()) != 4 || len(store.SetAside()) != 1 {
		t.Errorf("%d events, set aside %+v", len(store.Events()), store.SetAside())
	}
}

func TestACancelledReadingEndsAtOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(someApps())
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, server.URL, noon, Options{}).Pull(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("it gives %v", err)
	}
}

func TestTheRepositoryIsThePathOfItsAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://git.example.com/acme/shop.git": "acme/shop",
		"https://git.example.com/acme/shop/":    "acme/shop",
		"git@git.example.com:acme/shop.git":     "acme/shop",
		"ssh://git@git.example.com:22/a/b/c":    "a/b/c",
		"oci://registry.example.com/charts":     "charts",
		"https://git.example.com":               "",
		"nonsense":                              "",
		"":                                      "",
	} {
		if got := repository(address); got != want {
			t.Errorf("%q gives %q, want %q", address, got, want)
		}
	}
}
