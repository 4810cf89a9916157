package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

// splitUp is a database with a service of 40 days and one that was split off it two days ago and fails, and the configuration in which the two
// share a repository.
func splitUp(t *testing.T) (p process, db, shared string) {
	t.Helper()
	p = newProcess(t)
	db, shared = filepath.Join(p.home, "gate.db"), filepath.Join(p.home, "shared.yaml")
	write(t, shared, "services:\n  - {name: checkout, repositories: [acme/payments]}\n  - {name: refunds, repositories: [acme/payments]}\n"+
		"  - {name: cart, repositories: [acme/shop], paths: [cart]}\n  - {name: search, repositories: [acme/shop], paths: [search]}\n")
	events := filepath.Join(p.home, "events.jsonl")
	write(t, events, history("checkout", strings.Repeat(".", 40), 2*time.Hour)+history("refunds", "xx.", 2*time.Hour))
	p.must("import", "--db", db, "--config", shared, events)
	return p, db, shared
}

func TestTheBacktestOfAConfigurationGoesByWhoSharesARepositoryThere(t *testing.T) {
	t.Parallel()
	p, db, shared := splitUp(t)
	apart := filepath.Join(p.home, "apart.yaml")
	write(t, apart, "services:\n  - {name: checkout, repositories: [acme/payments]}\n  - {name: refunds, repositories: [acme/refunds]}\n")
	empty := filepath.Join(p.home, "empty.yaml")
	write(t, empty, "services:\n  - {name: checkout, repositories: [acme/payments]}\n  - {name: refunds, repositories: [acme/payments]}\npolicies:\n"+
		"  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, criteria: {failure-meter: {shared_repository: empty}}}\n")
	for file, want := range map[string]int{shared: 1, apart: 0, empty: 0} {
		var b gate.Backtest
		if err := json.Unmarshal([]byte(p.must("gate", "backtest", "--db", db, "--config", file, "--service", "refunds", "--format", "json")), &b); err != nil {
			t.Fatal(err)
		}
		stopped := 0
		for _, c := range b.Criteria {
			if c.Criterion == "failure-meter" {
				stopped = c.Stopped
			}
		}
		if b.Promotions != 3 || stopped != want {
			t.Errorf("%s: of %d promotions the meter stops %d, want %d", filepath.Base(file), b.Promotions, stopped, want)
		}
	}
}

func TestExplainNamesTheServicesWithWhichOneSharesCode(t *testing.T) {
	t.Parallel()
	p, _, shared := splitUp(t)
	const names = "refunds shares code with checkout (acme/payments). Where one of them has been known for 30 days when it is deployed first, its failure meter begins half full."
	if said := p.must("policy", "explain", "refunds", "--config", shared); !strings.Contains(said, names) {
		t.Errorf("it says\n%s", said)
	}
	if said := p.must("policy", "explain", "cart", "--config", shared); strings.Contains(said, "shares code with search") {
		t.Errorf("of one with paths of its own it says\n%s", said)
	}
	var all []explainedPolicy
	if err := json.Unmarshal([]byte(p.must("policy", "explain", "refunds", "--config", shared, "--format", "json")), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || len(all[0].Shares) != 1 || all[0].Shares[0] != (sharedCode{Service: "checkout", Repository: "acme/payments"}) {
		t.Errorf("%+v", all)
	}
}
