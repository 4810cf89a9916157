package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"shiphabit/metrics/gate"
)

func TestWhatWasDecidedWithoutTheGateIsCountedWhenItIsThereAgain(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	counted := func() gate.Absence {
		t.Helper()
		var board gate.Scoreboard
		if err := json.Unmarshal([]byte(fetched(t, url+"/api/v1/gate/scoreboard")), &board); err != nil {
			t.Fatal(err)
		}
		return board.Unreachable
	}
	alone := func(args ...string) {
		t.Helper()
		rename(t, p, url, nobody)
		p.run(append([]string{"gate", "check", "--server", nobody, "--patience", "0s"}, args...)...)
		rename(t, p, nobody, url)
	}
	for _, service := range []string{"steady", "vault"} { // so that both are remembered
		p.run("gate", "check", "--server", url, "--service", service, "--digest", built("one"))
	}
	alone("--service", "steady", "--digest", built("two"))
	alone("--service", "steady", "--digest", built("one"))
	alone("--service", "vault", "--digest", built("two"))
	if a := counted(); a.Decided != 0 {
		t.Fatalf("nobody has told anything: %+v", a)
	}
	for range 2 {
		p.must("gate", "check", "--server", url, "--service", "steady", "--digest", built("three"))
	}
	if a := counted(); a.Decided != 2 || a.Stopped != 0 || a.ByLastAnswer != 1 {
		t.Errorf("the next check told %+v", a)
	}
	p.run("gate", "check", "--server", url, "--service", "vault", "--digest", built("three"))
	if a := counted(); a.Decided != 3 || a.Stopped != 1 {
		t.Errorf("the next check of the other service told %+v", a)
	}

	// A runner that is thrown away tells it with its report.
	p.run("gate", "check", "--server", nobody, "--patience", "0s", "--service", "other", "--out", filepath.Join(p.home, "alone.json"))
	for range 2 {
		if said := p.exits(exitUsage, "gate", "report", "--server", url, "--outcome", "succeeded", "--in", filepath.Join(p.home, "alone.json")); !strings.Contains(said, "was decided without a server") {
			t.Errorf("it says %s", said)
		}
	}
	if a := counted(); a.Decided != 4 {
		t.Errorf("the report told %+v", a)
	}
}

func TestTheFirstMinuteOfAServerIsNoted(t *testing.T) {
	t.Parallel()
	_, url := gateServer(t)
	for {
		if board := fetched(t, url+"/api/v1/gate/scoreboard"); !strings.Contains(board, `"measured_since":null`) {
			return
		} else if t.Context().Err() != nil {
			t.Fatal(board)
		}
	}
}
