package api

import (
	"slices"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
	"shiphabit/reports"
)

// doctorDays is the length of the window in which a diagnosis looks for figures, in days.
const doctorDays = 90

func (s *Server) sourcesPage(r request) (reply, error) {
	f, err := s.readingFrame(r, "Sources", "sources")
	if err != nil {
		return reply{}, err
	}
	f.Lead = "What is read, up to when it has arrived, and what could not be read."
	d, records, err := s.diagnose(r.Context(), s.doctorQuestion(lastDays(f.AsOf, doctorDays), "", ""))
	if err != nil {
		return reply{}, err
	}
	p := reports.Sources{Frame: f, List: d.Sources}
	for _, service := range records.Services {
		if c := reports.ContentOf(service); c.Rollouts+c.Incidents+c.LeftOut > 0 {
			p.Services = append(p.Services, c)
		}
	}
	return s.html(p)
}

// readingFrame is the frame of a page about what is read, with what the server was told of it.
func (s *Server) readingFrame(r request, title, nav string) (reports.Frame, error) {
	m := moment{now: s.o.Clock()}
	if s.o.Reading != nil {
		var err error
		if m.reading, err = s.o.Reading(r.Context()); err != nil {
			return reports.Frame{}, err
		}
	}
	return s.frame(r, m, title, nav), nil
}

func (s *Server) sourcePage(r request) (reply, error) {
	name := r.param("source")
	f, err := s.readingFrame(r, name, "sources")
	if err != nil {
		return reply{}, err
	}
	d, _, err := s.diagnose(r.Context(), s.doctorQuestion(lastDays(f.AsOf, doctorDays), "", name))
	if err != nil {
		return reply{}, err
	}
	if len(d.Sources) == 0 {
		return reply{}, fail(NotFound, "no source is called "+shorten(name)+"; /sources lists those known")
	}
	aside, err := s.o.Store.FirstSetAsides(r.Context(), name, reports.RowsShown)
	if err != nil {
		return reply{}, err
	}
	findings := slices.DeleteFunc(d.Findings, func(f doctor.Finding) bool { return f.What == d.Sources[0].Says || f.Code == "source-set-aside" })
	for i := range findings {
		findings[i].Source, findings[i].Link = "", "" // this is the page
	}
	p := reports.NewSource(f, d.Sources[0], aside, findings)
	list, next, err := s.o.Store.Deliveries(r.Context(), name, "", deliveriesShown)
	if err != nil {
		return reply{}, err
	}
	p.Further = next != ""
	for _, one := range list {
		p.Pushed = append(p.Pushed, deliveryOf(one))
	}
	return s.html(p)
}

// deliveriesShown is how many deliveries the page of a source lists.
const deliveriesShown = 50

// deliveryOf is a delivery as the page shows it.
func deliveryOf(r Received) reports.Delivery {
	d := reports.Delivery{ID: r.ID, Kind: r.Kind, Outcome: r.Outcome, At: r.ReceivedAt, Events: r.Events, Says: r.Ignored}
	if len(r.SetAside) > 0 {
		d.Says = r.SetAside[0].Record + ": " + r.SetAside[0].Reason
	}
	return d
}

func (s *Server) doctorPage(r request) (reply, error) {
	f, err := s.readingFrame(r, "Doctor", "doctor")
	if err != nil {
		return reply{}, err
	}
	service, figure := param1(r.URL.Query(), "service"), param1(r.URL.Query(), "figure")
	if !slices.Contains(metrics.AllFigures(), figure) {
		figure = ""
	}
	f.Windowed, f.Extra = true, []string{"service", service, "figure", figure}
	f.Lead = "Why a figure is empty, and the step that fills it. It looks at what is stored and asks no host."
	window := f.View.Window
	if window.To.Before(f.AsOf.Add(-24 * time.Hour)) {
		f.View.Fault = "The doctor looks at windows that end now; this one is taken up to now."
	}
	window.To = f.AsOf
	if service != "" {
		if _, err := s.known(r.Context(), service); err != nil {
			return reply{}, err
		}
	}
	d, _, err := s.diagnose(r.Context(), s.doctorQuestion(window, service, ""))
	if err != nil {
		return reply{}, err
	}
	return s.html(reports.Doctor{Frame: f, Diagnosis: d, Service: service, Figure: figure})
}
