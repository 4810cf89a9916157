package git_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shiphabit/collector/git"
	"shiphabit/collector/git/gittest"
	"shiphabit/metrics"
)

func TestTagsAreDeployments(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	first := r.At("2026-01-05 09:00").Commit("one")
	r.LightTag("v1.0.0")
	second := r.At("2026-01-06 09:00").Commit("two")
	object := r.At("2026-01-07 12:00").Tag("v1.1.0", "Second")
	r.At("2026-01-08 09:00").Commit("three")
	r.Tag("v1.2.0-rc.1", "Candidate")
	r.Tag("latest", "Not a version")
	h := read(t, git.Options{Path: r.Dir}, "")
	got := h.deployments(t)

	for sentence, c := range map[string]struct{ got, want string }{
		"a lightweight tag has its commit's date":     {got["v1.0.0@"+first[:12]].FinishedAt.Format("2006-01-02 15"), "2026-01-05 09"},
		"an annotated tag has its tagger's":           {got["v1.1.0@"+object[:12]].FinishedAt.Format("2006-01-02 15"), "2026-01-07 12"},
		"it deploys the commit, not the tag":          {got["v1.1.0@"+object[:12]].Revision, second},
		"it is in production":                         {got["v1.1.0@"+object[:12]].Environment, "production"},
		"its version has no prefix":                   {got["v1.1.0@"+object[:12]].Version, "1.1.0"},
		"a pre-release is in staging":                 {h.released(t)["v1.2.0-rc.1"].Environment, "staging"},
		"a tag that is no version is no deployment":   {h.released(t)["latest"].ID, ""},
		"the sentence says what was taken":            {h.summary.String(), "Deployments are the 2 release tags (" + git.DefaultPattern + "); 1 pre-release shown as environment staging. 3 commits of shop read."},
		"the service is named after the repository":   {got["v1.1.0@"+object[:12]].Service, "shop"},
		"every commit of the branch comes along":      {strings.Join(h.commits(t)[second].Parents, " "), first},
		"a rule of the service is not needed for one": {strings.Join(h.summary.Services, " "), "shop"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", sentence, c.got, c.want)
		}
	}
}

func TestWithoutReleaseTagsMergesAreDeployments(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.Switch("feature/a").At("2026-01-06 09:00").Commit("a")
	r.Switch("main").At("2026-01-06 12:00")
	merge := r.Merge("feature/a")
	squash := r.At("2026-01-07 12:00").Commit("b, squashed by the host (#12)")
	r.At("2026-01-08 12:00").Commit("pushed past everybody")
	r.Switch("hotfix/c").At("2026-01-09 09:00").Commit("c")
	r.Switch("main").At("2026-01-09 12:00")
	hotfix := r.Merge("hotfix/c")
	r.Tag("v1.0.0-beta", "Only a beta")

	h := read(t, git.Options{Path: r.Dir}, "")
	got := h.deployments(t)
	want := []string{merge[:12], squash[:12], hotfix[:12]}
	slices.Sort(want)
	delete(got, h.released(t)["v1.0.0-beta"].ID)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Error(diff)
	}
	if d := got[hotfix[:12]]; d.Hotfix == nil || !*d.Hotfix {
		t.Error("the merge of hotfix/c is no hotfix")
	}
	if d := got[merge[:12]]; d.Hotfix != nil || d.Ref != "main" {
		t.Errorf("the merge of feature/a is %+v, want an ordinary deployment of main", d)
	}
	if s := h.summary.String(); !strings.HasPrefix(s, "There are no release tags") || !strings.Contains(s, "3 merges to main, squashed pull requests included; 1 pre-release") {
		t.Errorf("the summary is %q", s)
	}
}

func TestWithoutTagsAndMergesEveryCommitIsADeployment(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	fix := r.At("2026-01-06 09:00").Commit("hotfix: two")
	h := read(t, git.Options{Path: r.Dir}, "")
	if got := h.deployments(t); len(got) != 2 || got[fix[:12]].Hotfix == nil {
		t.Errorf("got %v, want two deployments, the second a hotfix", got)
	}
	if s := h.summary.String(); !strings.Contains(s, "every one of the 2 commits on it is taken for a deployment") {
		t.Errorf("the summary is %q", s)
	}
}

