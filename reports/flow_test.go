package reports

import (
	"strings"
	"testing"

	"shiphabit/metrics"
)

// stagesOf makes stages of n spans each: median, then the third quartile, in hours.
func stagesOf(n int, hours map[string][2]float64) metrics.Scorecard {
	var card metrics.Scorecard
	for _, name := range metrics.DORA().StageNames() {
		if at, known := hours[name]; known {
			s := metrics.Stage{Name: name, Duration: metrics.Duration{State: metrics.OK, N: n, Median: new(at[0] * hour), P75: new(at[1] * hour), P90: new(at[1] * 2 * hour)}}
			if n < metrics.DORA().Floor {
				s.Duration = metrics.Duration{State: metrics.NotEnoughData, N: n}
			}
			card.Stages = append(card.Stages, s)
		}
	}
	return card
}

func flowOf(card metrics.Scorecard) Flow {
	return FlowOf(card, metrics.DORA().StageNames(), func(figure, stage string) string { return "/" + figure + "/" + stage }, func(figure string) string { return "/missing/" + figure })
}

var clearly = map[string][2]float64{"coding": {2, 3}, "pickup": {26, 60}, "review": {4, 9}, "wait": {8, 12}, "deploy": {0.1, 0.2}}

func TestTheWayToProductionClaimsAFindingOnlyWhereItIsClear(t *testing.T) {
	t.Parallel()
	plain := "From the first commit to production, stage by stage"
	overlapping := map[string][2]float64{"coding": {2, 3}, "pickup": {26, 60}, "review": {4, 30}, "wait": {8, 12}, "deploy": {0.1, 0.2}}
	even := map[string][2]float64{"coding": {9, 11}, "pickup": {12, 30}, "review": {9, 11}, "wait": {9, 11}, "deploy": {9, 11}}
	partly := map[string][2]float64{"pickup": {26, 60}, "review": {4, 9}}
	for name, c := range map[string]struct {
		card metrics.Scorecard
		want string
	}{
		"more than half and above three quarters of every other": {stagesOf(20, clearly), "Most of the way to production is waiting for review: 1.1 d of 1.7 d"},
		"longest, less than half":                                {stagesOf(20, even), "The longest stage on the way to production is waiting for review: 12 h of 48 h"},
		"one other stage often takes as long":                    {stagesOf(20, overlapping), plain},
		"too few for a claim":                                    {stagesOf(19, clearly), plain},
		"stages that are not known":                              {stagesOf(50, partly), plain},
		"nothing known":                                          {metrics.Scorecard{}, "The way from commit to production is not recorded"},
	} {
		if got := flowOf(c.card).Title; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAStageWithoutAMedianSaysWhatWouldSupplyItAndTakesNoPartOfTheTime(t *testing.T) {
	t.Parallel()
	card := stagesOf(30, map[string][2]float64{"coding": {2, 3}, "deploy": {1, 1}})
	card.Stages = append(card.Stages, metrics.Stage{Name: "wait", Duration: metrics.Duration{State: metrics.NotEnoughData, N: 3}})
	f := flowOf(card)
	words := map[int][2]string{0: {"work", ""}, 1: {"not recorded", "reviews"}, 2: {"not recorded", "reviews"}, 3: {"too few to say", ""}, 4: {"work", ""}}
	for i, step := range f.Steps {
		if step.Word() != words[i][0] || !strings.Contains(step.Why, words[i][1]) {
			t.Errorf("%s: %q, %q", step.Title, step.Word(), step.Why)
		}
		if step.Kind == "unknown" && step.Median != "" {
			t.Errorf("%s has the median %q", step.Title, step.Median)
		}
	}
	if last := f.Steps[4]; last.X != "73.67%" || last.Width != "26.33%" { // three unknown stages of 7% each; one hour of three
		t.Errorf("the last stage stands at %s and is %s wide", last.X, last.Width)
	}
	if empty := flowOf(metrics.Scorecard{}); empty.Empty == "" || empty.Steps != nil {
		t.Errorf("nothing known draws %+v", empty)
	}
}

func TestWaitsForApprovalLieWithinTheWaitAndHandoffsAreCounted(t *testing.T) {
	t.Parallel()
	card := stagesOf(30, clearly)
	card.Waiting.Outside = metrics.Duration{State: metrics.OK, N: 12, Median: new(100 * hour), P90: new(200 * hour)}
	card.Waiting.Decisions = metrics.Decisions{Outside: 12, Inside: 1}
	card.Waiting.Handoffs = metrics.HandoffCount{State: metrics.OK, N: 40, People: new(1.5), Between: new(0.25)}
	f := flowOf(card)
	if len(f.Steps) != 6 || !f.Steps[4].Within || f.Steps[4].X != f.Steps[3].X || f.Steps[4].Href != "/approval_wait/" {
		t.Fatalf("%+v", f.Steps)
	}
	// The wait for approval is longer than everything together, so it sets the scale: it ends where the picture ends.
	if f.Steps[4].X != "24.24%" || f.Steps[4].Width != "75.76%" {
		t.Errorf("the approval stands at %s and is %s wide", f.Steps[4].X, f.Steps[4].Width)
	}
	if f.Steps[2].Hand != "to a reviewer: 30 pull requests" || f.Steps[5].Hand != "to an approver: 13 decisions, 12 outside the team" {
		t.Errorf("handoffs %q and %q", f.Steps[2].Hand, f.Steps[5].Hand)
	}
	if f.Hands.Says != "1.5 handoffs a change, the median of 40 changes; 25% of them went from one team to another" {
		t.Error(f.Hands.Says)
	}
}
