package protection

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/internal/identity"
	"shiphabit/metrics/gate"
)

// StandardGitHub is where GitHub is asked unless it is said.
const StandardGitHub = "https://api.github.com"

// GitHubPatience is how long GitHub lets a job wait for its environment's rules.
const GitHubPatience = 30 * 24 * time.Hour

// GitHubReports is how often GitHub lets us say something about a deployment without deciding on it.
const GitHubReports = 10

// longestReport is the longest text that GitHub takes, in characters; counted in bytes we stay below it.
const longestReport = 1024

// GitHubOptions are what the rule of a GitHub App needs.
type GitHubOptions struct {
	Name     string
	Host     collector.Host
	App      *identity.Assertion
	Secrets  []string
	Services []Mapping
	Clock    func() time.Time
}

// GitHub is a custom deployment protection rule: GitHub asks by deployment_protection_rule, and is answered where it says.
type GitHub struct {
	o      GitHubOptions
	client *collector.Client
	tokens tokens
}

// NewGitHub makes a rule; it asks nothing yet.
func NewGitHub(o GitHubOptions) (*GitHub, error) {
	client, err := collector.NewClient(o.Host)
	if err != nil {
		return nil, err
	}
	g := &GitHub{o: o, client: client}
	g.tokens = tokens{fetch: g.fetchToken, now: o.Clock}
	return g, nil
}

// githubTicket is what is kept of a request.
type githubTicket struct {
	Repository   int64  `json:"repository"`
	Name         string `json:"name"`
	Installation int64  `json:"installation"`
	Environment  string `json:"environment"`
	Event        string `json:"event,omitempty"`
	Commit       string `json:"commit"`
	Run          string `json:"run"`
	Page         string `json:"page,omitempty"`
	// Callback is where the answer goes, below the host's address.
	Callback string `json:"callback"`
}

// githubDelivery is the part of a deployment_protection_rule that is of interest.
type githubDelivery struct {
	Action      string `json:"action"`
	Environment string `json:"environment"`
	Event       string `json:"event"`
	Callback    string `json:"deployment_callback_url"`
	Deployment  struct {
		ID  int64  `json:"id"`
		SHA string `json:"sha"`
	} `json:"deployment"`
	Repository struct {
		ID       int64  `json:"id"`
		FullName string `json:"full_name"`
		Page     string `json:"html_url"`
	} `json:"repository"`
	Installation struct {
		ID int64 `json:"id"`
	} `json:"installation"`
}

// Authentic reports whether GitHub signed a delivery with the app's webhook secret.
func (g *GitHub) Authentic(header http.Header, body []byte) bool {
	return collector.Signed(header.Get("X-Hub-Signature-256"), body, g.o.Secrets)
}

var callbackPath = regexp.MustCompile(`^repos/[\w.-]+/[\w.-]+/actions/runs/(\d+)/deployment_protection_rule$`)

// Read takes a request out of a delivery. Everything but a request says nothing of interest.
func (g *GitHub) Read(header http.Header, body []byte) (t Ticket, ignored string, err error) {
	kind := header.Get("X-GitHub-Event")
	if kind != "deployment_protection_rule" {
		return Ticket{Kind: kind}, "only deployment_protection_rule is answered", nil
	}
	var d githubDelivery
	if err := json.Unmarshal(body, &d); err != nil {
		return Ticket{Kind: kind}, "", fmt.Errorf("the delivery cannot be read: %w", err)
	}
	t.Kind = kind + " " + d.Action
	if d.Action != "requested" {
		return t, "only the action requested is answered", nil
	}
	callback, run, err := g.callback(d.Callback)
	switch {
	case err != nil:
		return t, "", err
	case d.Repository.ID <= 0 || d.Environment == "":
		return t, "", errors.New("the delivery names no repository or no environment")
	case d.Installation.ID <= 0:
		return t, "", errors.New("the delivery names no installation: it has to come from the webhook of a GitHub App, not of a repository")
	}
	// A deployment stands for one attempt of a job; the run alone does where GitHub names none.
	about := "run-" + run
	if d.Deployment.ID > 0 {
		about = strconv.FormatInt(d.Deployment.ID, 10)
	}
	t.ID = fmt.Sprintf("%d/%s/%s", d.Repository.ID, about, d.Environment)
	kept, err := json.Marshal(githubTicket{
		Repository: d.Repository.ID, Name: d.Repository.FullName, Installation: d.Installation.ID, Environment: d.Environment, Event: d.Event,
		Commit: d.Deployment.SHA, Run: run, Page: runPage(d.Repository.Page, run), Callback: callback,
	})
	t.Body = string(kept)
	return t, "", err
}

