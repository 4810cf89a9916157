package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// GateAsk is how much of a service a decision needs.
type GateAsk struct {
	// Since is how far back promotions matter to the service.
	Since func(metrics.Service) time.Time
	// Recall fills in what is remembered of the service's facts and tells whether that will do, so that they need not be read.
	Recall func(gate.Known) (gate.Known, bool)
}

// decisionStore keeps decisions. LogDecision and LogSuccessor refuse a key that is taken (Duplicate), and a probe when
// another was granted since the snapshot was taken (Moved).
type decisionStore interface {
	GateFacts(ctx context.Context, service string) (metrics.Facts, error)
	// GateInputs is what a decision may know of a service, with the overrides that there are.
	GateInputs(ctx context.Context, service string, asked GateAsk) (gate.Known, []gate.Override, error)
	// Older is the service with the oldest record that a service shares code with, nil where none matters to its meter.
	Older(ctx context.Context, service string) (*gate.Older, error)
	LogDecision(ctx context.Context, l gate.Logged) error
	LogSuccessor(ctx context.Context, l gate.Logged, previous string) error
	Decision(ctx context.Context, id string) (gate.Logged, error)
	DecisionByKey(ctx context.Context, caller, key string) (gate.Logged, error)
	Decisions(ctx context.Context, service, cursor string, limit int) (list []gate.Logged, next string, err error)
	// Fixes lists what was let through as a fix of a service after an instant, without policies and snapshots.
	Fixes(ctx context.Context, service string, since time.Time) ([]gate.Logged, error)
	ProbeGrants(ctx context.Context, service string, since time.Time) ([]gate.ProbeGrant, error)
	// Report refuses a second outcome for one decision (Duplicate).
	Report(ctx context.Context, decision, outcome, caller string, deployment []metrics.Event) error
}

// keyLife is how long an idempotency key stands for its decision.
const keyLife = 24 * time.Hour

// maxTries bounds how often a decision is made anew because another process was faster.
const maxTries = 5

// ask is one request to the gate with who asks and under which key.
type ask struct {
	gate.Request
	caller string
	key    string
	hash   string // of the canonical request: what "the same body" means
	job    *Job   // that asks, nil when it is none
}

func newAsk(r gate.Request, caller, key string) (ask, error) {
	body, err := gate.Canonical(r)
	if err != nil {
		return ask{}, fail(Invalid, "the request holds a number that is too large: "+err.Error())
	}
	sum := sha256.Sum256(body)
	return ask{Request: r, caller: caller, key: key, hash: hex.EncodeToString(sum[:])}, nil
}

// decide answers an ask: with the decision that its key stands for, else with a new one, logged before it is given. While the
// database does not answer it decides by what it knew last.
func (s *Server) decide(ctx context.Context, a ask) (l gate.Logged, err error) {
	began := s.o.Clock()
	err = s.within(ctx, func(ctx context.Context) error {
		if err := s.logWaiting(ctx); err != nil {
			return err
		}
		l, err = s.decideLogged(ctx, a)
		return err
	})
	if errors.Is(err, errLost) {
		l, err = s.decideUnlogged(ctx, a)
	}
	if err == nil {
		s.standby.keepFixes(l)
		s.exposition.Answered(s.o.Clock().Sub(began))
	}
	return l, err
}

func (s *Server) decideLogged(ctx context.Context, a ask) (gate.Logged, error) {
	var earlier gate.Logged
	for try := range maxTries {
		// Nearly every key is new, and the log refuses one that is not: only then is it looked up.
		if try > 0 {
			var err error
			if earlier, err = s.earlier(ctx, a); err != nil {
				return gate.Logged{}, err
			}
			if stands, err := s.stands(ctx, earlier, a); stands || err != nil {
				return earlier, err
			}
		}
		logged, overrides, err := s.judged(ctx, a)
		if err != nil {
			return gate.Logged{}, err
		}
		if earlier.ID == "" {
			err = s.o.Store.LogDecision(ctx, logged)
		} else {
			err = s.o.Store.LogSuccessor(ctx, logged, earlier.ID)
		}
		if err == nil {
			s.settle(ctx, logged, overrides)
			return logged, nil
		}
		if !s.is(err, Conflict) && !s.is(err, Moved) {
			return gate.Logged{}, err
		}
	}
	return gate.Logged{}, fail(Unavailable, "other requests for "+a.Service+" keep coming first; ask again")
}

// settle counts a decision that was logged, and tells of overrides that did nothing for it.
func (s *Server) settle(ctx context.Context, logged gate.Logged, overrides []gate.Override) {
	s.countDecision(logged)
	err := s.noteIdle(ctx, logged, overrides, s.policyOf(logged.Snapshot).Policy())
	if err != nil { // the decision stands in the log, and is the answer
		s.o.Logger.Error("an override that did nothing is not told in the log", slog.String("decision", logged.ID), slog.Any("error", err))
	}
}

