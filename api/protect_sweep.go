package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

const (
	// sweepAtOnce is how many hosts are told something at once, sweepMost how many are looked at before the next look at the list.
	sweepAtOnce = 4
	sweepMost   = 64
	// claimFor is how long one process has to deal with a deployment before another takes over.
	claimFor = time.Minute
	// tellFor bounds one call to a host, so that a claim outlasts it.
	tellFor = 40 * time.Second
	// Bounds of how soon a hold is looked at again, and of the pauses after a failed try.
	soonestAgain, latestAgain = 10 * time.Second, 5 * time.Minute
	firstPause, longestPause  = 5 * time.Second, time.Hour
)

// Sweep looks at everything that is due, and at holds that there is news for, and tells their hosts what is to be told. News lead to so
// many looks a sweep at most, and to one of the same deployment no sooner than soonestAgain after the last: in a storm of events the rest
// waits for the next sweep.
func (s *Server) Sweep(ctx context.Context) error {
	if len(s.o.Protectors) == 0 {
		return nil
	}
	if err := s.sweepDue(ctx); err != nil {
		return err
	}
	heard, err := s.o.Store.HeardWaiting(ctx, sweepMost)
	if err != nil {
		return err
	}
	return s.sweepAll(ctx, heard)
}

func (s *Server) sweepDue(ctx context.Context) error {
	for {
		due, err := s.o.Store.DueWaiting(ctx, sweepMost)
		if err != nil || len(due) == 0 {
			return err
		}
		if err := s.sweepAll(ctx, due); err != nil {
			return err
		}
		if len(due) < sweepMost {
			return nil
		}
	}
}

