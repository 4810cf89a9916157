package api

import (
	"net/http"

	"shiphabit/metrics/gate"
	"shiphabit/metrics/gate/attest"
)

func (s *Server) signingRoutes() []route {
	return []route{
		{
			// Open to all: a deploy step or a cluster has to read it without a secret, and nothing in it is one.
			method: http.MethodGet, path: "/api/v1/gate/keys", scope: Public, handle: s.keys, response: attest.KeySet{},
			summary: "The public keys that check the token of a decision, the one in use first. One that was replaced is listed for 24 hours",
		},
	}
}

func (s *Server) keys(request) (reply, error) {
	var keys attest.Keys
	if s.o.Signing != nil {
		keys = s.o.Signing.Keys(s.o.Clock())
	}
	return reply{JSON: keys.Set()}, nil
}

// signed is a decision with its token. It is signed from what the log holds, so that the same answer has the same bytes for as
// long as the key is the same; after a rotation the new key speaks for it.
func (s *Server) signed(l gate.Logged) (gate.Decision, error) {
	d := l.Decision
	if s.o.Signing == nil {
		return d, nil
	}
	statement, names := attest.Of(l)
	if !names {
		return d, nil
	}
	var err error
	d.Token, err = s.o.Signing.Current.Sign(statement)
	return d, err
}
