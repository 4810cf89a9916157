package gitea

import (
	"context"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strconv"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// lateRelease is how far back releases are looked at again: their date is the tag's, which may be older than the release.
const lateRelease = 30 * 24 * time.Hour

// releases is the feed of published releases.
func (s *source) releases(at repository) collector.Feed {
	feed := at.feed("releases")
	feed.Overlap = lateRelease
	feed.Read = func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		return s.readReleases(ctx, at, from)
	}
	feed.Again = func(ctx context.Context, id string) (collector.Batch, error) {
		var b collector.Batch
		var r sdk.Release
		if _, err := s.client.JSON(ctx, at.api()+"/releases/"+id, nil, &r); err != nil {
			return b, err
		}
		if !r.IsDraft {
			b.Closed = append(b.Closed, id)
		}
		err := s.takeRelease(ctx, &b, at, r)
		if collector.Alone(err) {
			b.SetAside, err = append(b.SetAside, untold(at, r, err)), nil
		}
		return b, err
	}
	return feed
}

func (s *source) readReleases(ctx context.Context, at repository, from collector.Position) (collector.Batch, error) {
	var b collector.Batch
	records, next, err := s.list(ctx, at.api()+"/releases", nil, parsePlace(from.Page))
	if err != nil {
		return b, err
	}
	since, fresh := s.from(from), false
	for _, record := range records {
		var r sdk.Release
		if err := into(record, &r); err != nil {
			unread(&b, "release", record, err)
			continue
		}
		if r.PublishedAt.Before(since) && !r.IsDraft {
			continue
		}
		fresh = true
		id := strconv.FormatInt(r.ID, 10)
		switch err := s.takeRelease(ctx, &b, at, r); {
		case r.IsDraft, collector.TroubleOf(err) == collector.Missing && !slices.Contains(from.Open, id):
			b.Open = append(b.Open, id) // a tag that is not there is asked for once more before it is given up
		case collector.Alone(err):
			b.SetAside = append(b.SetAside, untold(at, r, err))
			b.Closed = append(b.Closed, id)
		case err != nil:
			return b, err
		default:
			b.Closed = append(b.Closed, id)
		}
		if !r.IsDraft {
			b.Newest = s.newest(b.Newest, r.PublishedAt)
		}
	}
	if b.Next = next; !fresh && len(records) > 0 {
		b.Next = ""
	}
	return b, nil
}

// untold sets aside a release whose tag does not tell its commit.
func untold(at repository, r sdk.Release, err error) collector.SetAside {
	reason := "its commit is not known: " + err.Error()
	if collector.TroubleOf(err) == collector.Missing {
		reason = "its tag is not there, so that its commit is not known"
	}
	return collector.SetAside{Record: "release " + r.TagName + " of " + at.path, Reason: reason}
}

// takeRelease takes a release once its tag has told the commit.
func (s *source) takeRelease(ctx context.Context, b *collector.Batch, at repository, r sdk.Release) error {
	if r.IsDraft || !s.released(r.TagName) {
		return nil
	}
	revision, err := s.commitOf(ctx, at, r.TagName)
	if err != nil {
		return err
	}
	b.Take("release "+r.TagName+" of "+at.path, s.release(at, r, revision))
	return nil
}

// commitOf is the commit behind a tag, whether the tag is annotated or not.
func (s *source) commitOf(ctx context.Context, at repository, tag string) (string, error) {
	api, err := s.api(ctx)
	if err != nil {
		return "", err
	}
	owner, name := at.split()
	t, _, err := api.GetTag(owner, name, tag)
	if err != nil {
		return "", s.fault(ctx, "tag "+tag, err)
	}
	if t == nil || t.Commit == nil {
		return "", nil
	}
	return t.Commit.SHA, nil
}

// release is the deployment that a published release stands for. Its time is the tag's: the server states no other. A preliminary
// one that is made final is a later revision.
func (r rules) release(at repository, v sdk.Release, revision string) metrics.Event {
	environment, labels := r.goesTo(v.IsPrerelease)
	e := metrics.NewEvent(r.name, metrics.Deployment{
		ID: "release/" + strconv.FormatInt(v.ID, 10), Repository: at.path, Revision: revision, Environment: environment, Labels: labels,
		Status: metrics.Succeeded, Ref: v.TagName, Version: v.TagName, URL: v.HTMLURL, Actor: login(v.Publisher),
		CreatedAt: known(v.CreatedAt), FinishedAt: known(v.PublishedAt),
	})
	e.UpdatedAt = known(v.PublishedAt)
	if !v.IsPrerelease {
		e.Sequence = 1
	}
	return e
}

// tags is the feed of tags that are released. The whole list is read every time: a tag that is new may stand on an old commit, whose date
// is all that the list tells. Those that are known stand among the open records, though nothing is asked of them again.
func (s *source) tags(at repository) collector.Feed {
	feed := at.feed("tags")
	feed.Read = func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		var b collector.Batch
		records, next, err := s.list(ctx, at.api()+"/tags", nil, parsePlace(from.Page))
		if err != nil {
			return b, err
		}
		for _, record := range records {
			var t sdk.Tag
			if err := into(record, &t); err != nil || t.Commit == nil {
				unread(&b, "tag", record, orNone(err, "it names no commit"))
				continue
			}
			mark := markOf(t)
			if !s.released(t.Name) || t.Commit.Created.Before(s.since) || slices.Contains(from.Open, mark) {
				continue
			}
			b.Take("tag "+t.Name+" of "+at.path, s.tagged(at, t))
			b.Open = append(b.Open, mark)
			b.Newest = s.newest(b.Newest, t.Commit.Created)
		}
		b.Next = next
		return b, nil
	}
	return feed
}

// markOf is a short name of a tag and its commit, since there may be thousands.
func markOf(t sdk.Tag) string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(t.Name + "\x00" + t.Commit.SHA)) // a hash takes everything
	return strconv.FormatUint(sum.Sum64(), 36)
}

// tagged is the deployment that a tag stands for. A tag that is moved to another commit is another deployment.
func (r rules) tagged(at repository, t sdk.Tag) metrics.Event {
	environment, labels := r.goesTo(isPreliminary(t.Name))
	e := metrics.NewEvent(r.name, metrics.Deployment{
		ID: fmt.Sprintf("tag/%d/%s/%s", at.id, t.Name, t.Commit.SHA), Repository: at.path, Revision: t.Commit.SHA, Environment: environment, Labels: labels,
		Status: metrics.Succeeded, Ref: t.Name, Version: t.Name, FinishedAt: known(t.Commit.Created),
	})
	e.UpdatedAt = known(t.Commit.Created)
	return e
}

// preliminary is a version that says of itself that it is not the final one, like v1.4.0-rc.1.
var preliminary = regexp.MustCompile(`(?i)\d[-._]?(alpha|beta|rc|pre|preview|dev|snapshot|nightly|canary)[-._]?\d*\b`)

func isPreliminary(tag string) bool { return preliminary.MatchString(tag) }

// orNone is err, or a problem in words where there is no error.
func orNone(err error, problem string) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%s", problem)
}

// login names a user as the server does, "" when there is none.
func login(u *sdk.User) string {
	if u == nil {
		return ""
	}
	return u.UserName
}
