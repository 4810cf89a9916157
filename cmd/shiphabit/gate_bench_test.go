//go:build unix

package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"shiphabit/internal/config"
	"shiphabit/internal/organisation"
	"shiphabit/internal/store"
)

// BenchmarkDecision makes whole decisions in this process, as 64 callers ask at a time: the request is read, judged, logged and answered, but
// goes over no connection. It tells the processor's time of one beside the time on the wall. SHIPHABIT_BENCH_DSN names another database than
// a SQLite file of its own; what it holds is added to.
func BenchmarkDecision(b *testing.B) {
	p := &program{in: bytes.NewReader(nil), out: io.Discard, err: io.Discard, env: os.Getenv, quiet: true}
	size := organisation.Standard()
	size.Deployments, size.Services = 20_000, 2_000
	made := organisation.New(size)
	dsn := os.Getenv("SHIPHABIT_BENCH_DSN")
	if dsn == "" {
		dsn = filepath.Join(b.TempDir(), "bench.db")
	}
	settings := config.Default()
	db, err := store.Open(b.Context(), dsn, store.Options{Rules: settings.Rules()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	load := benchLoad{program: p, db: db, deployments: size.Deployments}
	if err := load.run(b.Context(), made); err != nil {
		b.Fatal(err)
	}
	server, err := p.server(db, settings, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	ask := newGateLoad("http://localhost", made, 1)
	began := processorTime()
	b.ReportAllocs()
	b.SetParallelism(32) // times the processors
	b.ResetTimer()
	b.RunParallel(func(run *testing.PB) {
		for run.Next() {
			r := httptest.NewRequest(http.MethodPost, "http://localhost/api/v1/gate/decisions", bytes.NewReader(ask.question()))
			answer := httptest.NewRecorder()
			server.ServeHTTP(answer, r)
			if answer.Code != http.StatusOK {
				b.Error(answer.Code, answer.Body)
				return
			}
		}
	})
	b.ReportMetric(float64((processorTime()-began).Microseconds())/float64(b.N), "cpu-µs/op")
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
