package protection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"shiphabit/collector"
	"shiphabit/metrics/gate"
)

// StandardGitLab is where GitLab is asked unless it is said.
const StandardGitLab = "https://gitlab.com/api/v4"

// GitLabOptions are what an external status check needs.
type GitLabOptions struct {
	Name     string
	Host     collector.Host
	Secrets  []string
	Services []Mapping
}

// GitLab is an external status check: GitLab says that a merge request has changed, and is told how the gate stands.
type GitLab struct {
	o      GitLabOptions
	client *collector.Client
}

// NewGitLab makes a check; it asks nothing yet.
func NewGitLab(o GitLabOptions) (*GitLab, error) {
	client, err := collector.NewClient(o.Host)
	if err != nil {
		return nil, err
	}
	return &GitLab{o, client}, nil
}

// gitlabTicket is what is kept of a merge request.
type gitlabTicket struct {
	Project int64  `json:"project"`
	Name    string `json:"name"`
	IID     int64  `json:"iid"`
	Commit  string `json:"commit"`
	Check   int64  `json:"check"`
	Page    string `json:"page,omitempty"`
}

type gitlabDelivery struct {
	Kind    string `json:"object_kind"`
	Project struct {
		ID   int64  `json:"id"`
		Path string `json:"path_with_namespace"`
	} `json:"project"`
	Request struct {
		IID    int64  `json:"iid"`
		Target int64  `json:"target_project_id"`
		State  string `json:"state"`
		Page   string `json:"url"`
		Last   struct {
			ID string `json:"id"`
		} `json:"last_commit"`
	} `json:"object_attributes"`
	Check struct {
		ID int64 `json:"id"`
	} `json:"external_approval_rule"`
}

// Authentic reports whether GitLab signed a delivery with the check's shared secret.
func (g *GitLab) Authentic(header http.Header, body []byte) bool {
	return collector.Signed(header.Get("X-Gitlab-Signature"), body, g.o.Secrets)
}

// Read takes a merge request out of a delivery; one that is not open needs no status.
func (g *GitLab) Read(_ http.Header, body []byte) (t Ticket, ignored string, err error) {
	var d gitlabDelivery
	if err := json.Unmarshal(body, &d); err != nil {
		return Ticket{}, "", fmt.Errorf("the delivery cannot be read: %w", err)
	}
	t.Kind = d.Kind
	switch {
	case d.Kind != "merge_request" || d.Check.ID <= 0:
		return t, "only what GitLab sends for an external status check is answered", nil
	case d.Request.State != "opened":
		return t, "the merge request is not open", nil
	case d.Request.IID <= 0 || d.Request.Target <= 0 || d.Request.Last.ID == "":
		return t, "", errors.New("the delivery names no merge request, or no commit of it")
	}
	t.ID = fmt.Sprintf("%d/%d/%d/%s", d.Request.Target, d.Request.IID, d.Check.ID, d.Request.Last.ID)
	kept, err := json.Marshal(gitlabTicket{d.Request.Target, d.Project.Path, d.Request.IID, d.Request.Last.ID, d.Check.ID, d.Request.Page})
	t.Body = string(kept)
	return t, "", err
}

// Ask is what the gate is asked: how things stand, for nothing is promoted by a status.
func (g *GitLab) Ask(body string) (Question, error) {
	var t gitlabTicket
	if err := json.Unmarshal([]byte(body), &t); err != nil {
		return Question{}, fmt.Errorf("a stored request cannot be read: %w", err)
	}
	service, environment, err := mapped(g.o.Name, g.o.Services, []string{strconv.FormatInt(t.Project, 10), t.Name}, "")
	if err != nil {
		return Question{}, err
	}
	return Question{
		Request: gate.Request{Service: service, Environment: environment, Commit: t.Commit, Run: gate.Run{Provider: "gitlab", ID: strconv.FormatInt(t.IID, 10), URL: t.Page}},
		Look:    true,
	}, nil
}

// Answer sets the status of the check at the commit; GitLab takes no text.
func (g *GitLab) Answer(ctx context.Context, body string, a Answer) error {
	var t gitlabTicket
	if err := json.Unmarshal([]byte(body), &t); err != nil {
		return fmt.Errorf("a stored request cannot be read: %w", err)
	}
	status := map[gate.Result]string{gate.Allow: "passed", gate.Warn: "passed", gate.Block: "failed"}[a.Verdict]
	if status == "" {
		status = "pending"
	}
	said := map[string]any{"sha": t.Commit, "external_status_check_id": t.Check, "status": status}
	var answer json.RawMessage
	_, err := g.client.PostJSON(ctx, fmt.Sprintf("projects/%d/merge_requests/%d/status_check_responses", t.Project, t.IID), said, &answer)
	return err
}
