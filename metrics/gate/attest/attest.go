// Package attest signs what the gate decided and checks such signatures: an in-toto statement (v1) in a DSSE envelope (v1.0.2),
// signed with Ed25519. It reads no clock, no file and no network; whoever calls it says what time it is.
package attest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics/gate"
)

const (
	// StatementType is the type of an in-toto statement of version 1.
	StatementType = "https://in-toto.io/Statement/v1"
	// PredicateType names what Verdict means. It is a name and no address that anybody asks.
	PredicateType = "https://shiphabit.dev/release-verdict/v1"
)

// Why a signed verdict is not one to go by. ErrUntrusted: nobody we trust signed it. The others: it is genuine, and does not let
// this promotion through.
var (
	ErrUntrusted = errors.New("the verdict is not trusted")
	ErrOther     = errors.New("the verdict is for something else")
	ErrExpired   = errors.New("the verdict has expired")
	ErrEarly     = errors.New("the verdict is not valid yet")
	ErrStopped   = errors.New("the gate did not let it through")
)

// Statement says what the gate decided about an artifact.
type Statement struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Verdict   `json:"predicate"`
}

// Subject is the artifact: its digests by algorithm, under the name of its service.
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// Verdict is the predicate: the part of a decision that a deploy step goes by.
type Verdict struct {
	Verdict     gate.Result `json:"verdict"`
	WouldBe     gate.Result `json:"would_be"`
	Service     string      `json:"service"`
	Environment string      `json:"environment"`
	Policy      string      `json:"policy"` // digest
	Decision    string      `json:"decision"`
	Kind        string      `json:"kind"`
	Override    string      `json:"override,omitempty"`
	Unlogged    bool        `json:"unlogged,omitempty"`
	IssuedAt    time.Time   `json:"issued_at"`
	ValidUntil  time.Time   `json:"valid_until"`
}

// Of is the statement of a decision; false when its request names no artifact by a digest or commit, so that there is nothing
// that could be told apart from any other.
func Of(l gate.Logged) (Statement, bool) {
	digest, ok := digestOf(provenDigest(l), l.Request.Commit)
	return Statement{
		Type: StatementType, PredicateType: PredicateType,
		Subject: []Subject{{Name: l.Request.Service, Digest: digest}},
		Predicate: Verdict{
			Verdict: l.Verdict, WouldBe: l.WouldBe, Service: l.Request.Service, Environment: l.Request.Environment,
			Policy: l.Policy.Digest, Decision: l.ID, Kind: l.Kind, Override: l.Override, Unlogged: l.Unlogged,
			IssuedAt: l.At, ValidUntil: l.ValidUntil,
		},
	}, ok
}

// provenDigest is the digest that the decision was about. A rollback, and a fix that puts a failed deployment in again, go by the
// record: where that knows the commit alone, any digest could stand beside it, and the commit is all that was judged.
func provenDigest(l gate.Logged) string {
	digest, s := l.Request.Artifact.Digest, l.Snapshot
	byRecord := l.Kind == gate.KindRollback || l.Kind == gate.KindFix && l.Request.Change.Kind != gate.KindFix
	if !byRecord {
		return digest
	}
	recorded := s.Earlier
	for _, d := range []*gate.Deployed{s.Live, s.FailedRun} {
		if d != nil {
			recorded = append(slices.Clip(recorded), *d)
		}
	}
	if slices.ContainsFunc(recorded, func(d gate.Deployed) bool { return strings.EqualFold(d.Digest, digest) }) {
		return digest
	}
	return ""
}

// hexDigits is how many digits the digests have that name an artifact.
var hexDigits = map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}

// digestOf names an artifact by its digest, or by its commit where it has none. Never by both: a set of digests matches when any
// of them does, and one commit may have been built twice.
func digestOf(digest, commit string) (map[string]string, bool) {
	if digest == "" {
		sha := len(commit) == 40 || len(commit) == 64
		return map[string]string{"gitCommit": commit}, sha && isHex(commit)
	}
	algorithm, value, _ := strings.Cut(digest, ":")
	return map[string]string{algorithm: value}, len(value) == hexDigits[algorithm] && isHex(value)
}

func isHex(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && s != "" && strings.ToLower(s) == s
}

// Want is what a deploy step is about to do. It goes by the digest; by the commit only where there is no digest. An empty Service
// is any.
type Want struct {
	Digest, Commit string
	Service        string
	Environment    string
	Now            time.Time
	// Leeway is how far the clock that Now is from may be behind the one of whoever signed.
	Leeway time.Duration
}

// Named reports why what is wanted names no artifact, nil when it does.
func (w Want) Named() error {
	if _, ok := digestOf(w.Digest, w.Commit); ok {
		return nil
	}
	if w.Digest == "" {
		return fmt.Errorf("%q is no full commit id: write all its 40 or 64 hexadecimal digits, in lower case", w.Commit)
	}
	return fmt.Errorf("%q is no digest: write "+DigestForm, w.Digest)
}

// DigestForm is how a digest is written that names an artifact.
const DigestForm = "sha256: with 64, sha384: with 96 or sha512: with 128 hexadecimal digits, in lower case"

// Malformed tells whether a text stands where a digest should and is none: no artifact that is built can ever match it.
func Malformed(digest string) bool {
	_, ok := digestOf(digest, "")
	return digest != "" && !ok
}

// Check reports why a statement that was signed does not let through what is wanted; nil when it does.
// ErrStopped comes last: everything else about the statement fits then.
func (s Statement) Check(w Want) error {
	v := s.Predicate
	if err := w.Named(); err != nil {
		return fmt.Errorf("%w: %w", ErrOther, err)
	}
	digest, _ := digestOf(w.Digest, w.Commit)
	switch {
	case !s.names(digest):
		return fmt.Errorf("%w: it is about %s, not about %s", ErrOther, s.about(), words(digest))
	case !strings.EqualFold(v.Environment, w.Environment):
		return fmt.Errorf("%w: it is for the environment %q, not for %q", ErrOther, v.Environment, w.Environment)
	case w.Service != "" && v.Service != w.Service:
		return fmt.Errorf("%w: it is for the service %q, not for %q", ErrOther, v.Service, w.Service)
	case w.Now.Add(w.Leeway).Before(v.IssuedAt):
		return fmt.Errorf("%w: it was issued at %s and the time here is %s; set the clock of this machine right",
			ErrEarly, clock(v.IssuedAt), clock(w.Now))
	case !w.Now.Before(v.ValidUntil):
		return fmt.Errorf("%w: it was valid until %s and the time here is %s; ask the gate again", ErrExpired, clock(v.ValidUntil), clock(w.Now))
	case v.Verdict != gate.Allow && v.Verdict != gate.Warn:
		return fmt.Errorf("%w: decision %s says %s", ErrStopped, v.Decision, v.Verdict)
	}
	return nil
}

// names reports whether the statement is about the artifact with this one digest.
func (s Statement) names(digest map[string]string) bool {
	for algorithm, value := range digest {
		for _, subject := range s.Subject {
			if subject.Digest[algorithm] == value {
				return true
			}
		}
	}
	return false
}

func (s Statement) about() string {
	if len(s.Subject) == 0 {
		return "nothing"
	}
	return words(s.Subject[0].Digest)
}

// words writes a digest as it is written elsewhere.
func words(digest map[string]string) string {
	for algorithm, value := range digest {
		return algorithm + ":" + value
	}
	return "nothing"
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }
