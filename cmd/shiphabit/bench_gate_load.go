package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"shiphabit/internal/organisation"
	"shiphabit/metrics/gate"
)

// gateLoad asks a server as many pipelines would.
type gateLoad struct {
	base     string
	services []string
	http     *http.Client
	asked    atomic.Int64
	stored   atomic.Int64 // events
}

// request sends one request and reads the answer to its end.
type request func(ctx context.Context) error

func newGateLoad(base string, made *organisation.Organisation, connections int) *gateLoad {
	load := &gateLoad{base: base, http: &http.Client{Transport: &http.Transport{
		MaxIdleConns: maxOutstanding, MaxIdleConnsPerHost: max(connections, 512), IdleConnTimeout: time.Minute,
	}}}
	for _, s := range made.Services() {
		load.services = append(load.services, s.Name)
	}
	return load
}

// latencies are how long requests took, sorted.
type latencies []time.Duration

// share is the latency that such a share of the requests did not exceed; 0 of none.
func (l latencies) share(p float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	return l[min(int(p*float64(len(l))), len(l)-1)]
}

func (g *gateLoad) send(ctx context.Context, method, path, kind string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, method, g.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Idempotency-Key", fmt.Sprint("bench/", g.asked.Add(1), "/", rand.Uint64()))
	answer, err := g.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %.300s", method, path, answer.Status, said)
	}
	return err
}

// question is about any service, for an artifact that nobody has asked about.
func (g *gateLoad) question() []byte {
	body, err := json.Marshal(gate.Request{
		Service: g.services[rand.IntN(len(g.services))], Environment: "production",
		Artifact: gate.Artifact{Digest: fmt.Sprintf("sha256:%064x", rand.Uint64())}, Commit: fmt.Sprintf("%040x", rand.Uint64()),
		Run: gate.Run{Provider: "bench", ID: fmt.Sprint(rand.Uint64()), Attempt: 1},
	})
	if err != nil {
		panic(err) // nothing of it can fail
	}
	return body
}

func (g *gateLoad) decision(ctx context.Context) error {
	return g.send(ctx, http.MethodPost, "/api/v1/gate/decisions", "application/json", g.question())
}

func (g *gateLoad) row(ctx context.Context) error {
	return g.send(ctx, http.MethodPost, "/one-row", "application/json", g.question())
}

// warmUp asks about every service once, as a server that has run for a while was.
func (g *gateLoad) warmUp(ctx context.Context) error {
	for _, name := range g.services {
		if err := g.send(ctx, http.MethodGet, "/api/v1/gate/verdict?service="+url.QueryEscape(name), "", nil); err != nil {
			return err
		}
	}
	return nil
}

// closed keeps so many connections busy.
func (g *gateLoad) closed(ctx context.Context, ask request, connections int, length time.Duration) (latencies, error) {
	var all stopwatch
	until := time.Now().Add(length)
	var group sync.WaitGroup
	for range connections {
		group.Go(func() {
			for began := time.Now(); began.Before(until) && all.fine(); began = time.Now() {
				err := ask(ctx)
				all.add(time.Since(began), err)
			}
		})
	}
	group.Wait()
	return all.sorted()
}

// maxOutstanding is how many requests may wait for an answer before the open loop is given up: the rate is then more than can be done.
const maxOutstanding = 2_000

// open sends so many a second whatever the answers take, and counts from when each was due.
func (g *gateLoad) open(ctx context.Context, ask request, rate int, length time.Duration) (latencies, error) {
	var all stopwatch
	var outstanding atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	for i := range int(float64(rate) * length.Seconds()) {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		if err := sleep(ctx, time.Until(due)); err != nil {
			return nil, err
		}
		if outstanding.Add(1) > maxOutstanding || !all.fine() {
			break
		}
		group.Go(func() {
			err := ask(ctx)
			all.add(time.Since(due), err)
			outstanding.Add(-1)
		})
	}
	group.Wait()
	return all.sorted()
}

// stopwatch gathers latencies of many goroutines, and the first error.
type stopwatch struct {
	mu   sync.Mutex
	took latencies
	err  error
}

func (s *stopwatch) add(d time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, d)
	if s.err == nil {
		s.err = err
	}
}

func (s *stopwatch) fine() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err == nil
}

func (s *stopwatch) sorted() (latencies, error) {
	slices.Sort(s.took)
	return s.took, s.err
}

// eventsPerPage is how many events the storm sends at once.
const eventsPerPage = 100

// storm sends events over so many connections until it is ended.
func (g *gateLoad) storm(ctx context.Context, connections int) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	for range connections {
		group.Go(func() {
			for ctx.Err() == nil {
				err := g.send(ctx, http.MethodPost, "/api/v1/events", "application/x-ndjson", g.page())
				if err == nil {
					g.stored.Add(eventsPerPage)
				} else if !errors.Is(err, context.Canceled) {
					return
				}
			}
		})
	}
	return func() {
		cancel()
		group.Wait()
	}
}

// page is a page of new deployments of any services.
func (g *gateLoad) page() []byte {
	var b strings.Builder
	now := time.Now().UTC()
	for range eventsPerPage {
		fmt.Fprintf(&b, `{"type":"deployment","id":"storm-%x","service":%q,"environment":"production","status":"succeeded","revision":"%040x","started_at":%q,"finished_at":%q}`+"\n",
			rand.Uint64(), g.services[rand.IntN(len(g.services))], rand.Uint64(), now.Add(-time.Minute).Format(time.RFC3339), now.Format(time.RFC3339))
	}
	return []byte(b.String())
}
