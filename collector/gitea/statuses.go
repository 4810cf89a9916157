package gitea

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"shiphabit/collector"
	"shiphabit/metrics"
)

const (
	// lateStatus is how far back commits are asked for statuses again: a deployment may come long after its commit.
	lateStatus = 7 * 24 * time.Hour
	// statusCommits is how many commits are asked for their statuses in one page: each is a call of its own.
	statusCommits = 20
)

// statuses is the feed of the commit statuses that stand for deployments. The server lists them by commit only, so the commits of
// the default branch are asked one by one.
func (s *source) statuses(at repository) collector.Feed {
	feed := at.feed("statuses")
	feed.Overlap = lateStatus
	feed.Read = func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		return s.readStatuses(ctx, at, from)
	}
	feed.Again = func(ctx context.Context, sha string) (collector.Batch, error) {
		var b collector.Batch
		err := s.statusesOf(ctx, &b, at, sha)
		return b, err
	}
	return feed
}

func (s *source) readStatuses(ctx context.Context, at repository, from collector.Position) (collector.Batch, error) {
	var b collector.Batch
	few := *s
	few.page = min(s.page, statusCommits)
	records, next, _, err := few.commitsFrom(ctx, at, parsePlace(from.Page))
	if err != nil {
		return b, err
	}
	since, fresh := s.from(from), false
	for _, record := range records {
		var c sdk.Commit
		if err := into(record, &c); err != nil || c.CommitMeta == nil {
			continue // the feed of commits sets it aside
		}
		if committed(c).Before(since) {
			continue
		}
		fresh = true
		if err := s.statusesOf(ctx, &b, at, c.SHA); err != nil {
			return b, err
		}
		b.Newest = s.newest(b.Newest, committed(c))
	}
	if b.Next = next; !fresh && len(records) > 0 {
		b.Next = ""
	}
	return b, nil
}

// statusesOf takes the deployments of one commit; the commit is asked again while one is under way.
func (s *source) statusesOf(ctx context.Context, b *collector.Batch, at repository, sha string) error {
	var all []sdk.Status
	for here := (place{}); ; {
		records, next, err := s.list(ctx, at.api()+"/commits/"+url.PathEscape(sha)+"/statuses", nil, here)
		if err != nil {
			return err
		}
		for _, record := range records {
			var v sdk.Status
			if err := into(record, &v); err != nil {
				unread(b, "status of commit "+sha, record, err)
				continue
			}
			all = append(all, v)
		}
		if next == "" {
			break
		}
		here = parsePlace(next)
	}
	open := false
	for _, one := range s.attempts(all) {
		open = open || one.state() == metrics.Running
		if one.state() != metrics.Running {
			b.Take(fmt.Sprintf("status %s of commit %s of %s", one.Context, sha, at.path), s.stated(at, sha, one))
		}
	}
	if open {
		b.Open = append(b.Open, sha)
	} else {
		b.Closed = append(b.Closed, sha)
	}
	return nil
}

// attempt is a status that ends a deployment, with the time at which it was first announced.
type attempt struct {
	sdk.Status
	began time.Time
}

func (a attempt) state() metrics.Status { return stateOf(string(a.State)) }

// attempts groups the statuses of a commit, by context and in order of time: what is announced as pending is one attempt with the
// status that ends it. The last one of a context may still be pending.
func (r rules) attempts(all []sdk.Status) []attempt {
	slices.SortStableFunc(all, func(a, b sdk.Status) int {
		return firstOf(strings.Compare(a.Context, b.Context), a.Created.Compare(b.Created), int(a.ID-b.ID))
	})
	var list []attempt
	for i := 0; i < len(all); i++ {
		if !matches(r.contexts, all[i].Context) {
			continue
		}
		one := attempt{Status: all[i], began: all[i].Created}
		for one.state() == metrics.Running && i+1 < len(all) && all[i+1].Context == one.Context {
			i++
			one.Status = all[i]
		}
		list = append(list, one)
	}
	return list
}

func firstOf(orders ...int) int {
	for _, o := range orders {
		if o != 0 {
			return o
		}
	}
	return 0
}

// stateOf reads the state of a commit status. A warning is a success with remarks.
func stateOf(word string) metrics.Status {
	switch word {
	case "pending":
		return metrics.Running
	case "success", "warning":
		return metrics.Succeeded
	case "failure", "error":
		return metrics.Failed
	case "skipped":
		return metrics.Cancelled
	default:
		return ""
	}
}

// stated is the deployment that a status ends. The server numbers statuses by commit when asked, and over all when it pushes: what
// both tell alike is commit, context and time.
func (r rules) stated(at repository, sha string, a attempt) metrics.Event {
	d := metrics.Deployment{
		ID:         fmt.Sprintf("status/%d/%s/%s/%d", at.id, sha, a.Context, a.Created.Unix()),
		Repository: at.path, Revision: sha, Environment: r.environment, Status: a.state(), URL: at.link(a.TargetURL),
		FinishedAt: known(a.Created), Actor: login(a.Creator),
	}
	if a.began.Before(a.Created) {
		d.CreatedAt, d.StartedAt = known(a.began), known(a.began)
	}
	e := metrics.NewEvent(r.name, d)
	e.UpdatedAt = known(later(a.Created, a.Updated))
	return e
}

// link is the address of a page that a status names: in full when the server pushes, without the host when it is asked, and the
// server's front page where there is none.
func (r repository) link(target string) string {
	front := strings.TrimSuffix(r.page, r.path)
	if target == "" || target == front {
		return ""
	}
	if strings.HasPrefix(target, "/") {
		return strings.TrimSuffix(front, "/") + target
	}
	return target
}
