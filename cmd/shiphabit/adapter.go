package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"shiphabit/api"
	"shiphabit/collector"
	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// pageStore is the store as collectors see it.
type pageStore struct {
	*store.DB
	tell func(events, setAside int) // what a page brought that was saved; nil tells nobody
}

// Apply saves a page; a cursor that has moved is said in the collector's word.
func (s pageStore) Apply(ctx context.Context, source, from, to string, page collector.Page) error {
	aside := make([]store.SetAside, len(page.SetAside))
	for i, record := range page.SetAside {
		aside[i] = store.SetAside(record)
	}
	err := s.ApplyPage(ctx, source, from, to, page.Events, aside)
	if errors.Is(err, store.ErrMoved) {
		return errors.Join(collector.ErrMoved, err)
	}
	if err == nil && s.tell != nil {
		s.tell(len(page.Events), len(page.SetAside))
	}
	if err != nil || len(page.Monitored) == 0 {
		return err
	}
	return s.SaveMonitored(ctx, monitoredBy(source, page.Monitored))
}

// monitoredBy is what a source saw of services, as the gate keeps it.
func monitoredBy(source string, seen []collector.Monitored) map[string][]gate.Monitored {
	all := map[string][]gate.Monitored{}
	for _, m := range seen {
		one := gate.Monitored{Source: source, Environment: m.Environment, At: m.At, BudgetLeftPPM: m.BudgetLeftPPM, Signals: []gate.SignalSeen{}}
		for _, name := range slices.Sorted(maps.Keys(m.Seen)) {
			one.Signals = append(one.Signals, gate.SignalSeen{Name: name, At: m.Seen[name]})
		}
		all[m.Service] = append(all[m.Service], one)
	}
	return all
}

// serverStore is the store as the server sees it.
type serverStore struct{ *store.DB }

func (s serverStore) Append(ctx context.Context, events []metrics.Event) (api.Appended, error) {
	stored, err := s.DB.Append(ctx, events)
	return api.Appended(stored), err
}

func (s serverStore) GateInputs(ctx context.Context, service string, asked api.GateAsk) (gate.Known, []gate.Override, error) {
	in, err := s.DB.GateInputs(ctx, service, asked.Since, asked.Recall)
	return in.Known, in.Overrides, err
}

func (s serverStore) TokenByHash(ctx context.Context, hash string) (api.Token, bool, error) {
	t, err := s.DB.TokenByHash(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return api.Token{}, false, nil
	}
	scopes := make([]api.Scope, len(t.Scopes))
	for i, scope := range t.Scopes {
		scopes[i] = api.Scope(scope)
	}
	return api.Token{Name: t.Name, Scopes: scopes, Teams: t.Teams, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt}, err == nil, err
}

func (s serverStore) BindJobToken(ctx context.Context, b api.JobBinding) (api.JobBinding, error) {
	kept, err := s.DB.BindJobToken(ctx, store.JobToken(b))
	return api.JobBinding(kept), err
}

func (s serverStore) DecisionOfReport(ctx context.Context, hash string) (string, bool, error) {
	decision, err := s.ReportToken(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return "", false, nil
	}
	return decision, err == nil, err
}

func (s serverStore) Sources(ctx context.Context) ([]api.Source, error) {
	list, err := s.DB.Sources(ctx)
	sources := make([]api.Source, len(list))
	for i, one := range list {
		sources[i] = api.Source{
			Name: one.Name, Watermark: one.Watermark, Heartbeat: one.Heartbeat, Error: one.Error, ErrorAt: one.ErrorAt, SetAside: one.SetAside,
			Run:      api.SourceRun{StartedAt: one.Run.StartedAt, FinishedAt: one.Run.FinishedAt, Pages: one.Run.Pages, Events: one.Run.Events},
			Progress: api.SourceProgress(one.Progress), Budget: api.SourceBudget(one.Budget),
			Failures: one.Failures, NextAt: one.NextAt, Wait: api.SourceWait(one.Wait),
			Refused: one.Refused, RefusedAt: one.RefusedAt,
		}
	}
	return sources, err
}

func (s serverStore) SetAsides(ctx context.Context, source string) ([]api.SetAside, error) {
	list, err := s.DB.SetAsides(ctx, source)
	aside := make([]api.SetAside, len(list))
	for i, one := range list {
		aside[i] = api.SetAside(one)
	}
	return aside, err
}

