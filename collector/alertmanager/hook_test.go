package alertmanager_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/alertmanager"
	"shiphabit/metrics"
)

// pushed parses a group of alerts with the hook of the options.
func pushed(t *testing.T, o alertmanager.Options, group map[string]any) collector.Pushed {
	t.Helper()
	body, err := json.Marshal(group)
	if err != nil {
		t.Fatal(err)
	}
	o.Source = "alerts"
	return alertmanager.NewHook(o).Parse(http.Header{}, body)
}

// group is a delivery as Alertmanager writes it.
func group(alerts ...map[string]any) map[string]any {
	return map[string]any{
		"version": "4", "groupKey": `{}:{service="shop"}`, "truncatedAlerts": 0, "status": "firing", "receiver": "shiphabit",
		"groupLabels": map[string]string{"service": "shop"}, "commonLabels": map[string]string{}, "commonAnnotations": map[string]string{},
		"externalURL": "http://alertmanager.example:9093", "alerts": alerts,
	}
}

// firing is an alert that fires since a time; labels are NAME=VALUE.
func firing(startsAt string, labels ...string) map[string]any {
	set := map[string]string{"alertname": "TooManyErrors"}
	for _, l := range labels {
		name, value, _ := strings.Cut(l, "=")
		set[name] = value
	}
	return map[string]any{
		"status": "firing", "labels": set, "annotations": map[string]string{"summary": "one answer in five is an error"},
		"startsAt": startsAt, "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus.example/graph?g0.expr=up", "fingerprint": "a1b2c3d4e5f60718",
	}
}

func with(alert map[string]any, key string, value any) map[string]any {
	alert[key] = value
	return alert
}

func resolved(endsAt string, alert map[string]any) map[string]any {
	return with(with(alert, "endsAt", endsAt), "status", "resolved")
}

