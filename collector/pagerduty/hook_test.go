package pagerduty

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"testing"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// pushed is a webhook as PagerDuty sends it, about an incident of someIncidents.
func pushed(kind, occurred string, agent any, change object) []byte {
	data := object{
		"id": "P1", "type": "incident", "html_url": "https://acme.pagerduty.com/incidents/P1", "number": 2, "status": "triggered",
		"created_at": "2026-02-11T09:00:00Z", "title": "Bücher 📚 are slow", "urgency": "high", "resolve_reason": nil,
		"service": object{"id": "PSHOP", "type": "service_reference", "summary": "Shop API"}, "priority": object{"summary": "P2", "type": "priority_reference"},
	}
	for name, value := range change {
		data[name] = value
	}
	text, err := json.Marshal(object{"event": object{
		"id": "01BWDWL3NYY7LUFPZCC28QUCMK", "event_type": kind, "resource_type": "incident", "occurred_at": occurred, "agent": agent, "data": data,
	}})
	if err != nil {
		panic(err)
	}
	return text
}

func sign(body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

func TestAWebhookIsAuthenticByAnyOfItsSignaturesAndSecrets(t *testing.T) {
	t.Parallel()
	body := pushed("incident.triggered", "2026-02-11T09:00:00.123Z", nil, nil)
	for sentence, c := range map[string]struct {
		header  string
		secrets []string
		want    bool
	}{
		"signed with the secret":         {sign(body, "new"), []string{"new"}, true},
		"signed with the one before":     {sign(body, "old"), []string{"new", "old"}, true},
		"one of two signatures fits":     {sign(body, "other") + "," + sign(body, "new"), []string{"new"}, true},
		"with a space between":           {sign(body, "other") + ", " + sign(body, "new"), []string{"new"}, true},
		"signed with another":            {sign(body, "other"), []string{"new", "old"}, false},
		"of another version":             {"v2" + sign(body, "new")[2:], []string{"new"}, false},
		"not signed":                     {"", []string{"new"}, false},
		"signed with nothing":            {sign(body, ""), []string{""}, false},
		"no secret":                      {sign(body, "new"), nil, false},
		"cut off":                        {sign(body, "new")[:20], []string{"new"}, false},
		"letters that are no hex number": {"v1=zz", []string{"new"}, false},
		"the signature of another body":  {sign(body[1:], "new"), []string{"new"}, false},
	} {
		header := http.Header{}
		header.Set("X-PagerDuty-Signature", c.header)
		if got := NewHook(Options{}).Authentic(header, body, c.secrets); got != c.want {
			t.Errorf("%s: %v", sentence, got)
		}
	}
	if NewHook(Options{}).Authentic(http.Header{}, body, []string{"new"}) {
		t.Error("without a header it is authentic")
	}
}

// TestWebhooksAndPollingMeetOnTheSameRecord takes the life of an incident both ways, in either order.
func TestWebhooksAndPollingMeetOnTheSameRecord(t *testing.T) {
	t.Parallel()
	o := Options{Name: "pager"}
	h := NewHook(o)
	var told []metrics.Event
	for _, body := range [][]byte{
		pushed("incident.triggered", "2026-02-11T09:00:00.700Z", nil, nil),
		pushed("incident.acknowledged", "2026-02-11T09:05:00.700Z", object{"type": "user_reference"}, object{"status": "acknowledged"}),
		pushed("incident.acknowledged", "2026-02-11T09:30:00.700Z", object{"type": "user_reference"}, object{"status": "acknowledged"}), // the first counts
		pushed("incident.resolved", "2026-02-11T10:00:00.700Z", object{"type": "user_reference"}, object{"status": "resolved"}),
	} {
		p := h.Parse(nil, body)
		if len(p.Events) == 0 || len(p.SetAside) != 0 {
			t.Fatalf("%s gives %+v", body, p)
		}
		told = append(told, p.Events...)
	}
	r := read(t, someIncidents(), o)
	for _, events := range [][]metrics.Event{append(r.Store.Events(), told...), append(append([]metrics.Event{}, told...), r.Store.Events()...), told} {
		i := merged(t, events, "P1")
		if !i.AcknowledgedAt.Equal(at("2026-02-11T09:05:00Z")) || !i.ResolvedAt.Equal(at("2026-02-11T10:00:00Z")) || i.DetectedBy != "monitor" || i.Severity != 2 {
			t.Errorf("together they read %+v", i)
		}
	}
	reopened := h.Parse(nil, pushed("incident.reopened", "2026-02-11T11:00:00Z", nil, nil))
	if i := merged(t, append(told, reopened.Events...), "P1"); !i.ResolvedAt.IsZero() {
		t.Errorf("reopened it reads %+v", i)
	}
}

func TestAPersonWhoTriggersIsTold(t *testing.T) {
	t.Parallel()
	p := NewHook(Options{Name: "pager"}).Parse(nil, pushed("incident.triggered", "2026-02-11T09:00:00Z", object{"type": "user_reference", "id": "PXPGF42"}, nil))
	if i, _ := p.Events[0].Incident(); i.DetectedBy != "human" {
		t.Errorf("it reads %+v", i)
	}
}

func TestAWebhookIsKnownByTheIDOfItsEvent(t *testing.T) {
	t.Parallel()
	h := NewHook(Options{})
	if got := h.Delivery(nil, pushed("incident.triggered", "2026-02-11T09:00:00Z", nil, nil)); got != "01BWDWL3NYY7LUFPZCC28QUCMK" {
		t.Errorf("it is %q", got)
	}
	if got := h.Delivery(nil, []byte("{")); got != "" {
		t.Errorf("a broken one is %q", got)
	}
}

func TestWhatIsNotAboutAnIncidentIsIgnored(t *testing.T) {
	t.Parallel()
	h := NewHook(Options{Name: "pager"})
	for kind, change := range map[string]object{
		"pagey.ping": {"type": "ping"}, "service.updated": {"type": "service"}, "incident.annotated": {"type": "incident_note"},
	} {
		if p := h.Parse(nil, pushed(kind, "2026-02-11T09:00:00Z", nil, change)); p.Ignored == "" || p.Kind != kind || len(p.Events)+len(p.SetAside) > 0 {
			t.Errorf("%s gives %+v", kind, p)
		}
	}
}

func TestABrokenWebhookIsSetAside(t *testing.T) {
	t.Parallel()
	h := NewHook(Options{Name: "pager"})
	for sentence, body := range map[string][]byte{
		"no JSON":           []byte("{"),
		"no time":           pushed("incident.triggered", "0001-01-01T00:00:00Z", nil, nil),
		"an odd service":    pushed("incident.triggered", "2026-02-11T09:00:00Z", nil, object{"service": 7}),
		"a service of none": pushed("incident.triggered", "2026-02-11T09:00:00Z", nil, object{"service": nil}),
	} {
		if p := h.Parse(nil, body); len(p.SetAside) != 1 || len(p.Events) != 0 || p.SetAside[0].Reason == "" {
			t.Errorf("%s gives %+v", sentence, p)
		}
	}
}

// FuzzAWebhook holds the laws of reading a delivery: at most one record, sound or set aside, and the same each time; a second revision says when it was acknowledged.
func FuzzAWebhook(f *testing.F) {
	f.Add(pushed("incident.triggered", "2026-02-11T09:00:00Z", nil, nil))
	f.Add(pushed("incident.resolved", "2026-02-11T09:00:00Z", object{"type": "user_reference"}, object{"resolve_reason": object{"type": "merge_resolve_reason", "incident": object{"id": "P2"}}}))
	f.Add(pushed("incident.reopened", "2026-02-11T09:00:00Z", nil, nil))
	h := NewHook(Options{Name: "pager"})
	f.Fuzz(func(t *testing.T, body []byte) {
		soundOrAside(t, h.Parse(nil, body), h.Parse(nil, body))
		if h.Authentic(http.Header{"X-Pagerduty-Signature": {string(body)}}, body, []string{"secret"}) {
			t.Error("it signs itself")
		}
	})
}

// FuzzAnIncident holds the same of what the interface answers.
func FuzzAnIncident(f *testing.F) {
	for _, i := range someIncidents().incidents {
		text, _ := json.Marshal(i)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		take := func() (p collector.Pushed) {
			var i incident
			if json.Unmarshal(text, &i) == nil {
				p.Take("incident", open(Options{Name: "pager"}.event(i, earlier(i.CreatedAt, i.UpdatedAt))))
			}
			return p
		}
		soundOrAside(t, take(), take())
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
