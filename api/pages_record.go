package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// listedCorrections is how many corrections a record's page shows.
const listedCorrections = 20

// recordPage shows one rollout or incident, and takes what somebody knows to be wrong with it.
func (s *Server) recordPage(r request) (reply, error) {
	p, _, err := s.record(r)
	if err != nil {
		return reply{}, err
	}
	return s.html(p)
}

// record is the page of the record that the address names, with the facts of its service.
func (s *Server) record(r request) (reports.Record, metrics.Facts, error) {
	service, err := s.known(r.Context(), r.param("service"))
	if err != nil {
		return reports.Record{}, metrics.Facts{}, err
	}
	facts, err := s.o.Store.Facts(r.Context(), service.Name)
	if err != nil {
		return reports.Record{}, facts, err
	}
	id := param1(r.URL.Query(), "id")
	f := s.gateFrame(r, "A record of "+service.Name)
	f.Nav, f.JSON = "services", reports.FactsJSON(service.Name)
	p, found := reports.RecordOf(f, facts, id, s.o.Clock())
	if p.Corrections, err = s.o.Store.Corrections(r.Context(), service.Name, ""); err != nil {
		return p, facts, err
	}
	if !found && !slices.ContainsFunc(p.Corrections, func(c metrics.Correction) bool { return meant(c.Record, id) }) {
		return p, facts, fail(NotFound, service.Name+" has no deployment and no incident with the id "+shorten(id)+"; its page lists those it has")
	}
	p.Title, p.Place, p.CSRF, p.May = p.Name(), p.What()+" of "+service.Name, r.csrf, r.caller.may(Admin)
	if p.More = len(p.Corrections) - listedCorrections; p.More > 0 {
		p.Corrections = p.Corrections[:listedCorrections]
	}
	p.More = max(p.More, 0)
	return p, facts, nil
}

// meant reports whether the id of a fact, "source/id", is that of a record.
func meant(k metrics.Key, id string) bool { return k.Source+"/"+k.ID == id }

// takeDispute shows what a correction would change, records it, or withdraws one.
func (s *Server) takeDispute(r request) (reply, error) {
	p, facts, err := s.record(r)
	if err != nil {
		return reply{}, err
	}
	if r.gin.PostForm("step") == "withdraw" {
		if p.Problem, err = s.withdrawn(r); err != nil || p.Problem != "" {
			return s.objected(p, err)
		}
		return reply{Location: p.Here() + "#corrections"}, nil
	}
	p.Chosen, p.Reason = r.gin.PostForm("what"), strings.TrimSpace(r.gin.PostForm("reason"))
	dispute, found := p.Dispute(p.Chosen)
	if !found {
		p.Problem = "Choose what is wrong: nothing was chosen, or it is not so any more."
		return s.objected(p, nil)
	}
	p.Given = given(r, p.Disputes(), dispute)
	meant, fault := p.Meant(dispute, p.Given)
	if fault != nil {
		p.Problem = sentence(fault.Error())
		return s.objected(p, nil)
	}
	stated, problem, err := s.stated(r, dispute, meant, p.Reason)
	if err != nil || problem != "" {
		p.Problem = problem
		return s.objected(p, err)
	}
	if r.gin.PostForm("step") != "record" {
		p.Preview, err = s.preview(r, p, facts, dispute, stated)
		if err != nil {
			return reply{}, err
		}
		return s.html(p)
	}
	for _, c := range stated {
		if _, err := s.o.Store.Correct(r.Context(), c, r.caller.Name); err != nil {
			return reply{}, err
		}
	}
	return reply{Location: p.Here() + "#corrections"}, nil
}

// given is the value that comes with a dispute: from its field of the form, or as the preview carries it.
func given(r request, all []metrics.Dispute, chosen metrics.Dispute) string {
	if chosen.Takes == "" {
		return ""
	}
	if value := r.gin.PostForm("given"); value != "" {
		return value
	}
	at := slices.IndexFunc(all, func(d metrics.Dispute) bool { return d.ID == chosen.ID })
	return strings.TrimSpace(r.gin.PostForm("given_" + strconv.Itoa(at)))
}

// objected shows the form again with what is wrong about it.
func (s *Server) objected(p reports.Page, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	answer, err := s.html(p)
	answer.Status = http.StatusUnprocessableEntity
	return answer, err
}

// stated are the corrections that a dispute amounts to; the problem says what is wrong with what was given.
func (s *Server) stated(r request, d metrics.Dispute, given, reason string) (list []metrics.Correction, problem string, err error) {
	statements, fault := d.State(given)
	if fault != nil {
		return nil, sentence(fault.Error()), nil
	}
	if d.Takes == "deployment" {
		if problem, err := s.unknownDeployment(r, given); problem != "" || err != nil {
			return nil, problem, err
		}
	}
	for _, one := range statements {
		key, err := s.o.Store.Record(r.Context(), one.Record)
		if err != nil {
			return nil, "", err
		}
		c, faults := metrics.NewCorrection(metrics.Correction{Record: key, Fields: one.Fields, Exclude: one.Exclude, Unlinked: one.Unlinked, Reason: reason})
		if len(faults) > 0 {
			return nil, sentence(faults[0].Field + ": " + faults[0].Problem + "; " + faults[0].Remedy), nil
		}
		list = append(list, c)
	}
	return list, "", nil
}

// unknownDeployment says that no deployment has an id, "source/id", among those of all services.
func (s *Server) unknownDeployment(r request, id string) (string, error) {
	source, rest, found := strings.Cut(id, "/")
	if found {
		_, err := s.o.Store.Record(r.Context(), source+"/"+string(metrics.TypeDeployment)+"/"+rest)
		if !s.is(err, NotFound) {
			return "", err
		}
	}
	return "No deployment is called " + shorten(id) + ": name it as source/id, as its page does.", nil
}

// preview measures the service as it is and as it would be.
func (s *Server) preview(r request, p reports.Record, now metrics.Facts, d metrics.Dispute, stated []metrics.Correction) (*reports.Preview, error) {
	then, err := s.o.Store.FactsWith(r.Context(), p.Service, stated)
	if err != nil {
		return nil, err
	}
	service, err := s.known(r.Context(), p.Service)
	if err != nil {
		return nil, err
	}
	service.Tier = gate.TierOf(service)
	known, err := s.metered(r.Context(), now)
	if err != nil {
		return nil, err
	}
	q := s.query(p.Frame, "service "+p.Service)
	stand := func(f metrics.Facts) reports.Standpoint {
		meter := known.WithFacts(f).FailureMeter(s.o.Policy(service), s.o.Clock()).State
		return reports.Standpoint{Card: metrics.MeasureAll([]metrics.Facts{f}, q), Meter: meter}
	}
	return reports.PreviewOf(d, p.Given, p.Reason, stand(now), stand(then)), nil
}

// correctionsPage lists what people stated about records, withdrawn corrections included.
func (s *Server) correctionsPage(r request) (reply, error) {
	p, err := s.correctionsOf(r)
	if err != nil {
		return reply{}, err
	}
	return s.html(p)
}

func (s *Server) correctionsOf(r request) (reports.Corrections, error) {
	service := param1(r.URL.Query(), "service")
	f := s.frame(r, moment{now: s.o.Clock()}, "Corrections", "")
	f.Lead, f.JSON = "What people know better than the sources, record by record. Each holds until it is withdrawn.", "/api/v1/corrections"
	p := reports.Corrections{Frame: f, Service: service}
	p.CSRF, p.May = r.csrf, r.caller.may(Admin)
	if service != "" {
		if _, err := s.known(r.Context(), service); err != nil {
			return p, err
		}
		p.Title = "Corrections of " + service
	}
	var err error
	p.Corrections, err = s.o.Store.Corrections(r.Context(), service, "")
	return p, err
}

// takeWithdrawal ends a correction from the list of all.
func (s *Server) takeWithdrawal(r request) (reply, error) {
	problem, err := s.withdrawn(r)
	if err != nil {
		return reply{}, err
	}
	p, err := s.correctionsOf(r)
	if p.Problem = problem; err != nil || problem != "" {
		return s.objected(p, err)
	}
	return reply{Location: p.Here()}, nil
}

// withdrawn ends the correction that a form names; the problem says why it was not.
func (s *Server) withdrawn(r request) (problem string, err error) {
	id, err := strconv.ParseInt(r.gin.PostForm("correction"), 10, 64)
	if err != nil {
		return "", fail(NotFound, "there is no such correction; /corrections lists those there are")
	}
	reason := strings.TrimSpace(r.gin.PostForm("reason"))
	if fault := metrics.FaultOfReason(reason); fault != nil {
		return sentence(fault.Field + ": " + fault.Problem + "; " + fault.Remedy), nil
	}
	err = s.o.Store.Withdraw(r.Context(), id, r.caller.Name, reason)
	if s.is(err, NotFound) {
		return "That correction is withdrawn already.", nil
	}
	return "", err
}
