package main

import (
	"strings"
	"testing"

	"shiphabit/collector/git/gittest"
)

func TestTryServesEveryPageOfAClone(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	url, said := p.serve("try", gittest.Story(t).Dir)
	for _, want := range []string{"release tags", "deployment frequency", "change lead time"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("lacks %q:\n%s", want, said)
		}
	}
	for _, page := range []string{
		"/", "/services", "/services/shop", "/gate", "/sources", "/about", "/explain/change_lead_time", "/explain/change_fail_rate?window=all",
		"/api", "/openapi.json", "/healthz", "/readyz", "/api/v1/metrics", "/api/v1/services/shop/index", "/api/v1/gate/verdict?service=shop&environment=production",
	} {
		if got := status(t, url+page); got != 200 {
			t.Errorf("%s answers %d", page, got)
		}
	}
	if got := status(t, url+"/no-such-page"); got != 404 {
		t.Errorf("a page that is not there answers %d", got)
	}
}

func TestASecondTryReadsOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	p, clone := newProcess(t), gittest.Story(t)
	first := p.must("try", clone.Dir, "--once")
	if again := p.must("try", clone.Dir, "--once"); !sameFigures(first, again) {
		t.Errorf("first:\n%s\nagain:\n%s", first, again)
	}
}

// sameFigures compares all but the line with the time of day.
func sameFigures(a, b string) bool {
	_, a, _ = strings.Cut(strings.TrimSpace(a), "\n")
	_, b, _ = strings.Cut(strings.TrimSpace(b), "\n")
	return a == b && a != ""
}

func TestACloneThatGetsItsFirstTagIsReadAnew(t *testing.T) {
	t.Parallel()
	p, clone := newProcess(t), gittest.New(t)
	clone.At("2026-03-02 09:00")
	clone.Commit("one")
	if _, errs, code := p.run("try", clone.Dir, "--once"); code != exitOK || !strings.Contains(errs, "neither release tags") {
		t.Fatalf("exit code %d\n%s", code, errs)
	}
	clone.Git("tag", "v1.0.0")
	_, errs, code := p.run("try", clone.Dir, "--once")
	if code != exitOK || !strings.Contains(errs, "again from the start") || !strings.Contains(errs, "1 release tag") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}
