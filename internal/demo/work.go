package demo

import (
	"fmt"
	"slices"
	"time"

	"shiphabit/metrics"
)

// work tells of the commits that a release brings, and of their pull requests.
func (t *teller) work(released time.Time, commits int) {
	authored := make([]time.Time, commits)
	for i := range authored {
		authored[i] = released.Add(-30*time.Minute - t.about(t.rhythmAt.lead, 0.8))
	}
	slices.SortFunc(authored, time.Time.Compare)
	made := make([]metrics.Commit, commits)
	for i, at := range authored {
		made[i] = t.commit(at, t.message())
	}
	for len(made) > 0 {
		n := min(1+t.IntN(3), len(made))
		t.mergeRequest(made[:n], released)
		made = made[n:]
	}
}

// commit tells of one more commit on the main line.
func (t *teller) commit(authored time.Time, message string) metrics.Commit {
	c := metrics.Commit{
		ID: t.object(), Repository: t.repository(), Author: t.person(), AuthoredAt: authored,
		CommittedAt: authored.Add(t.between(0, 5*time.Minute)), Message: message,
	}
	if t.happens(0.07) {
		c.Author, c.Bot, c.Message = "updates[bot]", new(true), fmt.Sprintf("Bump a library from 1.%d.0 to 1.%d.0", t.IntN(30), 30+t.IntN(30))
	}
	if t.tip != "" {
		c.Parents = []string{t.tip}
	}
	t.tip, t.recent = c.ID, c
	t.o.say(Forge, c)
	return c
}

// mergeRequest tells of the pull request that brought commits: opened when the last of them was there, reviewed, merged.
func (t *teller) mergeRequest(commits []metrics.Commit, released time.Time) {
	t.request++
	first, last := commits[0], commits[len(commits)-1]
	opened := last.CommittedAt.Add(t.between(time.Minute, 10*time.Minute))
	left := released.Add(-5 * time.Minute).Sub(opened)
	share := func(from, to float64) time.Time {
		return opened.Add(time.Duration(float64(left) * (from + t.Float64()*(to-from)))).Truncate(time.Second)
	}
	merged := t.rhythmAt.merged
	p := metrics.PullRequest{
		ID: fmt.Sprint(t.request), Repository: first.Repository, Number: t.request, Author: first.Author, Bot: first.Bot, CreatedAt: opened,
		MergedAt: share(0.8*merged, merged), MergeCommit: last.ID, Base: "main", Head: fmt.Sprintf("work-%d", t.request),
		Title: last.Message, Labels: []string{t.word(kinds)},
	}
	for _, c := range commits {
		p.Commits = append(p.Commits, c.ID)
	}
	if t.happens(0.2) {
		p.Reviews = append(p.Reviews, metrics.Review{At: share(0.1*merged, 0.4*merged), Author: t.reviewer(p.Author), State: "changes_requested"})
	}
	p.Reviews = append(p.Reviews, metrics.Review{At: share(0.4*merged, 0.8*merged), Author: t.reviewer(p.Author), State: "approved"})
	t.o.say(Forge, p)
}

// reviewer is somebody of the team other than the author.
func (t *teller) reviewer(author string) string {
	for {
		if p := t.person(); p != author {
			return p
		}
	}
}

// object is the name of a commit.
func (t *teller) object() string {
	return fmt.Sprintf("%016x%016x%08x", t.Uint64(), t.Uint64(), t.Uint32())
}

func (t *teller) word(of []string) string { return of[t.IntN(len(of))] }

func (t *teller) message() string {
	return t.word(deeds) + " " + t.word(things) + " " + t.word(manners)
}

var (
	kinds   = []string{"feature", "feature", "fix", "chore"}
	deeds   = []string{"Add", "Fix", "Remove", "Simplify", "Document", "Test", "Speed up", "Rename", "Log", "Retry"}
	things  = []string{"the cache", "the limits", "the address form", "timeouts", "the export", "paging", "the audit trail", "the worker", "validation", "the schema"}
	manners = []string{"for guests", "in the nightly run", "under load", "when the queue is full", "after a restart", "on old browsers", "for large orders"}
)
