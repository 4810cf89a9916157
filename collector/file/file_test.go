package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shiphabit/collector"
	"shiphabit/collector/file"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, o file.Options) *file.Source {
	t.Helper()
	s, err := file.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// commits are n lines of commit events.
func commits(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"type":"commit","id":"c%d","repository":"shop","authored_at":"2026-01-05T09:00:00Z"}`+"\n", i)
	}
	return b.String()
}

func table(n int) string {
	var b strings.Builder
	b.WriteString("id,repository,authored_at\n")
	for i := range n {
		fmt.Fprintf(&b, "c%d,shop,2026-01-05T09:00:00Z\n", i)
	}
	return b.String()
}

func TestAFileIsASource(t *testing.T) {
	t.Parallel()
	lines := write(t, "events.jsonl", commits(7)+"no JSON\n")
	csv := write(t, "commits.csv", table(7))
	for sentence, path := range map[string]string{"JSON Lines": lines, "CSV": csv} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			sourcetest.Run(t, func(t *testing.T) collector.Source {
				t.Helper()
				return open(t, file.Options{Path: path, PageSize: 2})
			})
		})
	}
}

func run(t *testing.T, store *sourcetest.Memory, o file.Options) {
	t.Helper()
	if err := collector.NewEngine().Run(t.Context(), open(t, o), store, nil); err != nil {
		t.Fatal(err)
	}
}

func TestABadLineIsSetAsideWithItsNumberAndTheRestIsKept(t *testing.T) {
	t.Parallel()
	path := write(t, "events.jsonl", commits(2)+"\n"+`{"type":"commit","id":"x"}`+"\n"+commits(4))
	store := &sourcetest.Memory{}
	run(t, store, file.Options{Path: path, PageSize: 1})
	if got := len(store.Events()); got != 4 {
		t.Errorf("%d events, want the four good ones, each once", got)
	}
	for _, a := range store.SetAside() {
		if a.Record != path+" line 4" || !strings.HasPrefix(a.Reason, "field ") {
			t.Errorf("set aside is %+v", a)
		}
	}
	if len(store.SetAside()) == 0 {
		t.Error("nothing is set aside")
	}
}

func TestOneFileAfterAnotherUnderOneName(t *testing.T) {
	t.Parallel()
	store := &sourcetest.Memory{}
	first, second := write(t, "a.jsonl", commits(3)), write(t, "b.jsonl", commits(5))
	for _, path := range []string{first, second, first} {
		run(t, store, file.Options{Path: path, PageSize: 2})
	}
	if got := len(store.Events()); got != 5 {
		t.Errorf("%d events, want five", got)
	}
}

func TestAFileThatGrewIsReadAgain(t *testing.T) {
	t.Parallel()
	store := &sourcetest.Memory{}
	path := write(t, "a.jsonl", commits(3))
	run(t, store, file.Options{Path: path})
	if err := os.WriteFile(path, []byte(commits(6)), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, store, file.Options{Path: path})
	if got := len(store.Events()); got != 6 {
		t.Errorf("%d events, want six", got)
	}
}

func TestAStreamIsReadOnceToItsEnd(t *testing.T) {
	t.Parallel()
	store := &sourcetest.Memory{}
	run(t, store, file.Options{Path: "standard input", Stream: strings.NewReader(commits(5)), PageSize: 2})
	// A second stream under the same name starts from its own beginning, wherever the first one ended.
	run(t, store, file.Options{Path: "standard input", Stream: strings.NewReader(strings.ReplaceAll(commits(2), `"id":"c`, `"id":"d`)), PageSize: 2})
	if got := len(store.Events()); got != 7 {
		t.Errorf("%d events, want seven", got)
	}
	s := open(t, file.Options{Path: "standard input", Stream: strings.NewReader(commits(5)), PageSize: 2})
	for i := range 2 {
		if _, err := s.Pull(t.Context(), ""); (err != nil) != (i == 1) {
			t.Errorf("try %d: %v", i+1, err)
		}
	}
}

func TestEventsKeepTheSourceTheyState(t *testing.T) {
	t.Parallel()
	path := write(t, "events.jsonl", `{"type":"commit","source":"gitlab","id":"a","repository":"shop","authored_at":"2026-01-05T09:00:00Z"}`+"\n"+commits(1))
	page, err := open(t, file.Options{Path: path, Source: "archive"}).Pull(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if got := []string{page.Events[0].Source, page.Events[1].Source}; !cmp.Equal(got, []string{"gitlab", "archive"}) {
		t.Errorf("sources are %v", got)
	}
}

func TestTheTypeOfACSVFile(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]metrics.EventType{"pull_requests.csv": metrics.TypePullRequest, "Deployments-2026.CSV": metrics.TypeDeployment, "data.csv": ""} {
		_, err := file.New(file.Options{Path: name})
		if (err != nil) != (want == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	path := write(t, "data.csv", table(2))
	page, err := open(t, file.Options{Path: path, Type: metrics.TypeCommit}).Pull(t.Context(), "")
	if err != nil || len(page.Events) != 2 {
		t.Errorf("%d events, error %v", len(page.Events), err)
	}
}

func TestWhatCannotBeReadIsRefusedWithASentence(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(folder, "nosuch"): "there is no such file; name a file of JSON Lines or CSV, or - for standard input",
		folder:                          "it is a folder; name the files in it",
	} {
		_, err := open(t, file.Options{Path: path}).Pull(t.Context(), "")
		if err == nil || err.Error() != path+": "+want || collector.TroubleOf(err) != collector.Unreadable {
			t.Errorf("got %v", err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	path := filepath.Join(f.TempDir(), "events.jsonl")
	if err := os.WriteFile(path, []byte(commits(3)), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Add("abc:1")
	f.Add(":end")
	f.Fuzz(func(t *testing.T, cursor string) {
		page, err := open(t, file.Options{Path: path}).Pull(t.Context(), cursor)
		if err == nil && len(page.Events) != 3 {
			t.Errorf("a cursor of no file gives %d events", len(page.Events))
		}
	})
}
