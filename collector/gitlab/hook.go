package gitlab

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"shiphabit/collector"
)

// Hook reads what GitLab pushes, into the events that asking gives.
type Hook struct {
	// Source is the name that its events carry.
	Source string
	Choice
}

// signingMark begins the tokens with which GitLab signs, as Standard Webhooks has it. They are keys and never sent.
const signingMark = "whsec_"

// Authentic accepts the secret token itself, which is all that most hosts send, and the signature of a signing token.
func (h Hook) Authentic(header http.Header, body []byte, secrets []string) bool {
	known := false
	for _, secret := range secrets {
		switch {
		case secret == "":
		case strings.HasPrefix(secret, signingMark):
			known = signed(header, body, secret) || known
		default:
			known = same(header.Get("X-Gitlab-Token"), secret) || known
		}
	}
	return known
}

// same compares in a time that tells nothing, not even the length.
func same(given, secret string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// signed checks the HMAC-SHA-256 over the delivery's id, its time and the bytes of the body. The header may hold several signatures.
func signed(header http.Header, body []byte, secret string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, signingMark))
	id, at := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	if err != nil || len(key) == 0 || id == "" || at == "" {
		return false
	}
	message, known := append([]byte(id+"."+at+"."), body...), false
	for signature := range strings.FieldsSeq(header.Get("Webhook-Signature")) {
		text, found := strings.CutPrefix(signature, "v1,")
		got, err := base64.StdEncoding.DecodeString(text)
		known = found && err == nil && collector.Signed(hex.EncodeToString(got), message, []string{string(key)}) || known
	}
	return known
}

// Delivery is the id that stays the same when GitLab sends again. Hosts before 17.4 give only the id of what happened, which hooks that
// set each other off share: there the body tells them apart.
func (h Hook) Delivery(header http.Header, body []byte) string {
	for _, name := range []string{"Idempotency-Key", "Webhook-Id"} {
		if id := header.Get(name); id != "" {
			return id
		}
	}
	id := header.Get("X-Gitlab-Event-Uuid")
	if id == "" {
		return ""
	}
	sum := sha256.Sum256(body)
	return id + "/" + hex.EncodeToString(sum[:8])
}

// envelope is what tells deliveries apart. Older hosts and kinds lack one or the other.
type envelope struct {
	Kind    string      `json:"object_kind"`
	Event   string      `json:"event_type"`
	Name    string      `json:"event_name"`
	Project hookProject `json:"project"`
}

type hookProject struct {
	ID            int64  `json:"id"`
	Path          string `json:"path_with_namespace"`
	DefaultBranch string `json:"default_branch"`
	WebURL        string `json:"web_url"`
}

// delivery is one delivery being read.
type delivery struct {
	Hook
	project hookProject
	body    []byte
	batch   collector.Batch
	ignored string
}

// kinds are the deliveries that say something, by GitLab's word in the body.
func kinds() map[string]func(*delivery) error {
	return map[string]func(*delivery) error{
		"deployment":    (*delivery).readDeployment,
		"merge_request": (*delivery).readRequest,
		"push":          (*delivery).readPush,
		"issue":         (*delivery).readIssue,
		"incident":      (*delivery).readIssue,
		"work_item":     (*delivery).readIssue,
		"pipeline":      (*delivery).readPipeline,
		"build":         (*delivery).readJob,
		"release":       (*delivery).readRelease,
	}
}

// Parse reads a delivery.
func (h Hook) Parse(header http.Header, body []byte) collector.Pushed {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return collector.Pushed{Kind: header.Get("X-Gitlab-Event"), SetAside: []collector.SetAside{{Record: "delivery", Reason: "it is no JSON of a hook of GitLab: " + err.Error()}}}
	}
	pushed := collector.Pushed{Kind: firstText(e.Kind, e.Name, header.Get("X-Gitlab-Event"))}
	read, known := kinds()[e.Kind]
	if !known {
		pushed.Ignored = "it is about neither deployments, code nor incidents"
		return pushed
	}
	d := &delivery{Hook: h, project: e.Project, body: body}
	if d.project.Path == "" {
		pushed.SetAside = []collector.SetAside{{Record: pushed.Kind, Reason: "it does not say of which project it is"}}
		return pushed
	}
	if err := read(d); err != nil {
		leave(&d.batch, pushed.Kind+" of "+d.project.Path, "it cannot be read: "+err.Error())
	}
	pushed.Events, pushed.SetAside, pushed.Ignored = d.batch.Events, d.batch.SetAside, d.ignored
	return pushed
}

func firstText(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
