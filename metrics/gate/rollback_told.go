package gate

import (
	"fmt"
	"strings"
	"time"
)

// The ends of what a team is told of a rollback: whether to wait, and whether to do something.
const (
	rollbackOpen   = " What becomes of that stands on the service's page at the gate."
	rollbackFailed = " Do not count on it: see to it yourselves."
	rollbackNone   = " Nothing is rolled back by itself."
)

// Told is what the team is told of it, and what that means for them. It stays true when the message is read later.
func (n RollbackNote) Told() string {
	words := n.Words()
	words = strings.ToUpper(words[:1]) + words[1:] + "."
	switch n.State {
	case RollbackWaiting:
		return words + rollbackOpen
	case RollbackRefused, RollbackGaveUp: // it may have begun one all the same
		return words + rollbackFailed
	case RollbackNotAsked:
		return words + rollbackNone
	case RollbackAnswered, RollbackOvertaken:
	}
	return words
}

// RollbackUnnoted is what the team is told where nothing is noted yet of a failure, known at an instant, of a service that has a hook: who looks
// for rollbacks may come later than who tells of failed watches.
func RollbackUnnoted(knownAt, now time.Time) string {
	if now.Sub(knownAt) >= RollbackFor {
		return fmt.Sprintf("Its rollback hook was not told: a failure is told of within %d minutes or not at all.", int(RollbackFor.Minutes())) + rollbackNone
	}
	return "Its rollback hook is told within seconds, unless something speaks against that." + rollbackOpen
}
