package exposition

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// standings say how services stand before the gate.
type standings struct{ services, unjudged, stopped, overrides, judgedAt *prometheus.Desc }

// verdicts are those that a service may stand at.
var verdicts = [...]string{"allow", "warn", "block", "hold", Evidence}

func newStandings(f *families) standings {
	return standings{
		services: f.stored("shiphabit_gate_services",
			"Services by what the gate would answer to a normal change to production now. verdict: allow, warn, block, hold, or evidence where nothing is missing but what a pipeline states of itself.", "verdict"),
		stopped: f.stored("shiphabit_gate_service_stopped",
			"1 for each service whose normal changes to production the gate stops now; none where it lets them through. verdict: block or hold.", "service", "team", "tier", "verdict"),
		unjudged:  f.stored("shiphabit_gate_services_unjudged", "Services whose standing before the gate is not known yet: they are being judged."),
		judgedAt:  f.stored("shiphabit_gate_services_judged_timestamp_seconds", "Time of the oldest of these standings, in seconds since 1970."),
		overrides: f.stored("shiphabit_gate_overrides", "Overrides in force: agreed to, not used up, not expired."),
	}
}

func (s standings) series(to *seriesList, g Gate) {
	for _, verdict := range verdicts {
		to.add(s.services, float64(g.Standings[verdict]), verdict)
	}
	to.add(s.unjudged, float64(g.Unjudged))
	to.add(s.overrides, float64(g.Overrides))
	if !g.JudgedAt.IsZero() {
		to.add(s.judgedAt, unix(g.JudgedAt))
	}
	for _, one := range g.Stopped {
		to.add(s.stopped, 1, one.Service, one.Team, one.Tier, one.Verdict)
	}
}

// sources say where the reading of each source stands.
type sources struct{ watermark, heartbeat, next, trouble, failures, aside, calls *prometheus.Desc }

func newSources(f *families) sources {
	const of = "source"
	return sources{
		watermark: f.stored("shiphabit_source_watermark_timestamp_seconds",
			"Everything of the source before this time has arrived, in seconds since 1970; time() minus it is the age of its newest data.", of),
		heartbeat: f.stored("shiphabit_source_heartbeat_timestamp_seconds", "When the source last answered, in seconds since 1970.", of),
		next:      f.stored("shiphabit_source_next_read_timestamp_seconds", "When the source is read next, in seconds since 1970; it has passed while it is being read.", of),
		trouble:   f.stored("shiphabit_source_trouble", "1 while the source cannot be read, else 0; shiphabit doctor says why.", of),
		failures:  f.stored("shiphabit_source_failures", "Readings in a row that ended with an error.", of),
		aside:     f.stored("shiphabit_source_records_set_aside", "Records of the source that could not be turned into an event.", of),
		calls:     f.stored("shiphabit_source_calls_left", "Calls that the host of the source lets us make still; missing where it does not say.", of),
	}
}

func (s sources) series(to *seriesList, one Source) {
	of := labelled{list: to, labels: []string{one.Name}}
	if !one.Watermark.IsZero() {
		of.value(s.watermark, unix(one.Watermark))
	}
	if !one.Heartbeat.IsZero() {
		of.value(s.heartbeat, unix(one.Heartbeat))
	}
	if !one.NextAt.IsZero() {
		of.value(s.next, unix(one.NextAt))
	}
	of.value(s.trouble, number(one.Troubled))
	of.value(s.failures, float64(one.Failures))
	of.value(s.aside, float64(one.SetAside))
	if one.CallsLeft != nil {
		of.value(s.calls, float64(*one.CallsLeft))
	}
}

// Stops reports whether a standing is that of a service that is stopped.
func Stops(standing string) bool { return slices.Contains([]string{"block", "hold"}, standing) }
