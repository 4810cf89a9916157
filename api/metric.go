package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"shiphabit/metrics"
)

// metricsResponse is stable, version 1: the same as 'shiphabit metrics --format json' prints.
type metricsResponse struct {
	Version    int     `json:"version"`
	Scorecards []Entry `json:"scorecards"`
	// Spread says how far the services of a narrow slice lie apart, none of them named; only of a whole window.
	Spread []metrics.Spread `json:"spread,omitempty"`
	// Rebuilding is there while figures of the organisation are still of the rules before a change of them.
	Rebuilding *rebuilding `json:"rebuilding,omitempty"`
}

// rebuilding says how many services are derived under the new rules.
type rebuilding struct {
	Done  int `json:"done"`
	Total int `json:"total"`
}

// MostSpread is the number of services up to which a slice's spread is measured.
const MostSpread = 200

func (s *Server) metricRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/api/v1/metrics", scope: Read,
			summary: "The figures of a slice and window, each with its sample size and interval",
			handle:  s.metrics, response: metricsResponse{},
			query: append(sliceParameters(),
				parameter{"by", "one scorecard per day, week or month; the whole window when left out"},
				parameter{"format", "json (when left out) or csv"}),
		},
		{
			method: http.MethodGet, path: "/api/v1/metrics/compare", scope: Read,
			summary: "The figures of a slice and window under several definitions, and which rule makes which difference",
			handle:  s.compare, response: metrics.Comparison{},
			query: append(withoutParameter(sliceParameters(), "definition"),
				parameter{"definition", "a convention, as for metrics; given at least twice: the first is compared with each of the others"}),
		},
		s.explainRoute(),
	}
}

func (s *Server) metrics(r request) (reply, error) {
	q, err := s.question(r)
	if err != nil {
		return reply{}, err
	}
	format := r.URL.Query().Get("format")
	if format != "" && format != "json" && format != "csv" {
		return reply{}, fail(Invalid, fmt.Sprintf("format %q is neither json nor csv", shorten(format)))
	}
	names, err := s.names(r.Context(), sliceOf(r.URL.Query()))
	if err != nil {
		return reply{}, err
	}
	buckets, err := BucketsOf(q, r.URL.Query().Get("by"))
	if err != nil {
		return reply{}, fail(Invalid, "by: "+err.Error())
	}
	tallies, err := s.o.Store.Tallies(r.Context(), names, q, metrics.WindowsOf(buckets))
	if err == nil {
		err = unknownEnvironment(q, tallies)
	}
	if err != nil {
		return reply{}, err
	}
	series := Entries(metrics.Points(buckets, tallies, q))
	var answer metricsResponse
	done, total, before, err := s.o.Store.Rebuild(r.Context())
	if err != nil {
		return reply{}, err
	}
	if before && names == nil {
		answer.Rebuilding = &rebuilding{done, total}
	}
	if format == "csv" {
		var table bytes.Buffer
		err := WriteSeries(&table, series)
		return reply{Body: table.Bytes(), Type: "text/csv; charset=utf-8"}, err
	}
	var spread []metrics.Spread
	if len(names) > 1 && len(names) <= MostSpread && r.URL.Query().Get("by") == "" {
		if spread, err = s.spread(r.Context(), names, q); err != nil {
			return reply{}, err
		}
	}
	answer.Version, answer.Scorecards, answer.Spread = 1, series, spread
	return reply{JSON: answer}, nil
}

// spread measures each service of a slice by itself.
func (s *Server) spread(ctx context.Context, names []string, q metrics.Query) ([]metrics.Spread, error) {
	cards := make([]metrics.Scorecard, len(names))
	for i, name := range names {
		tallies, err := s.o.Store.Tallies(ctx, []string{name}, q, []metrics.Window{q.Window})
		if err != nil {
			return nil, err
		}
		cards[i] = metrics.Measure(tallies[0], q)
	}
	return metrics.Spreads(cards), nil
}

// mostCompared bounds the definitions of one comparison, each of which is walked to rule by rule.
const mostCompared = 8

func (s *Server) compare(r request) (reply, error) {
	q, err := s.question(r)
	if err != nil {
		return reply{}, err
	}
	names := listOf(r.URL.Query(), "definition")
	if len(names) < 2 || len(names) > mostCompared {
		return reply{}, fail(Invalid, fmt.Sprintf("definition: name from 2 to %d of them, definition=dora&definition=gitlab", mostCompared))
	}
	var definitions []metrics.Definition
	for _, name := range names {
		definition, err := s.definition(name)
		if err != nil {
			return reply{}, err
		}
		definitions = append(definitions, definition)
	}
	facts, err := s.factsOf(r.Context(), sliceOf(r.URL.Query()))
	if err != nil {
		return reply{}, err
	}
	return reply{JSON: metrics.CompareDefinitions(facts, q, definitions)}, nil
}
