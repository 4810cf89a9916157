// Package prometheus watches what deployments do to the signals of their service: it compares each signal after a deployment with the
// same signal before, asks Prometheus for both, and yields the result as a verdict. It reads no metric but those signals, and knows of
// deployments only what its user tells it.
package prometheus

import (
	"cmp"
	"context"
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
	// Places lists where services are; needed only for what the gate is told of them. SeenWithin, when it is not 0, lets each reading note when
	// each signal had a value last within that span.
	Places     func(ctx context.Context) ([]Place, error)
	SeenWithin time.Duration
	// ErrorRatio is PromQL that yields the share of errors over 28 days, held against ObjectivePPM, the share of requests that is to be
	// answered well in parts per million. Both or neither.
	ErrorRatio   string
	ObjectivePPM int64
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
	ratio     template // of ErrorRatio
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
	if (o.ErrorRatio == "") != (o.ObjectivePPM == 0) || o.ObjectivePPM < 0 || o.ObjectivePPM >= million {
		return wrong("error_ratio and objective_ppm belong together, the latter from 1 to 999999", "state both or neither")
	}
	var err error
	if s.ratio, err = parseTemplate(o.ErrorRatio); err != nil {
		return wrong("error_ratio: "+err.Error(), "correct it")
	}
	return s, nil
}

// watched reports whether a deployment is to be watched.
func (s *Source) watched(d Deployment) bool {
	return d.Succeeded && s.chosen(d.Service, d.Kind)
}

// chosen reports whether a service in an environment is the source's affair.
func (s *Source) chosen(service string, kind metrics.EnvironmentKind) bool {
	return slices.Contains(s.Environments, kind) &&
		(len(s.Services) == 0 || slices.ContainsFunc(s.Services, func(pattern string) bool { return fits(pattern, service) }))
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
		s.monitor(ctx, &page)
		c.finish(s, watches, &page)
	}
	page.Next = c.text()
	return page, nil
}
