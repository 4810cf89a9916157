package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/internal/config"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

const proposals = "/api/v1/gate/proposals"

type proposed struct {
	Service   string            `json:"service"`
	Read      int               `json:"decisions_read"`
	Proposals []gate.Graduation `json:"proposals"`
	Amendment *gate.Amendment   `json:"amendment"`
}

func TestAfterThirtyDecisionsTheNextStepIsProposedWithItsLines(t *testing.T) {
	t.Parallel()
	s := paged(t, func(o *api.Options) {
		o.Amend = config.Default().Amend
		policy := o.Policy
		o.Policy = func(service metrics.Service) gate.Policy {
			p := policy(service)
			p.Criteria.TestEvidence.Mode = gate.Observe
			return p
		}
	})
	s.post("/api/v1/events", history("web", strings.Repeat(".", 40))).is(http.StatusOK)
	tested := func(n int) {
		s.clock.advance(time.Minute)
		s.post(decisions, fmt.Sprintf(`{"service":"web","environment":"production","artifact":{"digest":%q},"change":{"kind":"normal"},"evidence":{"tests_passed":%v}}`, built(fmt.Sprint("n", n)), n != 3)).is(http.StatusOK)
	}
	for n := range 29 {
		tested(n)
	}
	of := func() (proposed, gate.Graduation) {
		answer := into[proposed](s.get(proposals + "?service=web").is(http.StatusOK))
		for _, g := range answer.Proposals {
			if g.Criterion == "test-evidence" {
				return answer, g
			}
		}
		t.Fatalf("nothing is said of test-evidence: %+v", answer)
		return answer, gate.Graduation{}
	}
	page := func(says ...string) { s.get(standing("web")).is(http.StatusOK, append(says, "What may do more")...) }
	if answer, g := of(); g.Ready || g.Missing[0] != "29 of 30 decisions observed" || answer.Amendment != nil || answer.Read != 29 {
		t.Errorf("after 29 decisions: %+v", answer)
	}
	page("None is proposed yet.", "29 of 30 decisions observed.")
	tested(29)
	answer, g := of()
	if !g.Ready || g.Mode != gate.Observe || g.Next != gate.WarnOnly || g.Decisions != 30 || g.WouldStop != 1 || g.Undecided != 1 {
		t.Errorf("after 30 decisions: %+v", g)
	}
	if a := answer.Amendment; a == nil || a.Layer != "service:web" || !strings.Contains(a.Lines, "      test-evidence:\n        mode: warn\n") {
		t.Errorf("the lines are %+v", a)
	}
	page("Test evidence", "only observes; next it would warn", "test-evidence:\n        mode: warn", "list policies of the configuration file")
	if body := s.get(standing("web") + "?environment=staging").is(http.StatusOK).body; strings.Contains(body, "What may do more") {
		t.Error("the page about another environment proposes steps for production")
	}
}

func TestProposalsAreOfOneServiceThatIsKnown(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("steady", strings.Repeat(".", 40))).is(http.StatusOK)
	s.get(proposals).is(http.StatusBadRequest, "service is missing", "shiphabit policy propose")
	s.get(proposals+"?service=nobody").is(http.StatusNotFound, "no service is called nobody")
	answer := into[proposed](s.get(proposals + "?service=steady").is(http.StatusOK))
	if answer.Service != "steady" || answer.Read != 0 || answer.Amendment != nil || len(answer.Proposals) == 0 {
		t.Errorf("%+v", answer)
	}
	for _, g := range answer.Proposals {
		if g.Ready {
			t.Errorf("of a service nobody asked about %s is proposed", g.Criterion)
		}
	}
	s.post(decisions, askFor("only asked", "sha256:new")).is(http.StatusOK)
	if answer := into[proposed](s.get(proposals + "?service=only+asked").is(http.StatusOK)); answer.Read != 1 {
		t.Errorf("of a service known by its questions alone: %+v", answer)
	}
	s.get(standing("only asked")).is(http.StatusOK, "What may do more", "1 of 30 decisions observed")
}
