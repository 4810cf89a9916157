package pagerduty

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

func TestPagerDutyIsASource(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(someIncidents())
	t.Cleanup(server.Close)
	sourcetest.Run(t, func(t *testing.T) collector.Source { return source1(t, server.URL, noon, Options{}) })
}

func TestPagerDutySurvivesWhateverTheHostDoes(t *testing.T) {
	t.Parallel()
	sourcetest.Faults(t, sourcetest.Host{Handler: someIncidents(), Access: "incidents.read", Open: func(t *testing.T, address string, clock func() time.Time) collector.Source {
		return source1(t, address, clock, Options{Since: at("2026-01-01T00:00:00Z")})
	}})
}

func TestAnIncidentIsReadWithWhatItsLogSays(t *testing.T) {
	t.Parallel()
	r := read(t, someIncidents(), Options{Services: map[string]string{"Shop API": "shop"}})
	i := r.incident("P1")
	if i.Service != "shop" || i.Environment != "live" || i.Severity != 2 || i.DetectedBy != "monitor" || i.Revision != "aaa1" || i.Deployment != "17" || i.Title != "Bücher 📚 are slow" {
		t.Errorf("it reads %+v", i)
	}
	if !i.StartedAt.Equal(at("2026-02-11T09:00:00Z")) || !i.DetectedAt.Equal(i.StartedAt) || !i.AcknowledgedAt.Equal(at("2026-02-11T09:05:00Z")) || !i.ResolvedAt.Equal(at("2026-02-11T10:00:00Z")) {
		t.Errorf("its times are %+v", i)
	}
	if i := r.incident("P3"); !i.ResolvedAt.IsZero() || i.URL != "https://acme.pagerduty.com/incidents/P3" {
		t.Errorf("an open one reads %+v", i)
	}
}

func TestAnOpenIncidentIsAskedForUntilItIsResolved(t *testing.T) {
	t.Parallel()
	r := read(t, someIncidents(), Options{})
	r.change(func(h *host) {
		h.incidents[3]["status"], h.incidents[3]["updated_at"] = "acknowledged", "2026-02-13T09:07:00Z"
		h.incidents[3]["acknowledgements"] = []any{object{"at": "2026-02-13T09:07:00Z"}}
	})
	if r.Again(); !r.incident("P3").AcknowledgedAt.Equal(at("2026-02-13T09:07:00Z")) {
		t.Errorf("acknowledged it reads %+v", r.incident("P3"))
	}
	r.change(func(h *host) {
		over(h.incidents[3], "2026-03-01T10:00:00Z")
		h.incidents[3]["acknowledgements"] = []any{}
	})
	if got := r.Again(); len(got) != 1 || !got[0].Live || !r.incident("P3").ResolvedAt.Equal(at("2026-03-01T10:00:00Z")) {
		t.Errorf("resolved it reads %+v", r.incident("P3"))
	}
	if got := r.Again(); len(got) != 0 {
		t.Errorf("then it reads %+v", got)
	}
}

// TestAnOpenIncidentIsNotTakenForKnown resolves one at a time long before the latest change that is known: a first reading may take hours.
func TestAnOpenIncidentIsNotTakenForKnown(t *testing.T) {
	t.Parallel()
	r := read(t, someIncidents(), Options{})
	r.change(func(h *host) { over(h.incidents[3], "2026-02-13T11:00:00Z") })
	if r.Again(); !r.incident("P3").ResolvedAt.Equal(at("2026-02-13T11:00:00Z")) {
		t.Errorf("it reads %+v", r.incident("P3"))
	}
}

func TestAReopenedIncidentIsOpenAgain(t *testing.T) {
	t.Parallel()
	r := read(t, someIncidents(), Options{})
	r.change(func(h *host) {
		i := h.incidents[6]
		i["status"], i["resolved_at"], i["updated_at"], i["last_status_change_at"] = "triggered", nil, "2026-02-17T08:00:00Z", "2026-02-17T08:00:00Z"
	})
	if r.Again(); !r.incident("P6").ResolvedAt.IsZero() {
		t.Errorf("it reads %+v", r.incident("P6"))
	}
}

func TestAnOpenIncidentThatIsDeletedIsSetAside(t *testing.T) {
	t.Parallel()
	h := someIncidents()
	h.incidents[0] = raised("P0", "2026-01-10T09:00:00Z")
	r := read(t, h, Options{})
	r.change(func(h *host) { h.incidents = h.incidents[1:] })
	for range 2 {
		if got := r.Again(); len(got) != 0 || len(r.Store.SetAside()) != 1 {
			t.Errorf("%d events, set aside %+v", len(got), r.Store.SetAside())
		}
	}
}

