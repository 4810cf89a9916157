package git_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/git"
	"shiphabit/collector/git/gittest"
	"shiphabit/metrics"
)

// refusal is the error with which a clone is refused, as the user reads it.
func refusal(t *testing.T, o git.Options) string {
	t.Helper()
	_, err := tryRead(t.Context(), source(t, o), "")
	if err == nil {
		t.Fatalf("%s was read", o.Path)
	}
	if collector.TroubleOf(err) != collector.Unreadable {
		t.Errorf("%v: trouble is %q", err, collector.TroubleOf(err))
	}
	if strings.Contains(err.Error(), "fatal:") || strings.Contains(err.Error(), "\n") {
		t.Errorf("git itself speaks in %q", err)
	}
	return err.Error()
}

func TestWhatIsNoCloneIsRefusedWithASentence(t *testing.T) {
	t.Parallel()
	empty := gittest.New(t)
	newer := gittest.New(t)
	newer.At("2026-01-05 09:00").Commit("one")
	newer.Git("config", "core.repositoryFormatVersion", "99")
	plain := t.TempDir()
	for sentence, c := range map[string]struct{ path, problem, remedy string }{
		"no such folder":           {filepath.Join(plain, "nosuch"), "there is no such folder", "name the folder of a clone"},
		"a folder outside":         {plain, "not a Git repository, nor inside one", "name the folder of a clone"},
		"a repository without any": {empty.Dir, "it has no commits yet", "come back after the first commit"},
		"a newer format":           {newer.Dir, "made by a newer git", "install a newer git"},
	} {
		got := refusal(t, git.Options{Path: c.path})
		if !strings.HasPrefix(got, c.path+": "+c.problem) || !strings.Contains(got, c.remedy) {
			t.Errorf("%s: got %q", sentence, got)
		}
	}
}

func TestACloneOfAnotherUserIsRefusedWithTheRemedy(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can give a folder to another user")
	}
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	for _, path := range []string{r.Dir, filepath.Join(r.Dir, ".git")} {
		if err := os.Chown(path, 12345, 12345); err != nil {
			t.Skip(err)
		}
	}
	if got := refusal(t, git.Options{Path: r.Dir}); !strings.Contains(got, "git config --global --add safe.directory "+r.Dir) {
		t.Errorf("got %q", got)
	}
}

func TestAShallowCloneSaysFromWhenItIsComplete(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.LightTag("v1.0.0")
	r.At("2026-01-06 09:00").Commit("two")
	r.At("2026-01-07 09:00").Commit("three")
	r.LightTag("v1.1.0")
	r.At("2026-01-08 09:00").Commit("four")
	h := read(t, git.Options{Path: r.Clone("--depth=2")}, "")
	if got := h.summary.CompleteFrom.Format(time.DateOnly); got != "2026-01-07" {
		t.Errorf("complete from %s, want the day of the oldest commit that is there", got)
	}
	if w := strings.Join(h.summary.Warnings, " "); !strings.Contains(w, "history before 2026-01-07 is missing") || !strings.Contains(w, "git fetch --unshallow") {
		t.Errorf("warnings are %q", w)
	}
	if got := h.commits(t); len(got) != 2 {
		t.Errorf("got %d commits, want the two that are there", len(got))
	}
}

func TestOneTagSaysThatThereIsNothingToCompare(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.LightTag("v1.0.0")
	if w := strings.Join(read(t, git.Options{Path: r.Dir}, "").summary.Warnings, " "); !strings.Contains(w, "one release tag only") {
		t.Errorf("warnings are %q", w)
	}
}

func TestBrokenObjectsAreSetAsideAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	root := r.At("2026-01-05 09:00").Commit("one")
	r.Tag("v1.0.0", "First")
	lost := r.At("2026-01-06 09:00").Commit("two")
	third := r.At("2026-01-07 09:00").Commit("three")
	r.Tag("v1.1.0", "Second")
	garbled := r.At("2026-01-08 09:00").Commit("four")
	fifth := r.At("2026-01-09 09:00").Commit("five")
	brokenTag := r.Tag("v1.2.0", "Third")
	r.LightTag("v1.3.0", garbled)
	r.Lose(lost)
	r.Break(garbled)
	r.Break(brokenTag)
	if err := os.WriteFile(filepath.Join(r.Dir, ".git", "refs", "tags", "v9.9.9"), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}

	h := read(t, git.Options{Path: r.Dir}, "")
	commits := h.commits(t)
	for _, id := range []string{root, third, fifth} {
		if _, ok := commits[id]; !ok {
			t.Errorf("commit %s is missing", id)
		}
	}
	for _, want := range []string{"{commit " + lost, "{commit " + garbled, "{tag v1.2.0 object", "{tag v1.3.0 object"} {
		if !strings.Contains(h.reasons(), want) {
			t.Errorf("%s is not set aside in %s", want, h.reasons())
		}
	}
	if got := h.released(t); got["v1.0.0"].Revision != root || got["v1.1.0"].Revision != third {
		t.Errorf("the sound releases are %v", got)
	}
	if w := strings.Join(h.summary.Warnings, " "); !strings.Contains(w, "cannot read 1 references, such as refs/tags/v9.9.9") {
		t.Errorf("warnings are %q", w)
	}
	if h.summary.SetAside != 4 || h.summary.Commits != 3 {
		t.Errorf("the summary counts %d commits and %d set aside, want 3 and 4", h.summary.Commits, h.summary.SetAside)
	}
	if again := read(t, git.Options{Path: r.Dir}, h.cursor); len(again.events) != 0 {
		t.Errorf("read again, it gives %d events", len(again.events))
	}
}

func TestDatesThatCannotBe(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	tree := r.Git("rev-parse", "HEAD^{tree}")
	odd := func(seconds string) string {
		c := r.Object("commit", "tree "+tree+"\nparent "+r.Head()+"\nauthor A <a@example.org> "+seconds+"\ncommitter A <a@example.org> "+seconds+"\n\nodd\n")
		r.Git("reset", "--quiet", "--hard", c)
		return c
	}
	before := odd("-86400 +0000")
	overflow := odd("99999999999999999999 +0000")
	words := odd("yesterday")
	next := odd("1804000000 +0000") // March 2027
	last := r.At("2026-01-06 09:00").Commit("two")
	r.LightTag("v0.0.1", before)
	r.LightTag("v0.0.2", words)
	r.LightTag("v0.0.3", next)
	r.LightTag("v1.0.0", last)

	o := git.Options{Path: r.Dir}
	h := read(t, o, "")
	commits := h.commits(t)
	for sentence, c := range map[string]struct {
		id   string
		year int
	}{
		"before 1970":          {before, 1970},
		"beyond any calendar":  {overflow, 9999},
		"no number":            {words, 1970},
		"merely in the future": {next, 2027},
	} {
		if got := commits[c.id].AuthoredAt.Year(); got != c.year {
			t.Errorf("a date %s becomes %d, want %d", sentence, got, c.year)
		}
	}
	if got := h.released(t); len(got) != 1 || got["v1.0.0"].Revision != last {
		t.Errorf("released are %v, want v1.0.0 alone", got)
	}
	for _, want := range []string{"tag v0.0.1 its date, 1970-01-01, is before", "tag v0.0.2 it has no date", "tag v0.0.3 its date, 2027-03-"} {
		if !strings.Contains(h.reasons(), want) {
			t.Errorf("%q is not in %s", want, h.reasons())
		}
	}
	for _, f := range metrics.DeriveAll(h.events, metrics.DefaultRules()) {
		if n := len(f.Rollouts); n != 1 {
			t.Errorf("%d rollouts", n)
		}
	}

	o.Clock = func() time.Time { return time.Date(2028, time.January, 1, 0, 0, 0, 0, time.UTC) }
	if got := read(t, o, h.cursor).released(t); len(got) != 1 || got["v0.0.3"].Revision != next {
		t.Errorf("once its day has come the tag gives %v", got)
	}
}

