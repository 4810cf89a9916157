// Package gitlabtest is a fake GitLab for tests and measurements: a real HTTP server with records, which lists them as GitLab does and
// may be told to be as unreliable as a host can be. It knows nothing of the product and imports none of it.
package gitlabtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Record is a record of a list.
type Record struct {
	// Key is the number in the record's own address.
	Key int64
	// Updated is when it changed last; records of lists that know no such order are listed as they were added, with zero here.
	Updated time.Time
	// Match holds the values of the filters that choose the record: "status": "success".
	Match map[string]string
	// Body is marshalled as the answer.
	Body any
}

// Host is the fake. Its lists and records may be changed at any time.
type Host struct {
	// Token is what PRIVATE-TOKEN must be; "" lets everybody in.
	Token string
	// Faults, when set, make the host unreliable.
	Faults *Faults

	mu       sync.Mutex
	lists    map[string][]Record
	records  map[string]any
	asked    []string
	previous map[string]answer
	served   int
}

// Put makes the answer to a path under /api/v4.
func (h *Host) Put(path string, body any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.records == nil {
		h.records = map[string]any{}
	}
	h.records[path] = body
}

// Drop makes a path answer 404, and a list too.
func (h *Host) Drop(path string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.records, path)
	delete(h.lists, path)
}

// List makes a list of records, in their order of change.
func (h *Host) List(path string, records ...Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lists == nil {
		h.lists = map[string][]Record{}
	}
	sort.SliceStable(records, func(i, j int) bool { return before(records[i], records[j]) })
	h.lists[path] = records
}

// before is GitLab's order by change: the later id first where two changed at once.
func before(a, b Record) bool {
	return a.Updated.Before(b.Updated) || a.Updated.Equal(b.Updated) && !a.Updated.IsZero() && a.Key > b.Key
}

// Set adds a record to a list or replaces the one with its key, which moves to its new place.
func (h *Host) Set(path string, r Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(path, r)
}

func (h *Host) set(path string, r Record) {
	if h.lists == nil {
		h.lists = map[string][]Record{}
	}
	list := slices.DeleteFunc(h.lists[path], func(old Record) bool { return old.Key == r.Key })
	at := sort.Search(len(list), func(i int) bool { return before(r, list[i]) })
	h.lists[path] = slices.Insert(list, at, r)
}

// Remove takes a record out of a list.
func (h *Host) Remove(path string, key int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lists[path] = slices.DeleteFunc(h.lists[path], func(r Record) bool { return r.Key == key })
}

// Asked are the paths that were asked for, each with its query.
func (h *Host) Asked() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.asked)
}

// Settle ends all faults.
func (h *Host) Settle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Faults = nil
}

// Served counts the records that lists have answered with, repeated ones included.
func (h *Host) Served() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.served
}

// answer is what goes out.
type answer struct {
	code   int
	header http.Header
	body   []byte
}

func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.Token != "" && r.Header.Get("PRIVATE-TOKEN") != h.Token {
		text(http.StatusUnauthorized, "401 Unauthorized").write(w)
		return
	}
	h.mu.Lock()
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v4/")
	h.asked = append(h.asked, path+"?"+r.URL.RawQuery)
	out := h.spoil(path, r.URL.Query())
	h.mu.Unlock()
	out.write(w)
}

func text(code int, message string) answer {
	body, _ := json.Marshal(map[string]string{"message": message}) // a text is JSON
	return answer{code: code, header: http.Header{}, body: body}
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	if a.code == brokenOff {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
		_, _ = w.Write(a.body[:len(a.body)/2]) // the other half is what is missing
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(a.code)
	_, _ = w.Write(a.body) // the client may be gone
}

// honest is what a healthy host answers.
func (h *Host) honest(path string, query url.Values) answer {
	if body, found := h.records[path]; found {
		return of(body)
	}
	if list, found := h.lists[path]; found {
		return h.page(list, query)
	}
	if at := strings.LastIndexByte(path, '/'); at > 0 {
		key, err := strconv.ParseInt(path[at+1:], 10, 64)
		for _, r := range h.lists[path[:at]] {
			if err == nil && r.Key == key {
				return of(r.Body)
			}
		}
	}
	return text(http.StatusNotFound, "404 Not found")
}

func of(body any) answer {
	out, err := json.Marshal(body)
	if err != nil {
		return text(http.StatusInternalServerError, err.Error())
	}
	return answer{code: http.StatusOK, header: http.Header{}, body: out}
}

// filters are the parameters that choose records.
func filters() []string {
	return []string{"environment", "status", "issue_type", "labels", "ref_name"}
}

func (h *Host) page(list []Record, query url.Values) answer {
	list = list[from(list, query.Get("updated_after")):]
	for _, name := range filters() {
		if want := query.Get(name); want != "" {
			list = slices.DeleteFunc(slices.Clone(list), func(r Record) bool { return r.Match[name] != want })
		}
	}
	size, number := whole(query.Get("per_page"), 20), whole(query.Get("page"), 1)
	size = min(size, 100)
	first := min((number-1)*size, len(list))
	last := min(first+size, len(list))
	bodies := []any{}
	for _, r := range list[first:last] {
		bodies = append(bodies, r.Body)
	}
	h.served += len(bodies)
	out := of(bodies)
	out.header.Set("X-Page", strconv.Itoa(number))
	out.header.Set("X-Per-Page", strconv.Itoa(size))
	if last < len(list) {
		out.header.Set("X-Next-Page", strconv.Itoa(number+1))
	}
	if len(list) <= 10_000 { // GitLab counts no further
		out.header.Set("X-Total", strconv.Itoa(len(list)))
	}
	return out
}

// from is the place of the first record that changed at or after a time.
func from(list []Record, after string) int {
	at, err := time.Parse(time.RFC3339, after)
	if err != nil {
		return 0
	}
	return sort.Search(len(list), func(i int) bool { return !list[i].Updated.Before(at) })
}

func whole(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return n
	}
	return otherwise
}
