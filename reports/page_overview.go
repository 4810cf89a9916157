package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// GateNow is what the gate would answer to a normal promotion to production at this moment, and where the meter stands.
type GateNow struct {
	Decision gate.Decision
	Meter    gate.MeterState
	Outlook  gate.Outlook
}

// Says is the answer in a sentence. A look is made anew each time a page is loaded, so in place of when to ask again it says before when
// nothing opens, where that is known and not said already.
func (g GateNow) Says() string {
	says := g.Decision.Summary
	if again := g.Decision.AskAgainAfter; again != nil {
		says = strings.Replace(says, " Ask again after "+again.UTC().Format("2006-01-02 15:04 UTC")+".", "", 1)
	}
	if at := g.Outlook.At; !at.IsZero() && !names(says, at) {
		says += " It stays so until " + clock(at) + " at least."
	}
	return says
}

// Standing is how the service stands: the verdict, but gate.NeedsEvidence for a hold that only waits for what a pipeline states.
func (g GateNow) Standing() gate.Result { return g.Decision.Standing() }

// ServiceRow is one service among others.
type ServiceRow struct {
	Service metrics.Service
	Card    metrics.Scorecard
	Index   metrics.Index
	Gate    GateNow
}

// Course is how the figures went over the window: fine buckets for counts, coarser ones for rates and medians, which need
// more records each.
type Course struct {
	Size, RateSize string // "day", "week" or "month"
	Points, Rates  []metrics.Point
}

// Overview is where things stand, on one screen.
type Overview struct {
	Frame
	Rows   []ServiceRow // by name
	Card   metrics.Scorecard
	Moves  []metrics.Move // against the window before; nil when there is none
	Levels []metrics.Level
	Course Course
	Days   map[int]int // deployments by day
	// Rollouts are those of the only service, for a dot each.
	Rollouts []metrics.Rollout
	// Waiting counts the services that are not judged yet; Judged is when the oldest of the others was. A past moment has no rows of many.
	Waiting int
	Judged  time.Time
	Past    bool
	// Said is what teams said in the last quarter that may be told of, nil when there is none.
	Said *assessments.Rollup
	// Last is the last deployment known when the window holds none.
	Last time.Time
	Zone *time.Location
}

func (Overview) template() string { return "overview" }

// Empty reports that nothing is recorded of the service: it is declared, and was never seen.
func (r ServiceRow) Empty() bool { return r.Index.Window.To.IsZero() }

// Bare tells of the only service that it has no index, so that there is room beside the reason.
func (o Overview) Bare() bool { s := o.Single(); return s != nil && s.Index.Value == nil }

// Single is the only service, nil when there are several or none.
func (o Overview) Single() *ServiceRow {
	if len(o.Rows) != 1 {
		return nil
	}
	return &o.Rows[0]
}

// Figures are the five numbers of the whole window.
func (o Overview) Figures() []Figure { return figures(o.Card, o.Moves, o.Levels, o.Course) }

// More is the table of the figures beside the five.
func (o Overview) More() Table { return more(o.Card, o.Explain) }

// Explain is the address that opens a figure of this page.
func (o Overview) Explain(figure string) string { return o.Link(segments("explain", figure)) }

// Missing is the address that says why a figure is empty.
func (o Overview) Missing(figure string) string { return o.Link("/doctor", "figure", figure) }

// Charts answer how often, how long, how often it fails, how fast it recovers, event or habit.
func (o Overview) Charts() []Chart {
	days := DayMap(o.Card, o.Days, o.Zone)
	days.Size = "wide low"
	return o.pictured(append([]Chart{days}, fourCharts(o.Card, o.Course, o.howFast(), o.Moves)...))
}

// howFast shows each failure of a single service, and how they went of many.
func (o Overview) howFast() Chart {
	if o.Rollouts != nil {
		return HowFast(o.Card, o.Rollouts)
	}
	return HowFastBy(o.Card, o.Course.Rates, o.Course.RateSize)
}

