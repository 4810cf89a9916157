package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/assessments"
)

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// submit loads a page as a browser does and sends one of its forms.
func (s site) submit(page, action string, fields ...string) answer {
	s.Helper()
	loaded := s.get(page).is(http.StatusOK)
	token := csrfField.FindStringSubmatch(loaded.body)
	if token == nil {
		s.Fatalf("no form on %s", page)
	}
	cookie, _, _ := strings.Cut(loaded.header.Get("Set-Cookie"), ";")
	form := url.Values{"csrf": {token[1]}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return s.ask("POST", action, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Cookie", cookie)
}

var linkShown = regexp.MustCompile(`/assess/[A-Za-z0-9_-]{20,}`)

// chosen is the same option of every question, as a form sends it.
func chosen(r assessments.Round, option int, more ...string) []string {
	fields := more
	for _, q := range r.Set.Questions {
		fields = append(fields, q.ID, q.Options[option].ID)
	}
	return fields
}

func only(s site) assessments.Round {
	s.Helper()
	list := into[struct{ Rounds []assessments.Round }](s.get(roundsPath).is(http.StatusOK))
	if len(list.Rounds) != 1 {
		s.Fatalf("%d rounds", len(list.Rounds))
	}
	return list.Rounds[0]
}

func TestAWholeRoundIsRunFromPagesWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := newSite(t, withPages(t))
	s.post("/api/v1/events", history("payments", strings.Repeat(".", 30))).is(http.StatusOK)
	s.submit("/assessments", "/assessments", "team", "pay", "size", "many").is(http.StatusBadRequest, "no number", `value="pay"`)
	s.submit("/assessments", "/assessments", "team", "pay", "size", "6", "draft", "yes").is(http.StatusSeeOther)
	round := only(s)
	at := "/assessments/" + round.ID
	if round.State != assessments.Draft {
		t.Fatalf("it is %s", round.State)
	}
	s.get(at+"/form").is(http.StatusOK, "Nothing can be sent from here", "How often do you deploy")
	opened := s.submit(at+"/run", at+"/open").is(http.StatusOK, "shown this once")
	if cached := opened.header.Get("Cache-Control"); cached != "no-store" {
		t.Errorf("links may be kept by caches: %q", cached)
	}
	links := linkShown.FindAllString(opened.body, -1)
	if len(links) != 6 {
		t.Fatalf("%d links", len(links))
	}
	if linkShown.MatchString(s.get(at + "/run").is(http.StatusOK).body) {
		t.Error("a link is shown a second time")
	}
	s.submit("/assessments", "/assessments", "team", "pay", "size", "6").is(http.StatusConflict, "has an open round")
	round = only(s)
	for i := range 5 {
		s.submit(links[i], links[i], chosen(round, i%5)...).is(http.StatusOK, "Thank you")
	}
	used := s.get(links[0]).is(http.StatusConflict, ">This link was used</h1>", "each link works once")
	if strings.Contains(used.body, ">Conflict<") || strings.Contains(used.body, "How often do you deploy") {
		t.Error("a used link shows a status or the questions")
	}
	s.submit(links[5], links[5], "comment", strings.Repeat("x", 1001)).is(http.StatusUnprocessableEntity, "Comment: ", "Question 1")
	s.get(at).is(http.StatusOK, "only participation is shown before closing")
	s.get(at+"/close").is(http.StatusOK, "cannot be taken back", "5 of 6")
	s.submit(at+"/close", at+"/close").is(http.StatusSeeOther)
	s.get(at).is(http.StatusOK, "has this to itself until 8 Apr 2026", "of 2026-Q1")
	s.submit(at, at+"/reply", "question", "q1", "tag", "records incomplete", "note", "hotfixes <b>go</b> another way").is(http.StatusSeeOther)
	s.submit(at, at+"/reply", "question", "q1", "tag", "lies").is(http.StatusBadRequest, "is no tag")
	s.get(at).is(http.StatusOK, "The team replies: records incomplete", "hotfixes &lt;b&gt;")
	s.get(at+"/evidence/E1").is(http.StatusOK, "The team replies: records incomplete")
	s.get(roundsPath+"/"+round.ID+"/result").is(http.StatusOK, `"tag":"records incomplete"`)
	s.get(roundsPath+"/"+round.ID+"/evidence/E1").is(http.StatusOK, `"tag":"records incomplete"`)
	s.submit(at, at+"/action", "text", "rehearse going back", "owner", "kim@example.org", "due_on", "2026-05-01").is(http.StatusBadRequest,
		"<title>Error: Team pay, round closed on 3 Mar 2026 · shiphabit", `<a href="#owner">The owner is an address`, `aria-describedby="owner_fault"`, `id="owner_fault"`,
		">rehearse going back</textarea>", `value="kim@example.org"`, `value="2026-05-01"`)
	s.submit(at, at+"/action", "text", "rehearse going back", "owner", "on-call", "due_on", "soon").is(http.StatusBadRequest, `href="#due_on"`, `value="on-call"`)
	s.get(at+"/publish").is(http.StatusOK, "There is no action yet", at+"#action", "Publish the round")
	s.submit(at, at+"/action", "text", "rehearse going back", "owner", "on-call", "due_on", "2026-05-01").is(http.StatusSeeOther)
	s.get(at+"/guide").is(http.StatusOK, "You see this differently", "rehearse going back")
	if page := s.get(at+"/publish").is(http.StatusOK, "and its action stay as they are"); strings.Contains(page.body, "no action yet") {
		t.Error("an action is missed that is there")
	}
	s.submit(at+"/publish", at+"/publish").is(http.StatusSeeOther)
	s.get(at).is(http.StatusOK, "round published", "The team published this: from 8 Apr 2026 on it enters the roll-up of 2026-Q1")
	s.submit(at, at+"/reply", "question", "q1").is(http.StatusConflict)
	s.get("/api/v1/audit").is(http.StatusOK, "action decided", "result replied to", `"action":"round opened"`, `"action":"round closed"`, `"action":"round published"`, `"details":"team pay"`)
}

func TestTheNextRoundOpensWithWhatWasDecidedAndSaysWhatMoved(t *testing.T) {
	t.Parallel()
	s := newSite(t, withPages(t))
	first := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":5}`).is(http.StatusCreated))
	for _, link := range first.Links {
		s.answered(first.Round, link, 1)
	}
	at := roundsPath + "/" + first.Round.ID
	s.post(at+"/close", "").is(http.StatusOK)
	s.post(at+"/action", `{"text":"ship without a meeting","owner":"the team","due_on":"2026-06-01"}`).is(http.StatusOK, "the team")
	s.clock.advance(90 * 24 * time.Hour)
	second := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":5}`).is(http.StatusCreated))
	s.get(second.Links[0]).is(http.StatusOK, "Last time you decided", "ship without a meeting", "nobody has said yet")
	page := "/assessments/" + second.Round.ID
	s.submit(page, "/assessments/"+first.Round.ID+"/outcome", "outcome", "done", "back", second.Round.ID).is(http.StatusSeeOther)
	s.get(second.Links[0]).is(http.StatusOK, "· done")
	for _, link := range second.Links {
		s.answered(second.Round, link, 3)
	}
	s.post(roundsPath+"/"+second.Round.ID+"/close", "").is(http.StatusOK)
	s.get(page).is(http.StatusOK, "the median moved from 2 to 4", "towards habit")
	result := into[assessments.Result](s.get(roundsPath + "/" + second.Round.ID + "/result").is(http.StatusOK))
	if result.Previous != first.Round.ID || len(result.Changes) != 5 || result.LastAction == nil || result.LastAction.Outcome != assessments.Done {
		t.Errorf("%+v", result)
	}
	s.post(at+"/action/outcome", `{"outcome":"perhaps"}`).is(http.StatusBadRequest, "no outcome")
}

func TestCommentsAreShownFromTwiceTheFloorUpOrWhenSigned(t *testing.T) {
	t.Parallel()
	s := newSite(t, withPages(t))
	for _, people := range []int{5, 10} {
		opened := into[openedAnswer](s.post(roundsPath, `{"team":"team `+string(rune('a'+people))+`","size":10}`).is(http.StatusCreated))
		for i := range people {
			fields := chosen(opened.Round, 2)
			switch i {
			case 0:
				fields = append(fields, "comment", "unsigned words")
			case 1:
				fields = append(fields, "comment", "signed words", "signature", "the one on call")
			}
			s.submit(opened.Links[i], opened.Links[i], fields...).is(http.StatusOK)
		}
		at := "/assessments/" + opened.Round.ID
		if body := s.get(at).body; strings.Contains(body, "words") {
			t.Error("a comment is shown before closing")
		}
		s.submit(at+"/close", at+"/close").is(http.StatusSeeOther)
		body := s.get(at).is(http.StatusOK, "signed words", "the one on call").body
		if shown := strings.Contains(body, "unsigned words"); shown != (people == 10) {
			t.Errorf("with %d people unsigned comments are shown: %t", people, shown)
		}
	}
}

func TestAFormNeedsItsTokenAndTheScopeToAssess(t *testing.T) {
	t.Parallel()
	s := newSite(t, withPages(t), requireTokens)
	s.token = s.grant("reader", time.Time{}, "read")
	s.get("/assessments").is(http.StatusOK)
	s.submit("/assessments", "/assessments", "team", "pay", "size", "6").is(http.StatusForbidden, "lacks the scope assess")
	s.token = s.grant("lead", time.Time{}, "read", "assess")
	s.ask("POST", "/assessments", "team=pay&size=6", "Content-Type", "application/x-www-form-urlencoded").is(http.StatusForbidden, "out of date")
	s.submit("/assessments", "/assessments", "team", "pay", "size", "6").is(http.StatusOK, "shown this once")
}

// channels is a notifier that takes what it is told, or refuses.
type channels struct {
	told   []assessments.Reminder
	refuse bool
}

func (c *channels) Channels(team string) []string {
	if team != "pay" {
		return nil
	}
	return []string{"mail to pay@example.org"}
}

func (c *channels) Remind(_ context.Context, _ string, r assessments.Reminder) ([]string, bool, error) {
	if c.refuse {
		return nil, false, errors.New("mail to pay@example.org: the mail server does not answer")
	}
	c.told = append(c.told, r)
	return []string{"mail to pay@example.org"}, true, nil
}

func TestATeamIsRemindedAtMostTwiceAndNotCountedWhenNobodyWasReached(t *testing.T) {
	t.Parallel()
	c := &channels{refuse: true}
	s := newSite(t, withPages(t), func(o *api.Options) { o.Notifier, o.PublicURL = c, "https://ship.example.org/" })
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":5,"open_link":true}`).is(http.StatusCreated))
	at := roundsPath + "/" + opened.Round.ID
	s.post(at+"/remind", `{}`).is(http.StatusConflict, "not counted", "does not answer")
	c.refuse = false
	s.post(at+"/remind", `{}`).is(http.StatusOK, `"left":1`, `"sent":["mail to pay@example.org"]`)
	if len(c.told) != 1 || !strings.Contains(c.told[0].Text, "https://ship.example.org/assess/") {
		t.Fatalf("%+v", c.told)
	}
	link := linkShown.FindString(c.told[0].Text)
	s.submit(link, link, chosen(opened.Round, 2)...).is(http.StatusOK, "Thank you")
	s.submit("/assessments/"+opened.Round.ID+"/run", "/assessments/"+opened.Round.ID+"/remind", "copy", "yes").is(http.StatusOK, "Copy this text", "Both reminders were given")
	s.post(at+"/remind", `{}`).is(http.StatusConflict, "more would be pressure")
	for i := 1; i < 5; i++ {
		s.submit(opened.Links[0], opened.Links[0], chosen(opened.Round, 2)...).is(http.StatusOK)
	}
	s.get(link).is(http.StatusOK, "all the answers it takes")
	s.post(at+"/close", "").is(http.StatusOK, `"respondents":5`)
	s.post(at+"/remind", `{}`).is(http.StatusConflict, "only an open round")
}

func TestAPersonalLinkIsNeverInAReminder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":5}`).is(http.StatusCreated))
	told := s.post(roundsPath+"/"+opened.Round.ID+"/remind", `{"copy":true}`).is(http.StatusOK, "please use yours")
	if strings.Contains(told.body, "/assess/") {
		t.Error(told.body)
	}
}

