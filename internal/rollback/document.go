package rollback

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"time"

	"shiphabit/metrics/gate"
)

// document is what a hook is sent. No key at its top is id, ref, variables, inputs or token: GitLab lays its own over those.
type document struct {
	Kind        string    `json:"kind"` // rollback
	Rollback    string    `json:"rollback"`
	Service     string    `json:"service"`
	Environment string    `json:"environment"`
	Failed      artifact  `json:"failed"`
	Good        artifact  `json:"good"`
	Reason      string    `json:"reason"`
	UnhealthyAt time.Time `json:"unhealthy_at"`
	KnownAt     time.Time `json:"known_at"`
	Decision    string    `json:"decision,omitempty"` // that let the failed one through
	Links       links     `json:"links"`
}

type artifact struct {
	Deployment string    `json:"deployment"`
	Version    string    `json:"version,omitempty"`
	Digest     string    `json:"digest,omitempty"`
	Commit     string    `json:"commit,omitempty"`
	FinishedAt time.Time `json:"finished_at"`
}

type links struct {
	Deployment string `json:"deployment"`
	Good       string `json:"good"`
	Gate       string `json:"gate"`
	Decision   string `json:"decision,omitempty"`
}

// ID names the rollback of a deployment: whoever asks for it, and however often, it is the same.
func ID(service, deployment string) string {
	sum := sha256.Sum256([]byte(service + "\n" + deployment))
	return "rb_" + hex.EncodeToString(sum[:12])
}

// Document is what the hook of a failed watch is sent, which has something to put back; base is the address before the paths of links.
func Document(w gate.FailedWatch, base string) (string, error) {
	pages := base + "/services/" + url.PathEscape(w.Service)
	record := func(id string) string { return pages + "/record?" + url.Values{"id": {id}}.Encode() }
	d := document{
		Kind: gate.KindRollback, Rollback: ID(w.Service, w.Failed.ID), Service: w.Service, Environment: w.Environment,
		Failed: artifactOf(w.Failed), Good: artifactOf(*w.Good), Reason: w.Reason, UnhealthyAt: w.At, KnownAt: w.KnownAt, Decision: w.Decision,
		Links: links{Deployment: record(w.Failed.ID), Good: record(w.Good.ID), Gate: pages + "/gate"},
	}
	if w.Decision != "" {
		d.Links.Decision = base + "/gate/decisions/" + url.PathEscape(w.Decision)
	}
	text, err := json.Marshal(d)
	return string(text), err
}

func artifactOf(d gate.Deployed) artifact {
	return artifact{Deployment: d.ID, Version: d.Version, Digest: d.Digest, Commit: d.Revision, FinishedAt: d.FinishedAt}
}