func fourCharts(card metrics.Scorecard, c Course, howFast Chart, moves []metrics.Move) []Chart {
	list := []Chart{HowOften(card, c.Points, c.Size), HowLong(card, c.Rates, c.RateSize), HowOftenItFails(card, c.Rates, c.RateSize), howFast}
	for i, subject := range []struct{ figure, says string }{
		{metrics.FigureFrequency, "How often: weekly deployments "}, {metrics.FigureLeadTime, "How long: the typical lead time "},
		{metrics.FigureFailRate, "How often it fails: the fail rate "}, {metrics.FigureRecovery, "How fast it recovers: recovery time "},
	} {
		if m := moveOf(moves, subject.figure); m.Claimed() { // a title claims only what is beyond noise
			chart := &list[i]
			chart.Note = chart.Title[strings.Index(chart.Title, ": ")+2:] + ". " + chart.Note
			chart.Title = subject.says + moveSays(m, card)
		}
	}
	return list
}

// of is the course that a figure's line at a glance is drawn from.
func (c Course) of(figure string) []metrics.Point {
	if figure == metrics.FigureFrequency || figure == metrics.FigureLeadTime {
		return c.Points
	}
	return c.Rates
}

// LastBefore is the last deployment when the window holds none, zero otherwise: the reader may want a longer window.
func (o Overview) LastBefore() time.Time {
	if o.Card.Frequency.Rollouts > 0 {
		return time.Time{}
	}
	return o.Last
}

// AllTime is the address of this page over everything known.
func (o Overview) AllTime() string {
	v := o.View
	v.Span = "all"
	return v.Link(o.Path, o.Editions)
}

// BandCount is how many services lie in a band of the index.
type BandCount struct {
	Band string
	N    int
}

// Bands counts the services per band, from event to habit; those without a band come last, then those that are set beside no other.
func (o Overview) Bands() []BandCount {
	counts := map[string]int{}
	for _, r := range o.Rows {
		counts[BandWord(r.Index)]++
	}
	var out []BandCount
	for _, band := range bandWords() {
		if counts[band] > 0 {
			out = append(out, BandCount{band, counts[band]})
		}
	}
	return out
}

// BandBar is a band of the index with the services in it, and their share of a hundred.
type BandBar struct {
	BandCount
	Width float64
}

// BandBars are the bands in their order, empty ones included; services that are set beside no other only where there are some.
func (o Overview) BandBars() []BandBar {
	counts := map[string]int{}
	for _, b := range o.Bands() {
		counts[b.Band] = b.N
	}
	var out []BandBar
	for _, band := range bandWords() {
		if band == notComparable && counts[band] == 0 {
			continue
		}
		out = append(out, BandBar{BandCount{band, counts[band]}, share(counts[band], len(o.Rows))})
	}
	return out
}

// fewServices is up to how many services are named on the overview.
const fewServices = 40

// Few reports that the services are few enough to be named.
func (o Overview) Few() bool { return len(o.Rows) <= fewServices && o.Waiting == 0 }

// Beyond counts the services after the first so many: the strip shows no more of them on a screen of that width.
func (o Overview) Beyond(shown int) int { return max(0, len(o.Rows)-shown) }

// Tally counts how services stand, those that stop first.
func (o Overview) Tally() []StandingCount {
	return tally(func(add func(gate.Result)) {
		for _, r := range o.Rows {
			add(r.Gate.Standing())
		}
	})
}

// Moved are the moves beyond noise, in words.
func (o Overview) Moved() []string {
	var out []string
	for _, f := range o.Figures() {
		if f.Clear {
			out = append(out, f.Title+": "+f.Moved)
		}
	}
	return out
}

// Beside says that nothing is claimed, or why nothing can be: the window before may be known too little to set this one beside it.
func (o Overview) Beside() string {
	switch {
	case o.Card.Frequency.Rollouts == 0:
		return "Nothing was deployed in this window, so there is nothing to compare."
	case o.Moves == nil:
		return "There is no window before this one to compare with."
	case !slices.ContainsFunc(o.Moves, func(m metrics.Move) bool { return m.Interval != nil }):
		return "Too little is known of the window before to compare with."
	}
	return "No clear change against the window before."
}

// Attention lists what someone may want to look at: services that the gate would not let pass, and failures still open.
func (o Overview) Attention() []Note {
	all := o.attention()
	return all[:min(len(all), mostNotes)]
}

// MoreAttention counts those that are not listed.
func (o Overview) MoreAttention() int { return max(0, len(o.attention())-mostNotes) }

