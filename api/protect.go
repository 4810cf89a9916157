package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"shiphabit/metrics/gate"
)

// Protector is a host whose deployments wait until it is told the gate's word. It knows its secrets.
type Protector interface {
	Authentic(header http.Header, body []byte) bool
	// Read takes what waits out of a delivery; ignored says why there is nothing.
	Read(header http.Header, body []byte) (t Ticket, ignored string, err error)
	// Ask is what the gate is asked about a ticket. Its error is meant for people: nothing can be asked until somebody sees to it.
	Ask(body string) (Question, error)
	// Answer tells the host. Its error is a *HostTrouble where anything is known about another try.
	Answer(ctx context.Context, body string, a HostAnswer) error
	// Patience is how long the host waits; Reports how often it may be told something without a decision.
	Patience() time.Duration
	Reports() int
}

// Ticket is a deployment that waits at a host: its id there, the host's word for the delivery, and what it takes to ask and answer.
type Ticket struct{ ID, Kind, Body string }

// Question is what the gate is asked about a ticket.
type Question struct {
	gate.Request
	// Foreign names the event when the change may come from a fork.
	Foreign string
	// Look asks how things stand: nothing is let through by the answer, and it is told again when it changes.
	Look bool
}

// HostAnswer is what a host is told: a verdict, and why in Markdown.
type HostAnswer struct {
	Verdict gate.Result
	Says    string
}

// HostTrouble is why a host could not be told. Final: it takes no answer any more.
type HostTrouble struct {
	Final   bool
	RetryAt time.Time
	Err     error
}

func (t *HostTrouble) Error() string { return t.Err.Error() }

func (t *HostTrouble) Unwrap() error { return t.Err }

// Waiting is a deployment that waits, with what was said to its host so far.
type Waiting struct {
	Protector string `json:"protector"`
	ID        string `json:"id"`
	Body      string `json:"-"`
	// State is waiting, answered, expired (the host waits no longer) or refused (it takes no answer any more).
	State    string `json:"state"`
	Decision string `json:"decision,omitempty"`
	Verdict  string `json:"verdict,omitempty"`
	Said     string `json:"said,omitempty"`
	Reports  int    `json:"reports,omitempty"`
	// Attempts counts the failed ones in a row, Problem is the last of them.
	Attempts  int       `json:"attempts,omitempty"`
	Problem   string    `json:"problem,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	NextAt    time.Time `json:"next_at"`
	ExpiresAt time.Time `json:"expires_at"`
	// Service is what it is about, Heard what was known of it before the last look; from WakeAt on news of it may lead to another look.
	Service string    `json:"service,omitempty"`
	Heard   string    `json:"-"`
	WakeAt  time.Time `json:"-"`
}

// The states of a deployment that waits.
const (
	stateWaiting  = "waiting"
	stateAnswered = "answered"
	stateExpired  = "expired"
	stateRefused  = "refused"
)

// waitingStore keeps what waits, across restarts and for all replicas. ClaimWaiting takes one on until a time, SaveWaiting gives it back;
// that is refused (Moved) when the claim was over. HeardWaiting lists what is on hold and may be woken because there is news of its service.
// WakeWaiting makes a changed configuration such news, for whatever is on hold or could not be asked about.
type waitingStore interface {
	newsStore
	AddWaiting(ctx context.Context, w Waiting) (fresh bool, err error)
	DueWaiting(ctx context.Context, limit int) ([]Waiting, error)
	HeardWaiting(ctx context.Context, limit int) ([]Waiting, error)
	Waiting(ctx context.Context, limit int) ([]Waiting, error)
	WakeWaiting(ctx context.Context) error
	ClaimWaiting(ctx context.Context, w Waiting, until time.Time) (mine bool, err error)
	SaveWaiting(ctx context.Context, w Waiting, claimed time.Time) error
}

type waitingResponse struct {
	Waiting []Waiting `json:"waiting"`
}

func (s *Server) protectRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/api/v1/gate/waiting", scope: Read, handle: s.listWaiting, response: waitingResponse{},
			summary: "Deployments and merge requests that hosts asked the gate about by an entry of protection, newest first, and what they were told",
			query:   []parameter{{"limit", "how many, 1 to 200; 50 when left out"}},
		},
		{
			method: http.MethodPost, path: "/hooks/:source/report", scope: Signed, handle: s.reportCanary, limit: maxAsk,
			summary: "Take Flagger's post-rollout hook: how a rollout went that the gate let through",
		},
	}
}

func (s *Server) listWaiting(r request) (reply, error) {
	limit, err := limitOf(r.URL.Query().Get("limit"), 50, 200)
	if err != nil {
		return reply{}, err
	}
	list, err := s.o.Store.Waiting(r.Context(), limit)
	if list == nil {
		list = []Waiting{}
	}
	return reply{JSON: waitingResponse{list}}, err
}

// takeTicket keeps what waits and is answered at once with 202: the decision follows, by this process or another.
func (s *Server) takeTicket(r request, p Protector, body []byte) (reply, error) {
	name := r.param("source")
	if !p.Authentic(r.Header, body) {
		return reply{}, s.refusedProtector(r, name)
	}
	t, ignored, err := p.Read(r.Header, body)
	if err != nil {
		return reply{}, fail(Invalid, err.Error())
	}
	if ignored != "" {
		return reply{JSON: deliveryResponse{Delivery: t.ID, Kind: t.Kind, Outcome: "ignored", SetAside: []SetAside{}, Ignored: ignored}}, nil
	}
	if len(t.ID) > maxName || len(t.Body) > maxAsk {
		return reply{}, fail(Invalid, "the delivery's names are longer than any host's")
	}
	fresh, err := s.o.Store.AddWaiting(r.Context(), Waiting{Protector: name, ID: t.ID, Body: t.Body, ExpiresAt: s.o.Clock().Add(p.Patience())})
	if err != nil {
		return reply{}, err
	}
	s.wakeProtection()
	answer := deliveryResponse{Delivery: t.ID, Kind: t.Kind, Outcome: "waiting", SetAside: []SetAside{}}
	if !fresh {
		answer.Outcome = "known"
	}
	return reply{Status: http.StatusAccepted, JSON: answer}, nil
}

func (s *Server) refusedProtector(r request, name string) error {
	s.o.Logger.WarnContext(r.Context(), "a question to the gate was refused: not signed with the webhook_secret of its entry under protection", "protection", name)
	return fail(Unauthorized, "no source of this name takes a delivery signed like this: check the name in the address, and the secret at both ends")
}

// wakeProtection lets the sweep look at once.
func (s *Server) wakeProtection() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// sweepEvery is how soon something is looked at that became due.
const sweepEvery = 2 * time.Second

// RunProtection answers the hosts of what waits, until the context ends. All that waits is judged anew at first: it may have been looked at
// under another configuration, by a server that ran before or by the one whose place this one takes.
func (s *Server) RunProtection(ctx context.Context) {
	for woken := false; ; {
		var err error
		if !woken {
			err = s.o.Store.WakeWaiting(ctx)
			woken = err == nil
		}
		if err := errors.Join(err, s.Sweep(ctx)); err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
			s.o.Logger.ErrorContext(ctx, "answering deployments that wait", "error", err)
		}
		timer := time.NewTimer(sweepEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}
