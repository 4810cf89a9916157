package reports

import (
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
	"shiphabit/metrics/gate"
)

// one is a component with a single state.
func one(name, title, says string, data any) Component {
	return Component{Template: name, Title: title, Says: says, States: []ComponentState{{Data: data}}}
}

// some is a component with several states, in words and values that go together.
func some(name, title, says string, words []string, values []any) Component {
	c := Component{Template: name, Title: title, Says: says}
	for i, w := range words {
		c.States = append(c.States, ComponentState{w, values[i]})
	}
	return c
}

// in puts an element of the pages around the states.
func (c Component) in(around string) Component {
	c.Around = around
	return c
}

// groups are all components, by what they are for.
func (s sample) groups(csrf string, charts []Chart) []DesignGroup {
	return []DesignGroup{
		{"numbers", "Numbers and verdicts", s.numberComponents()},
		{"pictures", "Charts", s.chartComponents(charts)},
		{"lists", "Tables and lists", s.listComponents()},
		{"states", "States and findings", s.stateComponents()},
		{"ways", "Ways around", s.wayComponents()},
		{"forms", "Forms", s.formComponents(csrf)},
		{"paper", "Documents and paper", s.paperComponents()},
	}
}

// sampleFigures are figures of every kind: with an interval, of few records, and not measured.
type sampleFigures struct {
	sample
	Figures []Figure
}

// Explain, Missing, Levelled and EditionChoices are what a page of figures offers.
func (s sampleFigures) Explain(string) string { return s.Link("") }

// Missing leads to what would supply a figure.
func (s sampleFigures) Missing(string) string { return s.Link("") }

// Levelled tells that levels have editions.
func (sampleFigures) Levelled() bool { return true }

// EditionChoices are two editions, the second chosen.
func (s sampleFigures) EditionChoices() []Choice {
	return []Choice{{Word: "dora-2023", Href: s.Link("")}, {Word: "dora-2024", Href: s.Link(""), Current: true}}
}

func (s sample) figures() sampleFigures {
	card := s.card(s.facts)
	levels, _ := metrics.Levels(card, "dora-2024") // an edition that there is
	known := figures(card, metrics.Moves([]metrics.Facts{s.facts}, s.query()), levels, s.course())
	few, none := figures(s.card(s.few), nil, nil, Course{}), figures(s.card(s.none), nil, nil, Course{})
	return sampleFigures{s, []Figure{known[0], known[1], known[2], few[2], none[3]}}
}

func (s sample) numberComponents() []Component {
	rows := s.rows()
	score := 62.5
	return []Component{
		one("fivefigures", "Figures", "A value with its interval, its count, its level by edition, its change and its course; of few records the count alone; and what is missing where nothing is known.", s.figures()),
		some("index", "Index", "From event to habit, with its six parts. Few deployments give a range.", []string{"measured", "of few deployments", "without any"}, []any{rows[0].View(), rows[1].View(), rows[2].View()}),
		some("verdict", "Verdict", "A word and a shape; the colour only repeats them.", []string{"goes on", "warns", "stops", "waits", "waits for what a pipeline states", "not known"}, []any{gate.Allow, gate.Warn, gate.Block, gate.Hold, gate.NeedsEvidence, gate.Result("")}).in("row"),
		some("spark", "Course at a glance", "A line from six values on, dots from three; fewer draw nothing, because two points always rise or fall.", []string{"six values", "three values"},
			[]any{sparkOf(metrics.FigureFrequency, s.course().Points[:6]), sparkOf(metrics.FigureFrequency, s.course().Points[:3])}).in("row"),
		some("meter", "Failure meter", "Where it stands, where it warns, where it stops.", []string{"open", "near its line", "stopped"}, s.meters()),
		one("boardfigures", "Figures of the gate", "Counts with what they mean; a share of few says so.", []BoardFigure{
			{Title: "Stops", Value: "3", Says: []string{"Rows of stops; 8 of 93 decisions said block."}},
			{Title: "First stops that were right", Value: "1 of 2", Says: []string{"The true share lies between 1.3% and 99% (95%). So few cases say little."}},
			{Title: "Prevented failures", Why: "not known", Says: []string{"Nothing that was stopped first has gone out later."}}}),
		one("foundations", "Foundations", "Bars of a score; an unknown one is empty and says so.", []assessments.FoundationResult{
			{Name: "Working feedback systems", Score: &score, Inputs: []assessments.FoundationInput{{Question: "q2", Weight: 1}, {Question: "q4", Weight: 2}}},
			{Name: "Shared understanding of risk", Inputs: []assessments.FoundationInput{{Question: "q1", Weight: 1}}}}),
		one("bandbars", "Services per band", "Counts as bars; each band leads to its services.", sampleBands{s}),
		one("strip", "Index per service", "One scale per service, by name; a range where a value cannot be said.", sampleBands{s}),
	}
}

// sampleBands are services as the overview shows them.
type sampleBands struct{ sample }

// Rows are the services.
func (b sampleBands) Rows() []ServiceRow { return b.rows() }

// BandBars count them.
func (b sampleBands) BandBars() []BandBar { return Overview{Rows: b.rows()}.BandBars() }

// charts are one of each kind of uncertainty: counts with a part of a week, a course with its interval, and one without anything to draw.
func (s sample) charts() []Chart {
	card, course := s.card(s.facts), s.course()
	often, long := HowOften(card, course.Points, course.Size), HowLong(card, course.Points, course.Size)
	empty := HowOften(s.card(s.none), nil, course.Size)
	empty.ID = "nothing"
	return s.frame.pictured([]Chart{often, long, empty})
}

