package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/assessments"
	"shiphabit/internal/demo"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// shown is a demonstration that is being served, with the organisation that it was made from.
type shown struct {
	url  string
	made *demo.Organisation
}

// page is the body of an answer, which must be 200.
func (s shown) page(t *testing.T, path string) string {
	t.Helper()
	response, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%s", path, response.Status, err, body)
	}
	if mark := response.Header.Get(generatedHeader); mark != s.made.Says() {
		t.Errorf("%s is marked %q", path, mark)
	}
	return string(body)
}

func (s shown) json(t *testing.T, path string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.page(t, path)), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// One demonstration is made for all: that takes longest.
func TestTheDemonstrationTellsItsStories(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("under the race detector a part of the demonstration is made, by a test of its own; make browser makes it whole")
	}
	p := newProcess(t)
	db := filepath.Join(p.home, "demo.db")
	url, said := p.serve("demo", "--db", db, "--seed", "5")
	s := shown{url, demo.Generate(5, time.Now())}
	if !strings.HasPrefix(said.String(), "Making an organisation up") || !strings.Contains(said.String(), "Made up") || !strings.Contains(said.String(), s.made.Says()) {
		t.Errorf("it says:\n%s", said)
	}
	s.pages(t)
	s.figures(t)
	s.stopped(t)
	s.proposed(t)
	s.words(t)
	s.leadership(t)
	s.actions(t)
	s.again(t, p, db)
}

// Every page is there, marked, and shows the story that it was made for.
func (s shown) pages(t *testing.T) {
	paths := []string{"/", "/services", "/gate", "/gate/decisions", "/about", "/explain/change_fail_rate", "/explain/change_lead_time?service=checkout"}
	for _, story := range s.made.Stories() {
		body := s.page(t, story.Page)
		for _, words := range story.Says {
			if !strings.Contains(body, words) {
				t.Errorf("%s: %s lacks %q", story.ID, story.Page, words)
			}
		}
		paths = append(paths, story.Page)
	}
	for _, path := range paths {
		if !strings.Contains(s.page(t, path), ">"+s.made.Says()+"<") {
			t.Errorf("%s does not say that its data are generated", path)
		}
	}
}

// Every figure has a value for the organisation.
func (s shown) figures(t *testing.T) {
	var answer struct {
		Scorecards []struct {
			Figures metrics.Scorecard `json:"figures"`
		} `json:"scorecards"`
	}
	s.json(t, "/api/v1/metrics", &answer)
	c := answer.Scorecards[0].Figures
	for name, value := range map[string]*float64{
		"frequency": c.Frequency.PerDay, "lead time": c.LeadTime.Median, "fail rate": c.FailRate.Value, "rework rate": c.Rework.Value, "recovery": c.Recovery.Median,
	} {
		if value == nil {
			t.Errorf("%s has no value", name)
		}
	}
}

// decisions are those about a service, oldest first.
func (s shown) decisions(t *testing.T, service string) []gate.Logged {
	t.Helper()
	var all []gate.Logged
	for cursor := ""; ; {
		var page struct {
			Decisions []gate.Logged `json:"decisions"`
			Next      string        `json:"next"`
		}
		s.json(t, "/api/v1/gate/decisions?limit=200&service="+service+"&cursor="+cursor, &page)
		all = append(all, page.Decisions...)
		if cursor = page.Next; cursor == "" {
			slices.Reverse(all)
			return all
		}
	}
}

// The meter stopped payments-api in March and not in the months before, one override and a fix went by, and it is open now.
func (s shown) stopped(t *testing.T) {
	byMonth, probes, overridden, fixes, last := map[string]int{}, 0, 0, 0, gate.Logged{}
	for _, d := range s.decisions(t, "payments-api") {
		if d.Verdict == gate.Block && strings.Contains(d.Summary, "the meter") {
			byMonth[d.At.Format("2006-01")]++
			last = d
		}
		if d.Probe {
			probes++
		}
		if d.Kind == gate.KindFix {
			fixes++
		}
		if d.Override != "" {
			overridden++
		}
	}
	march := s.made.March.Format("2006-01")
	if byMonth[march] < 5 || len(byMonth) != 1 {
		t.Errorf("the meter stopped it in %v, not in %s alone", byMonth, march)
	}
	if probes < 3 || overridden != 1 || fixes != 1 {
		t.Errorf("%d probes, %d overrides, %d fixes", probes, overridden, fixes)
	}
	var again struct {
		Same bool `json:"same"`
	}
	if s.json(t, "/api/v1/gate/decisions/"+last.ID+"/replay", &again); !again.Same {
		t.Errorf("decision %s comes out differently when it is made again", last.ID)
	}
	if word := strings.TrimSpace(s.page(t, "/api/v1/gate/verdict?service=payments-api")); word != "allow" && word != "warn" {
		t.Errorf("now it says %q", word)
	}
}

