package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shiphabit/internal/config"
	"shiphabit/metrics/gate"
)

// watchedService is a database of a service that pipelines asked about so often, each time with tests that passed, and the configuration it was asked under.
func watchedService(t *testing.T, times int) (p process, db, file string) {
	t.Helper()
	p, db = recorded(t)
	file = filepath.Join(p.home, "shiphabit.yaml")
	write(t, file, `services:
  - {name: steady, tier: standard}
  - {name: shaky, tier: standard}
policies:
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: watching, version: 3}
    applies_to: {tier: standard}
    criteria:
      test-evidence: {mode: observe}
`)
	url, _ := p.serve("serve", "--db", db, "--config", file)
	for n := range times {
		p.must("gate", "check", "--server", url, "--service", "steady", "--digest", fmt.Sprintf("sha256:%064d", n), "--tests", "passed")
	}
	return p, db, file
}

func TestTheLinesThatAreProposedMakeTheStepWhenTheyAreWritten(t *testing.T) {
	t.Parallel()
	p, db, file := watchedService(t, 30)
	said := p.must("policy", "propose", "steady", "--db", db, "--config", file)
	for _, want := range []string{
		"service:steady (1 service)\n", "\ntest-evidence: observe -> warn, proposed\n  It judged 30 decisions", "\nLeft alone, for they never had a case to judge: open-incidents.\n",
		"\nAdd this policy to the list policies of " + file + ". Nothing is changed until you do.\n\npolicies:\n  - apiVersion: shiphabit/v1\n",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q but\n%s", want, said)
		}
	}
	var all []layerProposal
	if err := json.Unmarshal([]byte(p.must("policy", "propose", "--tier", "standard", "--db", db, "--config", file, "--format", "json")), &all); err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	one := all[0]
	if one.Layer != "tier:standard" || len(one.Services) != 2 || one.Amendment == nil || one.Amendment.Policy != "watching" || one.Amendment.Line != 5 {
		t.Errorf("%+v", one)
	}
	_, lines, _ := strings.Cut(said, "\npolicies:\n")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	after, err := config.Parse("after.yaml", append(text, lines...), config.Options{})
	if err != nil {
		t.Fatalf("%v in\n%s%s", err, text, lines)
	}
	steady, shaky := after.Policy(after.Services[0].Service).Criteria, after.Policy(after.Services[1].Service).Criteria
	if steady.TestEvidence.Mode != gate.WarnOnly || steady.OpenIncidents.Mode != gate.WarnOnly || strings.Contains(said, "open-incidents: warn") || shaky.TestEvidence.Mode != gate.Observe {
		t.Errorf("with the lines written tests may %s and incidents, of which none was ever recorded, %s, of another service tests may %s:\n%s", steady.TestEvidence.Mode, steady.OpenIncidents.Mode, shaky.TestEvidence.Mode, lines)
	}
	for _, wrong := range [][]string{{"nobody"}, {"--tier", "middling"}, {"steady", "--tier", "standard"}} {
		p.exits(exitUsage, append([]string{"policy", "propose", "--db", db, "--config", file}, wrong...)...)
	}
	if said := p.must("policy", "propose", "shaky", "--db", db, "--config", file); !strings.Contains(said, "0 of 30 decisions observed") || !strings.HasSuffix(said, "\nNone is proposed yet, so there is nothing to write.\n") {
		t.Errorf("of a service nobody asked about it says\n%s", said)
	}
}