func TestADraftIsLookedAtOpenedOrDiscarded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	draft := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":5,"draft":true}`).is(http.StatusCreated))
	if len(draft.Links) != 0 || draft.Round.State != assessments.Draft {
		t.Errorf("%+v", draft)
	}
	at := roundsPath + "/" + draft.Round.ID
	s.post(at+"/links", `{"count":1}`).is(http.StatusConflict)
	s.clock.advance(time.Hour)
	opened := into[openedAnswer](s.post(at+"/open", "").is(http.StatusOK))
	if len(opened.Links) != 5 || !opened.Round.OpenedAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v", opened)
	}
	s.post(at+"/open", "").is(http.StatusConflict)
	s.ask("DELETE", at, "").is(http.StatusConflict)
	another := into[openedAnswer](s.post(roundsPath, `{"team":"other","size":5,"draft":true}`).is(http.StatusCreated))
	s.ask("DELETE", roundsPath+"/"+another.Round.ID, "").is(http.StatusOK)
	s.get(roundsPath + "/" + another.Round.ID).is(http.StatusNotFound)
}

func TestARollUpPoolsTeamsAWeekAfterTheQuarterAndTellsWhatBecameOfActions(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.get("/assessments/rollup").is(http.StatusOK, "No round closed in 2025-Q4", "Not shown: no round closed in 2025-Q4.")
	for i, team := range []string{"a", "b", "c", "d"} {
		opened := into[openedAnswer](s.post(roundsPath, `{"team":"`+team+`","size":5,"services":[]}`).is(http.StatusCreated))
		for _, link := range opened.Links {
			s.answered(opened.Round, link, i)
		}
		at := roundsPath + "/" + opened.Round.ID
		s.post(at+"/close", "").is(http.StatusOK)
		s.post(at+"/action", `{"text":"step of `+team+`","owner":"team","due_on":"2026-03-20"}`).is(http.StatusOK)
		s.post(at+"/replies", `{"question":"q2","tag":"services differ"}`).is(http.StatusOK)
		if i < 2 {
			s.post(at+"/publish", "").is(http.StatusOK)
		}
	}
	s.get(roundsPath+"/rollup?quarter=2026-Q1").is(http.StatusConflict, "from 2026-04-08 on")
	s.get(roundsPath+"/rollup").is(http.StatusConflict, "no quarter may be told yet; the roll-up of 2026-Q1 can be made from 2026-04-08 on")
	s.get(roundsPath+"/rollup?quarter=soon").is(http.StatusBadRequest, "no quarter")
	s.get("/assessments/rollup").is(http.StatusOK, "Nothing of 2026-Q1 to tell", "No quarter may be told yet", "from 2026-04-08 on")
	s.get("/assessments/rollup?quarter=soon").is(http.StatusBadRequest, "no quarter", "</html>")
	s.clock.advance(40 * 24 * time.Hour)
	var got struct {
		Rollup   assessments.Rollup
		Outcomes assessments.Outcomes
	}
	body := s.get(roundsPath + "/rollup?quarter=2026-Q1").is(http.StatusOK).body
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if !got.Rollup.Shown || got.Rollup.PooledTeams != 4 || got.Rollup.Tags[assessments.ServicesDiffer] != 4 || len(got.Rollup.Named) != 2 {
		t.Errorf("%+v", got.Rollup)
	}
	if o := got.Outcomes; o.Written != 4 || o.Overdue != 4 || len(o.Named) != 2 || strings.Contains(body, "step of c") {
		t.Errorf("%+v", o)
	}
	if left := s.get(roundsPath + "/rollup").is(http.StatusOK).body; left != body {
		t.Errorf("the quarter left out is another one: %.200s", left)
	}
	checkRollupPage(s, got.Rollup)
}