// earlier is the latest decision under the ask's key; it has no id when there is none.
func (s *Server) earlier(ctx context.Context, a ask) (gate.Logged, error) {
	if a.key == "" {
		return gate.Logged{}, nil
	}
	l, err := s.o.Store.DecisionByKey(ctx, a.caller, a.key)
	if s.is(err, NotFound) {
		return gate.Logged{}, nil
	}
	return l, err
}

// stands reports whether an earlier decision is still the answer: allow, warn and block for the life of the key, a hold only
// until it is time to ask again.
func (s *Server) stands(ctx context.Context, earlier gate.Logged, a ask) (bool, error) {
	now := s.o.Clock()
	if earlier.ID == "" || !now.Before(earlier.At.Add(keyLife)) {
		return false, nil
	}
	if earlier.BodyHash != a.hash {
		return false, fail(Mismatch, "the Idempotency-Key was used for another request; give each run and attempt a key of its own")
	}
	if err := s.vouched(ctx, a.job, earlier); err != nil {
		return false, err
	}
	again := earlier.AskAgainAfter
	return earlier.Verdict != gate.Hold || again != nil && now.Before(*again), nil
}

// judged makes a new decision, and tells which overrides there were.
func (s *Server) judged(ctx context.Context, a ask) (gate.Logged, []gate.Override, error) {
	now := s.o.Clock()
	policy, snapshot, overrides, err := s.snapshot(ctx, a.Request, now)
	if err != nil {
		return gate.Logged{}, nil, err
	}
	snapshot.Override = override(overrides, a.Request, a.caller, policy, now)
	l, err := s.judge(ctx, a, snapshot, now)
	return l, overrides, err
}

// policyOf is the policy by which a snapshot was taken.
func (s *Server) policyOf(snapshot gate.Snapshot) *gate.Sealed {
	return s.policy(metrics.Service{Name: snapshot.Service, Tier: snapshot.Tier, Team: snapshot.Team})
}

// judge decides, and names who decided about what for whom. It refuses a job whose request the record does not bear out.
func (s *Server) judge(ctx context.Context, a ask, snapshot gate.Snapshot, now time.Time) (gate.Logged, error) {
	policy := s.policyOf(snapshot)
	l := gate.Logged{
		Decision: policy.Decide(snapshot, a.Request), Request: a.Request, Snapshot: snapshot, PolicyDoc: policy.Canonical(),
		Caller: a.caller, Key: a.key, BodyHash: a.hash, At: snapshot.Now,
	}
	l.ID, l.Engine = newID("gd_", now), "shiphabit/"+s.o.Version
	l.TookMicros = s.o.Clock().Sub(now).Microseconds()
	if err := matched(l); err != nil {
		return l, err
	}
	return l, s.vouched(ctx, a.job, l)
}

// snapshot collects what a decision may know, and remembers it for the time in which the database does not answer.
func (s *Server) snapshot(ctx context.Context, r gate.Request, now time.Time) (gate.Policy, gate.Snapshot, []gate.Override, error) {
	known, overrides, err := s.knownOf(ctx, r, now)
	if err != nil {
		return gate.Policy{}, gate.Snapshot{}, nil, err
	}
	earlier, _ := s.standby.state(r.Service)
	if kept, err := keptStateOf(r.Service, now, known, earlier); err != nil {
		s.o.Logger.Error("what is known of the service is not remembered", slog.String("service", r.Service), slog.Any("error", err))
	} else {
		s.standby.keep(kept)
	}
	known.KindOf = s.environmentKind(ctx)
	policy, snapshot := s.take(r, known, now)
	return policy, snapshot, overrides, nil
}

// recall fills in what is remembered of a service's facts, where that does for the request.
func (s *Server) recall(r gate.Request, k gate.Known, now time.Time) (gate.Known, bool) {
	k.Service.Tier = gate.TierOf(k.Service)
	return s.policy(k.Service).Recall(r, k.After(now), k)
}

// take is the snapshot of what is known, and the policy to judge it by.
func (s *Server) take(r gate.Request, known gate.Known, now time.Time) (gate.Policy, gate.Snapshot) {
	known.Windows = s.o.Freezes
	policy := s.policy(known.Service)
	return policy.Policy(), policy.Take(r, known.After(now), known)
}

// knownOf reads what is known of a service. One nobody has seen is judged by the default tier, never an error.
func (s *Server) knownOf(ctx context.Context, r gate.Request, now time.Time) (gate.Known, []gate.Override, error) {
	k, overrides, err := s.o.Store.GateInputs(ctx, r.Service, GateAsk{
		Since: func(service metrics.Service) time.Time {
			service.Tier = gate.TierOf(service)
			return now.Add(-s.policy(service).Policy().FlightReach())
		},
		Recall: func(k gate.Known) (gate.Known, bool) { return s.recall(r, k, now) },
	})
	if err != nil {
		return k, nil, err
	}
	k.Service.Tier = gate.TierOf(k.Service)
	k.Demoted, err = s.demoted(ctx, s.policy(k.Service).Policy())
	return k, overrides, err
}

