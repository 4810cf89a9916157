package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/metrics/gate/attest"
)

// clockLeeway is how far the clock of a machine without a server to ask may be behind that of whoever signed.
const clockLeeway = time.Minute

// gateVerify is one run of 'gate verify'.
type gateVerify struct {
	*program
	server  serverFlags
	want    attest.Want
	keys    string
	file    string
	verdict string
	format  string
}

func (p *program) gateVerifyCommand() *cobra.Command {
	v := gateVerify{program: p}
	command := &cobra.Command{
		Use:   "verify",
		Short: "Check, where it is deployed, that the gate let exactly this artifact through",
		Long: `Checks the signed verdict that 'gate check' left in gate.json: that a key of the gate signed it, that it is about this
service, digest and environment, that it lets the promotion through, and that it has not expired. A deploy step that begins with it stops
when somebody takes the gate's step out.

The keys come from --keys (a file with the public key, or with what /api/v1/gate/keys answers; then no server is asked), else from
the server; from what this machine fetched last when the server does not answer.

Exit codes: 0 it may be deployed · 2 wrong usage · 3 a genuine verdict that does not let this through: block, hold, expired,
another artifact, environment or service · 5 no server answers and no key is known · 6 not trusted: no token, or none of the keys
signed it · 1 a bug.`,
		Example: `  shiphabit gate verify --service payments-api --digest "$DIGEST" --environment production --keys gate.pub
  shiphabit gate verify --service payments-api --digest "$DIGEST" --environment production --verdict "$GATE_SIGNED"`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return v.run(command.Context()) },
	}
	f := command.Flags()
	v.server.add(command)
	f.StringVar(&v.want.Digest, "digest", "", "digest of what is deployed, sha256:…")
	f.StringVar(&v.want.Commit, "commit", "", "full commit id of what is deployed, where it has no digest")
	f.StringVar(&v.want.Environment, "environment", "production", "where it is deployed")
	f.StringVar(&v.want.Service, "service", "", "the service that is deployed; the verdict must be for it")
	f.StringVar(&v.keys, "keys", "", "file with the public keys to trust, and no others")
	f.StringVar(&v.file, "in", "gate.json", "the answer that 'gate check' left")
	f.StringVar(&v.verdict, "verdict", "", "the signed verdict itself, in place of the file")
	addFormat(command, &v.format, formatText, formatJSON)
	return command
}

func (v *gateVerify) run(ctx context.Context) error {
	if (v.want.Digest == "") == (v.want.Commit == "") {
		return usage("name what is deployed: --digest, or --commit where it has no digest")
	}
	if err := v.want.Named(); err != nil {
		return usage("what is deployed: %w", err)
	}
	if v.want.Service == "" {
		return usage("name the service that is deployed: --service; a verdict for another service, with criteria of its own, lets nothing through here")
	}
	token, err := v.token()
	if err != nil {
		return err
	}
	keys, ahead, err := v.trusted(ctx)
	if err != nil {
		return err
	}
	v.want.Now, v.want.Leeway = v.now().Add(ahead), clockLeeway
	statement, err := attest.Open(token, keys, v.want.Now)
	if err == nil {
		err = statement.Check(v.want)
	}
	return errors.Join(v.tell(statement, err), verifyError(err))
}

// token is the signed verdict from the flag or the file.
func (v *gateVerify) token() (string, error) {
	if v.verdict != "" {
		return v.verdict, nil
	}
	data, err := os.ReadFile(v.file)
	if err != nil {
		return "", usage("%w; 'shiphabit gate check' leaves it, or give --verdict", err)
	}
	var file checkFile
	if err := json.Unmarshal(data, &file); err != nil {
		return "", usage("%s is no answer of 'shiphabit gate check': %w", v.file, err)
	}
	if file.Decision.Token == "" {
		return "", exitError{exitForbidden, fmt.Errorf("%s holds no signed verdict: the server signs none (signing_key_file), the gate was "+
			"asked about no digest like sha256:… and no full commit, or no server answered", v.file)}
	}
	return file.Decision.Token, nil
}

// trusted are the keys that count, and how far the clock is ahead of ours by which they are judged.
func (v *gateVerify) trusted(ctx context.Context) (attest.Keys, time.Duration, error) {
	if v.keys != "" {
		keys, err := keysOfFile(v.keys)
		return keys, 0, err
	}
	ask, err := v.client(v.server, gateTimeout)
	if err != nil {
		return nil, 0, err
	}
	memory := v.remembered(ask.base)
	if err := memory.learnKeys(ctx, ask); err != nil {
		if keys := memory.keys(); len(keys) > 0 && errors.As(err, new(unreachable)) {
			v.say("%s; going by the keys fetched before", err)
			return keys, memory.ahead(), nil
		}
		return nil, 0, err
	}
	memory.AheadSeconds = int64(ask.clock.ahead / time.Second)
	memory.keep()
	return memory.keys(), ask.clock.ahead, nil
}

func (m serverMemory) ahead() time.Duration { return time.Duration(m.AheadSeconds) * time.Second }

// keysOfFile reads the public keys that somebody pinned.
func keysOfFile(name string) (attest.Keys, error) {
	text, err := os.ReadFile(name) // #nosec G304 -- the caller names the file
	if err != nil {
		return nil, usage("reading the keys: %w", err)
	}
	keys, err := attest.ParseKeys(text)
	if err != nil {
		return nil, usage("--keys %s: %w", name, err)
	}
	return keys, nil
}

// verdictFile is what --format json prints.
type verdictFile struct {
	Valid     bool             `json:"valid"`
	Reason    string           `json:"reason,omitempty"`
	Statement attest.Statement `json:"statement,omitzero"`
}

// tell prints what was found.
func (v *gateVerify) tell(s attest.Statement, fault error) error {
	if v.format == formatJSON {
		found := verdictFile{Valid: fault == nil, Statement: s}
		if fault != nil {
			found.Reason = fault.Error()
		}
		return writeJSON(v.out, found)
	}
	if fault == nil {
		return v.tellValid(s)
	}
	return nil // its words go the way of all errors
}

func (v *gateVerify) tellValid(s attest.Statement) error {
	p := s.Predicate
	_, err := fmt.Fprintf(v.out, "VALID  %s → %s\nThe gate said %s in decision %s; valid until %s.\n",
		printable(p.Service), printable(p.Environment), p.Verdict, printable(p.Decision), p.ValidUntil.Format(time.RFC3339))
	return err
}

// verifyError turns a fault into the exit code.
func verifyError(fault error) error {
	switch {
	case fault == nil:
		return nil
	case errors.Is(fault, attest.ErrUntrusted):
		return exitError{exitForbidden, fault}
	default:
		return exitError{exitBlocked, fault}
	}
}
