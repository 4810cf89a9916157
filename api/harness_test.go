package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/assessments"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// keptBy lets the real store stand behind the interfaces of api, as cmd does.
type keptBy struct{ *store.DB }

func (k keptBy) Append(ctx context.Context, events []metrics.Event) (api.Appended, error) {
	a, err := k.DB.Append(ctx, events)
	return api.Appended(a), err
}

func (k keptBy) GateInputs(ctx context.Context, service string, asked api.GateAsk) (gate.Known, []gate.Override, error) {
	in, err := k.DB.GateInputs(ctx, service, asked.Since, asked.Recall)
	return in.Known, in.Overrides, err
}

func (k keptBy) SetAsides(ctx context.Context, source string) ([]api.SetAside, error) {
	all, err := k.DB.SetAsides(ctx, source)
	aside := make([]api.SetAside, len(all))
	for i, one := range all {
		aside[i] = api.SetAside(one)
	}
	return aside, err
}

func (k keptBy) Sources(ctx context.Context) ([]api.Source, error) {
	all, err := k.DB.Sources(ctx)
	sources := make([]api.Source, len(all))
	for i, s := range all {
		sources[i] = api.Source{
			Name: s.Name, Watermark: s.Watermark, Heartbeat: s.Heartbeat, Error: s.Error, ErrorAt: s.ErrorAt, SetAside: s.SetAside,
			Run:      api.SourceRun{StartedAt: s.Run.StartedAt, FinishedAt: s.Run.FinishedAt, Pages: s.Run.Pages, Events: s.Run.Events},
			Progress: api.SourceProgress(s.Progress), Budget: api.SourceBudget(s.Budget),
			Failures: s.Failures, NextAt: s.NextAt, Wait: api.SourceWait(s.Wait), Refused: s.Refused, RefusedAt: s.RefusedAt,
		}
	}
	return sources, err
}

func (k keptBy) Deliver(ctx context.Context, d api.Delivery) (api.Delivered, error) {
	aside := make([]store.SetAside, len(d.SetAside))
	for i, one := range d.SetAside {
		aside[i] = store.SetAside(one)
	}
	done, err := k.DB.Deliver(ctx, store.Delivery{
		Source: d.Source, ID: d.ID, Kind: d.Kind, Events: d.Events, SetAside: aside, Ignored: d.Ignored, Header: d.Header, Body: d.Body,
	})
	return api.Delivered{Appended: api.Appended(done.Appended), Repeated: done.Repeated}, err
}

