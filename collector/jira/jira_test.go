package jira

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
)

func TestJiraIsASource(t *testing.T) {
	t.Parallel()
	for _, api := range []string{Cloud, Server} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(someTickets())
			t.Cleanup(server.Close)
			sourcetest.Run(t, func(t *testing.T) collector.Source { return open(t, server.URL, noon, whole(api)) })
		})
	}
}

func TestJiraSurvivesWhateverTheHostDoes(t *testing.T) {
	t.Parallel()
	for _, api := range []string{Cloud, Server} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			h := someTickets()
			h.shown = 3
			sourcetest.Faults(t, sourcetest.Host{Handler: h, Access: "read:jira-work", Open: func(t *testing.T, address string, clock func() time.Time) collector.Source {
				return open(t, address, clock, whole(api))
			}})
		})
	}
}

func TestATicketIsAnIncident(t *testing.T) {
	t.Parallel()
	for _, api := range []string{Cloud, Server} {
		i := read(t, someTickets(), whole(api)).incident("10001")
		if i.Service != "shop" || i.Environment != "live" || i.Severity != 2 || i.Deployment != "17/4711" || i.Revision != "aaa1" || i.Title != "Bücher 📚 are slow" || i.DetectedBy != "human" {
			t.Errorf("%s: it reads %+v", api, i)
		}
		if !i.StartedAt.Equal(at("2026-02-02T09:00:00Z")) || !i.AcknowledgedAt.Equal(at("2026-02-02T09:10:00Z")) || !i.ResolvedAt.Equal(at("2026-02-02T10:00:00Z")) {
			t.Errorf("%s: its times are %+v", api, i)
		}
		if i.URL != "https://acme.atlassian.net/browse/OPS-1" || !slices.Equal(i.Labels, []string{"service-api"}) {
			t.Errorf("%s: it reads %+v", api, i)
		}
	}
}

func TestAChangeTicketIsAnApproval(t *testing.T) {
	t.Parallel()
	h := someTickets()
	h.issues[8]["changelog"] = object{"histories": []any{moved("2026-02-22T11:00:00.000+0000", "Declined"), moved("2026-02-22T10:00:00.000+0000", "Approved")}}
	h.issues[9]["changelog"] = object{"histories": []any{}}
	r := read(t, h, whole(Cloud))
	if a := r.approval("10020"); a.Deployment != "17/4711" || a.Decision != "granted" || a.Approver != "5b1" || !a.DecidedAt.Equal(at("2026-02-21T09:30:00Z")) || !a.RequestedAt.Equal(at("2026-02-21T09:00:00Z")) {
		t.Errorf("it reads %+v", a)
	}
	if a := r.approval("10021"); a.Decision != "refused" || !a.DecidedAt.Equal(at("2026-02-22T11:00:00Z")) {
		t.Errorf("decided twice it reads %+v", a)
	}
	if a := r.approval("10022"); a.Decision != "" || !a.DecidedAt.IsZero() {
		t.Errorf("not decided it reads %+v", a)
	}
}

func TestAChangeTicketThatNamesNoDeploymentIsSetAside(t *testing.T) {
	t.Parallel()
	h := someTickets()
	fields(h.issues[7])["customfield_1"] = nil
	r := read(t, h, whole(Cloud))
	if a := r.Store.SetAside(); len(a) != 1 || a[0].Record != "ticket CHG-20" || !strings.Contains(a[0].Reason, "customfield_1") {
		t.Errorf("set aside %+v", a)
	}
}

func TestALateChangeIsSeen(t *testing.T) {
	t.Parallel()
	for _, api := range []string{Cloud, Server} {
		h := someTickets()
		f := fields(h.issues[2])
		f["resolutiondate"], f["status"] = nil, object{"name": "Open", "statusCategory": object{"key": "new"}}
		r := read(t, h, whole(api))
		if i := r.incident("10002"); !i.ResolvedAt.IsZero() {
			t.Errorf("%s: open it reads %+v", api, i)
		}
		r.change(func(*host) {
			f["resolutiondate"], f["updated"] = "2026-02-27T10:00:00.000+0000", "2026-02-27T10:00:00.000+0000"
		})
		if got := r.Again(); len(got) != 1 || !got[0].Live || !r.incident("10002").ResolvedAt.Equal(at("2026-02-27T10:00:00Z")) {
			t.Errorf("%s: %d events; it reads %+v", api, len(got), r.incident("10002"))
		}
		r.change(func(*host) {
			f["resolutiondate"], f["updated"] = nil, "2026-02-28T10:00:00.000+0000"
		})
		if r.Again(); !r.incident("10002").ResolvedAt.IsZero() {
			t.Errorf("%s: reopened it reads %+v", api, r.incident("10002"))
		}
		if last := r.queries[len(r.queries)-2]; !strings.Contains(last, "updated >= 17") {
			t.Errorf("%s: the query is %s", api, last)
		}
	}
}

