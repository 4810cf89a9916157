package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"shiphabit/internal/config"
	"shiphabit/internal/rollback"
	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

const (
	// rollbackEvery is how soon after a watch has failed its hook is told.
	rollbackEvery = 5 * time.Second
	// soonestRetry and latestRetry bound how long a hook that did not take it is left alone; each time it is twice as long as before.
	soonestRetry, latestRetry = 10 * time.Second, 2 * time.Minute
	// rollbackHeld is how long a try belongs to the server that began it: longer than a hook may take to answer.
	rollbackHeld = 4 * rollback.Timeout
	// promotionsBack is how far back it is looked for the decision that let a failed deployment through.
	promotionsBack = 24 * time.Hour
	// rollbacksAtOnce bounds what is sent in a round; the rest is sent in the next one.
	rollbacksAtOnce = 20
	// rollbacksKept is how long it is kept what hooks were told.
	rollbacksKept = 90 * 24 * time.Hour
)

// rollbackStore is where failed watches are found, and where it is kept what hooks were told of them.
type rollbackStore interface {
	Derivations(ctx context.Context) (map[string]int64, error)
	GateInputs(ctx context.Context, name string, since func(metrics.Service) time.Time, recall func(gate.Known) (gate.Known, bool)) (store.GateInputs, error)
	Event(ctx context.Context, record string) ([]metrics.Event, error)
	AddRollback(ctx context.Context, r store.Rollback) (fresh bool, err error)
	DueRollbacks(ctx context.Context, limit int) ([]store.Rollback, error)
	ClaimRollback(ctx context.Context, r store.Rollback, until time.Time) (mine bool, err error)
	SaveRollback(ctx context.Context, r store.Rollback) error
}

// retreat tells the hooks of services that a watch ended in failed, each once, however many processes share the database.
type retreat struct {
	*program

	store  rollbackStore
	hooks  map[string]*rollback.Hook // by service
	since  map[string]time.Time      // from when on each is known
	policy func(metrics.Service) gate.Policy
	base   string           // before the paths of links
	looked map[string]int64 // services by how often they were derived when they were looked at
}

// rollbackHooks are those of the configuration, by service.
func (p *program) rollbackHooks(settings config.Config) (map[string]*rollback.Hook, error) {
	hooks := map[string]*rollback.Hook{}
	for _, s := range settings.Services {
		if s.Rollback == nil {
			continue
		}
		hook, err := rollback.New(rollback.Options{URL: s.Rollback.URL.Reveal(), Secret: s.Rollback.Secret.Reveal(), Roots: s.Rollback.CAFile, Clock: p.now})
		if err != nil {
			return nil, exitError{exitUsage, fmt.Errorf("the rollback hook of %s: %w", s.Name, err)}
		}
		hooks[s.Name] = hook
	}
	return hooks, nil
}

// retreatOf takes down which hooks there are: what ended before its hook was first seen is not told.
func (p *program) retreatOf(ctx context.Context, t *term) (*retreat, error) {
	targets := map[string]string{}
	for service, hook := range t.hooks {
		targets[service] = hook.Target()
	}
	since, err := t.db.SeeRollbackHooks(ctx, targets)
	return &retreat{
		program: p, store: t.db, hooks: t.hooks, since: since, policy: t.settings.Policy,
		base: strings.TrimRight(t.settings.Notify.PublicURL, "/"), looked: map[string]int64{},
	}, err
}

// rollbackLoop tells hooks of watches that failed, until the context ends.
func (p *program) rollbackLoop(ctx context.Context, t *term) {
	var known *retreat
	for {
		r, err := known, error(nil)
		if r == nil {
			r, err = p.retreatOf(ctx, t)
		}
		if err == nil {
			if known = r; len(r.hooks) == 0 {
				return
			}
			err = r.round(ctx)
		}
		if err != nil && ctx.Err() == nil {
			p.logger().ErrorContext(ctx, "telling rollback hooks of failed watches", slog.Any("error", err))
		}
		if sleep(ctx, rollbackEvery) != nil {
			return
		}
	}
}

// round looks once, and tells what is due.
func (r *retreat) round(ctx context.Context) error {
	err := r.look(ctx)
	due, fault := r.store.DueRollbacks(ctx, rollbacksAtOnce)
	err = errors.Join(err, fault)
	faults := make([]error, len(due))
	var all sync.WaitGroup
	for i, one := range due {
		if ctx.Err() == nil && r.hooks[one.Service] != nil {
			all.Go(func() { faults[i] = r.tell(ctx, one) })
		}
	}
	all.Wait()
	return errors.Join(err, errors.Join(faults...))
}

// look finds watches that failed, of services whose facts are others than at the last look. What cannot be read now is read the next time.
func (r *retreat) look(ctx context.Context) error {
	derived, err := r.store.Derivations(ctx)
	if err != nil {
		return err
	}
	for service := range r.hooks {
		if kept, looked := r.looked[service]; looked && kept == derived[service] {
			continue
		}
		failed, fault := r.failed(ctx, service)
		for _, w := range failed {
			fault = errors.Join(fault, r.keep(ctx, w))
		}
		if err = errors.Join(err, fault); fault == nil {
			r.looked[service] = derived[service]
		}
	}
	return err
}

// failed are the watches of a service that failed just now, with what stands against rolling back.
func (r *retreat) failed(ctx context.Context, service string) ([]gate.FailedWatch, error) {
	now := r.now()
	in, err := r.store.GateInputs(ctx, service, func(metrics.Service) time.Time { return now.Add(-promotionsBack) }, nil)
	if err != nil {
		return nil, err
	}
	all := in.FailedJustNow(r.policy(in.Service), r.since[service], now)
	for i := range all {
		w := &all[i]
		if w.Why != "" {
			continue
		}
		running, err := r.running(ctx, in.Facts.Running, *w)
		if err != nil {
			return nil, err
		}
		w.Why, w.Passing = running, running != ""
	}
	return all, nil
}

