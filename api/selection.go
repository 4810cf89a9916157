package api

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// sliceParameters choose what a figure is of.
func sliceParameters() []parameter {
	return []parameter{
		{"service", "only this service; may be given several times, or names separated by commas"},
		{"team", "only services of this team; several as above"},
		{"tier", "only services of this tier: critical, high, standard, low; several as above"},
		{"env", "kind of environment: production (when left out), staging, testing, development; or one environment by name"},
		{"repository", "only deployments built from this repository; several as above"},
		{"branch", "only deployments of this branch or tag; several as above"},
		{"label", "only deployments with this label, name=value; of several all"},
		{"from", "start of the window, a date or an RFC 3339 time; when left out it holds 90 days, the last one included"},
		{"to", "end of the window, not part of it; now when left out"},
		{"as_of", "what was known when; now when left out"},
		{"definition", "the convention: dora (when left out), devlake, gitlab, fourkeys, middleware, pelorus, or one of the organisation's own"},
		{"zone", "time zone of days and weeks, like Europe/Berlin; the organisation's when left out"},
	}
}

func withoutParameter(all []parameter, name string) []parameter {
	return slices.DeleteFunc(all, func(p parameter) bool { return p.name == name })
}

// slice is what a figure is of, as asked for.
type slice struct{ services, teams, tiers []string }

func sliceOf(q url.Values) slice {
	return slice{listOf(q, "service"), listOf(q, "team"), listOf(q, "tier")}
}

func listOf(q url.Values, name string) []string {
	var all []string
	for _, value := range q[name] {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

// String says in words what the slice holds.
func (s slice) String() string {
	var parts []string
	for _, of := range []struct {
		word   string
		values []string
	}{{"service", s.services}, {"team", s.teams}, {"tier", s.tiers}} {
		for _, value := range of.values {
			parts = append(parts, of.word+" "+value)
		}
	}
	if parts == nil {
		return "all services"
	}
	return strings.Join(parts, ", ")
}

func (s slice) narrow() bool { return len(s.services)+len(s.teams)+len(s.tiers) > 0 }

func (s slice) holds(service metrics.Service) bool {
	fits := func(wanted []string, value string) bool { return len(wanted) == 0 || slices.Contains(wanted, value) }
	return fits(s.services, service.Name) && fits(s.teams, service.Team) && fits(s.tiers, string(service.Tier))
}

// names are the services of a slice; none when it is not narrow, which means all. A slice that fits no service is an error: an
// empty figure would look like an answer.
func (s *Server) names(ctx context.Context, of slice) ([]string, error) {
	if !of.narrow() {
		return nil, nil
	}
	services, err := s.o.Store.Services(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, service := range services {
		if of.holds(service) {
			names = append(names, service.Name)
		}
	}
	if names == nil {
		return nil, fail(NotFound, of.String()+" fits no service; /api/v1/services lists those known")
	}
	return names, nil
}

// factsOf reads the facts of a slice.
func (s *Server) factsOf(ctx context.Context, of slice) ([]metrics.Facts, error) {
	names, err := s.names(ctx, of)
	if err != nil {
		return nil, err
	}
	if names == nil {
		return s.o.Store.AllFacts(ctx)
	}
	facts := make([]metrics.Facts, len(names))
	for i, name := range names {
		if facts[i], err = s.o.Store.Facts(ctx, name); err != nil {
			return nil, err
		}
	}
	return facts, nil
}

// question reads window, moment, environment, zone and definition of a request.
func (s *Server) question(r request) (metrics.Query, error) {
	q := r.URL.Query()
	zone, err := s.zone(q.Get("zone"))
	if err != nil {
		return metrics.Query{}, err
	}
	window, err := metrics.ParseWindow(q.Get("from"), q.Get("to"), s.o.Clock(), zone)
	if err != nil {
		return metrics.Query{}, fail(Invalid, err.Error())
	}
	asOf, err := s.instantIn(r, "as_of", zone)
	if err != nil {
		return metrics.Query{}, err
	}
	filter, err := filterOf(q)
	if err != nil {
		return metrics.Query{}, err
	}
	kind := metrics.EnvironmentKind(q.Get("env"))
	if kind != "" && !slices.Contains(metrics.EnvironmentKinds(), kind) {
		filter.Environments = []string{string(kind)}
		if kind, err = s.o.Store.KindOf(r.Context(), string(kind)); err != nil {
			return metrics.Query{}, err
		}
	}
	definition, err := s.definition(q.Get("definition"))
	if err != nil {
		return metrics.Query{}, err
	}
	return metrics.Query{Slice: sliceWords(q), Window: window, AsOf: asOf, Zone: zone, Kind: kind, Definition: definition, Filter: filter}.Completed(), nil
}

// filterOf narrows a question within its services.
func filterOf(q url.Values) (metrics.Filter, error) {
	labels, err := metrics.LabelsOf(listOf(q, "label"))
	if err != nil {
		return metrics.Filter{}, fail(Invalid, err.Error())
	}
	return metrics.Filter{Repositories: listOf(q, "repository"), Refs: listOf(q, "branch"), Labels: labels}, nil
}

// sliceWords says what a question is about.
func sliceWords(q url.Values) string {
	words := sliceOf(q).String()
	for _, name := range []string{"env", "repository", "branch", "label"} {
		for _, value := range listOf(q, name) {
			if name != "env" || value != string(metrics.Production) {
				words += ", " + name + " " + value
			}
		}
	}
	return words
}

// unknownEnvironment refuses an answer about an environment to which nothing is known to have gone.
func unknownEnvironment(q metrics.Query, tallies []metrics.Tally) error {
	if !q.Filter.Misses(tallies) {
		return nil
	}
	return fail(NotFound, fmt.Sprintf("nothing is known of an environment called %q in this window; env is one of production, staging, testing, development, "+
		"or the name of one environment", shorten(q.Filter.Environments[0])))
}

// definition finds a definition by name: the server's own when none is named.
func (s *Server) definition(name string) (metrics.Definition, error) {
	if name == "" {
		return s.o.Definition, nil
	}
	definition, err := metrics.DefinitionNamed(shorten(name), append([]metrics.Definition{s.o.Definition}, s.o.Definitions...)...)
	if err != nil {
		return definition, fail(Invalid, err.Error())
	}
	return definition, nil
}

func (s *Server) zone(name string) (*time.Location, error) {
	if name == "" {
		return s.o.Zone, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // the zone of the machine is nobody's question
		return nil, fail(Invalid, fmt.Sprintf("zone %q is no time zone; write it like Europe/Berlin", shorten(name)))
	}
	return zone, nil
}

// instant reads a moment from the query: now when left out.
func (s *Server) instant(r request, name string) (time.Time, error) {
	return s.instantIn(r, name, s.o.Zone)
}

func (s *Server) instantIn(r request, name string, zone *time.Location) (time.Time, error) {
	word := r.URL.Query().Get(name)
	window, err := metrics.ParseWindow("0001-01-01", word, s.o.Clock(), zone)
	if err != nil {
		return time.Time{}, fail(Invalid, fmt.Sprintf("%s %q is neither a date like 2026-03-01 nor a time like 2026-03-01T09:00:00Z", name, shorten(word)))
	}
	return window.To, nil
}
