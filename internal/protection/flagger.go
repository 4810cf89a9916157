package protection

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"shiphabit/collector"
	"shiphabit/metrics/gate"
)

// FlaggerOptions are what the hooks of Flagger need.
type FlaggerOptions struct {
	Name     string
	Secrets  []string
	Services []Mapping
}

// Flagger reads the hooks of Flagger, which waits for the answer itself: a canary goes on at 200 and waits at 403.
type Flagger struct{ o FlaggerOptions }

// NewFlagger makes the hooks.
func NewFlagger(o FlaggerOptions) *Flagger { return &Flagger{o} }

// flaggerHook is what Flagger sends. The kind of the hook is not among it. Its checksum is of no use to tell one rollout from another: at
// confirm-rollout it is still that of the revision before.
type flaggerHook struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Phase     string            `json:"phase"`
	Metadata  map[string]string `json:"metadata"`
}

// Canary is what a hook asks, or says.
type Canary struct {
	gate.Request
	// Key is the same for all hooks of one rollout.
	Key string
	// Outcome is how it went, "" while it is under way.
	Outcome string
}

// Authentic reports whether a hook knows a secret: as the password in its address, or as token in its metadata, since Flagger sends no
// header of ours.
func (f *Flagger) Authentic(header http.Header, body []byte) bool {
	if collector.Bears(header, f.o.Secrets) {
		return true
	}
	var hook flaggerHook
	if json.Unmarshal(body, &hook) != nil {
		return false
	}
	stated, good := sha256.Sum256([]byte(hook.Metadata["token"])), false
	for _, secret := range f.o.Secrets {
		own := sha256.Sum256([]byte(secret)) // digests are of one length, so that the secret's own stays unknown
		good = subtle.ConstantTimeCompare(stated[:], own[:]) == 1 && secret != "" || good
	}
	return good
}

// Read reads a hook.
func (f *Flagger) Read(body []byte) (Canary, error) {
	var hook flaggerHook
	if err := json.Unmarshal(body, &hook); err != nil {
		return Canary{}, fmt.Errorf("the hook cannot be read: %w", err)
	}
	said := hook.Metadata
	c := Canary{Request: gate.Request{
		Commit: said["commit"], Artifact: gate.Artifact{Version: said["version"], Digest: said["digest"]},
		Change: gate.Change{Kind: said["kind"]}, Evidence: gate.Evidence{Canary: true}, Run: gate.Run{Provider: "flagger", ID: hook.Namespace + "/" + hook.Name},
	}}
	if c.Commit == "" && c.Artifact == (gate.Artifact{}) {
		return c, errors.New("the hook's metadata says nothing of commit, digest or version: put one there, so that this rollout can be told from others")
	}
	if fixes := said["fixes"]; fixes != "" {
		c.Change.Fixes = strings.Split(fixes, ",")
	}
	var err error
	c.Service, c.Environment, err = f.serviceOf(hook)
	sum := sha256.Sum256([]byte(strings.Join([]string{c.Commit, c.Artifact.Digest, c.Artifact.Version, c.Change.Kind, said["fixes"]}, "\x00")))
	c.Key = fmt.Sprintf("flagger:%s/%s/%x", hook.Namespace, hook.Name, sum[:12])
	switch hook.Phase {
	case "Succeeded":
		c.Outcome = gate.ReportedSuccess
	case "Failed":
		c.Outcome = gate.ReportedFailure
	}
	return c, err
}

// serviceOf is the service and environment of a canary: what is mapped, else, where nothing is, what the hook says, else the canary's name.
func (f *Flagger) serviceOf(hook flaggerHook) (service, environment string, err error) {
	said := hook.Metadata
	if len(f.o.Services) > 0 {
		service, environment, err = mapped(f.o.Name, f.o.Services, []string{hook.Namespace + "/" + hook.Name}, said["environment"])
		return service, environment, err
	}
	if service = said["service"]; service == "" {
		service = hook.Name
	}
	if service == "" {
		return "", "", errors.New("the hook names no canary")
	}
	return service, said["environment"], nil
}
