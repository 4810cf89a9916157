package gate

import (
	"fmt"
	"slices"
	"strings"
)

// The kinds of change a request may claim. Config is judged as normal.
const (
	KindNormal   = "normal"
	KindRollback = "rollback"
	KindFix      = "fix"
	KindConfig   = "config"
)

// claim is what became of a request's kind: what it is judged as, and why.
type claim struct {
	kind string // normal, rollback or fix
	// says is why it passes, or why its claim does not hold; empty for a normal change that claims nothing.
	says     string
	refused  bool
	evidence []string
}

// judgeKind checks a request's kind against our own records.
func judgeKind(s Snapshot, r Request) claim {
	switch r.Change.Kind {
	case KindRollback:
		return rollbackClaim(s, r)
	case KindFix:
		return fixClaim(s, r)
	}
	if failed := s.FailedRun; failed != nil && sameArtifact(r.Artifact.Digest, r.Commit, failed.Digest, failed.Revision) {
		return claim{kind: KindFix, says: fmt.Sprintf("it puts in %s again, whose deployment failed", name(*failed)), evidence: []string{failed.ID}}
	}
	switch r.Change.Kind {
	case KindNormal, KindConfig, "":
		return claim{kind: KindNormal}
	default:
		return refuse("%q is none of normal, rollback, fix, config", r.Change.Kind)
	}
}

func refuse(format string, args ...any) claim {
	return claim{kind: KindNormal, refused: true, says: fmt.Sprintf(format, args...)}
}

// rollbackClaim accepts what once finished successfully here before the live one, and the live one itself when a failed
// deployment came after it.
func rollbackClaim(s Snapshot, r Request) claim {
	if r.Artifact.Digest == "" && r.Commit == "" {
		return refuse("a rollback names the digest or the commit that it puts back")
	}
	d := putBack(s, r)
	switch {
	case d == nil:
		return refuse("no successful deployment of this artifact to %s before the live one is recorded, or it was rolled back itself", environmentOf(s, r))
	case d != s.Live:
		return claim{kind: KindRollback, says: fmt.Sprintf("it puts back %s, which went live here at %s", name(*d), clock(d.FinishedAt)), evidence: []string{d.ID}}
	case s.FailedRun != nil:
		return claim{kind: KindRollback, says: fmt.Sprintf("it puts back %s after the deployment of %s failed", name(*d), name(*s.FailedRun)), evidence: []string{d.ID}}
	}
	return refuse("%s is what is live already", name(*d))
}

// putBack is what a request would put back: an earlier deployment, or the live one; nil for none.
func putBack(s Snapshot, r Request) *Deployed {
	same := func(d Deployed) bool { return sameArtifact(r.Artifact.Digest, r.Commit, d.Digest, d.Revision) }
	if i := slices.IndexFunc(s.Earlier, same); i >= 0 {
		return &s.Earlier[i]
	}
	if s.Live != nil && same(*s.Live) {
		return s.Live
	}
	return nil
}

func environmentOf(s Snapshot, r Request) string {
	if s.Environment != "" {
		return s.Environment
	}
	return r.Environment
}

// fixClaim accepts a fix that names an open problem of this service, no older than 14 days.
func fixClaim(s Snapshot, r Request) claim {
	if len(r.Change.Fixes) == 0 {
		return refuse("a fix names the failed deployment or the incident that it repairs")
	}
	var old string
	for _, problems := range [][]Problem{s.OpenFailures, s.OpenIncidents} {
		for _, p := range problems {
			if !namedBy(p, r.Change.Fixes) {
				continue
			}
			if s.fixable(p) {
				return claim{kind: KindFix, says: "it repairs " + p.ID + ", open since " + clock(p.Since), evidence: []string{p.ID}}
			}
			old = p.ID
		}
	}
	if old != "" {
		return refuse("%s has been open for more than 14 days", old)
	}
	return refuse("%s is no open failed deployment or incident of this service", list(r.Change.Fixes))
}

// Declares reports whether a decision let a fix through, under its own name, that puts in the same artifact in the same environment.
func (l Logged) Declares(r Request) bool {
	made := l.Request
	declared := l.Kind == KindFix && made.Change.Kind == KindFix && made.Service == r.Service && strings.EqualFold(made.Environment, r.Environment)
	return declared && sameArtifact(r.Artifact.Digest, r.Commit, made.Artifact.Digest, made.Commit)
}

// namedBy accepts an id with its source ("import/d_881") and without ("d_881").
func namedBy(p Problem, fixes []string) bool {
	for _, id := range append([]string{p.ID}, p.Also...) {
		for _, fix := range fixes {
			if fix != "" && (id == fix || strings.HasSuffix(id, "/"+fix)) {
				return true
			}
		}
	}
	return false
}
