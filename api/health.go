package api

import "net/http"

func (s *Server) healthRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/healthz", scope: Public, summary: "Is the program running?", handle: s.healthz},
		{method: http.MethodGet, path: "/readyz", scope: Public, summary: "Does the database answer?", handle: s.readyz},
	}
}

func (s *Server) healthz(request) (reply, error) {
	return reply{Body: []byte("ok\n"), Type: plainType}, nil
}

func (s *Server) readyz(r request) (reply, error) {
	if err := s.o.Store.Ping(r.Context()); err != nil {
		return reply{}, &Error{Kind: Unavailable, Detail: "the database does not answer", Cause: err}
	}
	return reply{Body: []byte("ready\n"), Type: plainType}, nil
}

const plainType = "text/plain; charset=utf-8"
