package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// Ask says which report is wanted.
type Ask struct {
	Audience string // one of the audiences
	Name     string // of the team or service
	// Period is a quarter, a month or two days, as reports.ParsePeriod reads it; empty for the last complete quarter with a deployment.
	Period  string
	AsOf    time.Time // zero for now
	Edition string    // empty for the newest
	Paper   string    // one of reports.Papers, for PDF; empty for the first
	// reader is who gets it; nobody in particular sees what everybody may.
	reader caller
}

// The audiences of reports.
const (
	forLeadership = "leadership"
	forTeam       = "team"
	forService    = "service"
)

// Audiences are those for whom there are reports.
func Audiences() []string { return []string{forLeadership, forTeam, forService} }

// Formats are those in which the server writes a report without a browser.
func Formats() []string { return []string{"html", "md", "json", "csv"} }

// Report makes a report for whoever holds the database, and writes it in formats.
func (s *Server) Report(ctx context.Context, a Ask, formats ...string) ([][]byte, error) {
	a.reader = program
	d, err := s.document(ctx, a)
	if err != nil {
		return nil, err
	}
	files := make([][]byte, len(formats))
	for i, format := range formats {
		if files[i], err = s.written(ctx, d, format); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// written is a document in a format.
func (s *Server) written(ctx context.Context, d reports.Document, format string) ([]byte, error) {
	var out bytes.Buffer
	var err error
	switch format {
	case "html", "pdf":
		if s.o.Site == nil {
			return nil, fail(Unavailable, "this server has no pages; ask for md, json or csv")
		}
		if format == "pdf" && d.Paper == "" {
			d.Paper = reports.Papers()[0]
		}
		if err = s.o.Site.Document(ctx, &out, d); errors.Is(err, reports.ErrTooLong) {
			err = fail(Unavailable, err.Error())
		}
	case "md":
		err = d.Markdown(&out)
	case "json":
		err = d.JSON(&out)
	case "csv":
		err = d.CSV(&out)
	case "txt":
		err = d.PlainText(&out)
	default:
		err = fail(Invalid, fmt.Sprintf("there is no format %q: ask for html, md, json, csv or pdf", shorten(format)))
	}
	if err != nil || format != "pdf" {
		return out.Bytes(), err
	}
	return s.printed(ctx, out.Bytes())
}

// printed turns a document into PDF, one at a time.
func (s *Server) printed(ctx context.Context, html []byte) ([]byte, error) {
	if s.o.Print == nil {
		return nil, fail(Unavailable, "this server does not print; ask for html and print it from a browser: it prints the same")
	}
	select {
	case s.printing <- struct{}{}:
		defer func() { <-s.printing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	pdf, err := s.o.Print(ctx, html)
	if err != nil && ctx.Err() == nil {
		return nil, &Error{Kind: Unavailable, Detail: err.Error(), Cause: err}
	}
	return pdf, err
}

// document makes a report.
func (s *Server) document(ctx context.Context, a Ask) (d reports.Document, err error) {
	if a.Paper != "" && !slices.Contains(reports.Papers(), a.Paper) {
		return d, fail(Invalid, fmt.Sprintf("there is no paper %q: ask for %s", shorten(a.Paper), strings.Join(reports.Papers(), " or ")))
	}
	defer func() { d.Paper, d.Address = a.Paper, strings.TrimRight(s.o.PublicURL, "/") }()
	m, err := s.lookAt(ctx, a.AsOf)
	if err != nil {
		return reports.Document{}, err
	}
	switch a.Audience {
	case forLeadership:
		return s.leadershipDocument(ctx, m, a)
	case forTeam:
		return s.teamDocument(ctx, m, a)
	case forService:
		return s.serviceDocument(ctx, m, a)
	}
	return reports.Document{}, fail(Invalid, fmt.Sprintf("there is no report for %q: ask for %s", shorten(a.Audience), strings.Join(Audiences(), ", ")))
}

// earlierOf is an instant, but now when it is zero or to come.
func earlierOf(at, now time.Time) time.Time {
	if at.IsZero() || at.After(now) {
		return now
	}
	return at
}

// mostQuarters bounds how far back the last quarter with a deployment is looked for.
const mostQuarters = 60

// periodOf reads a period; where none is named, it is the last complete quarter in which something was deployed, else the running one.
func (s *Server) periodOf(word string, m moment, of tallier) (reports.Period, error) {
	if word != "" {
		p, err := reports.ParsePeriod(word, s.o.Zone)
		if err == nil && !p.Window.From.Before(m.now) {
			err = fmt.Errorf("the period %s has not begun", word)
		}
		if err != nil {
			return p, fail(Invalid, "period: "+err.Error())
		}
		return p, nil
	}
	running := reports.QuarterOf(m.now, s.o.Zone)
	var quarters []reports.Period
	for p := running; !m.first.IsZero() && p.Window.From.After(m.first) && len(quarters) < mostQuarters; {
		p = reports.QuarterOf(p.Before.From, s.o.Zone)
		quarters = append(quarters, p)
	}
	if len(quarters) == 0 {
		return running, nil
	}
	slices.Reverse(quarters)
	windows := make([]metrics.Window, len(quarters))
	for i, p := range quarters {
		windows[i] = p.Window
	}
	tallies, err := of(s.about(metrics.Window{From: windows[0].From, To: running.Window.From}, m, ""), windows...)
	if err != nil {
		return running, err
	}
	for i, t := range slices.Backward(tallies) {
		if t.Rollouts > 0 {
			return quarters[i], nil
		}
	}
	return running, nil
}

// about is the question of a document's figures.
func (s *Server) about(w metrics.Window, m moment, slice string) metrics.Query {
	return metrics.Query{Slice: slice, Window: w, AsOf: m.now, Zone: s.o.Zone, Kind: metrics.Production, Definition: s.o.Definition}
}

// basis measures what every document shows.
func (s *Server) basis(ctx context.Context, m moment, a Ask, of tallier, slice string) (reports.Basis, error) {
	b := reports.Basis{Place: m.reading.Place, Origin: m.reading.Says, Doubts: m.reading.Doubts, AsOf: m.now, Zone: s.o.Zone, First: m.first, Program: s.o.Version}
	if s.o.Site != nil && s.o.Site.Notice() != "" {
		b.Marks = []string{s.o.Site.Notice()}
	}
	var err error
	if b.Period, err = s.periodOf(a.Period, m, of); err != nil {
		return b, err
	}
	if b.Card, _, b.Moves, err = measuredBeside(m, of, s.about(b.Period.Window, m, slice), s.about(b.Period.Before, m, slice)); err != nil {
		return b, err
	}
	editions := editionNames()
	edition := a.Edition
	if edition == "" {
		edition = editions[len(editions)-1]
	}
	if b.Levels, err = metrics.Levels(b.Card, edition); err != nil {
		return b, fail(Invalid, err.Error())
	}
	year := metrics.Window{From: b.Period.Window.To.AddDate(-1, 0, 0), To: b.Period.Window.To}
	if b.Trend, err = series(of, s.about(year, m, slice), "month"); err != nil {
		return b, err
	}
	q := s.doctorQuestion(metrics.Window{From: b.Period.Window.From, To: m.now}, "", "")
	b.Diagnosis, _, err = s.diagnose(ctx, q)
	return b, err
}

// narrowed keeps the findings about some services, and those about a source or everything.
func narrowed(d doctor.Diagnosis, services []string) doctor.Diagnosis {
	d.Findings = slices.DeleteFunc(slices.Clone(d.Findings), func(f doctor.Finding) bool {
		return f.Service != "" && !slices.Contains(services, f.Service)
	})
	return d
}

// endOf is the end of a period, or the moment where it is not over.
func endOf(p reports.Period, m moment) time.Time { return earlierOf(p.Window.To, m.now) }

// boardOf counts what the gate did in a period for the services wanted.
func (s *Server) boardOf(ctx context.Context, p reports.Period, m moment, wanted func(service string) bool) (gate.Scoreboard, error) {
	ledger, err := s.ledger(ctx, p.Window.From, endOf(p, m))
	if err != nil {
		return gate.Scoreboard{}, err
	}
	ledger.Decisions = slices.DeleteFunc(ledger.Decisions, func(d gate.Scored) bool { return !wanted(d.Service) })
	ledger.Overrides = slices.DeleteFunc(ledger.Overrides, func(o gate.Override) bool { return !wanted(o.Service) })
	if err := s.stand(ctx, &ledger, wanted); err != nil {
		return gate.Scoreboard{}, err
	}
	board := ledger.Scoreboard()
	ledger.To = m.now // what was stopped may have gone out, and failed, after the period
	board.Stops = ledger.Scoreboard().Stops
	return board, nil
}
