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