func TestHotfixReleases(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.Tag("v1.0.0", "First")
	r.At("2026-01-06 09:00").Commit("two")
	r.Tag("v1.0.1", "Hotfix: prices were wrong\n\nLong story.")
	r.At("2026-01-07 09:00").Commit("three")
	r.Tag("v1.0.2-hotfix", "Again")
	r.At("2026-01-08 09:00").Commit("four")
	r.Tag("v1.1.0", "Planned\n\nHolds the hotfix of v1.0.2.")
	r.Switch("hotfix/prices").At("2026-01-09 09:00").Commit("prices")
	r.Switch("main").At("2026-01-09 10:00").Merge("hotfix/prices")
	r.Tag("v1.1.1", "Prices")
	r.Switch("hotfix/tax").At("2026-01-10 09:00").Commit("tax")
	r.Switch("main").At("2026-01-10 10:00").Merge("hotfix/tax")
	r.Switch("feature/lists").At("2026-01-11 09:00").Commit("lists")
	r.Switch("main").At("2026-01-11 10:00").Merge("feature/lists")
	r.At("2026-01-11 12:00").Tag("v1.2.0", "Lists, and tax")

	got := read(t, git.Options{Path: r.Dir}, "").released(t)
	for tag, c := range map[string]struct {
		hotfix bool
		why    string
	}{
		"v1.0.0":        {false, "nothing says so"},
		"v1.0.1":        {true, "the first line of its annotation says so"},
		"v1.0.2-hotfix": {true, "its name says so"},
		"v1.1.0":        {false, "only the story below its title speaks of one"},
		"v1.1.1":        {true, "it brings a hotfix branch and nothing else"},
		"v1.2.0":        {false, "it brings a feature as well"},
	} {
		if d := got[tag]; (d.Hotfix != nil && *d.Hotfix) != c.hotfix {
			t.Errorf("%s: hotfix is %v; want %v, because %s", tag, d.Hotfix, c.hotfix, c.why)
		}
	}
}

func TestWhatACommitCarries(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").By("Ada", "ada@example.org")
	ada := r.Commit("A subject\n\nA long story that nobody needs.\nThis reverts commit 0123456789012345678901234567890123456789.\nReverts shop/shop#12\n")
	again := r.By("Ada L.", "ADA@example.org").Commit("The same address")
	bot := r.By("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com").Commit("Bump")
	robot := r.By("Marvin", "marvin@example.org").Commit("Life")
	nobody := r.Object("commit", "tree "+r.Git("rev-parse", "HEAD^{tree}")+"\nparent "+robot+"\nauthor  <> 1767604000 +0000\ncommitter  <> 1767604000 +0000\n\nNo name\n")
	r.Git("reset", "--quiet", "--hard", nobody)

	h := read(t, git.Options{Path: r.Dir, Bots: []string{"Marvin"}}, "")
	got := h.commits(t)
	if want := "A subject\nThis reverts commit 0123456789012345678901234567890123456789.\nReverts shop/shop#12"; got[ada].Message != want {
		t.Errorf("message is %q, want the subject and what it reverts", got[ada].Message)
	}
	if got[ada].Author == "" || got[ada].Author != got[again].Author || got[ada].Author == got[bot].Author {
		t.Error("an author is not told apart by address, without regard to case")
	}
	if got[ada].Bot != nil || got[bot].Bot == nil || got[robot].Bot == nil {
		t.Error("bots are not told from people")
	}
	if got[nobody].Author != "" || got[nobody].Bot != nil {
		t.Errorf("a commit of nobody has author %q", got[nobody].Author)
	}
	for _, e := range h.events {
		if s := string(e.Payload); strings.Contains(s, "Ada") || strings.Contains(s, "example.org") {
			t.Fatalf("a name or address is in %s", s)
		}
	}
	other := read(t, git.Options{Path: r.Dir, AuthorKey: []byte("the key of another cache")}, "").commits(t)
	if other[ada].Author == got[ada].Author {
		t.Error("an author has the same digest in two caches")
	}
}

func TestTagPatterns(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	for _, tag := range []string{"v1.0.0", "live-7", "live-8", "nightly/9", "deploy/2026-01-05", "shop-1.5", "1.6.0"} {
		r.At("2026-01-05 09:00").Commit(tag)
		r.LightTag(tag)
	}
	for pattern, want := range map[string][]string{
		"":                 {"1.6.0", "deploy/2026-01-05", "shop-1.5", "v1.0.0"},
		"live-*":           {"live-7", "live-8"},
		"live-?,nightly/*": {"live-7", "live-8", "nightly/9"},
		"*":                {"1.6.0", "deploy/2026-01-05", "live-7", "live-8", "nightly/9", "shop-1.5", "v1.0.0"},
		`/^(v|live-)\d/`:   {"live-7", "live-8", "v1.0.0"},
		"v[0-9]*":          nil, // brackets are no wildcards here
	} {
		got := slices.DeleteFunc(slices.Sorted(maps.Keys(read(t, git.Options{Path: r.Dir, Tags: pattern}, "").released(t))), func(ref string) bool { return ref == "main" })
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("pattern %q: %s", pattern, diff)
		}
	}
	if _, err := git.New(git.Options{Path: r.Dir, Tags: "/(/"}); err == nil || !strings.Contains(err.Error(), "regular expression") {
		t.Errorf("a broken expression gives %v", err)
	}
}

