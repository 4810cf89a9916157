package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"database/sql"
	"log/slog"

	"shiphabit/api"
	"shiphabit/collector/webhook"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// unkept answers as the store would and writes nothing.
type unkept struct{ keptBy }

func (unkept) Deliver(_ context.Context, d api.Delivery) (api.Delivered, error) {
	return api.Delivered{Appended: api.Appended{New: len(d.Events)}}, nil
}

// oneByOne gives each delivery a transaction of its own.
type oneByOne struct {
	keptBy
	turn *sync.Mutex
}

func (o oneByOne) Deliver(ctx context.Context, d api.Delivery) (api.Delivered, error) {
	o.turn.Lock()
	defer o.turn.Unlock()
	return o.keptBy.Deliver(ctx, d)
}

// BenchmarkDeliveries sends signed deliveries of one deployment over 64 connections to a real server, in turn: to a handler that does not
// write, to the one that is served, and to one that gives each delivery its own transaction; then over one connection, and a hundred
// deployments in each delivery. SHIPHABIT_TEST_POSTGRES names a PostgreSQL server whose user may make databases.
func BenchmarkDeliveries(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchDeliveries(b, filepath.Join(b.TempDir(), "hooks.db")) })
	b.Run("postgres", func(b *testing.B) {
		if os.Getenv("SHIPHABIT_TEST_POSTGRES") == "" {
			b.Skip("SHIPHABIT_TEST_POSTGRES names no server")
		}
		benchDeliveries(b, emptyPostgres(b, os.Getenv("SHIPHABIT_TEST_POSTGRES")))
	})
}

const connections = 64

func benchDeliveries(b *testing.B, dsn string) {
	b.Helper()
	db, err := store.Open(context.Background(), dsn, store.Options{Rules: metrics.DefaultRules()})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	shared, bare, single := serveHooks(b, keptBy{db}), serveHooks(b, unkept{keptBy{db}}), serveHooks(b, oneByOne{keptBy{db}, &sync.Mutex{}})
	var total = map[string]time.Duration{}
	for b.Loop() {
		total["bare"] += shared.client(connections).send(b, bare.url, 4000, 1)
		total["shared"] += shared.client(connections).send(b, shared.url, 4000, 1)
		total["own"] += shared.client(connections).send(b, single.url, 1000, 1)
		total["alone"] += shared.client(1).send(b, shared.url, 300, 1)
		total["hundred"] += shared.client(connections).send(b, shared.url, 200, 100)
	}
	rate := func(kind string, events int) float64 { return float64(b.N*events) / total[kind].Seconds() }
	b.ReportMetric(rate("shared", 4000), "events/s")
	b.ReportMetric(rate("shared", 4000)/rate("bare", 4000), "of-no-write")
	b.ReportMetric(rate("shared", 4000)/rate("own", 1000), "of-own-transactions")
	b.ReportMetric(rate("alone", 300), "events/s-1-connection")
	b.ReportMetric(rate("hundred", 20_000), "events/s-100-each")
	b.ReportMetric(0, "ns/op")
}

// hookServer is a server that takes deliveries.
type hookServer struct{ url string }

func serveHooks(b *testing.B, kept api.Store) hookServer {
	b.Helper()
	handler, err := api.New(api.Options{
		Store: kept, Kinds: kinds, Clock: time.Now, Zone: time.UTC, Definition: metrics.DORA(), Logger: slog.New(slog.DiscardHandler),
		Hooks: map[string]api.Hook{"ci": hookUnder{webhook.Hook{Source: "ci", Clock: time.Now}, []string{hookSecret}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(handler)
	b.Cleanup(server.Close)
	return hookServer{server.URL}
}

// sender is so many connections.
type sender struct {
	http *http.Client
	n    int
}

func (hookServer) client(n int) sender {
	return sender{&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: n, MaxConnsPerHost: n}}, n}
}

var sentBefore atomic.Int64

// send sends deliveries of so many deployments each and says how long it took. Making and signing them does not count.
func (s sender) send(b *testing.B, to string, deliveries, events int) time.Duration {
	b.Helper()
	requests := make(chan *http.Request, deliveries)
	for range deliveries {
		var body strings.Builder
		for range events {
			n := sentBefore.Add(1)
			fmt.Fprintf(&body, `{"type":"deployment","id":"run-%d","service":"service-%d","repository":"acme/service-%d","environment":"production","status":"succeeded","revision":"%040x","started_at":"2026-03-03T10:00:00Z","finished_at":"2026-03-03T10:04:30Z","url":"https://ci.example.org/runs/%d"}`+"\n",
				n, n%50, n%50, n, n)
		}
		request, err := http.NewRequest(http.MethodPost, to+"/hooks/ci", strings.NewReader(body.String()))
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set(webhook.SignatureHeader, signed(hookSecret, body.String()))
		request.Header.Set(webhook.DeliveryHeader, fmt.Sprint("delivery-", sentBefore.Load()))
		requests <- request
	}
	close(requests)
	began := time.Now()
	var all sync.WaitGroup
	for range s.n {
		all.Go(func() {
			for request := range requests {
				response, err := s.http.Do(request)
				if err != nil {
					b.Error(err)
					return
				}
				text, err := io.ReadAll(response.Body)
				if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(text), fmt.Sprintf(`"new":%d`, events)) {
					b.Errorf("%d %s %v", response.StatusCode, text, err)
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// emptyPostgres makes a database and drops it at the end.
func emptyPostgres(b *testing.B, dsn string) string {
	b.Helper()
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		b.Fatal(err)
	}
	name := fmt.Sprintf("shiphabit_bench_%d", os.Getpid())
	if _, err := admin.ExecContext(context.Background(), "CREATE DATABASE "+name); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			b.Error(err)
		}
		_ = admin.Close()
	})
	u, err := url.Parse(dsn)
	if err != nil {
		b.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
