package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"shiphabit/collector/git/gittest"
	"shiphabit/metrics"
)

// monorepo has two services, of which the second release touches only one.
func monorepo(t *testing.T) *gittest.Repo {
	t.Helper()
	r := gittest.New(t)
	r.At("2026-03-02 09:00").CommitFile("api/main.go", "api begins")
	r.CommitFile("web/index.html", "web begins")
	r.Tag("v1.0.0", "one")
	r.At("2026-03-03 09:00").CommitFile("api/main.go", "api goes on")
	r.Tag("v1.1.0", "two")
	return r
}

func TestCommandLineAndServerCountTheSameRollouts(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings, db := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db")
	write(t, settings, "sources:\n  - name: mono\n    type: git\n    settings:\n      path: "+monorepo(t).Dir+"\n      services: [api=api, web=web]\n")
	p.must("collect", "--config", settings, "--db", db)
	var said struct {
		Cards []struct {
			Figures metrics.Scorecard `json:"figures"`
		} `json:"scorecards"`
	}
	window := []string{"--from", "2026-03-01", "--to", "2026-04-01", "--format", "json"}
	if err := json.Unmarshal([]byte(p.must(append([]string{"metrics", "--config", settings, "--db", db}, window...)...)), &said); err != nil {
		t.Fatal(err)
	}
	// The first release deploys both, the second api alone.
	if got := said.Cards[0].Figures.Frequency.Rollouts; got != 3 {
		t.Errorf("the command line counts %d rollouts, want 3", got)
	}
	url, _ := p.serve("serve", "--config", settings, "--db", db)
	response, err := http.Get(url + "/api/v1/metrics?from=2026-03-01&to=2026-04-01")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	if got := said.Cards[0].Figures.Frequency.Rollouts; got != 3 {
		t.Errorf("the server counts %d rollouts, want 3", got)
	}
}

func TestASourceThatIsGoneKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings, db := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db")
	write(t, settings, "sources:\n  - {name: gone, type: git, settings: {path: /no/such/clone}}\n  - {name: good, type: git, settings: {path: "+gittest.Story(t).Dir+"}}\n")
	_, errs, code := p.run("collect", "--config", settings, "--db", db)
	if code != exitUsage || !strings.Contains(errs, "source gone") || !strings.Contains(errs, "good: ") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	p.must("collect", "--config", settings, "--db", db, "--source", "good")
	url, _ := p.serve("serve", "--config", settings, "--db", db)
	if got := status(t, url+"/services/shop"); got != 200 {
		t.Errorf("the good source's service answers %d", got)
	}
}

func TestASlipInANameIsToldAndNotJudged(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	for sentence, c := range map[string]struct {
		args []string
		says string
	}{
		"a service whose folder is not there": {[]string{"try", monorepo(t).Dir, "--once", "--service", "api=nope"}, "no folder nope"},
		"a database that is not there":        {[]string{"metrics", "--db", filepath.Join(p.home, "typo.db")}, "there is no database"},
		"a figure that is not one":            {[]string{"explain", "nofig", "--db", filepath.Join(p.home, "typo.db")}, "there is no database"},
		"a coverage that is no percentage":    {[]string{"gate", "check", "--service", "x", "--coverage", "NaN"}, "percentage"},
	} {
		if _, errs, code := p.run(c.args...); code != exitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit code %d, want %d with %q:\n%s", sentence, code, exitUsage, c.says, errs)
		}
	}
}

func TestARemoteRepositoryIsClonedAndFollowed(t *testing.T) {
	t.Parallel()
	p, r := newProcess(t), monorepo(t)
	settings, db := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db")
	write(t, settings, "sources:\n  - name: mono\n    type: git\n    settings:\n      url: file://"+r.Dir+"\n      services: [api=api, web=web]\n")
	rollouts := func() int {
		t.Helper()
		p.must("collect", "--config", settings, "--db", db)
		var said struct {
			Cards []struct {
				Figures metrics.Scorecard `json:"figures"`
			} `json:"scorecards"`
		}
		text := p.must("metrics", "--config", settings, "--db", db, "--from", "2026-03-01", "--to", "2026-04-01", "--format", "json")
		if err := json.Unmarshal([]byte(text), &said); err != nil {
			t.Fatal(err)
		}
		return said.Cards[0].Figures.Frequency.Rollouts
	}
	if got := rollouts(); got != 3 {
		t.Errorf("%d rollouts at first, want 3", got)
	}
	r.At("2026-03-04 09:00").CommitFile("web/index.html", "web goes on")
	r.Tag("v1.2.0", "three")
	if got := rollouts(); got != 4 {
		t.Errorf("%d rollouts after another release, want 4", got)
	}
}

func TestAHostThatAsksForTooLongAPauseEndsTheReading(t *testing.T) {
	t.Parallel()
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(host.Close)
	p := newProcess(t)
	settings := filepath.Join(p.home, "s.yaml")
	write(t, settings, "sources:\n  - {name: lab, type: gitlab, settings: {url: '"+host.URL+"', projects: [acme/shop]}}\n")
	_, said, code := p.run("collect", "--config", settings, "--db", filepath.Join(p.home, "s.db"))
	if code != exitUsage || !strings.Contains(said, "its host asks to wait until") || !strings.Contains(said, "--max-wait") {
		t.Errorf("it ends with %d and says %q", code, said)
	}
}

func TestACheckOfTheConfigurationMakesEverySourceAndAsksNone(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings := filepath.Join(p.home, "s.yaml")
	write(t, settings, `sources:
  - {name: clone, type: git, settings: {path: /nowhere}}
  - {name: lab, type: gitlab, settings: {url: gitlab.example.com, projects: [acme/shop]}}
  - {name: hub, type: github, settings: {repositories: [shop]}}
`)
	_, said, code := p.run("config", "check", settings)
	if code != exitUsage || !strings.Contains(said, "source lab: ") || !strings.Contains(said, "source hub: ") || !strings.Contains(said, "On this machine source clone cannot be read") {
		t.Errorf("it ends with %d and says %q", code, said)
	}
	write(t, settings, "teams:\n  - {name: a, size: six}\nsources:\n  - {name: clone, type: git, settings: {path: /nowhere, tagz: v}}\n")
	if _, said, _ = p.run("config", "check", settings); !strings.Contains(said, "teams[0].size") || !strings.Contains(said, "settings.tagz") {
		t.Errorf("it says %q", said)
	}
}

func TestTagsThatMatchNothingAreTold(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings := filepath.Join(p.home, "s.yaml")
	write(t, settings, "sources:\n  - {name: mono, type: git, settings: {path: "+monorepo(t).Dir+", tags: 'release-*'}}\n")
	if _, said, code := p.run("collect", "--config", settings, "--db", filepath.Join(p.home, "s.db")); code != 0 || !strings.Contains(said, "mono: There are neither release tags (release-*) nor merges") {
		t.Errorf("it ends with %d and says %q", code, said)
	}
}
