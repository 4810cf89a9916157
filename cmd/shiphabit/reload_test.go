package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"shiphabit/collector/git/gittest"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// running is a server in a process of its own that can be sent signals and whose log can be read.
type running struct {
	*testing.T
	url string
	cmd *exec.Cmd
	log string // file
}

func (p process) running(args ...string) running {
	p.t.Helper()
	args = slices.Insert(args, 1, "--listen", "127.0.0.1:0") // one that follows goes before it
	r := running{T: p.t, cmd: p.command(p.t.Context(), args...), log: filepath.Join(p.t.TempDir(), "log")}
	log, err := os.Create(r.log)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	r.cmd.Cancel = func() error { return r.cmd.Process.Signal(syscall.SIGTERM) }
	r.cmd.Stderr = log
	out, err := r.cmd.StdoutPipe()
	if err == nil {
		err = r.cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = r.cmd.Process.Signal(syscall.SIGTERM)
		_ = r.cmd.Wait()
	})
	line, _ := bufio.NewReader(out).ReadString('\n')
	if _, at, found := strings.Cut(line, "http://"); !found {
		p.t.Fatalf("it says %q and no address\n%s", line, r.said())
	} else {
		r.url = "http://" + strings.TrimSpace(at)
	}
	return r
}

func (r running) said() string {
	r.Helper()
	text, err := os.ReadFile(r.log)
	if err != nil {
		r.Fatal(err)
	}
	return string(text)
}

// hangUp sends the signal and waits until the server has said something of it.
func (r running) hangUp(says string) {
	r.Helper()
	before := strings.Count(r.said(), says)
	if err := r.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		r.Fatal(err)
	}
	r.until("it says "+says, func() bool { return strings.Count(r.said(), says) > before })
}

// until waits for another process.
func (r running) until(what string, is func() bool) {
	r.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			r.Fatalf("still not: %s\n%s", what, r.said())
		}
	}
}

// sources are those that were read to their end.
func (r running) sources() []string {
	r.Helper()
	response, err := http.Get(r.url + "/api/v1/sources")
	if err != nil {
		r.Fatal(err)
	}
	defer response.Body.Close()
	var said struct {
		Sources []struct {
			Name string `json:"name"`
			Run  struct {
				FinishedAt time.Time `json:"finished_at"`
			} `json:"run"`
		} `json:"sources"`
	}
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
		r.Fatal(err)
	}
	var names []string
	for _, s := range said.Sources {
		if !s.Run.FinishedAt.IsZero() {
			names = append(names, s.Name)
		}
	}
	return names
}

func TestAHangUpPutsTheNewConfigurationInForceAndDropsNoRequest(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings, clone := filepath.Join(p.home, "s.yaml"), gittest.Story(t).Dir
	one := "sources:\n  - {name: one, type: git, settings: {path: " + clone + "}}\n"
	write(t, settings, one)
	r := p.running("serve", "--config", settings, "--db", filepath.Join(p.home, "s.db"))
	r.until("the first source is read", func() bool { return len(r.sources()) == 1 })

	stop, dropped := make(chan struct{}), make(chan error, 1)
	go func() {
		for asked := 0; ; asked++ {
			response, err := http.Get(r.url + "/healthz")
			if err != nil {
				dropped <- err
				return
			}
			_ = response.Body.Close()
			select {
			case <-stop:
				if asked == 0 {
					t.Error("nothing was asked")
				}
				dropped <- nil
				return
			default:
			}
		}
	}()
	write(t, settings, one+"  - {name: two, type: git, settings: {path: "+clone+"}}\n")
	r.hangUp("in force: 2 sources")
	r.until("the second source is read", func() bool { return len(r.sources()) == 2 })
	if got := status(t, r.url+"/api/v1/services"); got != http.StatusOK {
		t.Errorf("without a token: %d", got)
	}
	write(t, settings, "require_tokens: true\n"+one)
	r.hangUp("in force: 1 source")
	close(stop)
	if err := <-dropped; err != nil {
		t.Errorf("a request was dropped: %v", err)
	}
	if got := status(t, r.url+"/api/v1/services"); got != http.StatusUnauthorized {
		t.Errorf("without a token, which is now required: %d", got)
	}
}