// checkRollupPage compares the page with what programs get.
func checkRollupPage(t site, r assessments.Rollup) {
	t.Helper()
	t.get("/assessments").is(http.StatusOK, `href="/assessments/rollup"`)
	page := t.get("/assessments/rollup").is(http.StatusOK, "The sums hold 20 answers of 4 teams", "Says versus shows", `aria-current="true">2026-Q1`, "/api/v1/assessments/rollup?quarter=2026-Q1").body
	if rows := tableOf(page, "Replies of teams, by tag"); len(rows) != 1 || rows[0][0] != "services differ" || rows[0][1] != "4" {
		t.Errorf("tags: %v", rows)
	}
	for _, v := range tableOf(page, "Verdicts") {
		if v[1] != strconv.Itoa(r.Verdicts[assessments.Verdict(v[0])]) {
			t.Errorf("%s: the page says %s, the API %v", v[0], v[1], r.Verdicts)
		}
	}
	if rows := tableOf(page, "Actions of teams that published, by team"); len(rows) != 2 || rows[0][3] != "step of a" {
		t.Errorf("actions: %v", rows)
	}
	for _, q := range r.Questions {
		for _, o := range q.Options {
			if o.Count > 0 && !strings.Contains(page, html.EscapeString(o.Text)+`</span>`) {
				t.Errorf("%q is not on the page", o.Text)
			}
		}
	}
	if strings.Contains(page, "step of c") || strings.Count(page, `href="/assessments/ar_`) != 4 { // two teams, and their two actions
		t.Error("a team that did not publish is named")
	}
}

