package github

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"shiphabit/collector"
)

// Hook reads what GitHub pushes, by the same rules by which it is asked.
type Hook struct{ Rules }

// NewHook makes a hook; the rules were checked when they were read.
func NewHook(r Rules) Hook { return Hook{r} }

// Authentic accepts X-Hub-Signature-256 over the bytes as they came. GitHub sends an older signature beside it, made with SHA-1, which
// proves nothing any more and is not looked at.
func (h Hook) Authentic(header http.Header, body []byte, secrets []string) bool {
	return collector.Signed(header.Get("X-Hub-Signature-256"), body, secrets)
}

// Delivery is the id under which GitHub sends a delivery, again and again if need be.
func (h Hook) Delivery(header http.Header, _ []byte) string { return header.Get("X-GitHub-Delivery") }

// delivery is what the kinds of delivery that we read have in common, each with a part of its own.
type delivery struct {
	Action     string `json:"action"`
	Repository struct {
		FullName      string `json:"full_name"`
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
	body []byte
}

// part decodes a part of the body; one that does not fit is a reason to set the delivery aside.
func part[T any](d delivery) (T, error) {
	var v T
	err := json.Unmarshal(d.body, &v)
	return v, err
}

// pushReader reads one kind of delivery.
type pushReader func(Rules, delivery, *collector.Pushed) error

// readers are the kinds of delivery that say something of interest.
func readers() map[string]pushReader {
	return map[string]pushReader{
		"deployment":                 Rules.pushedDeployment,
		"deployment_status":          Rules.pushedStatus,
		"deployment_protection_rule": Rules.pushedProtection,
		"workflow_run":               Rules.pushedRun,
		"workflow_job":               Rules.pushedJob,
		"pull_request":               Rules.pushedPull,
		"pull_request_review":        Rules.pushedPull, // the review is one of a list, and the list is not pushed
		"push":                       Rules.pushedCommits,
		"issues":                     Rules.pushedIssue,
		"release":                    Rules.pushedRelease,
		"deployment_review":          ignored("it names no deployment; the next reading brings the decision with it"),
		"ping":                       ignored("it only asks whether we are here"),
	}
}

// ignored reads deliveries of which nothing is taken.
func ignored(reason string) pushReader {
	return func(_ Rules, _ delivery, p *collector.Pushed) error {
		p.Ignored = reason
		return nil
	}
}

// Parse reads a delivery. Whatever it is, it says something: events, records set aside, or why it is of no interest.
func (h Hook) Parse(header http.Header, body []byte) collector.Pushed {
	kind := header.Get("X-GitHub-Event")
	p := collector.Pushed{Kind: kind}
	read, known := readers()[kind]
	if !known {
		p.Ignored = "deliveries of this kind say nothing of deployments, changes or incidents"
		return p
	}
	d := delivery{body: unwrapped(header, body)}
	if err := json.Unmarshal(d.body, &d); err != nil {
		return h.aside(p, "it is not the JSON it should be: "+err.Error())
	}
	if d.Action != "" {
		p.Kind += " " + d.Action
	}
	if kind != "ping" && !h.reads(d.Repository.FullName) {
		p.Ignored = "the source does not read this repository"
		return p
	}
	if err := read(h.Rules, d, &p); err != nil {
		return h.aside(p, "it is not what GitHub sends: "+err.Error())
	}
	return p
}

func (h Hook) aside(p collector.Pushed, reason string) collector.Pushed {
	p.SetAside = append(p.SetAside, collector.SetAside{Record: strings.TrimSpace("delivery " + p.Kind), Reason: h.short(reason)})
	return p
}

// short keeps a reason that quotes the delivery from filling the page.
func (h Hook) short(text string) string {
	const most = 300
	if r := []rune(strings.ToValidUTF8(text, "")); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// unwrapped is the JSON of a delivery, which a webhook may also send as a field of a form.
func unwrapped(header http.Header, body []byte) []byte {
	if !strings.HasPrefix(header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return body
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return body
	}
	return []byte(form.Get("payload"))
}

// missing is why a delivery without its main part is set aside.
type missing string

func (m missing) Error() string { return "it has no " + string(m) }
