package config

import (
	"slices"

	"shiphabit/metrics"
)

// aFigure and aRank are pairs of a name with a number.
var (
	aFigure = &scalar{name: "figure", json: "string", pattern: `^[^=]+=\d{1,12}(\.\d{1,9})?$`, says: "NAME=NUMBER, like errors=0.01"}
	aRank   = &scalar{name: "rank", json: "string", pattern: `^[^=]+=[1-4]$`, says: "WORD=SEVERITY from 1 to 4, like page=1"}
)

// byPassword are the settings of hosts that take a password in place of a token.
func byPassword() []sourceSetting {
	return []sourceSetting{
		{key: "user", scalar: aText, doc: "Name for basic authentication, in place of a token.", eg: "admin"},
		{key: "password", scalar: aText, doc: "Secret that belongs to the user."},
	}
}

func alertmanagerSettings() []sourceSetting {
	return slices.Concat(ofHooks(), ofHosts(byPassword()...), []sourceSetting{
		{key: "service_label", scalar: aText, many: true, doc: "Labels that name the service, in the order in which they are asked; service, app, job.", eg: "[service, app]"},
		{key: "environment_label", scalar: aText, many: true, doc: "Labels that name the environment; environment, env.", eg: "[environment, env]"},
		{key: "severity_label", scalar: aText, doc: "Label that tells the severity; severity.", eg: "severity"},
		{key: "severities", scalar: aRank, many: true, pairs: true, doc: "Words for severities, each as WORD=NUMBER from 1 to 4, beside critical=1, error=2, high=2, warning=3, info=4.", eg: "[page=1, ticket=3]"},
		{key: "revision_label", scalar: aText, doc: "Label that names the revision which caused the alert; none.", eg: "revision"},
		{key: "deployment_label", scalar: aText, doc: "Label that names the deployment which caused the alert, as SOURCE/ID; none.", eg: "deployment"},
		{key: "ignore", scalar: aText, many: true, doc: "Names of alerts that are no incidents; Watchdog, InfoInhibitor, DeadMansSwitch.", eg: "[Watchdog, InfoInhibitor]"},
	})
}

func prometheusSettings() []sourceSetting {
	aKind := oneOf("kind", metrics.Production, metrics.Staging, metrics.Testing, metrics.Development)
	settings := slices.Concat(ofHosts(byPassword()...), []sourceSetting{
		{key: "signals", scalar: aText, needed: true, many: true, pairs: true, doc: "What is watched, each as NAME=PROMQL. `\"$service\"` and `\"$environment\"` stand for the deployment's, `$window` for the span of a point.", eg: `['errors=sum(rate(http_requests_total{service="$service",code=~"5.."}[$window])) / sum(rate(http_requests_total{service="$service"}[$window]))']`},
		{key: "ratio", scalar: aFigure, many: true, pairs: true, doc: "How many times its value before a signal may be after, each as NAME=NUMBER; 2.", eg: "[errors=2]"},
		{key: "floor", scalar: aFigure, many: true, pairs: true, doc: "What a signal may be in any case, each as NAME=NUMBER.", eg: "[errors=0.01]"},
		{key: "minimum", scalar: aFigure, many: true, pairs: true, doc: "What a signal of which less is worse must be, each as NAME=NUMBER, in place of ratio and floor.", eg: "[availability=0.99]"},
		{key: "watch", scalar: aSpan, doc: "How long a deployment is watched after its finish; 30m.", eg: "30m"},
		{key: "before", scalar: aSpan, doc: "The span it is compared with, which ends at its start; 1h.", eg: "60m"},
		{key: "window", scalar: aSpan, doc: "The span of each point, `$window`; 5m.", eg: "5m"},
		{key: "held", scalar: aSpan, doc: "How long on end a signal is beyond its limit before it counts at once; 5m.", eg: "5m"},
		{key: "seen_within", scalar: aSpan, doc: "For the gate: with each reading it is also noted when each signal had a value last, if within this span; not noted.", eg: "15m"},
		{key: "error_ratio", scalar: aText, doc: "For the gate: PromQL that yields the share of errors over 28 days, of which what is left of the error budget is made; none.", eg: `'sum(rate(http_requests_total{service="$service",code=~"5.."}[28d])) / sum(rate(http_requests_total{service="$service"}[28d]))'`},
		{key: "objective_ppm", scalar: number(1, 999_999), doc: "What `error_ratio` is held against: the share of requests that is to be answered well, in parts per million.", eg: "999000"},
		{key: "environments", scalar: aKind, many: true, doc: "Kinds of environment whose deployments are watched; production.", eg: "[production]"},
		{key: "services", scalar: aText, many: true, doc: "Services that are watched, `*` at either end standing for anything; all.", eg: "[shop, desk]"},
	})
	i := slices.IndexFunc(settings, func(s sourceSetting) bool { return s.key == "url" })
	settings[i].needed = true
	return settings
}
