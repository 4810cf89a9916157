package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// wireRelease is a release in answers, and in hooks with other words for two of its fields.
type wireRelease struct {
	Tag        string `json:"tag_name"`
	CreatedAt  moment `json:"created_at"`
	ReleasedAt moment `json:"released_at"`
	Upcoming   bool   `json:"upcoming_release"`
	Author     person `json:"author"`
	Commit     struct {
		ID string `json:"id"`
	} `json:"commit"`
	Links struct {
		Self string `json:"self"`
	} `json:"_links"`
}

// deployment is a release as a deployment: it was out from the moment it states.
func (w wireRelease) deployment(project int64, repository, environment string) metrics.Deployment {
	r := metrics.Deployment{
		ID: fmt.Sprintf("release/%d/%s", project, w.Tag), Repository: repository, Environment: environment, Status: metrics.Succeeded,
		Revision: w.Commit.ID, Ref: w.Tag, Version: w.Tag, CreatedAt: w.CreatedAt.Time, FinishedAt: first(w.ReleasedAt, w.CreatedAt),
		Actor: w.Author.Username, URL: w.Links.Self,
	}
	if r.CreatedAt.After(r.FinishedAt) { // it was written down later than it happened
		r.CreatedAt = time.Time{}
	}
	return r
}

// releaseFeed reads releases, the newest first: GitLab tells neither what changed nor when. One that is dated later than it was made is
// seen when its day has come.
func (p *project) releaseFeed() collector.Feed {
	feed := p.feed("releases", p.readReleases)
	feed.Overlap = 7 * 24 * time.Hour
	return feed
}

func (p *project) readReleases(ctx context.Context, from collector.Position) (batch collector.Batch, err error) {
	page := 1
	if from.Page != "" {
		if page, err = strconv.Atoi(from.Page); err != nil {
			return batch, wrong(p.host.name, "the page where reading stopped was noted by another version", "read the source from the start with collect --full")
		}
	}
	var raws []json.RawMessage
	options := &sdk.ListReleasesOptions{ListOptions: sdk.ListOptions{Page: page, PerPage: most}, OrderBy: sdk.Ptr("released_at"), Sort: sdk.Ptr("desc")}
	response, err := p.host.get(ctx, p.at("releases"), options, &raws)
	if err != nil {
		return batch, err
	}
	since, old := p.start(from), false
	for _, raw := range raws {
		var w wireRelease
		if !decoded(&batch, "release of "+p.Path, raw, &w) {
			continue
		}
		at := first(w.ReleasedAt, w.CreatedAt)
		old = at.Before(since)
		if w.Upcoming || old {
			continue
		}
		if at.After(batch.Newest) {
			batch.Newest = at
		}
		batch.Take(p.record("release", w.Tag), event(p.host.name, w.deployment(p.ID, p.Path, p.environment()), at, fromAnswer))
	}
	if response.NextPage != 0 && len(raws) > 0 && !old {
		batch.Next = strconv.Itoa(page + 1)
	}
	return batch, nil
}
