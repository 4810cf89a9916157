package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"shiphabit/metrics"
)

// Feed is one list of a host's records: the deployments of a project, say. A source is made of feeds, read one after the other.
type Feed struct {
	// Name is unique in its source and never changes: it names the feed in the cursor. A project is named by the host's number
	// for it and not by its path, which changes when it is renamed: "project 17 deployments".
	Name string
	// Title is the name for people: "deployments of acme/shop". Progress and messages show it.
	Title string
	// Read returns the records that changed at or after from.Since, beginning at from.Page, oldest or newest first as the host
	// lists them. It must be repeatable.
	Read func(ctx context.Context, from Position) (Batch, error)
	// Again reads one record that was left open by an earlier reading; nil for lists that show every change of a record by themselves.
	Again func(ctx context.Context, id string) (Batch, error)
	// Overlap is how far a reading goes back behind the latest change it knows, so that what arrived late is seen.
	Overlap time.Duration
	// Optional tells of a list that a host may not have at all: that it is missing is no trouble.
	Optional bool
}

// Position is how far a feed was read. It comes from the host's records alone, never from a clock.
type Position struct {
	// Since: records that changed at or after it are wanted; zero asks for all.
	Since time.Time `json:"since,omitzero"`
	// Page goes on in a list longer than one page, in the host's terms; "" begins it.
	Page string `json:"page,omitempty"`
	// Newest is the latest change met so far, in this reading and in those before.
	Newest time.Time `json:"newest,omitzero"`
	// Open are records that had not come to their end when they were read last, by id; Left those of them to be asked for again
	// before this reading ends.
	Open []string `json:"open,omitempty"`
	Left []string `json:"left,omitempty"`
	// Read tells that the list was read to its end before, so that what is new in it is seen as it happens.
	Read bool `json:"read,omitempty"`
	// Done and Total count this reading's records, for progress.
	Done  int `json:"done,omitempty"`
	Total int `json:"total,omitempty"`
}

// Batch is one page of a feed.
type Batch struct {
	Events   []metrics.Event
	SetAside []SetAside
	// Next is the page to go on with, "" when the list ends here.
	Next string
	// Newest is the latest change among the page's records.
	Newest time.Time
	// Open are records of the page that have not come to their end and are to be asked for again; Closed those that have.
	Open, Closed []string
	// Total counts the whole list, 0 when the host does not say.
	Total int
}

// Feeds is a source made of feeds.
type Feeds struct {
	// Source is its name.
	Source string
	// List finds the feeds; it is asked at the beginning of every reading and after a restart.
	List func(ctx context.Context) ([]Feed, error)
	// Budget tells what the host lets us ask still; nil when it has no limits.
	Budget func() Budget
	Clock  func() time.Time

	feeds []Feed
	// failed counts how often in a row the feed under way has failed; left how many feeds in a row were left for that.
	failed, left int
	// again tells that the last Pull ended with an error, so that the feeds found need not be found anew.
	again bool
}

// feedCursor is where the reading of a source stands.
type feedCursor struct {
	Version int `json:"v"`
	// At is the feed under way, "" between two readings. Began is when the reading under way began.
	At    string              `json:"at,omitempty"`
	Began time.Time           `json:"began,omitzero"`
	Feeds map[string]Position `json:"feeds"`
	// Done counts the records of the reading under way.
	Done int `json:"done,omitempty"`
	// Refused are the troubles met on the way, told at the end.
	Refused []string `json:"refused,omitempty"`
	// First tells that the reading under way is the first: what it brings was not seen as it happened.
	First bool `json:"first,omitempty"`
}

const feedCursorVersion = 1

// againAtOnce is how many open records are asked for in one page.
const againAtOnce = 20

// emptyAtOnce is how many feeds without news one page goes past, so that a quiet host costs few writes.
const emptyAtOnce = 200

// Name is the source's name.
func (f *Feeds) Name() string { return f.Source }

// Pull reads on from the cursor, past feeds that have nothing new. Trouble with one feed that the others do not share is
// remembered and told with the last page: the others are read first.
func (f *Feeds) Pull(ctx context.Context, cursor string) (Page, error) {
	c, err := parseFeedCursor(f.Source, cursor)
	if err != nil {
		return Page{}, err
	}
	if c.At == "" && !f.again || f.feeds == nil {
		if f.feeds, err = f.List(ctx); err != nil {
			f.feeds = nil
			return Page{}, err
		}
	}
	if c.At == "" {
		c.Began, c.First = f.Clock().UTC().Truncate(time.Millisecond), cursor == ""
	}
	page, began := Page{More: true}, f.Clock()
	for steps := range emptyAtOnce {
		err := f.step(ctx, &c, &page)
		if f.again = err != nil; err != nil && steps == 0 {
			return Page{}, err
		}
		if err != nil || !page.More || f.full(page) || f.Clock().Sub(began) > longestPage {
			break // an error is met again by the next Pull, once what was reached before it is saved
		}
	}
	page.Next, page.Done = c.text(), max(page.Done, c.Done)
	if f.Budget != nil {
		page.Budget = f.Budget()
	}
	return page, nil
}