// TestATicketThatChangesWhileItIsReadPushesNoneAside changes a ticket of the first page between two pages.
func TestATicketThatChangesWhileItIsReadPushesNoneAside(t *testing.T) {
	t.Parallel()
	h := someTickets()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	o := whole(Server)
	o.Approvals, o.Since = "", at("2026-01-01T00:00:00Z")
	source, cursor, seen := open(t, server.URL, noon, o), "", map[string]bool{}
	for more := true; more; {
		p, err := source.Pull(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Events {
			seen[e.ID] = true
		}
		fields(h.issues[0])["updated"] = "2026-03-01T10:00:00.000+0000"
		cursor, more = p.Next, p.More
	}
	if len(seen) != 7 {
		t.Errorf("%d of 7 tickets were read", len(seen))
	}
}

// TestATicketThatLeavesTheQueryWhileItIsReadPushesNoneAside takes tickets of the first page away between two pages.
func TestATicketThatLeavesTheQueryWhileItIsReadPushesNoneAside(t *testing.T) {
	t.Parallel()
	for gone := 1; gone < 4; gone++ {
		h := someTickets()
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		o := whole(Server)
		o.Approvals = ""
		source, cursor, seen := open(t, server.URL, noon, o), "", map[string]bool{}
		for pages, more := 0, true; more && pages < 50; pages++ {
			p, err := source.Pull(t.Context(), cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range p.Events {
				seen[e.ID] = true
			}
			if pages == 1 {
				h.issues = h.issues[gone:]
			}
			cursor, more = p.Next, p.More
		}
		for id := gone; id < 7; id++ {
			if !seen[strconv.Itoa(10000+id)] {
				t.Errorf("with %d gone, ticket %d is not read", gone, id)
			}
		}
	}
}

func TestALongHistoryIsReadWhole(t *testing.T) {
	t.Parallel()
	h := someTickets()
	h.shown = 1
	if i := read(t, h, whole(Cloud)).incident("10001"); !i.AcknowledgedAt.Equal(at("2026-02-02T09:10:00Z")) {
		t.Errorf("it reads %+v", i)
	}
}

func TestAWorkflowWithoutResolutionsEndsWithItsLastMove(t *testing.T) {
	t.Parallel()
	h := someTickets()
	delete(fields(h.issues[1]), "resolutiondate")
	if i := read(t, h, whole(Cloud)).incident("10001"); !i.ResolvedAt.Equal(at("2026-02-02T10:00:00Z")) {
		t.Errorf("it reads %+v", i)
	}
}

func TestTheServiceStandsWhereTheOptionsSay(t *testing.T) {
	t.Parallel()
	bare := ticket(1, "OPS", "Incident")
	fields(bare)["components"], fields(bare)["labels"], fields(bare)["customfield_9"] = []any{}, []any{}, nil
	full := ticket(2, "OPS", "Incident")
	fields(full)["customfield_9"] = []any{object{"value": "till"}}
	for _, c := range []struct{ field, full, bare string }{
		{"", "shop", "OPS"}, {"component", "shop", "OPS"}, {"project", "OPS", "OPS"}, {"label:service-", "api", "OPS"}, {"customfield_9", "till", "OPS"},
	} {
		o := whole(Cloud)
		o.ServiceField = c.field
		r := read(t, &host{issues: []object{full, bare, ticket(20, "CHG", "Change")}}, o)
		if f, b := r.incident("10002").Service, r.incident("10001").Service; f != c.full || b != c.bare {
			t.Errorf("by %q: %q and %q", c.field, f, b)
		}
	}
}

func TestSeverityIsThatOfThePriority(t *testing.T) {
	t.Parallel()
	r := reader{Options{Severities: map[string]string{"Really bad": "1"}}}
	for priority, want := range map[string]int{"really bad": 1, "Highest": 1, "Major": 2, "Medium": 3, "Trivial": 4, "P2": 2, "Sev 9": 4, "Custom": 0, "": 0} {
		if got := r.severity(priority); got != want {
			t.Errorf("%q gives %d, want %d", priority, got, want)
		}
	}
}

func TestTextsAreFoundInWhateverAFieldHolds(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"x"`: "x", `17`: "17", `null`: "", `{"value":"live"}`: "live", `{"name":"n"}`: "n", `[{"value":"a"},{"value":"b"}]`: "a", `[]`: "", `true`: "",
		`{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"17/"},{"type":"text","text":"4711"}]}]}`: "17/4711",
	} {
		if got := (issue{Fields: map[string]jsonText{"f": jsonText(raw)}}).text("f"); got != want {
			t.Errorf("%s gives %q, want %q", raw, got, want)
		}
	}
}

func TestTheInterfaceIsKnownByTheAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://acme.atlassian.net/": Cloud, "https://api.atlassian.com/ex/jira/1/": Cloud, "https://jira.example.com/": Server, "https://atlassian.net.example.com/": Server,
	} {
		at, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := apiOf(at); got != want {
			t.Errorf("%s is %s", address, got)
		}
	}
}

func TestWhatCannotBeAskedIsRefusedInWords(t *testing.T) {
	t.Parallel()
	for sentence, o := range map[string]Options{
		"no query":                {},
		"an order of its own":     {Incidents: "project = OPS order  BY key"},
		"approvals without field": {Approvals: "project = CHG"},
		"another interface":       {Incidents: "project = OPS", API: "soap"},
	} {
		if _, err := New(nil, o); collector.TroubleOf(err) != collector.Unreadable {
			t.Errorf("%s gives %v", sentence, err)
		}
	}
}

func TestAMalformedTicketIsSetAsideAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	h := someTickets()
	h.issues[1]["changelog"] = object{"histories": []any{object{"created": "yesterday"}}}
	h.issues[2]["id"] = 7
	fields(h.issues[3])["components"], fields(h.issues[3])["project"] = nil, nil
	r := read(t, h, whole(Cloud))
	if len(r.Store.Events()) != 7 || len(r.Store.SetAside()) != 3 {
		t.Errorf("%d events, set aside %+v", len(r.Store.Events()), r.Store.SetAside())
	}
}

func TestAMovedTicketStaysOneRecord(t *testing.T) {
	t.Parallel()
	r := read(t, someTickets(), whole(Cloud))
	r.change(func(h *host) {
		h.issues[0]["key"], fields(h.issues[0])["updated"] = "OPS-900", "2026-02-27T10:00:00.000+0000"
	})
	if got := r.Again(); len(got) != 1 || got[0].ID != "10000" {
		t.Errorf("it reads %+v", got)
	}
}

func TestADeletedProjectIsToldInJirasWords(t *testing.T) {
	t.Parallel()
	h := someTickets()
	h.issues = h.issues[:7]
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	store := &sourcetest.Memory{}
	err := collector.NewEngine().Run(t.Context(), open(t, server.URL, noon, whole(Cloud)), store, nil)
	if err == nil || !strings.Contains(err.Error(), "does not exist for the field 'project'") || len(store.Events()) != 7 {
		t.Errorf("%d events and %v", len(store.Events()), err)
	}
}

func TestAnEmptyQueryIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	o := whole(Cloud)
	o.Incidents, o.Approvals = "project = EMPTY", ""
	r := read(t, someTickets(), o)
	if len(r.Store.Events()) != 0 || !r.Store.Watermark("jira").Equal(noon()) {
		t.Errorf("%d events, watermark %v", len(r.Store.Events()), r.Store.Watermark("jira"))
	}
}

func TestACancelledReadingEndsAtOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(someTickets())
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, server.URL, noon, whole(Cloud)).Pull(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("it gives %v", err)
	}
}

func TestATokenIsPresentedAsItsHostWants(t *testing.T) {
	t.Parallel()
	if got := Headers("ada@example.com", "secret")["Authorization"]; got != "Basic YWRhQGV4YW1wbGUuY29tOnNlY3JldA==" {
		t.Errorf("a user's token is %q", got)
	}
	if got := Headers("", "secret")["Authorization"]; got != "Bearer secret" {
		t.Errorf("a token alone is %q", got)
	}
}
