package api_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"shiphabit/api"
	"shiphabit/assessments"
	"shiphabit/reports"
)

// harm is a service name that tries to leave every place a name can stand in.
const harm = `a/b</script><img src=x onerror=alert(1)>'&`

// pages are shared by all tests: each of its own would load the chart library anew.
var pages = sync.OnceValues(func() (*reports.Site, error) { return reports.New("1.2.3") })

// withPages serves the pages for people, too.
func withPages(t *testing.T) func(*api.Options) {
	t.Helper()
	shared, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	return func(o *api.Options) { o.Site = shared }
}

// paged is a site with pages.
func paged(t *testing.T, change ...func(*api.Options)) site {
	t.Helper()
	return newSite(t, append(change, withPages(t))...)
}

func TestEveryPageAnswersWithAndWithoutRecords(t *testing.T) {
	t.Parallel()
	empty, full := paged(t), paged(t)
	full.post("/api/v1/events", history("web", "....x...")+history(harm, ".x..")).is(http.StatusOK)
	for _, path := range []string{
		"/", "/services", "/gate", "/sources", "/doctor", "/doctor?window=1y&figure=reliability", "/about", "/explain/change_fail_rate", "/?window=1y&edition=dora-2021", "/?window=all", "/?window=30d",
		"/?from=2026-02-01&to=2026-03-01", "/?window=nonsense", "/explain/change_lead_time?page=999", "/explain/deployment_frequency?page=-1",
	} {
		empty.get(path).is(http.StatusOK, "<h1>", "</html>")
		full.get(path).is(http.StatusOK, "<h1>", "</html>")
	}
}

func TestAServiceIsReachedWhateverItIsCalledAndItsNameIsNeverMarkup(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history(harm, ".x..")+history("web", "..")).is(http.StatusOK)
	link := regexp.MustCompile(`href="(/[^"]*)"`)
	for _, start := range []string{"/", "/services", "/gate", "/sources", "/doctor"} {
		for _, found := range link.FindAllStringSubmatch(s.get(start).is(http.StatusOK).body, -1) {
			path := html.UnescapeString(found[1])
			if strings.HasPrefix(path, "/assets/") {
				continue
			}
			if page := s.get(path).is(http.StatusOK); strings.Contains(page.body, "<img src=x") {
				t.Errorf("%s, linked from %s: the name became markup", path, start)
			}
		}
	}
	s.get("/services/"+url.PathEscape(harm)).is(http.StatusOK, "a/b&lt;/script&gt;")
}

func TestWhatIsNotThereIsToldOnAPageOfItsOwn(t *testing.T) {
	t.Parallel()
	s := paged(t)
	for path, words := range map[string]string{
		"/nowhere": "start page", "/services/none": "no service is called none", "/gate?service=none": "none", "/gate/decisions/gd_0": "gd_0",
		"/explain/happiness": "change_fail_rate", "/assess/none": "link is not known", "/assessments/none": "none",
	} {
		s.get(path).is(http.StatusNotFound, "<h1>Not Found</h1>")
		if page := s.get(path); !strings.Contains(strings.ToLower(page.body), strings.ToLower(words)) {
			t.Errorf("%s does not say %q: %s", path, words, page.body)
		}
	}
}

func TestADecisionHasAPageThatReplaysIt(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("web", "........")).is(http.StatusOK)
	s.post(decisions, askFor("web", "sha256:new")).is(http.StatusOK)
	path := regexp.MustCompile(`/gate/decisions/gd_[0-9A-Z]+`).FindString(s.get("/gate").is(http.StatusOK).body)
	s.get(path).is(http.StatusOK, "the same bytes", "Reasons")
}

