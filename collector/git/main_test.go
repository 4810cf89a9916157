package git_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/git"
	"shiphabit/metrics"
)

// TestMain keeps the machine's own git configuration out of the tests, which run in parallel and so cannot set it one by one.
func TestMain(m *testing.M) {
	os.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	os.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	os.Exit(m.Run())
}

// today is the clock of the tests: after the story, before anything called the future.
var today = time.Date(2026, time.March, 30, 0, 0, 0, 0, time.UTC)

// harvest is everything that a source yields up to the end.
type harvest struct {
	events  []metrics.Event
	aside   []collector.SetAside
	cursor  string
	pages   int
	summary git.Summary
}

func source(t testing.TB, o git.Options) *git.Source {
	t.Helper()
	if o.Clock == nil {
		o.Clock = func() time.Time { return today }
	}
	if o.AuthorKey == nil {
		o.AuthorKey = []byte("a key for tests")
	}
	s, err := git.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// read pulls from the cursor to the end.
func read(t testing.TB, o git.Options, cursor string) harvest {
	t.Helper()
	h, err := tryRead(context.Background(), source(t, o), cursor)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func tryRead(ctx context.Context, s *git.Source, cursor string) (harvest, error) {
	h := harvest{cursor: cursor}
	for {
		p, err := s.Pull(ctx, h.cursor)
		if err != nil {
			return h, err
		}
		h.events, h.aside, h.cursor = append(h.events, p.Events...), append(h.aside, p.SetAside...), p.Next
		if h.pages++; !p.More {
			h.summary = s.Summary()
			return h, nil
		}
	}
}

// deployments are the deployments by identifier, or by tag or commit where that is unique.
func (h harvest) deployments(t testing.TB) map[string]metrics.Deployment {
	t.Helper()
	all := map[string]metrics.Deployment{}
	for _, e := range h.events {
		if e.Type != metrics.TypeDeployment {
			continue
		}
		d, err := e.Deployment()
		if err != nil {
			t.Fatal(err)
		}
		all[d.ID] = d
	}
	return all
}

// released are the deployments by tag name, which every test here keeps unique.
func (h harvest) released(t testing.TB) map[string]metrics.Deployment {
	t.Helper()
	all := map[string]metrics.Deployment{}
	for _, d := range h.deployments(t) {
		all[d.Ref] = d
	}
	return all
}

func (h harvest) commits(t testing.TB) map[string]metrics.Commit {
	t.Helper()
	all := map[string]metrics.Commit{}
	for _, e := range h.events {
		if e.Type != metrics.TypeCommit {
			continue
		}
		c, err := e.Commit()
		if err != nil {
			t.Fatal(err)
		}
		all[c.ID] = c
	}
	return all
}

// reasons are the records set aside with their reasons, for a test to look into.
func (h harvest) reasons() string { return fmt.Sprint(h.aside) }
