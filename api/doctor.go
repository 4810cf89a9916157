package api

import (
	"context"
	"net/http"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// doctorStore tells what is known of sources and services, without their facts.
type doctorStore interface {
	// Records are those of one service, or of all when none is named.
	Records(ctx context.Context, service string) (doctor.Records, error)
	// KindOf is what an environment is for, as its deployments or else its name tell.
	KindOf(ctx context.Context, environment string) (metrics.EnvironmentKind, error)
	// FirstSetAsides are so many of the records of a source that were set aside, each with its reason.
	FirstSetAsides(ctx context.Context, source string, limit int) ([][2]string, error)
}

// The number of findings of a kind that an answer lists.
const (
	examplesPerKind = 20
	mostExamples    = 100_000
)

func (s *Server) doctorRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/api/v1/doctor", scope: Read,
		summary: "The state of each source, and per service and figure what is missing and the step that supplies it, the worst first",
		handle:  s.doctor, response: doctor.Report{},
		query: []parameter{
			{"service", "only what concerns this service"},
			{"source", "only what concerns this source"},
			{"from", "start of the window, a date or an RFC 3339 time; it ends now; 90 days ago when left out"},
			{"limit", "findings listed of each kind: 1 to 100000, 20 when left out; all are counted"},
		},
	}}
}

func (s *Server) doctor(r request) (reply, error) {
	of := r.URL.Query()
	limit, err := limitOf(of.Get("limit"), examplesPerKind, mostExamples)
	if err != nil {
		return reply{}, err
	}
	window, err := metrics.ParseWindow(of.Get("from"), "", s.o.Clock(), s.o.Zone)
	if err != nil {
		return reply{}, fail(Invalid, err.Error())
	}
	q := s.doctorQuestion(window, of.Get("service"), of.Get("source"))
	d, _, err := s.diagnose(r.Context(), q)
	if err != nil {
		return reply{}, err
	}
	if q.Source != "" && len(d.Sources) == 0 {
		return reply{}, fail(NotFound, "no source is called "+shorten(q.Source)+"; /api/v1/sources lists those known")
	}
	return reply{JSON: d.Report(q, limit)}, nil
}

func (s *Server) doctorQuestion(window metrics.Window, service, source string) doctor.Question {
	return doctor.Question{Now: s.o.Clock(), Window: window, Recognises: s.o.Recognises, Declared: s.o.Declared, Configured: s.o.Configured,
		Service: service, Source: source}
}

// diagnose looks at what is stored, refused deliveries that were not written down yet among it.
func (s *Server) diagnose(ctx context.Context, q doctor.Question) (doctor.Diagnosis, doctor.Records, error) {
	s.writeRefusals(ctx)
	if s.o.RolesGone != nil {
		var err error
		if q.Roles, err = s.o.RolesGone(ctx); err != nil {
			return doctor.Diagnosis{}, doctor.Records{}, err
		}
	}
	records, err := s.o.Store.Records(ctx, q.Service)
	if err != nil {
		return doctor.Diagnosis{}, records, err
	}
	return doctor.Diagnose(records, q), records, nil
}

// lastDays is the window of so many days that ends now.
func lastDays(now time.Time, days int) metrics.Window {
	return metrics.Window{From: now.AddDate(0, 0, -days), To: now}
}