// environmentKind tells what an environment is for: as the deployments of any service say, since their host may have stated it, else by its
// name. It is asked only where the service's own record does not tell. While the database does not answer, what it said last counts.
func (s *Server) environmentKind(ctx context.Context) func(environment string) metrics.EnvironmentKind {
	return func(environment string) metrics.EnvironmentKind {
		var kind metrics.EnvironmentKind
		err := s.within(ctx, func(ctx context.Context) (err error) {
			kind, err = s.o.Store.KindOf(ctx, environment)
			return err
		})
		if err != nil {
			return s.rememberedKind(environment)
		}
		s.standby.keepKind(environment, kind)
		return kind
	}
}

// rememberedKind is what an environment is for as the database said last, else by its name.
func (s *Server) rememberedKind(environment string) metrics.EnvironmentKind {
	if kind, found := s.standby.kind(environment); found {
		return kind
	}
	return s.o.KindOf(environment)
}

// crockford is the alphabet of sortable ids: base 32 without letters that look like digits.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newID draws an id that sorts by its time: ten characters of milliseconds, sixteen of chance.
func newID(prefix string, at time.Time) string {
	id := make([]byte, 26)
	ms := at.UnixMilli()
	for i := 9; i >= 0; i-- {
		id[i] = crockford[ms&31]
		ms >>= 5
	}
	if _, err := rand.Read(id[10:]); err != nil {
		panic(err) // crypto/rand never fails since Go 1.24
	}
	for i := 10; i < len(id); i++ {
		id[i] = crockford[id[i]&31]
	}
	return prefix + string(id)
}

// decodeAsk reads and checks a request to the gate.
func decodeAsk(data []byte) (gate.Request, error) {
	var r gate.Request
	if err := decodeJSON(data, &r); err != nil {
		return r, err
	}
	return r, completeAsk(&r, checkDigest)
}

// completeAsk fills in what may be left out, and refuses what no decision can be made on; checks are those that not every host's words have to pass.
func completeAsk(r *gate.Request, checks ...func(r gate.Request, refuse refusal)) error {
	if r.Environment == "" {
		r.Environment = string(metrics.Production)
	}
	if r.Change.Kind == "" {
		r.Change.Kind = gate.KindNormal
	}
	var faults []metrics.Fault
	refuse := func(field, problem, remedy string) {
		faults = append(faults, metrics.Fault{Line: 1, Field: field, Problem: problem, Remedy: remedy})
	}
	if r.Service == "" {
		refuse("service", "missing", "name the service to promote")
	}
	kinds := []string{gate.KindNormal, gate.KindRollback, gate.KindFix, gate.KindConfig}
	if !slices.Contains(kinds, r.Change.Kind) {
		refuse("change.kind", fmt.Sprintf("%q is no kind of change", shorten(r.Change.Kind)), "one of "+strings.Join(kinds, ", "))
	}
	for _, n := range []struct{ field, name string }{
		{"service", r.Service}, {"environment", r.Environment}, {"artifact.version", strings.TrimSpace(r.Artifact.Version)},
	} {
		if fault := metrics.FaultOfName(n.field, n.name); fault != nil && n.name != "" {
			refuse(n.field, fault.Problem, fault.Remedy)
		}
	}
	if r.Run.Attempt < 0 {
		refuse("run.attempt", "negative", "count attempts from 1")
	}
	for _, check := range checks {
		check(*r, refuse)
	}
	kind := Invalid
	if faults == nil {
		kind = Mismatch
	}
	checkEvidence(r.Evidence, refuse)
	if faults == nil {
		return nil
	}
	return &Error{Kind: kind, Detail: "the gate cannot judge this: " + faults[0].Field + ": " + faults[0].Problem + "; " + faults[0].Remedy, Faults: faults}
}

// checkEvidence refuses numbers that cannot be: taken for "not stated" they would pass unseen.
func checkEvidence(e gate.Evidence, refuse refusal) {
	const whole = 1_000_000
	if ppm := e.CoverageChangedLinesPPM; ppm != nil && (*ppm < 0 || *ppm > whole) {
		refuse("evidence.coverage_changed_lines_ppm", fmt.Sprintf("%d is no share", *ppm), "parts per million, from 0 to 1000000")
	}
	if ppm := e.ErrorBudgetLeftPPM; ppm != nil && *ppm > whole {
		refuse("evidence.error_budget_left_ppm", fmt.Sprintf("%d is more than there is", *ppm), "parts per million left, at most 1000000 and below 0 when it is overspent")
	}
	if n := e.ChangedLines; n != nil && *n < 0 {
		refuse("evidence.changed_lines", fmt.Sprintf("%d is no count", *n), "how many there are, from 0")
	}
	if n := e.Commits; n != nil && *n < 0 {
		refuse("evidence.commits", fmt.Sprintf("%d is no count", *n), "how many there are, from 0")
	}
}

// maxName is the longest name of a service or environment in bytes, as in events.
const maxName = 1024

// maxKey is the longest idempotency key in bytes.
const maxKey = 512

func keyOf(h http.Header) (string, error) {
	key := h.Get("Idempotency-Key")
	if len(key) > maxKey {
		return "", fail(Invalid, fmt.Sprintf("the Idempotency-Key has %d bytes; at most %d", len(key), maxKey))
	}
	return key, nil
}
