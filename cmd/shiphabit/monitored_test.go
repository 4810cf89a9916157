package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

func TestTheGateGoesByWhatARealPrometheusMeasured(t *testing.T) {
	t.Parallel()
	needs(t, "prometheus", "promtool")
	services := []load{{service: "shop", errorsBefore: 0.01, errorsAfter: 0.025}, {service: "desk", errorsBefore: 0.002, errorsAfter: 0.002}, {service: "fine"}}
	deployedAt := time.Now().UTC().Truncate(time.Minute).Add(-time.Hour)
	address := remembering(t, pastOf(deployedAt, services...))
	p := newProcess(t)
	settings, db, events := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db"), filepath.Join(p.home, "events.jsonl")
	write(t, events, shipments(t, deployedAt, append(services, load{service: "unseen"})...))
	declared := "services:\n"
	for _, name := range []string{"shop", "desk", "fine", "unseen"} {
		declared += "  - {name: " + name + ", tier: high}\n"
	}
	write(t, settings, altered(t, snippets(t, "prometheus.md")[1], "https://prometheus.example", address)+
		"  - {name: ci, type: file, settings: {path: "+events+"}}\n"+declared)
	p.must("collect", "--config", settings, "--db", db, "--source", "ci")
	p.must("collect", "--config", settings, "--db", db, "--source", "watch")
	url, _ := p.serve("serve", "--config", settings, "--db", db, "--listen", "127.0.0.1:0")
	for service, want := range map[string]map[string]gate.Result{
		"shop":   {"monitoring-live": gate.Pass, "error-budget": gate.Fail},
		"desk":   {"monitoring-live": gate.Pass, "error-budget": gate.Pass},
		"fine":   {"monitoring-live": gate.Pass, "error-budget": gate.Pass},
		"unseen": {"monitoring-live": gate.Unknown, "error-budget": gate.NotApplicable},
	} {
		p.run("gate", "check", "--server", url, "--service", service, "--digest", built("new"), "--signal", "errors,latency")
		d := answer(t, p).Decision
		for _, r := range d.Reasons {
			if wanted, asked := want[r.Criterion]; asked && r.Result != wanted {
				t.Errorf("%s: %s is %s, want %s: %s", service, r.Criterion, r.Result, wanted, r.Says)
			}
		}
		if said := p.must("gate", "replay", "--server", url, d.ID); !strings.HasPrefix(said, "same") {
			t.Errorf("%s: replay: %s", service, said)
		}
	}
	if said := fetched(t, url+"/api/v1/gate/decisions/"+answer(t, p).Decision.ID); !strings.Contains(said, `"monitored":[{"source":"watch","environment":"production"`) {
		t.Errorf("the input of a decision does not hold what was measured:\n%s", said)
	}
}
