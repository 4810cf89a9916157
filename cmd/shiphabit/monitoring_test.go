package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shiphabit/internal/config"
)

// patience is how long a real server may take for anything.
const patience = 60 * time.Second

// eventually asks again and again until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited for %s: %v", what, ctx.Err())
		case <-tick.C:
		}
	}
}

// needs skips a test where a program is missing; .ci/deps installs them all.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed: apt-get install prometheus prometheus-alertmanager", name)
		}
	}
}

// daemon runs a real server on a free port of its own until the test ends, and returns its address once it is ready. args are given
// the port.
func daemon(t *testing.T, program string, args func(port string) []string) string {
	t.Helper()
	for range 5 {
		if address, up := tryDaemon(t, program, args); up {
			return address
		}
	}
	t.Fatalf("%s finds no free port", program)
	return ""
}

// tryDaemon fails to start where somebody else takes the port in between.
func tryDaemon(t *testing.T, program string, args func(port string) []string) (address string, up bool) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()
	var output bytes.Buffer
	command := exec.Command(program, args(port)...)
	command.Dir, command.Stdout, command.Stderr = t.TempDir(), &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = command.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("%s:\n%s", program, output.String())
		}
	})
	address, ready := "http://127.0.0.1:"+port, false
	eventually(t, program, func() bool {
		select {
		case <-ended:
			return true
		default:
		}
		answer, err := http.Get(address + "/-/ready")
		if err != nil {
			return false
		}
		answer.Body.Close()
		ready = answer.StatusCode == http.StatusOK
		return ready
	})
	if !ready && !strings.Contains(output.String(), "address already in use") {
		t.Fatalf("%s does not start:\n%s", program, output.String())
	}
	return address, ready
}

// snippets are the YAML blocks of a page of the documentation.
func snippets(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "integrations", page))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, rest := range strings.Split(string(text), "```yaml\n")[1:] {
		block, _, _ := strings.Cut(rest, "```")
		found = append(found, block)
	}
	return found
}

// altered replaces parts of a snippet, each of which has to be there.
func altered(t *testing.T, snippet string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(snippet, pairs[i]) {
			t.Fatalf("the snippet has no %q:\n%s", pairs[i], snippet)
		}
		snippet = strings.ReplaceAll(snippet, pairs[i], pairs[i+1])
	}
	return snippet
}

// settingsOf reads a configuration.
func settingsOf(t *testing.T, text string, env map[string]string) config.Config {
	t.Helper()
	settings, err := config.Parse("shiphabit.yaml", []byte(text), config.Options{Env: func(name string) string { return env[name] }})
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

// metricsPage writes counters as Prometheus scrapes them.
func metricsPage(w http.ResponseWriter, good, bad int64) {
	for code, n := range map[string]int64{"200": good, "500": bad} {
		fmt.Fprintf(w, "http_requests_total{service=\"shop\",environment=\"production\",code=%q} %d\n", code, n)
	}
}
