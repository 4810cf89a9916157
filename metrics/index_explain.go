package metrics

import (
	"cmp"
	"slices"
	"time"
)

// FigureIndex is the name under which the event-versus-habit index is explained. It is of one service, and no definition changes it, so
// that it is none of AllFigures.
const FigureIndex = "index"

// IndexDefinition names the rules of the index with their version, as labels of definitions do.
const IndexDefinition = "event-versus-habit/1"

// indexFormula says how the parts become the index.
const indexFormula = "the points of six parts, added up and rounded; at most 40 where the median pause is 5 working days or more, or their ninth decile 10. " +
	"Parts without input leave a range. Planned rollouts to production of the twelve weeks of whole days before today, on the team's working time"

// IndexExplanation opens the index of one service: how each part is made, the records behind it, and what was left out.
type IndexExplanation struct {
	Service    string    `json:"service"`
	Team       string    `json:"team,omitempty"`
	Figure     string    `json:"figure"`
	Formula    string    `json:"formula"`
	Definition string    `json:"definition"`
	AsOf       time.Time `json:"as_of"`
	Index      Index     `json:"index"`
	// Made tells of each part of the index, in their order, how it is made. Points is their sum before the cap, without the parts that
	// have no input: those may bring up to Open.
	Made        []IndexPartMade   `json:"made"`
	Points      float64           `json:"points"`
	Open        int               `json:"open"`
	Calendar    IndexCalendar     `json:"calendar"`
	Days        []IndexDay        `json:"days"`
	Pauses      []IndexPause      `json:"pauses"`      // the longest first
	Batches     []IndexBatch      `json:"batches"`     // the smallest first
	Cells       []IndexCell       `json:"cells"`       // those with a change, the busiest first
	Deployments []IndexDeployment `json:"deployments"` // planned ones, by time
	LeftOut     []LeftOut         `json:"left_out"`
}

// IndexPartMade is how a part of the index is made.
type IndexPartMade struct {
	Name    string   `json:"name"`
	Symbol  string   `json:"symbol"` // of the input: C, G90, B, T, g, off
	Means   string   `json:"means"`
	Formula string   `json:"formula"` // from the input to the score; c() keeps it between 0 and 1
	Points  *float64 `json:"points"`  // score × weight, nil where the part has no input
}

// IndexCalendar is the working time that the index goes by, and what it makes of the window.
type IndexCalendar struct {
	Zone        string   `json:"zone"`
	Weekdays    []string `json:"weekdays"`
	FromHour    int      `json:"from_hour"` // working hours [from, to)
	ToHour      int      `json:"to_hour"`
	WorkingDays int      `json:"working_days"` // of the window
	FreeDays    int      `json:"free_days"`    // not weekdays of the calendar
	Holidays    []string `json:"holidays"`     // weekdays that are free all the same
}

// IndexDay is a day of the window.
type IndexDay struct {
	Day     string `json:"day"` // "2026-03-02"
	Weekday string `json:"weekday"`
	Working bool   `json:"working"`
	Holiday bool   `json:"holiday,omitempty"`
	// Deployments finished on the day; Changes count with it, those of free days after it included.
	Deployments int `json:"deployments"`
	Changes     int `json:"changes"`
}

// IndexPause is a silence between planned deployments with its two ends.
type IndexPause struct {
	Days  int       `json:"days"`  // working days, next day = 1
	After string    `json:"after"` // the deployment before it
	From  time.Time `json:"from"`
	// Until is the deployment that ended it; empty for the open pause, which the end of the window cuts.
	Until string    `json:"until,omitempty"`
	To    time.Time `json:"to"`
	Open  bool      `json:"open,omitempty"`
}

// IndexBatch is how many deployments brought so many changes at once.
type IndexBatch struct {
	Size        int `json:"size"`
	Deployments int `json:"deployments"`
	Changes     int `json:"changes"`
	UpTo        int `json:"up_to"` // changes in batches of this size or less
}

// IndexCell is two hours of a weekday.
type IndexCell struct {
	Weekday  string `json:"weekday"`
	FromHour int    `json:"from_hour"`
	Changes  int    `json:"changes"`
	Busiest  bool   `json:"busiest,omitempty"` // one of the two that count
}

// IndexDeployment is a planned deployment of the window, as the six parts see it.
type IndexDeployment struct {
	Record     string    `json:"record"`
	FinishedAt time.Time `json:"finished_at"` // in the calendar's zone
	CountsOn   string    `json:"counts_on"`   // the working day that its changes count with; empty where there is none
	Changes    int       `json:"changes"`     // 0 where none is known
	Weekday    string    `json:"weekday"`
	FromHour   int       `json:"from_hour"` // of its cell
	OffHours   bool      `json:"off_hours,omitempty"`
}

// ExplainIndex opens the index as HabitIndex computes it, from the same days, pauses and cells.
func ExplainIndex(f Facts, asOf time.Time, cal Calendar) IndexExplanation {
	h := newHabit(f, asOf, cal)
	x := IndexExplanation{
		Service: f.Service, Team: f.Team, Figure: FigureIndex, Formula: indexFormula, Definition: IndexDefinition, AsOf: asOf,
		Index: indexOf(h.parts(), h), Days: h.explainedDays(), Pauses: h.explainedPauses(), Batches: h.batches(), Cells: h.busyCells(),
		Deployments: h.deployments(), LeftOut: h.leftOut(f, asOf),
	}
	x.Calendar = h.explainedCalendar(x.Days)
	for _, p := range x.Index.Parts {
		made := indexFormulas[p.Name]
		made.Name = p.Name
		if p.Known {
			made.Points = new(p.Score * float64(p.Weight))
			x.Points += *made.Points
		} else {
			x.Open += p.Weight
		}
		x.Made = append(x.Made, made)
	}
	return x
}

