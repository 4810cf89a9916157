package collector_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

// tickets is a small host: two lists of records, some of which are still open, in pages.
type tickets struct {
	client *collector.Client
	page   int
}

type ticket struct {
	ID      int       `json:"id"`
	Updated time.Time `json:"updated"`
	Closed  time.Time `json:"closed,omitzero"`
}

func (h tickets) feed(list string) collector.Feed {
	read := func(batch *collector.Batch, t ticket) {
		id := strconv.Itoa(t.ID)
		e := metrics.NewEvent("host", metrics.Incident{ID: list + id, Service: list, StartedAt: t.Updated.Add(-time.Hour), ResolvedAt: t.Closed})
		if t.Closed.IsZero() {
			batch.Open = append(batch.Open, id)
		} else {
			batch.Closed = append(batch.Closed, id)
		}
		batch.Events = append(batch.Events, e)
		if t.Updated.After(batch.Newest) {
			batch.Newest = t.Updated
		}
	}
	return collector.Feed{
		Name: list, Title: "tickets of " + list, Overlap: time.Hour,
		Read: func(ctx context.Context, from collector.Position) (collector.Batch, error) {
			var all []ticket
			var batch collector.Batch
			query := url.Values{"since": {from.Since.Format(time.RFC3339)}, "page": {from.Page}, "size": {strconv.Itoa(h.page)}}
			header, err := h.client.JSON(ctx, list, query, &all)
			for _, t := range all {
				read(&batch, t)
			}
			batch.Next = header.Get("X-Next-Page")
			return batch, err
		},
		Again: func(ctx context.Context, id string) (collector.Batch, error) {
			var t ticket
			var batch collector.Batch
			if _, err := h.client.JSON(ctx, list+"/"+id, nil, &t); err != nil {
				return batch, err
			}
			read(&batch, t)
			return batch, nil
		},
	}
}

// ticketHost answers with the tickets of two lists, those changed since a time, by pages.
func ticketHost(lists map[string][]ticket) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, id, one := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		var answer any
		if one {
			i := slices.IndexFunc(lists[name], func(t ticket) bool { return strconv.Itoa(t.ID) == id })
			if i < 0 {
				http.NotFound(w, r)
				return
			}
			answer = lists[name][i]
		} else {
			since, _ := time.Parse(time.RFC3339, r.FormValue("since"))
			size, _ := strconv.Atoi(r.FormValue("size"))
			page, _ := strconv.Atoi(r.FormValue("page"))
			var some []ticket
			for _, t := range lists[name] {
				if !t.Updated.Before(since) {
					some = append(some, t)
				}
			}
			from := min(page*size, len(some))
			to := min(from+size, len(some))
			if to < len(some) {
				w.Header().Set("X-Next-Page", strconv.Itoa(page+1))
			}
			answer = append([]ticket{}, some[from:to]...)
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
}

func day(n int) time.Time { return time.Date(2026, 2, n, 0, 0, 0, 0, time.UTC) }

func someTickets() map[string][]ticket {
	lists := map[string][]ticket{}
	for i := range 7 {
		t := ticket{ID: i, Updated: day(i + 1), Closed: day(i + 1)}
		if i == 2 {
			t.Closed = time.Time{}
		}
		lists["shop"] = append(lists["shop"], t)
		lists["desk"] = append(lists["desk"], t)
	}
	return lists
}

func openTickets(t *testing.T, address string, clock func() time.Time) collector.Source {
	t.Helper()
	client, err := collector.NewClient(collector.Host{
		Name: "host", URL: address, Headers: map[string]string{"Authorization": "Bearer " + sourcetest.Token}, Access: "read_tickets", Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	h := tickets{client: client, page: 3}
	return &collector.Feeds{Source: "host", Clock: clock, Budget: client.Budget, List: func(context.Context) ([]collector.Feed, error) {
		return []collector.Feed{h.feed("shop"), h.feed("desk")}, nil
	}}
}

func TestFeedsAreASource(t *testing.T) {
	t.Parallel()
	server := serve(t, ticketHost(someTickets()))
	clock := func() time.Time { return day(20) }
	sourcetest.Run(t, func(t *testing.T) collector.Source { return openTickets(t, server, clock) })
}

func TestFeedsSurviveWhateverTheHostDoes(t *testing.T) {
	t.Parallel()
	sourcetest.Faults(t, sourcetest.Host{Handler: ticketHost(someTickets()), Open: openTickets, Access: "read_tickets"})
}

func TestARecordLeftOpenIsAskedForAgainUntilItCloses(t *testing.T) {
	t.Parallel()
	lists := someTickets()
	server, store := serve(t, ticketHost(lists)), &sourcetest.Memory{}
	run := func() int {
		t.Helper()
		before := len(store.Events())
		if err := engine().Run(t.Context(), openTickets(t, server, func() time.Time { return day(20) }), store, nil); err != nil {
			t.Fatal(err)
		}
		return len(store.Events()) - before
	}
	if got := run(); got != 14 {
		t.Fatalf("%d events, want 14", got)
	}
	lists["shop"][2].Closed = day(9) // the host does not show the change in its list
	if got := run(); got != 1 {
		t.Errorf("%d new events once it is closed, want 1", got)
	}
	last := store.Events()[14]
	if v, _ := last.Incident(); !v.ResolvedAt.Equal(day(9)) || !last.Live {
		t.Errorf("it reads %+v, live %v", v, last.Live)
	}
	if first := store.Events()[0]; first.Live {
		t.Error("what the first reading brings was not seen as it happened, and is said to be")
	}
	lists["desk"] = slices.Delete(lists["desk"], 2, 3) // an open one is deleted
	if got := run(); got != 0 || len(store.SetAside()) != 1 {
		t.Errorf("%d new events, %d set aside, once an open record is gone", got, len(store.SetAside()))
	}
	if got := run(); got != 0 || len(store.SetAside()) != 1 {
		t.Errorf("it is asked for again: %d set aside", len(store.SetAside()))
	}
}

func TestAForbiddenListIsToldOnceTheOthersAreRead(t *testing.T) {
	t.Parallel()
	host := ticketHost(someTickets())
	server, store := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/shop" {
			http.Error(w, `{"message":"insufficient_scope"}`, http.StatusForbidden)
			return
		}
		host.ServeHTTP(w, r)
	})), &sourcetest.Memory{}
	err := engine().Run(t.Context(), openTickets(t, server, func() time.Time { return day(20) }), store, nil)
	if collector.TroubleOf(err) != collector.Forbidden || !strings.Contains(fmt.Sprint(err), "read_tickets") {
		t.Errorf("it gives %v", err)
	}
	if len(store.Events()) != 7 || !store.Watermark("host").IsZero() {
		t.Errorf("%d events of the other list, watermark %v", len(store.Events()), store.Watermark("host"))
	}
}

func TestTheWatermarkIsTheBeginningOfTheReading(t *testing.T) {
	t.Parallel()
	store := &sourcetest.Memory{}
	now := day(20)
	clock := func() time.Time { now = now.Add(time.Minute); return now }
	source := openTickets(t, serve(t, ticketHost(someTickets())), clock)
	if err := engine().Run(t.Context(), source, store, nil); err != nil {
		t.Fatal(err)
	}
	if got := store.Watermark("host"); !got.Equal(day(20).Add(time.Minute)) {
		t.Errorf("watermark %v", got)
	}
}