// Asking counts the services that Attention leaves out, because they only wait for what a pipeline states of itself.
func (o Overview) Asking() int { return standingAt(o.Tally(), gate.NeedsEvidence) }

// Warned counts the services at warn that Attention leaves out: nothing stops them.
func (o Overview) Warned() int {
	if o.Single() != nil {
		return 0 // how it stands is told beside
	}
	n := 0
	for _, r := range o.Rows {
		if r.Gate.Standing() == gate.Warn && !slices.ContainsFunc(r.Gate.Decision.Reasons, notRestored) {
			n++
		}
	}
	return n
}

// notRestored reports the warning that an incident or a failure is still open.
func notRestored(r gate.Reason) bool { return r.Criterion == "restore-first" && r.Result == gate.Warn }

// mostNotes is how many of them the first screen has room for.
const mostNotes = 8

func (o Overview) attention() []Note {
	var out []Note
	for _, r := range o.Rows {
		if r.Gate.Standing().Stops() {
			out = append(out, Note{Subject: r.Service.Name, Says: r.Gate.Says(), Href: o.Link("/gate", "service", r.Service.Name)})
		}
		for _, reason := range r.Gate.Decision.Reasons {
			if notRestored(reason) {
				out = append(out, Note{Subject: r.Service.Name, Says: reason.Says, Href: o.Link(segments("services", r.Service.Name))})
			}
		}
	}
	return out
}

// Note is a sentence about something, with a way to it.
type Note struct{ Subject, Says, Href string }

// Headline says where the organisation stands, as far as it can be said.
func (o Overview) Headline() string {
	switch {
	case len(o.Rows) == 0:
		return "Nothing is known yet"
	case len(o.Rows) == 1:
		return headline(o.Rows[0].Index)
	}
	var parts []string
	for _, b := range o.Bands() {
		parts = append(parts, fmt.Sprintf("%s %s", Count(b.N), b.Band))
	}
	return plural(len(o.Rows), "service", "services") + ": " + strings.Join(parts, ", ")
}

// headline claims a band only where the index has one.
func headline(i metrics.Index) string {
	switch {
	case i.NotComparable != "":
		return upperFirst(notComparableTo(i))
	case i.N == 0:
		return "No planned deployment in the last 12 weeks"
	case i.Band == "event":
		return "Deployment here is an event"
	case i.Band == "scheduled":
		return "Deployment here is scheduled, not yet a habit"
	case i.Band == "settling":
		return "Deployment here is settling into a habit"
	case i.Band == "habit":
		return "Deployment here is a habit"
	default:
		return "Too few deployments to call it event or habit"
	}
}

// IndexView is the index ready to be drawn.
type IndexView struct {
	metrics.Index
	Headline string
}

// View prepares an index for its drawing.
func (r ServiceRow) View() IndexView { return viewOf(r.Index) }

// viewOf marks no band on the scale of an index that is set beside no other.
func viewOf(i metrics.Index) IndexView {
	v := IndexView{i, headline(i)}
	if i.NotComparable != "" {
		v.Band = ""
	}
	return v
}

// Span is the width of the range on a scale of a hundred, at least one so that it can be seen.
func (i IndexView) Span() int { return max(i.High-i.Low, 1) }

// PartView is one part of the index: the points it brought of those it could bring.
type PartView struct {
	Title, Says, Points string
	Width, Rest         float64 // shares of a hundred: known points, and points left open
	Known               bool
}

var partTitles = map[string]string{
	"coverage": "Days with a deployment", "longest quiet": "Longest quiet stretch", "batch": "Changes at once", "window": "Spread over the week",
	"evenness": "Evenness", "hours": "Within working hours",
}

// PartViews are the six parts in their order.
func (i IndexView) PartViews() []PartView {
	var out []PartView
	for _, p := range i.Parts {
		v := PartView{Title: partTitles[p.Name], Says: p.Says, Known: p.Known, Points: "unknown of " + Count(p.Weight)}
		if v.Title == "" {
			v.Title = p.Name
		}
		if p.Known {
			v.Width, v.Points = share(int(1000*p.Score), 1000), digits(p.Score*float64(p.Weight))+" of "+Count(p.Weight)
		}
		out = append(out, v)
	}
	return out
}
