package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// teamed is a server of two teams and a service without one: pull requests with reviews, approvals from outside, failures, and a name that
// is markup. Every fifth deployment of api caused an incident; the last one is import/api-39.
func teamed(p process) []string {
	p.t.Helper()
	var lines strings.Builder
	end := time.Now().UTC().Truncate(time.Hour).Add(-24 * time.Hour)
	for i := range 40 {
		at := end.Add(-time.Duration(39-i) * 36 * time.Hour)
		stamp := func(hours float64) string {
			return at.Add(time.Duration(hours * float64(time.Hour))).Format(time.RFC3339)
		}
		say := func(format string, args ...any) { fmt.Fprintf(&lines, format+"\n", args...) }
		say(`{"type":"commit","id":"c%d","repository":"acme/api","authored_at":%q,"author":"a"}`, i, stamp(-50))
		say(`{"type":"pull_request","id":"%d","repository":"acme/api","created_at":%q,"merged_at":%q,"author":"a","commits":["c%d"],"reviews":[{"at":%q,"author":"b","state":"approved"}]}`,
			i, stamp(-48), stamp(-8), i, stamp(-10-float64(i%3)))
		say(`{"type":"deployment","id":"api-%d","service":"api","repository":"acme/api","environment":"production","status":"succeeded","revision":"c%d","commits":["c%d"],"started_at":%q,"finished_at":%q}`,
			i, i, i, stamp(-0.1), stamp(0))
		say(`{"type":"approval","id":"ok-%d","deployment":"api-%d","requested_at":%q,"decided_at":%q,"decision":"granted","approver_team":"change board"}`, i, i, stamp(-6), stamp(-1))
		for _, other := range []string{`<b>web</b> & "co"`, "batch"} {
			say(`{"type":"deployment","id":"%s-%d","service":%q,"environment":"production","status":"succeeded","revision":"r%d","started_at":%q,"finished_at":%q}`,
				strings.Fields(other)[0], i, other, i, stamp(1), stamp(1.1))
		}
		if i%5 == 4 {
			say(`{"type":"incident","id":"INC-%d","service":"api","started_at":%q,"resolved_at":%q,"deployment":"api-%d","title":"Payments fail"}`, i, stamp(0.5), stamp(2), i)
		}
	}
	settings, db, events := filepath.Join(p.home, "t.yaml"), filepath.Join(p.home, "t.db"), filepath.Join(p.home, "events.jsonl")
	write(p.t, events, lines.String())
	write(p.t, settings, `teams: [{name: payments}]
services:
  - {name: api, team: payments, tier: high, repositories: [acme/api]}
  - {name: '<b>web</b> & "co"', team: payments, repositories: [acme/web]}
`)
	p.must("import", events, "--db", db, "--config", settings)
	return []string{"serve", "--db", db, "--config", settings}
}
