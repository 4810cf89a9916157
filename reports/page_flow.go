package reports

import (
	"fmt"
	"strings"

	"shiphabit/metrics"
)

// Flow is the way of a change from its first commit to production as the server draws it: stages in their order, each as long as its
// median, waits told apart from work, with the hands that it passes through. It needs no JavaScript.
type Flow struct {
	Title, Note, Label string
	Steps              []FlowStep
	// Hands says through how many hands a change passes; empty where that is not known.
	Hands FlowLink
	Table Table
	// Empty says why there is nothing to draw.
	Empty string
}

// FlowLink is a sentence with a number that opens into its rows.
type FlowLink struct{ Says, Href string }

// FlowStep is one stage, or a wait that lies within the stage before it.
type FlowStep struct {
	Number int
	Title  string
	Says   string // from what to what
	Kind   string // "work", "wait", or "unknown" where it has no median
	Within bool   // a wait that is part of the stage above, drawn below it
	// X and Width are places in percent of the whole width; Middle is where its number stands, empty where there is no room.
	X, Width, Middle string
	Median, P90, N   string
	// Why stands in place of a median, Missing leads to what would supply it.
	Why, Missing string
	Href         string
	// Hand is the handoff with which the stage begins; empty where none is known.
	Hand string
}

// Word says what kind of stage it is, beside its pattern.
func (s FlowStep) Word() string {
	switch {
	case s.Kind == "unknown" && s.N == "":
		return "not recorded"
	case s.Kind == "unknown":
		return "too few to say"
	case s.Kind == "wait":
		return "waiting"
	default:
		return "work"
	}
}

// stageWords is how a stage is spoken of.
type stageWords struct {
	title, says, kind string
	// unit is what it is counted in, supply what would tell of it.
	unit   [2]string
	supply string
}

const (
	supplyRequests = "the pull requests of a code host (GitLab, GitHub, Gitea or Forgejo) would supply it"
	supplyReviews  = "the reviews of pull requests would supply it: a code host whose token may read them"
	supplyStarts   = "the starts of deployments would supply it, from the pipeline or the host that deploys"
)

var (
	requests    = [2]string{"pull request", "pull requests"}
	deployments = [2]string{"deployment", "deployments"}
)

var stagesInWords = map[string]stageWords{
	"coding":   {"Coding", "first commit to pull request", "work", requests, supplyRequests},
	"pickup":   {"Waiting for review", "pull request opened to first review", "wait", requests, supplyReviews},
	"review":   {"Review", "first review to merge", "work", requests, supplyReviews},
	"rework":   {"Review and rework", "first review to first approval", "work", requests, supplyReviews},
	"merge":    {"Waiting for merge", "first approval to merge", "wait", requests, supplyReviews},
	"wait":     {"Waiting for deployment", "merge to the start of the deployment, builds included", "wait", requests, supplyRequests + ", with the starts of deployments"},
	"delivery": {"Waiting for delivery", "merge to production", "wait", requests, supplyRequests},
	"deploy":   {"Deployment", "start of the deployment to its first success", "work", deployments, supplyStarts},
}

// The share of the width that a stage without a median takes, the least at which a number has room in its stage, and the least that can
// be seen.
const unknownShare, roomForNumber, leastWidth = 0.07, 0.055, 0.004

// FlowOf lays out the stages that a definition knows. Rows opens a figure into its rows, of one stage where one is named; missing says
// why a figure is empty.
func FlowOf(card metrics.Scorecard, stages []string, rows func(figure, stage string) string, missing func(figure string) string) Flow {
	f := Flow{Note: "Stages in their order, each as long as its own median; medians laid end to end need not add up to the median lead time."}
	known := map[string]metrics.Stage{}
	for _, s := range card.Stages {
		known[s.Name] = s
	}
	if len(known) == 0 {
		f.Title = "The way from commit to production is not recorded"
		f.Empty = "No stage of it is known in this window. For all but the last, " + supplyRequests + "; for the last one, " + supplyStarts + "."
		return f
	}
	ruler := scaleOf(card, stages, known)
	for i, name := range stages {
		step := stageStep(i+1, name, known[name], rows, missing)
		step.Hand = handBefore(name, card)
		start := ruler.place(&step, known[name].Median)
		f.Steps = append(f.Steps, step)
		if name == "wait" || name == "delivery" {
			f.Steps = append(f.Steps, approvalSteps(card.Waiting, start, ruler, rows)...)
		}
	}
	f.Title = flowTitle(stages, known)
	f.Hands = handsOf(card.Waiting.Handoffs, rows(metrics.FigureHandoffs, ""))
	f.Table, f.Label = flowTable(f.Steps), flowLabel(f)
	return f
}

