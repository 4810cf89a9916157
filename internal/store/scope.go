package store

import (
	"bytes"
	"encoding/json"
	"fmt"

	"shiphabit/metrics"
)

// scope says which service an event may concern, as far as the event itself tells.
type scope struct {
	service   string // named by a deployment or an incident
	builtFrom string // repository of a deployment
	reference string // the deployment that an approval, a verdict or an incident names
}

// scopeOf reads the scope from the payload; commits and pull requests carry theirs in their key.
func scopeOf(e metrics.Event) (scope, error) {
	if e.Type == metrics.TypeCommit || e.Type == metrics.TypePullRequest {
		return scope{}, nil
	}
	var s struct {
		Service    string `json:"service"`
		Repository string `json:"repository"`
		Deployment string `json:"deployment"`
	}
	if err := json.Unmarshal(e.Payload, &s); err != nil {
		return scope{}, fmt.Errorf("event %s: reading its payload: %w", e.Key, err)
	}
	switch e.Type {
	case metrics.TypeDeployment:
		return scope{service: s.Service, builtFrom: s.Repository}, nil
	case metrics.TypeIncident:
		return scope{service: s.Service, reference: s.Deployment}, nil
	default:
		return scope{reference: s.Deployment}, nil
	}
}

// clearsRepository reports whether a revision takes a deployment's repository away. A null is written in one way only.
func clearsRepository(e metrics.Event) bool {
	return e.Type == metrics.TypeDeployment && bytes.Contains(e.Payload, []byte(`"repository":null`))
}
