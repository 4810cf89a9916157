package api

import (
	"sync"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// sealedPolicies are the policies in force, each made and sealed once. Services that fall under the same one share it.
type sealedPolicies struct {
	mu       sync.Mutex
	services map[policyScope]*gate.Sealed
	digests  map[string]*gate.Sealed
}

// policyScope is what of a service its policy depends on.
type policyScope struct {
	name, team string
	tier       metrics.Tier
}

// keptPolicies bounds for how many services the policy is remembered: whoever asks may make names up.
const keptPolicies = 20_000

// policy is what a service is judged by. The configuration of a server never changes: a new one comes with a new server.
func (s *Server) policy(service metrics.Service) *gate.Sealed {
	scope := policyScope{service.Name, service.Team, service.Tier}
	m := &s.policiesInForce
	m.mu.Lock()
	known, found := m.services[scope]
	m.mu.Unlock()
	if found {
		return known
	}
	fresh := s.o.Policy(service).Seal()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.services == nil || len(m.services) >= keptPolicies {
		m.services, m.digests = map[policyScope]*gate.Sealed{}, map[string]*gate.Sealed{}
	}
	if same, found := m.digests[fresh.Digest()]; found {
		fresh = same
	}
	m.services[scope], m.digests[fresh.Digest()] = fresh, fresh
	return fresh
}
