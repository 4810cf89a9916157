package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestWhatIsMadeUpIsTheSameWrittenOrLoaded(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	written, loaded := filepath.Join(p.home, "written.db"), filepath.Join(p.home, "loaded.db")
	file, settings := filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "shiphabit.yaml")
	size := []string{"--deployments", "300", "--services", "10", "--years", "1", "--seed", "3"}
	write(t, settings, p.must(append([]string{"bench", "config"}, size...)...))
	p.must(append([]string{"bench", "generate", "-o", file}, size...)...)
	p.must("import", "--db", written, "--config", settings, file)
	out := p.must(append([]string{"bench", "load", "--db", loaded, "--config", settings}, size...)...)
	for _, want := range []string{"derived 300 deployments in ", "the database takes "} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	if a, b := p.must("export", "--db", written), p.must("export", "--db", loaded); stripPeople(a) != stripPeople(b) || a == "" {
		t.Error("the two databases hold different events")
	}
}

var pseudonym = regexp.MustCompile(`p:[0-9a-f]{32}`)

// stripPeople leaves out who did something: pseudonyms differ from database to database.
func stripPeople(events string) string {
	return pseudonym.ReplaceAllString(events, "p:")
}

func TestAnOrganisationOfNothingIsRefused(t *testing.T) {
	t.Parallel()
	_, errs, code := newProcess(t).run("bench", "generate", "--services", "0")
	if code != exitUsage || !strings.Contains(errs, "--services is 0: give a number above 0") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}

func TestQuestionsAreAskedOfAnOrganisationWithoutItsEvents(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db := filepath.Join(p.home, "facts.db")
	size := []string{"--deployments", "3000", "--services", "40", "--years", "1"}
	out := p.must(append([]string{"bench", "facts", "--db", db}, size...)...)
	if !strings.Contains(out, "made up, derived and stored 3000 deployments in ") {
		t.Errorf("facts: %s", out)
	}
	if events := p.must("export", "--db", db); events != "" {
		t.Errorf("there are events:\n%.300s", events)
	}
	out = p.must(append([]string{"bench", "figures", "--db", db, "--times", "2"}, size...)...)
	if rows := strings.Count(out, " ms\n"); rows != 14 {
		t.Errorf("%d questions, want 14:\n%s", rows, out)
	}
}

func TestWhatIsUpToDateIsNotDerivedAgainButForOtherRules(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db, settings := filepath.Join(p.home, "bench.db"), filepath.Join(p.home, "other.yaml")
	p.must("bench", "load", "--db", db, "--deployments", "200", "--services", "10", "--years", "1")
	if out := p.must("bench", "derive", "--db", db); out != "" {
		t.Errorf("under the same rules: %s", out)
	}
	write(t, settings, "rules: {rollout_gap: 2h}\n")
	if out := p.must("bench", "derive", "--db", db, "--config", settings); !strings.Contains(out, " rollouts in ") {
		t.Errorf("under other rules: %s", out)
	}
}

func TestABackfillFromAnUnreliableHostThatIsKilledHalfWayEqualsTheTruth(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	out := p.must("bench", "backfill", "--db", filepath.Join(p.home, "backfill.db"), "--deployments", "1500", "--seed", "4")
	for _, want := range []string{"killed after ", "peak memory ", "all 1500 deployments are stored as the host holds them"} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	_, errs, code := p.run("bench", "backfill", "--db", filepath.Join(p.home, "backfill.db"))
	if code != exitUsage || !strings.Contains(errs, "does not exist yet") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}

func TestDecisionsAreHeldAgainstAHandlerThatCommitsOneRow(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db := filepath.Join(p.home, "bench.db")
	size := []string{"--db", db, "--deployments", "200", "--services", "10", "--years", "1"}
	p.must(append([]string{"bench", "load"}, size...)...)
	out := p.must(append([]string{"bench", "gate", "--for", "200ms", "--rate", "20", "--connections", "4", "--storm", "1"}, size...)...)
	for _, want := range []string{"one row, 4 connections, storm", "decision, 20 a second", "Closed loop: ", "In the storm "} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	p.exits(exitUsage, append([]string{"bench", "gate", "--rate", "0"}, size...)...)
}

func TestTheOverviewOfMoreServicesThanAPageWaitsForIsMeasured(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db := filepath.Join(p.home, "facts.db")
	p.must("bench", "facts", "--db", db, "--deployments", "700", "--services", "70", "--years", "1")
	out := p.must("bench", "overview", "--db", db, "--times", "1")
	for _, want := range []string{"/services?find=11", "READ AGAIN IN", "\n/metrics "} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
}
