package jira

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
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

// host is a small Jira, of the cloud and a data centre at once: what is asked decides.
type host struct {
	mu      sync.Mutex
	issues  []object
	queries []string
	// shown is how many changes of a ticket a search shows; 0 is all.
	shown int
}

// ticket is one as Jira writes it. It was created, then taken up twice, and resolved an hour later.
func ticket(id int, project, kind string) object {
	day := fmt.Sprintf("2026-02-%02dT", 1+id%28)
	return object{
		"id": strconv.Itoa(10000 + id), "key": fmt.Sprintf("%s-%d", project, id),
		"fields": object{
			"summary": "Bücher 📚 are slow", "created": day + "09:00:00.000+0000", "updated": day + "10:00:00.250+0000", "resolutiondate": day + "10:00:00.000+0000",
			"status": object{"name": "Done", "statusCategory": object{"key": "done"}}, "priority": object{"name": "High"},
			"components": []any{object{"name": "shop"}, object{"name": "desk"}}, "labels": []any{"service-api"}, "project": object{"key": project},
			"reporter": object{"accountId": "5b1", "accountType": "atlassian"}, "issuetype": object{"name": kind}, "description": "left alone",
			"customfield_1": "17/4711", "customfield_2": object{"value": "live"}, "customfield_3": "aaa1",
		},
		"changelog": object{"histories": []any{
			moved(day+"10:00:00.000+0000", "Done"), moved(day+"09:40:00.000+0000", "In Progress"),
			moved(day+"09:30:00.000+0000", "Waiting"), moved(day+"09:10:00.000+0000", "in progress"),
		}},
	}
}

func moved(created, to string) object {
	return object{
		"created": created, "author": object{"accountId": "5b1", "displayName": "Ada"},
		"items": []any{object{"field": "status", "fieldId": "status", "toString": to}, object{"field": "assignee", "toString": "Ada"}},
	}
}

func fields(i object) object { return i["fields"].(object) }

func someTickets() *host {
	h := &host{}
	for i := range 7 {
		h.issues = append(h.issues, ticket(i, "OPS", "Incident"))
	}
	for i := range 3 {
		c := ticket(20+i, "CHG", "Change")
		fields(c)["customfield_1"] = fmt.Sprintf("17/%d", 4711+i)
		c["changelog"] = object{"histories": []any{moved(fmt.Sprintf("2026-02-%dT09:30:00.000+0000", 21+i), "Approved")}}
		h.issues = append(h.issues, c)
	}
	return h
}

// atOnce is how many tickets this host gives at once, whatever it is asked for.
const atOnce = 2

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("Authorization") != "Bearer "+sourcetest.Token {
		fail(w, http.StatusUnauthorized, "Client must be authenticated to access this resource.")
		return
	}
	id, log := strings.CutPrefix(r.URL.Path, "/rest/api/3/issue/")
	switch {
	case r.URL.Path == "/rest/api/3/search/jql" && r.Method == http.MethodPost:
		h.cloud(w, r)
	case r.URL.Path == "/rest/api/2/search" && r.Method == http.MethodGet:
		h.server(w, r)
	case log:
		h.log(w, r, strings.TrimSuffix(id, "/changelog"))
	default:
		fail(w, http.StatusGone, "The requested API has been removed.")
	}
}

func fail(w http.ResponseWriter, code int, message string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object{"errorMessages": []string{message}, "errors": object{}})
}

