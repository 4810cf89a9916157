// Package prometheus watches what deployments do to the signals of their service: it compares each signal after a deployment with the
// same signal before, asks Prometheus for both, and yields the result as a verdict. It reads no metric but those signals, and knows of
// deployments only what its user tells it.
package prometheus

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// Deployment is a finished deployment that may be watched.
type Deployment struct {
	// ID is "source/id": by it verdicts name the deployment.
	ID                   string
	Service, Environment string
	Kind                 metrics.EnvironmentKind
	// StartedAt is zero where nobody states it. FinishedAt is when the last of its parts ended.
	StartedAt, FinishedAt time.Time
	// Succeeded deployments are watched; the others only end the watch of the one before.
	Succeeded bool
}

// Options say what is watched, and how.
type Options struct {
	Name   string
	Client *collector.Client
	Clock  func() time.Time
	// Recent lists the deployments that finished at or after a time, in any order.
	Recent  func(ctx context.Context, since time.Time) ([]Deployment, error)
	Signals []Signal
	// Environments are the kinds that are watched; default production. Services are the services, "*" at either end of a name standing
	// for anything; default all.
	Environments []metrics.EnvironmentKind
	Services     []string
	// Watch is how long a deployment is watched after its finish, default 30 min. Before is the span it is compared with, which ends at
	// its start, default 60 min. Window is the span of each point, default 5 min. Held is how long on end a signal is beyond its limit
	// before it counts without regard to the mean, default 5 min.
	Watch, Before, Window, Held time.Duration
	// Since is where the first reading begins; default a day back, since Prometheus remembers no more than some days.
	Since time.Time
	// PageSize is the number of deployments of a page; default 10.
	PageSize int
}

// Source is the watch.
type Source struct {
	Options
	client    *collector.Client
	templates map[string]template
	step      time.Duration
	recent    recent
}

// New checks the options; it asks nothing yet.
func New(o Options) (*Source, error) {
	o.Watch, o.Before = cmp.Or(o.Watch, 30*time.Minute), cmp.Or(o.Before, time.Hour)
	o.Window, o.Held = cmp.Or(o.Window, 5*time.Minute), cmp.Or(o.Held, 5*time.Minute)
	o.PageSize = cmp.Or(o.PageSize, 10)
	if len(o.Environments) == 0 {
		o.Environments = []metrics.EnvironmentKind{metrics.Production}
	}
	o.Signals = slices.SortedFunc(slices.Values(o.Signals), func(a, b Signal) int { return cmp.Compare(a.Name, b.Name) })
	s := &Source{Options: o, client: o.Client, templates: map[string]template{}, step: stepOf(o)}
	wrong := func(problem, remedy string) (*Source, error) {
		return nil, &collector.Error{Trouble: collector.Unreadable, Place: o.Name, Problem: problem, Remedy: remedy}
	}
	switch shortest := o.Window + (fewest-1)*s.step; {
	case len(o.Signals) == 0:
		return wrong("no signal is to be watched", "name one under signals")
	case o.Watch < shortest || o.Before < shortest:
		return wrong("watch and before hold fewer than three points", "make them at least "+short(shortest)+", or window shorter")
	}
	for _, signal := range o.Signals {
		if fault := signal.fault(); fault != "" {
			return wrong("signal "+signal.Name+": "+fault, "correct it")
		}
		t, err := parseTemplate(signal.Query)
		if err != nil {
			return wrong("signal "+signal.Name+": "+err.Error(), "correct it")
		}
		s.templates[signal.Name] = t
	}
	return s, nil
}

// watched reports whether a deployment is to be watched.
func (s *Source) watched(d Deployment) bool {
	return d.Succeeded && slices.Contains(s.Environments, d.Kind) &&
		(len(s.Services) == 0 || slices.ContainsFunc(s.Services, func(pattern string) bool { return fits(pattern, d.Service) }))
}

// fits compares a name with a pattern that may begin or end with "*".
func fits(pattern, name string) bool {
	rest, open := strings.CutPrefix(pattern, "*")
	rest, more := strings.CutSuffix(rest, "*")
	switch {
	case open && more:
		return strings.Contains(name, rest)
	case open:
		return strings.HasSuffix(name, rest)
	case more:
		return strings.HasPrefix(name, rest)
	}
	return name == rest
}

// reserved is what a verdict says of the watch itself, beside its signals.
const reserved = "watch"

func (s Signal) fault() string {
	switch {
	case s.Name == reserved:
		return "this name is used for the watch itself"
	case s.Ratio < 0 || s.Ratio > 0 && s.Ratio < 1:
		return "its ratio is below 1: as much as before would be too much"
	case s.Minimum != nil && (s.Floor != nil || s.Ratio != 0):
		return "it has a minimum, for which less is worse, and a ratio or a floor, for which more is worse"
	}
	return ""
}

// mostPoints stays far below the 11,000 that Prometheus gives in one answer.
const mostPoints = 2000

// stepOf lets each stretch of time be seen by five points.
func stepOf(o Options) time.Duration {
	step := max(o.Window/5, max(o.Watch, o.Before)/mostPoints, time.Second)
	return step.Truncate(time.Millisecond)
}

