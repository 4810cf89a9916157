package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram makes the test binary be the program itself: end-to-end tests start it as a process of its own.
const asProgram = "SHIPHABIT_TEST_AS_PROGRAM"

// programTime is an instant at which the clock of such a process stands; without it the process has the system's clock.
const programTime = "SHIPHABIT_TEST_TIME"

// raceExit is how long a program that is built with the race detector waits at its end for races that are being found: a second by
// default, of which hundreds of program starts make minutes. What was found until then ends the program with an exit code of its own.
const raceExit = "GORACE=atexit_sleep_ms=20"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(start(clockOf(os.Getenv(programTime))))
	}
	os.Exit(m.Run())
}

// clockOf is the clock of a process whose environment says this of it.
func clockOf(instant string) func() time.Time {
	at, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		return time.Now
	}
	return standing(at)
}

// standing is a clock that stands.
func standing(at time.Time) func() time.Time { return func() time.Time { return at } }

// at makes the clocks of the process stand.
func (p process) at(instant time.Time) process {
	p.env = append(p.env, programTime+"="+instant.Format(time.RFC3339))
	return p
}

// process is the real program in a folder of its own: nothing it writes leaves the test.
type process struct {
	t    *testing.T
	home string
	env  []string
}

func newProcess(t *testing.T) process {
	t.Helper()
	home := t.TempDir()
	env := []string{asProgram + "=1", raceExit, "HOME=" + home, "XDG_CACHE_HOME=" + filepath.Join(home, "cache"), "XDG_DATA_HOME=" + filepath.Join(home, "data"), "PATH=" + os.Getenv("PATH"), "TMPDIR=" + home}
	return process{t, home, env}
}

func (p process) command(ctx context.Context, args ...string) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Env = p.env
	command.Dir = p.home
	return command
}

// run runs the program to its end and returns what it printed and its exit code.
func (p process) run(args ...string) (out, errs string, code int) {
	p.t.Helper()
	return p.runWith("", args...)
}

func (p process) runWith(input string, args ...string) (out, errs string, code int) {
	p.t.Helper()
	command := p.command(p.t.Context(), args...)
	var stdout, stderr bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := command.Run(); err != nil && command.ProcessState == nil {
		p.t.Fatal(err)
	}
	return stdout.String(), stderr.String(), command.ProcessState.ExitCode()
}

// must runs the program and fails the test unless it exits with 0.
func (p process) must(args ...string) string {
	p.t.Helper()
	out, errs, code := p.run(args...)
	if code != 0 {
		p.t.Fatalf("shiphabit %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// serve starts a command that serves, waits for the address it prints, and stops it when the test ends.
func (p process) serve(args ...string) (url string, output *bytes.Buffer) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.t.Context()), 10*time.Minute)
	command := p.command(ctx, append(args, "--listen", "127.0.0.1:0")...)
	reader, writer, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	command.Stdout, command.Stderr = writer, writer
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	_ = writer.Close()
	p.t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
		cancel()
		_ = reader.Close()
	})
	output = &bytes.Buffer{}
	lines := bufio.NewScanner(reader)
	for lines.Scan() {
		fmt.Fprintln(output, lines.Text())
		if url = address.FindString(lines.Text()); url != "" {
			go func() { // keep the pipe empty, so that the program never waits for us
				for lines.Scan() {
				}
			}()
			return url, output
		}
	}
	p.t.Fatalf("shiphabit %s ended without an address:\n%s", strings.Join(args, " "), output)
	return "", nil
}

// status is the status code of a page.
func status(t *testing.T, url string) int {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
