package github

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// commits is the history of the default branch. GitHub can list commits since a date, but a merge today may bring work of last month;
// so the list goes on from the commit up to which it was read, which stands among the open records of its position.
func (r *repository) commits() collector.Feed {
	f := r.feed("commits")
	f.Read = needing("Contents: read", r.readCommits)
	return f
}

// walk is a place in the history: the page of what lies between two commits, or of all before one.
type walk struct {
	base, head string
	page       int
}

func (w walk) text() string {
	if w.page == 0 {
		return ""
	}
	return w.base + " " + w.head + " " + strconv.Itoa(w.page)
}

func walkOf(text string) walk {
	parts := strings.Split(text, " ")
	if len(parts) != 3 {
		return walk{}
	}
	return walk{parts[0], parts[1], pageNumber(parts[2])}
}

func (r *repository) readCommits(ctx context.Context, from collector.Position) (collector.Batch, error) {
	at := walkOf(from.Page)
	if from.Page == "" {
		head, err := r.head(ctx)
		if err != nil || head == "" || len(from.Open) == 1 && from.Open[0] == head {
			return collector.Batch{}, err
		}
		at = walk{head: head, page: 1}
		if len(from.Open) > 0 {
			at.base = from.Open[0]
		}
	}
	list, next, err := r.between(ctx, at)
	if collector.TroubleOf(err) == collector.Missing && at.base != "" {
		at = walk{head: at.head, page: 1} // the branch was written anew
		list, next, err = r.before(ctx, at)
	} else if at.base == "" {
		list, next, err = r.before(ctx, at)
	}
	if err != nil {
		return collector.Batch{}, err
	}
	var batch collector.Batch
	for _, c := range list {
		if at := r.takeCommit(&batch, c); at.Before(r.clock()) { // a commit's date is what somebody's clock said
			batch.Newest = later(batch.Newest, at)
		}
	}
	if at.page = next; next == 0 {
		batch.Open, batch.Closed = []string{at.head}, append([]string(nil), from.Open...)
	}
	batch.Next = at.text()
	return batch, nil
}

// head is the latest commit of the default branch, "" in a repository that holds nothing yet.
func (r *repository) head(ctx context.Context) (string, error) {
	var branch github.Branch
	_, err := r.fetch(ctx, r.path("branches/"+url.PathEscape(r.branch)), &branch)
	if collector.TroubleOf(err) == collector.Missing && r.empty {
		return "", nil
	}
	return branch.GetCommit().GetSHA(), err
}

// between lists the commits that came to the branch after base.
func (r *repository) between(ctx context.Context, at walk) ([]*github.RepositoryCommit, int, error) {
	if at.base == "" {
		return nil, 0, nil
	}
	list, answer, err := r.rest.Repositories.CompareCommits(ctx, r.owner, r.name, at.base, at.head, &github.ListOptions{Page: at.page, PerPage: r.perPage})
	if err := r.cause(ctx, "what came to the branch", err); err != nil {
		return nil, 0, err
	}
	next, err := r.next(answer)
	return list.Commits, next, err
}

// before lists the history of a commit, back to the day from which on records are wanted.
func (r *repository) before(ctx context.Context, at walk) ([]*github.RepositoryCommit, int, error) {
	list, answer, err := r.rest.Repositories.ListCommits(ctx, r.owner, r.name, &github.CommitsListOptions{
		SHA: at.head, Since: r.since.UTC(), ListOptions: github.ListOptions{Page: at.page, PerPage: r.perPage},
	})
	if err := r.cause(ctx, "the commits", err); err != nil {
		return nil, 0, err
	}
	next, err := r.next(answer)
	return list, next, err
}

// takeCommit adds a commit and returns its date.
func (r *repository) takeCommit(batch *collector.Batch, c *github.RepositoryCommit) time.Time {
	record := metrics.Commit{
		ID: c.GetSHA(), Repository: r.full, AuthoredAt: c.GetCommit().GetAuthor().GetDate().Time, CommittedAt: c.GetCommit().GetCommitter().GetDate().Time,
		Author: c.GetAuthor().GetLogin(), Bot: program(c.GetAuthor().GetLogin(), c.GetAuthor().GetType()), Message: c.GetCommit().GetMessage(),
	}
	if record.Author == "" {
		record.Author = c.GetCommit().GetAuthor().GetEmail()
	}
	for _, p := range c.Parents {
		record.Parents = append(record.Parents, p.GetSHA())
	}
	batch.Take("commit "+record.ID+" of "+r.full, r.event(record, time.Time{}, polled))
	return record.CommittedAt
}
