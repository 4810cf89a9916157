package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"shiphabit/metrics/gate"
)

func TestADiffOfPoliciesListsThePromotionsThatComeOutAnotherWay(t *testing.T) {
	t.Parallel()
	p, db := recorded(t)
	before, after := filepath.Join(p.home, "old.yaml"), filepath.Join(p.home, "new.yaml")
	write(t, before, "time_zone: UTC\n")
	write(t, after, "services:\n  - name: shaky\n    tier: low\n")
	for _, format := range []struct{ name, row string }{{"markdown", "| shaky | import/shaky-"}, {"text", "shaky    import/shaky-"}} {
		said := p.must("policy", "diff", before, after, "--db", db, "--format", format.name)
		if !strings.Contains(said, "promotions come out another way") || !strings.Contains(said, format.row) || strings.Contains(said, "steady") || strings.Contains(said, "left out") {
			t.Errorf("as %s it says\n%s", format.name, said)
		}
		if same := p.must("policy", "diff", before, before, "--db", db, "--format", format.name); !strings.Contains(same, "No promotion comes out another way") {
			t.Errorf("of the same policy it says as %s\n%s", format.name, same)
		}
	}
}

func TestADiffOfPoliciesOverALargeRecordFitsAComment(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db, events := filepath.Join(p.home, "gate.db"), filepath.Join(p.home, "events.jsonl")
	before, after := filepath.Join(p.home, "old.yaml"), filepath.Join(p.home, "new.yaml")
	most, fewer := "most-"+strings.Repeat("é", 190), "fewer-"+strings.Repeat("ö", 190)
	write(t, events, history(fewer, strings.Repeat(".x", 40), 2*time.Hour)+history(most, strings.Repeat(".x", 120), 2*time.Hour))
	p.must("import", "--db", db, events)
	write(t, before, "time_zone: UTC\n")
	write(t, after, fmt.Sprintf("services:\n  - {name: %q, tier: low}\n  - {name: %q, tier: low}\n", most, fewer))

	said := p.must("policy", "diff", before, after, "--db", db)
	if n := utf8.RuneCountInString(said); n > mostOfAComment || n < mostOfAComment*9/10 {
		t.Errorf("the Markdown has %d characters", n)
	}
	var whole policyDiff
	if err := json.Unmarshal([]byte(p.must("policy", "diff", before, after, "--db", db, "--format", "json")), &whole); err != nil {
		t.Fatal(err)
	}
	shown := strings.Count(said, "| import/")
	left := fmt.Sprintf("%d of the %d promotions are left out, so that this fits a comment; --format text and --format json tell all of them.", len(whole.Changes)-shown, len(whole.Changes))
	if shown == 0 || !strings.HasSuffix(said, "\n"+left+"\n") {
		t.Errorf("%d are shown; it ends\n%s", shown, said[max(0, len(said)-300):])
	}
	if first, second := strings.Index(said, most), strings.Index(said, fewer); first < 0 || second < first {
		t.Errorf("the service of which most changes stands at %d, the other at %d", first, second)
	}
	if text := p.must("policy", "diff", before, after, "--db", db, "--format", "text"); strings.Count(text, "  import/") != len(whole.Changes) {
		t.Errorf("of %d changes the text tells %d", len(whole.Changes), strings.Count(text, "  import/"))
	}
}