func runPage(repository, run string) string {
	if repository == "" {
		return ""
	}
	return repository + "/actions/runs/" + run
}

// callback is where an answer goes, below the host's address, and the run it is about. GitHub's word is taken only where it points at
// GitHub and at nothing else there.
func (g *GitHub) callback(address string) (below, run string, err error) {
	at, err := url.Parse(address)
	if err != nil || at.Scheme != g.client.Base.Scheme || at.Host != g.client.Base.Host {
		return "", "", fmt.Errorf("the delivery wants its answer elsewhere than at %s; for another host set url", g.client.Base.Host)
	}
	below, ours := strings.CutPrefix(at.EscapedPath(), g.client.Base.EscapedPath())
	parts := callbackPath.FindStringSubmatch(below)
	if !ours || parts == nil || path.Clean(below) != below {
		return "", "", errors.New("the delivery wants its answer at an address that is no deployment_protection_rule")
	}
	return below, parts[1], nil
}

// Ask is what the gate is asked about a ticket.
func (g *GitHub) Ask(body string) (Question, error) {
	var t githubTicket
	if err := json.Unmarshal([]byte(body), &t); err != nil {
		return Question{}, fmt.Errorf("a stored request cannot be read: %w", err)
	}
	service, environment, err := mapped(g.o.Name, g.o.Services, []string{strconv.FormatInt(t.Repository, 10), t.Name}, t.Environment)
	if err != nil {
		return Question{}, err
	}
	q := Question{Request: gate.Request{Service: service, Environment: environment, Commit: t.Commit, Run: gate.Run{Provider: "github", ID: t.Run, URL: t.Page}}}
	if strings.HasPrefix(t.Event, "pull_request") {
		q.Foreign = t.Event
	}
	return q, nil
}

// Answer approves or rejects the deployment; on hold it only says why.
func (g *GitHub) Answer(ctx context.Context, body string, a Answer) error {
	var t githubTicket
	if err := json.Unmarshal([]byte(body), &t); err != nil {
		return fmt.Errorf("a stored request cannot be read: %w", err)
	}
	review := map[string]string{"environment_name": t.Environment, "comment": shortened(a.Says, longestReport)}
	if state := map[gate.Result]string{gate.Allow: "approved", gate.Warn: "approved", gate.Block: "rejected"}[a.Verdict]; state != "" {
		review["state"] = state
	}
	token, err := g.tokens.of(ctx, t.Installation, t.Repository)
	if err != nil {
		return err
	}
	err = g.post(ctx, t.Callback, token, review, nil)
	if collector.TroubleOf(err) == collector.Refused {
		g.tokens.drop(t.Installation, t.Repository) // revoked before its time
	}
	return err
}

// fetchToken asks for a token that may do nothing but answer for one repository.
func (g *GitHub) fetchToken(ctx context.Context, installation, repository int64) (token string, until time.Time, err error) {
	self, err := g.o.App.Token(g.o.Clock())
	if err != nil {
		return "", time.Time{}, err
	}
	var answer struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	asked := map[string]any{"repository_ids": []int64{repository}, "permissions": map[string]string{"deployments": "write"}}
	if err := g.post(ctx, fmt.Sprintf("app/installations/%d/access_tokens", installation), self, asked, &answer); err != nil {
		return "", time.Time{}, fmt.Errorf("asking for a token as the app, see app_id, private_key_file and the app's permission Deployments: %w", err)
	}
	return answer.Token, answer.ExpiresAt, nil
}

func (g *GitHub) post(ctx context.Context, address, token string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	at, err := g.client.Base.Parse(address)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/vnd.github+json")
	request.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := g.client.Do(request)
	if err != nil {
		return collector.Cause(ctx, err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	if into == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return g.client.Unreadable(ctx, address, err)
	}
	return nil
}

// shortened keeps whole lines of a text up to a length in bytes.
func shortened(text string, most int) string {
	const more = "\n…"
	if len(text) <= most {
		return text
	}
	cut := text[:most-len(more)]
	if end := strings.LastIndexByte(cut, '\n'); end > 0 {
		return cut[:end] + more
	}
	return strings.ToValidUTF8(cut, "") + more
}
