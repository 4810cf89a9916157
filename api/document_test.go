package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
)

// weekdays is a deployment each working day at noon from one day up to another, of which some failed.
func weekdays(service, from, to string) string {
	var lines strings.Builder
	at, _ := time.Parse(time.DateOnly, from)
	end, _ := time.Parse(time.DateOnly, to)
	for n := 0; at.Before(end); at, n = at.AddDate(0, 0, 1), n+1 {
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			continue
		}
		status := "succeeded"
		if n%9 == 4 {
			status = "failed"
		}
		noon := at.Add(12 * time.Hour)
		fmt.Fprintf(&lines, `{"type":"deployment","id":"%s-%d","service":%q,"environment":"production","status":%q,"revision":"r%d","started_at":%q,"finished_at":%q}`+"\n",
			url.PathEscape(service), n, service, status, n, noon.Add(-5*time.Minute).Format(time.RFC3339), noon.Format(time.RFC3339))
	}
	return lines.String()
}

// said is the part of a report that tests read.
type said struct {
	Title   string   `json:"title"`
	Marks   []string `json:"marks"`
	Summary []string `json:"summary"`
	Period  struct {
		Name string `json:"name"`
	} `json:"period"`
	Sections []struct {
		ID     string `json:"id"`
		Tables []struct {
			Rows []struct {
				Cells []any `json:"cells"`
			} `json:"rows"`
		} `json:"tables"`
	} `json:"sections"`
}

func (s said) summary() string { return strings.Join(s.Summary, "\n") }

func TestAReportIsOfTheLastCompleteQuarterWithADeployment(t *testing.T) {
	t.Parallel()
	s := paged(t)
	if got := into[said](s.get("/api/v1/reports/leadership").is(http.StatusOK)); got.Period.Name != "2026-Q1" || !strings.Contains(got.summary(), "No deployment to production is recorded") {
		t.Errorf("of nothing: %+v", got)
	}
	s.post("/api/v1/events", history("payments", "....x...")).is(http.StatusOK)
	got := into[said](s.get("/api/v1/reports/leadership").is(http.StatusOK))
	if got.Period.Name != "2026-Q1" || !strings.Contains(strings.Join(got.Marks, " "), "The period is not over") {
		t.Errorf("with the running quarter alone: %+v", got)
	}
	s.post("/api/v1/events", weekdays("payments", "2025-05-05", "2025-08-20")).is(http.StatusOK)
	if got := into[said](s.get("/api/v1/reports/leadership").is(http.StatusOK)); got.Period.Name != "2025-Q3" {
		t.Errorf("the quarter before last is the last with a deployment, and the report is of %s", got.Period.Name)
	}
}

func TestAReportHasPagesAndFilesForEachAudience(t *testing.T) {
	t.Parallel()
	printed := func(_ context.Context, html []byte) ([]byte, error) {
		if !strings.Contains(string(html), "size: letter") {
			return nil, errors.New("no Chromium; install it")
		}
		return []byte("%PDF-1.4"), nil
	}
	s := paged(t, func(o *api.Options) { o.Print = printed })
	s.post("/api/v1/events", weekdays("payments", "2025-09-01", "2026-02-01")+weekdays(harm, "2025-09-01", "2025-12-24")).is(http.StatusOK)
	s.get("/reports").is(http.StatusOK, `href="/reports/teams/pay"`, `href="/reports/services/payments"`, "The running quarter, 2026-Q1")
	for path, title := range map[string]string{
		"/reports/leadership": "Leadership report 2025-Q4", "/reports/teams/pay": "Team report 2025-Q4", "/reports/services/payments": "Service report 2025-Q4",
		"/reports/services/" + url.PathEscape(harm): "Service report 2025-Q4",
	} {
		s.get(path).is(http.StatusOK, "<h1>"+title, "In short", "format=pdf", `aria-current="true">2025-Q4`)
		page := s.get(path+"?format=html").is(http.StatusOK, "<!doctype html>", title)
		if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'unsafe-inline'") || strings.Contains(policy, "script-src") {
			t.Errorf("%s is sent with %q", path, policy)
		}
		if strings.Contains(page.body, "<script") || strings.Contains(page.body, "<img") {
			t.Errorf("%s: a name became markup", path)
		}
		s.get(path+"?format=md").is(http.StatusOK, "# "+title)
		s.get(path+"?format=csv").is(http.StatusOK, "section,item,from,to,value,unit,low,high,coverage_percent,n,says")
		s.get("/api/v1"+path+"?period=2025-10").is(http.StatusOK, `"version": 1`, "2025-10")
		s.get("/api/v1"+path+"?format=pdf&paper=letter").is(http.StatusOK, "%PDF")
		s.get("/api/v1"+path+"?format=pdf").is(http.StatusServiceUnavailable, "install it")
	}
	name := s.get("/reports/services/" + url.PathEscape(harm) + "?format=csv").header.Get("Content-Disposition")
	if strings.ContainsAny(strings.TrimPrefix(name, "inline; filename="), "<>;'&") {
		t.Errorf("the file is called %s", name)
	}
}

