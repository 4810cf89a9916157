package argocd

import (
	"testing"

	"shiphabit/collector/sourcetest"
)

// TestRecordedCases looks at those of other tools' cases that are about Argo CD, where they are at hand. Argo CD has no webhook of its own:
// those of other tools are told to send that tool's words.
func TestRecordedCases(t *testing.T) {
	t.Parallel()
	sourcetest.Recorded(t, "argo", func(sourcetest.RecordedCase) string {
		return "what a sync hook is told to send, in another tool's words; here Argo CD is read, or posts neutral events"
	}, nil)
}
