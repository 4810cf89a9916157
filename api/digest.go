package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/reports"
)

// digestFormats are those of digests, the first where none is named.
func digestFormats() []string { return []string{"md", "txt", "html", "json"} }

func (s *Server) digestRoutes() []route {
	digest := func(path, summary string) route {
		return route{
			method: http.MethodGet, path: "/api/v1/digests/" + path, scope: Read, handle: s.digestFile, response: reports.DocumentJSON{}, summary: summary,
			query: []parameter{
				{"format", "md (when left out), txt, html or json"},
				{"base", "the address of this server for people, before the paths of links"},
			},
		}
	}
	return []route{
		digest("leadership", "What changed in the organisation beyond noise over four weeks, and what is unfinished"),
		digest("teams/:team", "What changed for a team beyond noise over four weeks, and what is unfinished"),
	}
}

func (s *Server) digestFile(r request) (reply, error) {
	q := r.URL.Query()
	format := cmp.Or(q.Get("format"), digestFormats()[0])
	if !slices.Contains(digestFormats(), format) {
		return reply{}, fail(Invalid, "there is no format "+shorten(format)+" of a digest: ask for md, txt, html or json")
	}
	if base, err := url.Parse(q.Get("base")); err != nil || q.Get("base") != "" && (base.Host == "" || base.Scheme != "http" && base.Scheme != "https") {
		return reply{}, fail(Invalid, "base is no address like https://shiphabit.example.org")
	}
	body, err := s.digestFor(r.Context(), digestAsk{r.param("team"), q.Get("base"), r.caller}, format)
	header := http.Header{}
	if format == "html" {
		header.Set("Content-Security-Policy", documentPolicy)
	}
	return reply{Body: body, Type: cmp.Or(documentTypes[format], "text/plain; charset=utf-8"), Header: header}, err
}

// Digest writes the digest of a team for the team, or that of leadership where none is named. Base is what its links begin with.
func (s *Server) Digest(ctx context.Context, team, base, format string) ([]byte, error) {
	return s.digestFor(ctx, digestAsk{team, base, program}, format)
}

// digestAsk says which digest is wanted: of leadership where no team is named. Base is what its links begin with.
type digestAsk struct {
	team, base string
	reader     caller
}

func (s *Server) digestFor(ctx context.Context, a digestAsk, format string) ([]byte, error) {
	m, err := s.lookAt(ctx, time.Time{})
	if err != nil {
		return nil, err
	}
	d, err := s.digest(ctx, m, a)
	if err != nil {
		return nil, err
	}
	return s.written(ctx, d, format)
}

func (s *Server) digest(ctx context.Context, m moment, a digestAsk) (reports.Document, error) {
	team := a.team
	names := teamsOf(m.services)[team]
	if team != "" && len(names) == 0 {
		return reports.Document{}, fail(NotFound, "no service belongs to a team called "+shorten(team)+"; /reports lists the teams known")
	}
	m, err := s.ofTeam(ctx, m, names)
	if err != nil {
		return reports.Document{}, err
	}
	of := s.tallies(ctx, names...)
	now := m.now.In(s.o.Zone)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, s.o.Zone)
	weeks := today.AddDate(0, 0, -28).Format(time.DateOnly) + "/" + today.AddDate(0, 0, -1).Format(time.DateOnly)
	b, err := s.basis(ctx, m, Ask{Period: weeks}, of, "digest")
	if err != nil {
		return reports.Document{}, err
	}
	b.Period.Than = "the four weeks before"
	in := reports.Digest{Basis: b, Team: team, Base: a.base}
	own := m
	if team != "" {
		own.services = slices.DeleteFunc(slices.Clone(m.services), func(of metrics.Service) bool { return of.Team != team })
	}
	week := s.about(metrics.Window{From: today.AddDate(0, 0, -7), To: today}, m, "digest")
	tallies, err := of(week, week.Window)
	if err != nil {
		return reports.Document{}, err
	}
	in.Week = metrics.Measure(tallies[0], week)
	if in.Rows, err = s.unfinished(ctx, own, today); err != nil {
		return reports.Document{}, err
	}
	whole := today.AddDate(0, 0, -int((today.Weekday()-s.o.Definition.WeekStart+7)%7))
	if in.Weeks, err = series(of, s.about(metrics.Window{From: whole.AddDate(0, 0, -7*digestWeeks), To: whole}, m, "digest"), "week"); err != nil {
		return reports.Document{}, err
	}
	if team != "" {
		in.Diagnosis = narrowed(in.Diagnosis, names)
	}
	err = s.digestRounds(ctx, &in, a.reader)
	return reports.WeeklyDigest(in), err
}

// digestWeeks is the number of whole weeks that a digest draws: as many as an index looks back.
const digestWeeks = 12

// Letter is the digest as a mail, of a team or of leadership where none is named.
func (s *Server) Letter(ctx context.Context, team, base string) (reports.Letter, error) {
	m, err := s.lookAt(ctx, time.Time{})
	if err != nil {
		return reports.Letter{}, err
	}
	d, err := s.digest(ctx, m, digestAsk{team, base, program})
	if err != nil {
		return reports.Letter{}, err
	}
	return s.o.Site.Letter(ctx, d)
}

// unfinished are the services of a moment, every one, with their figures of the last ninety days.
func (s *Server) unfinished(ctx context.Context, m moment, today time.Time) ([]reports.ServiceRow, error) {
	rows, err := s.allStandings(ctx, m)
	if err != nil {
		return nil, err
	}
	return rows, s.measureRows(ctx, rows, s.about(metrics.Window{From: today.AddDate(0, 0, -90), To: m.now}, m, ""))
}

// digestRounds adds the rounds that take answers, and what came of a team's rounds that are over and shown to who asks.
func (s *Server) digestRounds(ctx context.Context, in *reports.Digest, who caller) error {
	rounds, err := s.o.Store.Rounds(ctx)
	if err != nil {
		return err
	}
	if in.Team != "" {
		over, _ := who.seen(roundsOver(rounds, in.Team, in.AsOf))
		if in.Decided, err = s.decisionsOf(ctx, over); err != nil {
			return err
		}
	}
	in.Rounds = slices.DeleteFunc(rounds, func(r assessments.Round) bool {
		return r.State != assessments.Open || in.Team != "" && r.Team != in.Team
	})
	return nil
}
