package git

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"shiphabit/collector"
)

// Remote is where a clone of our own is brought up to date from before it is read.
type Remote struct {
	// URL of the repository: https, http, ssh, git or file, or a path. It holds no user and no password over HTTP.
	URL string
	// User and Token let us in over HTTP; a host that takes any user beside a token is told "git".
	User, Token string
	// Roots is a file of certificates (PEM) to trust in place of the system's; Proxy a proxy's address.
	Roots, Proxy string
}

// check refuses an address with a password in it, which would stand in the clone's settings and in messages.
func (r Remote) check() error {
	at, err := url.Parse(r.URL)
	if err == nil && strings.HasPrefix(at.Scheme, "http") && at.User != nil {
		return &collector.Error{
			Trouble: collector.Unreadable, Place: at.Redacted(), Problem: "its url holds a user or a password",
			Remedy: "leave it out of the url and use the settings user and token",
		}
	}
	if strings.HasPrefix(r.URL, "-") || r.URL == "" || strings.Contains(r.URL, "::") {
		return unreadable(r.URL, "it is no address of a repository", "write it like https://host.example/acme/shop.git", nil)
	}
	return nil
}

// environment lets git reach this one remote: nothing that asks a question, no redirect that could carry a token elsewhere, and no
// secret among the arguments, which other users of the machine can read.
func (r Remote) environment() []string {
	env := append(environment(), "GIT_ALLOW_PROTOCOL=https:http:ssh:git:file", "GIT_SSH_COMMAND=ssh -o BatchMode=yes -o ConnectTimeout=20")
	var settings [][2]string
	set := func(key, value string) { settings = append(settings, [2]string{key, value}) }
	set("http.lowSpeedLimit", "1000")
	set("http.lowSpeedTime", "60")
	set("credential.helper", "")
	if r.Token != "" {
		user := r.User
		if user == "" {
			user = "git"
		}
		set("http.followRedirects", "false")
		set("http.extraHeader", "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+r.Token)))
	}
	if r.Roots != "" {
		set("http.sslCAInfo", r.Roots)
	}
	if r.Proxy != "" {
		set("http.proxy", r.Proxy)
	}
	env = append(env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(settings)))
	for i, s := range settings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, s[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, s[1]))
	}
	return env
}

// fetch makes the folder a bare clone of the remote as it is now: tags that moved are moved, branches and tags that are gone are
// gone. Contents of files are not fetched where the host can leave them out: nothing here reads them.
func (r Remote) fetch(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return unreadable(folder, "the folder for the clone cannot be made: "+err.Error(), "make room, or let the program write there", err)
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", "."},
		{"config", "remote.origin.url", r.URL},
		{"fetch", "--quiet", "--force", "--prune", "--no-auto-maintenance", "--no-write-fetch-head", "--filter=blob:none", "--no-tags", "origin",
			"+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"},
	} {
		if _, err := r.run(ctx, folder, args...); err != nil {
			return err
		}
	}
	said, err := r.run(ctx, folder, "ls-remote", "--symref", "origin", "HEAD")
	if err != nil {
		return err
	}
	if branch, ok := defaultOf(said); ok {
		_, err = r.run(ctx, folder, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/"+branch)
	}
	return err
}

// defaultOf is the branch that a remote's HEAD stands for.
func defaultOf(said string) (string, bool) {
	for line := range strings.SplitSeq(said, "\n") {
		if rest, ok := strings.CutPrefix(line, "ref: refs/heads/"); ok {
			branch, _, _ := strings.Cut(rest, "\t")
			return branch, branch != ""
		}
	}
	return "", false
}

// run runs one git command against the remote.
func (r Remote) run(ctx context.Context, folder string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", folder, "-c", "core.hooksPath=" + os.DevNull, "-c", "core.fsmonitor=false"}, args...)...) //nolint:gosec // our own arguments, and an address that begins with no dash
	var out bytes.Buffer
	var complaint limited
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = r.environment(), &out, &complaint, time.Second
	err := cmd.Run()
	switch {
	case err == nil:
		return out.String(), nil
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case complaint.Len() == 0:
		return "", cannotStart(folder, err)
	}
	return "", r.explain(strings.TrimSpace(complaint.String()), err)
}

// explain says in words what git said of a remote.
func (r Remote) explain(said string, cause error) error {
	if r.Token != "" {
		said = strings.ReplaceAll(said, r.Token, "***")
	}
	e := &collector.Error{Trouble: collector.Passing, Place: r.URL, Err: cause}
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(said, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("Authentication failed", "could not read Username", "Permission denied", "HTTP 401", "error: 401", "HTTP 403", "error: 403"):
		e.Trouble, e.Problem = collector.Refused, "the host does not let us in"
		e.Remedy = "give the source a token that may read the repository (settings user and token), or a key for ssh"
	case has("certificate"):
		e.Trouble, e.Problem, e.Remedy = collector.Refused, "its certificate is not trusted", "name the certificate of its issuer with ca_file"
	case has("unable to update url base from redirection", "redirect", "error: 301", "error: 302"):
		e.Trouble, e.Problem, e.Remedy = collector.Unreadable, "it redirects to another address, where a token is not sent", "write the address that it redirects to"
	case has("not found", "does not exist", "does not appear to be a git repository", "No such file"):
		e.Trouble, e.Problem, e.Remedy = collector.Missing, "there is no repository, or the token may not see it", "check the url of the source"
	default:
		e.Problem = "it cannot be fetched: " + text([]byte(strings.TrimPrefix(lastLine(said), "fatal: ")))
	}
	return e
}

func lastLine(s string) string { return s[strings.LastIndexByte(s, '\n')+1:] }