func TestTagsThatAreNoCommitAreSetAside(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.LightTag("v1.0.0")
	r.LightTag("v1.0.1", r.Git("rev-parse", "HEAD^{tree}"))
	r.Tag("v1.0.2", "A file", r.GitInput("content", "hash-object", "-w", "--stdin"))
	r.At("2026-01-06 09:00").Tag("v1.0.3", "A tag of a tag", "v1.0.0")
	r.At("2026-01-07 09:00").Tag("v1.0.4", "A tag of a tag of a tag", "v1.0.3")
	h := read(t, git.Options{Path: r.Dir}, "")
	for _, want := range []string{"tag v1.0.1 it points at a tree", "tag v1.0.2 it points at a blob"} {
		if !strings.Contains(h.reasons(), want) {
			t.Errorf("%q is not in %s", want, h.reasons())
		}
	}
	if got := h.released(t); len(got) != 3 || got["v1.0.4"].Revision != r.Head() {
		t.Errorf("released are %v, want v1.0.0 and the two tags of tags", got)
	}
}

func TestTagsOffTheMainLine(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.Switch("aside").At("2026-01-06 09:00")
	aside := r.Commit("two")
	r.Tag("v1.0.0", "Beside main")
	r.Git("switch", "--quiet", "--orphan", "another-root")
	orphan := r.At("2026-01-07 09:00").Commit("three")
	r.Tag("v2.0.0", "From another root")
	r.Git("switch", "--quiet", "main")
	r.Git("branch", "--quiet", "-D", "aside", "another-root")
	commits := read(t, git.Options{Path: r.Dir}, "").commits(t)
	for _, id := range []string{aside, orphan} {
		if _, ok := commits[id]; !ok {
			t.Errorf("commit %s, reached by a tag alone, is missing", id)
		}
	}
}

func TestNamesThatNobodyWouldChoose(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	who := "</script><script>alert(1)</script> <a\xff@example.org> 1767690000 +0000"
	var commit string
	for _, name := range []string{"v1.0.0-\xff", "v1.0.0-\xfe", "v1.0.0-</script>", "v1.0.0-\u202e", "v1.0.0-" + strings.Repeat("x", 200)} {
		commit = r.Object("commit", "tree "+r.Git("rev-parse", "HEAD^{tree}")+"\nauthor "+who+"\ncommitter "+who+"\n\nCaf\xe9 </script>\x01 \u202e\n"+name)
		r.GitInput("create refs/tags/"+name+"\x00"+commit+"\x00", "update-ref", "--stdin", "-z")
	}
	h := read(t, git.Options{Path: r.Dir}, "")
	if got := h.deployments(t); len(got) != 4 {
		t.Errorf("four tags give %d deployments: names that differ only in bytes that are no UTF-8 must stay two: %v", len(got), got)
	}
	if !strings.Contains(h.reasons(), "holds U+202E, a character that turns the direction of writing") {
		t.Errorf("of the fifth it says %s", h.reasons())
	}
	for _, e := range h.events {
		if s := string(e.Payload) + e.ID; strings.ToValidUTF8(s, "?") != s {
			t.Errorf("not UTF-8: %q", s)
		}
	}
	if got := h.commits(t)[commit].Message; !strings.HasPrefix(got, "Caf\uFFFD </script>") {
		t.Errorf("message is %q", got)
	}
	if h.released(t)["v1.0.0-</script>"].Version != "1.0.0-</script>" {
		t.Error("a tag with markup in its name is lost")
	}
}

