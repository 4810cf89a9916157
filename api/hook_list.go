package api

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Received is a delivery as it is listed.
type Received struct {
	ID         string    `json:"id"`
	Kind       string    `json:"kind,omitempty"`
	ReceivedAt time.Time `json:"received_at"`
	// Outcome is stored, ignored or set aside. Events counts what came of it, new or known.
	Outcome string `json:"outcome"`
	Events  int    `json:"events"`
	// SetAsideCount counts its records that could not be turned into an event, SetAside lists the first of them.
	SetAsideCount int        `json:"set_aside_count"`
	SetAside      []SetAside `json:"set_aside,omitempty"`
	Ignored       string     `json:"ignored,omitempty"`
	// Kept tells that its body is kept and can be read again.
	Kept bool `json:"kept,omitempty"`
}

type deliveriesResponse struct {
	Deliveries []Received `json:"deliveries"`
	Next       string     `json:"next,omitempty"`
}

// Refusal counts deliveries to a source that were refused, and when last.
type Refusal struct {
	Source string
	Count  int
	At     time.Time
}

const (
	usualDeliveries = 100
	mostDeliveries  = 1000
)

func (s *Server) hookRoutes() []route {
	return []route{
		{
			method: http.MethodPost, path: "/hooks/:source", scope: Signed, handle: s.takeDelivery, limit: maxDelivery, response: deliveryResponse{},
			summary: "Take what the host of a source pushes, signed with the source's webhook_secret. Answered once it is stored; the same " +
				"delivery again changes nothing. Under the name of an entry of protection: a question to the gate, answered with 202 and decided " +
				"at once by calling the host back; Flagger is answered with 200 to go on or 403 to wait, in one line",
		},
		{
			method: http.MethodGet, path: "/api/v1/sources/:source/deliveries", scope: Read, handle: s.deliveries, response: deliveriesResponse{},
			summary: "What the host of a source pushed within the last 30 days, newest first, and what became of it",
			query:   []parameter{{"cursor", "the next of the page before"}, {"limit", "deliveries of a page; 100 when left out, at most 1000"}},
		},
	}
}

func (s *Server) deliveries(r request) (reply, error) {
	limit := usualDeliveries
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostDeliveries {
			return reply{}, fail(Invalid, "limit "+shorten(text)+" is no number from 1 to "+strconv.Itoa(mostDeliveries))
		}
		limit = n
	}
	list, next, err := s.o.Store.Deliveries(r.Context(), r.param("source"), r.URL.Query().Get("cursor"), limit)
	if list == nil {
		list = []Received{}
	}
	return reply{JSON: deliveriesResponse{list, next}}, err
}

// refusedEvery is how often refused deliveries are written down: whoever sends them has shown no right to make us write.
const refusedEvery = 10 * time.Second

// refusals counts refused deliveries until they are written down.
type refusals struct {
	mu        sync.Mutex
	counts    map[string]Refusal
	strangers int    // to sources that there are not
	named     string // the last of those
	writtenAt time.Time
}

// add counts one and reports whether it is time to write.
func (c *refusals) add(source string, known bool, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known {
		if c.counts == nil {
			c.counts = map[string]Refusal{}
		}
		c.counts[source] = Refusal{Source: source, Count: c.counts[source].Count + 1, At: now}
	} else {
		c.strangers++
		c.named = shorten(source)
	}
	if now.Sub(c.writtenAt) < refusedEvery {
		return false
	}
	c.writtenAt = now
	return true
}

func (c *refusals) take() (list []Refusal, strangers int, named string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.counts {
		list = append(list, r)
	}
	strangers, named = c.strangers, c.named
	c.counts, c.strangers, c.named = nil, 0, ""
	return list, strangers, named
}

// refuseDelivery tells the operator, and nobody else, why a delivery was refused.
func (s *Server) refuseDelivery(ctx context.Context, source string, known bool) error {
	if s.refusals.add(source, known, s.o.Clock()) {
		s.writeRefusals(ctx)
	}
	return fail(Unauthorized, "no source of this name takes a delivery signed like this: check the name in the address, and the secret at both ends")
}

// refusalsLimit is how long writing them down may take.
const refusalsLimit = 10 * time.Second

// writeRefusals writes down what was refused since the last time, though whoever asked has gone meanwhile. That it cannot is no reason to
// answer otherwise.
func (s *Server) writeRefusals(ctx context.Context) {
	list, strangers, named := s.refusals.take()
	if strangers > 0 {
		s.o.Logger.Warn("deliveries refused: no source of this name takes webhooks; it needs a type that does, and a webhook_secret",
			slog.String("source", named), slog.Int("deliveries", strangers))
	}
	if len(list) == 0 {
		return
	}
	for _, r := range list {
		s.o.Logger.Warn("deliveries refused: not signed with the webhook_secret of the source, or too long ago", slog.String("source", r.Source), slog.Int("deliveries", r.Count))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalsLimit)
	defer cancel()
	if err := s.o.Store.Refuse(ctx, list); err != nil {
		s.o.Logger.Error("counting refused deliveries", slog.Any("error", err))
	}
}