func TestAConsensusIsAnsweredInTheFormAndShownAtOnce(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("payments", strings.Repeat(".", 30))).is(http.StatusOK)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":3,"consensus":true}`).is(http.StatusCreated))
	link := opened.Links[0]
	form := s.get(link).is(http.StatusOK, "<fieldset", "Consensus")
	if strings.Contains(form.body, " checked") {
		t.Error("something is chosen beforehand")
	}
	cookie, _, _ := strings.Cut(form.header.Get("Set-Cookie"), ";")
	token := regexp.MustCompile(`name="csrf" value="([^"]*)"`).FindStringSubmatch(form.body)[1]
	values := url.Values{"csrf": {token}, "q1": {opened.Round.Set.Questions[0].Options[2].ID}}
	send := func(cookie string) answer {
		return s.ask("POST", link, values.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Cookie", cookie)
	}
	send("").is(http.StatusForbidden, "nothing was stored")
	send(cookie).is(http.StatusUnprocessableEntity, `role="alert"`, " checked")
	for _, q := range opened.Round.Set.Questions {
		values.Set(q.ID, q.Options[2].ID)
	}
	sent := send(cookie).is(http.StatusSeeOther)
	s.get(sent.header.Get("Location")).is(http.StatusOK, "The team says", "The records show")
	s.get("/").is(http.StatusOK, "What the team said last")
	if round, err := s.db.Round(t.Context(), opened.Round.ID); err != nil || round.State != assessments.Closed {
		t.Errorf("the round is %s, %v", round.State, err)
	}
}

func TestAPlainAddressShowsTheShortestWindowWithEnoughDeployments(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("web", "........")).is(http.StatusOK)
	current := func(page string) string {
		return regexp.MustCompile(`aria-current="true">([^<]*)<`).FindStringSubmatch(page)[1]
	}
	if got := current(s.get("/").body); got != "90 days" {
		t.Errorf("right after the deployments the window is %s", got)
	}
	s.clock.advance(200 * 24 * 3600e9)
	if got := current(s.get("/").body); got != "1 year" {
		t.Errorf("200 days later the window is %s", got)
	}
}

func TestPagesClaimNoRiseOverDaysOfWhichNothingIsOnRecord(t *testing.T) {
	t.Parallel()
	for first, beside := range map[string]string{
		"2025-11-07": "No clear change against the window before.", "2025-12-01": "Too little is known of the window before to compare with.",
		"2026-01-05": "There is no window before this one to compare with.",
	} {
		s := paged(t)
		s.post("/api/v1/events", weekdays("web", first, "2026-03-03")).is(http.StatusOK)
		for _, path := range []string{"/?window=90d", "/services/web?window=90d"} {
			if page := s.get(path).is(http.StatusOK); strings.Contains(page.body, "rose from") {
				t.Errorf("records begin on %s, and %s compares with days before", first, path)
			}
		}
		s.get("/?window=90d").is(http.StatusOK, "What moved", beside)
	}
}

func TestAServiceThatIsYoungerThanOthersIsComparedWithNoDayBeforeItsFirst(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", weekdays("elder", "2025-01-06", "2026-03-03")).is(http.StatusOK)
	s.post("/api/v1/events", weekdays("web", "2025-12-01", "2026-03-03")).is(http.StatusOK)
	if page := s.get("/services/web?window=90d").is(http.StatusOK); strings.Contains(page.body, "rose from") {
		t.Error("its page compares with days before its first deployment")
	}
	s.get("/reports/services/web?period=2025-11-01/2026-03-02&format=md").is(http.StatusOK, "Records begin on 1 Dec 2025")
}

func TestATeamThatIsYoungerThanTheOrganisationIsComparedWithNoDayBeforeItsFirst(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", weekdays("elder", "2025-01-06", "2026-03-03")).is(http.StatusOK)
	s.post("/api/v1/events", weekdays("payments", "2025-12-01", "2026-03-03")).is(http.StatusOK)
	if page := s.get("/teams/pay?window=90d").is(http.StatusOK); strings.Contains(page.body, "rose from") {
		t.Error("its page compares with days before its first deployment")
	}
	s.get("/reports/teams/pay?period=2025-11-01/2026-03-02&format=md").is(http.StatusOK, "Records begin on 1 Dec 2025")
	if page := s.get("/?window=90d").is(http.StatusOK); !strings.Contains(page.body, "rose from") {
		t.Error("the organisation is not compared with days of which it has records")
	}
}
