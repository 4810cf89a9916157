package api_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// The result of a round leads to how each level is made, and that to each record behind it.
func TestEveryLevelOpensIntoHowItIsMadeAndItsRecords(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("payments", strings.Repeat(".", 120)+"x...")).is(http.StatusOK)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":6}`).is(http.StatusCreated))
	result := "/assessments/" + opened.Round.ID
	links := regexp.MustCompile(`href="(`+result+`/evidence/E[1-5])"`).FindAllStringSubmatch(s.get(result).is(http.StatusOK).body, -1)
	if len(links) != 5 {
		t.Fatalf("the result leads to %d pieces of evidence", len(links))
	}
	for _, link := range links {
		s.get(link[1]).is(http.StatusOK, "How it is made", "Levels tried", "Records left out", `href="`+result+`"`)
	}
	first := s.get(links[0][1]).is(http.StatusOK, "Page 1 of 2", "yes: this is the level", "/api/v1/assessments/"+opened.Round.ID+"/evidence/E1")
	records := regexp.MustCompile(`href="(/services/payments/record[^"]*)"`).FindAllStringSubmatch(first.body, -1)
	if len(records) != 100 {
		t.Fatalf("%d records on the first page", len(records))
	}
	s.get(html.UnescapeString(records[0][1])).is(http.StatusOK, "Deployment")
	s.get(links[0][1]+"?page=2").is(http.StatusOK, "Page 2 of 2")
	s.get(links[0][1]+"?page=x").is(http.StatusOK, "Page 1 of 2")
	s.get(result+"/evidence/E9").is(http.StatusNotFound, "E1 to E5")
	s.get("/assessments/none/evidence/E1").is(http.StatusNotFound)
}
