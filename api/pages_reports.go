package api

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"shiphabit/reports"
)

// documentHeader is what a browser may do with a report of one file: show it, in its own style and with its own pictures.
const documentPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"

// documentTypes are the types of the formats of reports.
var documentTypes = map[string]string{
	"html": htmlType, "md": "text/markdown; charset=utf-8", "json": jsonType, "csv": "text/csv; charset=utf-8", "pdf": "application/pdf",
}

func (s *Server) documentRoutes() []route {
	report := func(path, audience, summary string) route {
		return route{
			method: http.MethodGet, path: "/api/v1/reports/" + path, scope: Read, handle: s.documentFile(audience), response: reports.DocumentJSON{},
			summary: summary,
			query: []parameter{
				{"period", "a quarter like 2026-Q3, a month like 2026-07, or two days like 2026-07-01/2026-07-15, both in it; the last complete quarter with a deployment when left out"},
				{"as_of", "what was known when; now when left out"},
				{"edition", "the edition that names the levels; the newest when left out"},
				{"format", "json (when left out), html, md, csv, or pdf where the server has Chromium"},
				{"paper", "a4 (when left out) or letter, for pdf"},
				{"from", "first day, in place of a period"},
				{"to", "last day, in place of a period; it belongs to it"},
			},
		}
	}
	return []route{
		report("leadership", forLeadership, "The report on the organisation: what moved, what teams share, what the gate stopped"),
		report("teams/:team", forTeam, "The report on one team: its services, and what it says beside what its records show"),
		report("services/:service", forService, "The report on one service"),
	}
}

// ask reads which report a request wants.
func (s *Server) askOf(r request, audience string) (Ask, error) {
	q := r.URL.Query()
	a := Ask{reader: r.caller, Audience: audience, Period: q.Get("period"), Edition: q.Get("edition"), Paper: q.Get("paper"), Name: cmp.Or(r.param("team"), r.param("service"))}
	if q.Get("from") != "" || q.Get("to") != "" {
		if a.Period != "" {
			return a, fail(Invalid, "period and from or to exclude each other")
		}
		a.Period = q.Get("from") + "/" + q.Get("to")
	}
	if !q.Has("as_of") {
		return a, nil
	}
	var err error
	a.AsOf, err = s.instantIn(r, "as_of", s.o.Zone)
	return a, err
}

// documentFile answers with a report in the format asked for.
func (s *Server) documentFile(audience string) handler {
	return func(r request) (reply, error) {
		a, err := s.askOf(r, audience)
		if err != nil {
			return reply{}, err
		}
		return s.file(r, a, cmp.Or(r.URL.Query().Get("format"), "json"))
	}
}

func (s *Server) file(r request, a Ask, format string) (reply, error) {
	d, err := s.document(r.Context(), a)
	if err != nil {
		return reply{}, err
	}
	body, err := s.written(r.Context(), d, format)
	if err != nil {
		return reply{}, err
	}
	header := http.Header{"Content-Disposition": {fmt.Sprintf("inline; filename=%q", FileName(d)+"."+format)}}
	if format == "html" {
		header.Set("Content-Security-Policy", documentPolicy)
	}
	return reply{Body: body, Type: documentTypes[format], Header: header}, nil
}

var unfit = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// FileName is what a report is called as a file, without the end that tells its format.
func FileName(d reports.Document) string {
	parts := []string{d.Audience}
	if d.Audience != forLeadership {
		parts = append(parts, d.Subject)
	}
	return strings.Trim(unfit.ReplaceAllString(strings.Join(append(parts, d.Period.Name), "-"), "-"), "-.")
}

// reportPage shows a report with ways to its other periods and formats, or, where the address names a format, hands it out as a file.
func (s *Server) reportPage(audience string) handler {
	return func(r request) (reply, error) {
		a, err := s.askOf(r, audience)
		if err != nil {
			return reply{}, err
		}
		if format := r.URL.Query().Get("format"); format != "" {
			return s.file(r, a, format)
		}
		d, err := s.document(r.Context(), a)
		if err != nil {
			return reply{}, err
		}
		d.Marks = slices.DeleteFunc(slices.Clone(d.Marks), func(mark string) bool { return mark == s.o.Site.Notice() }) // the page has it already
		path := r.URL.EscapedPath()
		p := reports.Report{Doc: d, Frame: reports.Frame{
			Title: d.Title, Lead: d.Lead, Place: d.Subject, Path: path, Nav: "reports", AsOf: d.AsOf, JSON: "/api/v1" + path + "?period=" + url.QueryEscape(d.Period.Name),
			Extra: []string{"period", d.Period.Name, "edition", a.Edition},
		}}
		if r.URL.Query().Get("as_of") != "" {
			p.View.AsOf = r.URL.Query().Get("as_of")
		}
		for _, format := range []struct{ word, name string }{{"PDF", "pdf"}, {"HTML", "html"}, {"Markdown", "md"}, {"CSV", "csv"}} {
			p.Formats = append(p.Formats, reports.Choice{Word: format.word, Href: p.Link(path, append(slices.Clone(p.Extra), "format", format.name)...)})
		}
		p.Periods = s.periods(d, path)
		return s.charted(r, p)
	}
}

// periods are the quarters up to the running one, four of them, and the period shown where it is none of these.
func (s *Server) periods(d reports.Document, path string) []reports.Choice {
	var choices []reports.Choice
	shown := false
	for p := reports.QuarterOf(s.o.Clock(), s.o.Zone); len(choices) < 5; p = reports.QuarterOf(p.Before.From, s.o.Zone) {
		current := p.Name == d.Period.Name
		shown = shown || current
		choices = append(choices, reports.Choice{Word: p.Name, Href: path + "?period=" + p.Name, Current: current})
	}
	if !shown {
		choices = append(choices, reports.Choice{Word: d.Period.Name, Href: path + "?period=" + url.QueryEscape(d.Period.Name), Current: true})
	}
	slices.Reverse(choices)
	return choices
}

// reportsPage lists what reports there are.
func (s *Server) reportsPage(r request) (reply, error) {
	m, err := s.look(r)
	if err != nil {
		return reply{}, err
	}
	p := reports.Reports{Frame: reports.Frame{
		Title: "Reports", Path: "/reports", Nav: "reports", AsOf: m.now, Place: m.reading.Place, JSON: "/api/v1/reports/leadership",
		Lead: "Documents to read, print and hand on: the same figures as the pages, for a quarter, a month or some days.",
	}}
	running := reports.QuarterOf(m.now, s.o.Zone)
	if !m.first.IsZero() && m.first.Before(running.Window.From) {
		p.Leadership = append(p.Leadership, reports.Choice{Word: "The last complete quarter", Href: "/reports/leadership"})
	}
	p.Leadership = append(p.Leadership, reports.Choice{Word: "The running quarter, " + running.Name, Href: "/reports/leadership?period=" + running.Name})
	for _, team := range slices.Sorted(maps.Keys(teamsOf(m.services))) {
		p.Teams = append(p.Teams, reports.Cell{Text: team, Href: "/reports/teams/" + url.PathEscape(team)})
	}
	p.More = max(0, len(m.services)-servicesPerPage)
	for _, service := range m.services[:min(len(m.services), servicesPerPage)] {
		p.Services = append(p.Services, reports.Cell{Text: service.Name, Href: "/reports/services/" + url.PathEscape(service.Name)})
	}
	return s.html(p)
}