func (k keptBy) Deliveries(ctx context.Context, source, cursor string, limit int) ([]api.Received, string, error) {
	list, next, err := k.DB.Deliveries(ctx, source, cursor, limit)
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

func (k keptBy) Refuse(ctx context.Context, refusals []api.Refusal) error {
	list := make([]store.Refusal, len(refusals))
	for i, one := range refusals {
		list[i] = store.Refusal(one)
	}
	return k.DB.Refuse(ctx, list)
}

func (k keptBy) Audit(ctx context.Context, cursor string, limit int) ([]api.Deed, string, error) {
	list, next, err := k.AuditLog(ctx, cursor, limit)
	deeds := make([]api.Deed, len(list))
	for i, e := range list {
		deeds[i] = api.Deed(e)
	}
	return deeds, next, err
}

func (k keptBy) TokenByHash(ctx context.Context, hash string) (api.Token, bool, error) {
	t, err := k.DB.TokenByHash(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return api.Token{}, false, nil
	}
	token := api.Token{Name: t.Name, Teams: t.Teams, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt}
	for _, scope := range t.Scopes {
		token.Scopes = append(token.Scopes, api.Scope(scope))
	}
	return token, err == nil, err
}

func (k keptBy) BindJobToken(ctx context.Context, b api.JobBinding) (api.JobBinding, error) {
	kept, err := k.DB.BindJobToken(ctx, store.JobToken(b))
	return api.JobBinding(kept), err
}

func (k keptBy) DecisionOfReport(ctx context.Context, hash string) (string, bool, error) {
	decision, err := k.ReportToken(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return "", false, nil
	}
	return decision, err == nil, err
}

func (k keptBy) AddWaiting(ctx context.Context, w api.Waiting) (bool, error) {
	return k.DB.AddWaiting(ctx, waitingRow(w))
}

func (k keptBy) DueWaiting(ctx context.Context, limit int) ([]api.Waiting, error) {
	list, err := k.DB.DueWaiting(ctx, limit)
	return waitingList(list), err
}

func (k keptBy) HeardWaiting(ctx context.Context, limit int) ([]api.Waiting, error) {
	list, err := k.DB.HeardWaiting(ctx, limit)
	return waitingList(list), err
}

func (k keptBy) Waiting(ctx context.Context, limit int) ([]api.Waiting, error) {
	list, err := k.DB.Waiting(ctx, limit)
	return waitingList(list), err
}

func (k keptBy) ClaimWaiting(ctx context.Context, w api.Waiting, until time.Time) (bool, error) {
	return k.DB.ClaimWaiting(ctx, waitingRow(w), until)
}

func (k keptBy) SaveWaiting(ctx context.Context, w api.Waiting, claimed time.Time) error {
	return k.DB.SaveWaiting(ctx, waitingRow(w), claimed)
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

var kinds = map[error]api.Kind{
	store.ErrNotFound: api.NotFound, store.ErrDuplicate: api.Conflict, store.ErrMoved: api.Moved, store.ErrUsed: api.Conflict,
	store.ErrOutage: api.Unavailable,
}

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// noon is when the tests begin: a Tuesday.
var noon = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

// site is a server over a real database in a file.
type site struct {
	*testing.T
	url   string
	db    *store.DB
	clock *clock
	log   *lockedBuffer
	token string
	// server is what answers at url.
	server *api.Server
}

// lockedBuffer takes log lines of many requests.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newSite(t *testing.T, change ...func(*api.Options)) site {
	t.Helper()
	return newSiteOn(t, filepath.Join(t.TempDir(), "api.db"), &clock{now: noon}, change...)
}

// newSiteOn is a server over a database that may have others.
func newSiteOn(t *testing.T, dsn string, at *clock, change ...func(*api.Options)) site {
	t.Helper()
	rules := metrics.DefaultRules()
	rules.Services = []metrics.Service{{Name: "payments", Team: "pay", Tier: metrics.High, Repositories: []string{"shop/payments"}}}
	db, err := store.Open(t.Context(), dsn, store.Options{Rules: rules, Clock: at.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return newSiteOver(t, db, at, change...)
}

// newSiteOver is a server over an open database.
func newSiteOver(t *testing.T, db *store.DB, at *clock, change ...func(*api.Options)) site {
	t.Helper()
	logged := &lockedBuffer{}
	rules, defaults := metrics.DefaultRules(), config.Default()
	o := api.Options{
		Store: keptBy{db}, Kinds: kinds, Clock: at.Now, Version: "1.2.3", Zone: time.UTC, Definition: metrics.DORA(), KindOf: rules.KindOf, Recognises: rules.Recognises,
		Logger:   slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Calendar: defaults.Calendar, Policy: policyOf,
		Questions: config.DefaultQuestions(), Thresholds: assessments.DefaultThresholds(), Floor: assessments.DefaultFloor,
		TeamSize: func(string) int { return 0 },
	}
	for _, c := range change {
		c(&o)
	}
	handler, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return site{T: t, url: server.URL, db: db, clock: at, log: logged, server: handler}
}

// answer is what came back.
type answer struct {
	*testing.T
	status int
	header http.Header
	body   string
}

// ask sends a request; headers are pairs of name and value.
func (s site) ask(method, path, body string, headers ...string) answer {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
			continue
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return answer{s.T, response.StatusCode, response.Header, string(data)}
}

func (s site) get(path string) answer { s.Helper(); return s.ask("GET", path, "") }

func (s site) post(path, body string) answer { s.Helper(); return s.ask("POST", path, body) }

// is fails the test unless the answer has the status and holds the words.
func (a answer) is(status int, words ...string) answer {
	a.Helper()
	if a.status != status {
		a.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	for _, w := range words {
		if !strings.Contains(a.body, w) {
			a.Errorf("the answer lacks %q: %s", w, a.body)
		}
	}
	return a
}

// into decodes the answer.
func into[T any](a answer) T {
	a.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		a.Fatalf("%v in %s", err, a.body)
	}
	return v
}

// built is the digest of an artifact that goes by a short name: "new", or "3" for the fourth of a history. With sha256: before it it is the same one.
func built(name string) string {
	sum := sha256.Sum256([]byte(strings.TrimPrefix(name, "sha256:")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// history is one deployment every two hours up to an hour before noon, "." for a good one and "x" for a failed one.
func history(service, fates string) string {
	var lines strings.Builder
	at := noon.Add(-time.Hour - time.Duration(len(fates))*2*time.Hour)
	for i, fate := range fates {
		at = at.Add(2 * time.Hour)
		status := "succeeded"
		if fate == 'x' {
			status = "failed"
		}
		fmt.Fprintf(&lines, `{"type":"deployment","id":"%s-%d","service":%q,"environment":"production","status":%q,"revision":"r%d","digest":%q,"started_at":%q,"finished_at":%q}`+"\n",
			service, i, service, status, i, built(strconv.Itoa(i)), at.Add(-5*time.Minute).Format(time.RFC3339), at.Format(time.RFC3339))
	}
	return lines.String()
}

// patience is when a test that asks again and again gives up: long for a slow machine, and well before the limit of the package.
const patience = 2 * time.Minute

// policyOf is the built-in policy of the service's tier; the pipelines of these tests say nothing of their monitoring.
func policyOf(s metrics.Service) gate.Policy {
	p := gate.PolicyFor(gate.TierOf(s))
	p.Criteria.MonitoringLive.Required = p.Tier == metrics.Critical
	return p
}