func TestARoundKeepsTheQuestionsItWasOpenedWith(t *testing.T) {
	t.Parallel()
	dsn, at := filepath.Join(t.TempDir(), "api.db"), &clock{now: noon}
	asking := func(version int, words string) func(*api.Options) {
		return func(o *api.Options) {
			o.Questions.ID, o.Questions.Version = "ours", version
			o.Questions.Questions = slices.Clone(o.Questions.Questions)[:4]
			o.Questions.Questions[0].Text, o.Questions.Questions[0].Evidence = words, "E4"
			o.Questions.Foundations = nil
		}
	}
	first := newSiteOn(t, dsn, at, withPages(t), asking(1, "The first wording?"))
	opened := into[openedAnswer](first.post(roundsPath, `{"team":"pay","size":5}`).is(http.StatusCreated))
	second := newSiteOn(t, dsn, at, withPages(t), asking(2, "The second wording?"))
	for _, link := range opened.Links {
		second.get(link).is(http.StatusOK, "The first wording?")
		second.submit(link, link, chosen(opened.Round, 3)...).is(http.StatusOK)
	}
	page := "/assessments/" + opened.Round.ID
	second.submit(page+"/close", page+"/close").is(http.StatusSeeOther)
	result := into[assessments.Result](second.get(roundsPath + "/" + opened.Round.ID + "/result").is(http.StatusOK))
	if len(result.Questions) != 4 || result.Questions[0].Text != "The first wording?" || result.Comparisons[0].Evidence != "E4" {
		t.Errorf("%+v", result)
	}
	second.get(page).is(http.StatusOK, "The first wording?")
	next := into[openedAnswer](second.post(roundsPath, `{"team":"pay","size":5}`).is(http.StatusCreated))
	if next.Round.Set.Version != 2 {
		t.Errorf("the next round asks version %d", next.Round.Set.Version)
	}
}

