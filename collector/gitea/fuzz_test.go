package gitea_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

// FuzzRecords puts whatever record into every list of a server. The law: reading comes to its end, what comes out keeps the rules of
// neutral events, and a second reading brings nothing that the first did not.
func FuzzRecords(f *testing.F) {
	for _, record := range []object{commit(1, day(1), 0), release(1, "v1", day(1)), tag("v1", 1, day(1)), workflowRun(1, 1, "deploy.yml", day(1)), status(1, "deploy/x", "success", day(1)), pull(1, day(1)), issue(1, day(1), "incident")} {
		text, _ := json.Marshal(record)
		f.Add(string(text))
	}
	var record atomic.Pointer[string]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, text := strings.TrimPrefix(r.URL.Path, "/api/v1/repos/acme/shop"), *record.Load()
		w.Header().Set("X-Total-Count", "1")
		switch {
		case path == "":
			_ = json.NewEncoder(w).Encode(repo(1, "acme/shop"))
		case strings.HasPrefix(path, "/tags/"):
			_ = json.NewEncoder(w).Encode(tag("v1", 1, day(1)))
		case path == "/actions/runs":
			_, _ = fmt.Fprintf(w, `{"total_count":1,"workflow_runs":[%s]}`, text)
		case strings.HasPrefix(path, "/git/commits/"), strings.HasPrefix(path, "/actions/runs/"), strings.Count(path, "/") == 2:
			_, _ = fmt.Fprint(w, text)
		default:
			_, _ = fmt.Fprintf(w, "[%s]", text)
		}
	}))
	f.Cleanup(server.Close)
	o := everything()
	o.Workflows, o.Contexts = []string{"*"}, []string{"*"}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			t.Skip()
		}
		record.Store(&text)
		store := &sourcetest.Memory{}
		e := collector.NewEngine()
		e.Tries = 1
		_ = e.Run(t.Context(), open(t, server.URL, noon, o), store, nil) // a single record that is no object is a trouble of its list
		first := len(store.Events())
		for _, e := range store.Events() {
			if faults := metrics.Check(e); len(faults) > 0 {
				t.Errorf("%s breaks the rules: %v", e.Key, faults)
			}
		}
		_ = e.Run(t.Context(), open(t, server.URL, noon, o), store, nil)
		if len(store.Events()) != first {
			t.Errorf("a second reading brings %d more", len(store.Events())-first)
		}
	})
}
