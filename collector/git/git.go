// Package git reads a local clone into neutral events: commits, and deployments from release tags or, where there are none,
// from merges to the default branch. It reads with the git command, runs nothing that the clone configures and reaches no
// host but the remote that it is told to follow. It decides nothing about metrics.
package git

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// Options say what to read.
type Options struct {
	// Name of the source in events and cursors; default "git".
	Name string
	// Path of the clone: bare or not, a folder inside it, a linked work tree.
	Path string
	// Remote, where it has an address, is fetched into Path before each reading; Path then is a folder of our own.
	Remote Remote
	// Tags says which tags are releases: "" for DefaultPattern, a glob over the whole name ("release-*", commas separate
	// alternatives), or a regular expression between slashes ("/^v\d+$/").
	Tags string
	// Services names the services of a monorepo and their folders; empty means that the repository is one service.
	Services map[string]string
	// Branch is the branch that the team delivers from; default: what the clone says.
	Branch string
	// Bots are names or mailboxes of accounts that commit without a human, beside those known.
	Bots []string
	// AuthorKey is a random secret of the cache that the events go to. Authors are kept as a digest under it, good for telling
	// two people apart and nothing else; without a key they are left out.
	AuthorKey []byte
	// PageSize is the number of records of a page; default 5,000.
	PageSize int
	// Clock tells which dates lie in the future; default time.Now.
	Clock func() time.Time
}

// Source reads one clone. It is safe for concurrent use; Close ends a reading that was not read to its end.
type Source struct {
	options Options
	pattern pattern

	mu      sync.Mutex
	reading *reading
	summary Summary
	service []metrics.Service
}

// New checks the options. The clone itself is opened by the first Pull.
func New(o Options) (*Source, error) {
	p, err := newPattern(o.Tags)
	if err != nil {
		return nil, err
	}
	if o.Remote != (Remote{}) {
		if err := o.Remote.check(); err != nil {
			return nil, err
		}
	}
	if o.Name == "" {
		o.Name = "git"
	}
	if o.PageSize <= 0 {
		o.PageSize = 5000
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Source{options: o, pattern: p}, nil
}

// Name identifies the source.
func (s *Source) Name() string { return s.options.Name }

// Pull returns the records after the cursor. A clone in which nothing has changed gives an empty page and the same cursor.
func (s *Source) Pull(ctx context.Context, saved string) (collector.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading == nil || s.reading.at != saved {
		s.end()
		if err := s.begin(ctx, saved); err != nil {
			return collector.Page{}, err
		}
		if s.reading == nil {
			return collector.Page{Next: saved, Doing: "nothing new"}, nil
		}
	}
	page, err := s.reading.page(ctx, s.options.PageSize)
	s.summary.totals = s.reading.cursor.Totals
	if err == nil && !page.More {
		s.summary.warnUntouched(s.reading.untouched())
	}
	if err != nil || !page.More {
		s.end()
	}
	return page, err
}

// Close ends the reading under way, if any. The source can be used again.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end()
	return nil
}

func (s *Source) end() {
	if s.reading != nil {
		s.reading.close()
		s.reading = nil
	}
}

// Prepare opens the clone without reading it, so that a path that is no clone is told before anything else is done, and so
// that Services is known before the first Pull.
func (s *Source) Prepare(ctx context.Context) error {
	c := clone{repository: repositoryOf(s.options.Remote.URL)}
	if s.options.Remote.URL == "" { // a remote is asked when it is read, so that nothing waits for it before
		var err error
		if c, err = s.open(ctx); err != nil {
			return err
		}
		if err := s.holds(ctx, c); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.service = newScheme(c.name(), s.options.Services, nil).declared(c.repository)
	return nil
}

// holds refuses services whose folders are not there.
func (s *Source) holds(ctx context.Context, c clone) error {
	for _, name := range slices.Sorted(maps.Keys(s.options.Services)) {
		if err := c.holds(ctx, name, cleanFolder(s.options.Services[name])); err != nil {
			return err
		}
	}
	return nil
}

// Summary describes what the last Pull found; it is complete when that page had no more behind it.
func (s *Source) Summary() Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.summary
}

// Services are the services that were asked for, as rules for deriving facts; none when the repository is one service. Facts of
// several services want Rules.SkipUnchanged, because a plain tag releases all of them, touched or not.
func (s *Source) Services() []metrics.Service {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.service
}

// open opens the clone, brought up to date from its remote where it has one.
func (s *Source) open(ctx context.Context) (clone, error) {
	o := s.options
	if o.Remote.URL == "" {
		return open(ctx, o.Path)
	}
	if err := o.Remote.fetch(ctx, o.Path); err != nil {
		return clone{}, err
	}
	c, err := open(ctx, o.Path)
	if err != nil {
		return clone{}, err
	}
	c.path = o.Remote.URL
	c.headCommit = c.refs[c.originHead]
	return c, s.holds(ctx, c)
}

// begin opens the clone and compares it with the cursor. It leaves no reading when there is nothing new.
func (s *Source) begin(ctx context.Context, saved string) error {
	o := s.options
	c, err := s.open(ctx)
	if err != nil {
		return err
	}
	at, err := parseCursor(c.path, saved, o.settings())
	if err != nil {
		return err
	}
	p := &plan{options: o, clone: c, pattern: s.pattern, cursor: at}
	if err := p.make(ctx); err != nil {
		return err
	}
	s.summary, s.service = p.summary(ctx), p.scheme.declared(c.repository)
	if p.unchanged {
		return nil
	}
	s.reading, err = newReading(ctx, p, saved)
	return err
}