func (s sample) chartComponents(charts []Chart) []Component {
	policy := gate.Policies()[metrics.Standard]
	known := gate.Known{Facts: s.facts, Service: metrics.Service{Name: "example", Tier: metrics.Standard}}
	records := RecordsAmong(Clock{}, s.facts)
	words := meterWords{id: "failure_meter", title: "The failure meter", one: "deployment", many: "deployments", bad: "failed", stops: "stops", stopped: "stopped",
		record: func(id string) Cell { return Cell{Text: records.Cell(id).Text, Href: s.Link("")} }, note: "Drawn by the server: it needs no script.", empty: "No planned deployment has been judged yet."}
	history := known.Histories(policy, sampleAt).Failures
	nothing := words
	nothing.id = "no_meter"
	toRows := func(string, string) string { return s.Link("") }
	return []Component{
		one("charts", "Charts", "A title that claims what the numbers support, axes with units, bands for intervals, hollow marks for few, hatching for a part of a week, and the same as a table.", charts),
		{Template: "plot", Title: "Drawings over time", Says: "Shapes beside colours, a key, and the same as a table.", Around: "charts", States: []ComponentState{
			{"", drawMeter(history, s.frame.View.Window, words)}, {"", drawMeter(gate.MeterHistory{}, s.frame.View.Window, nothing)}}},
		one("flow", "From commit to production", "Stages as long as their medians; a stage that is not recorded says what would supply it.",
			FlowOf(s.card(s.facts), metrics.DORA().StageNames(), toRows, func(string) string { return s.Link("") })),
	}
}

func (s sample) listComponents() []Component {
	small := Table{Caption: "A table of numbers", Head: []Head{{Text: "Criterion"}, {Text: "Stops", Number: true}, {Text: "Promise"}},
		Rows: [][]Cell{{{Text: "Failure meter"}, {Text: "9", Href: s.Link("")}, {Text: "kept"}}, {{Text: "Freeze"}, {Text: "0"}, {Text: "none made"}}}}
	lines := Table{Caption: "A table whose rows become lines on a phone", Lines: true, Head: []Head{{Text: "At"}, {Text: "Record"}, {Text: "Changes", Number: true}, {Text: "Why it counts"}},
		Rows: [][]Cell{{{Text: "2026-03-19 11:04"}, {Text: "example/59", Href: s.Link("")}, {Text: "3"}, {Text: "it finished in production, and no failure of it is known"}}}}
	_, answered := sampleQuestion()
	to := func(int) string { return s.Link("") }
	return []Component{
		some("table", "Table", "Numbers to the right in figures of one width; it scrolls by itself where it is wider than the screen.", []string{"of numbers", "of lines"}, []any{small, lines}),
		one("pager", "Pages", "Where one is, and the way on.", numbered("example rows", 2, 18, to)),
		one("servicetable", "Services", "By name: the order is no ranking. A dash where there is too little to say.", sampleServices{sampleBands: sampleBands{s}}),
		one("decisiontable", "Decisions", "Newest first, each with its reason in a sentence.", s.decisions()),
		one("reasongroups", "Reasons", "What stands against it first; what had nothing to judge is folded away.", s.reasons()),
		one("proposals", "Next steps", "What the record says of a criterion that may do more, and the lines for its policy.", s.proposals()),
		one("answers", "Answers", "How many chose what, never who.", answered),
	}
}

// sampleServices is a list of services.
type sampleServices struct {
	sampleBands
	Nav string
}

func (s sample) stateComponents() []Component {
	c := Component{Template: "sourcecard", Title: "Sources", Says: "The state in a word, how far behind, and what to do.", Around: "sources"}
	for _, view := range s.sources() {
		c.States = append(c.States, ComponentState{"", view})
	}
	return []Component{
		c,
		some("state", "State of a source", "The same words and shapes as a verdict.", []string{"will not pass by itself", "records could be supplied", "only says why"}, []any{severityOf(doctor.Trouble), severityOf(doctor.Gap), severityOf(doctor.Note)}).in("row"),
		one("finding", "Finding", "What is missing, what shows it, and the step that supplies it, to copy.", doctor.Finding{Code: "example", Source: "example", What: "No service is mapped to the environment `eu-central-1`.",
			Evidence: "12 deployments went there", Remedy: "say what kind of environment it is:", Example: "environments:\n  - {match: \"eu-central-1\", kind: production}", Link: s.Link("")}),
		one("judged", "Not judged yet", "What is still being worked out is said, and no old value stands in for it.", sampleJudged{Waiting: 3}),
		some("hooktold", "Rollback hook", "What a hook was told after a watch that failed, and what came of it.", []string{"took it", "is told again", "was not reached"}, []any{
			hookTold(gate.RollbackAnswered, "it answered 202"), hookTold(gate.RollbackWaiting, "it answered 503"), hookTold(gate.RollbackGaveUp, "it was not told in time"),
		}).in("row"),
		one("decided", "Action", "What a team decided, who by role, until when, and how it went.", assessments.Action{Text: "Rehearse going back once a month.", Owner: "the release role", DueOn: "2026-05-01"}),
	}
}

func hookTold(state gate.RollbackState, says string) RollbackView {
	return RollbackView{VerdictView: rollbackVerdict(state), Says: says}
}

// sampleJudged is a page some of whose services wait for their verdict.
type sampleJudged struct {
	Waiting      int
	Judged, AsOf time.Time
}

// Beyond is none: the sample is short.
func (sampleBands) Beyond(int) int { return 0 }
