package pagerduty

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

type object = map[string]any

// host is a small PagerDuty account.
type host struct {
	mu        sync.Mutex
	incidents []object
	logs      map[string][]object
	changes   []object
	services  map[string]string
	asked     []string
}

// raised is an incident as PagerDuty writes it while it is open.
func raised(id, created string) object {
	return object{
		"id": id, "type": "incident", "title": "Bücher 📚 are slow", "html_url": "https://acme.pagerduty.com/incidents/" + id, "status": "triggered",
		"created_at": created, "updated_at": created, "last_status_change_at": created, "resolved_at": nil, "urgency": "high",
		"service":  object{"id": "PSHOP", "type": "service_reference", "summary": "Shop API"},
		"priority": object{"id": "P53ZZH5", "type": "priority_reference", "summary": "P2"}, "acknowledgements": []any{}, "resolve_reason": nil,
		"first_trigger_log_entry": object{
			"type": "trigger_log_entry", "agent": object{"id": "PSHOP", "type": "service_reference"},
			"channel": object{"type": "api", "details": object{"revision": "aaa1", "environment": "live", "deployment": 17}},
		},
	}
}

// over is the incident once it is resolved: its acknowledgements stand in the log alone.
func over(i object, resolved string) object {
	i["status"], i["resolved_at"], i["updated_at"], i["last_status_change_at"] = "resolved", resolved, resolved, resolved
	return i
}

func entryAt(kind, created string) object { return object{"type": kind, "created_at": created} }

func someIncidents() *host {
	h := &host{logs: map[string][]object{}, services: map[string]string{"PSHOP": "Shop API"}}
	for i := range 7 {
		id, day := fmt.Sprintf("P%d", i), fmt.Sprintf("2026-02-%02dT", 10+i)
		one := over(raised(id, day+"09:00:00Z"), day+"10:00:00Z")
		if i == 3 {
			one = raised(id, day+"09:00:00Z")
		}
		h.incidents = append(h.incidents, one)
		h.logs[id] = []object{
			entryAt("resolve_log_entry", day+"10:00:00Z"), entryAt("acknowledge_log_entry", day+"09:20:00Z"),
			entryAt("acknowledge_log_entry", day+"09:05:00Z"), entryAt("trigger_log_entry", day+"09:00:00Z"),
		}
	}
	h.changes = []object{changed("01A", "2026-02-20T09:00:00Z", object{"revision": "aaa1", "environment": "live"})}
	return h
}

func changed(id, at string, custom object) object {
	return object{
		"id": id, "type": "change_event", "timestamp": at, "summary": "deployed", "services": []any{object{"id": "PSHOP", "type": "service_reference"}},
		"custom_details": custom, "links": []any{object{"href": "https://ci.example.com/2", "text": "build"}},
	}
}

// atOnce is how many records this host gives at once, whatever it is asked for.
const atOnce = 2

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("Authorization") != "Token token="+sourcetest.Token || !strings.HasSuffix(r.Header.Get("Accept"), "version=2") {
		fail(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/incidents":
		h.list(w, r, "incidents", "created_at", h.incidents)
	case r.URL.Path == "/change_events":
		h.list(w, r, "change_events", "timestamp", h.changes)
	case len(parts) == 3 && parts[2] == "log_entries":
		page(w, r, "log_entries", h.logs[parts[1]])
	case len(parts) == 2 && parts[0] == "incidents":
		at := slices.IndexFunc(h.incidents, func(i object) bool { return i["id"] == parts[1] })
		if at < 0 {
			fail(w, http.StatusNotFound, "Not Found")
			return
		}
		_ = json.NewEncoder(w).Encode(object{"incident": h.incidents[at]})
	case len(parts) == 2 && parts[0] == "services" && h.services[parts[1]] != "":
		_ = json.NewEncoder(w).Encode(object{"service": object{"id": parts[1], "summary": h.services[parts[1]]}})
	default:
		fail(w, http.StatusNotFound, "Not Found")
	}
}

func fail(w http.ResponseWriter, code int, message string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object{"error": object{"message": message, "code": 2100}})
}

// list answers with the records of a window. It is refused where the documents say that it would be.
func (h *host) list(w http.ResponseWriter, r *http.Request, name, time string, all []object) {
	if r.FormValue("date_range") != "all" {
		since, until := at(r.FormValue("since")), at(r.FormValue("until"))
		if until.Sub(since) > widest {
			fail(w, http.StatusBadRequest, "Invalid Input Provided")
			return
		}
		all = slices.DeleteFunc(slices.Clone(all), func(o object) bool {
			t := at(o[time].(string))
			return t.Before(since) || !t.Before(until)
		})
	}
	page(w, r, name, all)
}

func page(w http.ResponseWriter, r *http.Request, name string, all []object) {
	offset, _ := strconv.Atoi(r.FormValue("offset"))
	limit, _ := strconv.Atoi(cmp.Or(r.FormValue("limit"), "25"))
	if offset+limit > deepest {
		fail(w, http.StatusBadRequest, "Offset must be less than 10000")
		return
	}
	from := min(offset, len(all))
	to := min(from+min(limit, atOnce), len(all))
	_ = json.NewEncoder(w).Encode(object{name: append([]object{}, all[from:to]...), "limit": limit, "offset": offset, "more": to < len(all), "total": nil})
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func noon() time.Time { return at("2026-03-02T12:00:00Z") }

func source1(t *testing.T, address string, clock func() time.Time, o Options) collector.Source {
	t.Helper()
	client, err := collector.NewClient(collector.Host{Name: "pager", URL: address, Headers: Headers(sourcetest.Token), Access: Access, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	o.Name, o.Clock = "pager", clock
	return New(client, o)
}

// reading is a fake account with a store, read as often as a test likes.
type reading struct {
	*host
	sourcetest.Reading
	options Options
}

func read(t *testing.T, h *host, o Options) *reading {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	r := &reading{host: h, options: o}
	r.Reading = sourcetest.Reading{T: t, Store: &sourcetest.Memory{}, Open: func() collector.Source { return source1(t, server.URL, noon, r.options) }}
	r.Again()
	return r
}

func (r *reading) change(change func(h *host)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r.host)
}

// incident is what all revisions of an incident say together.
func (r *reading) incident(id string) metrics.Incident {
	r.T.Helper()
	return merged(r.T, r.Store.Events(), id)
}

func merged(t *testing.T, events []metrics.Event, id string) metrics.Incident {
	t.Helper()
	i, err := metrics.Merge(slices.DeleteFunc(slices.Clone(events), func(e metrics.Event) bool { return e.ID != id })).Incident()
	if err != nil {
		t.Fatal(err)
	}
	return i
}
