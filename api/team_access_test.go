package api_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/assessments"
	"shiphabit/internal/store"
)

// What the team wrote in its first round, which stays unpublished, and in its second one. The words stand nowhere else.
var (
	firstWords  = []string{"kestrel-first-step"}
	secondWords = []string{"kestrel-second-step", "kestrel-note", "kestrel-remark"}
)

// kept is a server that requires tokens, with two rounds of team pay that are closed and not published.
type kept struct {
	site
	first, second assessments.Round
	// readers are tokens by who bears them.
	readers map[string]string
}

// outsiders are those who do not act for team pay.
func outsiders() []string { return []string{"reader", "runner", "admin", "web"} }

func (k kept) as(who string) site {
	s := k.site
	s.token = k.readers[who]
	return s
}

// onBothDatabases runs a test on a server over each kind of database.
func onBothDatabases(t *testing.T, test func(t *testing.T, k kept)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, keptRounds(t, filepath.Join(t.TempDir(), "kept.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, keptRounds(t, postgres.New(t)))
	})
}

func keptRounds(t *testing.T, dsn string) kept {
	t.Helper()
	k := kept{site: newSiteOn(t, dsn, &clock{now: noon}, withPages(t), requireTokens, func(o *api.Options) {
		o.Jobs = badges{"good": jobOf()}
		o.Print = func(_ context.Context, html []byte) ([]byte, error) { return html, nil } // whatever is printed can be read here
	})}
	k.readers = map[string]string{
		"reader": k.grant("reader", time.Time{}, "read"),
		"runner": k.grant("runner", time.Time{}, "read", "assess"),
		"admin":  k.grant("admin", time.Time{}, "admin"),
		"web":    k.grantTo("web", []string{"web", "payments", "Pay"}, "read", "assess"),
		"pay":    k.grantTo("pay", []string{"web", "pay"}, "read", "assess"),
		"looker": k.grantTo("looker", []string{"pay"}, "read"),
	}
	k.as("admin").post("/api/v1/events", history("payments", strings.Repeat(".", 30))).is(http.StatusOK)
	k.first = k.round(1)
	own := k.as("pay")
	own.post(roundsPath+"/"+k.first.ID+"/action", `{"text":"kestrel-first-step","owner":"on-call","due_on":"2026-03-10"}`).is(http.StatusOK)
	k.clock.advance(60 * 24 * time.Hour)
	k.second = k.round(3)
	own.post(roundsPath+"/"+k.second.ID+"/replies", `{"question":"q1","tag":"services differ","note":"kestrel-note"}`).is(http.StatusOK)
	own.post(roundsPath+"/"+k.second.ID+"/action", `{"text":"kestrel-second-step","owner":"on-call","due_on":"2026-05-10"}`).is(http.StatusOK)
	k.clock.advance(24 * time.Hour)
	return k
}

// grantTo makes a token that is bound to teams.
func (s site) grantTo(name string, teams []string, scopes ...string) string {
	s.Helper()
	secret := "shp_secret_of_" + name
	if err := s.db.CreateToken(s.Context(), store.Token{ID: name, Name: name, Scopes: scopes, Teams: teams}, api.HashToken(secret), "test"); err != nil {
		s.Fatal(err)
	}
	return secret
}

// round is one that five people answered, the last with a signed comment, run by who runs rounds for all teams.
func (k kept) round(option int) assessments.Round {
	k.Helper()
	runner := k.as("runner")
	opened := into[openedAnswer](runner.post(roundsPath, `{"team":"pay","size":5}`).is(http.StatusCreated))
	for _, link := range opened.Links[1:] {
		k.answered(opened.Round, link, option)
	}
	last := opened.Links[0]
	k.submit(last, last, chosen(opened.Round, option, "comment", "kestrel-remark", "signature", "a colleague")...).is(http.StatusOK)
	runner.get("/assessments/"+opened.Round.ID+"/close").is(http.StatusOK, "5 of 5")
	closed := runner.submit("/assessments/"+opened.Round.ID+"/close", "/assessments/"+opened.Round.ID+"/close").is(http.StatusSeeOther)
	if to := closed.header.Get("Location"); to != "/assessments/"+opened.Round.ID+"/run" {
		k.Errorf("who runs the round is led to %s", to)
	}
	return into[assessments.Round](runner.get(roundsPath + "/" + opened.Round.ID).is(http.StatusOK))
}

