package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

// watchNews is the mail about the failed watch of a service.
func (s *tellingStage) watchNews(service string) string {
	s.Helper()
	return s.mails()[service+": the watch of 1.9 in production ended in failed"]
}

// newerOut tells that something newer went out just now.
func (s *tellingStage) newerOut() {
	s.Helper()
	s.post("/api/v1/events", fmt.Sprintf(`{"type":"deployment","id":"newer","service":"shop","environment":"production","status":"succeeded","revision":"newer","finished_at":%q}`+"\n",
		s.dial.now().Format(time.RFC3339)))
}

func TestWhoIsToldOfAFailedWatchReadsWhatBecomesOfTheRollback(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		status  int // of the hook
		history string
		happens func(s *tellingStage, h tellingServer) // after the watch has failed, or as it does
		says    string
	}{
		"it took it": {http.StatusCreated, ".", func(s *tellingStage, h tellingServer) {
			s.unhealthy("shop", "bad")
			s.retreats(h)
		}, "Its rollback hook was told and took it: it answered 201."},
		"it refused it": {http.StatusNotFound, ".", func(s *tellingStage, h tellingServer) {
			s.unhealthy("shop", "bad")
			s.retreats(h)
		}, "Its rollback hook was told and refused it: it answered 404; check its address and what it expects. Do not count on it: see to it yourselves."},
		"it is told again": {http.StatusServiceUnavailable, ".", func(s *tellingStage, h tellingServer) {
			s.unhealthy("shop", "bad")
			s.retreats(h)
		}, "Its rollback hook is told again (1 try so far): it answered 503. What becomes of that stands on the service's page at the gate."},
		"it could not be told": {http.StatusServiceUnavailable, ".", func(s *tellingStage, h tellingServer) {
			s.unhealthy("shop", "bad")
			s.retreats(h)
			s.dial.turn(gate.RollbackFor)
			s.retreats(h)
		}, "Its rollback hook was not reached: it answered 503; it was not told in time. Do not count on it: see to it yourselves."},
		"there was nothing to put back": {http.StatusOK, "x", func(s *tellingStage, h tellingServer) {
			s.unhealthy("shop", "bad")
			s.retreats(h)
		}, "Its rollback hook was not told: no deployment of another version is recorded that went well here before. Nothing is rolled back by itself."},
		"something newer is on its way": {http.StatusOK, ".", func(s *tellingStage, h tellingServer) {
			s.asks("shop", built("newer"), normalChange, gate.Allow)
			s.unhealthy("shop", "bad")
			s.retreats(h)
		}, "Its rollback hook is not told yet: " + built("newer")[:19] + " is on its way here. What becomes of that stands on the service's page at the gate."},
		"something newer overtook it": {http.StatusServiceUnavailable, ".", func(s *tellingStage, h tellingServer) {
			s.unhealthy("shop", "bad")
			s.retreats(h)
			s.dial.turn(time.Minute)
			s.newerOut()
			s.retreats(h)
		}, "Its rollback hook is not told any more: newer was deployed here after it. The service at the gate"},
		"it was found, and is told any moment": {http.StatusOK, ".", func(s *tellingStage, h tellingServer) {
			s.unhealthy("shop", "bad")
			if err := h.retreat.look(s.Context()); err != nil {
				s.Fatal(err)
			}
		}, "Its rollback hook is being told. What becomes of that stands on the service's page at the gate."},
		"nobody has looked for rollbacks yet": {http.StatusOK, ".", func(s *tellingStage, _ tellingServer) {
			s.unhealthy("shop", "bad")
		}, "Its rollback hook is told within seconds, unless something speaks against that. What becomes of that stands on the service's page at the gate."},
		"nobody looked for rollbacks in time": {http.StatusOK, ".", func(s *tellingStage, h tellingServer) {
			s.unhealthy("shop", "bad")
			s.dial.turn(gate.RollbackFor)
			s.retreats(h)
		}, "Its rollback hook was not told: a failure is told of within 15 minutes or not at all. Nothing is rolled back by itself."},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			s := newTellingStage(t, newChatRoom(t).url)
			s.hook = newBackPipeline(t, c.status).url
			h := s.server()
			s.dial.turn(5 * time.Minute)
			s.deploys("shop", c.history)
			c.happens(s, h)
			s.rounds(h)
			told := s.watchNews("shop")
			if !strings.Contains(told, c.says) || strings.Count(told, "ollback hook") != 1 {
				t.Errorf("it does not say %q:\n%s", c.says, told)
			}
			if !strings.Contains(told, "https://ship.example.org/services/shop/gate") || strings.Contains(told, "t0ken") {
				t.Errorf("it says\n%s", told)
			}
		})
	}
}

func TestOfAServiceWithoutAHookNoRollbackIsSpokenOf(t *testing.T) {
	t.Parallel()
	s, h := rollbackStage(t, newBackPipeline(t, http.StatusOK))
	s.unhealthy("web", "bad")
	s.retreats(h)
	s.rounds(h)
	if told := s.watchNews("web"); !strings.Contains(told, "Its watch found it unhealthy") || strings.Contains(told, "hook") || strings.Contains(told, "by itself") {
		t.Errorf("it says\n%s", told)
	}
}

func TestAChannelThatTakesTheNewsLaterReadsWhatBecameOfTheRollbackByThen(t *testing.T) {
	t.Parallel()
	room, hook := newBackPipeline(t, http.StatusServiceUnavailable), newBackPipeline(t, http.StatusServiceUnavailable)
	s := newTellingStage(t, room.url)
	s.hook = hook.url
	h := s.server()
	s.dial.turn(5 * time.Minute)
	s.deploys("shop", ".")
	s.unhealthy("shop", "bad")
	s.retreats(h)
	if err := h.round(t.Context()); err == nil {
		t.Fatal("the room refuses, and nothing is said of it")
	}
	room.answers(http.StatusOK)
	hook.answers(http.StatusOK)
	s.dial.turn(2 * time.Minute)
	s.retreats(h)
	s.rounds(h)
	if heard := room.heard(); len(heard) != 2 || !strings.Contains(heard[0], "is told again (1 try so far)") || !strings.Contains(heard[1], "was told and took it: it answered 200.") ||
		strings.Contains(heard[1], "told again") {
		t.Errorf("the room heard %q", heard)
	}
}
