package main

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fence is a block of a page with its language.
var fence = regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$")

// The commands of the page, in one shell, on a machine where nothing is but the program; its outputs are held against what comes out.
func TestTheWalkFromAnEmptyMachineGoesAsThePageSays(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "pipelines.md"))
	if err != nil {
		t.Fatal(err)
	}
	w := newProcess(t).workplace("")
	snippets := filepath.Join(w.folder, "deploy", "pipelines")
	if err := os.MkdirAll(snippets, 0o700); err != nil {
		t.Fatal(err)
	}
	executable(t, filepath.Join(snippets, "gate.sh"), snippet(t, "gate.sh", ""))
	script, wants := "set +e\ntrap 'kill %1 2>/dev/null' EXIT\n", []string{}
	for i, block := range fence.FindAllStringSubmatch(string(text), -1) {
		switch {
		case i == 0 && strings.HasPrefix(block[2], "make build\n"): // the program is built already
		case block[1] == "sh":
			script += block[2]
		default:
			wants = append(wants, strings.Split(strings.TrimSpace(block[2]), "\n")...)
		}
	}
	output, code := w.shell(strings.ReplaceAll(script, "127.0.0.1:8080", freeAddress(t)))
	if code != 0 {
		t.Fatalf("the walk ends with %d:\n%s", code, output)
	}
	if len(wants) < 10 {
		t.Fatalf("the page promises only %q", wants)
	}
	rest := output
	for _, want := range wants {
		parts := strings.Split(want, "…")
		for i, part := range parts {
			parts[i] = regexp.QuoteMeta(part)
		}
		at := regexp.MustCompile("(?m)^" + strings.Join(parts, ".*") + "$").FindStringIndex(rest)
		if at == nil {
			t.Fatalf("what follows lacks %q, which the page promises:\n%s\nof all this:\n%s", want, rest, output)
		}
		rest = rest[at[1]:]
	}
}

// freeAddress is one of this machine that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