func TestAFaultyConfigurationIsRefusedWithEveryFaultAndTheOldOneStays(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings := filepath.Join(p.home, "s.yaml")
	write(t, settings, "require_tokens: true\n")
	r := p.running("serve", "--config", settings, "--db", filepath.Join(p.home, "s.db"))
	for sentence, c := range map[string]struct {
		text string
		says []string
	}{
		"two faults":          {"require_tokens: perhaps\nweek_start: never\n", []string{"s.yaml:1", "s.yaml:2"}},
		"no YAML":             {"require_tokens: [\n", []string{"s.yaml"}},
		"a file that is gone": {"", []string{"no such file"}},
	} {
		if write(t, settings, c.text); c.text == "" {
			_ = os.Remove(settings)
		}
		r.hangUp("is refused")
		for _, says := range c.says {
			r.until(sentence+": it says "+says, func() bool { return strings.Contains(r.said(), says) })
		}
		if got := status(t, r.url+"/api/v1/services"); got != http.StatusUnauthorized {
			t.Errorf("%s: the old configuration asks for tokens, and without one the answer is %d", sentence, got)
		}
	}
	write(t, settings, "require_tokens: false\n")
	r.hangUp("in force: 0 sources")
	if got := status(t, r.url+"/api/v1/services"); got != http.StatusOK {
		t.Errorf("a sound configuration after a faulty one: %d", got)
	}
}

func TestTokensAreNotDroppedWhereOtherMachinesReach(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings := filepath.Join(p.home, "s.yaml")
	write(t, settings, "require_tokens: true\n")
	r := p.running("serve", "--config", settings, "--db", filepath.Join(p.home, "s.db"), "--listen", "0.0.0.0:0")
	write(t, settings, "require_tokens: false\n")
	r.hangUp("can be reached from other machines")
}

func TestWhoListsPoliciesHearsOfAConfigurationThatWasRefused(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings := filepath.Join(p.home, "s.yaml")
	const stricter = "policies:\n  - apiVersion: shiphabit/v1\n    kind: Policy\n    metadata: {name: stricter}\n    applies_to: {tier: standard}\n    criteria:\n      failure-meter: {not_acceptable: 1 in 9}\n"
	write(t, settings, stricter)
	r := p.running("serve", "--config", settings, "--db", filepath.Join(p.home, "s.db"))
	refused := func() (why string, digest string) {
		response, err := http.Get(r.url + "/api/v1/policies?service=")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var said struct {
			Refused  string
			Policies []struct{ Digest string }
		}
		if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
			t.Fatal(err)
		}
		return said.Refused, said.Policies[2].Digest
	}
	why, before := refused()
	if why != "" {
		t.Errorf("at the start it says %q", why)
	}
	write(t, settings, strings.Replace(stricter, "1 in 9", "never", 1))
	r.hangUp("is refused")
	if why, digest := refused(); !strings.Contains(why, "not_acceptable") || digest != before {
		t.Errorf("of a fault it says %q; the policy is %s and was %s", why, digest, before)
	}
	write(t, settings, strings.Replace(stricter, "1 in 9", "1 in 8", 1))
	r.hangUp("in force: 0 sources")
	if why, digest := refused(); why != "" || digest == before {
		t.Errorf("of a sound one it says %q; the policy is %s and was %s", why, digest, before)
	}
}

// held sends the beginning of a request whose rest never comes.
func (r running) held() {
	r.Helper()
	host := strings.TrimPrefix(r.url, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	head := "POST /api/v1/events HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n"
	if _, err := fmt.Fprint(conn, head); err != nil {
		r.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") { // its handler reads now
		r.Fatal(line, err)
	}
}

func TestAStopAfterAReloadDoesNotWaitForARequestThatNeverEnds(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings := filepath.Join(p.home, "s.yaml")
	write(t, settings, "teams:\n  - {name: a}\n")
	r := p.running("serve", "--config", settings, "--db", filepath.Join(p.home, "s.db"))
	r.held()
	r.hangUp("in force")
	r.held()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = r.cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(30 * time.Second): // it gives requests ten seconds
		_ = r.cmd.Process.Kill()
		<-ended
		t.Errorf("it is still there\n%s", r.said())
	}
	if said := r.said(); !strings.Contains(said, "cut") || strings.Contains(said, "closed") {
		t.Errorf("it says\n%s", said)
	}
}

func TestTheDatabaseIsClosedAfterTheLastRequest(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "s.db"), store.Options{Rules: metrics.DefaultRules()})
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{program: &program{err: io.Discard}, current: &term{db: db, end: func() {}}}
	s.current.requests.Add(1)
	closed := make(chan struct{})
	go func() {
		s.close()
		close(closed)
	}()
	select {
	case <-closed:
		t.Error("it is closed while a request is under way")
	case <-time.After(100 * time.Millisecond):
	}
	if _, err := db.Sources(t.Context()); err != nil {
		t.Errorf("the request under way asks: %v", err)
	}
	s.current.requests.Done()
	<-closed
	if _, err := db.Sources(t.Context()); err == nil {
		t.Error("it is still open")
	}
}
