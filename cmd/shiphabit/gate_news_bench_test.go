package main

import (
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// dayOfDecisions is how many decisions of the last day BenchmarkFirstLook looks into, about dayOfServices services.
const dayOfDecisions, dayOfServices = 100_000, 1_000

// BenchmarkFirstLook is the look for news after a start, when all decisions of a day are new: of a hundred about each service the last five are
// stopped. In "demoted" a criterion broke its promise halfway through the day, so that half of all decisions say so. It tells how much memory
// the look took at most beyond what there was, and how long a look takes when nothing has happened.
func BenchmarkFirstLook(b *testing.B) {
	for name, broken := range map[string][]gate.Demotion{"usual": nil, "demoted": brokenPromise()} {
		b.Run(name, func(b *testing.B) {
			db := aDayOf(b, broken)
			b.ResetTimer()
			for b.Loop() {
				look := newLookout(db, func(string) bool { return true })
				peak := watchHeap()
				news, err := look.look(b.Context(), toldAt.Add(24*time.Hour))
				b.ReportMetric(float64(peak())/(1<<20), "MiB-peak")
				if want := dayOfServices; err != nil || len(news) < want {
					b.Fatalf("%d news, want %d; %v", len(news), want, err)
				}
				began := time.Now()
				if news, err := look.look(b.Context(), toldAt.Add(24*time.Hour)); err != nil || len(news) != 0 {
					b.Fatal(len(news), err)
				}
				b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms-next")
			}
		})
	}
}

// aDayOf is a database with a day of decisions; from its middle on, criteria had broken their promise.
func aDayOf(b *testing.B, broken []gate.Demotion) *store.DB {
	b.Helper()
	p := &program{out: io.Discard, err: io.Discard, clock: func() time.Time { return toldAt.Add(24 * time.Hour) }, quiet: true}
	rules := metrics.DefaultRules()
	for i := range dayOfServices {
		rules.Services = append(rules.Services, metrics.Service{Name: fmt.Sprintf("service-%d", i), Team: "pay", Tier: metrics.Standard})
	}
	db, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "day.db"), store.Options{Rules: rules, Clock: p.now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	policy := gate.PolicyFor(metrics.Standard)
	var writers sync.WaitGroup
	for part := range 64 {
		writers.Go(func() {
			for service := part; service < dayOfServices; service += 64 {
				for i := range dayOfDecisions / dayOfServices {
					if err := db.LogDecision(b.Context(), ofTheDay(policy, rules.Services[service], i, broken)); err != nil {
						b.Error(err)
						return
					}
				}
			}
		})
	}
	writers.Wait()
	return db
}

// ofTheDay is decision i about a service.
func ofTheDay(policy gate.Policy, service metrics.Service, i int, broken []gate.Demotion) gate.Logged {
	const each = dayOfDecisions / dayOfServices
	known := gate.Known{Facts: metrics.Facts{Service: service.Name}, Service: service}
	if i >= each/2 {
		known.Demoted = broken
	}
	at := toldAt.Add(time.Hour + time.Duration(i)*(22*time.Hour/each))
	r := gate.Request{Service: service.Name, Environment: "production", Artifact: gate.Artifact{Digest: fmt.Sprintf("sha256:%064d", i)}, Change: gate.Change{Kind: gate.KindNormal}}
	snapshot := gate.Take(r, policy, at, known)
	l := gate.Logged{Decision: gate.Decide(policy, snapshot, r), Request: r, Snapshot: snapshot, PolicyDoc: policy.Canonical(), Caller: "ci", At: at}
	if l.ID = fmt.Sprintf("gd_%s_%d", service.Name, i); i >= each-5 {
		l.Verdict = gate.Block
		l.Reasons = append(l.Reasons, gate.Reason{Criterion: "restored-in-time", Mode: gate.Enforce, Result: gate.Fail})
	} else {
		l.Verdict = gate.Allow
	}
	return l
}

// watchHeap follows how much is in use from here on, until what it returns is called.
func watchHeap() (peak func() uint64) {
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before, most, done, ended := inUse(), uint64(0), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(2 * time.Millisecond); ; {
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
				most = max(most, inUse())
			}
		}
	}()
	return func() uint64 { close(done); <-ended; return max(most, before) - before }
}
