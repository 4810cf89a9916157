package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/assessments"
)

const roundsPath = "/api/v1/assessments"

type openedAnswer struct {
	Round assessments.Round
	Links []string
}

// answered submits the same option for every question through a link.
func (s site) answered(r assessments.Round, link string, option int) {
	s.Helper()
	answers := assessments.Answers{}
	for _, q := range r.Set.Questions {
		answers[q.ID] = q.Options[option].ID
	}
	if err := s.db.Submit(s.Context(), assessments.HashToken(strings.TrimPrefix(link, "/assess/")), answers); err != nil {
		s.Fatal(err)
	}
}

func TestARoundIsOpenedAnsweredClosedAndPublished(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", strings.Repeat(".", 30))).is(http.StatusOK)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":6}`).is(http.StatusCreated))
	if len(opened.Links) != 6 || opened.Round.State != assessments.Open || len(opened.Round.Services) != 1 {
		t.Fatalf("%d links, round %+v", len(opened.Links), opened.Round)
	}
	at := roundsPath + "/" + opened.Round.ID
	for i := range 5 {
		s.answered(opened.Round, opened.Links[i], 3)
	}
	s.get(at).is(http.StatusOK, `"respondents":5`)
	early := into[assessments.Result](s.get(at + "/result").is(http.StatusOK))
	if early.Shown || len(early.Questions) > 0 || early.Respondents != 5 {
		t.Errorf("before closing: %+v", early)
	}
	s.post(at+"/publish", "").is(http.StatusConflict, "close it first")
	s.post(at+"/close", "").is(http.StatusOK, `"state":"closed"`, `"respondents":5`)
	result := into[assessments.Result](s.get(at + "/result").is(http.StatusOK))
	if !result.Shown || len(result.Questions) != 5 || len(result.Evidence) == 0 {
		t.Errorf("after closing: %+v", result)
	}
	s.post(at+"/publish", "").is(http.StatusOK, `"state":"published"`)
	s.post(at+"/close", "").is(http.StatusConflict)
	s.post(at+"/publish", "").is(http.StatusConflict, "is published already, and never changes from then on")
	s.ask("DELETE", at, "").is(http.StatusConflict, "it is published, and this can only be done while it is a draft")
	s.get(roundsPath).is(http.StatusOK, opened.Round.ID)
}

func TestAPieceOfEvidenceOpensIntoItsRecordsAndTheLevelsTried(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *api.Options) {
		o.Readiness = func(service string) assessments.Readiness {
			return assessments.Readiness{Service: service, DrilledOn: []time.Time{noon.AddDate(0, 0, -3)}}
		}
	})
	s.post("/api/v1/events", history("payments", strings.Repeat(".", 12)+"x"+strings.Repeat(".", 15))).is(http.StatusOK)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":6}`).is(http.StatusCreated))
	at := roundsPath + "/" + opened.Round.ID
	x := into[assessments.Explanation](s.get(at + "/evidence/E1").is(http.StatusOK))
	if x.ID != "E1" || x.Formula == "" || x.Level == 0 || len(x.Records) != x.N || x.N == 0 || len(x.Tried) == 0 || !x.Tried[len(x.Tried)-1].Holds {
		t.Errorf("%+v", x)
	}
	result := into[assessments.Result](s.get(at + "/result").is(http.StatusOK))
	if i := slices.IndexFunc(result.Evidence, func(e assessments.Evidence) bool { return e.ID == "E1" }); i < 0 || result.Evidence[i].Level != x.Level {
		t.Errorf("the result says otherwise: %+v", result.Evidence)
	}
	drill := into[assessments.Explanation](s.get(at + "/evidence/e2").is(http.StatusOK))
	if i := slices.IndexFunc(drill.Figures, func(f assessments.Figure) bool { return f.Name == "drill" }); i < 0 || drill.Figures[i].Value == nil {
		t.Errorf("a declared drill is not among %+v", drill.Figures)
	}
	s.get(at+"/evidence/E6").is(http.StatusNotFound, "E1 to E5")
	s.get(roundsPath+"/none/evidence/E1").is(http.StatusNotFound, "no round")
}

