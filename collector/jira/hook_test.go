package jira

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"shiphabit/collector"
	"shiphabit/metrics"
)

type jsonText = json.RawMessage

// webhook is a delivery as Jira sends it.
func webhook(event string, issue object, items ...any) []byte {
	text, err := json.Marshal(object{
		"timestamp": 1772445600250, "webhookEvent": event, "issue_event_type_name": "issue_generic", "user": object{"accountId": "5b1"},
		"issue": issue, "changelog": object{"id": "1", "items": items},
	})
	if err != nil {
		panic(err)
	}
	return text
}

func to(status string) object {
	return object{"field": "status", "fieldId": "status", "toString": status}
}

func sign(body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestAWebhookIsAuthenticByItsSignature(t *testing.T) {
	t.Parallel()
	body := webhook("jira:issue_created", ticket(1, "OPS", "Incident"))
	for sentence, c := range map[string]struct {
		header  string
		secrets []string
		want    bool
	}{
		"signed with the secret":     {sign(body, "new"), []string{"new"}, true},
		"signed with the one before": {sign(body, "old"), []string{"new", "old"}, true},
		"signed with another":        {sign(body, "other"), []string{"new", "old"}, false},
		"by another method":          {"sha1" + sign(body, "new")[6:], []string{"new"}, false},
		"not signed":                 {"", []string{"new"}, false},
		"signed with nothing":        {sign(body, ""), []string{""}, false},
		"no secret":                  {sign(body, "new"), nil, false},
		"another body":               {sign(body[1:], "new"), []string{"new"}, false},
		"no hex number":              {"sha256=zz", []string{"new"}, false},
	} {
		header := http.Header{}
		header.Set("X-Hub-Signature", c.header)
		if got := NewHook(Options{}).Authentic(header, body, c.secrets); got != c.want {
			t.Errorf("%s: %v", sentence, got)
		}
	}
}

func TestADeliveryIsKnownByJirasIdentifier(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	header.Set("X-Atlassian-Webhook-Identifier", "1f2")
	if got := NewHook(Options{}).Delivery(header, nil); got != "1f2" {
		t.Errorf("it is %q", got)
	}
}

// TestWebhooksAndSearchMeetOnTheSameRecord takes the last change of a ticket both ways, in either order.
func TestWebhooksAndSearchMeetOnTheSameRecord(t *testing.T) {
	t.Parallel()
	h := NewHook(whole(Cloud))
	r := read(t, someTickets(), whole(Cloud))
	// The webhook sees the ticket come into its status a second time and cannot know of the first.
	told := h.Parse(nil, webhook("jira:issue_updated", ticket(1, "OPS", "Incident"), to("In Progress")))
	if len(told.Events) != 2 || len(told.SetAside) != 0 {
		t.Fatalf("it gives %+v", told)
	}
	for _, events := range [][]metrics.Event{append(r.Store.Events(), told.Events...), append(append([]metrics.Event{}, told.Events...), r.Store.Events()...)} {
		i, err := merged(events, "10001").Incident()
		if err != nil || !i.AcknowledgedAt.Equal(at("2026-02-02T09:10:00Z")) || !i.ResolvedAt.Equal(at("2026-02-02T10:00:00Z")) {
			t.Errorf("together they read %+v (%v)", i, err)
		}
	}
	told = h.Parse(nil, webhook("jira:issue_updated", someTickets().issues[7], to("Approved")))
	if len(told.Events) != 1 {
		t.Fatalf("it gives %+v", told)
	}
	a, err := told.Events[0].Approval()
	if err != nil || a.ID != "10020" || a.Decision != "granted" || a.Approver != "5b1" || a.Deployment != "17/4711" || a.Ticket != "CHG-20" {
		t.Errorf("a change ticket reads %+v (%v)", a, err)
	}
}

func TestAReopenedTicketIsOpenAgain(t *testing.T) {
	t.Parallel()
	h := NewHook(whole(Cloud))
	again := ticket(1, "OPS", "Incident")
	f := fields(again)
	f["resolutiondate"], f["updated"], f["status"] = nil, "2026-02-20T10:00:00.000+0000", object{"name": "Open", "statusCategory": object{"key": "new"}}
	events := append(h.Parse(nil, webhook("jira:issue_updated", ticket(1, "OPS", "Incident"))).Events, h.Parse(nil, webhook("jira:issue_updated", again, to("Open"))).Events...)
	if i, err := merged(events, "10001").Incident(); err != nil || !i.ResolvedAt.IsZero() {
		t.Errorf("it reads %+v (%v)", i, err)
	}
}

func TestTheFirstAcknowledgementCountsInWhateverOrderWebhooksCome(t *testing.T) {
	t.Parallel()
	h := NewHook(whole(Cloud))
	moved := func(updated string) []metrics.Event {
		i := ticket(1, "OPS", "Incident")
		fields(i)["updated"] = updated
		return h.Parse(nil, webhook("jira:issue_updated", i, to("In Progress"))).Events
	}
	first, second := moved("2026-02-02T09:10:00.000+0000"), moved("2026-02-02T09:40:00.000+0000")
	for _, events := range [][]metrics.Event{slices.Concat(first, second), slices.Concat(second, first)} {
		if i, err := merged(events, "10001").Incident(); err != nil || !i.AcknowledgedAt.Equal(at("2026-02-02T09:10:00Z")) {
			t.Errorf("it reads %+v (%v)", i, err)
		}
	}
}

func TestAWebhookAboutAnotherProjectIsIgnored(t *testing.T) {
	t.Parallel()
	for query, taken := range map[string]bool{
		"project = OPS": true, `project = "ops" AND issuetype = Incident`: true, "project in (HR, OPS)": true, "priority = High": true, "project = 10100": true,
		"project = HR OR labels = incident": true, "project != HR": true, "project not in (HR)": true, "project in projectsLeadByUser()": true,
		`project = "Operations of shops"`: true, "project = HR": false, "issuetype = Incident and Project IN ('HR', DEV)": false, "project=OPSX": false,
	} {
		o, i := whole(Cloud), ticket(1, "OPS", "Incident")
		o.Incidents, fields(i)["project"] = query, object{"id": "10100", "key": "OPS", "name": "Operations of shops"}
		if p := NewHook(o).Parse(nil, webhook("jira:issue_created", i)); len(p.Events) == 1 != taken || (p.Ignored == "") != taken {
			t.Errorf("%s: %+v", query, p)
		}
	}
}

func TestWhatIsNeitherIncidentNorChangeIsIgnored(t *testing.T) {
	t.Parallel()
	h := NewHook(whole(Cloud))
	for sentence, body := range map[string][]byte{
		"a story":         webhook("jira:issue_created", ticket(1, "OPS", "Story")),
		"a sprint":        webhook("sprint_started", nil),
		"a deleted one":   webhook("jira:issue_deleted", ticket(1, "OPS", "Incident")),
		"a comment alone": webhook("comment_created", ticket(1, "OPS", "Incident")),
	} {
		if p := h.Parse(nil, body); p.Ignored == "" || len(p.Events)+len(p.SetAside) > 0 {
			t.Errorf("%s gives %+v", sentence, p)
		}
	}
	o := whole(Cloud)
	o.Approvals = ""
	if p := NewHook(o).Parse(nil, webhook("jira:issue_created", ticket(20, "CHG", "Change"))); p.Ignored == "" {
		t.Errorf("a change where only incidents are read gives %+v", p)
	}
}

func TestABrokenWebhookIsSetAside(t *testing.T) {
	t.Parallel()
	h := NewHook(whole(Cloud))
	timeless := ticket(1, "OPS", "Incident")
	delete(fields(timeless), "updated")
	for sentence, body := range map[string][]byte{
		"no JSON":  []byte("{"),
		"no issue": webhook("jira:issue_created", nil),
		"no time":  webhook("jira:issue_updated", timeless),
	} {
		if p := h.Parse(nil, body); len(p.SetAside) != 1 || len(p.Events) != 0 {
			t.Errorf("%s gives %+v", sentence, p)
		}
	}
}

// FuzzAWebhook holds the laws of reading a delivery: at most one record, sound or set aside, and the same each time; a second revision says when it was acknowledged.
func FuzzAWebhook(f *testing.F) {
	f.Add(webhook("jira:issue_created", ticket(1, "OPS", "Incident"), to("In Progress")))
	f.Add(webhook("jira:issue_updated", ticket(20, "CHG", "Change"), to("Approved")))
	h := NewHook(whole(Cloud))
	f.Fuzz(func(t *testing.T, body []byte) {
		soundOrAside(t, h.Parse(nil, body), h.Parse(nil, body))
		if h.Authentic(http.Header{"X-Hub-Signature": {string(body)}}, body, []string{"secret"}) {
			t.Error("it signs itself")
		}
	})
}

// FuzzATicket holds the same of what a search answers.
func FuzzATicket(f *testing.F) {
	for _, i := range someTickets().issues {
		text, _ := json.Marshal(i)
		f.Add(text)
	}
	r := reader{whole(Cloud).standard()}
	f.Fuzz(func(t *testing.T, text []byte) {
		i, err := parseIssue(text)
		if err != nil {
			return
		}
		for _, read := range []func(issue) (metrics.Event, string){r.incident, r.approval} {
			take := func() (p collector.Pushed) {
				if e, reason := read(i); reason == "" {
					p.Take(i.Key, asked(e))
				}
				return p
			}
			soundOrAside(t, take(), take())
		}
	})
}

func soundOrAside(t *testing.T, one, other collector.Pushed) {
	t.Helper()
	if len(one.SetAside) > 1 || len(one.Events) > 2 || len(one.Events) == 2 && one.Events[0].Key != one.Events[1].Key || len(one.Events) != len(other.Events) {
		t.Fatalf("it gives %+v, then %+v", one, other)
	}
	for i, e := range one.Events {
		if faults := metrics.Check(e); i == 0 && len(faults) > 0 || e.Digest() != other.Events[i].Digest() {
			t.Errorf("%s breaks the rules or changes: %v", e.Key, faults)
		}
	}
}
