package reports

import (
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// sampleFrame is a frame whose links stay on the page.
type sampleFrame struct{ sample }

// Path, View and what the window's form needs are those of the page.
func (f sampleFrame) Path() string { return f.frame.Path }

// View is the window shown.
func (f sampleFrame) View() View { return f.frame.View }

// Windows are the spans offered.
func (f sampleFrame) Windows() []Choice { return f.frame.Windows() }

// Kept are no further parameters.
func (sampleFrame) Kept() [][2]string { return nil }

// Day words a day.
func (f sampleFrame) Day(t time.Time) string { return f.frame.Day(t) }

// LastDay is the last day of the window.
func (f sampleFrame) LastDay() string { return f.frame.LastDay() }

// sampleGate is the page of the gate, for its ways around.
type sampleGate struct {
	sample
	Path string
}

func (s sample) wayComponents() []Component {
	return []Component{
		one("window", "Window", "The window lives in the address; the days open on demand.", sampleFrame{s}),
		one("gatenav", "Views of a page", "The one shown is marked for eyes and ears.", sampleGate{s, "/gate"}),
	}
}

// sampleRecord is a record that somebody disputes; its forms lead back to the page.
type sampleRecord struct{ Record }

// Here is the address that the forms are sent to.
func (sampleRecord) Here() string { return DesignPath }

func (s sample) record(csrf string) sampleRecord {
	f := s.frame
	r, _ := RecordOf(f, s.facts, s.facts.Rollouts[0].ID, sampleAt)
	r.CSRF, r.May = csrf, true
	return sampleRecord{r}
}

func (s sample) formComponents(csrf string) []Component {
	disputed, previewed := s.record(csrf), s.record(csrf)
	disputed.Problem, disputed.Corrections = "The reason is empty: say in a line why.", sampleCorrections()
	dispute := metrics.Dispute{ID: "failed", Says: "It failed, and no record says so", Follows: "It counts as failed from the moment it finished."}
	card := s.card(s.facts)
	previewed.Preview = PreviewOf(dispute, "", "The shop was down for ten minutes.", Standpoint{Card: card, Meter: gate.MeterState{Value: 1, Line: 15}}, Standpoint{Card: card, Meter: gate.MeterState{Value: 6, Line: 15}})
	question, _ := sampleQuestion()
	return []Component{
		one("problem", "Summary of faults", "It takes the focus, says what was not done, and how to mend it.", "The size \"seven\" is no number: write it in figures."),
		one("question", "Question", "Nothing is chosen beforehand; a fault stands at its question, too.", question),
		one("dispute", "Dispute", "What is wrong with a record: from every number, two clicks away.", disputed),
		one("preview", "Look before it is recorded", "What a correction changes, before anything is stored.", previewed),
		one("corrections", "Corrections", "Those in force and those withdrawn, with their reasons.", disputed),
	}
}

// paperComponents are what a report is made of: the same on a page, in a file of its own, and on paper.
func (s sample) paperComponents() []Component {
	value, low, high, sure, n, few := Number("4.6%"), Number("1.6%"), Number("13%"), Coverage(ninetyFive), Number("60"), Number("3")
	d := Document{Marks: []string{"A part that everybody must know, such as that the data are made up."}, Summary: []string{"60 deployments in the quarter, 4.6 a week; no clear change.", "How fast failed deployments recover is not known: 3 are too few."}}
	figures := Section{ID: "document_figures", Title: "A section with measures", Edition: "dora-2024", Notes: []string{"An interval holds the true value with the coverage stated."}, Measures: []Measure{
		{Title: "Change fail rate", Value: &value, Low: &low, High: &high, Coverage: &sure, N: n, Of: "deployments", Level: metrics.Level{Level: "high", MayBe: []string{"elite"}}, Change: Change{Says: metrics.NoClearChange}},
		{Title: "Recovery time", Why: "Not enough data", N: few, Of: "failures"}}}
	figures.Grids = []Grid{{Bars: true, Table: Table{Caption: "A table with bars", Head: []Head{{Text: "Blocker"}, {Text: "Services", Number: true}},
		Rows: [][]Cell{{{Text: "long quiet stretches"}, {Text: "20"}}, {{Text: "many changes at once"}, {Text: "8"}}}}}}
	return []Component{one("document", "Document", "What leadership and teams read: in a window, as one file, or printed on A4 or Letter without any script.",
		DocumentView{Document: d, Parts: []SectionView{{Section: figures}}})}
}
