package api_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/assessments"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// owned is a site whose services belong to teams, one of them with a name that is markup.
func owned(t *testing.T) site {
	t.Helper()
	s := paged(t)
	rules := metrics.DefaultRules()
	rules.Services = []metrics.Service{{Name: "api", Team: "pay"}, {Name: harm, Team: harm}, {Name: "worker", Team: "pay"}, {Name: "idle", Team: "asleep"}}
	db, err := store.Open(t.Context(), t.TempDir()+"/owned.db", store.Options{Rules: rules, Clock: s.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return paged(t, func(o *api.Options) { o.Store = keptBy{db} })
}

func TestATeamsFiguresAreThoseOfItsServicesAsTheAPITells(t *testing.T) {
	t.Parallel()
	s := owned(t)
	s.post("/api/v1/events", history("api", "..x....x..")+history("worker", "......")+history(harm, "..x")+history("nobodys", "...")).is(http.StatusOK)
	page := s.get("/teams/pay").is(http.StatusOK, "2 services with a value", `href="/services/api"`, `href="/services/worker"`)
	told := into[metricsAnswer](s.get("/api/v1/metrics?team=pay")).Scorecards[0].Card
	if told.Frequency.Rollouts != 16 || told.FailRate.Count != 2 {
		t.Fatalf("the API tells %+v", told)
	}
	for _, words := range []string{
		fmt.Sprintf("%d deployments", told.Frequency.Rollouts), fmt.Sprintf("%d failed of %d", told.FailRate.Count, told.FailRate.Of), fmt.Sprintf("%d rework of %d", told.Rework.Count, told.Rework.Of),
	} {
		if !strings.Contains(page.body, words) {
			t.Errorf("the page lacks %q", words)
		}
	}
	if strings.Contains(page.body, "nobodys") {
		t.Error("a service of no team stands among a team's")
	}
	rows := s.get("/explain/change_fail_rate?team=pay").is(http.StatusOK, "Rows counted: "+strconv.Itoa(told.FailRate.Of), "team pay", "dora/1")
	if strings.Contains(rows.body, "nobodys") {
		t.Error("the rows of a team hold those of another service")
	}
	s.get("/services/nobodys").is(http.StatusOK, "none is declared")
	s.get("/services/api").is(http.StatusOK, `href="/teams/pay"`)
}

func TestTeamsAreListedByNameAndOneThatIsNoneIsToldWithTheList(t *testing.T) {
	t.Parallel()
	s := owned(t)
	s.get("/teams").is(http.StatusOK, "asleep", "pay")
	s.get("/teams/pay").is(http.StatusOK, "is not recorded", "has not answered the five questions")
	s.post("/api/v1/events", history("api", "..x....x..")+history(harm, "..x")+history("nobodys", "...")).is(http.StatusOK)
	list := s.get("/teams").is(http.StatusOK, "1 service belongs to no declared team", "no ranking")
	if asleep, pay := strings.Index(list.body, ">asleep<"), strings.Index(list.body, ">pay<"); asleep < 0 || asleep > pay {
		t.Errorf("the list is not by name: %d, %d", asleep, pay)
	}
	s.get("/teams/nobody").is(http.StatusNotFound, "No team is called nobody", `href="/teams/pay"`)
	s.get("/teams/"+url.PathEscape("<img src=x>")).is(http.StatusNotFound, "&lt;img src=x&gt;")
	s.get("/explain/change_fail_rate?team=nobody").is(http.StatusNotFound, "No team is called nobody")
	s.get("/explain/change_lead_time_stages?stage=lunch").is(http.StatusNotFound, "no stage called lunch", "pickup")
	s.get("/explain/change_fail_rate?stage=pickup").is(http.StatusNotFound, "no stage called pickup")
	empty := paged(t, func(o *api.Options) { o.Store = keptBy{newUndeclared(t)} })
	empty.get("/teams").is(http.StatusOK, "No team is declared")
}

// newUndeclared is a database without declared services.
func newUndeclared(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), t.TempDir()+"/none.db", store.Options{Rules: metrics.DefaultRules()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestEveryLinkOfTheTeamPagesLeadsSomewhereAndNoNameIsMarkup(t *testing.T) {
	t.Parallel()
	s := owned(t)
	s.post("/api/v1/events", history("api", "..x....x..")+history(harm, "..x....")).is(http.StatusOK)
	link := regexp.MustCompile(`href="(/[^"]*)"`)
	seen := map[string]bool{}
	for _, start := range []string{"/teams", "/teams/pay", "/teams/" + url.PathEscape(harm), "/services/" + url.PathEscape(harm), "/explain/change_fail_rate?team=" + url.QueryEscape(harm), "/corrections"} {
		for _, found := range link.FindAllStringSubmatch(s.get(start).is(http.StatusOK).body, -1) {
			path := html.UnescapeString(found[1])
			if strings.HasPrefix(path, "/assets/") || seen[path] {
				continue
			}
			seen[path] = true
			if page := s.get(path).is(http.StatusOK); strings.Contains(page.body, "<img src=x") {
				t.Errorf("%s, linked from %s: the name became markup", path, start)
			}
		}
	}
}

func TestATeamSeesWhatItSaidBesideItsRecordsAsTheyAreKnownNow(t *testing.T) {
	t.Parallel()
	s := owned(t)
	s.post("/api/v1/events", history("api", "...")).is(http.StatusOK)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":3,"consensus":true}`).is(http.StatusCreated))
	s.get("/teams/pay").is(http.StatusOK, "A round is open since 3 Mar 2026: 0 of 3 have answered.")
	var answers []string
	for _, q := range opened.Round.Set.Questions {
		answers = append(answers, q.ID, q.Options[3].ID)
	}
	if got := s.form(opened.Links[0], opened.Links[0], answers...); got.status != http.StatusSeeOther {
		t.Fatal(got.status, got.body)
	}
	s.clock.advance(time.Second)
	result := `href="/assessments/` + opened.Round.ID
	s.get("/teams/pay").is(http.StatusOK, "level 4 of 5, agreed", "no level yet", result, "The last one closed on 3 Mar 2026; a quarter later is 3 Jun 2026.")
	s.post("/api/v1/events", history("api", strings.Repeat("x....", 8))+history("worker", strings.Repeat("x..", 8))).is(http.StatusOK)
	response := into[assessments.Result](s.get(roundsPath + "/" + opened.Round.ID + "/result")).Evidence[1]
	if response.Level == 0 {
		t.Fatalf("failures show no response: %+v", response)
	}
	s.get("/teams/pay").is(http.StatusOK, fmt.Sprintf("level %d of 5, grade %s", response.Level, response.Grade), result)
}

func TestATeamsPageListsTheCorrectionsOfItsOwnRecordsThatHold(t *testing.T) {
	t.Parallel()
	s := owned(t)
	s.post("/api/v1/events", history("api", "..x..")+history(harm, "..x")).is(http.StatusOK)
	none := "None: everything counts as its source tells."
	s.get("/teams/pay").is(http.StatusOK, none)
	record := "/services/api/record?id=import%2Fapi-2"
	s.form(record, record, "step", "record", "what", "test", "reason", "a drill")
	s.get("/teams/pay").is(http.StatusOK, "import/deployment/api-2", "left out of all figures", "a drill", "0 failed of 4")
	s.get("/teams/"+url.PathEscape(harm)).is(http.StatusOK, none)
	s.form(record, record, "step", "withdraw", "correction", "1", "reason", "no drill")
	s.get("/teams/pay").is(http.StatusOK, none, "1 failed of 5")
}

func TestARoundThatClosedAsAPeriodEndedBelongsToTheNextPeriod(t *testing.T) {
	t.Parallel()
	s := owned(t)
	s.post("/api/v1/events", weekdays("api", "2026-02-02", "2026-03-02")).is(http.StatusOK)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":5}`).is(http.StatusCreated))
	s.clock.advance(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC).Sub(s.clock.Now()))
	at := roundsPath + "/" + opened.Round.ID
	s.post(at+"/close", "").is(http.StatusOK)
	s.post(at+"/action", `{"text":"deploy by noon","owner":"on-call","due_on":"2026-05-01"}`).is(http.StatusOK)
	s.clock.advance(time.Hour)
	report := "/api/v1/reports/teams/pay?format=md&period="
	s.get(report+"2026-Q2").is(http.StatusOK, "deploy by noon")
	if before := s.get(report + "2026-Q1").is(http.StatusOK).body; strings.Contains(before, "deploy by noon") {
		t.Errorf("the quarter before tells it too:\n%s", before)
	}
}

func TestATeamSeesWhatItDecidedAndWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	s := owned(t)
	s.post("/api/v1/events", weekdays("api", "2025-09-01", "2026-03-02")).is(http.StatusOK)
	s.get("/teams/pay").is(http.StatusOK, "What it decided to do", "No round of the team is over")
	decided := func(text, due string) string {
		opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":5}`).is(http.StatusCreated))
		for _, link := range opened.Links {
			s.submit(link, link, chosen(opened.Round, 1)...).is(http.StatusOK)
		}
		at := roundsPath + "/" + opened.Round.ID
		s.post(at+"/close", "").is(http.StatusOK)
		s.clock.advance(time.Second)
		if text != "" {
			s.post(at+"/action", fmt.Sprintf(`{"text":%q,"owner":"on-call","due_on":%q}`, text, due)).is(http.StatusOK)
		}
		return opened.Round.ID
	}
	first := decided(harm+" is tried", "2026-03-20")
	s.get("/teams/pay").is(http.StatusOK, html.EscapeString(harm+" is tried"), "20 Mar 2026", "on-call", `data-word="due"`, `class="sentence">open<`, "Of 1 action, 0 are done.", `/assessments/`+first+`#action`)
	s.clock.advance(40 * 24 * time.Hour)
	s.get("/teams/pay").is(http.StatusOK, "overdue: nobody has said how it went", "0 are done and 1 is overdue.")
	report := "/api/v1/reports/teams/pay?period=2026-Q1&format="
	for _, format := range []string{"html", "md", "json", "csv"} {
		for _, words := range []string{"is tried", "on-call", "20 Mar 2026", "overdue: nobody has said how it went", "1 is overdue"} {
			if body := s.get(report + format).is(http.StatusOK).body; !strings.Contains(body, words) {
				t.Errorf("the report as %s lacks %q", format, words)
			}
		}
	}
	s.get("/api/v1/digests/teams/pay?format=txt&base=https://ship.example.org").is(http.StatusOK, "by 20 Mar 2026", "https://ship.example.org/teams/pay#actions")
	s.post(roundsPath+"/"+first+"/action/outcome", `{"outcome":"not done"}`).is(http.StatusOK)
	second := decided("meet no more", "2026-06-01")
	s.clock.advance(time.Hour)
	decided("", "")
	page := s.get("/teams/pay").is(http.StatusOK, `class="sentence">not done<`, "meet no more", "Of 2 actions, 0 are done. After the last round, closed on 12 Apr 2026, none was written.")
	if newer, older := strings.Index(page.body, "meet no more"), strings.Index(page.body, " is tried"); newer > older {
		t.Error("the oldest action stands first")
	}
	s.post(roundsPath+"/"+second+"/action/outcome", `{"outcome":"done"}`).is(http.StatusOK)
	s.get("/teams/pay").is(http.StatusOK, "Of 2 actions, 1 is done.")
	if of := s.get(report + "md").is(http.StatusOK).body; strings.Contains(of, "meet no more") {
		t.Error("the report of a quarter tells of a round that closed after it")
	}
	if body := s.get("/teams/" + url.PathEscape(harm)).body; strings.Contains(body, "meet no more") {
		t.Error("another team's page tells of it")
	}
	if said := s.get("/api/v1/digests/teams/pay?format=txt").body; strings.Contains(said, "Nobody has said yet") {
		t.Errorf("nothing is overdue, and the digest says\n%s", said)
	}
}