func TestWhatIsKnownCostsNoFurtherQuestion(t *testing.T) {
	t.Parallel()
	r := read(t, someIncidents(), Options{})
	r.change(func(h *host) { h.asked = nil })
	r.Again()
	logs := slices.DeleteFunc(r.asked, func(path string) bool { return !strings.HasSuffix(path, "/log_entries") })
	if logs = slices.Compact(logs); len(logs) > 1 { // the latest one is
		t.Errorf("the logs are asked for again: %v", logs)
	}
}

func TestAMergedIncidentNamesTheOtherOne(t *testing.T) {
	t.Parallel()
	h := someIncidents()
	h.incidents[2]["resolve_reason"] = object{"type": "merge_resolve_reason", "incident": object{"id": "P1"}}
	if i := read(t, h, Options{}).incident("P2"); !slices.Equal(i.Labels, []string{"merged into P1"}) || i.ResolvedAt.IsZero() {
		t.Errorf("it reads %+v", i)
	}
}

func TestWhatTriggeredItIsAMonitorOrAPerson(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ agent, channel, want string }{
		{"user_reference", "website", "human"},
		{"user_reference", "email", "human"},
		{"service_reference", "email", "monitor"},
		{"inbound_integration_reference", "api", "monitor"},
		{"", "web_trigger", "human"},
		{"", "nagios", "monitor"},
		{"", "email", ""},
		{"", "", ""},
	} {
		var i incident
		i.FirstTrigger.Agent.Type, i.FirstTrigger.Channel.Type = c.agent, c.channel
		if got := i.detectedBy(); got != c.want {
			t.Errorf("%q by %q gives %q, want %q", c.agent, c.channel, got, c.want)
		}
	}
}

func TestARevisionOfDigitsIsKeptAsItIsWritten(t *testing.T) {
	t.Parallel()
	d := detailsOf([]byte(`{"revision": 20260302, "version": 1.10, "deployment": 17}`))
	if got := []string{d.text("revision"), d.text("version"), d.text("deployment")}; !slices.Equal(got, []string{"20260302", "1.10", "17"}) {
		t.Errorf("it reads %q", got)
	}
}

func TestSeverityIsThatOfThePriorityElseOfTheUrgency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		priority, urgency string
		want              int
	}{
		{"P1", "low", 1}, {"P5", "high", 4}, {"SEV-3", "", 3}, {"Critical", "", 1}, {"moderate", "", 3},
		{"Custom", "high", 2}, {"", "low", 4}, {"", "", 0}, {"P0", "", 0},
	} {
		if got := severity(c.priority, c.urgency); got != c.want {
			t.Errorf("%q, %q gives %d, want %d", c.priority, c.urgency, got, c.want)
		}
	}
}

func TestChangeEventsAreDeploymentsWhereTheyCarryARevision(t *testing.T) {
	t.Parallel()
	h := someIncidents()
	h.incidents = nil
	h.changes = append(h.changes,
		changed("01B", "2026-02-20T10:00:00Z", object{"build_state": "passed"}),
		changed("01C", "2026-02-20T11:00:00Z", object{"revision": "aaa2", "environment": "live", "result": "failure", "repository": "acme/shop"}),
		changed("01D", "2026-02-20T11:00:00Z", object{"revision": "aaa2"}),
		changed("01E", "2026-02-20T11:00:00Z", object{"revision": "aaa2", "environment": "live", "status": "started"}),
		changed("01F", "2026-02-20T12:00:00Z", nil))
	r := read(t, h, Options{})
	if len(r.Store.Events()) != 2 || len(r.Store.SetAside()) != 4 {
		t.Fatalf("%d events, set aside %+v", len(r.Store.Events()), r.Store.SetAside())
	}
	d, err := r.Store.Events()[0].Deployment()
	if err != nil || d.ID != "01A" || d.Service != "Shop API" || d.Revision != "aaa1" || d.Environment != "live" || d.Status != metrics.Succeeded || d.URL != "https://ci.example.com/2" || !d.FinishedAt.Equal(at("2026-02-20T09:00:00Z")) {
		t.Errorf("it reads %+v (%v)", d, err)
	}
	if d, _ := r.Store.Events()[1].Deployment(); d.Status != metrics.Failed || d.Repository != "acme/shop" {
		t.Errorf("a failed one reads %+v", d)
	}
	if !strings.Contains(r.Store.SetAside()[0].Reason, "carry no revision") {
		t.Errorf("the reason is %q", r.Store.SetAside()[0].Reason)
	}
}