// Name is the source's name.
func (s *Source) Name() string { return s.Options.Name }

// Pull judges the next deployments whose watch is over, or under way and worth a look.
func (s *Source) Pull(ctx context.Context, at string) (collector.Page, error) {
	if ctx.Err() != nil {
		return collector.Page{}, context.Cause(ctx)
	}
	c, err := parseCursor(s.Name(), at)
	if err != nil {
		return collector.Page{}, err
	}
	if c.Began.IsZero() {
		c.Began = s.Clock().UTC().Truncate(time.Millisecond)
	}
	watches, err := s.watches(ctx, c)
	if err != nil {
		return collector.Page{}, err
	}
	if c.Total == 0 {
		c.begin(watches)
	}
	page := collector.Page{Doing: "deployments watched"}
	for n := 0; n < s.PageSize && len(c.Left) > 0; n++ {
		if err := s.next(ctx, &c, watches[c.Left[0]], &page); err != nil {
			if n == 0 {
				return collector.Page{}, err
			}
			break // it is met again by the next Pull, once what was judged before it is saved
		}
		c.Left = c.Left[1:]
	}
	page.More = len(c.Left) > 0
	page.Done, page.Total = c.Total-len(c.Left), c.Total
	if !page.More {
		c.finish(s, watches, &page)
	}
	page.Next = c.text()
	return page, nil
}

// next judges one deployment. Trouble with it alone is told at the end of the reading, and it is looked at again by the next one.
func (s *Source) next(ctx context.Context, c *cursor, w watch, page *collector.Page) error {
	if w.ID == "" {
		return nil // it is no longer there, or was joined to another
	}
	seen := c.Watches[w.ID]
	if seen.From != w.From || seen.To != w.To {
		seen = progress{From: w.From, To: w.To}
	}
	v, err := s.verdict(ctx, w, c.Began)
	if err != nil {
		if collector.TroubleOf(err) != collector.Unreadable {
			return err
		}
		c.refuse(err.Error())
		c.Watches[w.ID] = seen
		return nil
	}
	over := w.over(c.Began)
	if v.Result != "" && (over || !seen.Early) {
		e := metrics.NewEvent(s.Name(), v)
		e.UpdatedAt, e.Live = c.Began, !c.Read.IsZero()
		if aside, sound := collector.Sound("verdict on "+w.ID, e); sound {
			page.Events = append(page.Events, e)
		} else {
			page.SetAside = append(page.SetAside, aside)
		}
		seen.Early = true
	}
	seen.Done = over
	c.Watches[w.ID] = seen
	return nil
}

// verdict asks for the signals and judges them. It has no result while the watch goes on and nothing is badly wrong.
func (s *Source) verdict(ctx context.Context, w watch, now time.Time) (metrics.Verdict, error) {
	v := metrics.Verdict{ID: w.ID + "/" + s.Name(), Deployment: w.ID, At: w.To, Signals: map[string]string{}}
	until := w.To
	if !w.over(now) {
		if until = now; until.Before(w.From.Add(s.Held)) {
			return v, nil
		}
	}
	findings := map[string]finding{}
	var held time.Time
	for _, signal := range s.Signals {
		f, err := s.look(ctx, signal, w, until)
		if collector.TroubleOf(err) == collector.Unreadable && now.After(w.To.Add(giveUp)) {
			f, err = finding{result: inconclusive, words: oneLine(err.Error())}, nil
		}
		if err != nil {
			return v, fmt.Errorf("signal %s: %w", signal.Name, err)
		}
		findings[signal.Name], v.Signals[signal.Name] = f, f.words
		if !f.held.IsZero() && (held.IsZero() || f.held.Before(held)) {
			held = f.held
		}
	}
	if held.IsZero() && !w.over(now) {
		return v, nil
	}
	v.Result = together(findings)
	s.shorten(w, &v)
	if !held.IsZero() {
		v.At = held
	}
	return v, nil
}

// shorten says that a watch was cut short. What was seen may be bad enough; too little was seen to be good.
func (s *Source) shorten(w watch, v *metrics.Verdict) {
	seen := w.To.Sub(w.From)
	if seen >= s.Watch {
		return
	}
	v.Signals[reserved] = fmt.Sprintf("the next deployment began after %s of %s", short(seen), short(s.Watch))
	if v.Result == healthy && 2*seen < s.Watch {
		v.Result = inconclusive
	}
}

// look asks for a signal on both sides of a deployment.
func (s *Source) look(ctx context.Context, signal Signal, w watch, until time.Time) (finding, error) {
	t := s.templates[signal.Name]
	expression := t.fill(w.Service, w.Environment, s.Window)
	lead := s.step // what was scraped before the deployment's end is not taken for what came after
	if t.windowed {
		lead = s.Window
	}
	before, err := s.ask(ctx, expression, span{w.Start.Add(lead - s.Before), w.Start})
	if err != nil {
		return finding{}, err
	}
	after, err := s.ask(ctx, expression, span{w.From.Add(lead), until})
	if err != nil {
		return finding{}, err
	}
	return signal.judge(before, after, s.Held), nil
}
