package prometheus

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"shiphabit/collector"
)

const (
	// settle is how long after the end of a watch it is judged, so that the last scrape is in.
	settle = time.Minute
	// giveUp is how long a signal that Prometheus refuses is asked for again after the end of the watch.
	giveUp = 12 * time.Hour
	// keep is how long a deployment that was judged is remembered, and how late one may become known.
	keep = 24 * time.Hour
)

// watch is a deployment with the time it is watched.
type watch struct {
	Deployment
	// Start is where the span before it ends.
	Start time.Time
	// From and To bound the span after it.
	From, To time.Time
}

// over reports that all that the watch can show has been scraped.
func (w watch) over(now time.Time) bool { return !now.Before(w.To.Add(settle)) }

// cursor is how far the watching has come.
type cursor struct {
	Version int `json:"v"`
	// Read is when the last reading that came to its end began, zero before the first. Began is when the one under way began.
	Read  time.Time `json:"read,omitzero"`
	Began time.Time `json:"began,omitzero"`
	// Left are the deployments of the reading under way that are still to be looked at, of Total.
	Left  []string `json:"left,omitempty"`
	Total int      `json:"total,omitempty"`
	// Refused are the troubles met on the way, told at the end.
	Refused []string `json:"refused,omitempty"`
	// Watches are the deployments met, by id.
	Watches map[string]progress `json:"watches,omitempty"`
}

// progress is what was done about a deployment.
type progress struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Early: a verdict was given, be it before the watch was over. Done: the watch is over.
	Early bool `json:"early,omitempty"`
	Done  bool `json:"done,omitempty"`
}

const cursorVersion = 1

// recent are the watches of one reading.
type recent struct {
	since   time.Time
	began   time.Time
	watches map[string]watch
}

// watches lists the deployments that may be watched, once per reading.
func (s *Source) watches(ctx context.Context, c cursor) (map[string]watch, error) {
	since := c.Read.Add(-keep - s.Watch)
	if c.Read.IsZero() {
		since = cmpTime(s.Since, c.Began.Add(-keep))
	}
	if s.recent.watches != nil && s.recent.since.Equal(since) && s.recent.began.Equal(c.Began) {
		return s.recent.watches, nil
	}
	list, err := s.Recent(ctx, since)
	if err != nil {
		return nil, fmt.Errorf("deployments to watch: %w", err)
	}
	s.recent = recent{since, c.Began, s.plan(list)}
	return s.recent.watches, nil
}

func cmpTime(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// plan gives each deployment its spans: the watch ends where the next deployment to the same place begins.
func (s *Source) plan(list []Deployment) map[string]watch {
	list = slices.SortedFunc(slices.Values(list), func(a, b Deployment) int {
		return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.ID, b.ID))
	})
	watches := map[string]watch{}
	type place struct{ service, environment string }
	next := map[place]time.Time{} // when the deployment after the one at hand began
	for _, d := range slices.Backward(list) {
		here := place{d.Service, d.Environment}
		began, replaced := next[here]
		next[here] = cmpTime(d.StartedAt, d.FinishedAt)
		if replaced && began.Before(next[here]) {
			next[here] = began
		}
		if !s.watched(d) {
			continue
		}
		w := watch{Deployment: d, Start: cmpTime(d.StartedAt, d.FinishedAt), From: d.FinishedAt, To: d.FinishedAt.Add(s.Watch)}
		if replaced && began.Before(w.To) {
			w.To = began
		}
		if w.To.Before(w.From) {
			w.To = w.From
		}
		watches[d.ID] = w
	}
	return watches
}

// begin finds what this reading has to look at: what is new, what is still watched, and what is to be judged anew because its spans
// changed with what became known since.
func (c *cursor) begin(watches map[string]watch) {
	for id, w := range watches {
		seen, known := c.Watches[id]
		if !known || !seen.Done || !seen.From.Equal(w.From) || !seen.To.Equal(w.To) {
			c.Left = append(c.Left, id)
		}
	}
	slices.SortFunc(c.Left, func(a, b string) int {
		return cmp.Or(watches[a].From.Compare(watches[b].From), cmp.Compare(a, b))
	})
	c.Total = len(c.Left)
}

func (c *cursor) refuse(sentence string) {
	if !slices.Contains(c.Refused, sentence) {
		c.Refused = append(c.Refused, sentence)
	}
}

// finish ends the reading: what was refused is told, and what nobody will ask for again is forgotten.
func (c *cursor) finish(s *Source, watches map[string]watch, page *collector.Page) {
	page.Watermark = c.Began
	for _, sentence := range c.Refused {
		page.Troubles = append(page.Troubles, &collector.Error{Trouble: collector.Unreadable, Problem: sentence})
	}
	oldest := c.Began.Add(-keep - s.Watch)
	for id, p := range c.Watches {
		if _, there := watches[id]; !there && p.From.Before(oldest) || p.Done && p.From.Before(oldest) {
			delete(c.Watches, id)
		}
	}
	c.Read, c.Began, c.Left, c.Total, c.Refused = c.Began, time.Time{}, nil, 0, nil
}

func (c cursor) text() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // times and strings only
	}
	return string(text)
}

func parseCursor(source, saved string) (cursor, error) {
	c := cursor{Version: cursorVersion}
	var err error
	if saved != "" {
		err = json.Unmarshal([]byte(saved), &c)
	}
	if err == nil && c.Version != cursorVersion {
		err = fmt.Errorf("version %d", c.Version)
	}
	if err != nil {
		return c, collector.OtherVersion(source, err)
	}
	if c.Watches == nil {
		c.Watches = map[string]progress{}
	}
	return c, nil
}