func TestALongHistoryIsReadInWindows(t *testing.T) {
	t.Parallel()
	h := someIncidents()
	h.incidents = append([]object{over(raised("P99", "2023-05-01T09:00:00Z"), "2023-05-01T10:00:00Z")}, h.incidents...)
	if r := read(t, h, Options{}); r.incident("P99").ID != "P99" || len(r.Store.Events()) != 9 {
		t.Errorf("%d events", len(r.Store.Events()))
	}
	if r := read(t, h, Options{Since: at("2026-02-12T00:00:00Z")}); len(r.Store.Events()) != 6 {
		t.Errorf("since February %d events", len(r.Store.Events()))
	}
}

// TestAWindowWithTooMuchIsReadInParts follows the pages of a list of 25,000 records within an hour.
func TestAWindowWithTooMuchIsReadInParts(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		ordered bool
		most    int
	}{"in order of time": {true, 300}, "in no order": {false, 4000}} {
		if seen, pages := follow(t, c.ordered); seen != 25_000 || pages > c.most {
			t.Errorf("%s: %d of 25000 in %d pages", sentence, seen, pages)
		}
	}
	if _, full := (window{start: noon(), span: narrowest, offset: deepest - pageSize}).next(got{held: pageSize, more: true}, widest, noon()); !full {
		t.Error("a minute with too much is not told")
	}
}

func follow(t *testing.T, ordered bool) (seen, pages int) {
	t.Helper()
	start, read := at("2026-02-01T00:00:00Z"), map[int]bool{}
	created := func(i int) time.Time { return start.Add(time.Duration(i) * 3600 * time.Second / 25_000) }
	for page := first(start, widest, noon()).String(); page != "" && pages < 10_000; pages++ {
		w, err := parseWindow(page)
		if err != nil || w.offset+pageSize > deepest {
			t.Fatalf("page %q: %v", page, err)
		}
		begin := sort.Search(25_000, func(i int) bool { return !created(i).Before(w.start) })
		end := sort.Search(25_000, func(i int) bool { return !created(i).Before(w.end()) })
		from := min(begin+w.offset, end)
		to := min(from+pageSize, end)
		for i := from; i < to; i++ {
			read[i] = true
		}
		g := got{held: to - from, more: to < end}
		if ordered && to > from {
			g.last = created(to - 1)
		}
		var full bool
		if page, full = w.next(g, widest, noon()); full {
			t.Fatal("a window is given up")
		}
	}
	return len(read), pages
}

func TestAMalformedIncidentIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	h := someIncidents()
	h.incidents[1]["service"] = "odd"
	h.incidents[2]["service"] = nil
	r := read(t, h, Options{})
	if len(r.Store.Events()) != 6 || len(r.Store.SetAside()) != 2 || r.Store.SetAside()[0].Record != "incident P1" {
		t.Errorf("%d events, set aside %+v", len(r.Store.Events()), r.Store.SetAside())
	}
}

func TestAnEmptyAccountIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	r := read(t, &host{}, Options{})
	if len(r.Store.Events()) != 0 || !r.Store.Watermark("pager").Equal(noon()) {
		t.Errorf("%d events, watermark %v", len(r.Store.Events()), r.Store.Watermark("pager"))
	}
}

func TestAClockThatIsBehindLosesNothing(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(someIncidents())
	t.Cleanup(server.Close)
	store := &sourcetest.Memory{}
	behind := func() time.Time { return at("2026-02-16T00:00:00Z") } // the last incident is in its future
	if err := collector.NewEngine().Run(t.Context(), source1(t, server.URL, behind, Options{}), store, nil); err != nil {
		t.Fatal(err)
	}
	if merged(t, store.Events(), "P6").ID != "P6" {
		t.Errorf("%d events", len(store.Events()))
	}
}

func TestARenamedServiceGoesOnUnderTheNameOfItsID(t *testing.T) {
	t.Parallel()
	h := someIncidents()
	h.incidents[0]["service"] = object{"id": "PSHOP", "summary": "Old Shop"}
	r := read(t, h, Options{Services: map[string]string{"PSHOP": "shop"}})
	for _, id := range []string{"P0", "P1"} {
		if got := r.incident(id).Service; got != "shop" {
			t.Errorf("%s is of %q", id, got)
		}
	}
}

func TestACancelledReadingEndsAtOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(someIncidents())
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source1(t, server.URL, noon, Options{}).Pull(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("it gives %v", err)
	}
}