func (s serverStore) Deliver(ctx context.Context, d api.Delivery) (api.Delivered, error) {
	aside := make([]store.SetAside, len(d.SetAside))
	for i, one := range d.SetAside {
		aside[i] = store.SetAside(one)
	}
	done, err := s.DB.Deliver(ctx, store.Delivery{
		Source: d.Source, ID: d.ID, Kind: d.Kind, Events: d.Events, SetAside: aside, Ignored: d.Ignored, Header: d.Header, Body: d.Body,
	})
	return api.Delivered{Appended: api.Appended(done.Appended), Repeated: done.Repeated}, err
}

func (s serverStore) Deliveries(ctx context.Context, source, cursor string, limit int) ([]api.Received, string, error) {
	list, next, err := s.DB.Deliveries(ctx, source, cursor, limit)
	received := make([]api.Received, len(list))
	for i, one := range list {
		received[i] = api.Received{
			ID: one.ID, Kind: one.Kind, ReceivedAt: one.At, Outcome: string(one.Outcome), Events: one.Events, SetAsideCount: one.SetAsideCount,
			Ignored: one.Ignored, Kept: one.Kept,
		}
		for _, record := range one.SetAside {
			received[i].SetAside = append(received[i].SetAside, api.SetAside(record))
		}
	}
	return received, next, err
}

func (s serverStore) Refuse(ctx context.Context, refusals []api.Refusal) error {
	list := make([]store.Refusal, len(refusals))
	for i, one := range refusals {
		list[i] = store.Refusal(one)
	}
	return s.DB.Refuse(ctx, list)
}

func (s serverStore) Audit(ctx context.Context, cursor string, limit int) ([]api.Deed, string, error) {
	list, next, err := s.AuditLog(ctx, cursor, limit)
	deeds := make([]api.Deed, len(list))
	for i, e := range list {
		deeds[i] = api.Deed(e)
	}
	return deeds, next, err
}

func (s serverStore) AddWaiting(ctx context.Context, w api.Waiting) (bool, error) {
	return s.DB.AddWaiting(ctx, waitingRow(w))
}

func (s serverStore) DueWaiting(ctx context.Context, limit int) ([]api.Waiting, error) {
	list, err := s.DB.DueWaiting(ctx, limit)
	return waitingList(list), err
}

func (s serverStore) HeardWaiting(ctx context.Context, limit int) ([]api.Waiting, error) {
	list, err := s.DB.HeardWaiting(ctx, limit)
	return waitingList(list), err
}

func (s serverStore) Waiting(ctx context.Context, limit int) ([]api.Waiting, error) {
	list, err := s.DB.Waiting(ctx, limit)
	return waitingList(list), err
}

func (s serverStore) ClaimWaiting(ctx context.Context, w api.Waiting, until time.Time) (bool, error) {
	return s.DB.ClaimWaiting(ctx, waitingRow(w), until)
}

func (s serverStore) SaveWaiting(ctx context.Context, w api.Waiting, claimed time.Time) error {
	return s.DB.SaveWaiting(ctx, waitingRow(w), claimed)
}

func waitingRow(w api.Waiting) store.Waiting {
	return store.Waiting{
		Protector: w.Protector, ID: w.ID, Body: w.Body, State: store.WaitingState(w.State), Decision: w.Decision, Verdict: w.Verdict, Said: w.Said,
		Reports: w.Reports, Attempts: w.Attempts, Problem: w.Problem, CreatedAt: w.CreatedAt, NextAt: w.NextAt, ExpiresAt: w.ExpiresAt,
		Service: w.Service, Heard: w.Heard, WakeAt: w.WakeAt,
	}
}

func waitingList(list []store.Waiting) []api.Waiting {
	all := make([]api.Waiting, len(list))
	for i, w := range list {
		all[i] = api.Waiting{
			Protector: w.Protector, ID: w.ID, Body: w.Body, State: string(w.State), Decision: w.Decision, Verdict: w.Verdict, Said: w.Said,
			Reports: w.Reports, Attempts: w.Attempts, Problem: w.Problem, CreatedAt: w.CreatedAt, NextAt: w.NextAt, ExpiresAt: w.ExpiresAt,
			Service: w.Service, Heard: w.Heard, WakeAt: w.WakeAt,
		}
	}
	return all
}

// storeKinds says what the store's errors mean to a caller of the API.
func storeKinds() map[error]api.Kind {
	return map[error]api.Kind{
		store.ErrNotFound:  api.NotFound,
		store.ErrDuplicate: api.Conflict,
		store.ErrUsed:      api.Conflict,
		store.ErrMoved:     api.Moved,
		store.ErrOutage:    api.Unavailable,
		store.ErrDamaged:   api.Damaged,
	}
}