const (
	// manyFeeds is how many feeds a source has when a page gathers the records of several, manyRows when it is full then: the place of
	// every feed is saved with each page.
	manyFeeds, manyRows = 50, 500
	// longestPage is how long a page goes on past quiet feeds: what it has reached is lost when the program stops.
	longestPage = 10 * time.Second
)

// full reports whether a page has enough.
func (f *Feeds) full(page Page) bool {
	rows := len(page.Events) + len(page.SetAside)
	if len(f.feeds) < manyFeeds {
		return rows > 0
	}
	return rows >= manyRows
}

// step reads one batch. With an error the cursor stands where it stood.
func (f *Feeds) step(ctx context.Context, c *feedCursor, page *Page) error {
	at := f.index(c.At)
	page.Part, page.Parts = at, len(f.feeds)
	if at == len(f.feeds) {
		f.finish(c, page)
		return nil
	}
	feed := f.feeds[at]
	batch, again, err := f.read(ctx, feed, c.Feeds[feed.Name])
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && !Alone(err) && !f.failsAlone(err):
		return err
	case err != nil:
		f.leave(c, page, feed, err)
		f.next(c, at)
		return nil
	}
	f.failed, f.left = 0, 0
	f.take(c, page, feed, batch)
	position := c.Feeds[feed.Name].after(feed, batch, again)
	if position.Page != "" {
		c.At, c.Feeds[feed.Name] = feed.Name, position
		return nil
	}
	c.Feeds[feed.Name] = position.settled(feed)
	f.next(c, at)
	return nil
}

// read reads the next page of the list, or asks again for what an earlier reading left open once the list is at its end.
func (f *Feeds) read(ctx context.Context, feed Feed, p Position) (batch Batch, again bool, err error) {
	if len(p.Left) == 0 || p.Page != pageOfOpen {
		batch, err = feed.Read(ctx, p)
		return batch, false, err
	}
	for _, id := range p.Left[:min(againAtOnce, len(p.Left))] {
		one, err := feed.Again(ctx, id)
		switch record := feed.Title + " " + id; {
		case TroubleOf(err) == Missing:
			one = Batch{Closed: []string{id}, SetAside: []SetAside{{Record: record, Reason: "the host no longer has it"}}}
		case Alone(err): // it stays open, and the others are asked for
			one = Batch{SetAside: []SetAside{{Record: record, Reason: err.Error()}}}
		case err != nil:
			return Batch{}, true, err
		}
		batch.Events = append(batch.Events, one.Events...)
		batch.SetAside = append(batch.SetAside, one.SetAside...)
		batch.Closed = append(batch.Closed, one.Closed...)
	}
	return batch, true, nil
}

// pageOfOpen stands in Position.Page while open records are asked for.
const pageOfOpen = "\x00open"

// after is the position once a batch is taken.
func (p Position) after(feed Feed, b Batch, again bool) Position {
	if again {
		p.Left = p.Left[min(againAtOnce, len(p.Left)):]
		p.Open = without(p.Open, b.Closed)
		if len(p.Left) == 0 {
			p.Page = ""
		}
		return p
	}
	if p.Page == "" && feed.Again != nil {
		p.Left = slices.Clone(p.Open)
	}
	p.Left = without(without(p.Left, b.Closed), b.Open)
	p.Open = without(p.Open, b.Closed)
	for _, id := range b.Open {
		if !slices.Contains(p.Open, id) {
			p.Open = append(p.Open, id)
		}
	}
	if b.Newest.After(p.Newest) {
		p.Newest = b.Newest.UTC()
	}
	p.Done += len(b.Events)
	p.Total = max(p.Total, b.Total)
	if p.Page = b.Next; p.Page == "" && len(p.Left) > 0 {
		p.Page = pageOfOpen
	}
	return p
}

func without(list, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(id string) bool { return slices.Contains(gone, id) })
}

// take puts a batch into the page.
func (f *Feeds) take(c *feedCursor, page *Page, feed Feed, b Batch) {
	for i := range b.Events {
		b.Events[i].Live = !c.First && c.Feeds[feed.Name].Read
	}
	page.Events = append(page.Events, b.Events...)
	page.SetAside = append(page.SetAside, b.SetAside...)
	c.Done += len(b.Events)
	page.Done, page.Doing = c.Done, feed.Title
	if total := max(b.Total, c.Feeds[feed.Name].Total); total > 0 && len(f.feeds) == 1 {
		page.Total = max(total, c.Done)
	}
}

