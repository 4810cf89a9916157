package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"shiphabit/internal/exposition"
	"shiphabit/metrics"
)

// Hook reads what the host of one source pushes. It knows the secrets of that source.
type Hook interface {
	// Authentic reports whether somebody sent the delivery who knows a secret of the source.
	Authentic(header http.Header, body []byte) bool
	// Delivery is the host's id of a delivery, "" where it gives none.
	Delivery(header http.Header, body []byte) string
	// Parse reads a delivery.
	Parse(header http.Header, body []byte) Pushed
}

// Pushed is what a delivery says.
type Pushed struct {
	// Kind is the host's word for it.
	Kind   string
	Events []metrics.Event
	// SetAside are records that could not be turned into an event. Ignored says why there is nothing of interest.
	SetAside []SetAside
	Ignored  string
}

// deliveryStore keeps what was pushed. Deliver returns once all of it is on the disk.
type deliveryStore interface {
	Deliver(ctx context.Context, d Delivery) (Delivered, error)
	Deliveries(ctx context.Context, source, cursor string, limit int) (list []Received, next string, err error)
	// Refuse adds to the counts of refused deliveries.
	Refuse(ctx context.Context, refusals []Refusal) error
}

// Delivery is what a host pushed, with the header and body that are kept when it cannot be read whole.
type Delivery struct {
	Source, ID string
	Pushed
	Header map[string][]string
	Body   []byte
}

// Delivered says what became of a delivery. Repeated tells that it had come before, and that nothing was done.
type Delivered struct {
	Appended
	Repeated bool
}

// deliveryResponse answers a host, and whoever looks at its list of deliveries.
type deliveryResponse struct {
	Delivery string `json:"delivery"`
	Kind     string `json:"kind,omitempty"`
	// Outcome is stored, set aside, ignored, or known for a delivery that had come before.
	Outcome  string     `json:"outcome"`
	New      int        `json:"new"`
	Known    int        `json:"known"`
	SetAside []SetAside `json:"set_aside"`
	Ignored  string     `json:"ignored,omitempty"`
}

// maxDelivery is the largest body of a delivery, in bytes: the largest that GitHub sends.
const maxDelivery = 25 << 20

// maxAsideShown is how many records set aside an answer lists.
const maxAsideShown = 100

// takeDelivery takes what a host pushes: who sent it is looked at before anything is read of it, and it is answered when it is stored. What
// could be stored in part is answered with 200 as well, for the host would send nothing better again. Whether there is a source of the name is
// not told, nor is it kept from somebody with a stopwatch: a name opens nothing.
func (s *Server) takeDelivery(r request) (reply, error) {
	if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
		return reply{}, fail(Forbidden, "a browser sends this; a webhook is sent by a program")
	}
	if r.ContentLength > maxDelivery {
		return reply{}, tooLarge(maxDelivery)
	}
	source := r.param("source")
	if take, found := s.hookByName(source); found {
		body, done, err := readDelivery(r, &s.strangers)
		defer done()
		if err != nil {
			return reply{}, err
		}
		return take(r, body)
	}
	hook, known := s.o.Hooks[source]
	if !known {
		r.readWithin(slowest) // what the server reads after the answer, too
		return reply{}, s.refuseDelivery(r.Context(), source, false)
	}
	rooms := &s.strangers
	if hook.Authentic(r.Header, nil) { // the secret itself stands in the header
		rooms = &s.proven
	}
	body, done, err := readDelivery(r, rooms)
	defer done()
	if err != nil {
		return reply{}, err
	}
	if !hook.Authentic(r.Header, body) {
		return reply{}, s.refuseDelivery(r.Context(), source, true)
	}
	return s.storeDelivery(r, hook, body)
}