func TestWhichBranchIsDeliveredFrom(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.Git("branch", "trunk")
	r.Switch("feature").At("2026-01-06 09:00").Commit("two")

	clone := r.Clone("--branch", "feature")
	detached := r.Clone("--branch", "feature")
	r2 := *r
	r2.Dir = detached
	r2.Git("checkout", "--quiet", "--detach")
	bare := r.Clone("--bare") // HEAD is feature, because that is what was checked out
	for sentence, c := range map[string]struct{ path, asked, want string }{
		"the usual name, whatever is checked out": {r.Dir, "", "main"},
		"the one asked for":                       {r.Dir, "trunk", "trunk"},
		"a reference in full":                     {r.Dir, "refs/heads/trunk", "refs/heads/trunk"},
		"what the origin calls its default":       {clone, "", "feature"},
		"the same with no branch checked out":     {detached, "", "feature"},
		"what a bare clone's HEAD names":          {bare, "", "feature"},
	} {
		if got := read(t, git.Options{Path: c.path, Branch: c.asked}, "").summary.Branch; got != c.want {
			t.Errorf("%s: got %s, want %s", sentence, got, c.want)
		}
	}
	if _, err := tryRead(t.Context(), source(t, git.Options{Path: r.Dir, Branch: "nosuch"}), ""); err == nil || !strings.Contains(err.Error(), "no branch nosuch") {
		t.Errorf("an unknown branch gives %v", err)
	}
}

func TestAnyWayIntoACloneIsTheSameClone(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").CommitFile("deep/down/file", "one")
	r.Tag("v1.0.0", "First")
	tree := t.TempDir() + "/tree"
	r.Git("worktree", "add", "--quiet", tree, "-b", "other")
	want := read(t, git.Options{Path: r.Dir}, "").events
	for sentence, path := range map[string]string{
		"a folder inside":      r.Dir + "/deep/down",
		"the .git folder":      r.Dir + "/.git",
		"a linked work tree":   tree,
		"its .git file":        tree + "/.git",
		"a file in the folder": r.Dir + "/deep/down/file",
	} {
		if diff := cmp.Diff(want, read(t, git.Options{Path: path}, "").events); diff != "" {
			t.Errorf("%s: %s", sentence, diff)
		}
	}
	bare := read(t, git.Options{Path: r.Clone("--bare")}, "")
	if got := bare.commits(t); len(got) != 1 || bare.released(t)["v1.0.0"].Repository != "shop" {
		t.Errorf("a bare clone gives %v of %q", got, bare.summary.Repository)
	}
}

func TestTheRepositoryIsNamedAfterItsOrigin(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.Git("remote", "add", "origin", "https://example.org/x")
	for url, want := range map[string]string{
		"https://user:secret@example.org/team/shop.git":   "team/shop",
		"https://example.org:8443/group/sub/shop":         "group/sub/shop",
		"git@example.org:team/shop.git":                   "team/shop",
		"ssh://git@example.org/team/shop.git/":            "team/shop",
		"/srv/git/shop.git":                               "shop",
		"../shop/.git":                                    "shop",
		"file:///srv/git/shop.git":                        "shop",
		"https://example.org/team/sh\u00f6p</script>.git": "team/sh\u00f6p</script>",
	} {
		r.Git("config", "remote.origin.url", url)
		h := read(t, git.Options{Path: r.Dir}, "")
		if h.summary.Repository != want {
			t.Errorf("%s: got %q, want %q", url, h.summary.Repository, want)
		}
		for _, e := range h.events {
			if strings.Contains(string(e.Payload), "secret") {
				t.Errorf("a password is in %s", e.Payload)
			}
		}
	}
}

