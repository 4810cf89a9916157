package jenkins_test

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

// FuzzBuilds makes whatever text the only build of a job, and the description of its steps. The law: what comes out keeps the rules
// of neutral events, names no part of an address that may hold a secret, and a second reading brings nothing that the first did not.
func FuzzBuilds(f *testing.F) {
	for _, b := range []object{ran(1, "SUCCESS"), goingOn(2), ran(3, "ABORTED", object{}), ran(4, "UNSTABLE", with("TARGET", "live"), approvedBy("max"), fetched(4, "https://u:pass-word@git.example.com/acme/shop.git"))} {
		text, _ := json.Marshal(b)
		f.Add(string(text))
	}
	f.Add(`{"id":"1","stages":[{"id":"10","status":"PAUSED_PENDING_INPUT"}],"stageFlowNodes":[{"id":"12","status":"SUCCESS","startTimeMillis":1,"pauseDurationMillis":5}]}`)
	var build atomic.Pointer[string]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/json":
			_, _ = fmt.Fprint(w, `{"jobs":[{"name":"deploy"}]}`)
		case r.URL.Path == "/job/deploy/api/json":
			_, _ = fmt.Fprintf(w, `{"allBuilds":[%s]}`, *build.Load())
		default:
			_, _ = fmt.Fprint(w, *build.Load())
		}
	}))
	f.Cleanup(server.Close)
	o := everything()
	o.Jobs, o.EnvironmentParameter = []string{"deploy"}, "TARGET"
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			t.Skip()
		}
		build.Store(&text)
		store := &sourcetest.Memory{}
		e := collector.NewEngine()
		e.Tries = 1
		_ = e.Run(t.Context(), open(t, server.URL, noon, o), store, nil) // a description that is none is a trouble of its job
		first := len(store.Events())
		for _, e := range store.Events() {
			if faults := metrics.Check(e); len(faults) > 0 {
				t.Errorf("%s breaks the rules: %v", e.Key, faults)
			}
			if d, err := e.Deployment(); err == nil && strings.Contains(text, "u:pass-word@") && strings.Contains(d.Repository, "pass-word") {
				t.Errorf("the repository reads %q", d.Repository)
			}
		}
		_ = e.Run(t.Context(), open(t, server.URL, noon, o), store, nil)
		if len(store.Events()) != first {
			t.Errorf("a second reading brings %d more", len(store.Events())-first)
		}
	})
}
