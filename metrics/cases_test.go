package metrics

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// recordedCase is what another tool's test states: an input, and what that tool makes of it under a convention said in words.
type recordedCase struct {
	ID, Metric, Convention string
	Input, Expect, Also    json.RawMessage
}

// caseRunner runs a case through the product's own code, or says in words why it is left out. The answer ranByOther says that it ran
// by the other convention that the case states, because the first is not offered.
type caseRunner func(t *testing.T, c recordedCase) (left string)

const (
	leftFuture    = "counts releases dated after the moment of asking; what has not happened is not counted here"
	leftReleases  = "restores by the releases around a bug; here a recovery ends with a fix, a rollback or the incident"
	leftTitles    = "keeps requests by words of their title; a slice is of services, not of titles"
	leftListOrder = "takes the next release of an unsorted list; here the next one is that in time"
	leftByMerge   = "counts a request in the window of its merge; here it counts in that of its deployment"
	ranByOther    = "scores closed intervals between deployments only, and never the newest; run by the other convention that the case states"
	runElsewhere  = "run by the collector of the host"
	leftDrafts    = "begins when a draft is marked ready, which no neutral event states"
)

// caseRunners are those of each file and metric.
func caseRunners() map[string]caseRunner {
	all := map[string]caseRunner{
		"timestamps/timestamp_parsing":       caseTimestamp,
		"unn/moving_average":                 caseMovingAverage,
		"unn/deployments_moving_average":     caseDeploymentsMovingAverage,
		"unn/restore_moving_average":         caseRestoreMovingAverage,
		"unn/alerts_to_incidents":            caseAlerts,
		"unn/first_commit_of_deployment":     caseRanges,
		"gitlab/tier":                        caseGitlabTier,
		"gitlab/deployment_frequency":        caseGitlabFrequency,
		"gitlab/time_to_restore_service":     caseGitlabSpans,
		"gitlab/lead_time_for_changes":       caseGitlabSpans,
		"gitlab/change_failure_rate":         caseGitlabFailRate,
		"fourkeys/deployment_frequency_tier": caseFourKeysTier,
		"fourkeys/lead_time_median_minutes":  caseFourKeysLead,
		"fourkeys/change_failure_rate":       caseFourKeysFailRate,
		"pelorus/all_four":                   casePelorus,
	}
	for _, more := range []map[string]caseRunner{middlewareRunners(), listRunners()} {
		for key, run := range more {
			all[key] = run
		}
	}
	return all
}

// collectorFiles hold what hosts send: the collectors run them, each its own host's.
func collectorFiles() []string {
	return []string{"fourkeys_parsers", "fourkeys_webhook", "gomod_webhook_facts", "octokit_webhook_facts", "pelorus_github_issues", "pelorus_webhook", "watchops_signatures", "collect_"}
}

// casesFolder is where the recorded cases of other tools lie, where they are at hand.
func casesFolder() string {
	return cmp.Or(os.Getenv("SHIPHABIT_CASES"), filepath.Join("..", "..", "shared", "cases"))
}

// TestRecordedCases runs every recorded case and sums up. Without the folder it says so and passes.
func TestRecordedCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(casesFolder(), "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Logf("recorded cases: none at hand in %s", casesFolder())
		return
	}
	var sum caseSummary
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var content struct{ Cases []recordedCase }
		if err := json.Unmarshal(text, &content); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range content.Cases {
			sum.run(t, strings.TrimSuffix(filepath.Base(file), ".json"), c)
		}
	}
	sum.log(t)
}

type caseSummary struct {
	ran, passed, other int
	left               map[string]int
}

func (s *caseSummary) run(t *testing.T, file string, c recordedCase) {
	if slices.ContainsFunc(collectorFiles(), func(prefix string) bool { return strings.HasPrefix(file, prefix) }) {
		return
	}
	peer, _, _ := strings.Cut(file, "_")
	run := caseRunners()[peer+"/"+c.Metric]
	passed := t.Run(c.ID, func(t *testing.T) { //nolint:paralleltest // in order, so that the summary comes last
		if run == nil {
			t.Fatalf("nothing runs %s of %s", c.Metric, peer)
		}
		switch left := run(t, c); left {
		case "":
		case runElsewhere:
			s.ran--
			s.passed--
		case ranByOther:
			s.other++
		default:
			count(&s.left, left)
			s.ran--
			s.passed--
		}
	})
	s.ran++
	if passed {
		s.passed++
	}
}

