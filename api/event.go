package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shiphabit/internal/exposition"
	"shiphabit/metrics"
)

// eventStore keeps neutral events. Append stores all of them or none, and each revision once.
type eventStore interface {
	Append(ctx context.Context, events []metrics.Event) (Appended, error)
}

// Appended counts what was stored anew and what was there before.
type Appended struct{ New, Known int }

// eventsResponse says what became of the events sent.
type eventsResponse struct {
	New    int             `json:"new"`
	Known  int             `json:"known"`
	Faults []metrics.Fault `json:"faults"`
}

// maxFaults is how many faults an answer lists; fault_count tells how many there are.
const maxFaults = 1000

// liveWithin is how old an event may be to count as having reached us as it happened. What is older is a backfill: when it
// was known is then assumed from its own times, so that loading a history does not look like a storm of news.
const liveWithin = 24 * time.Hour

func (s *Server) eventRoutes() []route {
	return []route{{
		method: http.MethodPost, path: "/api/v1/events", scope: Ingest, handle: s.addEvents,
		summary: "Store neutral events: one object, an array, or JSON Lines. The good ones are stored together, and each once however " +
			"often it is sent; if any is bad the answer is 422 and lists every fault with its line (or place in the array) and field",
		query:    []parameter{{"source", "the source of events that name none; import when left out"}},
		request:  map[string]any{"type": "deployment"},
		response: eventsResponse{},
	}}
}

func (s *Server) addEvents(r request) (reply, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return reply{}, unreadable(err)
	}
	lines, err := asLines(body)
	if err != nil {
		return reply{}, err
	}
	var events []metrics.Event
	live := s.o.Clock().Add(-liveWithin)
	faults, err := metrics.DecodeLines(bytes.NewReader(lines), r.URL.Query().Get("source"), func(e metrics.Event) error {
		e.Live = !newest(e).Before(live)
		events = append(events, e)
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	if len(events) == 0 && len(faults) == 0 {
		return reply{}, fail(Invalid, "the body holds no event; send one as a JSON object, several as an array or one a line")
	}
	var stored Appended
	if len(events) > 0 {
		if stored, err = s.o.Store.Append(r.Context(), events); err != nil {
			return reply{}, err
		}
	}
	s.exposition.Received(exposition.ViaAPI, stored.New+stored.Known, len(faults))
	if len(faults) > 0 {
		return reply{}, faulty(stored, faults)
	}
	return reply{JSON: eventsResponse{New: stored.New, Known: stored.Known, Faults: []metrics.Fault{}}}, nil
}

func faulty(stored Appended, faults []metrics.Fault) error {
	return &Error{
		Kind: Mismatch,
		Detail: fmt.Sprintf("%s, the first in %s. The other events are stored (%d new, %d known before): correct these and send them again",
			faultsOf(len(faults)), faults[0], stored.New, stored.Known),
		Faults: faults[:min(len(faults), maxFaults)],
		More:   map[string]any{"new": stored.New, "known": stored.Known, "fault_count": len(faults)},
	}
}

func faultsOf(n int) string {
	if n == 1 {
		return "1 fault"
	}
	return strconv.Itoa(n) + " faults"
}

// asLines brings a body into JSON Lines: the elements of an array become lines, one object written over several lines becomes
// one. Anything else is left as it is, for the decoder to judge line by line.
func asLines(body []byte) ([]byte, error) {
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(trimmed) == 0 {
		return nil, nil
	}
	var lines bytes.Buffer
	switch {
	case trimmed[0] == '[':
		var elements []json.RawMessage
		if err := json.Unmarshal(trimmed, &elements); err != nil {
			return nil, fail(Invalid, "the array cannot be read: "+strings.TrimPrefix(err.Error(), "json: ")+"; nothing was stored")
		}
		for _, element := range elements {
			if err := json.Compact(&lines, element); err != nil {
				return nil, err
			}
			lines.WriteByte('\n')
		}
	case bytes.ContainsAny(trimmed, "\r\n") && json.Valid(trimmed):
		if err := json.Compact(&lines, trimmed); err != nil {
			return nil, err
		}
	default:
		return body, nil
	}
	return lines.Bytes(), nil
}

// newest is the latest time that an event states; zero for types whose time of knowledge matters to nobody.
func newest(e metrics.Event) time.Time {
	var times []time.Time
	switch e.Type {
	case metrics.TypeDeployment:
		d, _ := e.Deployment() // the decoder has just made it: it can be read
		times = []time.Time{d.CreatedAt, d.StartedAt, d.FinishedAt}
	case metrics.TypeIncident:
		i, _ := e.Incident()
		times = []time.Time{i.StartedAt, i.DetectedAt, i.AcknowledgedAt, i.ResolvedAt}
	case metrics.TypeVerdict:
		v, _ := e.Verdict()
		times = []time.Time{v.At}
	case metrics.TypeApproval:
		a, _ := e.Approval()
		times = []time.Time{a.RequestedAt, a.DecidedAt}
	default:
	}
	latest := e.UpdatedAt
	for _, t := range times {
		if t.After(latest) {
			latest = t
		}
	}
	return latest
}
