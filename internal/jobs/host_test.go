package jobs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// pagedHost answers each source's list of deployments page by page, and can keep an answer back.
type pagedHost struct {
	size, pages int
	url         string

	mu     sync.Mutex
	asked  map[string][]int                              // pages by source, in order
	askers map[string]map[string]int                     // how often a process asked, by source
	hold   func(source string, page int) <-chan struct{} // nil, or a channel to wait for before answering
}

type pagedAnswer struct {
	IDs  []int `json:"ids"`
	Next int   `json:"next"`
}

func newPagedHost(t *testing.T, size, pages int) *pagedHost {
	t.Helper()
	h := &pagedHost{size: size, pages: pages, asked: map[string][]int{}, askers: map[string]map[string]int{}}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	h.url = s.URL
	return h
}

func (h *pagedHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	source := strings.TrimPrefix(r.URL.Path, "/")
	page, _ := strconv.Atoi(r.FormValue("page"))
	h.mu.Lock()
	h.asked[source] = append(h.asked[source], page)
	if h.askers[source] == nil {
		h.askers[source] = map[string]int{}
	}
	h.askers[source][r.Header.Get("Replica")]++
	hold := h.hold
	h.mu.Unlock()
	if hold != nil {
		if wait := hold(source, page); wait != nil {
			select {
			case <-wait:
			case <-r.Context().Done():
				return
			}
		}
	}
	answer := pagedAnswer{Next: page + 1}
	for i := range h.size {
		answer.IDs = append(answer.IDs, page*h.size+i)
	}
	if answer.Next == h.pages {
		answer.Next = 0
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// holding sets what keeps answers back.
func (h *pagedHost) holding(hold func(source string, page int) <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hold = hold
}

// truth is what every source of the host comes to.
func (h *pagedHost) truth(sources []string) map[string]bool {
	all := map[string]bool{}
	for _, s := range sources {
		for i := range h.size * h.pages {
			all[fmt.Sprintf("%s %d", s, i)] = true
		}
	}
	return all
}

// askersOf tells which processes asked for a source.
func (h *pagedHost) askersOf(source string) map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := map[string]int{}
	for name, n := range h.askers[source] {
		all[name] = n
	}
	return all
}

// pagesOf tells how many pages of a source were asked for.
func (h *pagedHost) pagesOf(source string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.asked[source])
}

// repeated tells how many answers to pages were asked for once more, of any source.
func (h *pagedHost) repeated() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, asked := range h.asked {
		pages := map[int]bool{}
		for _, page := range asked {
			if pages[page] {
				n++
			}
			pages[page] = true
		}
	}
	return n
}

// hosted is a source on the host.
func hosted(t interface{ Fatal(...any) }, url, name, replica string) collector.Source {
	client, err := collector.NewClient(collector.Host{Name: name, URL: url, Headers: map[string]string{"Replica": replica}})
	if err != nil {
		t.Fatal(err)
	}
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	read := func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		if !from.Since.IsZero() {
			return collector.Batch{}, nil // nothing new
		}
		page, _ := strconv.Atoi(from.Page)
		var answer pagedAnswer
		_, err := client.JSON(ctx, name, map[string][]string{"page": {strconv.Itoa(page)}}, &answer)
		b := collector.Batch{Newest: base}
		for _, id := range answer.IDs {
			at := base.Add(time.Duration(id) * time.Second)
			b.Events = append(b.Events, metrics.NewEvent(name, metrics.Deployment{
				ID: strconv.Itoa(id), Service: name, Environment: "production", Status: metrics.Succeeded, Revision: fmt.Sprint("r", id),
				CreatedAt: at, StartedAt: at, FinishedAt: at.Add(time.Second),
			}))
		}
		if answer.Next > 0 {
			b.Next = strconv.Itoa(answer.Next)
		}
		return b, err
	}
	return &collector.Feeds{Source: name, Clock: time.Now, List: func(context.Context) ([]collector.Feed, error) {
		return []collector.Feed{{Name: "deployments", Title: "deployments of " + name, Read: read}}, nil
	}}
}
