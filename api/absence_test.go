package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

const unasked = "/api/v1/gate/unasked"

func TestTheScoreboardTellsATimeWithoutADatabaseFromOneWithoutAServer(t *testing.T) {
	t.Parallel()
	s, line, _ := onLine(t)
	if a := into[gate.Scoreboard](s.get(scoreboard).is(http.StatusOK)).Unreachable; a.Since != nil {
		t.Errorf("before a server noted anything it says %+v", a)
	}
	s.server.Present(t.Context())
	line.Cut()
	for range 5 {
		s.clock.advance(time.Minute)
		s.server.Present(t.Context())
	}
	mend(t, s, line)
	s.server.Present(t.Context())
	s.clock.advance(30 * time.Minute) // nothing runs
	s.server.Present(t.Context())
	a := into[gate.Scoreboard](s.get(scoreboard).is(http.StatusOK)).Unreachable
	if a.DatabaseMinutes != 6 || a.Minutes != 30 || len(a.Gaps) != 2 || a.Gaps[0].Database || !a.Since.Equal(noon) {
		t.Errorf("%+v", a)
	}
}

func TestServersOverOneDatabaseAreThereTogether(t *testing.T) {
	t.Parallel()
	s, line, dsn := onLine(t)
	other := newSiteOn(t, dsn, s.clock)
	s.server.Present(t.Context())
	line.Cut()
	for range 10 {
		s.clock.advance(time.Minute)
		s.server.Present(t.Context())
		other.server.Present(t.Context())
	}
	if a := into[gate.Scoreboard](other.get(scoreboard).is(http.StatusOK)).Unreachable; a.Minutes+a.DatabaseMinutes != 0 || a.Since == nil {
		t.Errorf("one of two was there all the time: %+v", a)
	}
}

func TestDecisionsThatClientsMadeAloneAreCounted(t *testing.T) {
	t.Parallel()
	s := paged(t)
	told := `{"id":"one","at":"` + noon.Add(-time.Hour).Format(time.RFC3339) + `","service":"web","environment":"production","kind":"normal","verdict":"warn","by":"local"}`
	s.post(unasked, told).is(http.StatusOK)
	s.post(unasked, told).is(http.StatusOK)
	s.post(unasked, strings.Replace(strings.Replace(told, "warn", "block", 1), "one", "two", 1)).is(http.StatusOK)
	s.post(unasked, strings.Replace(told, "local", "hearsay", 1)).is(http.StatusBadRequest, "cache or local")
	if a := into[gate.Scoreboard](s.get(scoreboard).is(http.StatusOK)).Unreachable; a.Decided != 2 || a.Stopped != 1 {
		t.Errorf("%+v", a)
	}
	s.get("/gate").is(http.StatusOK, "Unreachable", "Clients told of 2 decisions without the gate")
}
