package api

import "net/http"

func (s *Server) healthRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/healthz", scope: Public, summary: "Is the program running?", handle: s.healthz},
		{method: http.MethodGet, path: "/readyz", scope: Public, summary: "Does the database answer, and can the gate write down what it decides?", handle: s.readyz},
	}
}

func (s *Server) healthz(request) (reply, error) {
	return reply{Body: []byte("ok\n"), Type: plainType}, nil
}

func (s *Server) readyz(r request) (reply, error) {
	if err := s.o.Store.Ping(r.Context()); err != nil {
		return reply{}, &Error{Kind: Unavailable, Detail: "the database does not answer, or cannot be written to", Cause: err}
	}
	if s.standby.isLost() {
		return reply{}, &Error{Kind: Unavailable, Detail: "the database did not do what the gate's last decision needed", Cause: errLost}
	}
	return reply{Body: []byte("ready\n"), Type: plainType}, nil
}

const plainType = "text/plain; charset=utf-8"