func TestHugeMessagesAreCut(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00")
	commit := r.Commit(strings.Repeat("very long ", 300_000))
	next := r.Commit("ordinary")
	r.Tag("v1.0.0", strings.Repeat("release notes ", 200_000))
	h := read(t, git.Options{Path: r.Dir}, "")
	commits := h.commits(t)
	if n := len(commits[commit].Message); n > 300 || n < 200 {
		t.Errorf("a subject of three million bytes is kept with %d", n)
	}
	if commits[next].Message != "ordinary" || h.released(t)["v1.0.0"].Revision != next {
		t.Error("what stands behind a huge message is lost")
	}
}

func TestReplacementsAndGraftsAreIgnored(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	first := r.At("2026-01-05 09:00").Commit("one")
	second := r.At("2026-01-06 09:00").Commit("two")
	third := r.At("2026-01-07 09:00").Commit("three")
	r.LightTag("v1.0.0", second)
	r.LightTag("v1.1.0", third)
	r.Git("replace", "--graft", third, first)
	if err := os.MkdirAll(filepath.Join(r.Dir, ".git", "info"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.Dir, ".git", "info", "grafts"), []byte(second+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	commits := read(t, git.Options{Path: r.Dir}, "").commits(t)
	if got := strings.Join(commits[third].Parents, " "); got != second {
		t.Errorf("the parent of three is %s, want two", got)
	}
	if got := strings.Join(commits[second].Parents, " "); got != first {
		t.Errorf("the parent of two is %s, want one", got)
	}
}

func TestNothingThatTheCloneConfiguresRuns(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").CommitFile("api/x", "one")
	r.LightTag("v1.0.0")
	trap, sprung := filepath.Join(t.TempDir(), "trap"), filepath.Join(t.TempDir(), "sprung")
	if err := os.WriteFile(trap, []byte("#!/bin/sh\ntouch '"+sprung+"'\n"), 0o700); err != nil { //nolint:gosec // a trap must be executable
		t.Fatal(err)
	}
	for _, key := range []string{"core.fsmonitor", "core.pager", "pager.log", "diff.external", "gpg.program", "core.sshCommand", "core.editor", "core.askPass", "core.alternateRefsCommand", "diff.x.textconv"} {
		r.Git("config", key, trap)
	}
	r.Git("config", "log.showSignature", "true")
	r.Git("config", "core.hooksPath", filepath.Dir(trap))
	read(t, git.Options{Path: r.Dir, Services: map[string]string{"api": "api"}}, "")
	if _, err := os.Stat(sprung); err == nil {
		t.Error("a program that the clone names was run")
	}
}

func TestAPartialCloneIsReadWithoutFetching(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").CommitFile("api/x", "one")
	r.At("2026-01-06 09:00").CommitFile("api/y", "two")
	r.LightTag("v1.0.0")
	r.Git("config", "uploadpack.allowFilter", "true")
	r.Git("config", "uploadpack.allowAnySHA1InWant", "true")
	treeless := r.Clone("--bare", "--filter=tree:0")
	if got := read(t, git.Options{Path: treeless}, "").commits(t); len(got) != 2 {
		t.Errorf("got %d commits, want both: they are all there", len(got))
	}
	got := refusal(t, git.Options{Path: treeless, Services: map[string]string{"api": "api"}})
	if !strings.Contains(got, "file trees are missing") || !strings.Contains(got, "clone again without --filter") {
		t.Errorf("got %q", got)
	}
}

func TestTheEnvironmentOfAHookDoesNotMisleadIt(t *testing.T) {
	r, other := gittest.New(t), gittest.New(t)
	want := r.At("2026-01-05 09:00").Commit("one")
	other.At("2026-01-05 09:00").Commit("another")
	t.Setenv("GIT_DIR", filepath.Join(other.Dir, ".git"))
	t.Setenv("GIT_TRACE", "1")
	if _, ok := read(t, git.Options{Path: r.Dir}, "").commits(t)[want]; !ok {
		t.Error("it read the repository that GIT_DIR names")
	}
}
