package git

import (
	"context"
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"
	"sync/atomic"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// reading delivers a plan page by page: the commits as git lists them, then the deployments. Between two pages the git process
// waits for us to go on reading; it belongs to no single Pull and ends with close.
type reading struct {
	plan   *plan
	cursor cursor
	at     string // the cursor as text
	total  atomic.Int64
	aside  []collector.SetAside // not told yet

	next    func() (record, error, bool)
	cease   func()
	ctx     context.Context // of the reading, which outlives a Pull
	cancel  context.CancelFunc
	pages   int
	authors map[string]string
	folders []string
	touched map[string]bool // the folders that a commit delivered so far touches
}

// record is one thing to deliver: a commit, or a release with its deployments.
type record struct {
	events  []metrics.Event
	release *release
}

func newReading(ctx context.Context, p *plan, at string) (*reading, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &reading{plan: p, cursor: p.cursor, at: at, ctx: ctx, cancel: cancel, authors: map[string]string{}, folders: p.scheme.folders(), touched: map[string]bool{}}
	r.next, r.cease = iter.Pull2(r.records(ctx))
	for range p.cursor.Reading.Done {
		_, err, ok := r.next()
		if err == nil && !ok {
			err = outdated(p.clone.path, "it holds less than when this reading began")
		}
		if err != nil {
			r.close()
			return nil, r.explained(err)
		}
	}
	// What the skipped part set aside was told and counted with the pages before.
	r.cursor.Totals, r.aside = p.cursor.Totals, nil
	if p.cursor.Reading.Done == 0 {
		r.aside = p.aside
		r.cursor.Totals.SetAside += len(p.aside) - p.future
	}
	return r, nil
}

func (r *reading) close() {
	r.cancel()
	r.cease()
}

// countAfter is the number of pages after which it is worth its cost to know how many there will be.
const countAfter = 4

// count asks git how much there is to read, for the progress only: reading does not wait for it.
func (r *reading) count() {
	g, err := start(r.ctx, r.plan.clone.dir, strings.NewReader(ends(r.plan.tips, r.plan.known)), "rev-list", "--count", "--ignore-missing", "--stdin")
	if err != nil {
		return
	}
	said, _ := io.ReadAll(io.LimitReader(g.out, 32))
	if g.finish() != nil {
		return
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(string(said)), 10, 64); err == nil {
		r.total.Store(n + int64(len(r.plan.releases)))
	}
}

// records yields all records of the plan in an order that is the same each time.
func (r *reading) records(ctx context.Context) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		commits := r.commits(ctx)
		if len(r.folders) > 0 {
			commits = r.withPaths(ctx, commits)
		}
		for c, err := range commits {
			if err != nil {
				yield(record{}, err)
				return
			}
			if !yield(record{events: []metrics.Event{metrics.NewEvent(r.plan.options.Name, c)}}, nil) {
				return
			}
		}
		r.plan.ownLine.mark(r.plan.releases)
		for _, release := range r.plan.releases {
			events := release.events(r.plan.options.Name, r.plan.clone.repository, r.plan.branch.name)
			if !yield(record{events: events, release: &release}, nil) {
				return
			}
		}
	}
}

// commits yields the commits of the plan without paths.
func (r *reading) commits(ctx context.Context) iter.Seq2[metrics.Commit, error] {
	p := r.plan
	objects := listed(ctx, p.clone.dir, p.tips, p.known)
	if p.cursor.Reading.Walk {
		objects = walked(ctx, p.clone.dir, p.tips, p.boundary, r.hole)
	}
	return func(yield func(metrics.Commit, error) bool) {
		for o, err := range objects {
			if p.collectLine && err == nil {
				p.ownLine.add(o)
			}
			if !yield(r.commit(o), err) || err != nil {
				return
			}
		}
	}
}

// hole notes a commit that cannot be read.
func (r *reading) hole(id string) {
	r.aside = append(r.aside, collector.SetAside{Record: "commit " + id, Reason: "it is missing or broken in the clone; the history behind it is not known"})
	r.cursor.Totals.SetAside++
}

func (r *reading) commit(o object) metrics.Commit {
	c := metrics.Commit{
		ID: o.id, Repository: r.plan.clone.repository, Parents: o.parents, Message: essence(o.message),
		Author: r.author(o.author.email), AuthoredAt: o.author.at, CommittedAt: o.committed,
	}
	if c.AuthoredAt.IsZero() {
		c.AuthoredAt = epoch // a date is part of every commit; this one is seen to be wrong
	}
	if isBot(o.author, r.plan.options.Bots) {
		bot := true
		c.Bot = &bot
	}
	return c
}

// author is a digest of the address under the cache's own key: the same person gives the same digest in one cache and another
// in the next, and nobody without the key can try addresses.
func (r *reading) author(email string) string {
	if len(r.plan.options.AuthorKey) == 0 || email == "" {
		return ""
	}
	digest, known := r.authors[email]
	if !known {
		digest = metrics.Pseudonym(r.plan.options.AuthorKey, strings.ToLower(email))
		r.authors[email] = digest
	}
	return digest
}