// ruler places stages end to end on the width of the picture.
type ruler struct {
	perSecond float64 // share of the width
	at        float64
}

// scaleOf makes everything fit: the medians end to end, the stages without one, and the waits for approval, which are of other
// deployments and may be longer than the stage that they lie in.
func scaleOf(card metrics.Scorecard, stages []string, known map[string]metrics.Stage) *ruler {
	total, room, longest := 0.0, 1.0, 0.0
	for _, name := range stages {
		if name == "wait" || name == "delivery" {
			for _, w := range []*float64{card.Waiting.Outside.Median, card.Waiting.Inside.Median, card.Waiting.Unplaced.Median} {
				if w != nil {
					longest = max(longest, total+*w)
				}
			}
		}
		if m := known[name].Median; m != nil {
			total += *m
		} else {
			room -= unknownShare
		}
	}
	if total = max(total, longest); total <= 0 {
		return &ruler{}
	}
	return &ruler{perSecond: room / total}
}

// place sets where a step stands and moves on; it returns where it begins.
func (r *ruler) place(s *FlowStep, median *float64) float64 {
	start, width := r.at, unknownShare
	if median != nil {
		width = *median * r.perSecond
	}
	s.Width = percentOf(max(width, leastWidth))
	s.X = percentOf(min(start, 1-max(width, leastWidth))) // the last one stays inside, however short it is
	if width >= roomForNumber {
		s.Middle = percentOf(start + width/2)
	}
	r.at += width
	return start
}

func stageStep(number int, name string, stage metrics.Stage, rows func(figure, stage string) string, missing func(string) string) FlowStep {
	words := stagesInWords[name]
	step := FlowStep{Number: number, Title: words.title, Says: words.says, Kind: words.kind, Href: rows(metrics.FigureStages, name)}
	if stage.N > 0 {
		step.N = plural(stage.N, words.unit[0], words.unit[1])
	}
	if stage.Median != nil {
		word := metrics.InOneUnit(stage.Median, stage.P90)
		step.Median, step.P90 = word(*stage.Median), wordOr(stage.P90, word, "")
		return step
	}
	step.Kind = "unknown"
	if stage.N == 0 {
		step.Why, step.Missing, step.Href = words.supply, missing(metrics.FigureStages), ""
	}
	return step
}

// stageFigure is one stage as a figure of its own.
func stageFigure(card metrics.Scorecard, stage string) Figure {
	words := stagesInWords[stage]
	f := Figure{Name: metrics.FigureStages, Title: "Parts of lead time", Why: "No data"}
	for _, s := range card.Stages {
		if s.Name != stage {
			continue
		}
		f.N, f.Why = plural(s.N, words.unit[0], words.unit[1])+", "+words.says, why(s.State, s.N)
		if s.Median != nil {
			word := metrics.InOneUnit(s.Median, s.P75, s.P90)
			f.Value, f.Interval = word(*s.Median), "median; three of four within "+wordOr(s.P75, word, "an unknown time")+", nine of ten within "+wordOr(s.P90, word, "an unknown time")
		}
	}
	return f
}

// approvalSteps are the waits for decisions on deployments, which lie within the wait for the deployment.
func approvalSteps(w metrics.Waiting, start float64, on *ruler, rows func(figure, stage string) string) []FlowStep {
	var out []FlowStep
	for _, place := range []struct {
		title string
		wait  metrics.Duration
	}{{"Waiting for approval outside the team", w.Outside}, {"Waiting for approval in the team", w.Inside}, {"Waiting for approval, of a team that nobody named", w.Unplaced}} {
		if place.wait.N == 0 {
			continue
		}
		step := FlowStep{Title: place.title, Says: "asked to decided, of the deployments that waited for it", Kind: "unknown", Within: true, N: plural(place.wait.N, deployments[0], deployments[1]),
			Href: rows(metrics.FigureWaiting, "")}
		if m := place.wait.Median; m != nil {
			word := metrics.InOneUnit(m, place.wait.P90)
			step.Kind, step.Median, step.P90 = "wait", word(*m), wordOr(place.wait.P90, word, "")
			step.X, step.Width = percentOf(start), percentOf(max(*m*on.perSecond, leastWidth))
		}
		out = append(out, step)
	}
	return out
}

