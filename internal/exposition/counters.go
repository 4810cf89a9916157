package exposition

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// counters grow with what happens in this process.
type counters struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	decisions *prometheus.CounterVec
	answers   *prometheus.HistogramVec
	events    *prometheus.CounterVec
	refused   *prometheus.CounterVec
	reports   *prometheus.CounterVec
}

func newCounters(f *families) counters {
	c := counters{
		decisions: f.counter("shiphabit_gate_decisions_total",
			"Decisions that the gate of this server made. A question that is answered with an earlier decision counts once. verdict: allow, warn, block or hold; kind: what the change was judged as, normal, rollback or fix; environment_kind: production, staging, testing, development or unknown; logged: false for those made while the database did not answer.",
			"verdict", "kind", "environment_kind", "logged"),
		answers: f.histogram("shiphabit_gate_decision_duration_seconds",
			"Time from a question to the gate until its answer was decided and logged, in seconds, answers with an earlier decision included.",
			[]float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}),
		events: f.counter("shiphabit_events_received_total",
			"Events that this server took and stored, known ones included. via: api (POST /api/v1/events), webhook or collector.", "via"),
		refused: f.counter("shiphabit_events_refused_total",
			"Records that this server could not take as an event: refused to their sender, or set aside. via as above.", "via"),
		requests: f.counter("shiphabit_http_requests_total",
			"Requests answered, but for those of the forms of the questions, which are counted nowhere. route: the template of the address, never an address, and unmatched where none fits; code: the HTTP status.",
			"method", "route", "code"),
		durations: f.histogram("shiphabit_http_request_duration_seconds",
			"Time from a request until its answer was written, in seconds, of the same requests.",
			[]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10}, "method", "route"),
		reports: f.counter("shiphabit_exposition_reads_total",
			"Times that the stored figures were read anew for a scrape. outcome: read, or failed, when those before are told until they are too old.", "outcome"),
	}
	// What has not happened yet is 0 and not unknown: rates and alerts then see the first time.
	for _, via := range []string{ViaAPI, ViaWebhook, ViaCollector} {
		c.events.WithLabelValues(via)
		c.refused.WithLabelValues(via)
	}
	c.reports.WithLabelValues(outcomeRead)
	c.reports.WithLabelValues(outcomeFailed)
	c.answers.WithLabelValues()
	return c
}

func (c counters) all() []prometheus.Collector {
	return []prometheus.Collector{c.requests, c.durations, c.decisions, c.answers, c.events, c.refused, c.reports}
}

// The ways on which events come.
const (
	ViaAPI       = "api"
	ViaWebhook   = "webhook"
	ViaCollector = "collector"
)

const (
	outcomeRead   = "read"
	outcomeFailed = "failed"
)

// Request counts one that was answered. The route is its template, empty where none fits.
func (e *Exposition) Request(method, route string, status int, took time.Duration) {
	if route == "" {
		method, route = "any", "unmatched"
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	e.counters.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	e.counters.durations.WithLabelValues(method, route).Observe(took.Seconds())
}

// Decision is what is counted of one.
type Decision struct {
	Verdict, Kind, EnvironmentKind string
	Unlogged                       bool
}

// Decided counts a new decision.
func (e *Exposition) Decided(d Decision) {
	if d.EnvironmentKind == "" {
		d.EnvironmentKind = "unknown"
	}
	e.counters.decisions.WithLabelValues(d.Verdict, d.Kind, d.EnvironmentKind, strconv.FormatBool(!d.Unlogged)).Inc()
}

// Answered measures one answer of the gate.
func (e *Exposition) Answered(took time.Duration) {
	e.counters.answers.WithLabelValues().Observe(took.Seconds())
}

// Received counts events that were taken, and records that could not be.
func (e *Exposition) Received(via string, taken, refused int) {
	e.counters.events.WithLabelValues(via).Add(float64(taken))
	e.counters.refused.WithLabelValues(via).Add(float64(refused))
}

// Read counts a reading of the database for scrapes.
func (e *Exposition) Read(err error) {
	outcome := outcomeRead
	if err != nil {
		outcome = outcomeFailed
	}
	e.counters.reports.WithLabelValues(outcome).Inc()
}