// pathBatch is how many commits are asked for their files at once.
const pathBatch = 1000

// withPaths adds to each commit the files it touches below the services' folders.
func (r *reading) withPaths(ctx context.Context, commits iter.Seq2[metrics.Commit, error]) iter.Seq2[metrics.Commit, error] {
	return func(yield func(metrics.Commit, error) bool) {
		var waiting []metrics.Commit
		flush := func() bool {
			ids := make([]string, len(waiting))
			for i, c := range waiting {
				ids[i] = c.ID
			}
			files, err := touched(ctx, r.plan.clone.dir, ids, r.folders)
			if err != nil {
				yield(metrics.Commit{}, noTrees(r.plan.clone.path, err))
				return false
			}
			for _, c := range waiting {
				c.Paths = files[c.ID]
				for _, folder := range r.folders {
					r.touched[folder] = r.touched[folder] || folderNamed(c.Paths, folder)
				}
				if !yield(c, nil) {
					return false
				}
			}
			waiting = waiting[:0]
			return true
		}
		for c, err := range commits {
			if err != nil {
				yield(metrics.Commit{}, err)
				return
			}
			if waiting = append(waiting, c); len(waiting) == pathBatch && !flush() {
				return
			}
		}
		if len(waiting) > 0 {
			flush()
		}
	}
}

// untouched are the folders that no commit of a first reading touches: misspelled, most likely.
func (r *reading) untouched() []string {
	var list []string
	for _, folder := range r.folders {
		if len(r.plan.known) == 0 && !r.touched[folder] {
			list = append(list, folder)
		}
	}
	return list
}

// page delivers the next records. A history that git cannot list to its end is started over in the other way; events come
// again then, which does no harm.
func (r *reading) page(ctx context.Context, size int) (collector.Page, error) {
	page := collector.Page{More: true, Doing: "commits"}
	if r.pages++; r.pages == countAfter {
		go r.count()
	}
	stop := context.AfterFunc(ctx, r.cancel)
	defer stop()
	for range size {
		rec, err, ok := r.next()
		if ctx.Err() != nil {
			return collector.Page{}, context.Cause(ctx)
		}
		if err != nil && !r.cursor.Reading.Walk && brokenHistory(err) {
			return r.startOver(), nil
		}
		if err != nil {
			return collector.Page{}, r.explained(err)
		}
		if !ok {
			page.More = false
			break
		}
		r.take(rec, &page)
		r.tally(rec, &page)
	}
	return r.finish(page), nil
}

// take puts a record on the page. The names of a release are its tag's, so it is held against the rules of events; of commits nothing that
// people write is a name, and there are too many of them for a second look.
func (r *reading) take(rec record, page *collector.Page) {
	if rec.release == nil {
		page.Events = append(page.Events, rec.events...)
		return
	}
	var held collector.Page
	for _, e := range rec.events {
		held.Take("tag "+rec.release.tag, e)
	}
	page.Events = append(page.Events, held.Events...)
	r.aside = append(r.aside, held.SetAside...)
	r.cursor.Totals.SetAside += len(held.SetAside)
}

func (r *reading) tally(rec record, page *collector.Page) {
	done := *r.cursor.Reading
	done.Done++
	r.cursor.Reading = &done
	switch t := &r.cursor.Totals; {
	case rec.release == nil:
		t.Commits++
		return
	case rec.release.pre:
		t.PreReleases++
	default:
		t.Releases++
		if rec.release.hotfix {
			t.Hotfixes++
		}
	}
	page.Doing = "deployments"
}

// finish puts cursor, progress and what was set aside on the page.
func (r *reading) finish(page collector.Page) collector.Page {
	page.Done, page.Total = r.cursor.Reading.Done, int(r.total.Load())
	if !page.More {
		page.Total = page.Done
		r.cursor = r.cursor.finished()
	}
	r.at = r.cursor.String()
	page.Next, page.SetAside, r.aside = r.at, r.aside, nil
	return page
}

// startOver gives an empty page whose cursor says that the history is to be walked, from its beginning.
func (r *reading) startOver() collector.Page {
	again := *r.cursor.Reading
	again.Walk, again.Done = true, 0
	r.cursor.Totals = again.Before
	r.cursor.Totals.Commits = 0 // a walk delivers the old ones again
	r.cursor.Reading = &again
	r.at = ""
	return collector.Page{More: true, Doing: "commits, one by one around what is broken", Next: r.cursor.String()}
}

// explained puts an error of git into words.
func (r *reading) explained(err error) error {
	var known *collector.Error
	if errors.As(err, &known) {
		return err
	}
	return unreadable(r.plan.clone.path, "git cannot read its history: "+err.Error(), "check the clone with git fsck", err)
}
