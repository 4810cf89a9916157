package api

import (
	"net/http"
	"strings"

	"shiphabit/metrics"
	"shiphabit/reports"
)

// badgeFigures are the figures that have badges, by the name in the address.
var badgeFigures = map[string]string{
	"deployment_frequency": metrics.FigureFrequency, "change_lead_time": metrics.FigureLeadTime, "change_fail_rate": metrics.FigureFailRate, "recovery": metrics.FigureRecovery,
	"index": "", "gate": "",
}

func (s *Server) badgeRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/badges/:service/:figure", scope: Read, handle: s.badge,
		summary: "A figure of a service as a small picture, for a README: deployment_frequency.svg, change_lead_time.svg, change_fail_rate.svg, recovery.svg (all of the last 90 days), index.svg, gate.svg (as of now)",
	}}
}

func (s *Server) badge(r request) (reply, error) {
	name, found := strings.CutSuffix(r.param("figure"), ".svg")
	figure, known := badgeFigures[name]
	if !found || !known {
		return reply{}, fail(NotFound, "there is no badge "+shorten(r.param("figure"))+"; there is deployment_frequency.svg, change_lead_time.svg, change_fail_rate.svg, recovery.svg, index.svg, gate.svg")
	}
	service, err := s.known(r.Context(), r.param("service"))
	if err != nil {
		return reply{}, err
	}
	b, err := s.badgeOf(r, service, name, figure)
	header := http.Header{"Cache-Control": {"max-age=300"}, "Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"}}
	return reply{Body: b.SVG(), Type: "image/svg+xml", Header: header}, err
}

func (s *Server) badgeOf(r request, service metrics.Service, name, figure string) (reports.Badge, error) {
	ctx, now := r.Context(), s.o.Clock()
	switch name {
	case "index":
		rows, err := s.indexed(ctx, []metrics.Service{service}, now)
		if err != nil || len(rows) == 0 {
			return reports.Badge{Label: "event to habit", Value: "no data"}, err
		}
		return reports.IndexBadge(rows[0].Index), nil
	case "gate":
		stands, err := s.standingOf(ctx, service, string(metrics.Production))
		return reports.Badge{Label: "release gate", Value: string(stands.decision.Verdict), Known: stands.decision.Verdict != ""}, err
	}
	window, err := metrics.ParseWindow("", "", now, s.o.Zone)
	if err != nil {
		return reports.Badge{}, err
	}
	q := s.about(window, moment{now: now}, "service "+service.Name)
	tallies, err := s.tallies(ctx, service.Name)(q, q.Window)
	if err != nil {
		return reports.Badge{}, err
	}
	return reports.Basis{Card: metrics.Measure(tallies[0], q)}.Badge(figure), nil
}
