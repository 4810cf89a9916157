package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"shiphabit/api"
	"shiphabit/metrics"
)

// held is a store that tells no facts before it is let go, or the asker has gone.
type held struct {
	api.Store

	asked, letGo chan struct{}
	asking       *atomic.Int64
}

func (h held) FactsFor(ctx context.Context, service string, w metrics.Window) (metrics.Facts, error) {
	h.asking.Add(1)
	defer h.asking.Add(-1)
	select {
	case h.asked <- struct{}{}:
	default:
	}
	select {
	case <-ctx.Done():
		return metrics.Facts{}, ctx.Err()
	case <-h.letGo:
		return h.Store.FactsFor(ctx, service, w)
	}
}

// manyServices is a site with more services than a page waits for.
func manyServices(t *testing.T) (site, held) {
	t.Helper()
	h := held{asked: make(chan struct{}, 1), letGo: make(chan struct{}), asking: &atomic.Int64{}}
	s := paged(t, func(o *api.Options) {
		h.Store = o.Store
		o.Store = h
	})
	var lines strings.Builder
	for i := range 130 {
		lines.WriteString(history(fmt.Sprintf("service-%d", i), "."))
	}
	s.post("/api/v1/events", lines.String()).is(http.StatusOK)
	return s, h
}

func TestWhatIsJudgedInTheBackgroundEndsWithTheServer(t *testing.T) {
	t.Parallel()
	s, h := manyServices(t)
	s.get("/services").is(http.StatusOK)
	if !s.server.Judging() || h.asking.Load() != 0 {
		t.Errorf("before the server runs, %d services are being judged (%t)", h.asking.Load(), s.server.Judging())
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = s.server.Run(ctx) })
	<-h.asked
	cancel()
	running.Wait()
	if n := h.asking.Load(); n != 0 {
		t.Errorf("the server has ended, and goes on to judge %d services", n)
	}
	if strings.Contains(s.log.String(), "judging services") {
		t.Errorf("it takes its end for a fault:\n%s", s.log)
	}
}

func TestServicesThatNoPageWaitedForAreThereOnceTheyWereJudged(t *testing.T) {
	t.Parallel()
	s, h := manyServices(t)
	s.get("/services").is(http.StatusOK, "services are not judged yet")
	s.get("/gate").is(http.StatusOK, "131 services are not judged yet")
	close(h.letGo)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { s.server.RunJudging(ctx) })
	patient, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for s.server.Judging() {
		if patient.Err() != nil {
			t.Fatalf("after %s services are still being judged:\n%s", patience, s.log)
		}
		runtime.Gosched()
	}
	s.get("/services").is(http.StatusOK, "service-60")
	s.get("/gate").is(http.StatusOK, "service-0<", `<span class="number">130</span> <span class="verdict good">`)
	for query, want := range map[string][3]int{"": {49, 50, 31}, "verdict=allow&": {50, 50, 30}, "verdict=nonsense&": {49, 50, 31}} {
		for i, n := range want {
			page := s.get(fmt.Sprintf("/gate?%spage=%d", query, i+1)).is(http.StatusOK, fmt.Sprintf("Page %d of 3", i+1)).body
			if listed := strings.Count(page, `/gate">service-`); listed != n {
				t.Errorf("page %d of %q lists %d services, want %d", i+1, query, listed, n)
			}
		}
	}
	s.get("/gate?verdict=allow").is(http.StatusOK, `aria-current="true"><span class="number">130</span>`, `">all 131</a>`, `href="/gate?page=2&amp;verdict=allow#services"`)
	s.get("/gate?verdict=hold").is(http.StatusOK, "No service stands so now", `">all 131</a>`)
}

func TestTheGateSaysThatANewerConfigurationWasRefused(t *testing.T) {
	t.Parallel()
	s := paged(t)
	if body := s.get("/gate").is(http.StatusOK).body; strings.Contains(body, "was refused") {
		t.Error("before anything was refused it says so")
	}
	s.server.Refuse("policies.standard: line 7: <one_in> is 0")
	s.get("/gate").is(http.StatusOK, "A newer configuration was refused", "line 7: &lt;one_in&gt; is 0")
}

func TestADigestTellsOfEveryServiceThoughNobodyJudgesInTheBackground(t *testing.T) {
	t.Parallel()
	s, h := manyServices(t)
	close(h.letGo)
	s.post("/api/v1/events", history("payments", "..x")+history("late-one", "..x")).is(http.StatusOK)
	whole, err := s.server.Letter(t.Context(), "", "https://ship.example.org")
	if err != nil || !strings.Contains(whole.Text, "2 services have a failed deployment that has not recovered.") {
		t.Errorf("leadership reads (%v)\n%s", err, whole.Text)
	}
	team, err := s.server.Letter(t.Context(), "pay", "https://ship.example.org")
	if err != nil || !strings.Contains(team.Text, "payments: 1 failed deployment has not recovered.") || strings.Contains(team.Text, "late-one") {
		t.Errorf("the team reads (%v)\n%s", err, team.Text)
	}
	if s.server.Judging() {
		t.Error("it left services to the background")
	}
}

func TestThereIsNoDigestWhileAServiceIsNotJudged(t *testing.T) {
	t.Parallel()
	s, h := manyServices(t)
	ctx, cancel := context.WithCancel(t.Context())
	var stopping sync.WaitGroup
	stopping.Go(func() { <-h.asked; cancel() })
	letter, err := s.server.Letter(ctx, "", "https://ship.example.org")
	cancel()
	if !errors.Is(err, context.Canceled) || letter.Text != "" {
		t.Errorf("told to stop while it judged services, it says %v and writes %q", err, letter.Text)
	}
	select {
	case h.asked <- struct{}{}: // nothing was asked: let the other go
	default:
	}
	stopping.Wait()
}
