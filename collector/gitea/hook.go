package gitea

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// Hook reads what the server pushes.
type Hook struct {
	rules
	repos, orgs []string
}

// NewHook makes a hook by the options of its source.
func NewHook(o Options) *Hook {
	r, err := newRules(o)
	if err != nil {
		r.deployments = nil // the source itself says what is wrong; the rest is understood all the same
	}
	return &Hook{rules: r, repos: o.Repositories, orgs: o.Organisations}
}

// Authentic holds the signature against the body: HMAC-SHA-256 in hexadecimal digits, under the name of either server or of those
// that they imitate.
func (h *Hook) Authentic(header http.Header, body []byte, secrets []string) bool {
	return collector.Signed(first(word(header, "Signature"), header.Get("X-Hub-Signature-256")), body, secrets)
}

// Delivery is the server's id of a delivery.
func (h *Hook) Delivery(header http.Header, _ []byte) string { return word(header, "Delivery") }

// word is a header under the name of whichever server sent it.
func word(header http.Header, name string) string {
	for _, server := range []string{"Gitea", "Forgejo", "Gogs"} {
		if value := header.Get("X-" + server + "-" + name); value != "" {
			return value
		}
	}
	return ""
}

// wireOwner is a repository as deliveries name it.
type wireOwner struct {
	ID            int64  `json:"id"`
	FullName      string `json:"full_name"`
	HTMLURL       string `json:"html_url"`
	DefaultBranch string `json:"default_branch"`
}