func TestPromotionsThatAreStoppedNowAndWereNotStandBeforeThoseThatAreOnlyWarnedOf(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	change := func(service, rollout string, before, after gate.Result) gate.Difference {
		return gate.Difference{Service: service, Rollout: rollout, At: day, Old: before, New: after, Outcome: gate.Good}
	}
	d := policyDiff{Old: gate.NewBacktest(), New: gate.NewBacktest(), Changes: []gate.Difference{
		change("warned", "w1", gate.Allow, gate.Warn), change("warned", "w2", gate.Warn, gate.Allow), change("warned", "w3", gate.Allow, gate.Warn),
		change("held", "h1", gate.Allow, gate.Warn), change("held", "h2", gate.Warn, gate.Hold), change("freed", "f1", gate.Block, gate.Allow), change("freed", "f2", gate.Hold, gate.Warn),
	}}
	said := d.markdown()
	last := -1
	for _, row := range []string{"| freed | 2 | 0 | 2 |", "| held | 2 | 1 | 0 |", "| warned | 3 | 0 | 0 |", "| f1 |", "| f2 |", "| h2 |", "| h1 |", "| w1 |", "| w2 |", "| w3 |"} {
		at := strings.Index(said, row)
		if at <= last {
			t.Fatalf("%q stands at %d, what is to stand before it at %d:\n%s", row, at, last, said)
		}
		last = at
	}
}

// Thousands of services, with names as long as they may be and made of what Markdown escapes, fit as well, and the promises stay.
func TestAMarkdownDiffOfAnyRecordFitsAComment(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for _, of := range []struct {
		services, changes int
		name              string
	}{{5000, 1, "s"}, {3000, 2, strings.Repeat("<", 1000)}, {1, 20_000, "one"}, {40, 1, "few"}} {
		var changes []gate.Difference
		for service := range of.services {
			for i := range of.changes {
				changes = append(changes, gate.Difference{Service: fmt.Sprintf("%s%d", of.name, service), Rollout: fmt.Sprintf("import/%d", i), At: at, Old: gate.Block, New: gate.Allow, Outcome: gate.Good})
			}
		}
		d := policyDiff{Old: gate.NewBacktest(), New: gate.NewBacktest(), Changes: changes}
		d.New.Criteria = []gate.BacktestCriterion{{Criterion: "failure-meter", Stopped: 7, WrongStops: 3, Broken: true}}
		said := d.markdown()
		n := utf8.RuneCountInString(said)
		if n > mostOfAComment {
			t.Errorf("%d services with %d changes: %d characters", of.services, of.changes, n)
		}
		if !strings.Contains(said, "| failure-meter | off | 7 | off | 3, more than promised |") {
			t.Errorf("the promise is not told:\n%s", said[:min(len(said), 1000)])
		}
		if cut := strings.Contains(said, "left out"); cut != (len(changes) > 40) {
			t.Errorf("%d services with %d changes: left out is told: %v", of.services, of.changes, cut)
		}
	}
}

func TestADiffTellsHoldsFromStopsAndACriterionThatIsOffFromOneThatStopsNothing(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	d := policyDiff{
		Old: gate.Backtest{Promotions: 9, Stopped: 1, Verdicts: []gate.BacktestVerdict{{Service: "a", Rollout: "r1", At: day, Verdict: gate.Block}, {Service: "a", Rollout: "r2", At: day, Verdict: gate.Warn}}},
		New: gate.Backtest{Promotions: 9, Stopped: 3, Prevented: 2, Delayed: 1, Verdicts: []gate.BacktestVerdict{
			{Service: "a", Rollout: "r1", At: day, Verdict: gate.Block}, {Service: "a", Rollout: "r2", At: day, Verdict: gate.Hold}, {Service: "a", Rollout: "r3", At: day, Verdict: gate.Hold},
		}, Criteria: []gate.BacktestCriterion{{Criterion: "drain", Stopped: 2}}},
	}
	d.Changes = gate.Differences(d.Old, d.New)
	said := d.markdown()
	for _, row := range []string{
		"| stopped or held | 1 | 3 |", "| stopped | 1 | 1 |", "| held | 0 | 2 |", "| stopped or held, failed later | 0 | 2 |", "| stopped or held, was fine | 0 | 1 |", "| drain | off | 2 | off | 0 |",
		"| service | changes | newly stopped or held | no longer |", "| a | 2 | 2 | 0 |",
	} {
		if !strings.Contains(said, row) {
			t.Errorf("it lacks %q:\n%s", row, said)
		}
	}
}