func (s *caseSummary) log(t *testing.T) {
	left := 0
	for _, n := range s.left {
		left += n
	}
	t.Logf("recorded cases: %d run, %d passed, %d left out", s.ran, s.passed, left)
	if s.other > 0 {
		t.Logf("recorded cases: %d of those run: %s", s.other, ranByOther)
	}
	for _, reason := range sortedKeys(s.left) {
		t.Logf("recorded cases: %d left out: %s", s.left[reason], reason)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// read decodes a part of a case.
func read[T any](t *testing.T, text json.RawMessage) T {
	t.Helper()
	var v T
	if len(text) == 0 {
		return v
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// convention is a definition built for a case: no floor, and what the case's words say.
func convention(change func(*Definition)) Definition {
	d := preset("case")
	if change != nil {
		change(&d)
	}
	return d
}

// asked is a query over everything up to an instant, unless the case has a window.
func asked(d Definition, w Window, asOf time.Time) Query {
	return Query{Slice: "case", Window: w, AsOf: asOf, Definition: d}
}

// closed is the half-open window that holds what a window with its end does.
func closed(from, to time.Time) Window { return Window{From: from, To: to.Add(time.Millisecond)} }

func ever() Window {
	return Window{From: time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC), To: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// agrees compares a figure with what the peer states, where 0 or null of nothing is no data here.
func agrees(t *testing.T, what string, state State, got, want *float64) {
	t.Helper()
	if state == NoData {
		if want != nil && *want != 0 {
			t.Errorf("%s: no data, want %v", what, *want)
		}
		return
	}
	if (got == nil) != (want == nil) {
		t.Errorf("%s is %v, want %v", what, got, want)
		return
	}
	if want != nil && math.Abs(*got-*want) > 1e-6*max(1, math.Abs(*want)) {
		t.Errorf("%s is %v, want %v", what, *got, *want)
	}
}

func scaled(v *float64, by float64) *float64 {
	if v == nil {
		return nil
	}
	return new(*v * by)
}

// to rounds as a peer prints.
func toDigits(v *float64, digits int) *float64 {
	if v == nil {
		return nil
	}
	p := math.Pow10(digits)
	return new(math.Round(*v*p) / p)
}

// deployed is a success of a service; each has a revision of its own.
func deployed(service, id string, at time.Time) Deployment {
	return Deployment{ID: service + "#" + id, Service: service, Repository: service, Environment: "production", Revision: "rev " + service + id,
		Status: Succeeded, FinishedAt: at}
}

func caseTimestamp(t *testing.T, c recordedCase) string {
	in := read[struct{ Text string }](t, c.Input)
	want := read[struct {
		Unix *int64
		UTC  *time.Time
	}](t, c.Expect)
	line := fmt.Sprintf(`{"type":"deployment","id":"1","service":"svc","updated_at":"2026-01-01T00:00:00Z","finished_at":%q}`, in.Text)
	var got time.Time
	faults, err := DecodeLines(strings.NewReader(line), "ci", func(e Event) error {
		d, err := e.Deployment()
		got = d.FinishedAt
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(faults) > 0 && faults[0].Field == "finished_at" {
		return runElsewhere // a host's own form of time; neutral events have RFC 3339 only
	}
	if want.Unix != nil && got.Unix() != *want.Unix || want.UTC != nil && !got.Equal(*want.UTC) {
		t.Errorf("%s is read as %s", in.Text, got)
	}
	return ""
}

func caseMovingAverage(t *testing.T, c recordedCase) string {
	in := read[struct {
		Values []float64
		Window int
	}](t, c.Input)
	want := read[struct{ Values []float64 }](t, c.Expect)
	got := TrailingMean(in.Values, in.Window)
	for i, v := range got {
		got[i] = *toDigits(&v, 2)
	}
	if !slices.Equal(got, want.Values) {
		t.Errorf("the trailing means are %v, want %v", got, want.Values)
	}
	return ""
}

// dailyCase is a series that a peer states day by day.
type dailyCase struct {
	First       string `json:"first_day"`
	Deployments []int  `json:"deployments_per_day"`
	Incidents   []int  `json:"incidents_per_day"`
	Seconds     []int  `json:"seconds_per_day"`
	Window      int
	From, To    string
}

func (d dailyCase) start(t *testing.T) time.Time { return dateOf(t, d.First) }

func dateOf(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// days are the scorecards of each day from the first on.
func (d dailyCase) days(t *testing.T, s *tale, definition Definition, n int) []Point {
	t.Helper()
	w := Window{From: d.start(t), To: d.start(t).AddDate(0, 0, n)}
	points, err := Series(DeriveAll(s.events, s.rules), asked(definition, w, w.To), "day")
	if err != nil {
		t.Fatal(err)
	}
	return points
}

// shown cuts a series that begins so many days after the first down to the days that the case shows.
func (d dailyCase) shown(t *testing.T, values []float64, begins int) []float64 {
	t.Helper()
	from := int(dateOf(t, d.From).Sub(d.start(t)).Hours()/24) - begins
	to := int(dateOf(t, d.To).Sub(d.start(t)).Hours()/24) - begins
	return values[from : to+1]
}

func caseDeploymentsMovingAverage(t *testing.T, c recordedCase) string {
	in := read[dailyCase](t, c.Input)
	want := read[struct {
		Average []float64 `json:"moving_average"`
		Daily   []float64
	}](t, c.Expect)
	s := newTale()
	for i, n := range in.Deployments {
		for j := range n {
			s.add(deployed("svc", fmt.Sprint(i, "-", j), in.start(t).AddDate(0, 0, i).Add(time.Duration(9+j)*time.Hour)))
		}
	}
	var daily []float64
	for _, p := range in.days(t, s, convention(nil), len(in.Deployments)) {
		daily = append(daily, float64(p.Scorecard.Frequency.Rollouts))
	}
	if got := in.shown(t, daily, 0); want.Daily != nil && !slices.Equal(got, want.Daily) {
		t.Errorf("by day %v, want %v", got, want.Daily)
	}
	if got := in.shown(t, TrailingMean(daily, in.Window), in.Window-1); !slices.Equal(got, want.Average) {
		t.Errorf("the trailing means are %v, want %v", got, want.Average)
	}
	return ""
}

func caseRestoreMovingAverage(t *testing.T, c recordedCase) string {
	in := read[dailyCase](t, c.Input)
	want := read[struct {
		Average []float64 `json:"moving_average"`
	}](t, c.Expect)
	s := newTale()
	for i, n := range in.Incidents {
		for j := range n {
			at := in.start(t).AddDate(0, 0, i).Add(time.Duration(j) * time.Hour)
			took := time.Duration(in.Seconds[i]) * time.Second / time.Duration(n)
			s.add(Incident{ID: fmt.Sprint(i, "-", j), Service: "svc", StartedAt: at, ResolvedAt: at.Add(took)})
		}
	}
	d := convention(func(d *Definition) { d.Recovery.Statistic = mean })
	var totals []float64
	for _, p := range in.days(t, s, d, len(in.Incidents)) {
		total := 0.0
		if v := p.Scorecard.Restore.Headline(); v != nil {
			total = *v * float64(p.Scorecard.Restore.N)
		}
		totals = append(totals, total)
	}
	if got := in.shown(t, TrailingMean(totals, in.Window), in.Window-1); !slices.Equal(got, want.Average) {
		t.Errorf("the trailing means are %v, want %v", got, want.Average)
	}
	return ""
}

func caseAlerts(t *testing.T, c recordedCase) string {
	in := read[struct {
		Unix []int64 `json:"alert_unix"`
		Gap  int64   `json:"gap_seconds"`
	}](t, c.Input)
	want := read[struct {
		Count  *int `json:"incident_count"`
		Second *struct{ Start, End int64 }
	}](t, c.Expect)
	var samples []time.Time
	for _, at := range in.Unix {
		samples = append(samples, time.Unix(at, 0).UTC())
	}
	got := Episodes(samples, time.Duration(in.Gap)*time.Second, 30*time.Second)
	if want.Count != nil && len(got) != *want.Count {
		t.Fatalf("%d episodes, want %d", len(got), *want.Count)
	}
	if want.Second != nil && (got[1].From.Unix() != want.Second.Start || got[1].To.Unix() != want.Second.End) {
		t.Errorf("the second is %v, want %v", got[1], *want.Second)
	}
	return ""
}

// The range of the first deployment begins at the first parent of its merge, which therefore is stated as its base.
func caseRanges(t *testing.T, c recordedCase) string {
	in := read[struct {
		Commits []struct {
			SHA     string
			At      time.Time
			Parents []string
		}
		Deployments []struct {
			SHA        string
			FinishedAt time.Time `json:"finished_at"`
		}
	}](t, c.Input)
	want := read[struct {
		First []string  `json:"first_commits"`
		Lead  []float64 `json:"lead_seconds"`
	}](t, c.Expect)
	s := newTale()
	parent := map[string]string{}
	for _, commit := range in.Commits {
		s.add(Commit{ID: commit.SHA, Repository: "svc", AuthoredAt: commit.At, Parents: commit.Parents})
		parent[commit.SHA] = commit.Parents[0]
	}
	for i, one := range in.Deployments {
		d := deployed("svc", one.SHA, one.FinishedAt)
		d.Revision = one.SHA
		if i == 0 {
			d.BaseRevision = parent[one.SHA]
		}
		s.add(d)
	}
	facts := DeriveAll(s.events, s.rules)
	var first []string
	for _, r := range facts[0].Rollouts {
		first = append(first, r.Changes[0].SHA)
	}
	d := convention(func(d *Definition) { d.LeadTime.Per = perDeployment })
	e, err := Explain(facts, FigureLeadTime, asked(d, ever(), ever().To))
	if err != nil {
		t.Fatal(err)
	}
	var lead []float64
	for _, row := range e.Rows {
		lead = append(lead, row.Value)
	}
	if !slices.Equal(first, want.First) || !slices.Equal(lead, want.Lead) {
		t.Errorf("the first commits are %v after %v, want %v after %v", first, lead, want.First, want.Lead)
	}
	return ""
}
