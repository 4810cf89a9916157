package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

// history writes deployments of a service as JSON Lines: one character a deployment, "." good and "x" failed, one a day, the
// last of them so long ago as age says.
func history(service, outcomes string, age time.Duration) string {
	var b strings.Builder
	last := time.Now().UTC().Add(-age).Truncate(time.Second)
	for i, outcome := range outcomes {
		at := last.AddDate(0, 0, i+1-len(outcomes))
		status := "succeeded"
		if outcome == 'x' {
			status = "failed"
		}
		fmt.Fprintf(&b, `{"type":"deployment","id":"%s-%d","service":"%s","environment":"production","status":"%s","revision":"r%d","digest":"sha256:%064d","started_at":"%s","finished_at":"%s"}`+"\n",
			service, i, service, status, i, i, at.Add(-time.Minute).Format(time.RFC3339), at.Format(time.RFC3339))
	}
	return b.String()
}

// gateServer serves a database with three services: steady (always good), shaky (fails often) and vault (critical, and
// deployed minutes ago).
func gateServer(t *testing.T, extra ...string) (process, string) {
	t.Helper()
	p := newProcess(t)
	settings := filepath.Join(p.home, "shiphabit.yaml")
	write(t, settings, "services:\n  - name: vault\n    tier: critical\n")
	events := filepath.Join(p.home, "events.jsonl")
	write(t, events, history("steady", strings.Repeat(".", 40), 2*time.Hour)+
		history("shaky", strings.Repeat(".", 20)+".x.x.x.x", 2*time.Hour)+
		history("vault", strings.Repeat(".", 20), 5*time.Minute))
	db := filepath.Join(p.home, "gate.db")
	p.must("import", "--db", db, "--config", settings, events)
	url, _ := p.serve(append([]string{"serve", "--db", db, "--config", settings}, extra...)...)
	return p, url
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func answer(t *testing.T, p process) checkFile {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(p.home, "gate.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file checkFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestGateCheckSaysItsVerdictByExitCode(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	check := func(args ...string) []string { return append([]string{"gate", "check", "--server", url}, args...) }
	for _, c := range []struct {
		sentence string
		args     []string
		code     int
		says     string
	}{
		{"a steady service goes on", check("--service", "steady", "--digest", built("new")), exitOK, "steady → production"},
		{"a service nobody has seen goes on by the default tier", check("--service", "newborn", "--digest", built("new")), exitOK, "newborn"},
		{"without a service the call is wrong", check(), exitUsage, "--service is missing"},
		{"a digest that came out empty is wrong usage", check("--service", "steady", "--digest", ""), exitUsage, "--digest is empty"},
		{"an unknown kind of change is wrong usage", check("--service", "steady", "--kind", "party"), exitUsage, "party"},
		{"an unknown flag is wrong usage", check("--servcie", "steady"), exitUsage, "unknown flag"},
		{"a shaky service is blocked", check("--service", "shaky", "--digest", built("new")), exitBlocked, "BLOCK"},
		{"a rollback of a blocked service goes on", check("--service", "shaky", "--kind", "rollback", "--commit", "r20"), exitOK, "ALLOW"},
		{"a critical service deployed minutes ago is on hold", check("--service", "vault", "--digest", built("new")), exitHold, "HOLD"},
		{"a hold that outlasts the wait stays a hold", check("--service", "vault", "--digest", built("new"), "--wait", "1s"), exitHold, "HOLD"},
	} {
		out, errs, code := p.run(c.args...)
		if code != c.code || !strings.Contains(out+errs, c.says) {
			t.Errorf("%s: exit code %d, want %d with %q in:\n%s%s", c.sentence, code, c.code, c.says, out, errs)
		}
	}
}

func TestAGateThatIsGoneIsOpenOrClosedByPolicy(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	p.run("gate", "check", "--server", url, "--service", "vault", "--digest", built("one"))
	if got := answer(t, p).Decision.Unreachable; got != "closed" {
		t.Fatalf("a critical service is told that the gate is %q when unreachable, want closed", got)
	}
	p.must("gate", "check", "--server", url, "--service", "steady", "--digest", built("one"))
	rename(t, p, url, nobody)
	for _, c := range []struct {
		sentence string
		args     []string
		code     int
		source   string
	}{
		{"closed for the critical service", []string{"--service", "vault", "--digest", built("two")}, exitUnreachable, "local"},
		{"open for its rollback", []string{"--service", "vault", "--kind", "rollback", "--commit", "r3"}, exitOK, "local"},
		{"open for its fix", []string{"--service", "vault", "--kind", "fix", "--fixes", "i1"}, exitOK, "local"},
		{"open for the standard service", []string{"--service", "steady", "--digest", built("two")}, exitOK, "local"},
		{"the last answer counts while it is valid", []string{"--service", "steady", "--digest", built("one")}, exitOK, "cache"},
		{"closed means no wait while the last answer lets it go on", []string{"--service", "steady", "--digest", built("one"), "--unreachable", "closed", "--patience", "1h"}, exitOK, "cache"},
		{"open for a service never asked for", []string{"--service", "other"}, exitOK, "local"},
		{"closed when the caller says so", []string{"--service", "other", "--unreachable", "closed"}, exitUnreachable, "local"},
	} {
		out, errs, code := p.run(append([]string{"gate", "check", "--server", nobody, "--patience", "0s"}, c.args...)...)
		if got := answer(t, p).Source; code != c.code || got != c.source {
			t.Errorf("%s: exit code %d from %s, want %d from %s\n%s%s", c.sentence, code, got, c.code, c.source, out, errs)
		}
	}
}

// rename makes the client's memory of one server be that of another, as if the server had gone away under its address.
func rename(t *testing.T, p process, from, to string) {
	t.Helper()
	for _, service := range []string{"vault", "steady"} {
		folder := filepath.Join(p.home, "cache", "shiphabit", "gate")
		if err := os.Rename(filepath.Join(folder, cacheName(from, service, "production")), filepath.Join(folder, cacheName(to, service, "production"))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACallerWithoutAValidTokenIsTurnedAway(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	out, errs, code := p.run("gate", "check", "--server", url, "--service", "steady", "--token", "shp_not_a_token")
	if code != exitForbidden {
		t.Errorf("exit code %d, want %d\n%s%s", code, exitForbidden, out, errs)
	}
	if strings.Contains(out+errs, "shp_not_a_token") {
		t.Errorf("the token is repeated:\n%s%s", out, errs)
	}
}

func TestADecisionIsLoggedAndReplaysToTheSameBytes(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	p.run("gate", "check", "--server", url, "--service", "shaky", "--digest", built("new"))
	id := answer(t, p).Decision.ID
	if log := p.must("gate", "log", "--server", url, "--service", "shaky"); !strings.Contains(log, id) {
		t.Errorf("the log lacks %s:\n%s", id, log)
	}
	if said := p.must("gate", "replay", "--server", url, id); !strings.HasPrefix(said, "same") {
		t.Errorf("replay: %s", said)
	}
}

func TestTheAnswerIsLeftInFilesForLaterSteps(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	env, summary := filepath.Join(p.home, "gate.env"), filepath.Join(p.home, "summary.md")
	p.run("gate", "check", "--server", url, "--service", "shaky", "--dotenv", env, "--summary", summary, "-q")
	for name, want := range map[string]string{env: "GATE_VERDICT=block\n", summary: "| failure-meter | ✗ fail |"} {
		data, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s lacks %q: %v\n%s", filepath.Base(name), want, err, data)
		}
	}
}

func TestTheGateAnswersWith50000DeploymentsInTheDatabase(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	var events strings.Builder
	for i := range 50 {
		events.WriteString(history(fmt.Sprintf("service-%02d", i), strings.Repeat(".", 1000), 2*time.Hour))
	}
	file, db := filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "big.db")
	write(t, file, events.String())
	p.must("import", "--db", db, file)
	url, _ := p.serve("serve", "--db", db)
	out, errs, code := p.run("gate", "check", "--server", url, "--service", "service-07", "--digest", built("new"))
	if got := answer(t, p); code != exitOK || got.Source != "server" || got.Decision.Verdict != gate.Allow {
		t.Errorf("exit code %d from %s\n%s%s", code, got.Source, out, errs)
	}
}

func TestABackupIsAWholeDatabase(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db, copied := filepath.Join(p.home, "a.db"), filepath.Join(p.home, "copy.db")
	if _, errs, code := p.runWith(history("api", "..x.", time.Hour), "import", "--db", db, "-"); code != exitOK {
		t.Fatal(errs)
	}
	p.must("backup", "--db", db, copied)
	if want, got := p.must("export", "--db", db), p.must("export", "--db", copied); want != got {
		t.Errorf("the copy holds\n%s\nwant\n%s", got, want)
	}
	if _, _, code := p.run("backup", "--db", db, copied); code != exitUsage {
		t.Errorf("a backup over an existing file ends with %d", code)
	}
}

func TestAFixPassesInTheRunWhoseNormalChangeWasBlocked(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	p.env = append(p.env, "GITHUB_RUN_ID=77", "GITHUB_RUN_ATTEMPT=1")
	check := []string{"gate", "check", "--server", url, "--service", "shaky", "--commit", "abc"}
	if out, errs, code := p.run(check...); code != exitBlocked {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	if out, errs, code := p.run(append(check, "--kind", "fix", "--fixes", "import/shaky-27")...); code != exitOK {
		t.Errorf("the fix of the open failure: exit code %d\n%s%s", code, out, errs)
	}
}

func TestAFixPassesThoughTheLastAnswerOfAGoneGateWasABlock(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	p.run("gate", "check", "--server", url, "--service", "shaky", "--kind", "fix", "--fixes", "typo")
	p.must("gate", "check", "--server", url, "--service", "vault", "--kind", "rollback", "--commit", "r3", "-q")
	p.must("gate", "check", "--server", url, "--service", "steady", "-q")
	folder := filepath.Join(p.home, "cache", "shiphabit", "gate")
	if err := os.Rename(filepath.Join(folder, cacheName(url, "shaky", "production")), filepath.Join(folder, cacheName(nobody, "shaky", "production"))); err != nil {
		t.Fatal(err)
	}
	out, errs, code := p.run("gate", "check", "--server", nobody, "--patience", "0s", "--service", "shaky", "--kind", "fix", "--fixes", "import/shaky-27")
	if code != exitOK {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

func TestAReportFollowsACheckAndIsRefusedAfterAStop(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	p.must("gate", "check", "--server", url, "--service", "steady", "--commit", "c0ffee", "--digest", built("new"))
	if said := p.must("gate", "report", "--server", url, "--outcome", "success"); !strings.Contains(said, "booked as gate/gd_") {
		t.Errorf("it says %q", said)
	}
	if said := p.must("gate", "report", "--server", url, "--outcome", "success"); !strings.Contains(said, "booked as gate/gd_") {
		t.Errorf("the second time it says %q", said)
	}
	p.exits(exitBlocked, "gate", "check", "--server", url, "--service", "shaky", "--commit", "c0ffee")
	if said := p.exits(exitUsage, "gate", "report", "--server", url, "--outcome", "failure"); !strings.Contains(said, "nothing was let through") {
		t.Errorf("after a stop it says %q", said)
	}
	p.exits(exitUsage, "gate", "report", "--server", url, "--outcome", "splendid")
}

// built is the digest of an artifact that goes by a short name.
func built(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// exits runs a command that must end with a code, and returns all that it says.
func (p process) exits(code int, args ...string) string {
	p.t.Helper()
	out, errs, got := p.run(args...)
	if got != code {
		p.t.Errorf("%v ends with %d, want %d: %s%s", args, got, code, out, errs)
	}
	return out + errs
}

func TestAGateThatSaysItCannotIsQuoted(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(`{"title":"Internal error","status":500}`))
	}))
	t.Cleanup(broken.Close)
	out, errs, code := p.run("gate", "check", "--server", broken.URL, "--service", "steady")
	if code != exitOK || !strings.Contains(out, "The gate gives no decision") || !strings.Contains(out, "500 Internal Server Error: Internal error") || strings.Contains(out, "shiphabit serve") {
		t.Errorf("exit code %d:\n%s%s", code, out, errs)
	}
	closed := process{p.t, p.home, append(p.env, "SHIPHABIT_UNREACHABLE=closed")}
	if out, errs, code := closed.run("gate", "check", "--server", broken.URL, "--service", "steady", "--patience", "0s"); code != exitUnreachable || !strings.Contains(out, "SHIPHABIT_UNREACHABLE (closed)") {
		t.Errorf("exit code %d:\n%s%s", code, out, errs)
	}
	if _, errs, code := closed.run("gate", "check", "--server", broken.URL, "--service", "steady", "--unreachable", "shut"); code != exitUsage || !strings.Contains(errs, "none of open, closed, policy") {
		t.Errorf("exit code %d:\n%s", code, errs)
	}
}

func TestNumbersThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	for _, c := range [][]string{
		{"--error-budget", "150"}, {"--error-budget", "NaN"}, {"--commits", "-4"}, {"--changed-lines", "-1"}, {"--coverage", "-1"}, {"--wait", "-5m"}, {"--patience", "-1s"},
	} {
		if said := p.exits(exitUsage, append([]string{"gate", "check", "--server", nobody, "--service", "steady"}, c...)...); !strings.Contains(said, c[0]) {
			t.Errorf("%v: %s", c, said)
		}
	}
}

func TestADigestThatNothingCanMatchIsRefusedBeforeAnybodyIsAsked(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(server.Close)
	for _, digest := range []string{"latest", "sha256:abc", strings.TrimPrefix(shipped, "sha256:"), strings.ToUpper(shipped), shipped + "00", " "} {
		said := p.exits(exitUsage, "gate", "check", "--server", server.URL, "--service", "steady", "--digest", digest)
		want := fmt.Sprintf("--digest %q is no digest: write sha256: with 64, sha384: with 96 or sha512: with 128 hexadecimal digits, in lower case, or leave it out and give --commit", digest)
		if !strings.Contains(said, want) || asked.Load() != 0 {
			t.Errorf("of %q it says %s; it asked %d times", digest, said, asked.Load())
		}
		p.exits(exitUsage, "gate", "verify", "--server", server.URL, "--service", "steady", "--verdict", "x", "--digest", digest)
	}
	if _, err := os.Stat(filepath.Join(p.home, "gate.json")); err == nil || asked.Load() != 0 {
		t.Errorf("an answer is written, %v, or it asked %d times", err, asked.Load())
	}
}

func TestARollbackIsAskedForByWhatTheRecordHoldsWhateverItsForm(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db := filepath.Join(p.home, "gate.db")
	p.must("import", "--db", db, p.write("events.jsonl", strings.Replace(history("odd", "....", 2*time.Hour), fmt.Sprintf("sha256:%064d", 1), "build-1", 1)))
	url, _ := p.serve("serve", "--db", db)
	rollback := func(digest string) []string {
		return []string{"gate", "check", "--server", url, "--service", "odd", "--kind", "rollback", "--digest", digest}
	}
	if said := p.must(rollback("build-1")...); !strings.Contains(said, "ALLOW") {
		t.Errorf("it says %s", said)
	}
	if said := p.exits(exitUsage, rollback("build-9")...); !strings.Contains(said, `artifact.digest: "build-9" is no digest; write sha256: with 64`) {
		t.Errorf("of one that the record does not hold it says %s", said)
	}
}