func TestServicesOfAMonorepo(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	api := r.At("2026-01-05 09:00").CommitFile("services/api/main.go", "api")
	r.At("2026-01-05 10:00").CommitFile("services/web/index.html", "web")
	r.At("2026-01-05 12:00").Tag("v1.0.0", "All")
	web := r.At("2026-01-06 09:00").CommitFile("services/web/page.html", "web again")
	readme := r.At("2026-01-06 10:00").CommitFile("README", "words")
	r.At("2026-01-06 12:00").Tag("v1.1.0", "Web only")
	r.At("2026-01-07 12:00").Tag("jobs/v0.1.0", "Jobs")
	r.At("2026-01-08 12:00").Tag("client/v0.2.0", "Nobody asked")

	o := git.Options{Path: r.Dir, Services: map[string]string{"api": "services/api", "web": "./services/web/", "jobs": "services/jobs"}}
	s := source(t, o)
	h, err := tryRead(t.Context(), s, "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range h.deployments(t) {
		got = append(got, d.Service+" "+d.Ref)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"api v1.0.0", "api v1.1.0", "jobs jobs/v0.1.0", "web v1.0.0", "web v1.1.0"}, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(h.reasons(), "1 tags of client") {
		t.Errorf("the tag of an unasked part is not set aside: %s", h.reasons())
	}
	commits := h.commits(t)
	for id, want := range map[string][]string{api: {"services/api/main.go"}, web: {"services/web/page.html"}, readme: nil} {
		if diff := cmp.Diff(want, commits[id].Paths); diff != "" {
			t.Errorf("paths of %q: %s", commits[id].Message, diff)
		}
	}

	if w := h.summary.Warnings; len(w) != 1 || !strings.HasPrefix(w[0], "No commit touches services/jobs,") {
		t.Errorf("warnings are %q, want one: jobs has no file", w)
	}

	rules := metrics.DefaultRules()
	rules.Services, rules.SkipUnchanged = s.Services(), true
	changes := map[string]int{}
	for _, f := range metrics.DeriveAll(h.events, rules) {
		for _, rollout := range f.Rollouts {
			changes[f.Service+" "+rollout.Ref] = len(rollout.Changes)
		}
	}
	if diff := cmp.Diff(map[string]int{"api v1.0.0": 0, "web v1.0.0": 0, "web v1.1.0": 1, "jobs jobs/v0.1.0": 0}, changes); diff != "" {
		t.Errorf("api is not touched by v1.1.0, so it was not deployed: %s", diff)
	}
}

func TestTagsOfPartsAreSetAsideWhereTheWholeIsReleased(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	for _, tag := range []string{"client/v1.0.0", "client/v1.1.0", "shop-2.0.0", "release/2.1.0"} {
		r.At("2026-01-05 09:00").Commit(tag)
		r.LightTag(tag)
	}
	h := read(t, git.Options{Path: r.Dir}, "")
	if got := slices.Sorted(maps.Keys(h.released(t))); !slices.Equal(got, []string{"release/2.1.0", "shop-2.0.0"}) {
		t.Errorf("released are %v", got)
	}
	if !strings.Contains(h.reasons(), "2 tags of client") || !strings.Contains(h.reasons(), "--service client=FOLDER") {
		t.Errorf("set aside is %s", h.reasons())
	}
}

func TestATagWithACharacterThatDoesNotShowIsSetAsideAndTheOthersAreRead(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	for _, tag := range []string{"client\u200b/v1.0.0", "client\u200b/v1.1.0", "client\u200b/v1.2.0"} {
		r.At("2026-01-05 09:00").Commit(tag)
		r.LightTag(tag)
	}
	h := read(t, git.Options{Path: r.Dir}, "")
	if got := h.released(t); len(got) > 0 || strings.Count(h.reasons(), "field id: holds U+200B") != 3 || len(h.events) != 3 {
		t.Errorf("released are %v of %d events, set aside is %s", got, len(h.events), h.reasons())
	}
}

func TestASecondNameForAReleaseIsNoDeployment(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.Tag("v2.0.0", "First")
	second := r.At("2026-01-06 09:00").Commit("two")
	r.Tag("v2.1.0", "Second")
	r.Tag("v2.1.0+arm", "Another build")
	r.At("2026-01-06 11:00").Tag("2.1.0", "The same, as packagers like it")
	o := git.Options{Path: r.Dir}
	before := read(t, o, "")
	r.At("2026-01-06 12:00").Tag("v0.200.0", "For a module system", "v2.0.0^{commit}")
	r.At("2026-01-06 12:00").Tag("v0.201.0", "For a module system", second)
	r.At("2026-01-06 13:00").Tag("v2.1.1", "Back", "v2.0.0^{commit}")
	for sentence, h := range map[string]harvest{"all at once": read(t, o, ""), "in two readings": read(t, o, before.cursor)} {
		for _, want := range []string{"tag v0.200.0 it is another name for the release v2.0.0", "tag v0.201.0 it is another name for the release v2.1.0"} {
			if !strings.Contains(h.reasons(), want) {
				t.Errorf("%s: %q is not in %s", sentence, want, h.reasons())
			}
		}
		if got := h.released(t); got["v2.1.1"].ID == "" || got["v0.200.0"].ID != "" {
			t.Errorf("%s: released are %v; the higher version on an old commit is a rollback", sentence, got)
		}
	}
	for _, want := range []string{"tag 2.1.0 it is another name for the release v2.1.0", "tag v2.1.0+arm it is another build of 2.1.0"} {
		if !strings.Contains(before.reasons(), want) {
			t.Errorf("%q is not in %s", want, before.reasons())
		}
	}
}