// handBefore is the handoff with which a stage begins, counted where records tell of it.
func handBefore(stage string, card metrics.Scorecard) string {
	switch d := card.Waiting.Decisions; stage {
	case "review", "rework":
		for _, s := range card.Stages {
			if s.Name == stage {
				return "to a reviewer: " + plural(s.N, requests[0], requests[1])
			}
		}
	case "deploy":
		if n := d.Inside + d.Outside + d.Unplaced; n > 0 {
			says := "to an approver: " + plural(n, "decision", "decisions")
			if d.Outside > 0 {
				says += fmt.Sprintf(", %s outside the team", Count(d.Outside))
			}
			return says
		}
	}
	return ""
}

func handsOf(h metrics.HandoffCount, href string) FlowLink {
	if h.People == nil {
		return FlowLink{}
	}
	says := fmt.Sprintf("%s a change, the median of %s", plural(int(*h.People), "handoff", "handoffs"), plural(h.N, "change", "changes"))
	if *h.People != float64(int(*h.People)) {
		says = fmt.Sprintf("%s handoffs a change, the median of %s", digits(*h.People), plural(h.N, "change", "changes"))
	}
	if h.Between != nil {
		says += "; " + Percent(*h.Between) + " of them went from one team to another"
	}
	return FlowLink{Says: says, Href: href}
}

// enoughForClaim is how many spans each stage needs before the title compares them.
const enoughForClaim = 20

// flowTitle claims that one stage is the longest only where all are known from enough spans and its median lies above three quarters of
// the spans of every other.
func flowTitle(stages []string, known map[string]metrics.Stage) string {
	plain := "From the first commit to production, stage by stage"
	longest, total := "", 0.0
	for _, name := range stages {
		s := known[name]
		if s.Median == nil || s.P75 == nil || s.N < enoughForClaim {
			return plain
		}
		if total += *s.Median; longest == "" || *s.Median > *known[longest].Median {
			longest = name
		}
	}
	if longest == "" {
		return plain
	}
	for _, name := range stages {
		if name != longest && *known[name].P75 >= *known[longest].Median {
			return plain
		}
	}
	title, most := stagesInWords[longest].title, *known[longest].Median
	word := metrics.InOneUnit(&most, &total)
	if most > total/2 {
		return fmt.Sprintf("Most of the way to production is %s: %s of %s", lowerFirst(title), word(most), word(total))
	}
	return fmt.Sprintf("The longest stage on the way to production is %s: %s of %s", lowerFirst(title), word(most), word(total))
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func flowTable(steps []FlowStep) Table {
	t := Table{Caption: "Stages from commit to production", Head: []Head{{Text: "Stage"}, {Text: "Kind"}, {Text: "From and to"}, {"Median", true}, {"P90", true}, {Text: "Made of"}}}
	for _, s := range steps {
		t.Rows = append(t.Rows, []Cell{{Text: s.Title, Href: s.Href}, {Text: s.Word()}, {Text: s.Says}, {Text: orDash(s.Median)}, {Text: orDash(s.P90)}, {Text: orDash(s.N)}})
	}
	return t
}

func flowLabel(f Flow) string {
	var parts []string
	for _, s := range f.Steps {
		if s.Within {
			continue
		}
		said := s.Median
		if said == "" {
			said = s.Word()
		}
		parts = append(parts, fmt.Sprintf("%d %s, %s", s.Number, lowerFirst(s.Title), said))
	}
	return "Stages in a row, each as long as its median: " + strings.Join(parts, "; ") + "."
}

// Flow is the way of the service's changes to production.
func (s Service) Flow() Flow {
	return FlowOf(s.Row.Card, s.Stages, func(figure, stage string) string {
		return s.Link(segments("explain", figure), "service", s.Row.Service.Name, "stage", stage)
	}, s.Missing)
}