// cloud pages by tokens and tells no total. A body with a property that it does not know is refused.
func (h *host) cloud(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		JQL           string   `json:"jql"`
		Fields        []string `json:"fields"`
		Expand        string   `json:"expand"`
		MaxResults    int      `json:"maxResults"`
		NextPageToken string   `json:"nextPageToken"`
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&ask); err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	found, ok := h.find(w, ask.JQL)
	if !ok {
		return
	}
	from, _ := strconv.Atoi(strings.TrimPrefix(ask.NextPageToken, "token"))
	to := min(from+min(ask.MaxResults, atOnce), len(found))
	answer := object{"issues": h.show(found[from:to], ask.Fields, ask.Expand), "isLast": to == len(found)}
	if to < len(found) {
		answer["nextPageToken"] = fmt.Sprintf("token%d", to)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// server pages by numbers.
func (h *host) server(w http.ResponseWriter, r *http.Request) {
	found, ok := h.find(w, r.FormValue("jql"))
	if !ok {
		return
	}
	from, _ := strconv.Atoi(r.FormValue("startAt"))
	from = min(from, len(found))
	to := min(from+atOnce, len(found))
	_ = json.NewEncoder(w).Encode(object{
		"startAt": from, "maxResults": atOnce, "total": len(found), "issues": h.show(found[from:to], strings.Split(r.FormValue("fields"), ","), r.FormValue("expand")),
	})
}

var jql = regexp.MustCompile(`^\(project = (\w+)\)(?: AND updated >= (\d+))? ORDER BY created ASC, key ASC$`)

// find understands the queries of these tests: a project, and what changed since a time.
func (h *host) find(w http.ResponseWriter, query string) ([]object, bool) {
	h.queries = append(h.queries, query)
	parts := jql.FindStringSubmatch(query)
	if parts == nil {
		fail(w, http.StatusBadRequest, "Error in the JQL Query: "+query)
		return nil, false
	}
	known := false
	found := slices.DeleteFunc(slices.Clone(h.issues), func(i object) bool {
		of := strings.HasPrefix(i["key"].(string), parts[1]+"-")
		known = known || of
		since, _ := strconv.ParseInt(parts[2], 10, 64)
		return !of || at(fields(i)["updated"].(string)).UnixMilli() < since
	})
	if !known && parts[1] != "EMPTY" {
		fail(w, http.StatusBadRequest, "The value '"+parts[1]+"' does not exist for the field 'project'.")
		return nil, false
	}
	slices.SortStableFunc(found, func(a, b object) int {
		return at(fields(a)["created"].(string)).Compare(at(fields(b)["created"].(string)))
	})
	return found, true
}

// show gives the fields that were asked for, and the latest changes.
func (h *host) show(issues []object, names []string, expand string) []object {
	list := []object{}
	for _, i := range issues {
		some := object{}
		for name, value := range fields(i) {
			if slices.Contains(names, name) {
				some[name] = value
			}
		}
		shown := object{"id": i["id"], "key": i["key"], "fields": some}
		if expand == "changelog" {
			all := i["changelog"].(object)["histories"].([]any)
			some := all
			if h.shown > 0 {
				some = all[:min(h.shown, len(all))]
			}
			shown["changelog"] = object{"startAt": 0, "maxResults": len(some), "total": len(all), "histories": some}
		}
		list = append(list, shown)
	}
	return list
}

// log is a ticket's whole history, oldest first.
func (h *host) log(w http.ResponseWriter, r *http.Request, id string) {
	at := slices.IndexFunc(h.issues, func(i object) bool { return i["id"] == id })
	if at < 0 {
		fail(w, http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
		return
	}
	all := slices.Clone(h.issues[at]["changelog"].(object)["histories"].([]any))
	slices.Reverse(all)
	from, _ := strconv.Atoi(r.FormValue("startAt"))
	to := min(from+atOnce, len(all))
	_ = json.NewEncoder(w).Encode(object{"startAt": from, "maxResults": atOnce, "total": len(all), "isLast": to == len(all), "values": all[from:to]})
}

func at(text string) time.Time {
	var t instant
	if err := json.Unmarshal([]byte(strconv.Quote(text)), &t); err != nil {
		panic(err)
	}
	return t.Time
}

func noon() time.Time { return at("2026-03-02T12:00:00Z") }

func open(t *testing.T, address string, clock func() time.Time, o Options) collector.Source {
	t.Helper()
	client, err := collector.NewClient(collector.Host{Name: "jira", URL: address, Headers: Headers("", sourcetest.Token), Access: Access, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	o.Clock = clock
	source, err := New(client, o)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// whole are options that read all that there is.
func whole(api string) Options {
	return Options{
		Name: "jira", API: api, Incidents: "project = OPS", Approvals: "project = CHG", DeploymentField: "customfield_1", EnvironmentField: "customfield_2",
		RevisionField: "customfield_3", Pages: "https://acme.atlassian.net",
	}
}

// reading is a fake Jira with a store, read as often as a test likes.
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
	r.Reading = sourcetest.Reading{T: t, Store: &sourcetest.Memory{}, Open: func() collector.Source { return open(t, server.URL, noon, r.options) }}
	r.Again()
	return r
}

func (r *reading) change(change func(h *host)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r.host)
}

func (r *reading) incident(id string) metrics.Incident {
	r.T.Helper()
	i, err := merged(r.Store.Events(), id).Incident()
	if err != nil {
		r.T.Fatal(err)
	}
	return i
}

func (r *reading) approval(id string) metrics.Approval {
	r.T.Helper()
	a, err := merged(r.Store.Events(), id).Approval()
	if err != nil {
		r.T.Fatal(err)
	}
	return a
}

// merged is what all revisions of a record say together.
func merged(events []metrics.Event, id string) metrics.Event {
	return metrics.Merge(slices.DeleteFunc(slices.Clone(events), func(e metrics.Event) bool { return e.ID != id }))
}
