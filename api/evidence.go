package api

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/reports"
)

// evidence is what the records of the round's services show at the end of its window.
func (s *Server) evidence(ctx context.Context, round assessments.Round) ([]assessments.Evidence, error) {
	records, err := s.evidenceRecords(ctx, round)
	if err != nil {
		return nil, err
	}
	return assessments.EvidenceOf(records, round.Window.To, s.o.Calendar("", round.Team), s.o.Thresholds), nil
}

// evidenceRecords reads what the evidence rests on. A service that is gone shows nothing.
func (s *Server) evidenceRecords(ctx context.Context, round assessments.Round) (records assessments.Records, err error) {
	for _, service := range round.Services {
		f, err := s.o.Store.Facts(ctx, service)
		if s.is(err, NotFound) {
			continue
		}
		if err != nil {
			return records, err
		}
		records.Services = append(records.Services, f)
		if s.o.Readiness != nil {
			records.Readiness = append(records.Readiness, s.o.Readiness(service))
		}
	}
	services, err := s.o.Store.Services(ctx)
	if err != nil || !anotherTeam(services, round.Team) {
		return records, err
	}
	deployed, err := s.o.Store.Deployed(ctx, assessments.NeighbourWindow(round.Window.To))
	records.Neighbours = assessments.NeighboursOf(round.Team, round.Services, services, deployed)
	return records, err
}

// anotherTeam reports whether anything belongs to another team; mostly, a try has one team only.
func anotherTeam(services []metrics.Service, team string) bool {
	return slices.ContainsFunc(services, func(s metrics.Service) bool { return s.Team != "" && s.Team != team })
}

// explainedEvidence opens one piece of evidence of a round.
func (s *Server) explainedEvidence(r request, id, evidence string) (assessments.Round, assessments.Explanation, error) {
	ctx := r.Context()
	round, err := s.o.Store.Round(ctx, id)
	if s.is(err, NotFound) {
		return round, assessments.Explanation{}, fail(NotFound, "there is no round "+shorten(id))
	}
	if err != nil {
		return round, assessments.Explanation{}, err
	}
	if err := r.caller.maySee(round); err != nil {
		return round, assessments.Explanation{}, err
	}
	all, err := s.evidence(ctx, round)
	if err != nil {
		return round, assessments.Explanation{}, err
	}
	x, found := assessments.Explain(all, strings.ToUpper(evidence))
	if !found {
		return round, x, fail(NotFound, fmt.Sprintf("there is no evidence %q; there are E1 to E5", shorten(evidence)))
	}
	replies, err := s.o.Store.Replies(ctx, round.ID)
	for _, reply := range replies {
		if q, asked := round.Set.Question(reply.Question); asked && q.Evidence == x.ID {
			x.Replies = append(x.Replies, reply)
		}
	}
	return round, x, err
}

func (s *Server) evidenceOf(r request) (reply, error) {
	_, x, err := s.explainedEvidence(r, r.param("id"), r.param("evidence"))
	return reply{JSON: x}, err
}

func (s *Server) evidencePage(r request) (reply, error) {
	round, x, err := s.explainedEvidence(r, r.param("round"), r.param("evidence"))
	if err != nil {
		return reply{}, err
	}
	f := s.frame(r, moment{now: s.o.Clock()}, "How this level is made", "assessments")
	f.Place = round.Team
	f.JSON = "/api/v1/assessments/" + url.PathEscape(round.ID) + "/evidence/" + x.ID
	page, _ := strconv.Atoi(r.URL.Query().Get("page")) // whatever is no number is the first page
	return s.html(reports.EvidencePage(f, round, x, page))
}
