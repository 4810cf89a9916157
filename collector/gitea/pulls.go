package gitea

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"shiphabit/collector"
	"shiphabit/metrics"
)

const (
	// latePull is how far back pull requests are looked at again.
	latePull = time.Hour
	// pullsAtOnce is how many pull requests stand on a page: the reviews and the commits of each are calls of their own.
	pullsAtOnce = 20
)

// pulls is the feed of pull requests, those changed last first: reviews, merges and closing all count as changes.
func (s *source) pulls(at repository) collector.Feed {
	feed := at.feed("pull requests")
	feed.Overlap = latePull
	feed.Read = func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		return s.readPulls(ctx, at, from)
	}
	feed.Again = func(ctx context.Context, number string) (collector.Batch, error) {
		b := collector.Batch{Closed: []string{number}}
		var v sdk.PullRequest
		if _, err := s.client.JSON(ctx, at.api()+"/pulls/"+number, nil, &v); err != nil {
			return b, err
		}
		_, err := s.takePull(ctx, &b, at, v)
		return b, err
	}
	return feed
}

func (s *source) readPulls(ctx context.Context, at repository, from collector.Position) (collector.Batch, error) {
	var b collector.Batch
	few := *s
	few.page = min(s.page, pullsAtOnce)
	records, next, err := few.list(ctx, at.api()+"/pulls", url.Values{"state": {"all"}, "sort": {"recentupdate"}}, parsePlace(from.Page))
	if err != nil {
		return b, err
	}
	since := s.from(from)
	for _, record := range records {
		var v sdk.PullRequest
		if err := into(record, &v); err != nil || v.Updated == nil {
			unread(&b, "pull request", record, orNone(err, "it does not say when it changed"))
			continue
		}
		if v.Updated.Before(since) {
			next = "" // so did all that follow
			break
		}
		complete, err := s.takePull(ctx, &b, at, v)
		if err != nil {
			return b, err
		}
		if !complete {
			b.Open = append(b.Open, strconv.FormatInt(v.Index, 10))
		}
		b.Newest = later(b.Newest, known(*v.Updated))
	}
	b.Next = next
	return b, nil
}

// takePull takes a pull request with its reviews and commits. Where the server has not got them, which happens once branches are
// gone, it is taken without, and is not complete.
func (s *source) takePull(ctx context.Context, b *collector.Batch, at repository, v sdk.PullRequest) (complete bool, err error) {
	path := at.api() + "/pulls/" + strconv.FormatInt(v.Index, 10)
	complete = true
	lists := map[string][]json.RawMessage{}
	for _, what := range []string{"/reviews", "/commits"} {
		lists[what], err = s.whole(ctx, path+what)
		if collector.TroubleOf(err) == collector.Missing {
			complete = false
		} else if err != nil {
			return false, err
		}
	}
	p := s.pull(at, v)
	p.Reviews, p.Commits = reviews(lists["/reviews"]), shas(lists["/commits"])
	b.Take("pull request "+strconv.FormatInt(v.Index, 10)+" of "+at.path, s.pullEvent(v, p))
	return complete, nil
}

// whole reads a list to its end.
func (s *source) whole(ctx context.Context, path string) ([]json.RawMessage, error) {
	var all []json.RawMessage
	for here := (place{}); ; {
		records, next, err := s.list(ctx, path, nil, here)
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
		if next == "" {
			return all, nil
		}
		here = parsePlace(next)
	}
}

// reviews are those that say something; a request for one is not a review.
func reviews(records []json.RawMessage) []metrics.Review {
	var list []metrics.Review
	for _, record := range records {
		var v sdk.PullReview
		if into(record, &v) != nil || v.Reviewer == nil {
			continue
		}
		state := strings.ToLower(string(v.State)) // a word that is not known stays as it is
		switch v.State {
		case sdk.ReviewStatePending, sdk.ReviewStateRequestReview, sdk.ReviewStateUnknown:
			continue
		case sdk.ReviewStateRequestChanges:
			state = "changes_requested"
		case sdk.ReviewStateComment:
			state = "commented"
		case sdk.ReviewStateApproved:
			state = "approved"
		}
		if v.Dismissed {
			state = "dismissed"
		}
		list = append(list, metrics.Review{At: known(v.Submitted), Author: login(v.Reviewer), State: state})
	}
	return list
}

// shas are the names of commits, the oldest first.
func shas(records []json.RawMessage) []string {
	var list []string
	for _, record := range records {
		var c sdk.Commit
		if into(record, &c) == nil && c.CommitMeta != nil && c.SHA != "" {
			list = append(list, c.SHA)
		}
	}
	slices.Reverse(list)
	return list
}

// pull is what a pull request itself states.
func (r rules) pull(at repository, v sdk.PullRequest) metrics.PullRequest {
	p := metrics.PullRequest{
		ID: strconv.FormatInt(v.ID, 10), Repository: at.path, Number: v.Index, Author: login(v.Poster), Title: v.Title, URL: v.HTMLURL,
		CreatedAt: when(v.Created), Labels: labelsOf(v.Labels),
	}
	if v.Base != nil {
		p.Base = v.Base.Ref
	}
	if v.Head != nil {
		p.Head = v.Head.Ref
	}
	if v.HasMerged {
		p.MergedAt = when(v.Merged)
		if v.MergedCommitID != nil {
			p.MergeCommit = *v.MergedCommitID
		}
	}
	return p
}

func (r rules) pullEvent(v sdk.PullRequest, p metrics.PullRequest) metrics.Event {
	e := metrics.NewEvent(r.name, p)
	e.UpdatedAt = when(v.Updated)
	return e
}

func when(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return known(*at)
}

func labelsOf(labels []*sdk.Label) []string {
	var names []string
	for _, l := range labels {
		if l != nil {
			names = append(names, l.Name)
		}
	}
	return names
}
