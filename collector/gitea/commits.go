package gitea

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// commits is the feed of the default branch's commits. Where it was read to is remembered as the commit that was its tip: commits of
// any date can come with a merge, so a date would not do. The tip stands among the open records, though nothing is asked of it again.
func (s *source) commits(at repository) collector.Feed {
	feed := at.feed("commits")
	feed.Read = func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		return s.readCommits(ctx, at, from)
	}
	return feed
}

func (s *source) readCommits(ctx context.Context, at repository, from collector.Position) (collector.Batch, error) {
	var b collector.Batch
	here := parsePlace(from.Page)
	if from.Page == "" { // further pages keep to what the first one found
		base, err := s.tip(ctx, at, from.Open)
		if err != nil {
			return b, err
		}
		here.base = base
	}
	records, next, head, err := s.commitsFrom(ctx, at, here)
	if err != nil {
		return b, err
	}
	fresh := false
	for _, record := range records {
		var c sdk.Commit
		if err := into(record, &c); err != nil || c.CommitMeta == nil || c.RepoCommit == nil {
			unread(&b, "commit", record, orNone(err, "it is no commit"))
			fresh = true
			continue
		}
		if committed(c).Before(s.since) {
			continue
		}
		fresh = true
		b.Take("commit "+c.SHA+" of "+at.path, s.commit(at, c))
		b.Newest = later(b.Newest, committed(c))
	}
	if b.Next = next; !fresh && len(records) > 0 {
		b.Next = ""
	}
	if b.Next == "" && head != "" && head != here.base {
		b.Open, b.Closed = []string{head}, from.Open
	}
	return b, nil
}

// tip is the commit up to which the branch was read, "" for none. One that is no longer there, after a push by force and a cleaning,
// means reading everything.
func (s *source) tip(ctx context.Context, at repository, open []string) (string, error) {
	if len(open) == 0 {
		return "", nil
	}
	sha := open[len(open)-1]
	var c sdk.CommitMeta
	_, err := s.client.JSON(ctx, at.api()+"/git/commits/"+url.PathEscape(sha), url.Values{"stat": {"false"}, "files": {"false"}, "verification": {"false"}}, &c)
	if collector.TroubleOf(err) == collector.Missing {
		return "", nil
	}
	return sha, err
}

// commitsFrom lists the commits of the default branch, newest first, without those that the base already leads to. Further pages
// begin at the commit that was the tip on the first, so that a push in between shifts nothing.
func (s *source) commitsFrom(ctx context.Context, at repository, here place) (records []json.RawMessage, next, head string, err error) {
	query := url.Values{"sha": {first(here.head, at.branch)}, "stat": {"false"}, "verification": {"false"}, "files": {"true"}}
	if here.base != "" {
		query.Set("not", here.base)
	}
	records, next, err = s.list(ctx, at.api()+"/commits", query, here)
	if err != nil {
		return nil, "", "", err
	}
	if here.head == "" && len(records) > 0 {
		var c sdk.Commit
		if into(records[0], &c) == nil && c.CommitMeta != nil {
			here.head = c.SHA
		}
	}
	if next != "" {
		p := parsePlace(next)
		p.head = here.head
		next = p.text()
	}
	return records, next, here.head, nil
}

// committed is when a commit was made, as its committer's clock said.
func committed(c sdk.Commit) time.Time {
	if c.RepoCommit != nil && c.RepoCommit.Committer != nil {
		if at, err := time.Parse(time.RFC3339, c.RepoCommit.Committer.Date); err == nil {
			return at.UTC()
		}
	}
	if c.CommitMeta != nil {
		return c.Created.UTC()
	}
	return time.Time{}
}

func (r rules) commit(at repository, c sdk.Commit) metrics.Event {
	v := metrics.Commit{ID: c.SHA, Repository: at.path, Message: c.RepoCommit.Message, CommittedAt: committed(c), Author: login(c.Author)}
	if by := c.RepoCommit.Author; by != nil {
		v.AuthoredAt, _ = time.Parse(time.RFC3339, by.Date)
		v.Author = first(v.Author, by.Email)
	}
	for _, p := range c.Parents {
		if p != nil {
			v.Parents = append(v.Parents, p.SHA)
		}
	}
	for _, f := range c.Files {
		if f != nil {
			v.Paths = append(v.Paths, f.Filename)
		}
	}
	return metrics.NewEvent(r.name, v)
}