func incident(t *testing.T, e metrics.Event) metrics.Incident {
	t.Helper()
	i, err := e.Incident()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

const monday = "2026-03-02T10:00:00.123Z"

func at(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestAFiringAlertIsAnIncidentThatAMonitorDetected(t *testing.T) {
	t.Parallel()
	p := pushed(t, alertmanager.Options{}, group(firing(monday, "service=shop", "env=prod", "severity=Critical", "version=1.2.3")))
	if len(p.Events) != 1 || len(p.SetAside) != 0 || p.Kind != "alerts firing" {
		t.Fatalf("it gives %+v", p)
	}
	e := p.Events[0]
	if e.ID != "a1b2c3d4e5f60718/2026-03-02T10:00:00.123Z" || e.Source != "alerts" || !e.UpdatedAt.Equal(at(t, monday)) {
		t.Errorf("it is %s of %v", e.Key, e.UpdatedAt)
	}
	want := metrics.Incident{
		ID: e.ID, Service: "shop", Environment: "prod", Severity: 1, StartedAt: at(t, monday), DetectedAt: at(t, monday), DetectedBy: "monitor",
		Title: "one answer in five is an error", URL: "http://prometheus.example/graph?g0.expr=up", Labels: []string{"alertname=TooManyErrors"},
	}
	got, _ := json.Marshal(incident(t, e))
	if text, _ := json.Marshal(want); string(got) != string(text) {
		t.Errorf("it reads\n%s, want\n%s", got, text)
	}
}

func TestEachFiringIsAnIncidentAndEndsAtItsOwnEnd(t *testing.T) {
	t.Parallel()
	const later = "2026-03-02T11:00:00Z"
	steps := []map[string]any{
		firing(monday, "service=shop"),
		resolved("2026-03-02T10:20:00Z", firing(monday, "service=shop")),
		firing(later, "service=shop"), // fires again: the fingerprint is the same, only the start differs
		resolved("2026-03-02T11:05:00Z", firing(later, "service=shop")),
	}
	for sentence, order := range map[string][]int{
		"as they come":          {0, 1, 2, 3},
		"repeated":              {0, 0, 1, 1, 2, 3, 3},
		"the resolutions first": {3, 1, 2, 0},
	} {
		var events []metrics.Event
		for _, i := range order {
			events = append(events, pushed(t, alertmanager.Options{}, group(steps[i])).Events...)
		}
		merged := metrics.MergeAll(events)
		if len(merged) != 2 {
			t.Fatalf("%s: %d incidents, want 2", sentence, len(merged))
		}
		for i, end := range []string{"2026-03-02T10:20:00Z", "2026-03-02T11:05:00Z"} {
			if got := incident(t, merged[i]); !got.ResolvedAt.Equal(at(t, end)) {
				t.Errorf("%s: incident %d is resolved at %v, want %s", sentence, i+1, got.ResolvedAt, end)
			}
		}
	}
}

func TestLabelsSayServiceEnvironmentAndSeverity(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		options  alertmanager.Options
		labels   []string
		expected metrics.Incident
	}{
		"service goes before app and job":             {labels: []string{"job=j", "app=a", "service=s"}, expected: metrics.Incident{Service: "s"}},
		"app goes before job":                         {labels: []string{"job=j", "app=a"}, expected: metrics.Incident{Service: "a"}},
		"an empty label is none":                      {labels: []string{"service=", "job=j"}, expected: metrics.Incident{Service: "j"}},
		"another label may name it":                   {alertmanager.Options{Service: []string{"team_service"}}, []string{"service=s", "team_service=t"}, metrics.Incident{Service: "t"}},
		"environment goes before env":                 {labels: []string{"service=s", "env=e", "environment=long"}, expected: metrics.Incident{Service: "s", Environment: "long"}},
		"error and high are 2":                        {labels: []string{"service=s", "severity=error"}, expected: metrics.Incident{Service: "s", Severity: 2}},
		"an unknown word says nothing":                {labels: []string{"service=s", "severity=page"}, expected: metrics.Incident{Service: "s"}},
		"a word of one's own has the number given":    {alertmanager.Options{Severities: map[string]int{"Page": 1}}, []string{"service=s", "severity=page"}, metrics.Incident{Service: "s", Severity: 1}},
		"words known anyway may be numbered anew":     {alertmanager.Options{Severities: map[string]int{"warning": 2}}, []string{"service=s", "severity=warning"}, metrics.Incident{Service: "s", Severity: 2}},
		"a deployment and a revision where asked for": {alertmanager.Options{Deployment: "deploy", Revision: "sha"}, []string{"service=s", "deploy=ci/7", "sha=abc"}, metrics.Incident{Service: "s", Deployment: "ci/7", Revision: "abc"}},
		"names are not only Latin":                    {labels: []string{"service=предзаказ-注文"}, expected: metrics.Incident{Service: "предзаказ-注文"}},
	} {
		p := pushed(t, c.options, group(firing(monday, c.labels...)))
		if len(p.Events) != 1 {
			t.Errorf("%s: it gives %+v", sentence, p)
			continue
		}
		i := incident(t, p.Events[0])
		got := metrics.Incident{Service: i.Service, Environment: i.Environment, Severity: i.Severity, Deployment: i.Deployment, Revision: i.Revision}
		a, _ := json.Marshal(got)
		if b, _ := json.Marshal(c.expected); string(a) != string(b) {
			t.Errorf("%s: %s, want %s", sentence, a, b)
		}
	}
}

func TestWhatCanBeNoIncidentIsSetAsideWithItsReasonAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	for reason, alert := range map[string]map[string]any{
		"it names no service":              firing(monday, "team=payments"),
		"it has no fingerprint":            with(firing(monday, "service=shop"), "fingerprint", ""),
		"it does not say when it started":  firing("0001-01-01T00:00:00Z", "service=shop"),
		"neither firing nor resolved":      with(firing(monday, "service=shop"), "status", "suppressed"),
		"does not say when":                with(firing(monday, "service=shop"), "status", "resolved"),
		"started_at":                       resolved("2026-03-01T00:00:00Z", firing(monday, "service=shop")), // ends before it starts
		"Alertmanager left out 3 of its a": nil,
	} {
		delivery := group(firing("2026-03-02T09:00:00Z", "service=shop"))
		if alert == nil {
			delivery["truncatedAlerts"] = 3
		} else {
			delivery = group(alert, firing("2026-03-02T09:00:00Z", "service=shop"))
		}
		p := pushed(t, alertmanager.Options{}, delivery)
		if len(p.Events) != 1 || len(p.SetAside) != 1 || !strings.Contains(p.SetAside[0].Reason, reason) || p.SetAside[0].Record == "" {
			t.Errorf("%q: %d events, set aside %+v", reason, len(p.Events), p.SetAside)
		}
	}
}

