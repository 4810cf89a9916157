package api_test

import (
	"net/http"
	"strings"
	"testing"

	"shiphabit/metrics"
)

const oneIncident = `{"type":"incident","id":"i1","service":"web","started_at":"2026-03-03T10:00:00Z"}`

type eventsAnswer struct {
	New, Known int
	FaultCount int `json:"fault_count"`
	Faults     []metrics.Fault
}

func TestEventsComeAsAnObjectAnArrayOrLinesAndAreStoredOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, c := range []struct {
		sentence, body string
		fresh, known   int
	}{
		{"one object", oneIncident, 1, 0},
		{"the same written over several lines", "{\n \"id\":\"i1\",\n \"type\":\"incident\",\n\"service\":\"web\",\"started_at\":\"2026-03-03T11:00:00+01:00\"\n}\n", 0, 1},
		{"an array", "[" + oneIncident + ",\n" + strings.Replace(oneIncident, "i1", "i2", 1) + "]", 1, 1},
		{"lines", oneIncident + "\r\n\r\n" + strings.Replace(oneIncident, "i1", "i3", 1), 1, 1},
	} {
		got := into[eventsAnswer](s.post("/api/v1/events", c.body).is(http.StatusOK, `"faults":[]`))
		if got.New != c.fresh || got.Known != c.known {
			t.Errorf("%s: %d new, %d known; want %d and %d", c.sentence, got.New, got.Known, c.fresh, c.known)
		}
	}
}

func TestGoodEventsAreKeptAndBadOnesNamed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bad := strings.Replace(oneIncident, `"i1"`, `"i2","severity":9`, 1)
	for sentence, body := range map[string]string{
		"in lines":    oneIncident + "\n" + bad + "\n" + strings.Replace(oneIncident, "i1", "i3", 1),
		"in an array": "[" + oneIncident + ",\n\n" + bad + "," + strings.Replace(oneIncident, "i1", "i3", 1) + "]",
	} {
		got := into[eventsAnswer](s.post("/api/v1/events", body).is(http.StatusUnprocessableEntity, "application/problem"[:0], "correct these"))
		if got.New+got.Known != 2 || got.FaultCount != 1 || len(got.Faults) != 1 || got.Faults[0].Line != 2 || got.Faults[0].Field != "severity" {
			t.Errorf("%s: %+v", sentence, got)
		}
	}
	if all, err := s.db.Event(t.Context(), "import/incident/i3"); err != nil || len(all) != 1 {
		t.Errorf("the good event after the bad one: %v, %v", all, err)
	}
}

func TestABodyWithoutEventsIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, body := range []string{"", "  \n\n", "[]", "[1", `[{"type":"incident"`} {
		if got := s.post("/api/v1/events", body).is(http.StatusBadRequest).header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%q is answered as %s", body, got)
		}
	}
}

func TestOldEventsAreABackfillAndFreshOnesAreNews(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", oneIncident).is(http.StatusOK)
	s.post("/api/v1/events", `{"type":"incident","id":"old","service":"web","started_at":"2025-03-03T10:00:00Z"}`).is(http.StatusOK)
	for record, live := range map[string]bool{"import/incident/i1": true, "import/incident/old": false} {
		all, err := s.db.Event(t.Context(), record)
		if err != nil || len(all) != 1 || all[0].Live != live {
			t.Errorf("%s: %+v, %v; want live %v", record, all, err, live)
		}
	}
}