func TestAutonomyIsReadFromWhatPipelinesAndApprovalsTell(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	events := strings.ReplaceAll(history("payments", strings.Repeat(".", 60)), `"environment"`, `"trigger":"automatic","environment"`)
	for _, id := range []string{"7", "8"} {
		events += `{"type":"approval","id":"a` + id + `","deployment":"payments-` + id + `","requested_at":"2026-02-01T00:00:00Z","decided_at":"2026-02-01T01:00:00Z","decision":"granted","approver_team":"release board","required":true}` + "\n"
	}
	s.post("/api/v1/events", events).is(http.StatusOK)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":6}`).is(http.StatusCreated))
	x := into[assessments.Explanation](s.get(roundsPath + "/" + opened.Round.ID + "/evidence/E3").is(http.StatusOK))
	if x.Grade != assessments.GradeA || x.Level != 2 || !strings.HasPrefix(x.Says, "2 of ") || !strings.Contains(x.Missing, "label risk") {
		t.Errorf("level %d grade %s: %s %s", x.Level, x.Grade, x.Says, x.Missing)
	}
	if i := slices.IndexFunc(x.Records, func(r assessments.Row) bool { return strings.Contains(r.Says, "approved outside the team") }); i < 0 {
		t.Errorf("no record tells of the approval: %+v", x.Records)
	}
}

func TestWhatOtherTeamsDeployStandsBesideTheTeamsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", strings.Repeat(".", 10))).is(http.StatusOK)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"another team","services":["gone"],"consensus":true}`).is(http.StatusCreated))
	x := into[assessments.Explanation](s.get(roundsPath + "/" + opened.Round.ID + "/evidence/E5").is(http.StatusOK))
	if x.Grade != assessments.GradeNone || !x.Indirect {
		t.Errorf("%+v", x)
	}
}

func TestNothingIsShownOfAGroupBelowTheFloor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":8}`).is(http.StatusCreated))
	for i := range 4 {
		s.answered(opened.Round, opened.Links[i], i)
	}
	at := roundsPath + "/" + opened.Round.ID
	s.post(at+"/close", "").is(http.StatusOK)
	result := into[assessments.Result](s.get(at + "/result").is(http.StatusOK))
	if result.Shown || result.Hidden == "" || len(result.Questions) > 0 || result.Verdict != nil {
		t.Errorf("a group of four is shown: %+v", result)
	}
}

func TestLinksAreMadeForOpenRoundsOnlyAndNeverKeptInSight(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":5,"open_link":true}`).is(http.StatusCreated))
	if len(opened.Links) != 1 {
		t.Errorf("%d links of a round with one for all", len(opened.Links))
	}
	at := roundsPath + "/" + opened.Round.ID
	more := into[openedAnswer](s.post(at+"/links", `{"count":1}`).is(http.StatusOK))
	s.post(at+"/links", `{"count":100}`).is(http.StatusBadRequest)
	if body := s.get(at).body + s.get(roundsPath).body; strings.Contains(body, opened.Links[0]) || strings.Contains(body, more.Links[0]) {
		t.Error("a link is shown a second time")
	}
	s.post(at+"/close", "").is(http.StatusOK)
	s.post(at+"/links", `{"count":1}`).is(http.StatusConflict)
}

func TestARoundThatCannotBeIsRefusedInWords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for body, words := range map[string]string{
		`{"team":"pay"}`:                    "say how many people",
		`{"team":"pay","size":2}`:           "cannot be kept apart",
		`{"team":"pay","size":4}`:           "consensus",
		`{"team":"","size":5}`:              "needs an id and a team",
		`{"team":"pay","size":5,"floor":2}`: "outside 5 to 10",
		`{"team":"pay","people":5}`:         "people",
	} {
		s.post(roundsPath, body).is(http.StatusBadRequest, words)
	}
	s.get(roundsPath + "/none").is(http.StatusNotFound)
	s.get(roundsPath + "/none/result").is(http.StatusNotFound)
	s.post(roundsPath+"/none/close", "").is(http.StatusNotFound)
}

func TestTeamSizeAndFloorComeFromTheConfigurationWhenTheRequestNamesNone(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay"}`).is(http.StatusCreated))
	if opened.Round.Size != 9 || opened.Round.Floor != 7 {
		t.Errorf("size %d, floor %d", opened.Round.Size, opened.Round.Floor)
	}
}

func TestSourcesAreListedWithTheirTrouble(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/api/v1/sources").is(http.StatusOK, `"sources":[]`)
	if err := s.db.Beat(t.Context(), "github", noon); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Trouble(t.Context(), "github", "the token lacks a scope"); err != nil {
		t.Fatal(err)
	}
	s.get("/api/v1/sources").is(http.StatusOK, `"watermark":"2026-03-03T12:00:00Z"`, "lacks a scope")
}

func TestARoundOfATeamThatOwnsNothingIsOpenedWithAWarning(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post(roundsPath, `{"team":"nosuch","size":6}`).is(http.StatusCreated, `"warning":"team nosuch owns no service`, "teams with services are: pay")
	s.post(roundsPath, `{"team":"nosuch","size":6,"draft":true}`).is(http.StatusCreated, `"warning":"team nosuch owns no service`)
	if body := s.post(roundsPath, `{"team":"pay","size":6}`).is(http.StatusCreated).body; strings.Contains(body, "warning") {
		t.Error(body)
	}
}
