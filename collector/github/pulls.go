package github

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// pullsQuery brings pull requests with their commits, reviews and labels, by their latest change.
const pullsQuery = `query($owner: String!, $name: String!, $first: Int!, $after: String) {
  rateLimit { cost remaining resetAt }
  repository(owner: $owner, name: $name) {
    pullRequests(first: $first, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        number title url createdAt updatedAt mergedAt baseRefName headRefName
        author { login __typename }
        mergeCommit { oid }
        labels(first: 20) { nodes { name } }
        commits(first: 100) { pageInfo { hasNextPage endCursor } nodes { commit { oid authoredDate committedDate message author { email user { login } } } } }
        reviews(first: 50) { nodes { submittedAt state author { login __typename } } }
      }
    }
  }
}`

type graphPull struct {
	Number      int64      `json:"number"`
	Title       string     `json:"title"`
	URL         string     `json:"url"`
	CreatedAt   time.Time  `json:"createdAt"`
	UpdatedAt   time.Time  `json:"updatedAt"`
	MergedAt    time.Time  `json:"mergedAt"`
	BaseRefName string     `json:"baseRefName"`
	HeadRefName string     `json:"headRefName"`
	Author      graphActor `json:"author"`
	MergeCommit struct {
		Oid string `json:"oid"`
	} `json:"mergeCommit"`
	Labels struct {
		Nodes []struct {
			Name string `json:"name"`
		} `json:"nodes"`
	} `json:"labels"`
	Commits struct {
		PageInfo pageInfo `json:"pageInfo"`
		Nodes    []struct {
			Commit graphCommit `json:"commit"`
		} `json:"nodes"`
	} `json:"commits"`
	Reviews struct {
		Nodes []graphReview `json:"nodes"`
	} `json:"reviews"`
}

type graphCommit struct {
	Oid           string    `json:"oid"`
	AuthoredDate  time.Time `json:"authoredDate"`
	CommittedDate time.Time `json:"committedDate"`
	Message       string    `json:"message"`
	Author        struct {
		Email string `json:"email"`
		User  struct {
			Login string `json:"login"`
		} `json:"user"`
	} `json:"author"`
}

type graphReview struct {
	SubmittedAt time.Time  `json:"submittedAt"`
	State       string     `json:"state"`
	Author      graphActor `json:"author"`
}

// pullsAtOnce keeps the nodes of one query of pull requests below what GitHub answers quickly.
const pullsAtOnce = 50

// pulls is the list of a repository's pull requests. Every change of one brings it to the top of the list again.
func (r *repository) pulls() collector.Feed {
	f := r.feed("pull requests")
	f.Overlap = time.Hour
	f.Read = needing("Pull requests: read", r.readPulls)
	return f
}

func (r *repository) readPulls(ctx context.Context, from collector.Position) (collector.Batch, error) {
	var answer struct {
		Repository struct {
			PullRequests struct {
				PageInfo pageInfo     `json:"pageInfo"`
				Nodes    []*graphPull `json:"nodes"`
			} `json:"pullRequests"`
		} `json:"repository"`
	}
	partly, err := r.toldOf(ctx, pullsQuery, r.variables(r.atOnce(pullsAtOnce), from.Page), &answer)
	if err != nil {
		return collector.Batch{}, err
	}
	list, since := answer.Repository.PullRequests, r.from(from)
	batch := collector.Batch{SetAside: partly, Next: list.PageInfo.next()}
	for _, node := range list.Nodes {
		if node == nil {
			continue
		}
		if node.UpdatedAt.Before(since) {
			batch.Next = ""
			break
		}
		if err := r.takePull(ctx, &batch, node); err != nil {
			return collector.Batch{}, err
		}
	}
	return batch, nil
}

func (r *repository) takePull(ctx context.Context, batch *collector.Batch, node *graphPull) error {
	record := node.record(r.full)
	for _, n := range node.Commits.Nodes {
		r.takeOwnCommit(batch, n.Commit)
	}
	if node.Commits.PageInfo.HasNextPage {
		if err := r.moreCommits(ctx, batch, &record); err != nil {
			return err
		}
	}
	batch.Newest = later(batch.Newest, node.UpdatedAt)
	batch.Take("pull request "+record.ID+" of "+r.full, r.event(record, node.UpdatedAt, polled))
	return nil
}

func (g graphPull) record(repository string) metrics.PullRequest {
	record := metrics.PullRequest{
		ID: strconv.FormatInt(g.Number, 10), Number: g.Number, Repository: repository, CreatedAt: g.CreatedAt, Author: g.Author.name(),
		Bot: program(g.Author.Login, g.Author.Kind), Base: g.BaseRefName, Head: g.HeadRefName, MergedAt: g.MergedAt,
		MergeCommit: g.MergeCommit.Oid, Title: g.Title, URL: webPage(g.URL),
	}
	for _, l := range g.Labels.Nodes {
		record.Labels = append(record.Labels, l.Name)
	}
	for _, n := range g.Commits.Nodes {
		record.Commits = append(record.Commits, n.Commit.Oid)
	}
	for _, v := range g.Reviews.Nodes {
		if !v.SubmittedAt.IsZero() { // one that is still being written has no time
			record.Reviews = append(record.Reviews, metrics.Review{
				At: v.SubmittedAt, Author: v.Author.name(), Bot: v.Author.Kind == "Bot", State: strings.ToLower(v.State),
			})
		}
	}
	return record
}

// takeOwnCommit adds a commit of a pull request: where it is squashed, the branch does not hold it.
func (r *repository) takeOwnCommit(batch *collector.Batch, c graphCommit) {
	record := metrics.Commit{
		ID: c.Oid, Repository: r.full, AuthoredAt: c.AuthoredDate, CommittedAt: c.CommittedDate, Message: c.Message, Author: c.Author.User.Login,
		Bot: program(c.Author.User.Login, ""),
	}
	if record.Author == "" {
		record.Author = c.Author.Email
	}
	batch.Take("commit "+c.Oid+" of "+r.full, r.event(record, time.Time{}, polled))
}

// moreCommits adds the commits of a pull request beyond the first hundred; GitHub tells 250 at most.
func (r *repository) moreCommits(ctx context.Context, batch *collector.Batch, record *metrics.PullRequest) error {
	for page := 2; page > 0; {
		some, answer, err := r.rest.PullRequests.ListCommits(ctx, r.owner, r.name, int(record.Number), &github.ListOptions{Page: page, PerPage: fullPage})
		if err := r.cause(ctx, "the commits of a pull request", err); err != nil {
			return err
		}
		for _, c := range some {
			record.Commits = append(record.Commits, c.GetSHA())
			r.takeCommit(batch, c)
		}
		if page, err = r.next(answer); err != nil {
			return err
		}
	}
	return nil
}
