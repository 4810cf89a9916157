package git_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shiphabit/collector"
	"shiphabit/collector/git"
	"shiphabit/collector/git/gittest"
	"shiphabit/collector/sourcetest"
)

func TestTheGitSourceIsASource(t *testing.T) {
	t.Parallel()
	tagged := gittest.Story(t)
	merged := gittest.New(t)
	merged.At("2026-01-05 09:00").Commit("one")
	for _, branch := range []string{"a", "b", "hotfix/c"} {
		merged.Switch(branch).Commit(branch)
		merged.Switch("main").Merge(branch)
	}
	broken := gittest.New(t)
	var ids []string
	for range 12 {
		ids = append(ids, broken.At("2026-01-05 09:00").Commit("one of twelve"))
	}
	broken.LightTag("v1.0.0", ids[2])
	broken.LightTag("v1.1.0", ids[8])
	broken.Lose(ids[5])
	for sentence, o := range map[string]git.Options{
		"release tags":        {Path: tagged.Dir, PageSize: 10},
		"merges":              {Path: merged.Dir, PageSize: 4},
		"a broken history":    {Path: broken.Dir, PageSize: 4},
		"services with paths": {Path: tagged.Dir, PageSize: 10, Services: map[string]string{"files": "file1.txt", "all": ""}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			sourcetest.Run(t, func(t *testing.T) collector.Source {
				t.Helper()
				return source(t, o)
			})
		})
	}
}

func TestPagesAddUpWhateverTheirSize(t *testing.T) {
	t.Parallel()
	r := gittest.Story(t)
	want := read(t, git.Options{Path: r.Dir}, "").events
	for _, size := range []int{1, 7, 36, 37, 38} {
		if diff := cmp.Diff(want, read(t, git.Options{Path: r.Dir, PageSize: size}, "").events); diff != "" {
			t.Errorf("pages of %d: %s", size, diff)
		}
	}
}

func TestASecondReadingBringsOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.Tag("v1.0.0", "First")
	o := git.Options{Path: r.Dir}
	first := read(t, o, "")

	unchanged := read(t, o, first.cursor)
	if len(unchanged.events) != 0 || unchanged.cursor != first.cursor || unchanged.summary.Releases != 1 || unchanged.summary.Mode != git.Tags {
		t.Errorf("an unchanged clone gives %d events and %+v", len(unchanged.events), unchanged.summary)
	}

	second := r.At("2026-01-06 09:00").Commit("two")
	more := read(t, o, first.cursor)
	if got := slices.Collect(maps.Keys(more.commits(t))); len(more.events) != 1 || got[0] != second {
		t.Errorf("a new commit gives %v", got)
	}

	r.At("2026-01-06 12:00").Tag("v1.1.0", "Second")
	again := read(t, o, more.cursor)
	if got := again.released(t); len(again.events) != 1 || got["v1.1.0"].Revision != second {
		t.Errorf("a new tag on a commit that is known gives %v", again.events)
	}
	if again.summary.Releases != 2 || again.summary.Commits != 2 {
		t.Errorf("the summary speaks of %d releases and %d commits, want all that were ever read: 2 and 2", again.summary.Releases, again.summary.Commits)
	}
}

func TestATagThatMovesIsAnotherDeployment(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	first := r.At("2026-01-05 09:00").Commit("one")
	r.LightTag("v1.0.0")
	o := git.Options{Path: r.Dir}
	before := read(t, o, "")
	second := r.At("2026-01-06 09:00").Commit("two")
	r.LightTag("v1.0.0")
	after := read(t, o, before.cursor)
	ids := map[string]bool{}
	for _, h := range []harvest{before, after} {
		for id, d := range h.deployments(t) {
			ids[id+" "+d.Revision] = true
		}
	}
	want := []string{"v1.0.0@" + first[:12] + " " + first, "v1.0.0@" + second[:12] + " " + second}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(ids))); diff != "" {
		t.Error(diff)
	}
	if w := strings.Join(after.summary.Warnings, " "); !strings.Contains(w, "1 tag is moved") {
		t.Errorf("warnings are %q", w)
	}
}

