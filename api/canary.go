package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"shiphabit/metrics/gate"
)

// CanaryHook reads the hooks of a controller that waits for the answer itself, and asks again until it may go on. It knows its secrets.
type CanaryHook interface {
	Authentic(header http.Header, body []byte) bool
	Read(body []byte) (Canary, error)
}

// Canary is what such a hook asks, or how it went; Key is the same for all hooks of one rollout.
type Canary struct {
	gate.Request
	Key, Outcome string
}

// takeCanary answers with 200 to go on and with 403 to wait, and one line that says why.
func (s *Server) takeCanary(r request, hook CanaryHook, body []byte) (reply, error) {
	name := r.param("source")
	c, err := s.readCanary(r, name, hook, body)
	if err != nil {
		return reply{}, err
	}
	if err := completeAsk(&c.Request); err != nil {
		return reply{}, err
	}
	// The question is what the hook says; what that is taken for may change while the rollout is under way.
	a, err := newAsk(c.Request, "protection:"+name, c.Key)
	if err != nil {
		return reply{}, err
	}
	if a.Request, err = s.recognised(r.Context(), c.Request); err != nil {
		return reply{}, err
	}
	logged, err := s.reconsider(r.Context(), a)
	if err != nil {
		return reply{}, err
	}
	status := http.StatusForbidden
	if logged.Verdict == gate.Allow || logged.Verdict == gate.Warn {
		status = http.StatusOK
	}
	line := string(logged.Verdict) + ": " + strings.Join(strings.Fields(logged.Summary), " ") + " (" + logged.ID + ")\n"
	return reply{Status: status, Body: []byte(line), Type: plainType}, nil
}

func (s *Server) readCanary(r request, name string, hook CanaryHook, body []byte) (Canary, error) {
	if !hook.Authentic(r.Header, body) {
		return Canary{}, s.refusedProtector(r, name)
	}
	c, err := hook.Read(body)
	if err != nil {
		return c, fail(Invalid, err.Error())
	}
	return c, nil
}

// reportCanary books how a rollout went. One that the gate was not asked about, or did not let through, has nothing to report.
func (s *Server) reportCanary(r request) (reply, error) {
	name := r.param("source")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return reply{}, unreadable(err)
	}
	hook, known := s.o.Canaries[name]
	if !known {
		return reply{}, s.refusedProtector(r, shorten(name))
	}
	c, err := s.readCanary(r, name, hook, body)
	if err != nil {
		return reply{}, err
	}
	if c.Outcome == "" {
		return reply{}, fail(Invalid, "the hook does not say how the rollout went: its phase is neither Succeeded nor Failed; only post-rollout hooks report")
	}
	caller := "protection:" + name
	var logged gate.Logged
	err = s.within(r.Context(), func(ctx context.Context) (err error) {
		if err := s.logWaiting(ctx); err != nil {
			return err
		}
		logged, err = s.o.Store.DecisionByKey(ctx, caller, c.Key)
		return err
	})
	if s.is(err, NotFound) {
		return reply{}, fail(NotFound, "the gate was not asked about this rollout: let confirm-rollout ask, with the same commit, digest or version in its metadata")
	}
	if err != nil {
		return reply{}, err
	}
	answer, err := s.book(r.Context(), logged, gate.Report{Outcome: c.Outcome}, caller)
	if err != nil {
		return reply{}, err
	}
	text, err := json.Marshal(answer)
	return reply{Body: append(text, '\n'), Type: jsonType}, err
}

// hookByName is who takes what is pushed under a name beside the sources.
func (s *Server) hookByName(name string) (func(r request, body []byte) (reply, error), bool) {
	if p, found := s.o.Protectors[name]; found {
		return func(r request, body []byte) (reply, error) { return s.takeTicket(r, p, body) }, true
	}
	if c, found := s.o.Canaries[name]; found {
		return func(r request, body []byte) (reply, error) { return s.takeCanary(r, c, body) }, true
	}
	return nil, false
}
