package argocd

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

// host is a small Argo CD: its applications as it would write them, and which of them were asked for whole.
type host struct {
	mu    sync.Mutex
	apps  map[string]map[string]any
	asked []string
}

type object = map[string]any

// app is an application as Argo CD writes it, with its history.
func app(name string, history ...any) object {
	return object{
		"metadata": object{"name": name, "namespace": "argocd", "labels": object{}},
		"spec": object{
			"project": "default", "destination": object{"server": "https://kubernetes.default.svc", "namespace": "shop"},
			"source": gitSource("main"),
		},
		"status": object{
			"history": history, "health": object{"status": "Healthy", "lastTransitionTime": "2026-02-01T00:00:00Z"},
			"sync": object{"status": "Synced"}, "summary": object{}, "reconciledAt": "2026-03-01T00:00:00Z",
		},
	}
}

func gitSource(target string) object {
	return object{"repoURL": "https://git.example.com/acme/shop.git", "path": "deploy", "targetRevision": target}
}

func synced(id int, started, finished, revision string, by object) object {
	return object{"id": id, "revision": revision, "deployStartedAt": started, "deployedAt": finished, "source": gitSource("main"), "initiatedBy": by}
}

func automatic() object         { return object{"automated": true} }
func person(name string) object { return object{"username": name} }

func newHost(apps ...object) *host {
	h := &host{apps: map[string]map[string]any{}}
	for _, a := range apps {
		h.apps[a["metadata"].(object)["name"].(string)] = a
	}
	return h
}

// change alters an application's part at a path, while a test runs.
func (h *host) change(name string, change func(a object)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(h.apps[name])
}

// ServeHTTP answers as Argo CD does: a list of selected fields, and an application by its name. Where the project is named, one that is
// not there is 404.
func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("Authorization") != "Bearer "+sourcetest.Token {
		fail(w, http.StatusUnauthorized, object{"error": "invalid session", "code": 16, "message": "invalid session"})
		return
	}
	name, one := strings.CutPrefix(r.URL.Path, "/api/v1/applications/")
	if !one {
		_ = json.NewEncoder(w).Encode(object{"metadata": object{"resourceVersion": "1"}, "items": h.list(r.FormValue("fields"))})
		return
	}
	h.asked = append(h.asked, name)
	a, there := h.apps[name]
	if !there {
		fail(w, http.StatusNotFound, object{"error": "not found", "code": 5, "message": "applications.argoproj.io \"" + name + "\" not found"})
		return
	}
	_ = json.NewEncoder(w).Encode(a)
}

func fail(w http.ResponseWriter, code int, body object) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

// selectable are fields that Argo CD's list can be asked for; history is none of them.
var selectable = []string{
	"metadata.name", "metadata.namespace", "metadata.labels", "spec.destination", "spec.project", "status.health",
	"status.operationState.startedAt", "status.operationState.finishedAt", "status.operationState.phase",
}

func (h *host) list(fields string) []object {
	var list []object
	for _, name := range slices.Sorted(maps.Keys(h.apps)) {
		item := object{}
		for field := range strings.SplitSeq(fields, ",") {
			field = strings.TrimPrefix(field, "items.")
			if slices.Contains(selectable, field) {
				pick(item, h.apps[name], strings.Split(field, "."))
			}
		}
		list = append(list, item)
	}
	return list
}

func pick(into, from object, path []string) {
	value, there := from[path[0]]
	if !there {
		return
	}
	if len(path) == 1 {
		into[path[0]] = value
		return
	}
	inner, ok := value.(object)
	if !ok {
		return
	}
	if into[path[0]] == nil {
		into[path[0]] = object{}
	}
	pick(into[path[0]].(object), inner, path[1:])
}

func noon() time.Time { return at("2026-03-02T12:00:00Z") }

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func open(t *testing.T, address string, clock func() time.Time, options Options) collector.Source {
	t.Helper()
	client, err := collector.NewClient(collector.Host{
		Name: "argo", URL: address, Headers: map[string]string{"Authorization": "Bearer " + sourcetest.Token}, Access: Access, Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	options.Name, options.Clock, options.Pages = "argo", clock, "https://argocd.example.com"
	source, err := New(client, options)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// reading is a fake host with a store, read as often as a test likes.
type reading struct {
	*host
	t       *testing.T
	address string
	store   *sourcetest.Memory
	options Options
	clock   func() time.Time
}

func read(t *testing.T, h *host, options Options) *reading {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	r := &reading{host: h, t: t, address: server.URL, store: &sourcetest.Memory{}, options: options, clock: noon}
	r.again()
	return r
}

// again reads once more and returns what is new.
func (r *reading) again() []metrics.Event {
	r.t.Helper()
	before := len(r.store.Events())
	if err := collector.NewEngine().Run(r.t.Context(), open(r.t, r.address, r.clock, r.options), r.store, nil); err != nil {
		r.t.Fatal(err)
	}
	return r.store.Events()[before:]
}

// deployments are the merged deployments by id.
func (r *reading) deployments() map[string]metrics.Deployment {
	revisions, found := map[string][]metrics.Event{}, map[string]metrics.Deployment{}
	for _, e := range r.store.Events() {
		if e.Type == metrics.TypeDeployment {
			revisions[e.ID] = append(revisions[e.ID], e)
		}
	}
	for id, list := range revisions {
		d, err := metrics.Merge(list).Deployment()
		if err != nil {
			r.t.Fatal(err)
		}
		found[id] = d
	}
	return found
}
