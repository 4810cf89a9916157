package github

import (
	"context"
	"regexp"
	"strconv"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// published is a release, whichever way it came.
type published struct {
	id                           int64
	tag, commit, actor, url      string
	draft, preview               bool
	created, publishedAt, latest time.Time
}

// releasesQuery brings releases with the commits of their tags, which REST does not tell.
const releasesQuery = `query($owner: String!, $name: String!, $first: Int!, $after: String) {
  rateLimit { cost remaining resetAt }
  repository(owner: $owner, name: $name) {
    releases(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes { databaseId tagName isDraft isPrerelease createdAt publishedAt updatedAt url author { login __typename } tagCommit { oid } }
    }
  }
}`

type graphRelease struct {
	DatabaseID   int64      `json:"databaseId"`
	TagName      string     `json:"tagName"`
	IsDraft      bool       `json:"isDraft"`
	IsPrerelease bool       `json:"isPrerelease"`
	CreatedAt    time.Time  `json:"createdAt"`
	PublishedAt  time.Time  `json:"publishedAt"`
	UpdatedAt    time.Time  `json:"updatedAt"`
	URL          string     `json:"url"`
	Author       graphActor `json:"author"`
	TagCommit    struct {
		Oid string `json:"oid"`
	} `json:"tagCommit"`
}

func (g graphRelease) published() published {
	return published{
		id: g.DatabaseID, tag: g.TagName, commit: g.TagCommit.Oid, actor: g.Author.name(), url: g.URL, draft: g.IsDraft, preview: g.IsPrerelease,
		created: g.CreatedAt, publishedAt: g.PublishedAt, latest: g.UpdatedAt,
	}
}

// releases is the list of a repository's releases by the age of what they release; the newest page is read each time, since a draft
// may be published long after it was written.
func (r *repository) releases() collector.Feed {
	f := r.feed("releases")
	f.Read = needing("Contents: read", r.readReleases)
	return f
}

func (r *repository) readReleases(ctx context.Context, from collector.Position) (collector.Batch, error) {
	var answer struct {
		Repository struct {
			Releases struct {
				PageInfo pageInfo        `json:"pageInfo"`
				Nodes    []*graphRelease `json:"nodes"`
			} `json:"releases"`
		} `json:"repository"`
	}
	partly, err := r.toldOf(ctx, releasesQuery, r.variables(r.atOnce(fullPage), from.Page), &answer)
	if err != nil {
		return collector.Batch{}, err
	}
	list := answer.Repository.Releases
	batch := collector.Batch{SetAside: partly, Next: list.PageInfo.next()}
	for _, node := range list.Nodes {
		if node == nil {
			continue
		}
		p := node.published()
		if batch.Newest = later(batch.Newest, p.created); p.created.Before(r.from(from)) {
			batch.Next = ""
		}
		if p.reason() == "" && !p.publishedAt.Before(r.since) {
			batch.Take("release "+p.tag+" of "+r.full, r.deploymentOfRelease(r.full, p, polled))
		}
	}
	return batch, nil
}

// reason is why a release is no deployment, "" for one that is.
func (p published) reason() string {
	switch {
	case p.draft:
		return "the release is a draft"
	case p.preview:
		return "the release is a preview"
	case p.publishedAt.IsZero():
		return "the release is not published"
	}
	return ""
}

func releaseID(id int64) string { return "release/" + strconv.FormatInt(id, 10) }

// deploymentOfRelease takes publishing for deploying. Where the commit is not told, as in what is pushed, the tag stands for it until
// it is asked for.
func (r Rules) deploymentOfRelease(repository string, p published, order int64) metrics.Event {
	d := metrics.Deployment{
		ID: releaseID(p.id), Repository: repository, Environment: r.environment(), Status: metrics.Succeeded, Revision: p.commit,
		Ref: p.tag, Version: p.tag, CreatedAt: p.publishedAt, FinishedAt: p.publishedAt, Actor: p.actor, URL: webPage(p.url),
	}
	if d.Revision == "" {
		d.Revision = p.tag
	}
	return r.event(d, later(p.publishedAt, p.latest), order)
}

// objectName is a commit's full name.
var objectName = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
