package alertmanager

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// Source asks an Alertmanager which alerts fire now, so that a push that was lost is made good. Alertmanager keeps no history: an alert
// that fired and ended between two readings is known by its push alone.
type Source struct {
	options Options
	client  *collector.Client
	clock   func() time.Time
}

// NewSource returns a source that reads alerts by the options.
func NewSource(o Options, client *collector.Client, clock func() time.Time) *Source {
	return &Source{o.withDefaults(), client, clock}
}

// Name is the source's name.
func (s *Source) Name() string { return s.options.Source }

// cursor holds the incidents that are open, by id, and those that were held for ended and may turn out to go on.
type cursor struct {
	Version int             `json:"v"`
	Open    map[string]open `json:"open,omitempty"`
	Ended   map[string]open `json:"ended,omitempty"`
}

// open is an incident whose end is not known.
type open struct {
	Service   string    `json:"service"`
	StartedAt time.Time `json:"started_at"`
	// GoneAt is the reading at which it no longer fired. It takes a second one to believe that: an Alertmanager that starts anew knows
	// nothing until Prometheus tells it again.
	GoneAt time.Time `json:"gone_at,omitzero"`
	// AgainAt is the last reading at which it fired after it had been missing.
	AgainAt time.Time `json:"again_at,omitzero"`
}

// remembered is how long an incident that was held for ended is known: a Prometheus that was cut off tells of an alert by its old start
// once it is back.
const remembered = 3 * 24 * time.Hour

const cursorVersion = 1

// known is an alert as the API gives it.
type known struct {
	alert
	Status struct {
		State string `json:"state"`
	} `json:"status"`
}

// Pull reads the alerts that fire. One that fired before and does so no more ended at some time between; the push that tells the time goes
// before the time of the reading, which is all that can be said without it.
func (s *Source) Pull(ctx context.Context, at string) (collector.Page, error) {
	c, err := parseCursor(s.Name(), at)
	if err != nil {
		return collector.Page{}, err
	}
	began := s.clock().UTC().Truncate(time.Millisecond)
	var all []known
	if _, err := s.client.JSON(ctx, "api/v2/alerts", nil, &all); err != nil {
		return collector.Page{}, err
	}
	next := cursor{Version: cursorVersion, Open: map[string]open{}, Ended: map[string]open{}}
	found := s.firing(all, c, next, began)
	s.gone(&found, c, next, began)
	for i := range found.Events {
		found.Events[i].Live = at != ""
	}
	return collector.Page{
		Events: found.Events, SetAside: found.SetAside, Next: next.text(), Done: len(all), Total: len(all), Doing: "alerts that fire", Watermark: began,
	}, nil
}

// firing makes incidents of the alerts. One that is silenced begins none, and goes on if it had begun before. Of one that had been missing
// it is stated that it is not over, by the time of the reading: somebody may have held it for ended meanwhile.
func (s *Source) firing(all []known, before, next cursor, now time.Time) collector.Pushed {
	var found collector.Pushed
	for _, k := range all {
		a := k.alert
		o, began := before.Open[a.id()]
		_, over := before.Ended[a.id()]
		missed := over || !o.GoneAt.IsZero()
		if o.GoneAt = (time.Time{}); began {
			next.Open[a.id()] = o
		}
		if k.Status.State == "suppressed" || s.options.ignores(a) {
			continue
		}
		a.Status, a.EndsAt = "firing", time.Time{} // until when the API says it fires is a guess of Alertmanager's
		had := len(found.Events)
		s.options.take(&found, a, "")
		if len(found.Events) == had {
			continue
		}
		o.Service, o.StartedAt = s.options.incident(a, "").Service, start(a)
		if missed {
			o.AgainAt = now
			found.Events[had] = collector.Clear(found.Events[had], "resolved_at")
			found.Events[had].UpdatedAt = now
		}
		next.Open[a.id()] = o
	}
	return found
}

// gone ends the incidents that no longer fire. Such an event states no order beyond that it is after the last time they fired again, so that
// whatever states one goes before it.
func (s *Source) gone(found *collector.Pushed, before, next cursor, now time.Time) {
	for _, id := range slices.Sorted(maps.Keys(before.Open)) {
		o := before.Open[id]
		if _, fires := next.Open[id]; fires {
			continue
		}
		if o.GoneAt.IsZero() {
			o.GoneAt = now
			next.Open[id] = o
			continue
		}
		e := metrics.NewEvent(s.Name(), metrics.Incident{ID: id, Service: o.Service, StartedAt: o.StartedAt, ResolvedAt: o.GoneAt})
		if !o.AgainAt.IsZero() {
			e.UpdatedAt, e.Sequence = o.AgainAt, 1
		}
		found.Take("alert "+id, e)
		next.Ended[id] = o
	}
	for id, o := range before.Ended {
		if _, fires := next.Open[id]; !fires && now.Sub(o.GoneAt) < remembered {
			next.Ended[id] = o
		}
	}
}

func (c cursor) text() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // times and strings only
	}
	return string(text)
}

func parseCursor(source, saved string) (cursor, error) {
	c := cursor{Version: cursorVersion}
	var err error
	if saved != "" {
		err = json.Unmarshal([]byte(saved), &c)
	}
	if err == nil && c.Version != cursorVersion {
		err = fmt.Errorf("version %d", c.Version)
	}
	if err != nil {
		return c, collector.OtherVersion(source, err)
	}
	return c, nil
}
