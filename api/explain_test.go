package api_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"shiphabit/api"
	"shiphabit/metrics"
)

type explainPage struct {
	metrics.Explanation
	Next string
}

// records are the rows of a page in the order in which they stand, those counted first.
func (p explainPage) records() []string {
	var all []string
	for _, r := range p.Rows {
		all = append(all, r.Service+" "+r.Record)
	}
	for _, l := range p.LeftOut {
		all = append(all, l.Record)
	}
	return all
}

// withCancelled adds a deployment that is left out to the history of a service.
func withCancelled(service, fates string) string {
	return history(service, fates) + fmt.Sprintf(`{"type":"deployment","id":"%s-c","service":%q,"environment":"production","status":"cancelled","revision":"x","finished_at":"2026-03-02T10:00:00Z"}`+"\n", service, service)
}

func TestThePagesOfAnExplanationHoldEveryRowOnceWhateverTheirSize(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", withCancelled("payments", "....x...")+withCancelled("shop/web", "..x")+history("a:b", ".")).is(http.StatusOK)
	whole := into[explainPage](s.get("/api/v1/explain/change_fail_rate").is(http.StatusOK))
	if len(whole.Rows) != 12 || len(whole.LeftOut) != 2 || whole.Next != "" || whole.Scorecard.FailRate.Of != 12 {
		t.Fatalf("%d rows, %d left out, next %q, %+v", len(whole.Rows), len(whole.LeftOut), whole.Next, whole.Scorecard.FailRate)
	}
	want := slices.Sorted(slices.Values(whole.records()))
	for _, limit := range []int{1, 2, 3, 8, 9, 13, 14} {
		checkPages(s, limit, "dora", want)
	}
	other := into[explainPage](s.get("/api/v1/explain/deployment_frequency?limit=2").is(http.StatusOK)).Next
	s.get("/api/v1/explain/change_fail_rate?limit=2&cursor="+url.QueryEscape(other)).is(http.StatusBadRequest, "belongs to another question")
	whole = into[explainPage](s.get("/api/v1/explain/change_fail_rate?definition=devlake").is(http.StatusOK))
	checkPages(s, 5, "devlake", slices.Sorted(slices.Values(whole.records())))
}

// checkPages follows the cursor from page to page.
func checkPages(t site, limit int, definition string, want []string) {
	t.Helper()
	var got []string
	cursor, pages := "", 0
	for {
		page := into[explainPage](t.get(fmt.Sprintf("/api/v1/explain/change_fail_rate?definition=%s&limit=%d&cursor=%s", definition, limit, url.QueryEscape(cursor))).is(http.StatusOK))
		if n := len(page.records()); n > limit || n == 0 && page.Next != "" {
			t.Fatalf("limit %d: a page of %d rows", limit, n)
		}
		got = append(got, page.records()...)
		if cursor = page.Next; cursor == "" || pages > 20 {
			break
		}
		pages++
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("limit %d: got %v, want %v", limit, got, want)
	}
}

func TestAnExplanationIsStreamedAsLinesAndAsATable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", withCancelled("payments", "....x...")+withCancelled("web", "..x")).is(http.StatusOK)
	lines := strings.Split(strings.TrimSpace(s.get("/api/v1/explain/change_fail_rate?format=jsonl").is(http.StatusOK).body), "\n")
	var head struct {
		Explanation struct {
			Figure    string
			Scorecard metrics.Scorecard
		}
	}
	if err := json.Unmarshal([]byte(lines[0]), &head); err != nil || head.Explanation.Figure != metrics.FigureFailRate || head.Explanation.Scorecard.FailRate.Count != 2 {
		t.Errorf("the first line is %s (%v)", lines[0], err)
	}
	if len(lines) != 1+11+2 || !strings.Contains(lines[1], `{"row":{"service":"payments"`) || !strings.Contains(lines[9], `{"left_out":{"record":"import/deployment/payments-c"`) {
		t.Errorf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	table, err := csv.NewReader(strings.NewReader(s.get("/api/v1/explain/change_fail_rate?format=csv").is(http.StatusOK).body)).ReadAll()
	if err != nil || len(table) != 1+11+2 || table[0][0] != "counted" || table[9][0] != "false" || table[9][6] != "cancelled" {
		t.Errorf("%d rows (%v): %v", len(table), err, table)
	}
}

func TestNoCellOfAnExplanationIsAFormula(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	name := `=HYPERLINK("//x")`
	s.post("/api/v1/events", fmt.Sprintf(`{"type":"deployment","id":"1","service":%q,"environment":"production","status":"succeeded","revision":"r1","finished_at":"2026-03-01T10:00:00Z"}`, name)).is(http.StatusOK)
	table, err := csv.NewReader(strings.NewReader(s.get("/api/v1/explain/deployment_frequency?format=csv").is(http.StatusOK).body)).ReadAll()
	if err != nil || len(table) != 2 || table[1][1] != "'"+name {
		t.Errorf("the service stands as %v (%v)", table, err)
	}
	x := metrics.Explanation{
		Rows:    []metrics.Row{{Service: "=1", Record: "+1", Says: "-1", Why: "@1", Value: -1}},
		LeftOut: []metrics.LeftOut{{Record: "=2", Reason: "\tcancelled"}},
	}
	var out strings.Builder
	if err := api.WriteExplanationRows(csv.NewWriter(&out), func(yield func(metrics.Explanation) error) error { return yield(x) }); err != nil {
		t.Fatal(err)
	}
	for _, cells := range []string{"true,'=1,'+1,", ",-1,'-1,'@1,", "false,,'=2,", ",'\tcancelled,"} {
		if !strings.Contains(out.String(), cells) {
			t.Errorf("the rows lack %q:\n%s", cells, out.String())
		}
	}
}

func TestEveryFigureCanBeOpened(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", "....x...")).is(http.StatusOK)
	for _, figure := range metrics.AllFigures() {
		s.get("/api/v1/explain/"+figure).is(http.StatusOK, `"formula":"`)
	}
	s.get("/api/v1/explain/velocity").is(http.StatusNotFound, "is not known: use one of")
}

func TestAQuestionIsNarrowedToEnvironmentRepositoryBranchAndLabel(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	line := func(id, environment, more string) string {
		return fmt.Sprintf(`{"type":"deployment","id":%q,"service":"shop","environment":%q,"status":"succeeded","finished_at":"2026-03-0%sT10:00:00Z"%s}`+"\n", id, environment, id, more)
	}
	s.post("/api/v1/events", line("1", "prod-eu", `,"revision":"a","ref":"main","labels":{"risk":"low"}`)+line("2", "prod-us", `,"revision":"b","ref":"main"`)+
		line("3", "prod-eu", `,"revision":"c","ref":"v2","labels":{"risk":"high"}`)).is(http.StatusOK)
	for query, rollouts := range map[string]int{
		"": 3, "env=prod-eu": 2, "env=prod-us": 1, "branch=main": 2, "branch=main,v2": 3, "label=risk%3Dhigh": 1, "env=prod-eu&branch=main": 1, "repository=org/x": 0,
	} {
		got := into[metricsAnswer](s.get("/api/v1/metrics?to=2026-03-04&" + query).is(http.StatusOK))
		if n := got.Scorecards[0].Card.Frequency.Rollouts; n != rollouts {
			t.Errorf("%q: %d rollouts, want %d", query, n, rollouts)
		}
		if rows := into[explainPage](s.get("/api/v1/explain/deployment_frequency?to=2026-03-04&" + query).is(http.StatusOK)).Rows; len(rows) != rollouts {
			t.Errorf("%q: %d rows, want %d", query, len(rows), rollouts)
		}
	}
}