func TestThePageOfARoundWarnsOfATeamThatOwnsNothingUntilTheRoundIsOver(t *testing.T) {
	t.Parallel()
	s := newSite(t, withPages(t))
	s.post("/api/v1/events", history("payments", "...")).is(http.StatusOK)
	const warning = "owns no service, so that no records stand beside its answers"
	s.submit("/assessments", "/assessments", "team", "Pay", "size", "5", "draft", "yes").is(http.StatusSeeOther)
	at := "/assessments/" + only(s).ID
	s.get(at+"/run").is(http.StatusOK, "Team Pay "+warning, "teams with services are: pay.")
	s.submit(at+"/run", at+"/open").is(http.StatusOK, warning)
	s.submit(at+"/run", at+"/close").is(http.StatusSeeOther)
	if page := s.get(at + "/run").is(http.StatusOK); strings.Contains(page.body, warning) {
		t.Error("it warns of what cannot be mended any more")
	}
	other := newSite(t, withPages(t))
	other.post("/api/v1/events", history("payments", "...")).is(http.StatusOK)
	if page := other.submit("/assessments", "/assessments", "team", "pay", "size", "5").is(http.StatusOK); strings.Contains(page.body, warning) {
		t.Error("it warns of a team that owns a service")
	}
}

func TestARoundOfOneLinkAsksForNoNumberOfLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t, withPages(t))
	s.post("/api/v1/events", history("payments", "...")).is(http.StatusOK)
	s.submit("/assessments", "/assessments", "team", "pay", "size", "5", "mode", "consensus").is(http.StatusOK)
	at := "/assessments/" + only(s).ID
	if page := s.get(at+"/run").is(http.StatusOK, "Another link"); strings.Contains(page.body, "How many") {
		t.Error("it asks how many links of one agreed answer")
	}
	if again := s.submit(at+"/run", at+"/links", "count", "1").is(http.StatusOK); len(linkShown.FindAllString(again.body, -1)) != 1 {
		t.Error("it gives no other link")
	}
}
