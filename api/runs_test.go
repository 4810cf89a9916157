package api_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"shiphabit/metrics/gate"
)

// ofRun asks about one service of a run, under the key that the command line gives it.
func ofRun(s site, run string, attempt int, service, digest string) gate.Decision {
	body := fmt.Sprintf(`{"service":%q,"environment":"production","artifact":{"digest":%q},"run":{"provider":"github","id":%q,"attempt":%d}}`, service, built(digest), run, attempt)
	key := fmt.Sprintf("%s/%d/%s/production/%s", run, attempt, service, digest)
	return into[gate.Decision](s.ask("POST", decisions, body, "Idempotency-Key", key).is(http.StatusOK))
}

func TestTwoServicesInOneRunGetADecisionEach(t *testing.T) {
	t.Parallel()
	s := gated(t)
	steady, shaky := ofRun(s, "8123", 1, "steady", "sha256:new"), ofRun(s, "8123", 1, "shaky", "sha256:new")
	if steady.ID == shaky.ID || steady.Verdict != gate.Allow || shaky.Verdict != gate.Block {
		t.Errorf("steady: %s %s, shaky: %s %s", steady.ID, steady.Verdict, shaky.ID, shaky.Verdict)
	}
	if again := ofRun(s, "8123", 1, "shaky", "sha256:new"); again.ID != shaky.ID {
		t.Error("asked again in the same run, one of the two got another decision")
	}
}

func TestTwoPipelinesAtOnceGetADecisionEachAndEachTheirOwn(t *testing.T) {
	t.Parallel()
	s := gated(t)
	const asks = 4
	var got [2][asks]string
	var group sync.WaitGroup
	for pipeline := range got {
		for i := range asks {
			group.Go(func() {
				got[pipeline][i] = ofRun(s, fmt.Sprint("run", pipeline), 1, "steady", fmt.Sprint("sha256:", pipeline)).ID
			})
		}
	}
	group.Wait()
	for pipeline := range got {
		for _, id := range got[pipeline] {
			if id == "" || id != got[pipeline][0] {
				t.Errorf("pipeline %d got the decisions %v", pipeline, got[pipeline])
			}
		}
	}
	if got[0][0] == got[1][0] {
		t.Error("two pipelines share a decision")
	}
}

func TestASecondAttemptOfARunIsDecidedAnew(t *testing.T) {
	t.Parallel()
	s := gated(t)
	first, second := ofRun(s, "8123", 1, "shaky", "sha256:new"), ofRun(s, "8123", 2, "shaky", "sha256:new")
	if first.ID == second.ID {
		t.Error("the second attempt was answered with the decision of the first")
	}
	if again := ofRun(s, "8123", 2, "shaky", "sha256:new"); again.ID != second.ID {
		t.Error("the second attempt has no decision of its own")
	}
}
