package alertmanager

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// Options say how the labels of an alert are read.
type Options struct {
	// Source is the name of the source, as it stands in events.
	Source string
	// Service and Environment are the labels that name them, in the order in which they are asked. Defaults: service, app, job;
	// environment, env.
	Service, Environment []string
	// Severity is the label that tells it, default severity; Severities gives its words a number from 1 to 4 beside those that are
	// known anyway.
	Severity   string
	Severities map[string]int
	// Revision and Deployment are the labels that name what caused the alert, none by default: a label that only says what is running
	// names no cause.
	Revision, Deployment string
	// Ignore are the names of alerts that are no incidents. nil means those that show the monitoring itself to be alive.
	Ignore []string
}

func (o Options) withDefaults() Options {
	if len(o.Service) == 0 {
		o.Service = []string{"service", "app", "job"}
	}
	if len(o.Environment) == 0 {
		o.Environment = []string{"environment", "env"}
	}
	o.Severity = cmp.Or(o.Severity, "severity")
	words := map[string]int{"critical": 1, "error": 2, "high": 2, "warning": 3, "info": 4}
	for word, number := range o.Severities {
		words[strings.ToLower(word)] = number
	}
	o.Severities = words
	if o.Ignore == nil {
		o.Ignore = []string{"Watchdog", "InfoInhibitor", "DeadMansSwitch"}
	}
	return o
}

func (o Options) ignores(a alert) bool { return slices.Contains(o.Ignore, a.name()) }

func ignored(names map[string]bool) string {
	if len(names) == 0 {
		return "it holds no alerts"
	}
	return "only alerts that are no incidents: " + strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

// alert is an alert as Alertmanager writes it, pushed or asked for.
type alert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

func (a alert) name() string { return clean(a.Labels["alertname"]) }

// id tells one firing from the next of the same alert, which differ in their start alone. Pushes and answers write a start with
// more and with fewer digits.
func (a alert) id() string {
	return a.Fingerprint + "/" + start(a).Format("2006-01-02T15:04:05.000Z07:00")
}

func start(a alert) time.Time { return a.StartsAt.UTC().Truncate(time.Millisecond) }

// record names an alert for people.
func (a alert) record() string { return clean("alert " + a.name() + " " + a.id()) }

// take makes an incident of an alert, or sets it aside.
func (o Options) take(into *collector.Pushed, a alert, home string) {
	if reason := o.fault(a); reason != "" {
		into.SetAside = append(into.SetAside, collector.SetAside{Record: a.record(), Reason: reason})
		return
	}
	e := metrics.NewEvent(o.Source, o.incident(a, home))
	e.UpdatedAt = start(a)
	if a.Status == "resolved" {
		e.UpdatedAt = a.EndsAt.UTC().Truncate(time.Millisecond)
	}
	into.Take(a.record(), e)
}

// fault says why an alert can be no incident, "" when it can.
func (o Options) fault(a alert) string {
	switch {
	case a.Fingerprint == "":
		return "it has no fingerprint; Alertmanager gives one from version 0.19 on"
	case a.StartsAt.IsZero():
		return "it does not say when it started"
	case a.Status != "firing" && a.Status != "resolved":
		return "its status is neither firing nor resolved"
	case a.Status == "resolved" && a.EndsAt.IsZero():
		return "it is resolved and does not say when"
	case first(a.Labels, o.Service) == "":
		return "it names no service: none of the labels " + strings.Join(o.Service, ", ") + " is set; add one to the rule, or name another with service_label"
	}
	return ""
}

func (o Options) incident(a alert, home string) metrics.Incident {
	i := metrics.Incident{
		ID: a.id(), Service: first(a.Labels, o.Service), Environment: first(a.Labels, o.Environment),
		Severity: o.Severities[strings.ToLower(strings.TrimSpace(a.Labels[o.Severity]))], StartedAt: start(a), DetectedAt: start(a), DetectedBy: "monitor",
		Title: cmp.Or(clean(a.Annotations["summary"]), a.name()), URL: cmp.Or(clean(a.GeneratorURL), clean(home)),
		Revision: label(a.Labels, o.Revision), Deployment: label(a.Labels, o.Deployment),
	}
	if a.Status == "resolved" {
		i.ResolvedAt = a.EndsAt.UTC().Truncate(time.Millisecond)
	}
	if name := a.name(); name != "" {
		i.Labels = []string{"alertname=" + name}
	}
	return i
}

// first is the value of the first label that is set.
func first(labels map[string]string, names []string) string {
	for _, name := range names {
		if value := label(labels, name); value != "" {
			return value
		}
	}
	return ""
}

func label(labels map[string]string, name string) string {
	if name == "" {
		return ""
	}
	return clean(labels[name])
}

// clean makes one line of a text, without what is no text.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	const most = 1000
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}