func TestATagThatIsDeletedTakesNothingBack(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.LightTag("v1.0.0")
	r.At("2026-01-06 09:00").Commit("two")
	r.LightTag("v1.1.0")
	o := git.Options{Path: r.Dir}
	before := read(t, o, "")
	r.Git("tag", "--delete", "v1.1.0")
	after := read(t, o, before.cursor)
	if len(after.events) != 0 || after.summary.Releases != 2 {
		t.Errorf("got %d events, %d releases", len(after.events), after.summary.Releases)
	}
	if w := strings.Join(after.summary.Warnings, " "); !strings.Contains(w, "1 tag is gone") {
		t.Errorf("warnings are %q", w)
	}
	if later := read(t, o, after.cursor); len(later.summary.Warnings) != 0 && strings.Contains(later.summary.Warnings[0], "gone") {
		t.Errorf("it is said twice: %v", later.summary.Warnings)
	}
}

func TestAHotfixMergedBeforeItsTagIsSeenLater(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.Tag("v1.0.0", "First")
	r.Switch("hotfix/prices").At("2026-01-06 09:00").Commit("prices")
	r.Switch("main").At("2026-01-06 10:00").Merge("hotfix/prices")
	o := git.Options{Path: r.Dir}
	before := read(t, o, "")
	r.At("2026-01-06 12:00").Tag("v1.0.1", "Prices")
	if d := read(t, o, before.cursor).released(t)["v1.0.1"]; d.Hotfix == nil {
		t.Error("the release is no hotfix, though its history was read before it was tagged")
	}
}

func TestARewrittenHistoryIsReadAnew(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.At("2026-01-05 09:00").Commit("one")
	r.LightTag("v1.0.0")
	lost := r.At("2026-01-06 09:00").Commit("two")
	o := git.Options{Path: r.Dir}
	before := read(t, o, "")
	r.Git("reset", "--quiet", "--hard", "HEAD~1")
	anew := r.At("2026-01-07 09:00").Commit("two, anew")
	r.Git("reflog", "expire", "--expire=now", "--all")
	r.Git("gc", "--quiet", "--prune=now")
	after := read(t, o, before.cursor)
	commits := after.commits(t)
	if _, ok := commits[anew]; !ok || len(commits) != 1 {
		t.Errorf("after %s was dropped and collected, reading gives %v", lost, commits)
	}
}

func TestWhatWasReadUnderOtherRulesIsOutdated(t *testing.T) {
	t.Parallel()
	tagged := gittest.New(t)
	tagged.At("2026-01-05 09:00").Commit("one")
	tagged.LightTag("client/v1.0.0")
	merged := gittest.New(t)
	merged.At("2026-01-05 09:00").Commit("one")
	merged.Switch("a").Commit("a")
	merged.Switch("main").Merge("a")
	straight := gittest.New(t)
	straight.At("2026-01-05 09:00").Commit("one")

	for sentence, c := range map[string]struct {
		repo   *gittest.Repo
		change func(*gittest.Repo, *git.Options)
		says   string
	}{
		"other tags asked for": {tagged, func(_ *gittest.Repo, o *git.Options) { o.Tags = "v*" }, "other tags, services"},
		"other services":       {merged, func(_ *gittest.Repo, o *git.Options) { o.Services = map[string]string{"a": "a"} }, "other tags, services"},
	} {
		o := git.Options{Path: c.repo.Dir}
		before := read(t, o, "")
		c.change(c.repo, &o)
		wantOutdated(t, sentence, o, before.cursor, c.says)
	}

	o := git.Options{Path: tagged.Dir}
	before := read(t, o, "")
	tagged.LightTag("v1.0.0")
	wantOutdated(t, "plain tags where there were only those of parts", o, before.cursor, "which tags release which service")

	o = git.Options{Path: merged.Dir}
	before = read(t, o, "")
	merged.LightTag("v1.0.0")
	wantOutdated(t, "a first release tag", o, before.cursor, "")

	o = git.Options{Path: straight.Dir}
	before = read(t, o, "")
	straight.Switch("a").Commit("a")
	straight.Switch("main").Merge("a")
	wantOutdated(t, "a first merge", o, before.cursor, "branches are merged now")
}

func wantOutdated(t *testing.T, sentence string, o git.Options, cursor, says string) {
	t.Helper()
	_, err := tryRead(t.Context(), source(t, o), cursor)
	if collector.TroubleOf(err) != collector.Outdated || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "--fresh") {
		t.Errorf("%s: got %v", sentence, err)
	}
}