// Of its criteria that only warn one was observed often enough for the next step, and the record is too short to show its promise; the other one
// never had a case. Of a service nobody asks about there is no proposal yet.
func (s shown) proposed(t *testing.T) {
	var of struct {
		Proposals []gate.Graduation `json:"proposals"`
		Amendment *gate.Amendment   `json:"amendment"`
	}
	s.json(t, "/api/v1/gate/proposals?service=payments-api", &of)
	names := []string{}
	for _, g := range of.Proposals {
		if g.NoCase {
			if g.Ready || g.Criterion != "open-incidents" {
				t.Errorf("%+v", g)
			}
			continue
		}
		names = append(names, g.Criterion)
		if !g.Ready || g.Next != gate.Enforce || g.Decisions < 100 {
			t.Errorf("%+v", g)
		}
		if g.Promise != nil && g.Promise.Agreement != gate.PromiseNotContradicted {
			t.Errorf("%+v", g.Promise)
		}
	}
	if !slices.Equal(names, []string{"restored-in-time"}) || len(of.Proposals) != 2 || of.Amendment == nil || of.Amendment.Policy != "payments-api" {
		t.Errorf("proposed are %v, %+v", names, of.Amendment)
	}
	if page := s.page(t, "/services/cart/gate"); !strings.Contains(page, "None is proposed yet.") || !strings.Contains(page, "0 of 30 decisions observed") {
		t.Error("of a service nobody asks about the page does not say that nothing is proposed yet")
	}
}

// What the teams say beside what their records show.
func (s shown) words(t *testing.T) {
	latest := map[string]assessments.Result{}
	for _, r := range s.made.Rounds {
		var result assessments.Result
		s.json(t, "/api/v1/assessments/"+r.ID+"/result", &result)
		latest[r.Team] = result
	}
	for team, want := range map[string]string{
		"checkout": assessments.ThisIsAHabit, "storefront": assessments.DifferentPicture,
		"search": assessments.BetterThanItFeels, "identity": assessments.SeenDifferently,
	} {
		for _, c := range latest[team].Comparisons {
			if c.Question == "q1" && (c.Words != want || !c.Compared) {
				t.Errorf("%s: %q (compared %t: %s), not %q", team, c.Words, c.Compared, c.Why, want)
			}
		}
		if !latest[team].Shown {
			t.Errorf("%s shows nothing: %s", team, latest[team].Hidden)
		}
	}
	if small := latest["platform"]; !small.Consensus || !slices.Contains(small.Marks, "consensus") {
		t.Errorf("platform answers as one, and its result is marked %q", small.Marks)
	}
}

// A second start serves the same and makes nothing up.
func (s shown) again(t *testing.T, p process, db string) {
	before, err := os.Stat(db)
	if err != nil {
		t.Fatal(err)
	}
	url, said := p.serve("demo", "--db", db)
	if strings.Contains(said.String(), "Made up") || !strings.Contains(said.String(), "seed 5") {
		t.Errorf("the second start says:\n%s", said)
	}
	second := shown{url, s.made}
	if one, two := len(s.decisions(t, "payments-api")), len(second.decisions(t, "payments-api")); one != two || one == 0 {
		t.Errorf("%d decisions at first, %d then (database of %d bytes)", one, two, before.Size())
	}
	if _, errs, code := p.run("demo", "--db", db, "--seed", "6", "--write", p.home); code != exitUsage || !strings.Contains(errs, "seed 5, not of 6") {
		t.Errorf("another seed: exit code %d\n%s", code, errs)
	}
	p.must("demo", "--db", db, "--write", filepath.Join(p.home, "out"))
	p.must("config", "check", filepath.Join(p.home, "out", "shiphabit.yaml"))
	report := filepath.Join(p.home, "report.md")
	p.must("report", "--audience", "leadership", "--db", db, "--config", filepath.Join(p.home, "out", "shiphabit.yaml"), "-o", report)
	if written, err := os.ReadFile(report); err != nil || !strings.Contains(string(written), s.made.Says()) {
		t.Errorf("a report of it does not say that it is generated (%v):\n%s", err, written)
	}
	p.must("demo", "--db", db, "--write", filepath.Join(p.home, "out")) // though another configuration was named since
	text, err := os.ReadFile(filepath.Join(p.home, "out", "events.jsonl"))
	if lines := regexp.MustCompile(`(?m)^\{.*\}$`).FindAll(text, -1); err != nil || len(lines) < len(s.made.Events) {
		t.Errorf("%d lines written of %d events and more: %v", len(lines), len(s.made.Events), err)
	}
}

func TestTheDemonstrationTouchesNoDatabaseOfOthers(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	events, db := filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "mine.db")
	line := `{"type":"deployment","id":"1","service":"mine","environment":"production","status":"succeeded","revision":"a1","finished_at":"2026-03-02T10:00:00Z"}`
	if err := os.WriteFile(events, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.must("import", events, "--db", db)
	if _, errs, code := p.run("demo", "--db", db); code != exitUsage || !strings.Contains(errs, "holds other records") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	if out := p.must("export", "--db", db); !strings.Contains(out, `"mine"`) || strings.Contains(out, "demo-") {
		t.Errorf("afterwards it holds:\n%s", out)
	}
}
