package api

import (
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

const (
	// patience is how long the database may take for what a decision reads before it is asked whether it is there at all: a
	// client waits two seconds.
	patience = 1250 * time.Millisecond
	// pingPatience is how long that question may take.
	pingPatience = 500 * time.Millisecond
	// lostFor is how long nobody tries the database again that did not answer.
	lostFor = time.Second
	// keptFacts bounds the facts that are remembered of services, in bytes of JSON: about half a kilobyte a rollout. keptStates bounds the services.
	keptFacts  = 32_000_000
	keptStates = 10_000
	// tokenLife is how long a token counts that was found valid and cannot be looked up.
	tokenLife  = time.Hour
	keptTokens = 10_000
	// keptDecisions bounds the decisions that wait for the log; keptClaims is the room that rollbacks and fixes have beside it.
	keptDecisions = 2_000
	keptClaims    = 500
)

// errLost says that the database does not answer.
var errLost = &Error{Kind: Unavailable, Detail: "the database does not answer"}

// standby is what a server remembers for the time in which its database does not answer: the last good state of each service it was
// asked about, the tokens that were valid, and the decisions that wait for the log.
type standby struct {
	mu       sync.Mutex
	services map[string]*keptElement
	order    list.List            // of *keptElement, the latest used at the front
	full     list.List            // of those with facts, likewise
	facts    int                  // bytes of facts
	tokens   map[string]keptToken // by hash
	revoked  map[string]bool      // tokens that are not to be remembered, by hash
	kinds    map[string]metrics.EnvironmentKind
	bindings map[string]JobBinding  // by issuer and id
	answers  map[string]gate.Logged // to hosts that ask again, by caller and key
	fixes    []gate.Logged          // that were let through, oldest first
	waiting  []late
	reports  []keptReport // of decisions that wait, or did
	lostAt   time.Time    // zero while the database answers
	pinging  *ping        // nil while nobody asks
	// beatAt is when this server noted last that it is there; beatMissed that it could not be kept.
	beatAt     time.Time
	beatMissed bool

	logging sync.Mutex // held by the one who logs what waits
}

// keptState is what was known of a service at a time. The facts stand apart, as JSON, which the garbage collector need not look through: it
// would otherwise have more to do than all decisions. They are nil where the decision went by a brief of them and they were not read before.
type keptState struct {
	service string
	at      time.Time
	known   gate.Known
	facts   []byte
}

// keptStateOf takes the facts out, unless the earlier state has the same ones.
func keptStateOf(service string, at time.Time, known gate.Known, earlier keptState) (k keptState, err error) {
	k = keptState{service: service, at: at, known: known.WithFacts(metrics.Facts{})}
	switch same := known.Memory != nil && known.Memory == earlier.known.Memory; {
	case same && earlier.facts != nil:
		k.facts = earlier.facts
	case !known.Recalled():
		k.facts, err = json.Marshal(known.Facts)
	}
	return k, err
}

// whole is the state with its facts.
func (k keptState) whole() (gate.Known, error) {
	var f metrics.Facts
	err := json.Unmarshal(k.facts, &f)
	return k.known.WithFacts(f), err
}

// keptElement is where the state of a service stands.
type keptElement struct {
	state keptState
	order *list.Element
	full  *list.Element // nil without facts
}

type keptToken struct {
	token Token
	at    time.Time
}

// keep remembers what was read just now. Where there is no room, the facts of the service that was asked for longest ago go, and what they
// came to stays.
func (m *standby) keep(k keptState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.services == nil {
		m.services = map[string]*keptElement{}
	}
	e, found := m.services[k.service]
	if !found {
		e = &keptElement{}
		e.order = m.order.PushFront(e)
		m.services[k.service] = e
	}
	m.order.MoveToFront(e.order)
	m.empty(e)
	e.state = k
	if k.facts != nil {
		e.full = m.full.PushFront(e)
		m.facts += len(k.facts)
	}
	if len(m.services) > keptStates {
		m.drop(m.order.Back().Value.(*keptElement)) //nolint:forcetypeassert // it holds nothing else
	}
	for m.facts > keptFacts && m.full.Len() > 1 {
		m.empty(m.full.Back().Value.(*keptElement)) //nolint:forcetypeassert // it holds nothing else
	}
}

func (m *standby) drop(e *keptElement) {
	m.empty(e)
	m.order.Remove(e.order)
	delete(m.services, e.state.service)
}

// empty lets the facts go, and keeps what they came to.
func (m *standby) empty(e *keptElement) {
	if e.full == nil {
		return
	}
	m.full.Remove(e.full)
	m.facts -= len(e.state.facts)
	e.full, e.state.facts = nil, nil
}

func (m *standby) state(service string) (keptState, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	element, found := m.services[service]
	if !found {
		return keptState{}, false
	}
	return element.state, true
}

// keepToken remembers what the database said of a token: that there is none as well, so that a revoked one does not live on.
func (m *standby) keepToken(hash string, t Token, ok bool, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !ok || !t.RevokedAt.IsZero() {
		delete(m.tokens, hash)
		return
	}
	if m.tokens == nil || len(m.tokens) >= keptTokens {
		m.tokens = map[string]keptToken{}
	}
	m.tokens[hash] = keptToken{t, now}
}

func (m *standby) token(hash string, now time.Time) (Token, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept, found := m.tokens[hash]
	return kept.token, found && !m.revoked[hash] && now.Sub(kept.at) < tokenLife
}

// revoke notes which tokens were revoked of late. They are kept beside those that were valid, whose last use may be answered only now.
func (m *standby) revoke(hashes []string) {
	revoked := make(map[string]bool, len(hashes))
	for _, hash := range hashes {
		revoked[hash] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.revoked = revoked
}

// lost reports whether the database did not answer a moment ago.
func (m *standby) lost(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.lostAt.IsZero() && now.Sub(m.lostAt) < lostFor
}

// mark notes whether the database answers, and tells whether that is news.
func (m *standby) mark(lost bool, now time.Time) (news bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	news = lost == m.lostAt.IsZero()
	m.lostAt = time.Time{}
	if lost {
		m.lostAt = now
	}
	return news
}

// within runs what reads the database. One that takes long is broken off when the database does not answer a ping either.
func (s *Server) within(ctx context.Context, do func(ctx context.Context) error) error {
	if s.standby.lost(s.o.Clock()) {
		return errLost
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(s.o.Patience, func() {
		if !s.answers(ctx) {
			cancel(errLost)
		}
	})
	defer watch.Stop()
	err := do(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errLost) {
		return errLost
	}
	if s.gone(ctx, err) {
		return errLost
	}
	// What reads may succeed while nothing can be written.
	if err == nil && s.standby.isLost() && s.answers(ctx) && s.standby.mark(false, s.o.Clock()) {
		s.o.Logger.Warn("the database answers again; decisions are logged")
	}
	return err
}

// gone reports whether an error comes from a database that does not answer, or cannot do its work.
func (s *Server) gone(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil || kindOf(err) != Internal {
		return false
	}
	if s.is(err, Unavailable) {
		s.lose(err)
		return true
	}
	if _, known := s.kindOfStore(err); known {
		return false
	}
	return !s.answers(ctx)
}

// ping is one question whether the database is there; whoever wants to know meanwhile waits for its answer.
type ping struct {
	done    chan struct{}
	answers bool
}

// answers reports whether the database is there, and notes it.
func (s *Server) answers(ctx context.Context) bool {
	one, mine := s.standby.ping()
	if !mine {
		select {
		case <-one.done:
			return one.answers
		case <-ctx.Done(): // whoever asked has left
			return true
		}
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingPatience)
	defer cancel()
	err := s.o.Store.Ping(limited)
	if err != nil {
		s.lose(err)
	}
	s.standby.answered(one, err == nil)
	return err == nil
}

// lose notes that the database does not do what a decision needs.
func (s *Server) lose(why error) {
	if s.standby.mark(true, s.o.Clock()) {
		s.o.Logger.Error("the database does not answer; the gate decides by what it knew last", slog.Any("error", why))
	}
}

// isLost reports whether the database did not answer when it was last tried.
func (m *standby) isLost() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.lostAt.IsZero()
}

// latest is the service that was asked about last, "" for none.
func (m *standby) latest() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.order.Len() == 0 {
		return ""
	}
	return m.order.Front().Value.(*keptElement).state.service //nolint:forcetypeassert // it holds nothing else
}

func (m *standby) ping() (one *ping, mine bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pinging != nil {
		return m.pinging, false
	}
	m.pinging = &ping{done: make(chan struct{})}
	return m.pinging, true
}

func (m *standby) answered(one *ping, answers bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pinging, one.answers = nil, answers
	close(one.done)
}

// stateSource is the name under which the age of a remembered state stands among the sources: the rule about late sources then judges it.
const stateSource = "the gate's database"

// remembered is what was known last of a service, with its age, as far as that is enough for the request.
func (s *Server) remembered(r gate.Request, now time.Time) (gate.Known, error) {
	k, found := s.standby.state(r.Service)
	if !found {
		return gate.Known{}, notRemembered("this server was not asked about " + shorten(r.Service) + " since it started")
	}
	known, enough := s.recall(r, k.known, now)
	if !enough {
		if k.facts == nil {
			return gate.Known{}, notRemembered("this server remembers too little of " + shorten(r.Service) + " to judge this artifact now")
		}
		var err error
		if known, err = k.whole(); err != nil {
			return gate.Known{}, err
		}
	}
	known.Sources = append(slices.Clone(known.Sources), gate.Watermark{Name: stateSource, Watermark: k.at})
	known.Override = nil // its use could not be counted
	known.KindOf = s.rememberedKind
	return known, nil
}

func notRemembered(why string) error {
	return &Error{Kind: Unavailable, Cause: errLost, Detail: "the database does not answer, and " + why}
}

// stateAge is how old the remembered state is by which a decision was made; false when it was made from the database.
func stateAge(d gate.Decision) (time.Duration, bool) {
	for _, w := range d.Input.Sources {
		if w.Name == stateSource {
			return d.Input.KnownAt.Sub(w.Watermark), true
		}
	}
	return 0, false
}
