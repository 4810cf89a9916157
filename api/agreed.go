package api

import (
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// agreed is what the gate judges by; it may be taken over anew while the server runs.
type agreed struct {
	policy  func(metrics.Service) gate.Policy
	freezes []gate.Window
	// refused says what is wrong with a newer one that was not taken over.
	refused string
}

// Agree makes the gate judge by other policies and freezes from now on.
func (s *Server) Agree(policy func(metrics.Service) gate.Policy, freezes []gate.Window) {
	s.agreed.Store(&agreed{policy: policy, freezes: freezes})
}

// Refuse says that newer policies cannot be taken over, and why: the old ones stay, and whoever lists policies hears of it.
func (s *Server) Refuse(why string) {
	now := *s.agreed.Load()
	now.refused = why
	s.agreed.Store(&now)
}

func (s *Server) policy(service metrics.Service) gate.Policy { return s.agreed.Load().policy(service) }
