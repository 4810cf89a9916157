package reports

import (
	"strings"
	"testing"

	"shiphabit/assessments"
)

func TestASplitQuestionIsNeverSetAgainstItsRecords(t *testing.T) {
	t.Parallel()
	st := stages(t)["one"]
	r := round()
	r.State, r.Consensus, r.Size, r.Respondents, r.ClosedAt = assessments.Closed, false, 6, 6, now
	answers := assessments.Counts{"q1": {"l1": 3, "l5": 3}, "q2": {"l4": 6}}
	result, err := assessments.ResultOf(r, answers, []assessments.Evidence{{ID: "E1", Level: 5, Grade: assessments.GradeA}})
	if err != nil {
		t.Fatal(err)
	}
	page := Result{Frame: st.frame("What the team says", "/assessments/r1", ""), Result: result, Round: r}
	html := rendered(t, site(t), page)
	if !strings.Contains(html, "<strong>You see this differently.</strong></p>") || strings.Contains(html, "levels apart") {
		t.Error("the result compares what is split")
	}
	if got := beside(page.Rows()[0]); got != assessments.SeenDifferently {
		t.Errorf("the team's page says %q", got)
	}
}

func TestAComparisonIsOneSentence(t *testing.T) {
	t.Parallel()
	st := stages(t)["one"]
	page := st.result()
	gap := 0.2
	page.Result.Comparisons = []assessments.Comparison{{Question: "q1", Compared: true, Words: assessments.ThisIsAHabit, Distance: assessments.Agree, Gap: &gap}}
	if html := rendered(t, site(t), page); !strings.Contains(html, "<strong>This is a habit:</strong> these agree, 0.2 levels apart.") {
		t.Error("a comparison goes on in small letters after a full stop")
	}
}

func TestWhatIsNotMeasuredIsSaidOnceAndOtherReasonsBeginWithACapital(t *testing.T) {
	t.Parallel()
	r := round()
	r.State, r.Consensus, r.Size, r.Respondents, r.ClosedAt = assessments.Closed, false, 6, 6, now
	for name, want := range map[string]struct {
		evidence assessments.Evidence
		html     string
	}{
		"not measured": {assessments.Evidence{ID: "E1", Grade: assessments.GradeNone, Says: "Not measured: incidents.", Missing: "incidents"}, "not compared.</strong></p>"},
		"thin":         {assessments.Evidence{ID: "E1", Grade: assessments.GradeC, Level: 3, Says: "Four."}, `not compared.</strong> <span class="because">The evidence is too thin (grade C).</span>`},
		"indirect": {
			assessments.Evidence{ID: "E1", Grade: assessments.GradeNone, Indirect: true, Says: "Not measured: merges.", Missing: "merges"},
			`<span class="because">The evidence is indirect: shown beside the answer, never compared.</span>`,
		},
	} {
		result, err := assessments.ResultOf(r, assessments.Counts{"q1": {"l4": 6}, "q2": {"l4": 6}}, []assessments.Evidence{want.evidence})
		if err != nil {
			t.Fatal(err)
		}
		html := rendered(t, site(t), Result{Frame: stages(t)["one"].frame("One", "/assessments/r1", ""), Result: result, Round: r})
		if !strings.Contains(html, want.html) || strings.Contains(html, "not measured:") || strings.Count(html, "Not measured: ") > 1 {
			t.Errorf("%s: not as it should be", name)
		}
	}
}

func TestAResultSaysWhoseItIsAndOfWhichDay(t *testing.T) {
	t.Parallel()
	page := stages(t)["one"].result()
	html := rendered(t, site(t), page)
	whose := "Team " + page.Round.Team + ", round closed on " + page.Round.ClosedAt.UTC().Format("2 Jan 2006")
	if !strings.Contains(html, "<title>"+whose+" · shiphabit</title>") || !strings.Contains(html, "<h1>"+whose+"</h1>") {
		t.Error("it is nobody's")
	}
	if got := ResultTitle(assessments.Round{Team: "pay", State: assessments.Open}); got != "Team pay, open round" {
		t.Errorf("%q", got)
	}
}
