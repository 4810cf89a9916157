package alertmanager_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/alertmanager"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

// api answers with the alerts of a list as Alertmanager's version 2 does.
func api(list *[]map[string]any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v2/alerts" {
			http.NotFound(w, r)
			return
		}
		answer := []map[string]any{}
		for _, pushed := range *list {
			a := maps.Clone(pushed)
			if text, plain := a["status"].(string); plain {
				a["status"] = map[string]any{"state": map[bool]string{true: "active", false: text}[text == "firing"], "silencedBy": []string{}, "inhibitedBy": []string{}}
			}
			a["endsAt"], a["updatedAt"], a["receivers"] = "2026-03-02T23:00:00.000Z", a["startsAt"], []any{map[string]any{"name": "shiphabit"}}
			answer = append(answer, a)
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
}

func asked(t *testing.T, address string, clock func() time.Time) collector.Source {
	t.Helper()
	client, err := collector.NewClient(collector.Host{
		Name: "alerts", URL: address, Headers: map[string]string{"Authorization": "Bearer " + sourcetest.Token}, Access: "leave to read alerts", Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return alertmanager.NewSource(alertmanager.Options{Source: "alerts"}, client, clock)
}

func TestTheReadingSurvivesWhateverAlertmanagerDoes(t *testing.T) {
	t.Parallel()
	list := []map[string]any{firing(monday, "service=shop"), with(firing(monday, "service=desk"), "fingerprint", "b1")}
	sourcetest.Faults(t, sourcetest.Host{Handler: api(&list), Open: asked, Access: "leave to read alerts"})
}

func TestWhatIsAskedForIsTheSameAsWhatIsPushed(t *testing.T) {
	t.Parallel()
	list := []map[string]any{firing(monday, "service=shop", "env=prod", "severity=high"), firing(monday, "alertname=Watchdog", "service=shop")}
	server := httptest.NewServer(api(&list))
	defer server.Close()
	page, err := asked(t, server.URL, time.Now).Pull(t.Context(), "")
	if err != nil || len(page.Events) != 1 {
		t.Fatalf("%d events, %v", len(page.Events), err)
	}
	if p := pushed(t, alertmanager.Options{}, group(list[0])); p.Events[0].Digest() != page.Events[0].Digest() {
		t.Errorf("asked for it is\n%s, pushed\n%s", page.Events[0].Payload, p.Events[0].Payload)
	}
}

func TestAnIncidentWhoseEndWasNotPushedEndsAtTheReadingThatMissesIt(t *testing.T) {
	t.Parallel()
	noon := at(t, "2026-03-02T12:00:00Z")
	now := noon
	list := []map[string]any{firing(monday, "service=shop")}
	server := httptest.NewServer(api(&list))
	defer server.Close()
	source, store := asked(t, server.URL, func() time.Time { return now }), &sourcetest.Memory{}
	state := func(minutes int, alerts ...map[string]any) metrics.Incident {
		t.Helper()
		now, list = noon.Add(time.Duration(minutes)*time.Minute), alerts
		if err := collector.NewEngine().Run(t.Context(), source, store, nil); err != nil {
			t.Fatal(err)
		}
		return incident(t, metrics.Merge(store.Events()))
	}
	fires := firing(monday, "service=shop")
	if i := state(0, fires); !i.ResolvedAt.IsZero() {
		t.Fatalf("it fires and is %+v", i)
	}
	if i := state(5); !i.ResolvedAt.IsZero() {
		t.Errorf("missing once, it may be that Alertmanager has just started: %+v", i)
	}
	if i := state(10, fires); !i.ResolvedAt.IsZero() {
		t.Errorf("it fires again: %+v", i)
	}
	if i := state(15, with(firing(monday, "service=shop"), "status", "suppressed")); !i.ResolvedAt.IsZero() {
		t.Errorf("silenced it is not over: %+v", i)
	}
	state(20)
	i := state(25)
	if !i.ResolvedAt.Equal(noon.Add(20 * time.Minute)) {
		t.Errorf("missing twice, it is resolved at %v", i.ResolvedAt)
	}
	if got := state(30); got.ResolvedAt != i.ResolvedAt || len(store.Events()) != 3 {
		t.Errorf("%d events in the end", len(store.Events()))
	}
	late := pushed(t, alertmanager.Options{}, group(resolved("2026-03-02T12:16:40Z", fires))).Events
	if i := incident(t, metrics.Merge(append(store.Events(), late...))); !i.ResolvedAt.Equal(at(t, "2026-03-02T12:16:40Z")) {
		t.Errorf("the push knows the time, and it is resolved at %v", i.ResolvedAt)
	}
}

func TestAnAlertThatGoesOnAfterItWasHeldForEndedIsNotOver(t *testing.T) {
	t.Parallel()
	noon := at(t, "2026-03-02T12:00:00Z")
	now := noon
	list := []map[string]any{}
	server := httptest.NewServer(api(&list))
	defer server.Close()
	source, store := asked(t, server.URL, func() time.Time { return now }), &sourcetest.Memory{}
	fires, all := firing(monday, "service=shop"), []metrics.Event{}
	state := func(minutes int, alerts ...map[string]any) metrics.Incident {
		t.Helper()
		now, list = noon.Add(time.Duration(minutes)*time.Minute), alerts
		if err := collector.NewEngine().Run(t.Context(), source, store, nil); err != nil {
			t.Fatal(err)
		}
		return incident(t, metrics.Merge(append(store.Events(), all...)))
	}
	state(0, fires)
	state(5)
	if i := state(10); !i.ResolvedAt.Equal(noon.Add(5 * time.Minute)) {
		t.Fatalf("missing twice it is %+v", i)
	}
	if i := state(600, fires); !i.ResolvedAt.IsZero() {
		t.Errorf("it fires with its old start and is %+v", i)
	}
	all = pushed(t, alertmanager.Options{}, group(resolved("2026-03-02T22:02:00Z", fires))).Events
	if i := state(605); !i.ResolvedAt.Equal(noon.Add(602 * time.Minute)) {
		t.Fatalf("its end was pushed and it is %+v", i)
	}
	if i := state(610, fires); !i.ResolvedAt.IsZero() {
		t.Errorf("after a push of its end it fires and is %+v", i)
	}
	state(620)
	if i := state(625); !i.ResolvedAt.Equal(noon.Add(620 * time.Minute)) {
		t.Errorf("missing again it is %+v", i)
	}
}

func TestASilencedAlertBeginsNoIncident(t *testing.T) {
	t.Parallel()
	list := []map[string]any{with(firing(monday, "service=shop"), "status", "suppressed"), with(firing(monday, "team=x"), "fingerprint", "b2")}
	server := httptest.NewServer(api(&list))
	defer server.Close()
	page, err := asked(t, server.URL, time.Now).Pull(t.Context(), "")
	if err != nil || len(page.Events) != 0 || len(page.SetAside) != 1 || !strings.Contains(page.SetAside[0].Reason, "names no service") {
		t.Errorf("it gives %+v, %v", page, err)
	}
}

func TestACursorOfAnotherVersionIsNoNewStart(t *testing.T) {
	t.Parallel()
	for _, saved := range []string{"x", `{"v":2}`} {
		if _, err := asked(t, "http://127.0.0.1:1", time.Now).Pull(t.Context(), saved); collector.TroubleOf(err) != collector.Outdated {
			t.Errorf("%q gives %v", saved, err)
		}
	}
}
