package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const corrections = "/api/v1/corrections"

// correctionsAnswer is what the list answers.
type correctionsAnswer struct {
	Corrections []struct {
		ID          int64
		Record      string
		Fields      map[string]any
		Reason      string
		At          time.Time
		WithdrawnAt time.Time `json:"withdrawn_at"`
	}
}

func TestACorrectionChangesFactsUntilItIsWithdrawn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("shop", "..")).is(http.StatusOK)
	failures := func(want int) {
		t.Helper()
		f, err := s.db.Facts(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		if got := len(f.Rollouts[1].Failures); got != want {
			t.Errorf("%d causes of failure, want %d", got, want)
		}
	}
	record := s.recordOf("shop", 1)
	failures(0)
	made := into[struct{ ID int64 }](s.post(corrections, `{"record":"`+record+`","fields":{"status":"failed"},"reason":"it never came up"}`).is(http.StatusCreated, `"at":"2026-03-03T12:00:00Z"`))
	failures(1)
	s.clock.advance(time.Hour)
	for _, path := range []string{corrections, corrections + "?service=shop", corrections + "?record=" + record} {
		list := into[correctionsAnswer](s.get(path).is(http.StatusOK))
		if len(list.Corrections) != 1 || list.Corrections[0].ID != made.ID || list.Corrections[0].Record != record || list.Corrections[0].Fields["status"] != "failed" {
			t.Errorf("%s: %+v", path, list)
		}
	}
	if list := into[correctionsAnswer](s.get(corrections + "?service=other").is(http.StatusOK)); len(list.Corrections) != 0 {
		t.Errorf("another service has %+v", list)
	}
	s.ask("DELETE", corrections+"/1", "").is(http.StatusBadRequest, "?reason=")
	s.ask("DELETE", corrections+"/1?reason=it+did", "").is(http.StatusOK, `"withdrawn_at":"2026-03-03T13:00:00Z"`)
	failures(0)
	s.ask("DELETE", corrections+"/1?reason=again", "").is(http.StatusNotFound)
	s.ask("DELETE", corrections+"/1?reason=two%0Alines", "").is(http.StatusBadRequest, "one line")
	s.ask("DELETE", corrections+"/1?reason=%00", "").is(http.StatusBadRequest, "zero character")
	s.get("/api/v1/audit?limit=1").is(http.StatusOK, `"action":"correction withdrawn"`, "it did", `"next":"`)
	s.ask("DELETE", corrections+"/one?reason=x", "").is(http.StatusNotFound, "is no number of a correction")
	log, _, err := s.db.AuditLog(t.Context(), "", 10)
	if err != nil || len(log) != 2 || log[0].Actor != "local" || log[0].Details != "correction 1: it did" {
		t.Errorf("the audit log holds %+v, error %v", log, err)
	}
}

// recordOf names the deployment behind one of a service's rollouts as corrections name it.
func (s site) recordOf(service string, rollout int) string {
	s.Helper()
	f, err := s.db.Facts(s.Context(), service)
	if err != nil {
		s.Fatal(err)
	}
	source, id, _ := strings.Cut(f.Rollouts[rollout].ID, "/")
	return source + "/deployment/" + id
}

func TestACorrectionThatDoesNotFitSaysWhereWhatAndWhatToDo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("shop", ".")).is(http.StatusOK)
	record := s.recordOf("shop", 0)
	for body, want := range map[string]struct {
		status int
		words  []string
	}{
		`{"record":"` + record + `","fields":{"status":"fine"},"reason":"x"}`: {http.StatusUnprocessableEntity, []string{"status", "not one of its values", "one of pending"}},
		`{"record":"` + record + `","exclude":true}`:                          {http.StatusUnprocessableEntity, []string{"reason", "missing"}},
		`{"record":"` + record + `","unlinked":true,"reason":"x"}`:            {http.StatusUnprocessableEntity, []string{"unlinked", "no incident"}},
		`{"record":"` + record + `","reason":"x"}`:                            {http.StatusUnprocessableEntity, []string{"set fields, exclude or unlinked"}},
		`{"record":"ci/deployment/none","exclude":true,"reason":"x"}`:         {http.StatusNotFound, []string{"source/type/id"}},
		`{"record":"` + record + `","colour":"red","reason":"x"}`:             {http.StatusBadRequest, []string{"colour"}},
		`[]`: {http.StatusBadRequest, nil},
	} {
		s.post(corrections, body).is(want.status, want.words...)
	}
	if list := into[correctionsAnswer](s.get(corrections).is(http.StatusOK)); len(list.Corrections) != 0 {
		t.Errorf("stored all the same: %+v", list)
	}
}

func TestCorrectingTakesTheScopeAdmin(t *testing.T) {
	t.Parallel()
	s := newSite(t, requireTokens)
	reader, admin := s.grant("reader", time.Time{}, "read", "ingest", "gate"), s.grant("admin", time.Time{}, "admin")
	s.ask("POST", "/api/v1/events", oneIncident, "Authorization", "Bearer "+admin).is(http.StatusOK)
	s.ask("POST", corrections, `{}`, "Authorization", "Bearer "+reader).is(http.StatusForbidden, "lacks the scope admin")
	s.ask("DELETE", corrections+"/1?reason=x", "", "Authorization", "Bearer "+reader).is(http.StatusForbidden)
	s.ask("GET", corrections, "", "Authorization", "Bearer "+reader).is(http.StatusOK)
}
