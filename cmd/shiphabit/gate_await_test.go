package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

func TestACheckThatWaitsIsAnsweredWhenSomethingArrivesAndNotWhenTheHoldSaidSo(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	ended := make(chan int, 1)
	go func() {
		_, _, code := p.run("gate", "check", "--server", url, "--service", "vault", "--digest", built("new"), "--wait", "1h")
		ended <- code
	}()
	until(t, "it is on hold", func() bool {
		return strings.Contains(fetched(t, url+"/api/v1/gate/decisions?service=vault"), `"verdict":"hold"`)
	})
	incident := `{"type":"incident","id":"i1","service":"vault","severity":1,"started_at":"` + time.Now().UTC().Add(-time.Minute).Format(time.RFC3339) + `"}`
	response, err := http.Post(url+"/api/v1/events", "application/json", strings.NewReader(incident))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	select {
	case code := <-ended:
		if code != exitBlocked {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(time.Minute):
		t.Fatal("it still waits after a minute")
	}
}

func TestAServerThatKnowsOfNoWaitIsAskedAgainWhenItIsTime(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	var again time.Time
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		asked = append(asked, r.URL.RawQuery+" "+r.Header.Get("Idempotency-Key"))
		if r.URL.RawQuery != "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		d := gate.Decision{ID: "gd_1", Verdict: gate.Hold}
		if again.IsZero() {
			again = time.Now().Add(2 * time.Second)
		}
		d.AskAgainAfter = &again
		if !time.Now().Before(again.Truncate(time.Second)) { // as far as the client knows the server's clock
			d = gate.Decision{ID: "gd_2", Verdict: gate.Allow}
		}
		_ = json.NewEncoder(w).Encode(d)
	}))
	t.Cleanup(server.Close)
	p := newProcess(t)
	p.must("gate", "check", "--server", server.URL, "--service", "steady", "--digest", shipped, "--wait", "5m")
	mu.Lock()
	defer mu.Unlock()
	waits, key := 0, asked[0]
	for _, one := range asked {
		if strings.HasPrefix(one, "wait=") {
			waits++
		}
		if _, same, _ := strings.Cut(one, " "); same == "" || " "+same != key {
			t.Errorf("asked under another key: %q, at first %q", one, key)
		}
	}
	if waits == 0 || len(asked) > 2*waits+1 || len(asked) > 5 {
		t.Errorf("asked %q", asked)
	}
}