// indexFormulas say of each part what it measures and how that becomes its score.
var indexFormulas = map[string]IndexPartMade{
	"coverage":      {Symbol: "C", Means: "working days with a planned deployment ÷ working days", Formula: "c((C − 0.05) ÷ 0.55)"},
	"longest quiet": {Symbol: "G90", Means: "the ninth decile of the pauses, in working days, the open one included", Formula: "c(ln(10 ÷ G90) ÷ ln 10)"},
	"batch":         {Symbol: "B", Means: "the number of changes that went out together, median over changes", Formula: "c(ln(20 ÷ B) ÷ ln 20)"},
	"window":        {Symbol: "T", Means: "changes in the two busiest two-hour slots of the week ÷ changes", Formula: "1 − c((T − 0.2) ÷ 0.7)"},
	"evenness":      {Symbol: "g", Means: "the Gini coefficient of changes per working day", Formula: "c((0.95 − g) ÷ 0.6)"},
	"hours":         {Symbol: "off", Means: "planned deployments that finished outside working hours ÷ planned deployments", Formula: "1 − c(off ÷ 0.5)"},
}

func (h habit) explainedCalendar(days []IndexDay) IndexCalendar {
	c := IndexCalendar{Zone: h.calendar.zone().String(), FromHour: h.calendar.FromHour, ToHour: h.calendar.ToHour, WorkingDays: h.workingDays, Weekdays: []string{}, Holidays: []string{}}
	for _, w := range h.calendar.Weekdays {
		c.Weekdays = append(c.Weekdays, w.String())
	}
	for _, d := range days {
		switch {
		case d.Holiday:
			c.Holidays = append(c.Holidays, d.Day)
		case !d.Working:
			c.FreeDays++
		}
	}
	return c
}

func (h habit) explainedDays() []IndexDay {
	days := make([]IndexDay, len(h.days))
	for i, d := range h.days {
		days[i] = IndexDay{Day: d.date(), Weekday: d.day.weekday().String(), Working: d.works, Deployments: d.deployments, Changes: d.changes}
		days[i].Holiday = !d.works && slices.Contains(h.calendar.Weekdays, d.day.weekday())
	}
	return days
}

func (d habitDay) date() string { return d.day.civil().Format(time.DateOnly) }

func (h habit) explainedPauses() []IndexPause {
	pauses := []IndexPause{}
	for _, p := range h.pauses() {
		before := h.planned[p.after]
		out := IndexPause{Days: p.days, After: before.ID, From: before.FinishedAt, To: h.window.To, Open: p.open}
		if !p.open {
			out.Until, out.To = h.planned[p.after+1].ID, h.planned[p.after+1].FinishedAt
		}
		pauses = append(pauses, out)
	}
	slices.SortStableFunc(pauses, func(a, b IndexPause) int { return cmp.Compare(b.Days, a.Days) })
	return pauses
}

func (h habit) batches() []IndexBatch {
	bySize := map[int]int{}
	for _, r := range h.planned {
		if len(r.Changes) > 0 {
			bySize[len(r.Changes)]++
		}
	}
	batches := []IndexBatch{}
	for size, n := range bySize {
		batches = append(batches, IndexBatch{Size: size, Deployments: n, Changes: size * n})
	}
	slices.SortFunc(batches, func(a, b IndexBatch) int { return cmp.Compare(a.Size, b.Size) })
	sum := 0
	for i := range batches {
		sum += batches[i].Changes
		batches[i].UpTo = sum
	}
	return batches
}

func (h habit) busyCells() []IndexCell {
	cells := []IndexCell{}
	for i, n := range h.cells() {
		if n > 0 {
			cells = append(cells, IndexCell{Weekday: time.Weekday(i / 12).String(), FromHour: i % 12 * 2, Changes: n})
		}
	}
	slices.SortStableFunc(cells, func(a, b IndexCell) int { return cmp.Compare(b.Changes, a.Changes) })
	for i := range cells[:min(2, len(cells))] {
		cells[i].Busiest = true
	}
	return cells
}

func (h habit) deployments() []IndexDeployment {
	list := make([]IndexDeployment, len(h.planned))
	for i, r := range h.planned {
		cell := h.cell(r.FinishedAt)
		list[i] = IndexDeployment{
			Record: r.ID, FinishedAt: r.FinishedAt.In(h.calendar.zone()), Changes: len(r.Changes),
			Weekday: time.Weekday(cell / 12).String(), FromHour: cell % 12 * 2, OffHours: !h.calendar.WorksAt(r.FinishedAt),
		}
		if on, any := h.countsOn(r.FinishedAt); any {
			list[i].CountsOn = h.days[on].date()
		}
	}
	return list
}

// leftOut are the rollouts to production since the window began that the index does not count, and the records that enter no figure.
func (h habit) leftOut(f Facts, asOf time.Time) []LeftOut {
	list := []LeftOut{}
	since := Window{From: h.window.From, To: asOf}
	for _, r := range f.Rollouts {
		switch {
		case r.EnvironmentKind != Production || !since.Contains(r.FinishedAt):
		case r.Kind != Planned:
			list = append(list, LeftOut{Record: r.ID, At: r.FinishedAt, Reason: leftUnplanned + string(r.Kind)})
		case !h.window.Contains(r.FinishedAt):
			list = append(list, LeftOut{Record: r.ID, At: r.FinishedAt, Reason: leftLastDay})
		}
	}
	for _, l := range f.LeftOut {
		if since.Contains(l.At) {
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(a, b LeftOut) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}
