package config

import (
	"strings"
	"testing"
)

func TestACriterionThatCanNeverFireIsAFaultOfTheFile(t *testing.T) {
	t.Parallel()
	for criteria, about := range map[string]string{
		"open-incidents: {mode: enforce, severity_1: pass, severity_2: pass, severity_unstated: pass}":   "incidents of every severity pass",
		"monitoring-live: {mode: enforce, on_unknown: hold, errors: false, latency: false, business: 0}": "no signal is wanted",
		"data-fresh: {mode: enforce, on_unknown: allow}":                                                 "on_unknown allows that",
	} {
		_, err := Parse("idle.yaml", []byte("policies:\n  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, criteria: {"+criteria+"}}\n"), Options{Env: environment})
		if err == nil || !strings.Contains(err.Error(), about) || !strings.Contains(err.Error(), "never fire") {
			t.Errorf("%s: %v", criteria, err)
		}
	}
}
