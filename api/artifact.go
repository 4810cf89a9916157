package api

import (
	"fmt"

	"shiphabit/metrics/gate"
	"shiphabit/metrics/gate/attest"
)

// refusal takes down what is wrong with a request.
type refusal func(field, problem, remedy string)

// checkDigest refuses a digest that nothing can match: no token would name the artifact, and no rollback to it be recognised. A rollback is
// held against the record instead, which took any text in former times.
func checkDigest(r gate.Request, refuse refusal) {
	if attest.Malformed(r.Artifact.Digest) && r.Change.Kind != gate.KindRollback {
		refuse("artifact.digest", fmt.Sprintf("%q is no digest", shorten(r.Artifact.Digest)), "write "+attest.DigestForm+", or leave it out and give the commit")
	}
}

// matched refuses a rollback to a digest that is none, unless the record holds it.
func matched(l gate.Logged) error {
	if l.Kind == gate.KindRollback || !attest.Malformed(l.Request.Artifact.Digest) || l.Request.Change.Kind != gate.KindRollback {
		return nil
	}
	asked := l.Request
	asked.Change.Kind = gate.KindNormal
	return completeAsk(&asked, checkDigest)
}
