package collector_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// switched answers as the ticket host does, but for what the switch answers itself.
func switched(lists map[string][]ticket, instead func(w http.ResponseWriter, r *http.Request) bool) http.Handler {
	host := ticketHost(lists)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !instead(w, r) {
			host.ServeHTTP(w, r)
		}
	})
}

func runFeeds(t *testing.T, address string, store collector.Store) error {
	t.Helper()
	return engine().Run(t.Context(), openTickets(t, address, func() time.Time { return day(20) }), store, nil)
}

func TestAListThatIsMissingIsToldAndKeepsTheWatermarkWhereItIs(t *testing.T) {
	t.Parallel()
	store := &sourcetest.Memory{}
	err := runFeeds(t, serve(t, switched(someTickets(), func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/shop" {
			return false
		}
		http.NotFound(w, r)
		return true
	})), store)
	if err == nil || !strings.Contains(err.Error(), "tickets of shop: ") || len(store.Events()) != 7 || !store.Watermark("host").IsZero() || store.TroubleOf("host") == "" {
		t.Errorf("%v, %d events, watermark %v", err, len(store.Events()), store.Watermark("host"))
	}
}

func TestARecordThatCannotBeAskedForAgainKeepsNoOtherOpenOneFromIt(t *testing.T) {
	t.Parallel()
	lists := someTickets()
	lists["shop"][1].Closed = time.Time{}
	broken := false
	store := &sourcetest.Memory{}
	address := serve(t, switched(lists, func(w http.ResponseWriter, r *http.Request) bool {
		if broken && r.URL.Path == "/shop/1" {
			http.Error(w, "no", http.StatusForbidden)
			return true
		}
		return false
	}))
	if err := runFeeds(t, address, store); err != nil {
		t.Fatal(err)
	}
	broken = true
	lists["shop"][2].Closed = day(9)
	if err := runFeeds(t, address, store); err != nil {
		t.Fatal(err)
	}
	if len(store.Events()) != 15 || len(store.SetAside()) != 1 || !strings.Contains(store.SetAside()[0].Record, "tickets of shop 1") {
		t.Errorf("%d events, set aside %+v", len(store.Events()), store.SetAside())
	}
	broken = false
	lists["shop"][1].Closed = day(10)
	if err := runFeeds(t, address, store); err != nil || len(store.Events()) != 16 {
		t.Errorf("%v, %d events once it can be asked for", err, len(store.Events()))
	}
}

func TestAListThatAlwaysFailsKeepsNoOtherFromBeingRead(t *testing.T) {
	t.Parallel()

	e := engine()
	e.Pause = collector.Pause{First: time.Microsecond, Ceiling: time.Microsecond, Rand: func() float64 { return 0 }}
	store := &sourcetest.Memory{}
	address := serve(t, switched(someTickets(), func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/shop" {
			http.Error(w, "broken", http.StatusInternalServerError)
			return true
		}
		return false
	}))
	err := e.Run(t.Context(), openTickets(t, address, func() time.Time { return day(20) }), store, nil)
	if err == nil || !strings.Contains(err.Error(), "tickets of shop: ") || len(store.Events()) != 7 {
		t.Errorf("%v, %d events of the other list", err, len(store.Events()))
	}
}

func TestTheFirstRecordOfAListThatWasEmptyIsSeenAsItHappens(t *testing.T) {
	t.Parallel()
	lists := map[string][]ticket{"shop": {}, "desk": {}}
	address, store := serve(t, ticketHost(lists)), &sourcetest.Memory{}
	if err := runFeeds(t, address, store); err != nil {
		t.Fatal(err)
	}
	lists["shop"] = []ticket{{ID: 1, Updated: day(3), Closed: day(3)}}
	if err := runFeeds(t, address, store); err != nil || len(store.Events()) != 1 || !store.Events()[0].Live {
		t.Errorf("%v, %+v", err, store.Events())
	}
}

func TestOfManyListsAPageGathersSeveralAndThoseThatAreGoneAreForgotten(t *testing.T) {
	t.Parallel()
	lists := map[string][]ticket{}
	names := make([]string, 300)
	for i := range names {
		names[i] = fmt.Sprintf("list%03d", i)
		lists[names[i]] = []ticket{{ID: i, Updated: day(3), Closed: day(3)}}
	}
	client := client(t, collector.Host{URL: serve(t, ticketHost(lists))})
	source := &collector.Feeds{Source: "host", Clock: func() time.Time { return day(20) }, List: func(context.Context) ([]collector.Feed, error) {
		var feeds []collector.Feed
		for _, name := range names {
			feeds = append(feeds, tickets{client: client, page: 3}.feed(name))
		}
		return feeds, nil
	}}
	store, pages := &sourcetest.Memory{}, 0
	if err := engine().Run(t.Context(), source, store, func(collector.Page) { pages++ }); err != nil || len(store.Events()) != 300 {
		t.Fatalf("%v, %d events", err, len(store.Events()))
	}
	if pages > 5 {
		t.Errorf("%d pages for 300 lists of one record", pages)
	}
	names = names[:10]
	if err := engine().Run(t.Context(), source, store, nil); err != nil {
		t.Fatal(err)
	}
	if cursor, _ := store.Cursor(t.Context(), "host"); strings.Contains(cursor, "list011") || !strings.Contains(cursor, "list009") {
		t.Errorf("the place is kept of what is gone: %.200s", cursor)
	}
}

func FuzzFeedCursor(f *testing.F) {
	f.Add(`{"v":1,"feeds":{"shop":{"since":"2026-02-01T00:00:00Z","open":["1"]}}}`)
	f.Add(`{"v":1,"at":"desk","feeds":{}}`)
	f.Add("no cursor of ours")
	server := httptest.NewServer(ticketHost(someTickets()))
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, cursor string) {
		source := openTickets(t, server.URL, func() time.Time { return day(20) })
		page, err := source.Pull(t.Context(), cursor)
		if err != nil {
			return
		}
		// Whatever place it goes on from, it comes to an end, at a place that it can go on from.
		for range 100 {
			if !page.More {
				return
			}
			if page, err = source.Pull(t.Context(), page.Next); err != nil {
				t.Fatalf("a place of its own is refused: %v", err)
			}
		}
		t.Fatal("it does not come to an end")
	})
}