func (s *Server) sweepAll(ctx context.Context, due []Waiting) error {
	places := make(chan struct{}, sweepAtOnce)
	errs := make([]error, len(due))
	var all sync.WaitGroup
	for i, w := range due {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			errs[i] = s.sweepOne(ctx, w)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// sweepOne deals with one deployment, unless another process does.
func (s *Server) sweepOne(ctx context.Context, w Waiting) error {
	claimed := s.o.Clock().Add(claimFor).UTC().Truncate(time.Millisecond)
	mine, err := s.o.Store.ClaimWaiting(ctx, w, claimed)
	if err != nil || !mine {
		return err
	}
	after, err := s.treat(ctx, w)
	if err != nil {
		after = w
		after.Problem, after.NextAt = err.Error(), s.o.Clock().Add(soonestAgain) // the database, not the host: nothing was said
	}
	after.WakeAt = s.o.Clock().Add(soonestAgain)
	if after.Attempts > 0 { // news do not make a host ready that asked for a pause
		after.WakeAt = after.NextAt
	}
	saved := s.o.Store.SaveWaiting(context.WithoutCancel(ctx), after, claimed)
	if s.is(saved, Moved) {
		saved = nil // it was asked about again meanwhile, or it took too long: the next look knows more
	}
	return errors.Join(err, saved)
}

// treat decides about a deployment and tells its host. What it returns is what to keep.
func (s *Server) treat(ctx context.Context, w Waiting) (Waiting, error) {
	now := s.o.Clock()
	p, known := s.o.Protectors[w.Protector]
	switch {
	case !now.Before(w.ExpiresAt):
		w.State = stateExpired
		return w, nil
	case !known:
		w.Verdict, w.Attempts = "", 0 // as what nothing can be asked about
		w.Problem, w.NextAt = "the configuration has no such entry under protection any more", now.Add(longestPause)
		return w, nil
	}
	q, err := p.Ask(w.Body)
	if err != nil { // for people to mend; the deployment waits for them
		w.Verdict, w.NextAt = "", now.Add(latestAgain)
		return s.tell(ctx, p, w, holdFor(err.Error())), nil
	}
	if w.Heard, err = s.o.Store.Heard(ctx, q.Service); err != nil { // before the decision: what arrives meanwhile is news
		return w, err
	}
	w.Service = q.Service
	d, err := s.answerOf(ctx, w, q)
	if err != nil {
		return w, err
	}
	if d.Behind() {
		w.Heard = "" // what has arrived is still news
	}
	w.Decision, w.Verdict, w.NextAt = d.ID, string(d.Verdict), now.Add(latestAgain)
	if q.Look {
		return s.tellChanged(ctx, p, w, d), nil
	}
	if d.AskAgainAfter != nil {
		w.NextAt = later(earlier(*d.AskAgainAfter, w.NextAt), now.Add(soonestAgain))
	}
	return s.tell(ctx, p, w, d), nil
}

// holdFor is the answer where the gate cannot be asked until people have seen to something.
func holdFor(why string) gate.Decision { return gate.Decision{Verdict: gate.Hold, Summary: why} }

// answerOf is the decision about a question.
func (s *Server) answerOf(ctx context.Context, w Waiting, q Question) (gate.Decision, error) {
	asked := q.Request
	if err := completeAsk(&asked); err != nil {
		return holdFor(err.Error()), nil //nolint:nilerr // the host is told, and waits for people
	}
	foreign, err := s.foreignToProduction(ctx, q.Foreign, asked)
	if err != nil {
		return gate.Decision{}, err
	}
	if foreign {
		return gate.Decision{Verdict: gate.Block, Summary: fmt.Sprintf("The run was started by %s, whose change may come from a fork; nothing of it goes to production.", q.Foreign)}, nil
	}
	if asked, err = s.recognised(ctx, asked); err != nil {
		return gate.Decision{}, err
	}
	if q.Look {
		look, err := s.looked(ctx, asked)
		return look.Decision, err
	}
	a, err := newAsk(asked, "protection:"+w.Protector, keyFor(w, asked))
	if err != nil {
		return gate.Decision{}, err
	}
	logged, err := s.reconsider(ctx, a)
	return logged.Decision, err
}

// foreignToProduction reports whether a change that may come from a fork asks for an environment that is production by the service's own
// record or by those of most.
func (s *Server) foreignToProduction(ctx context.Context, event string, asked gate.Request) (bool, error) {
	if event == "" || s.environmentKind(ctx)(asked.Environment) == metrics.Production {
		return event != "", nil
	}
	look, err := s.looked(ctx, asked)
	return look.Snapshot.Kind == metrics.Production, err
}

// keyFor makes the questions about one deployment one decision and its successors. What is claimed of the change is part of it: once a fix
// was declared it is another question.
func keyFor(w Waiting, asked gate.Request) string {
	return shortDigest([]byte(w.Protector + "\x00" + w.ID + "\x00" + asked.Change.Kind + "\x00" + strings.Join(asked.Change.Fixes, ",")))
}

// reportAfter is how long a deployment has waited at least before its host is told once more why: a host may be told so many times only.
var reportAfter = []time.Duration{
	0, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 12 * time.Hour, 24 * time.Hour, 3 * 24 * time.Hour, 10 * 24 * time.Hour,
}

// tell gives a host its answer. On hold it is told why, where there is something new to say.
func (s *Server) tell(ctx context.Context, p Protector, w Waiting, d gate.Decision) Waiting {
	final := d.Verdict != gate.Hold
	if !final && (w.Said == d.Summary || !s.mayReport(p, w)) {
		w.Attempts, w.Problem = 0, ""
		return w
	}
	if w, failed := s.call(ctx, p, w, d); failed {
		return w
	}
	w.Said, w.Attempts, w.Problem = d.Summary, 0, ""
	if final {
		w.State = stateAnswered
	} else {
		w.Reports++
	}
	return w
}

func (s *Server) mayReport(p Protector, w Waiting) bool {
	return w.Reports < min(p.Reports(), len(reportAfter)) && s.o.Clock().Sub(w.CreatedAt) >= reportAfter[w.Reports]
}

// tellChanged tells a host how things stand when that has changed; it is looked at again as long as the host takes it.
func (s *Server) tellChanged(ctx context.Context, p Protector, w Waiting, d gate.Decision) Waiting {
	if w.Said != string(d.Verdict) {
		if w, failed := s.call(ctx, p, w, d); failed {
			return w
		}
		w.Said = string(d.Verdict)
	}
	w.Attempts, w.Problem = 0, ""
	return w
}

// call tells the host, and notes what went wrong.
func (s *Server) call(ctx context.Context, p Protector, w Waiting, d gate.Decision) (Waiting, bool) {
	limit, cancel := context.WithTimeout(ctx, tellFor)
	defer cancel()
	err := p.Answer(limit, w.Body, HostAnswer{d.Verdict, summaryOf(d)})
	if err == nil {
		return w, false
	}
	now := s.o.Clock()
	w.Attempts++
	w.Problem = err.Error()
	w.NextAt = now.Add(pauseAfter(w.Attempts))
	var why *HostTrouble
	if errors.As(err, &why) {
		w.NextAt = later(w.NextAt, why.RetryAt)
		if why.Final {
			w.State = stateRefused
		}
	}
	if ctx.Err() == nil {
		s.o.Logger.WarnContext(ctx, "a host could not be told what the gate says", slog.String("protection", w.Protector),
			slog.String("deployment", w.ID), slog.Int("attempts", w.Attempts), slog.Bool("final", w.State == stateRefused), slog.String("problem", w.Problem))
	}
	return w, true
}

func pauseAfter(attempts int) time.Duration {
	pause := firstPause
	for range attempts - 1 {
		if pause >= longestPause/2 {
			return longestPause
		}
		pause *= 2
	}
	return pause
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