// delivery is what any kind of delivery may hold.
type delivery struct {
	Action      string           `json:"action"`
	Ref         string           `json:"ref"`
	Repository  wireOwner        `json:"repository"`
	PullRequest *sdk.PullRequest `json:"pull_request"`
	Issue       *sdk.Issue       `json:"issue"`
	Release     *sdk.Release     `json:"release"`
	WorkflowRun *run             `json:"workflow_run"`
	Run         *run             `json:"run"`
	Commits     []pushed         `json:"commits"`
	Changes     struct {
		RemovedLabels []*sdk.Label `json:"removed_labels"`
	} `json:"changes"`

	// of a commit status
	SHA       string    `json:"sha"`
	Context   string    `json:"context"`
	State     string    `json:"state"`
	TargetURL string    `json:"target_url"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Sender    *sdk.User `json:"sender"`
}

// pushed is a commit of a push.
type pushed struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	Author  struct {
		Email    string `json:"email"`
		UserName string `json:"username"`
	} `json:"author"`
	Timestamp time.Time `json:"timestamp"`
	Added     []string  `json:"added"`
	Removed   []string  `json:"removed"`
	Modified  []string  `json:"modified"`
}

// Parse reads a delivery.
func (h *Hook) Parse(header http.Header, body []byte) collector.Pushed {
	event := word(header, "Event")
	p := collector.Pushed{Kind: event}
	var d delivery
	if err := json.Unmarshal(body, &d); err != nil {
		p.SetAside = []collector.SetAside{{Record: "delivery " + word(header, "Delivery"), Reason: "it cannot be read: " + err.Error()}}
		return p
	}
	if d.Action != "" {
		p.Kind += " " + d.Action
	}
	if d.Run != nil && d.Repository.FullName == "" && d.Run.Repository != nil {
		d.Repository = *d.Run.Repository
	}
	at := repository{id: d.Repository.ID, path: d.Repository.FullName, page: d.Repository.HTMLURL, branch: d.Repository.DefaultBranch}
	if !h.wants(at.path) {
		p.Ignored = "repository " + at.path + " is not among those of the source"
		return p
	}
	h.read(&p, event, at, d)
	return p
}

// wants reports whether a repository is one of those that are read.
func (h *Hook) wants(path string) bool {
	if len(h.repos)+len(h.orgs) == 0 || path == "" {
		return true
	}
	owner, _, _ := strings.Cut(path, "/")
	same := func(a string) func(string) bool { return func(b string) bool { return strings.EqualFold(a, b) } }
	return slices.ContainsFunc(h.repos, same(path)) || slices.ContainsFunc(h.orgs, same(owner))
}

func (h *Hook) read(p *collector.Pushed, event string, at repository, d delivery) {
	switch {
	case strings.HasPrefix(event, "pull_request") && d.PullRequest != nil:
		p.Take("pull request "+strconv.FormatInt(d.PullRequest.Index, 10)+" of "+at.path, h.pullEvent(*d.PullRequest, h.pull(at, *d.PullRequest)))
	case strings.HasPrefix(event, "issue") && d.Issue != nil:
		h.issue(p, at, d)
	case event == "push":
		h.push(p, at, d)
	case event == "status":
		h.status(p, at, d)
	case event == "release" && d.Release != nil:
		h.published(p, at, d)
	case event == "workflow_run" && d.WorkflowRun != nil:
		h.run(p, at, *d.WorkflowRun)
	case strings.HasPrefix(event, "action_run_") && d.Run != nil:
		h.run(p, at, *d.Run)
	case event == "workflow_job":
		p.Ignored = "a job is part of a run, which is read as a whole"
	case event == "create", event == "delete":
		p.Ignored = "that a branch or tag was made or taken away is read from the repository itself"
	default:
		p.Ignored = "this kind says nothing of deployments, code or incidents"
	}
}

func (h *Hook) issue(p *collector.Pushed, at repository, d delivery) {
	v := *d.Issue
	switch {
	case v.PullRequest != nil:
		p.Ignored = "it is about a pull request"
	case !h.labelled(labelsOf(v.Labels)) && h.labelled(labelsOf(d.Changes.RemovedLabels)):
		p.Take("issue "+strconv.FormatInt(v.Index, 10)+" of "+at.path, h.notAnIncident(at, v))
	case !h.labelled(labelsOf(v.Labels)):
		p.Ignored = "the issue has no label of incidents"
	default:
		p.Take("issue "+strconv.FormatInt(v.Index, 10)+" of "+at.path, h.incident(at, v))
	}
}

// push takes the commits of the default branch. A push of a tag does not say when the tag was made; the next reading does.
func (h *Hook) push(p *collector.Pushed, at repository, d delivery) {
	switch {
	case strings.HasPrefix(d.Ref, "refs/tags/"):
		p.Ignored = "a push of a tag does not say when it was made; the next reading brings it"
	case d.Ref != "refs/heads/"+at.branch:
		p.Ignored = "the push is not to the default branch"
	case len(d.Commits) == 0:
		p.Ignored = "the push names no commits; the next reading brings them"
	}
	if p.Ignored != "" {
		return
	}
	for _, c := range d.Commits {
		p.Take("commit "+c.ID+" of "+at.path, metrics.NewEvent(h.name, metrics.Commit{
			ID: c.ID, Repository: at.path, Message: c.Message, AuthoredAt: c.Timestamp.UTC(), Author: first(c.Author.UserName, c.Author.Email),
			Paths: slices.Concat(c.Added, c.Removed, c.Modified),
		}))
	}
}

func (h *Hook) status(p *collector.Pushed, at repository, d delivery) {
	one := attempt{
		Status: sdk.Status{State: sdk.StatusState(d.State), Context: d.Context, TargetURL: d.TargetURL, Creator: d.Sender, Created: d.CreatedAt, Updated: d.UpdatedAt},
		began:  d.CreatedAt,
	}
	switch {
	case !h.deploys(Statuses):
		p.Ignored = "commit statuses do not stand for deployments here"
	case !matches(h.contexts, d.Context):
		p.Ignored = "the context " + strconv.Quote(d.Context) + " is none of a deployment"
	case one.state() == metrics.Running:
		p.Ignored = "a deployment by status is known by the status that ends it"
	default:
		p.Take("status "+d.Context+" of commit "+d.SHA+" of "+at.path, h.stated(at, d.SHA, one))
	}
}

// objectName is the name of a commit.
var objectName = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// published takes a release that says from which commit it was made; most name a branch or nothing.
func (h *Hook) published(p *collector.Pushed, at repository, d delivery) {
	switch {
	case !h.deploys(Releases):
		p.Ignored = "releases do not stand for deployments here"
	case d.Action == "deleted":
		p.Ignored = "a release that is deleted takes nothing back"
	case d.Release.IsDraft:
		p.Ignored = "the release is a draft"
	case !h.released(d.Release.TagName):
		p.Ignored = "the tag is none of those that are released"
	case !objectName.MatchString(d.Release.Target):
		p.Ignored = "the release does not say which commit it was made from; the next reading asks for its tag"
	default:
		p.Take("release "+d.Release.TagName+" of "+at.path, h.release(at, *d.Release, d.Release.Target))
	}
}

func (h *Hook) run(p *collector.Pushed, at repository, v run) {
	file, _ := v.workflow()
	switch {
	case !h.deploys(Actions):
		p.Ignored = "runs of Actions do not stand for deployments here"
	case !matches(h.workflows, file):
		p.Ignored = "the workflow " + strconv.Quote(file) + " does not deploy"
	default:
		p.Take("run "+strconv.FormatInt(v.ID, 10)+" of "+at.path, h.ran(at, v))
	}
}
