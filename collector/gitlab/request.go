package gitlab

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// wireRequest is a merge request in answers.
type wireRequest struct {
	ID        int64    `json:"id"`
	IID       int64    `json:"iid"`
	State     string   `json:"state"`
	Title     string   `json:"title"`
	Author    person   `json:"author"`
	Target    string   `json:"target_branch"`
	Source    string   `json:"source_branch"`
	SHA       string   `json:"sha"`
	Merge     string   `json:"merge_commit_sha"`
	Squash    string   `json:"squash_commit_sha"`
	Labels    []string `json:"labels"`
	WebURL    string   `json:"web_url"`
	CreatedAt moment   `json:"created_at"`
	UpdatedAt moment   `json:"updated_at"`
	MergedAt  moment   `json:"merged_at"`
}

// wireNote is a comment on a merge request; system notes say what somebody did with it.
type wireNote struct {
	Body      string `json:"body"`
	Author    person `json:"author"`
	System    bool   `json:"system"`
	CreatedAt moment `json:"created_at"`
}

// request is what a merge request says by itself.
func (w wireRequest) request(repository string) metrics.PullRequest {
	r := metrics.PullRequest{
		ID: strconv.FormatInt(w.ID, 10), Number: w.IID, Repository: repository, Author: w.Author.Username, Base: w.Target, Head: w.Source,
		Title: w.Title, Labels: w.Labels, URL: w.WebURL, CreatedAt: w.CreatedAt.Time, MergedAt: w.MergedAt.Time,
	}
	if r.MergedAt.IsZero() {
		return r
	}
	for _, sha := range []string{w.Merge, w.Squash, w.SHA} { // a fast forward has neither of the first two
		if r.MergeCommit == "" {
			r.MergeCommit = sha
		}
	}
	return r
}

// review is what a note says of a review; ok is false for the author's own and for notes about other things.
func (n wireNote) review(author int64) (r metrics.Review, ok bool) {
	r = metrics.Review{At: n.CreatedAt.Time, Author: n.Author.Username, State: "commented"}
	if n.System {
		states := map[string]string{
			"approved this merge request": "approved", "unapproved this merge request": "unapproved", "requested changes": "changes_requested",
		}
		r.State = states[n.Body]
	}
	return r, r.State != "" && n.Author.ID != author && !r.At.IsZero()
}

func (p *project) requestFeed() collector.Feed {
	requests := list{host: p.host, path: p.at("merge_requests"), size: detailed, byIID: true, options: func(page sdk.ListOptions, after time.Time) any {
		order, sort := byChange()
		return &sdk.ListProjectMergeRequestsOptions{ListOptions: page, OrderBy: order, Sort: sort, UpdatedAfter: &after}
	}}
	feed := p.feed("merge requests", func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		rows, batch, err := requests.read(ctx, from.Page, p.start(from))
		for _, r := range rows {
			if err == nil {
				err = later(&batch, p.record("merge request", r.key), r.key, p.takeRequest(ctx, &batch, r))
			}
		}
		return p.settled(batch, err)
	})
	feed.Again = func(ctx context.Context, id string) (batch collector.Batch, err error) {
		r := row{}
		r.key, _ = strconv.ParseInt(id, 10, 64)
		if _, err := p.host.get(ctx, p.at("merge_requests/"+id), nil, &r.raw); err != nil {
			return batch, err
		}
		return batch, p.takeRequest(ctx, &batch, r)
	}
	return feed
}

// takeRequest reads a merge request. Only a merged one is asked for its commits and reviews, with one call each: what is still open
// changes again when it is merged.
func (p *project) takeRequest(ctx context.Context, batch *collector.Batch, r row) error {
	var w wireRequest
	if !decoded(batch, p.record("merge request", r.key), r.raw, &w) {
		return nil
	}
	request := w.request(p.Path)
	if !request.MergedAt.IsZero() {
		if err := p.addDetails(ctx, &request, w); err != nil {
			return err
		}
	}
	batch.Closed = append(batch.Closed, strconv.FormatInt(w.IID, 10))
	batch.Take(p.record("merge request", w.IID), event(p.host.name, request, w.UpdatedAt.Time, fromAnswer))
	return nil
}

func (p *project) addDetails(ctx context.Context, request *metrics.PullRequest, w wireRequest) error {
	own := strconv.FormatInt(w.IID, 10)
	ask := func(kind string, options func(sdk.ListOptions) any) ([]json.RawMessage, error) {
		return p.remember(kind+own+w.UpdatedAt.String(), func() ([]json.RawMessage, error) {
			return p.host.all(ctx, p.at("merge_requests/"+own+"/"+kind), options)
		})
	}
	commits, err := ask("commits", func(page sdk.ListOptions) any { return (*sdk.GetMergeRequestCommitsOptions)(&page) })
	if err != nil {
		return err
	}
	notes, err := ask("notes", func(page sdk.ListOptions) any {
		return &sdk.ListMergeRequestNotesOptions{ListOptions: page, OrderBy: sdk.Ptr("created_at"), Sort: sdk.Ptr("asc")}
	})
	for _, raw := range commits {
		var c wireCommit
		if json.Unmarshal(raw, &c) == nil && c.ID != "" {
			request.Commits = append(request.Commits, c.ID)
		}
	}
	if w.Squash != "" && w.Squash != request.MergeCommit && !slices.Contains(request.Commits, w.Squash) {
		request.Commits = append(request.Commits, w.Squash) // what is on the branch in their place
	}
	for _, raw := range notes {
		var n wireNote
		if json.Unmarshal(raw, &n) != nil {
			continue
		}
		if review, ok := n.review(w.Author.ID); ok {
			request.Reviews = append(request.Reviews, review)
		}
	}
	return err
}