// running says which deployment is under way where one has failed, "" for none. One that began before it has no end that anybody told of.
func (r *retreat) running(ctx context.Context, ids []string, w gate.FailedWatch) (string, error) {
	for _, id := range ids {
		source, own, _ := strings.Cut(id, "/")
		revisions, err := r.store.Event(ctx, source+"/deployment/"+own)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return "", err
		}
		var d metrics.Deployment
		if err := json.Unmarshal(revisions[len(revisions)-1].Payload, &d); err != nil {
			return "", fmt.Errorf("stored deployment %s: %w", id, err)
		}
		began := d.StartedAt
		if began.IsZero() {
			began = d.CreatedAt
		}
		if strings.EqualFold(d.Environment, w.Environment) && began.After(w.Failed.FinishedAt) {
			return cmp.Or(d.Version, d.Revision, id) + " is being deployed here", nil
		}
	}
	return "", nil
}

// keep notes what was found, once for all servers.
func (r *retreat) keep(ctx context.Context, w gate.FailedWatch) error {
	one := store.Rollback{
		RollbackNote: gate.RollbackNote{Deployment: w.Failed.ID, State: gate.RollbackNotAsked, Says: w.Why, FoundAt: r.now()},
		Service:      w.Service, ID: rollback.ID(w.Service, w.Failed.ID), NextAt: r.now(), UntilAt: w.KnownAt.Add(gate.RollbackFor),
	}
	if w.Why == "" || w.Passing {
		var err error
		if one.Body, err = rollback.Document(w, r.base); err != nil {
			return err
		}
		one.State = gate.RollbackWaiting
	}
	fresh, err := r.store.AddRollback(ctx, one)
	if err == nil && fresh && w.Why != "" {
		r.note(ctx, one)
	}
	return err
}

// tell tries once, unless what is on its way has to be waited for. What has changed since it was found is looked at first, and what was begun is ended: the next try would be another one.
func (r *retreat) tell(ctx context.Context, one store.Rollback) error {
	if !r.now().Before(one.UntilAt) {
		if one.Tries == 0 && one.Says != "" { // something was on its way all the time
			one.State = gate.RollbackNotAsked
			return r.settle(ctx, one)
		}
		one.State, one.Says = gate.RollbackGaveUp, strings.TrimPrefix(one.Says+"; it was not told in time", "; ")
		return r.settle(ctx, one)
	}
	why, passing, err := r.overtaken(ctx, one)
	switch {
	case err != nil:
		return err
	case passing && one.Tries == 0:
		return r.wait(ctx, one, why)
	case why != "":
		one.State, one.Says = gate.RollbackOvertaken, why
		return r.settle(ctx, one)
	}
	ctx = context.WithoutCancel(ctx)
	mine, err := r.store.ClaimRollback(ctx, one, r.now().Add(rollbackHeld))
	if err != nil || !mine {
		return err
	}
	one.Tries++
	answer := r.hooks[one.Service].Tell(ctx, one.ID, one.Body)
	one.Says = answer.Says
	switch {
	case answer.Took:
		one.State = gate.RollbackAnswered
	case answer.Again:
		one.NextAt = r.now().Add(max(answer.After, doubled(one.Tries, soonestRetry, latestRetry)))
		if one.NextAt.After(one.UntilAt) {
			one.NextAt = one.UntilAt
		}
	default:
		one.State = gate.RollbackRefused
	}
	return r.settle(ctx, one)
}

// wait puts a rollback off while something else is on its way, of which it is not known whether it will arrive.
func (r *retreat) wait(ctx context.Context, one store.Rollback, why string) error {
	one.Says, one.NextAt = why, r.now().Add(soonestRetry)
	if one.NextAt.After(one.UntilAt) {
		one.NextAt = one.UntilAt
	}
	if err := r.store.SaveRollback(ctx, one); err != nil && !errors.Is(err, store.ErrMoved) {
		return err
	}
	return nil
}

// overtaken says what has happened since a rollback was found that makes it wrong, "" for nothing; passing where that may come to nothing.
func (r *retreat) overtaken(ctx context.Context, one store.Rollback) (why string, passing bool, err error) {
	failed, err := r.failed(ctx, one.Service)
	if err != nil {
		return "", false, err
	}
	for _, w := range failed {
		if w.Failed.ID == one.Deployment {
			return w.Why, w.Passing, nil
		}
	}
	return "its watch does not count as failed any more", false, nil
}

// settle keeps what became of a try, and says it. Where another server has taken over there is nothing to keep.
func (r *retreat) settle(ctx context.Context, one store.Rollback) error {
	err := r.store.SaveRollback(ctx, one)
	if errors.Is(err, store.ErrMoved) {
		return nil
	}
	if err == nil {
		r.note(ctx, one)
	}
	return err
}

// note writes what became of a failed watch into the log, as a warning whatever it was: production is to change, or somebody has to see to it.
func (r *retreat) note(ctx context.Context, one store.Rollback) {
	r.logger().WarnContext(ctx, "the watch after a deployment ended in failed, and its service has a rollback hook", slog.String("service", one.Service),
		slog.String("deployment", one.Deployment), slog.String("state", string(one.State)), slog.String("says", printable(one.Says)), slog.Int("tries", one.Tries))
}
