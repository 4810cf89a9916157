package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// clone is what a path turned out to be.
type clone struct {
	path       string // as the user gave it, for messages
	dir        string // where git commands run
	shared     string // the folder that holds the objects, common to all work trees
	bare       bool
	shallow    bool
	repository string // "owner/name" of the origin, else the folder's name
	head       string // the branch that is checked out, "" when none is
	headCommit string // "" when there is no commit yet
	preferred  string // the user's init.defaultBranch
	refs       map[string]string
	originHead string   // the reference that origin/HEAD stands for
	brokenRefs []string // references that git could not read
}

// name is the last part of the repository's name: what its service is called.
func (c clone) name() string {
	return c.repository[strings.LastIndexByte(c.repository, '/')+1:]
}

// open finds out what a path is. It reads references and settings, no history.
func open(ctx context.Context, path string) (clone, error) {
	c := clone{path: path, dir: path}
	info, err := os.Stat(path)
	if err != nil {
		return clone{}, cannotFind(path, err)
	}
	if !info.IsDir() {
		c.dir = filepath.Dir(path)
	}
	said, err := output(ctx, c.dir, "rev-parse", "--git-common-dir", "--is-bare-repository", "--is-shallow-repository")
	if err != nil {
		return clone{}, cannotOpen(path, err)
	}
	lines := strings.Split(said, "\n")
	if len(lines) != 3 {
		return clone{}, unreadable(path, "git described the clone in words not understood: "+text([]byte(said)), "install a newer git", nil)
	}
	if c.shared = lines[0]; !filepath.IsAbs(c.shared) {
		c.shared = filepath.Join(c.dir, c.shared)
	}
	c.bare, c.shallow = lines[1] == "true", lines[2] == "true"
	if err := c.readHead(ctx); err != nil {
		return clone{}, err
	}
	if err := c.readSettings(ctx); err != nil {
		return clone{}, err
	}
	return c, c.readRefs(ctx)
}

// holds refuses a service whose folder the checked-out commit does not have: it would be judged on nothing, or on everything.
func (c clone) holds(ctx context.Context, service, folder string) error {
	if folder == "" || c.headCommit == "" {
		return nil
	}
	if _, err := output(ctx, c.dir, "rev-parse", "--quiet", "--verify", c.headCommit+":"+folder); err != nil && noAnswer(err) {
		return unreadable(c.path, "there is no folder "+folder+" for the service "+service, "name a folder from the root of the repository, like services/api", nil)
	}
	return ctx.Err()
}

// readHead asks which branch is checked out and where it stands. No answer is an answer: a detached head has no branch, a new
// repository no commit, and a broken head is no reason to give up on the tags.
func (c *clone) readHead(ctx context.Context) error {
	c.head, _ = output(ctx, c.dir, "symbolic-ref", "--quiet", "HEAD")
	c.headCommit, _ = output(ctx, c.dir, "rev-parse", "--quiet", "--verify", "HEAD^{commit}")
	return ctx.Err()
}

// noAnswer tells a command that found nothing from one that could not run.
func noAnswer(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == 1
}

func (c *clone) readSettings(ctx context.Context) error {
	said, err := output(ctx, c.dir, "config", "--null", "--get-regexp", `^(init\.defaultbranch|remote\.origin\.url)$`)
	if err != nil && !noAnswer(err) {
		return cannotOpen(c.path, err)
	}
	for entry := range strings.SplitSeq(said, "\x00") {
		key, value, _ := strings.Cut(entry, "\n")
		switch key {
		case "init.defaultbranch":
			c.preferred = value
		case "remote.origin.url":
			c.repository = repositoryOf(value)
		}
	}
	if c.repository == "" {
		c.repository = folderName(c.shared)
	}
	return nil
}

// repositoryOf is "owner/name" of a clone's origin, without host, user or password; a local path gives its last part.
func repositoryOf(url string) string {
	path := url
	if _, rest, ok := strings.Cut(url, "://"); ok {
		_, path, _ = strings.Cut(rest, "/")
		if strings.HasPrefix(url, "file://") {
			path = path[strings.LastIndexByte(strings.TrimRight(path, "/"), '/')+1:]
		}
	} else if host, rest, ok := strings.Cut(url, ":"); ok && !strings.ContainsAny(host, `/\`) && len(host) > 1 {
		path = rest
	} else {
		return folderName(url)
	}
	return text([]byte(strings.TrimSuffix(strings.Trim(path, "/"), ".git")))
}

// folderName is the name of a folder that holds a clone: "shop" for /srv/shop, /srv/shop/.git and /srv/shop.git.
func folderName(path string) string {
	path = filepath.Clean(path)
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if filepath.Base(path) == ".git" {
		path = filepath.Dir(path)
	}
	name := strings.TrimSuffix(filepath.Base(path), ".git")
	if name == "" || name == string(filepath.Separator) || name == "." {
		return "repository"
	}
	return text([]byte(name))
}

// readRefs reads every tag and branch with the object it points at, without opening the objects.
func (c *clone) readRefs(ctx context.Context) error {
	g, err := start(ctx, c.dir, nil, "for-each-ref", "--format=%(objectname) %(symref) %(refname)", "refs/tags", "refs/heads", "refs/remotes/origin")
	if err != nil {
		return err
	}
	c.refs, c.originHead, err = parseRefs(g.out)
	if done := g.finish(); done != nil {
		return cannotOpen(c.path, done)
	}
	for line := range strings.SplitSeq(g.complaint.String(), "\n") {
		if _, ref, ok := strings.Cut(line, "ignoring broken ref "); ok {
			c.brokenRefs = append(c.brokenRefs, text([]byte(ref)))
		}
	}
	return err
}

// parseRefs reads lines of "object target name"; the target is that of a symbolic reference and empty for the others.
func parseRefs(r io.Reader) (refs map[string]string, originHead string, err error) {
	refs = map[string]string{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.SplitN(lines.Text(), " ", 3)
		if len(fields) != 3 || !isID([]byte(fields[0])) {
			continue
		}
		if fields[2] == "refs/remotes/origin/HEAD" {
			originHead = fields[1]
		}
		refs[fields[2]] = fields[0]
	}
	if err := lines.Err(); err != nil {
		return nil, "", fmt.Errorf("read references: %w", err)
	}
	return refs, originHead, nil
}
