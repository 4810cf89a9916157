package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// safe are settings that keep a clone from running anything or reaching any host: whatever its own configuration says, no
// hook, no file system monitor, no signature check, no pager, no fetch.
var safe = []string{
	"--no-pager", "--no-optional-locks", "--literal-pathspecs",
	"-c", "core.fsmonitor=false",
	"-c", "core.hooksPath=" + os.DevNull,
	"-c", "core.quotePath=false",
	"-c", "diff.external=",
	"-c", "i18n.logOutputEncoding=UTF-8",
	"-c", "log.showSignature=false",
	"-c", "log.showRoot=true",
	"-c", "protocol.allow=never",
}

// keptVariables are the variables of git's environment that a command of ours inherits. The others, such as GIT_DIR of a hook
// that runs us, would point it at another repository.
var keptVariables = []string{"GIT_CONFIG", "GIT_CEILING_DIRECTORIES=", "GIT_DISCOVERY_ACROSS_FILESYSTEM=", "GIT_EXEC_PATH="}

// environment is what a git command runs in: English messages, no question, no network, and the objects as they are stored,
// without replacements or grafts.
func environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GIT_") || kept(v) {
			env = append(env, v)
		}
	}
	return append(env,
		"LC_ALL=C", "LANGUAGE=",
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "GIT_ALLOW_PROTOCOL=none", "GIT_NO_LAZY_FETCH=1",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE="+os.DevNull, "GIT_OPTIONAL_LOCKS=0",
	)
}

func kept(variable string) bool {
	for _, prefix := range keptVariables {
		if strings.HasPrefix(variable, prefix) {
			return true
		}
	}
	return false
}

// maxComplaint is how much of a command's error output is kept, in bytes.
const maxComplaint = 4 << 10

// command is one run of git whose output is read while it comes.
type command struct {
	cmd       *exec.Cmd
	out       *bufio.Reader
	complaint limited
	name      string
	stop      context.CancelFunc
}

// start runs git in the clone; input may be nil. The caller ends it with finish or abandon.
func start(ctx context.Context, dir string, input io.Reader, args ...string) (*command, error) {
	ctx, stop := context.WithCancel(ctx)
	c := &command{cmd: exec.CommandContext(ctx, "git", append(append([]string{"-C", dir}, safe...), args...)...), name: args[0], stop: stop} //nolint:gosec // our own arguments
	c.cmd.Env = environment()
	c.cmd.Stdin = input
	c.cmd.Stderr = &c.complaint
	c.cmd.WaitDelay = time.Second
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		stop()
		return nil, fmt.Errorf("git %s: %w", c.name, err)
	}
	c.out = bufio.NewReaderSize(out, 256<<10)
	if err := c.cmd.Start(); err != nil {
		stop()
		return nil, cannotStart(dir, err)
	}
	return c, nil
}

// finish waits for the end of a command whose output has been read.
func (c *command) finish() error {
	defer c.stop()
	err := c.cmd.Wait()
	if err == nil {
		return nil
	}
	return &commandError{name: c.name, complaint: strings.TrimSpace(c.complaint.String()), err: err}
}

// abandon ends a command whose output is not wanted any more.
func (c *command) abandon() {
	c.stop()
	_ = c.cmd.Wait() // it was killed, so it complains
}

// output runs a command with little output and returns all of it.
func output(ctx context.Context, dir string, args ...string) (string, error) {
	c, err := start(ctx, dir, nil, args...)
	if err != nil {
		return "", err
	}
	all, err := io.ReadAll(c.out)
	if done := c.finish(); done != nil {
		return "", done
	}
	return strings.TrimSuffix(string(all), "\n"), err
}

// commandError is a command that ended badly, with what it said.
type commandError struct {
	name, complaint string
	err             error
}

func (e *commandError) Error() string {
	first, _, _ := strings.Cut(e.complaint, "\n")
	if first == "" {
		return fmt.Sprintf("git %s: %v", e.name, e.err)
	}
	return fmt.Sprintf("git %s: %s", e.name, first)
}

func (e *commandError) Unwrap() error { return e.err }

// complaintOf returns what a git command said before it ended badly, "" when err is something else.
func complaintOf(err error) string {
	var e *commandError
	if errors.As(err, &e) {
		return e.complaint
	}
	return ""
}

// limited keeps the first bytes written to it.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := maxComplaint - l.Len(); room > 0 {
		l.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
