package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
	"shiphabit/metrics/gate/attest"
)

var (
	shipped = "sha256:" + strings.Repeat("4f5c", 16)
	another = "sha256:" + strings.Repeat("0a0b", 16)
)

// signingServer serves steady, shaky and vault, and signs with the key of gate.pem, whose public half is gate.pub.
func signingServer(t *testing.T) (process, string) {
	t.Helper()
	p := newProcess(t)
	settings, events, db := filepath.Join(p.home, "shiphabit.yaml"), filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "gate.db")
	write(t, filepath.Join(p.home, "gate.pub"), p.must("gate", "key", "create", "gate.pem"))
	write(t, settings, "signing_key_file: gate.pem\nservices:\n  - name: vault\n    tier: critical\n")
	write(t, events, history("steady", strings.Repeat(".", 40), 2*time.Hour)+
		history("shaky", strings.Repeat(".", 20)+".x.x.x.x", 2*time.Hour)+history("vault", strings.Repeat(".", 20), 5*time.Minute))
	p.must("import", "--db", db, "--config", settings, events)
	url, _ := p.serve("serve", "--db", db, "--config", settings)
	return p, url
}

func TestADeployStepGoesByTheSignedVerdictAlone(t *testing.T) {
	t.Parallel()
	p, url := signingServer(t)
	check := func(args ...string) { p.run(append([]string{"gate", "check", "--server", url, "-q"}, args...)...) }
	check("--service", "steady", "--digest", shipped, "--dotenv", "gate.env")
	check("--service", "shaky", "--digest", shipped, "--out", "blocked.json")
	check("--service", "vault", "--digest", shipped, "--out", "held.json")
	check("--service", "steady", "--version", "1.2", "--out", "unnamed.json")
	p.must("gate", "key", "create", "other.pem")
	write(t, filepath.Join(p.home, "other.pub"), p.must("gate", "key", "public", "other.pem"))
	tamper(t, p, "tampered.json", func(d *gate.Decision) { d.Token = "A" + d.Token })
	tamper(t, p, "unsigned.json", func(d *gate.Decision) { d.Token = "" })
	verify := func(args ...string) []string {
		return append([]string{"gate", "verify", "--service", "steady"}, args...)
	}
	online, offline := []string{"--server", url}, []string{"--keys", "gate.pub", "--server", nobody}
	for _, c := range []struct {
		sentence string
		args     []string
		code     int
		says     string
	}{
		{"the artifact that was let through", verify("--digest", shipped), exitOK, "VALID  steady → production"},
		{"no service", verify("--digest", shipped, "--service", ""), exitUsage, "--service"},
		{"no digest at all", verify("--digest", "sha256:abc"), exitUsage, `"sha256:abc" is no digest: write sha256: with 64`},
		{"half a commit", verify("--digest", "", "--commit", "c0ffee"), exitUsage, `"c0ffee" is no full commit id`},
		{"as JSON", verify("--digest", shipped, "--format", "json"), exitOK, `"valid": true`},
		{"another artifact", verify("--digest", another), exitBlocked, "about sha256:4f5c"},
		{"another environment", verify("--digest", shipped, "--environment", "staging"), exitBlocked, `not for "staging"`},
		{"another service", verify("--digest", shipped, "--service", "vault"), exitBlocked, `not for "vault"`},
		{"a block", verify("--digest", shipped, "--service", "shaky", "--in", "blocked.json"), exitBlocked, "says block"},
		{"a hold", verify("--digest", shipped, "--service", "vault", "--in", "held.json"), exitBlocked, "says hold"},
		{"a fault as JSON", verify("--digest", another, "--format", "json"), exitBlocked, `"valid": false`},
		{"a changed token", verify("--digest", shipped, "--in", "tampered.json"), exitForbidden, "not trusted"},
		{"no token", verify("--digest", shipped, "--in", "unsigned.json"), exitForbidden, "holds no signed verdict"},
		{"an artifact that cannot be signed for", verify("--digest", shipped, "--in", "unnamed.json"), exitForbidden, "holds no signed verdict"},
		{"no answer at all", verify("--digest", shipped, "--in", "nope.json"), exitUsage, "'shiphabit gate check' leaves it"},
		{"neither digest nor commit", verify(), exitUsage, "--digest"},
	} {
		for how, extra := range map[string][]string{"online": online, "offline": offline} {
			out, errs, code := p.run(append(c.args, extra...)...)
			if code != c.code || !strings.Contains(out+errs, c.says) {
				t.Errorf("%s, %s: exit code %d, want %d with %q in:\n%s%s", c.sentence, how, code, c.code, c.says, out, errs)
			}
		}
	}
	p.exits(exitForbidden, "gate", "verify", "--service", "steady", "--digest", shipped, "--keys", "other.pub")
	p.exits(exitUsage, "gate", "verify", "--service", "steady", "--digest", shipped, "--keys", "gate.pem")
	p.exits(exitUnreachable, "gate", "verify", "--service", "steady", "--digest", shipped, "--server", nobody)
	p.must("gate", "verify", "--service", "steady", "--digest", shipped, "--keys", "gate.pub", "--verdict", variable(t, p, "GATE_SIGNED"))
}