// resultRoutes are the routes by which what a team said can be read, each with what others get: 403, or the rest of the page.
func resultRoutes() map[string]int {
	return map[string]int{
		"/api/v1/assessments/:id/result":             http.StatusForbidden,
		"/api/v1/assessments/:id/evidence/:evidence": http.StatusForbidden,
		"/api/v1/assessments/:id/guide":              http.StatusForbidden,
		"/assessments/:round":                        http.StatusForbidden,
		"/assessments/:round/guide":                  http.StatusForbidden,
		"/assessments/:round/publish":                http.StatusForbidden,
		"/assessments/:round/evidence/:evidence":     http.StatusForbidden,
		"/assessments/:round/form":                   http.StatusOK, // with what was decided last time
		"/teams/:team":                               http.StatusOK,
		"/reports/teams/:team":                       http.StatusOK,
		"/api/v1/reports/teams/:team":                http.StatusOK,
		"/api/v1/digests/teams/:team":                http.StatusOK,
		"/api/v1/audit":                              http.StatusOK,
	}
}

// addresses are all that a route answers, with every format of a document.
func (k kept) addresses(route string) []string {
	var all []string
	for _, round := range []assessments.Round{k.first, k.second} {
		at := strings.NewReplacer(":evidence", "E1", ":round", round.ID, ":id", round.ID, ":team", "pay", ":service", "payments",
			":figure", "deployment-frequency", ":token", "none", ":source", "none", ":project", "none", ":artifact", "none").Replace(route)
		formats := []string{""}
		if strings.Contains(route, "/reports/") || strings.Contains(route, "/digests/") {
			formats = []string{"", "json", "md", "csv", "html", "pdf", "txt"}
		}
		for _, format := range formats {
			if query := "?format=" + format + "&period=2026-05"; format != "" && strings.Contains(route, "/reports/") {
				all = append(all, at+query)
			} else if format != "" {
				all = append(all, at+"?format="+format)
			}
			all = append(all, at)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// read are the words of a list that any address of a route tells somebody.
func (k kept) read(s site, route string, words []string) []string {
	k.Helper()
	found := map[string]bool{}
	for _, at := range k.addresses(route) {
		got := s.get(at)
		if got.status >= http.StatusInternalServerError && !strings.Contains(route, "readyz") && got.status != http.StatusServiceUnavailable {
			k.Errorf("%s: status %d: %s", at, got.status, got.body)
		}
		for _, word := range words {
			if strings.Contains(got.body, word) {
				found[word] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Every route that can be read is read by everybody. One that tells what the team wrote and is not in the table is a hole, or wants a line there.
func TestNoRouteTellsOthersWhatATeamSaidBeforeItPublishes(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, k kept) {
		all, words, tells := resultRoutes(), slices.Concat(firstWords, secondWords), 0
		for _, route := range k.server.Routes() {
			if route[0] != http.MethodGet {
				continue
			}
			for _, who := range outsiders() {
				if found := k.read(k.as(who), route[1], words); len(found) > 0 {
					t.Errorf("%s tells the token %q: %v", route[1], who, found)
				}
			}
			_, listed := all[route[1]]
			if found := k.read(k.as("looker"), route[1], words); len(found) > 0 && !listed {
				t.Errorf("%s tells the team %v and is not among the routes with a result", route[1], found)
			} else if len(found) > 0 {
				tells++
			}
		}
		if tells < 9 { // two ask for the scope assess or admin, a guide may have nothing to quote
			t.Errorf("the team reads what it said by %d routes only: the words to look for are stale", tells)
		}
	})
}

func TestAResultIsTheTeamsUntilItPublishes(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, k kept) {
		for route, status := range resultRoutes() {
			at := strings.NewReplacer(":evidence", "E1", ":round", k.second.ID, ":id", k.second.ID, ":team", "pay").Replace(route)
			for _, who := range outsiders() {
				if route == "/api/v1/audit" {
					continue // for the scope admin alone
				}
				got := k.as(who).get(at).is(status)
				if status == http.StatusForbidden && (!strings.Contains(got.body, "pay") || !strings.Contains(got.body, "shiphabit token create NAME --team pay --scope read")) {
					t.Errorf("%s does not tell %q whose it is and how to get in: %s", at, who, got.body)
				}
			}
			for _, who := range []string{"pay", "looker"} {
				if route != "/api/v1/audit" {
					k.as(who).get(at).is(http.StatusOK)
				}
			}
			k.get(at).is(http.StatusUnauthorized)
			k.ask("GET", at, "", badge("good")...).is(http.StatusForbidden, "job may ask the gate")
		}
		for _, at := range []string{"/teams/pay", "/reports/teams/pay?period=2026-05", "/api/v1/reports/teams/pay?period=2026-05"} {
			page := k.as("reader").get(at).is(http.StatusOK, "round that closed on 2 May 2026 is team pay", "token create NAME --team pay --scope read", "Lead time")
			for _, word := range []string{"Says versus shows", "level 4 of 5", "By the team's own answers", "Of 2 actions"} {
				if strings.Contains(page.body, word) {
					t.Errorf("%s tells %q", at, word)
				}
			}
		}
		k.as("pay").get("/teams/pay").is(http.StatusOK, "Says versus shows", "level 4 of 5", "Of 2 actions")
		k.as("pay").get("/reports/teams/pay?period=2026-05").is(http.StatusOK, "By the team&#39;s own answers")
		if page := k.as("reader").get("/assessments").is(http.StatusOK, "opens with a token bound to the team"); strings.Contains(page.body, `href="/assessments/`+k.second.ID+`"`) {
			t.Error("the list leads readers to what they may not see")
		}
		k.as("runner").get("/assessments/"+k.second.ID+"/run").is(http.StatusOK, "5 of 5", "until the team publishes it")
		k.as("pay").get("/").is(http.StatusOK, "/assessments/"+k.second.ID)
		if page := k.as("reader").get("/").is(http.StatusOK); strings.Contains(page.body, "/assessments/"+k.second.ID) {
			t.Error("the overview leads readers to what they may not see")
		}
		k.as("admin").get("/api/v1/audit").is(http.StatusOK, "action decided", "not shown: the result of the round that closed on", "token created",
			`"actor":"token:runner","action":"round closed"`, `"details":"team pay"`)

		k.as("pay").post(roundsPath+"/"+k.second.ID+"/publish", "").is(http.StatusOK)
		for _, who := range outsiders() {
			k.as(who).get("/assessments/"+k.second.ID).is(http.StatusOK, "kestrel-second-step", "kestrel-note", "kestrel-remark")
			k.as(who).get("/teams/pay").is(http.StatusOK, "level 4 of 5", "kestrel-second-step")
			k.as(who).get("/assessments/" + k.first.ID).is(http.StatusForbidden)
		}
		result := into[assessments.Result](k.as("reader").get(roundsPath + "/" + k.second.ID + "/result").is(http.StatusOK))
		if result.Previous != "" || result.LastAction != nil || len(result.Changes) > 0 {
			t.Errorf("a published result tells of the round before, which is not: %+v", result)
		}
		if own := into[assessments.Result](k.as("looker").get(roundsPath + "/" + k.second.ID + "/result")); own.LastAction == nil || len(own.Changes) == 0 {
			t.Errorf("the team misses its round before: %+v", own)
		}
		for _, route := range k.server.Routes() {
			if route[0] == http.MethodGet {
				if found := k.read(k.as("reader"), route[1], firstWords); len(found) > 0 {
					t.Errorf("%s tells of the round that was not published: %v", route[1], found)
				}
			}
		}
	})
}

// writes are the routes that change a round, each with who may.
func writes() map[string]string {
	return map[string]string{
		"POST /api/v1/assessments": "run", "POST /assessments": "run",
		"DELETE /api/v1/assessments/:id": "run", "POST /assessments/:round/discard": "run",
		"POST /api/v1/assessments/:id/open": "run", "POST /assessments/:round/open": "run",
		"POST /api/v1/assessments/:id/links": "run", "POST /assessments/:round/links": "run",
		"POST /api/v1/assessments/:id/remind": "run", "POST /assessments/:round/remind": "run",
		"POST /api/v1/assessments/:id/close": "run", "POST /assessments/:round/close": "run",
		"POST /api/v1/assessments/:id/publish": "own", "POST /assessments/:round/publish": "own",
		"POST /api/v1/assessments/:id/replies": "own", "POST /assessments/:round/reply": "own",
		"POST /api/v1/assessments/:id/action": "own", "POST /assessments/:round/action": "own",
		"POST /api/v1/assessments/:id/action/outcome": "own", "POST /assessments/:round/outcome": "own",
	}
}

func TestATeamsReplyActionAndPublishingTakeATokenOfTheTeam(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, k kept) {
		known := writes()
		for _, route := range k.server.Routes() {
			if name := route[0] + " " + route[1]; route[0] != http.MethodGet && strings.Contains(route[1], "/assessments") {
				if _, listed := known[name]; !listed {
					t.Errorf("%s changes a round and is not in the table of who may", name)
				}
			}
		}
		for name, who := range known {
			method, route, _ := strings.Cut(name, " ")
			for _, bearer := range []string{"runner", "admin", "web", "pay", "looker"} {
				got := k.write(bearer, method, route)
				allowed := bearer == "pay" || who == "run" && (bearer == "runner" || bearer == "admin")
				if refused := got.status == http.StatusForbidden; refused == allowed {
					t.Errorf("%s with the token %q: status %d: %.300s", name, bearer, got.status, got.body)
				}
			}
		}
	})
}

// write sends what a route takes. Most of it does not fit the state of the round, and nothing of it is forbidden to who may.
func (k kept) write(bearer, method, route string) answer {
	k.Helper()
	s := k.as(bearer)
	at := strings.NewReplacer(":round", k.first.ID, ":id", k.first.ID).Replace(route)
	if strings.HasPrefix(route, "/api/") {
		body := map[string]string{
			"/api/v1/assessments": `{"team":"pay","size":1}`, "/api/v1/assessments/:id/links": `{"count":1}`,
			"/api/v1/assessments/:id/replies": `{"question":"q1","tag":"none such"}`, "/api/v1/assessments/:id/action/outcome": `{"outcome":""}`,
			"/api/v1/assessments/:id/action": `{"text":"","owner":"","due_on":""}`, "/api/v1/assessments/:id/remind": `{}`,
		}[route]
		return s.ask(method, at, body)
	}
	loaded := k.as("reader").get("/assessments").is(http.StatusOK)
	cookie, _, _ := strings.Cut(loaded.header.Get("Set-Cookie"), ";")
	form := url.Values{"csrf": {csrfField.FindStringSubmatch(loaded.body)[1]}, "team": {"pay"}, "size": {"1"}, "count": {"1"}, "question": {"q1"}, "tag": {"none such"}}
	return s.ask(method, at, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Cookie", cookie)
}

func TestWhereNoTokensAreRequiredNothingIsKeptBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, withPages(t))
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":5}`).is(http.StatusCreated))
	s.post(roundsPath+"/"+opened.Round.ID+"/close", "").is(http.StatusOK)
	s.get("/assessments/"+opened.Round.ID).is(http.StatusOK, "Write it down")
	s.token = s.grant("reader", time.Time{}, "read")
	s.get("/assessments/" + opened.Round.ID).is(http.StatusOK)
}

