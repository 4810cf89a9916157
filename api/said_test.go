package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTheOverviewShowsTheFoundationsOfTheLastQuarterThatMayBeToldOf(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("web", "....")).is(http.StatusOK)
	for _, team := range []string{"ants", "bees", "crows"} {
		opened := into[openedAnswer](s.post(roundsPath, `{"team":"`+team+`","size":5}`).is(http.StatusCreated))
		for _, link := range opened.Links {
			s.answered(opened.Round, link, 3)
		}
		s.post(roundsPath+"/"+opened.Round.ID+"/close", "").is(http.StatusOK)
	}
	heading := "The four foundations, as teams see them"
	if page := s.get("/").is(http.StatusOK); strings.Contains(page.body, heading) {
		t.Error("what teams said is told while they have it to themselves")
	}
	s.clock.advance(60 * 24 * time.Hour)
	s.get("/").is(http.StatusOK, heading, "15 answers", "3 teams", "/reports/leadership?period=2026-Q1")
}

func TestTheOverviewTellsTheRollUpThatWasTold(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("web", "....")).is(http.StatusOK)
	rounds := s.quarterOf("a", "b", "c", "d")
	for _, team := range []string{"a", "b", "c"} {
		s.post(rounds[team]+"/publish", "").is(http.StatusOK)
	}
	s.clock.advance(60 * 24 * time.Hour)
	s.get(firstQuarter).is(http.StatusOK, `"pooled_teams":3`, `"left_out_teams":1`)
	s.post(rounds["d"]+"/publish", "").is(http.StatusOK)
	s.get("/").is(http.StatusOK, "15 answers", "3 teams")
}