func (s *Server) storeDelivery(r request, hook Hook, body []byte) (reply, error) {
	source := r.param("source")
	pushed := ReadDelivery(hook, source, r.Header, body)
	live := s.o.Clock().Add(-liveWithin)
	for i := range pushed.Events {
		pushed.Events[i].Live = !newest(pushed.Events[i]).Before(live)
	}
	d := Delivery{Source: source, ID: deliveryID(hook, r.Header, body), Pushed: pushed, Header: keptHeader(r.Header), Body: body}
	done, err := s.o.Store.Deliver(r.Context(), d)
	if err != nil {
		return reply{}, err
	}
	if !done.Repeated {
		s.exposition.Received(exposition.ViaWebhook, len(pushed.Events), len(pushed.SetAside))
	}
	if len(pushed.SetAside) > 0 && !done.Repeated {
		s.o.Logger.Warn("records of a delivery are set aside", slog.String("source", source), slog.String("delivery", d.ID),
			slog.Int("records", len(pushed.SetAside)), slog.String("first", pushed.SetAside[0].Reason))
	}
	return reply{JSON: answerDelivery(d, done)}, nil
}

func answerDelivery(d Delivery, done Delivered) deliveryResponse {
	answer := deliveryResponse{Delivery: d.ID, Kind: d.Kind, Outcome: "stored", New: done.New, Known: done.Known, SetAside: []SetAside{}}
	switch {
	case done.Repeated:
		answer.Outcome = "known"
		return answer
	case len(d.SetAside) > 0:
		answer.Outcome, answer.SetAside = "set aside", d.SetAside[:min(len(d.SetAside), maxAsideShown)]
	case len(d.Events) == 0:
		answer.Outcome, answer.Ignored = "ignored", d.Ignored
	}
	return answer
}

// ReadDelivery reads a delivery to a source. A fault of ours in it must not lose what the host sends once only: the delivery is set aside, so that
// it is kept and can be read again.
func ReadDelivery(hook Hook, source string, header http.Header, body []byte) (pushed Pushed) {
	defer func() {
		if trouble := recover(); trouble != nil {
			reason := fmt.Sprintf("this program has a fault and could not read it: %v\n%s", trouble, debug.Stack())
			pushed = Pushed{SetAside: []SetAside{{Record: "delivery", Reason: reason[:min(len(reason), 1500)]}}}
		}
	}()
	pushed = hook.Parse(header, body)
	pushed.keepTo(source)
	return pushed
}

// keepTo sets aside events of other sources: a secret opens the records of its own source only.
func (p *Pushed) keepTo(source string) {
	var own []metrics.Event
	for _, e := range p.Events {
		if e.Source == source {
			own = append(own, e)
			continue
		}
		p.SetAside = append(p.SetAside, SetAside{
			Record: string(e.Type) + " " + e.ID, Reason: fmt.Sprintf("it says that it belongs to the source %q; this address takes records of %q only", shorten(e.Source), source),
		})
	}
	p.Events = own
}

// deliveryID is the host's id of a delivery; where it gives none, or one that cannot be kept, a digest stands in.
func deliveryID(hook Hook, header http.Header, body []byte) string {
	id := hook.Delivery(header, body)
	switch {
	case id == "":
		return "body:" + shortDigest(body)
	case len(id) > 200, !utf8.ValidString(id), strings.ContainsRune(id, 0):
		return "id:" + shortDigest([]byte(id))
	}
	return id
}

func shortDigest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// keptHeader is what is kept of a header beside the body of a delivery that could not be read: the names of what was sent, and nothing
// that a secret or a proxy's token may stand in.
func keptHeader(header http.Header) map[string][]string {
	kept := map[string][]string{}
	for name, values := range header {
		name := strings.ToLower(name)
		says := func(words ...string) bool {
			for _, word := range words {
				if strings.Contains(name, word) {
					return true
				}
			}
			return false
		}
		if (strings.HasPrefix(name, "ce-") || says("content-type", "event", "delivery", "hook", "kind")) && !says("token", "secret", "signature", "auth", "cookie") {
			kept[http.CanonicalHeaderKey(name)] = values
		}
	}
	return kept
}