// nobody is the discard port: nothing listens.
const nobody = "http://127.0.0.1:9"

// tamper leaves a changed copy of gate.json.
func tamper(t *testing.T, p process, name string, change func(*gate.Decision)) {
	t.Helper()
	file := answer(t, p)
	change(&file.Decision)
	data, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(p.home, name), string(data))
}

// variable is one of those that --dotenv left.
func variable(t *testing.T, p process, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(p.home, "gate.env"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if value, found := strings.CutPrefix(line, name+"="); found {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("no %s in %s", name, data)
	return ""
}

func TestAKeyFileIsForItsOwnerAloneAndNeverWrittenOver(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	public := p.must("gate", "key", "create", "gate.pem")
	name := filepath.Join(p.home, "gate.pem")
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
	before, _ := os.ReadFile(name)
	p.exits(exitUsage, "gate", "key", "create", "gate.pem")
	if after, _ := os.ReadFile(name); string(after) != string(before) || p.must("gate", "key", "public", "gate.pem") != public {
		t.Error("the key was written over, or its public half is another one")
	}
	if !strings.HasPrefix(public, "-----BEGIN PUBLIC KEY-----\n") {
		t.Errorf("it prints %s", public)
	}
}

// gone moves what a client remembers of a server to an address where nobody is, as if the server had gone away under its own.
func gone(t *testing.T, p process, from string, services ...string) {
	t.Helper()
	folder := filepath.Join(p.home, "cache", "shiphabit", "gate")
	names := [][2]string{{cacheName(from, "", ""), cacheName(nobody, "", "")}}
	for _, s := range services {
		names = append(names, [2]string{cacheName(from, s, "production"), cacheName(nobody, s, "production")})
	}
	for _, n := range names {
		if err := os.Rename(filepath.Join(folder, n[0]), filepath.Join(folder, n[1])); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAKeptAnswerCountsOnlyWhenItIsTheOneThatWasSigned(t *testing.T) {
	t.Parallel()
	p, url := signingServer(t)
	p.run("gate", "check", "--server", url, "--service", "shaky", "--digest", shipped, "-q")
	p.must("gate", "check", "--server", url, "--service", "steady", "--digest", shipped, "-q")
	gone(t, p, url, "steady", "shaky")
	check := func(service string, extra ...string) (string, int) {
		_, _, code := p.run(append([]string{"gate", "check", "--server", nobody, "--patience", "0s", "--service", service, "--digest", shipped, "--unreachable", "closed"}, extra...)...)
		got := answer(t, p)
		return got.Source + ": " + got.Note, code
	}
	if said, code := check("steady"); code != exitOK || !strings.HasPrefix(said, "cache") {
		t.Errorf("a signed allow: exit code %d from %s", code, said)
	}
	if said, code := check("steady", "--keys", "gate.pub"); code != exitOK || !strings.HasPrefix(said, "cache") {
		t.Errorf("a signed allow, by the key of a file: exit code %d from %s", code, said)
	}
	if said, code := check("shaky"); code != exitBlocked || !strings.HasPrefix(said, "cache") {
		t.Errorf("a signed block: exit code %d from %s", code, said)
	}
	kept := filepath.Join(p.home, "cache", "shiphabit", "gate", cacheName(nobody, "shaky", "production"))
	data, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	for sentence, change := range map[string]func(string) string{
		"its verdict is another":  func(s string) string { return strings.ReplaceAll(s, `"verdict":"block"`, `"verdict":"allow"`) },
		"its token is taken away": func(s string) string { return strings.Replace(s, `"token":`, `"tolkien":`, 1) },
		"its decision is another": func(s string) string { return strings.Replace(s, `"id":"gd_`, `"id":"gd_X`, 1) },
	} {
		write(t, kept, change(string(data)))
		if said, code := check("shaky"); code != exitUnreachable || !strings.HasPrefix(said, "local") || !strings.Contains(said, "does not count") {
			t.Errorf("%s: exit code %d from %s", sentence, code, said)
		}
	}
	p.must("gate", "verify", "--service", "steady", "--server", nobody, "--digest", shipped, "--verdict", tokenOf(t, p, "steady")) // by the keys fetched before
}

// tokenOf is the token of the answer that is kept for a service.
func tokenOf(t *testing.T, p process, service string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(p.home, "cache", "shiphabit", "gate", cacheName(nobody, service, "production")))
	if err != nil {
		t.Fatal(err)
	}
	var kept gateCache
	if err := json.Unmarshal(data, &kept); err != nil {
		t.Fatal(err)
	}
	return kept.Decision.Token
}

// skewedServer decides with a clock that is ahead of ours: it signs and dates its answers by it.
func skewedServer(t *testing.T, ahead time.Duration, decide func(now time.Time) gate.Decision) string {
	t.Helper()
	key, err := attest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().Add(ahead).UTC()
		w.Header().Set("Date", now.Format(http.TimeFormat))
		if strings.HasSuffix(r.URL.Path, "/keys") {
			_ = json.NewEncoder(w).Encode(attest.Keys{key.Public()}.Set())
			return
		}
		var asked gate.Request
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		d := decide(now)
		s, _ := attest.Of(gate.Logged{Decision: d, Request: asked, At: now.Truncate(time.Millisecond)})
		if d.Token, err = key.Sign(s); err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(w).Encode(d)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestTimesOfTheGateAreReadByTheServersClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{0, 40 * time.Minute, -40 * time.Minute} {
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			t.Parallel()
			p := newProcess(t)
			url := skewedServer(t, ahead, func(now time.Time) gate.Decision {
				return gate.Decision{ID: "gd_1", Verdict: gate.Allow, WouldBe: gate.Allow, ValidUntil: now.Add(15 * time.Minute).Truncate(time.Millisecond)}
			})
			check := []string{"gate", "check", "--service", "steady", "--digest", shipped, "--unreachable", "closed", "--patience", "0s"}
			_, errs, code := p.run(append(check, "--server", url)...)
			if told := strings.Contains(errs, "clock of this machine"); code != exitOK || told != (ahead != 0) {
				t.Errorf("exit code %d\n%s", code, errs)
			}
			p.must("gate", "verify", "--service", "steady", "--digest", shipped, "--server", url)
			gone(t, p, url, "steady")
			p.must(append(check, "--server", nobody)...)
			if got := answer(t, p); got.Source != "cache" {
				t.Errorf("answered from %s: %s", got.Source, got.Note)
			}
		})
	}
}

func TestAHoldIsWaitedOutByTheServersClock(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	held := false
	url := skewedServer(t, 40*time.Minute, func(now time.Time) gate.Decision {
		d := gate.Decision{ID: "gd_1", Verdict: gate.Allow, WouldBe: gate.Allow, ValidUntil: now.Add(15 * time.Minute)}
		if !held {
			again := now.Add(time.Second)
			d.Verdict, d.AskAgainAfter, held = gate.Hold, &again, true
		}
		return d
	})
	began := time.Now()
	p.must("gate", "check", "--server", url, "--service", "steady", "--digest", shipped, "--wait", "5m")
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it waited %s for a hold of a second", took)
	}
}