func TestAlertsThatShowTheMonitoringToBeAliveAreNoIncidents(t *testing.T) {
	t.Parallel()
	watchdog := func() map[string]any { return firing(monday, "service=shop", "alertname=Watchdog") }
	if p := pushed(t, alertmanager.Options{}, group(watchdog())); len(p.Events)+len(p.SetAside) != 0 || !strings.Contains(p.Ignored, "Watchdog") {
		t.Errorf("it gives %+v", p)
	}
	p := pushed(t, alertmanager.Options{Ignore: []string{"TooManyErrors"}}, group(watchdog(), firing(monday, "service=shop")))
	if len(p.Events) != 1 || !slices.Contains(incident(t, p.Events[0]).Labels, "alertname=Watchdog") {
		t.Errorf("with a list of one's own it gives %+v", p)
	}
	if p := pushed(t, alertmanager.Options{}, group()); p.Ignored == "" {
		t.Error("an empty group is not explained")
	}
}

func TestWhatIsNoDeliveryOfAnAlertmanagerIsSetAside(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "null", "[]", "{}", `{"version":"5"}`, `{"version":"4","alerts":"x"}`, "\xff"} {
		p := alertmanager.NewHook(alertmanager.Options{Source: "alerts"}).Parse(http.Header{}, []byte(body))
		if len(p.Events) != 0 || len(p.SetAside) != 1 {
			t.Errorf("%q gives %+v", body, p)
		}
	}
}

func TestWhoKnowsASecretIsLetIn(t *testing.T) {
	t.Parallel()
	basic := func(password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("anybody:"+password))
	}
	secrets := []string{"the new secret", "the old one", ""}
	for authorization, welcome := range map[string]bool{
		"Bearer the new secret":  true,
		"bearer the old one":     true,
		basic("the new secret"):  true,
		basic("the old one"):     true,
		"Bearer the new secret!": false,
		"Bearer ":                false,
		"Bearer":                 false,
		"":                       false,
		basic(""):                false,
		basic("the new"):         false,
		"the new secret":         false,
		"Token the new secret":   false,
	} {
		header := http.Header{}
		header.Set("Authorization", authorization)
		if got := (alertmanager.Hook{}).Authentic(header, nil, secrets); got != welcome {
			t.Errorf("%q is let in: %v", authorization, got)
		}
		if (alertmanager.Hook{}).Authentic(header, nil, nil) || (alertmanager.Hook{}).Authentic(header, nil, []string{""}) {
			t.Errorf("%q is let in where no secret is set", authorization)
		}
	}
}

// What a delivery says holds whatever the bytes: each event keeps the rules, is of this source, is an incident that names a service and
// ends no earlier than it starts, and the same bytes give the same events.
func FuzzParse(f *testing.F) {
	for _, g := range []map[string]any{
		group(firing(monday, "service=shop")),
		group(resolved("2026-03-02T10:20:00Z", firing(monday, "job=j", "severity=info")), firing("2026-03-02T10:00:00.123456789+02:00", "app=\u0000x")),
	} {
		body, _ := json.Marshal(g)
		f.Add(body)
	}
	f.Add([]byte(`{"version":"4","truncatedAlerts":-1,"alerts":[{"labels":null,"startsAt":"2026-03-02T10:00:00Z","fingerprint":"\n"}]}`))
	hook := alertmanager.NewHook(alertmanager.Options{Source: "alerts", Revision: "rev", Deployment: "dep"})
	f.Fuzz(func(t *testing.T, body []byte) {
		p := hook.Parse(http.Header{}, body)
		for i, e := range p.Events {
			v, err := e.Incident()
			if err != nil || e.Source != "alerts" || v.Service == "" || v.StartedAt.IsZero() || !v.ResolvedAt.IsZero() && v.ResolvedAt.Before(v.StartedAt) {
				t.Errorf("event %s is %+v, %v", e.Key, v, err)
			}
			if faults := metrics.Check(e); len(faults) > 0 {
				t.Errorf("event %s: %v", e.Key, faults)
			}
			if again := hook.Parse(http.Header{}, body).Events[i]; again.Digest() != e.Digest() {
				t.Errorf("the same bytes give another event for %s", e.Key)
			}
		}
		for _, s := range p.SetAside {
			if s.Record == "" || s.Reason == "" {
				t.Errorf("set aside without name or reason: %+v", s)
			}
		}
		if len(p.Events)+len(p.SetAside) == 0 && p.Ignored == "" {
			t.Error("nothing is said of it")
		}
	})
}