// A consensus is closed by its one answer; whoever sent it has a link and no token.
func TestAConsensusThanksALinkWithoutShowingTheResult(t *testing.T) {
	t.Parallel()
	k := keptRounds(t, filepath.Join(t.TempDir(), "kept.db"))
	opened := into[openedAnswer](k.as("runner").post(roundsPath, `{"team":"pay","size":4,"consensus":true}`).is(http.StatusCreated))
	link := opened.Links[0]
	k.submit(link, link, chosen(opened.Round, 2)...).is(http.StatusOK, "Thank you")
	k.as("runner").get("/assessments/" + opened.Round.ID).is(http.StatusForbidden)
	k.as("looker").get("/assessments/"+opened.Round.ID).is(http.StatusOK, "the agreed answer")
}

// Who runs rounds for all teams has every link.
func TestALinkTellsWhatTheTeamDecidedOnlyOnceItIsPublished(t *testing.T) {
	t.Parallel()
	k := keptRounds(t, filepath.Join(t.TempDir(), "kept.db"))
	opened := into[openedAnswer](k.as("runner").post(roundsPath, `{"team":"pay","size":5}`).is(http.StatusCreated))
	more := into[openedAnswer](k.as("runner").post(roundsPath+"/"+opened.Round.ID+"/links", `{"count":1}`).is(http.StatusOK))
	preview := "/assessments/" + opened.Round.ID + "/form"
	for _, at := range []string{opened.Links[0], more.Links[0], preview} {
		for _, who := range outsiders() {
			if page := k.as(who).get(at).is(http.StatusOK, "What the team decided last time", "/assessments/"+k.second.ID); strings.Contains(page.body, "kestrel") {
				t.Errorf("%s tells the token %q what was decided", at, who)
			}
		}
	}
	k.as("looker").get(preview).is(http.StatusOK, "kestrel-second-step")
	k.as("pay").post(roundsPath+"/"+k.second.ID+"/publish", "").is(http.StatusOK)
	k.get(opened.Links[0]).is(http.StatusOK, "kestrel-second-step")
}
