package api_test

import (
	"net/url"
	"testing"

	"shiphabit/internal/store"
	"shiphabit/metrics/doctor"
)

func TestTheDoctorAnswersProgramsAndPeople(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("web/shop", "......")).is(200)
	if err := s.db.ApplyPage(t.Context(), "lab/1", "", "1", nil, []store.SetAside{{Record: "<b>7</b>", Reason: "no date"}}); err != nil {
		t.Fatal(err)
	}
	report := into[doctor.Report](s.get("/api/v1/doctor").is(200, `"version":1`, `"no-incidents"`, `"source-set-aside"`))
	if report.Services == 0 || len(report.Sources) == 0 {
		t.Errorf("%+v", report)
	}
	of := into[doctor.Report](s.get("/api/v1/doctor?service=web%2Fshop&limit=1").is(200))
	for _, g := range of.Groups {
		if len(g.Findings) != 1 || g.Findings[0].Service != "web/shop" {
			t.Errorf("%+v", g)
		}
	}
	s.get("/api/v1/doctor?service=nobody").is(404)
	s.get("/api/v1/doctor?source=nobody").is(404, "/api/v1/sources")
	s.get("/api/v1/doctor?from=never").is(400)
	s.get("/doctor").is(200, "No incident is known", "What to do")
	s.get("/doctor?figure=change_lead_time&service="+url.QueryEscape("web/shop")).is(200, "Change lead time", "What was found for web/shop")
	s.get("/doctor?service=nobody").is(404, "No service is called")
	s.get("/sources").is(200, "lab/1", "Set aside")
	s.get("/sources/lab%2F1").is(200, "no date", "&lt;b&gt;7&lt;/b&gt;", "Records set aside: 1")
	s.get("/sources/nobody").is(404, "No source is called")
}

func TestAnEmptyServerSaysHowToBegin(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.get("/sources").is(200, "Connect the first source", "type: git")
	s.get("/api/v1/doctor").is(200)
}
