package git_test

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"shiphabit/collector"
	"shiphabit/collector/git"
	"shiphabit/collector/git/gittest"
	"shiphabit/collector/sourcetest"
)

// host serves a repository over HTTP with git's own server, to those who know the token.
func host(t *testing.T, r *gittest.Repo, token string) string {
	t.Helper()
	where, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(where)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + filepath.Dir(r.Dir), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=uploadpack.allowFilter", "GIT_CONFIG_VALUE_0=true", "GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*"},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if _, password, _ := request.BasicAuth(); password != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, request)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(r.Dir) + "/.git"
}

func TestARemoteThatMovesIsFollowed(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(*testing.T, *gittest.Repo) string{
		"over HTTP": func(t *testing.T, r *gittest.Repo) string { return host(t, r, "s3cret-token") },
		"as a file": func(_ *testing.T, r *gittest.Repo) string { return "file://" + r.Dir },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t)
			r.At("2026-01-05 09:00").CommitFile("a.txt", "one")
			r.LightTag("v1.0.0")
			r.Git("branch", "side")
			o := git.Options{Path: filepath.Join(t.TempDir(), "mirror"), Remote: git.Remote{URL: address(t, r), Token: "s3cret-token"}}
			before := read(t, o, "")
			if got := before.released(t); len(got) != 1 || before.summary.Commits != 1 {
				t.Fatalf("at first it has %v", got)
			}
			second := r.At("2026-01-06 09:00").CommitFile("b.txt", "two")
			r.LightTag("v1.1.0")
			moved := r.At("2026-01-07 09:00").CommitFile("c.txt", "three")
			r.Git("tag", "--force", "v1.0.0")
			r.Git("branch", "--delete", "--force", "side")
			after := read(t, o, before.cursor)
			revisions := map[string]bool{}
			for _, d := range after.deployments(t) {
				revisions[d.Revision] = true
			}
			if len(revisions) != 2 || !revisions[second] || !revisions[moved] {
				t.Errorf("a new tag and a tag that was moved by force bring %v, want %s and %s", revisions, second, moved)
			}
			if w := strings.Join(after.summary.Warnings, " "); !strings.Contains(w, "1 tag is moved") {
				t.Errorf("warnings are %q", w)
			}
			r.Git("tag", "--delete", "v1.1.0")
			gone := read(t, o, after.cursor)
			if w := strings.Join(gone.summary.Warnings, " "); len(gone.events) != 0 || !strings.Contains(w, "1 tag is gone") {
				t.Errorf("a deleted tag brings %d events, warnings %q", len(gone.events), w)
			}
			if again := read(t, o, gone.cursor); len(again.events) != 0 || again.cursor != gone.cursor {
				t.Errorf("a remote that stands still brings %d events", len(again.events))
			}
		})
	}
}

func TestTheGitSourceOverHTTPIsASource(t *testing.T) {
	t.Parallel()
	address := host(t, gittest.Story(t), "s3cret-token")
	sourcetest.Run(t, func(t *testing.T) collector.Source {
		t.Helper()
		s, err := git.New(git.Options{Name: "shop", Path: filepath.Join(t.TempDir(), "mirror"), Remote: git.Remote{URL: address, Token: "s3cret-token"}, PageSize: 5})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestARemoteThatCannotBeFetchedSaysWhyAndShowsNoToken(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("one")
	closed := host(t, r, "the right one")
	gone := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(gone.Close)
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) }))
	t.Cleanup(failing.Close)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		if request.Header.Get("Authorization") != "" {
			t.Error("the token was carried to another host")
		}
	}))
	t.Cleanup(other.Close)
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		http.Redirect(w, request, other.URL+request.URL.Path, http.StatusFound)
	}))
	t.Cleanup(away.Close)
	for sentence, c := range map[string]struct {
		url     string
		trouble collector.Trouble
	}{
		"the wrong token":             {closed, collector.Refused},
		"no such repository":          {gone.URL + "/shop.git", collector.Missing},
		"a host that fails":           {failing.URL + "/shop.git", collector.Passing},
		"nobody listens":              {"http://127.0.0.1:1/shop.git", collector.Passing},
		"a redirect to another host":  {away.URL + "/shop.git", collector.Unreadable},
		"a folder that is not there":  {"file://" + filepath.Join(t.TempDir(), "none"), collector.Missing},
		"an address with a password":  {"https://ada:hunter22@host.example/shop.git", collector.Unreadable},
		"an option in place of a url": {"--upload-pack=touch", collector.Unreadable},
		"a helper in place of a url":  {"ext::sh -c id", collector.Unreadable},
	} {
		s, err := git.New(git.Options{Path: filepath.Join(t.TempDir(), "mirror"), Remote: git.Remote{URL: c.url, Token: "wrong-token-123"}})
		if err == nil {
			_, err = s.Pull(t.Context(), "")
		}
		if collector.TroubleOf(err) != c.trouble {
			t.Errorf("%s: %q (%v), want %s", sentence, collector.TroubleOf(err), err, c.trouble)
		}
		if err != nil && (strings.Contains(err.Error(), "wrong-token-123") || strings.Contains(err.Error(), "hunter22")) {
			t.Errorf("%s: the message shows a secret: %v", sentence, err)
		}
	}
}
