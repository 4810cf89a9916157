package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/metrics/gate"
)

func TestTheGatesPagesTellTheTimesOfTheOrganisationAndWhenAskingHelps(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	cutover := gate.Window{Name: "cutover", Reason: "the data centre moves", From: noon.Add(-time.Hour), To: noon.AddDate(0, 0, 9)}
	s := paged(t, func(o *api.Options) { o.Zone, o.Freezes = vienna, []gate.Window{cutover} })
	s.post("/api/v1/events", history("shop", strings.Repeat(".", 20))).is(http.StatusOK)
	d := into[gate.Decision](s.post(decisions, askFor("shop", "sha256:new")).is(http.StatusOK))
	if d.Verdict != gate.Block || !strings.Contains(d.Summary, "2026-03-12 12:00 UTC") {
		t.Fatalf("%s: %s", d.Verdict, d.Summary)
	}
	const ends = `<time datetime="2026-03-12T12:00:00Z">12 Mar 2026 13:00</time>`
	for path, words := range map[string][]string{
		"/":                        {"nothing goes out until " + ends},
		"/services/shop":           {"nothing goes out until " + ends},
		"/gate":                    {"nothing goes out until " + ends, `<time datetime="2026-03-03T12:00:00Z">3 Mar 2026 13:00:00</time>`},
		"/gate/decisions":          {"nothing goes out until " + ends, `<time datetime="2026-03-03T12:00:00Z">3 Mar 2026 13:00:00</time>`},
		"/gate/decisions/" + d.ID:  {"<dt>Ask again</dt><dd>not before " + ends, "nothing goes out until " + ends, `<time datetime="2026-03-03T12:15:00Z">3 Mar 2026 13:15</time>`},
		standing("shop"):           {"Ask again not before " + ends, "cutover holds until " + ends, "the freeze ends at " + ends},
		"/gate/backtest?days=3660": {"Times in Europe/Vienna"},
	} {
		page := s.get(path).is(http.StatusOK, words...)
		page.is(http.StatusOK, "Times in Europe/Vienna")
		if strings.Contains(page.body, "It stays so until") {
			t.Errorf("%s says a second time when the freeze ends", path)
		}
		if n := strings.Count(page.body, "Europe/Vienna") - strings.Count(page.body, "(Europe/Vienna)"); n != 1 {
			t.Errorf("%s names its zone %d times", path, n)
		}
		if main, _, _ := strings.Cut(page.body, "<h2 id=\"request\">"); strings.Contains(main, " UTC<") || strings.Contains(main, " UTC ") {
			t.Errorf("%s tells a time in UTC beside those of its zone", path)
		}
	}
	cutover.Zone = vienna
	s = paged(t, func(o *api.Options) { o.Zone, o.Freezes = vienna, []gate.Window{cutover} })
	s.post("/api/v1/events", history("shop", strings.Repeat(".", 20))).is(http.StatusOK)
	for _, path := range []string{"/", "/services/shop", "/gate", standing("shop")} {
		if page := s.get(path).is(http.StatusOK, "nothing goes out until "+ends+" (cutover)"); strings.Contains(page.body, "It stays so until") || strings.Contains(page.body, "13:00 Europe/Vienna") {
			t.Errorf("%s tells an end twice", path)
		}
	}
	d = into[gate.Decision](s.post(decisions, askFor("shop", "sha256:new")).is(http.StatusOK))
	s.get("/gate/decisions/"+d.ID).is(http.StatusOK, "holds until "+ends+".")
	s.get("/api/v1/gate/decisions/"+d.ID).is(http.StatusOK, d.Summary)
}
