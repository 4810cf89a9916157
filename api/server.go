// Package api answers HTTP: JSON for programs below /api/v1 and pages for people. Routes are data; handlers decode, call and
// return; one adapter guards, encodes and logs. It makes no number and draws nothing itself.
package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// Options are what the server needs from its surroundings.
type Options struct {
	Clock  func() time.Time
	Logger *slog.Logger
	Tokens tokenStore
	// RequireTokens asks every program for a token; without it a token is checked only when sent.
	RequireTokens bool
	// Hosts are the names besides localhost under which the server may be asked.
	Hosts []string
	// ErrorPage renders an error for people; nil answers a problem to everybody.
	ErrorPage func(r *http.Request, status int, detail string) ([]byte, error)
}

// Server answers the routes of its table.
type Server struct {
	o      Options
	guard  guard
	engine *gin.Engine
}

// New builds a server. It starts nothing.
func New(o Options) (*Server, error) {
	g, err := newGuard(o.Hosts)
	if err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode)
	s := &Server{o: o, guard: g, engine: gin.New()}
	s.engine.HandleMethodNotAllowed = true
	for _, at := range s.routes() {
		s.engine.Handle(at.method, at.path, s.serve(at))
	}
	s.engine.NoRoute(s.serve(route{scope: Page, handle: noRoute}))
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

func noRoute(request) (reply, error) {
	return reply{}, fail(NotFound, "there is nothing at this address; the start page is /")
}

// routes is the table of everything the server answers; one file a resource adds its rows.
func (s *Server) routes() []route {
	return []route{
		{method: http.MethodGet, path: "/healthz", scope: Public, summary: "Is the program running?", handle: s.healthz},
	}
}

func (s *Server) healthz(request) (reply, error) {
	return reply{Body: []byte("ok\n"), Type: "text/plain"}, nil
}
