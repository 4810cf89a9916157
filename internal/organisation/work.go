package organisation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

const (
	byBots   = 0.06  // of commits
	reverted = 0.004 // of commits take an earlier one back
)

// work tells of the commits that a deployment at that time brings, and of their pull requests.
func (s *story) work(deployed time.Time, commits int) {
	authored := make([]time.Time, commits)
	for i := range authored {
		authored[i] = deployed.Add(-s.about(30*time.Hour) - 10*time.Minute)
	}
	slices.SortFunc(authored, time.Time.Compare)
	merged := make([]metrics.Commit, commits)
	for i, at := range authored {
		merged[i] = s.commit(at)
	}
	for len(merged) > 0 && s.requests {
		n := min(1+s.IntN(4), len(merged))
		s.mergeRequest(merged[:n], deployed)
		merged = merged[n:]
	}
}

// commit tells of one more commit on the main line.
func (s *story) commit(authored time.Time) metrics.Commit {
	c := metrics.Commit{
		ID: s.object(), Repository: s.service.Repositories[0], Author: s.person(), AuthoredAt: authored,
		CommittedAt: authored.Add(s.within(5 * time.Minute)), Message: s.message(),
	}
	if s.happens(byBots) {
		c.Author, c.Bot, c.Message = "updates[bot]", new(true), fmt.Sprintf("Bump %s from 1.%d.0 to 1.%d.0", s.word(things), s.IntN(30), 30+s.IntN(30))
	}
	if s.recent.ID != "" && s.happens(reverted) {
		c.Message = fmt.Sprintf("Revert %q\n\nThis reverts commit %s.", firstLine(s.recent.Message), s.recent.ID)
	}
	if s.tip != "" {
		c.Parents = []string{s.tip}
	}
	s.tip, s.recent = c.ID, c
	s.say("git", c)
	return c
}

// mergeRequest tells of the pull request that brought commits, reviewed once or twice.
func (s *story) mergeRequest(commits []metrics.Commit, deployed time.Time) {
	s.request++
	first, last := commits[0], commits[len(commits)-1]
	created := last.AuthoredAt.Add(s.within(2 * time.Hour))
	if limit := deployed.Add(-5 * time.Minute); created.After(limit) {
		created = limit
	}
	until := deployed.Sub(created)
	p := metrics.PullRequest{
		ID: fmt.Sprint(s.request), Repository: first.Repository, Number: s.request, Author: first.Author, Bot: first.Bot, CreatedAt: created,
		MergedAt: created.Add(until/2 + s.within(until/2)), MergeCommit: last.ID, Base: "main", Head: fmt.Sprintf("work-%d", s.request),
		Title: firstLine(s.message()), URL: fmt.Sprintf("https://git.example.org/%s/pull/%d", first.Repository, s.request),
	}
	for _, c := range commits {
		p.Commits = append(p.Commits, c.ID)
	}
	for range 1 + s.IntN(2) {
		p.Reviews = append(p.Reviews, metrics.Review{At: created.Add(s.within(until / 2)), Author: s.person(), State: "approved"})
	}
	s.say("git", p)
}

func firstLine(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	return line
}

// object is the name of a commit.
func (s *story) object() string {
	return fmt.Sprintf("%016x%016x%08x", s.Uint64(), s.Uint64(), s.Uint32())
}

// person is one of the team's ten.
func (s *story) person() string {
	return fmt.Sprintf("person-%d@%s.example.org", s.IntN(10), s.service.Team)
}

var (
	deeds   = []string{"Add", "Fix", "Remove", "Simplify", "Document", "Test", "Speed up", "Rename", "Log", "Retry"}
	things  = []string{"the cart", "discounts", "the address form", "timeouts", "the export", "caching", "paging", "the audit log", "metrics", "the worker"}
	manners = []string{"for guests", "in the nightly run", "under load", "when the queue is full", "after a restart", "on old browsers", "for large orders"}
)

func (s *story) word(of []string) string { return of[s.IntN(len(of))] }

// message is a commit's first line, and for one in five some more.
func (s *story) message() string {
	m := s.word(deeds) + " " + s.word(things) + " " + s.word(manners)
	if s.happens(0.2) {
		m += "\n\nSeen " + s.word(manners) + "; " + s.word(things) + " did not expect it."
	}
	return m
}
