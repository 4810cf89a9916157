// Package gittest builds repositories for tests with the real git command. Names, dates and therefore object names are the same
// on every machine. It holds no product code and imports none.
package gittest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Repo is a repository under construction. Each method is one step; a step that git refuses ends the test.
type Repo struct {
	// Dir is its work tree.
	Dir string

	t     testing.TB
	at    time.Time
	who   person
	files int
}

type person struct{ name, email string }

// New makes an empty repository with the branch main.
func New(t testing.TB) *Repo {
	t.Helper()
	r := &Repo{t: t, Dir: filepath.Join(t.TempDir(), "shop"), who: person{"Ada", "ada@example.org"}}
	r.At("2026-01-01 00:00")
	if err := os.Mkdir(r.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.Git("init", "--quiet", "--initial-branch=main", "--object-format=sha1")
	return r
}

// Env is the environment of every git command of this package: no configuration of the machine, one committer, one clock.
func (r *Repo) Env() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GIT_") && !strings.HasPrefix(v, "LC_ALL=") {
			env = append(env, v)
		}
	}
	date := strconv.FormatInt(r.at.Unix(), 10) + " +0000"
	return append(env, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME="+r.who.name, "GIT_AUTHOR_EMAIL="+r.who.email, "GIT_COMMITTER_NAME="+r.who.name, "GIT_COMMITTER_EMAIL="+r.who.email,
		"GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
}

// Git runs a git command in the repository and returns what it says, without the last line end.
func (r *Repo) Git(args ...string) string {
	r.t.Helper()
	return r.GitInput("", args...)
}

// GitInput is Git with something to read.
func (r *Repo) GitInput(input string, args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", append([]string{"-c", "protocol.file.allow=always", "-c", "core.autocrlf=false"}, args...)...) //nolint:gosec // a test's own arguments
	cmd.Dir, cmd.Env = r.Dir, r.Env()
	cmd.Stdin = strings.NewReader(input)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, complaint.String())
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// At sets the clock of the following steps, "2026-03-02 09:00" in UTC.
func (r *Repo) At(moment string) *Repo {
	r.t.Helper()
	at, err := time.Parse("2006-01-02 15:04", moment)
	if err != nil {
		r.t.Fatal(err)
	}
	r.at = at
	return r
}

// Now is the clock of the repository.
func (r *Repo) Now() time.Time { return r.at }

// By sets who commits the following steps.
func (r *Repo) By(name, email string) *Repo {
	r.who = person{name, email}
	return r
}

// Commit commits a change of a file of its own and returns the commit's name.
func (r *Repo) Commit(message string) string {
	r.t.Helper()
	r.files++
	return r.CommitFile("file"+strconv.Itoa(r.files)+".txt", message)
}

// CommitFile commits a change of the file.
func (r *Repo) CommitFile(file, message string) string {
	r.t.Helper()
	path := filepath.Join(r.Dir, filepath.FromSlash(file))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(message+"\n"+r.at.String()+"\n"), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.Git("add", "--", file)
	r.GitInput(message, "commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "--file=-")
	return r.Head()
}

// Head is the name of the commit that is checked out.
func (r *Repo) Head() string {
	r.t.Helper()
	return r.Git("rev-parse", "HEAD")
}

// Switch checks out a branch, making it where the repository stands when it is new.
func (r *Repo) Switch(branch string) *Repo {
	r.t.Helper()
	if r.Git("branch", "--list", branch) == "" {
		r.Git("switch", "--quiet", "--create", branch)
	} else {
		r.Git("switch", "--quiet", branch)
	}
	return r
}

// SwitchAt makes a branch at a commit and checks it out.
func (r *Repo) SwitchAt(branch, commit string) *Repo {
	r.t.Helper()
	r.Git("switch", "--quiet", "--create", branch, commit)
	return r
}

// Merge merges a branch with a merge commit, in the words that git itself uses, and deletes the branch.
func (r *Repo) Merge(branch string) string {
	r.t.Helper()
	r.Git("merge", "--quiet", "--no-ff", "-m", "Merge branch '"+branch+"'", branch)
	r.Git("branch", "--quiet", "--delete", "--force", branch)
	return r.Head()
}

// Squash merges a branch as one commit, as hosts do, and deletes the branch.
func (r *Repo) Squash(branch, message string) string {
	r.t.Helper()
	r.Git("merge", "--quiet", "--squash", branch)
	r.GitInput(message, "commit", "--quiet", "--file=-")
	r.Git("branch", "--quiet", "--delete", "--force", branch)
	return r.Head()
}

// Revert reverts a commit in git's own words.
func (r *Repo) Revert(commit string) string {
	r.t.Helper()
	r.Git("revert", "--no-edit", commit)
	return r.Head()
}

// CherryPick copies a commit onto the branch that is checked out.
func (r *Repo) CherryPick(commit string) string {
	r.t.Helper()
	r.Git("cherry-pick", "-x", commit)
	return r.Head()
}

// Tag makes an annotated tag with the repository's clock, at the commit that is checked out or at the one given.
func (r *Repo) Tag(name, annotation string, commit ...string) string {
	r.t.Helper()
	r.GitInput(annotation, append([]string{"tag", "--annotate", "--file=-", name}, commit...)...)
	return r.Git("rev-parse", "refs/tags/"+name)
}

// LightTag makes a lightweight tag, a name for an object and nothing else: of the commit that is checked out or of the object
// given. A tag of that name moves.
func (r *Repo) LightTag(name string, object ...string) {
	r.t.Helper()
	r.Git("update-ref", "refs/tags/"+name, append(object, "HEAD")[0])
}

// Object stores an object of the kind with the given content as it is, however odd, and returns its name.
func (r *Repo) Object(kind, content string) string {
	r.t.Helper()
	return r.GitInput(content, "hash-object", "-t", kind, "-w", "--stdin", "--literally")
}

// Break makes the loose object unreadable, as a failing disk does.
func (r *Repo) Break(object string) {
	r.t.Helper()
	path := filepath.Join(r.Dir, ".git", "objects", object[:2], object[2:])
	if err := os.Chmod(path, 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("not an object"), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// Lose removes the loose object.
func (r *Repo) Lose(object string) {
	r.t.Helper()
	if err := os.Remove(filepath.Join(r.Dir, ".git", "objects", object[:2], object[2:])); err != nil {
		r.t.Fatal(err)
	}
}

// Clone clones the repository with git clone's own options and returns the new folder.
func (r *Repo) Clone(options ...string) string {
	r.t.Helper()
	to := filepath.Join(r.t.TempDir(), "copy")
	r.Git(append(append([]string{"clone", "--quiet"}, options...), "file://"+r.Dir, to)...)
	return to
}
