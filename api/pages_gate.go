package api

import (
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// recentDecisions is how many decisions the page of the gate lists.
const recentDecisions = 50

func (s *Server) gatePage(r request) (reply, error) {
	m, err := s.look(r)
	if err != nil {
		return reply{}, err
	}
	name := param1(r.URL.Query(), "service")
	f := s.frame(r, m, "Gate", "gate")
	f.Windowed, f.Extra = true, []string{"service", name}
	f.Lead = "Whether a change may go to production now, by criteria agreed beforehand. A rollback or a fix always passes."
	p := reports.Gate{Frame: f, Server: "http://" + r.Host}
	if r.TLS != nil {
		p.Server = "https://" + r.Host
	}
	q := s.query(f, "")
	for _, service := range m.services {
		row, steps, err := s.row(r.Context(), m, service, q)
		if err != nil {
			return reply{}, err
		}
		p.Rows = append(p.Rows, reports.GateRow{Service: service.Name, Tier: string(row.Service.Tier), GateNow: row.Gate, Steps: steps})
	}
	for i := range p.Rows {
		if p.Rows[i].Service == name || name == "" && len(p.Rows) == 1 {
			p.Chosen = &p.Rows[i]
		}
	}
	if name != "" && p.Chosen == nil {
		_, err := s.known(r.Context(), name)
		return reply{}, err
	}
	if p.Decisions, _, err = s.o.Store.Decisions(r.Context(), name, "", recentDecisions); err != nil {
		return reply{}, err
	}
	return s.html(p)
}

func (s *Server) decisionPage(r request) (reply, error) {
	logged, err := s.o.Store.Decision(r.Context(), r.param("id"))
	if s.is(err, NotFound) {
		return reply{}, fail(NotFound, "no decision has the id "+shorten(r.param("id"))+"; /gate lists the recent ones")
	}
	if err != nil {
		return reply{}, err
	}
	p := reports.Decision{Frame: s.frame(r, moment{now: s.o.Clock()}, "A decision of the gate", "gate"), Logged: logged}
	switch _, same, err := gate.Replay(logged); {
	case err != nil:
		p.Replay = "The policy or input that was kept cannot be judged by this version: " + err.Error() + "."
	case same:
		p.Replay, p.Same = "Judged again from the policy and input that were kept, it comes out as the same bytes.", true
	default:
		p.Replay = "Judged again from the policy and input that were kept, this version decides differently."
	}
	return s.html(p)
}