// settled is the position between two readings: the next one starts a little before the latest change.
func (p Position) settled(feed Feed) Position {
	if !p.Newest.IsZero() {
		p.Since = p.Newest.Add(-feed.Overlap)
	}
	return Position{Since: p.Since, Newest: p.Newest, Open: p.Open, Read: true}
}

const (
	// failsAtMost is how often in a row a feed may fail before it is left for this reading, failsFeeds how many feeds in a row are left
	// before it is the host that fails.
	failsAtMost, failsFeeds = 3, 3
)

// failsAlone counts a failure that the host answers, and reports whether the feed is to be left: one that fails whenever it is asked must
// not keep the others from being read.
func (f *Feeds) failsAlone(err error) bool {
	var e *Error
	if !errors.As(err, &e) || !e.Failing || f.left >= failsFeeds {
		return false
	}
	if f.failed++; f.failed < failsAtMost {
		return false
	}
	f.failed, f.left = 0, f.left+1
	return true
}

// Alone reports whether an error concerns one list or record only: it is gone, cannot be read, or we may not see it.
func Alone(err error) bool {
	switch TroubleOf(err) {
	case Missing, Forbidden, Unreadable:
		return true
	default:
		return false
	}
}

// leave passes over a feed, and tells so at the end of the reading: what is not read may hold anything, so the watermark stays. A list that
// the host need not have is set aside.
func (f *Feeds) leave(c *feedCursor, page *Page, feed Feed, err error) {
	sentence := feed.Title + ": " + err.Error()
	if feed.Optional && TroubleOf(err) == Missing {
		page.SetAside = append(page.SetAside, SetAside{Record: feed.Title, Reason: err.Error()})
	} else if !slices.Contains(c.Refused, sentence) {
		c.Refused = append(c.Refused, sentence)
	}
	p := c.Feeds[feed.Name]
	c.Feeds[feed.Name] = Position{Since: p.Since, Newest: p.Newest, Open: p.Open, Read: p.Read}
	page.Doing = feed.Title
}

// finish ends the reading.
func (f *Feeds) finish(c *feedCursor, page *Page) {
	page.More, page.Done = false, c.Done
	if page.Doing == "" {
		page.Doing = "nothing new"
	}
	if page.Total != 0 {
		page.Total = page.Done
	}
	page.Watermark = c.Began
	f.prune(c)
	for _, sentence := range c.Refused {
		page.Troubles = append(page.Troubles, &Error{Trouble: Forbidden, Problem: sentence})
	}
	c.At, c.Began, c.Done, c.Refused, c.First = "", time.Time{}, 0, nil, false
}

// prune forgets the place of feeds that are no longer found; one that comes back is read from its start, and its records are known.
func (f *Feeds) prune(c *feedCursor) {
	for name := range c.Feeds {
		if !slices.ContainsFunc(f.feeds, func(feed Feed) bool { return feed.Name == name }) {
			delete(c.Feeds, name)
		}
	}
}

// index is the place of the feed under way. When it is no longer there the reading goes through the feeds again: what they have is known.
func (f *Feeds) index(name string) int {
	if name == "" {
		return 0
	}
	if name == atEnd {
		return len(f.feeds)
	}
	if i := slices.IndexFunc(f.feeds, func(feed Feed) bool { return feed.Name == name }); i >= 0 {
		return i
	}
	return 0
}

// atEnd stands in feedCursor.At when every feed is read and only the end is to be told.
const atEnd = "\x00end"

func (f *Feeds) next(c *feedCursor, at int) {
	if at+1 < len(f.feeds) {
		c.At = f.feeds[at+1].Name
	} else {
		c.At = atEnd
	}
}

func (c feedCursor) text() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // times and strings only
	}
	return string(text)
}

func parseFeedCursor(source, cursor string) (feedCursor, error) {
	c := feedCursor{Version: feedCursorVersion, Feeds: map[string]Position{}}
	if cursor == "" {
		return c, nil
	}
	err := json.Unmarshal([]byte(cursor), &c)
	if err == nil && (c.Version != feedCursorVersion || c.Feeds == nil) {
		err = fmt.Errorf("version %d", c.Version)
	}
	if err != nil {
		return c, OtherVersion(source, err)
	}
	return c, nil
}

// OtherVersion says that the cursor of a source cannot be read.
func OtherVersion(source string, err error) *Error {
	return &Error{
		Trouble: Outdated, Place: source, Problem: "the place where reading stopped was noted by another version",
		Remedy: "read it from the start: shiphabit collect --source " + source + " --full", Err: err,
	}
}