func TestAReportThatThereIsNotIsRefusedInWords(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("payments", "....")).is(http.StatusOK)
	for path, says := range map[string]string{
		"leadership?period=2026-Q5": "there is no period", "leadership?period=2026-Q2": "has not begun", "leadership?format=docx": "there is no format",
		"leadership?paper=a5&format=pdf": "there is no paper", "leadership?edition=dora-1999": "edition", "leadership?period=2026-Q1&from=2026-01-01": "exclude each other",
		"leadership?from=2026-02-01&to=2026-01-01": "lies before",
	} {
		s.get("/api/v1/reports/"+path).is(http.StatusBadRequest, says)
	}
	s.get("/api/v1/reports/teams/nobody").is(http.StatusNotFound, "no service belongs to a team called nobody")
	s.get("/api/v1/reports/services/nothing").is(http.StatusNotFound, "no service is called nothing")
	s.get("/api/v1/reports/leadership?format=pdf").is(http.StatusServiceUnavailable, "this server does not print")
}

func TestDaysBeforeTheFirstRecordAreNoDaysWithoutADeployment(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", weekdays("payments", "2025-08-18", "2026-01-01")).is(http.StatusOK)
	got := into[said](s.get("/api/v1/reports/leadership?period=2025-Q4").is(http.StatusOK))
	if strings.Contains(got.summary(), "rose") {
		t.Errorf("nothing changed since records began, and the summary says %s", got.summary())
	}
	for _, section := range got.Sections {
		if section.ID == "moved" {
			cell, _ := section.Tables[0].Rows[0].Cells[3].(map[string]any)
			if cell["value"] != 6.0 {
				t.Errorf("there are six full weeks of records before, and %v are compared", cell["value"])
			}
		}
	}
}

func TestATeamHasItsResultAWeekBeforeLeadership(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", weekdays("payments", "2025-09-01", "2026-03-01")).is(http.StatusOK)
	got := into[said](s.get("/api/v1/reports/leadership?period=2026-Q1").is(http.StatusOK))
	if !strings.Contains(got.summary(), "2026-04-08") {
		t.Errorf("the quarter's roll-up is not before a week after it, and the summary says %s", got.summary())
	}
}

func TestABadgeShowsAFigureAndNeverANoughtForNothing(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("payments", "....x.......")+history(harm, ".")).is(http.StatusOK)
	badge := s.get("/badges/payments/deployment_frequency.svg").is(http.StatusOK, "<svg", "deployments: ", " a week")
	if badge.header.Get("Content-Type") != "image/svg+xml" || badge.header.Get("Cache-Control") != "max-age=300" {
		t.Errorf("sent with %v", badge.header)
	}
	s.ask("GET", "/badges/payments/deployment_frequency.svg", "", "If-None-Match", badge.header.Get("ETag")).is(http.StatusNotModified)
	for _, figure := range []string{"change_lead_time", "recovery"} {
		s.get("/badges/payments/"+figure+".svg").is(http.StatusOK, "no data")
	}
	s.get("/badges/payments/change_fail_rate.svg").is(http.StatusOK, "change fail rate: 8.3%")
	s.get("/badges/payments/gate.svg").is(http.StatusOK, "release gate: ")
	s.get("/badges/payments/index.svg").is(http.StatusOK, "event to habit: ")
	hostile := s.get("/badges/" + url.PathEscape(harm) + "/index.svg").is(http.StatusOK)
	if strings.Contains(hostile.body, "<img") || strings.Contains(hostile.body, "<script") {
		t.Errorf("a name became markup: %s", hostile.body)
	}
	s.get("/badges/payments/people.svg").is(http.StatusNotFound, "there is no badge")
	s.get("/badges/payments/index").is(http.StatusNotFound, "there is no badge")
	s.get("/badges/nothing/index.svg").is(http.StatusNotFound, "no service is called nothing")
}

func TestADigestComesInFourFormatsWithLinksToTheServer(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", weekdays("payments", "2025-12-01", "2026-03-03")+history(harm, "..x")).is(http.StatusOK)
	s.get("/api/v1/digests/leadership").is(http.StatusOK, "# Weekly digest", "## What is unfinished")
	team := s.get("/api/v1/digests/teams/pay?format=txt&base=https://shiphabit.example.org").is(http.StatusOK, "WHAT CHANGED", "In the last seven days there were 5 deployments to production")
	if strings.Contains(team.body, "onerror") {
		t.Errorf("the team's digest names a service that is not its own: %s", team.body)
	}
	s.get("/api/v1/digests/teams/pay?format=html&base=https://shiphabit.example.org").is(http.StatusOK, "<!doctype html>")
	s.get("/api/v1/digests/teams/pay?format=json").is(http.StatusOK, `"audience": "digest"`)
	s.get("/api/v1/digests/teams/pay?format=pdf").is(http.StatusBadRequest, "ask for md, txt, html or json")
	s.get("/api/v1/digests/teams/pay?base=javascript:alert(1)").is(http.StatusBadRequest, "base is no address")
	s.get("/api/v1/digests/teams/nobody").is(http.StatusNotFound)
}
