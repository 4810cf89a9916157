// Package exposition writes the state of a server as Prometheus reads it: it counts what happens in this process, and makes series of what it is
// handed of the database. It asks no database, keeps no clock and registers nothing globally.
package exposition

import (
	"bytes"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// Exposition is all that one process exposes. It may be used from several goroutines.
type Exposition struct {
	families families
	counters counters
	moment   moment
	stored   *stored
	handler  http.Handler
}

// moment is what is so while a scrape is answered.
type moment struct {
	database, standby, unlogged prometheus.Gauge
}

// Now is what a server knows of itself at a scrape.
type Now struct {
	// DatabaseUp: the database answers. Standby: the gate decides by what it knew last.
	DatabaseUp, Standby bool
	Unlogged            int // decisions that wait for the log
}

// New makes the exposition of a process of that version.
func New(version string) *Exposition {
	e := &Exposition{}
	e.stored = newStored(&e.families)
	e.moment = moment{
		database: e.families.gauge("shiphabit_database_up", "1 while the database answers this server, 0 while it does not."),
		standby:  e.families.gauge("shiphabit_gate_standby", "1 while the gate of this server decides by what it knew last, because the database does not do what a decision needs."),
		unlogged: e.families.gauge("shiphabit_gate_decisions_unlogged", "Decisions of this server that wait to be logged until the database answers again."),
	}
	e.counters = newCounters(&e.families)
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "shiphabit_build_info", Help: "Always 1; the labels say which program this is.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	e.families.add(Family{Name: "shiphabit_build_info", Type: "gauge", Help: "Always 1; the labels say which program this is.", Labels: []string{"version", "goversion"}})
	registry := prometheus.NewRegistry()
	registry.MustRegister(e.stored, e.moment.database, e.moment.standby, e.moment.unlogged, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(e.counters.all()...)
	e.handler = promhttp.HandlerFor(withoutNetwork{registry}, promhttp.HandlerOpts{EnableOpenMetrics: true})
	return e
}

// withoutNetwork leaves out what the process collector says of the network: on a quiet server it would tell when somebody opened a form of the
// questions, which nothing else here tells.
type withoutNetwork struct{ prometheus.Gatherer }

func (g withoutNetwork) Gather() ([]*dto.MetricFamily, error) {
	all, err := g.Gatherer.Gather()
	kept := all[:0]
	for _, family := range all {
		if !strings.HasPrefix(family.GetName(), "process_network_") {
			kept = append(kept, family)
		}
	}
	return kept, err
}

// Take replaces what was said of the database before.
func (e *Exposition) Take(r Report) { e.stored.take(r) }

// Forget lets nothing be said of the database: what was known is too old.
func (e *Exposition) Forget() { e.stored.forget() }

// TakenAt is the time of the report that is told, zero for none.
func (e *Exposition) TakenAt() time.Time { return e.stored.takenAt() }

// Page is the answer to a scrape: text as Prometheus has always read it, or OpenMetrics where that is asked for, compressed where that is.
func (e *Exposition) Page(r *http.Request, now Now) (status int, header http.Header, body []byte) {
	e.moment.database.Set(number(now.DatabaseUp))
	e.moment.standby.Set(number(now.Standby))
	e.moment.unlogged.Set(float64(now.Unlogged))
	p := &page{status: http.StatusOK, header: http.Header{}}
	e.handler.ServeHTTP(p, r)
	return p.status, p.header, p.body.Bytes()
}

// page holds an answer until it is complete.
type page struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (p *page) Header() http.Header         { return p.header }
func (p *page) Write(b []byte) (int, error) { return p.body.Write(b) }
func (p *page) WriteHeader(status int)      { p.status = status }

func number(so bool) float64 {
	if so {
		return 1
	}
	return 0
}
