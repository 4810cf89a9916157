package prometheus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/prometheus"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

// noon is when the deployment under test ended.
var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

func clockAt(at time.Time) func() time.Time { return func() time.Time { return at } }

// values tells what an expression shows at a time; NaN is no value.
type values func(query string, at time.Time) float64

// host answers range queries as Prometheus does.
func (v values) host() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/query_range" {
			http.NotFound(w, r)
			return
		}
		var in [3]float64
		for i, name := range []string{"start", "end", "step"} {
			f, err := strconv.ParseFloat(r.FormValue(name), 64)
			if err != nil {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(w, `{"status":"error","errorType":"bad_data","error":"invalid parameter %q"}`, name)
				return
			}
			in[i] = f
		}
		points := [][2]any{}
		for at := in[0]; at <= in[1]+1e-6; at += in[2] {
			if f := v(r.FormValue("query"), time.UnixMilli(int64(math.Round(at*1000))).UTC()); !math.IsNaN(f) {
				points = append(points, [2]any{math.Round(at*1000) / 1000, strconv.FormatFloat(f, 'g', -1, 64)})
			}
		}
		result := []any{}
		if len(points) > 0 {
			result = append(result, map[string]any{"metric": map[string]string{}, "values": points})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": result}})
	})
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// steady shows one value before noon and another after.
func steady(before, after float64) values {
	return func(_ string, at time.Time) float64 {
		if at.After(noon) {
			return after
		}
		return before
	}
}

// deployed is a deployment of the shop that ended so long after noon.
func deployed(id string, after time.Duration) prometheus.Deployment {
	return prometheus.Deployment{
		ID: "ci/" + id, Service: "shop", Environment: "production", Kind: metrics.Production,
		StartedAt: noon.Add(after - 2*time.Minute), FinishedAt: noon.Add(after), Succeeded: true,
	}
}

// listed answers with the deployments that finished since.
func listed(list *[]prometheus.Deployment) func(context.Context, time.Time) ([]prometheus.Deployment, error) {
	return func(_ context.Context, since time.Time) ([]prometheus.Deployment, error) {
		var some []prometheus.Deployment
		for _, d := range *list {
			if !d.FinishedAt.Before(since) {
				some = append(some, d)
			}
		}
		return some, nil
	}
}

func number(f float64) *float64 { return &f }

// errorShare is the signal of most tests.
func errorShare() prometheus.Signal {
	return prometheus.Signal{Name: "errors", Query: `errors{service="$service"}[$window]`, Floor: number(0.01)}
}

// watching opens a source over deployments.
func watching(t *testing.T, address string, clock func() time.Time, list *[]prometheus.Deployment, change ...func(*prometheus.Options)) *prometheus.Source {
	t.Helper()
	client, err := collector.NewClient(collector.Host{
		Name: "watch", URL: address, Headers: map[string]string{"Authorization": "Bearer " + sourcetest.Token}, Access: "leave to query", Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	o := prometheus.Options{Name: "watch", Client: client, Clock: clock, Recent: listed(list), Signals: []prometheus.Signal{errorShare()}}
	for _, c := range change {
		c(&o)
	}
	source, err := prometheus.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// read reads a source to its end into a store and returns the verdicts that are new.
func read(t *testing.T, source collector.Source, store *sourcetest.Memory) []metrics.Event {
	t.Helper()
	before := len(store.Events())
	engine := collector.NewEngine()
	engine.Tries = 1
	if err := engine.Run(t.Context(), source, store, nil); err != nil {
		t.Fatal(err)
	}
	return store.Events()[before:]
}

func verdict(t *testing.T, e metrics.Event) metrics.Verdict {
	t.Helper()
	v, err := e.Verdict()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// judged is the verdict on one deployment that ended at noon, once its watch is over.
func judged(t *testing.T, v values, change ...func(*prometheus.Options)) metrics.Verdict {
	t.Helper()
	list := []prometheus.Deployment{deployed("1", 0)}
	source := watching(t, serve(t, v.host()), clockAt(noon.Add(2*time.Hour)), &list, change...)
	events := read(t, source, &sourcetest.Memory{})
	if len(events) != 1 {
		t.Fatalf("%d verdicts, want 1", len(events))
	}
	return verdict(t, events[0])
}

func signals(s ...prometheus.Signal) func(*prometheus.Options) {
	return func(o *prometheus.Options) { o.Signals = s }
}
