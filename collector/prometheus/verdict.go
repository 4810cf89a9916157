package prometheus

import (
	"context"
	"fmt"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

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
		page.Take("verdict on "+w.ID, e)
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
