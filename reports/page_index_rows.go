package reports

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"shiphabit/metrics"
)

// IndexSection is one part of the index with the rows behind it.
type IndexSection struct {
	ID, Title, Says, Means string
	Points                 string
	Rows                   Table
	// Elsewhere is the id of the section whose rows these are too.
	Elsewhere, Note string
}

// Sections are the six parts with what they were made of; none without a deployment.
func (p HabitIndex) Sections() []IndexSection {
	if p.Of.Index.N == 0 {
		return nil
	}
	var out []IndexSection
	for i, v := range p.Drawn().PartViews() {
		part, made := p.Of.Index.Parts[i], p.Of.Made[i]
		s := IndexSection{ID: partID(part.Name), Title: v.Title, Says: upperFirst(v.Says), Points: v.Points, Means: made.Symbol + ": " + made.Means + "."}
		switch part.Name {
		case "coverage":
			s.Rows = p.days()
		case "longest quiet":
			s.Rows = p.pauses()
		case "batch":
			s.Rows, s.Note = p.batches(), "The batch of each deployment stands in the list of deployments below."
		case "window":
			s.Rows = p.cells()
		case "evenness":
			s.Elsewhere, s.Note = "coverage", "The changes of each day stand in the table of days. What went out on a free day counts with the working day before it."
		case "hours":
			s.Rows, s.Note = p.outside()
		}
		out = append(out, s)
	}
	return out
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func (p HabitIndex) days() Table {
	t := Table{Caption: "Days with and without a planned deployment", Head: []Head{{Text: "Day"}, {Text: "Counts"}, {"Deployments", true}, {"Changes", true}}}
	for _, d := range p.Of.Days {
		counts := "working day"
		switch {
		case d.Holiday:
			counts = "no: holiday"
		case !d.Working:
			counts = "no: free"
		}
		t.Rows = append(t.Rows, []Cell{{Text: d.Weekday[:3] + " " + d.Day}, {Text: counts}, {Text: Count(d.Deployments)}, {Text: Count(d.Changes)}})
	}
	return t
}

func (p HabitIndex) pauses() Table {
	t := Table{Caption: "Pauses, the longest first", Lines: true, Head: []Head{{Text: "Length"}, {Text: "From"}, {Text: "After"}, {Text: "Until"}, {Text: "Ended by"}}}
	for _, one := range p.Of.Pauses {
		until := p.record(one.Until)
		if one.Open {
			until = Cell{Text: "nothing yet: it is open"}
		}
		t.Rows = append(t.Rows, []Cell{{Text: plural(one.Days, "working day", "working days")}, {Text: p.local(one.From)}, p.record(one.After), {Text: p.local(one.To)}, until})
	}
	return t
}

func (p HabitIndex) batches() Table {
	t := Table{Caption: "Batches by size", Head: []Head{{Text: "Changes at once"}, {"Deployments", true}, {"Changes", true}, {"Share of changes up to here", true}}}
	all := 0
	for _, b := range p.Of.Batches {
		all += b.Changes
	}
	for _, b := range p.Of.Batches {
		t.Rows = append(t.Rows, []Cell{{Text: Count(b.Size)}, {Text: Count(b.Deployments)}, {Text: Count(b.Changes)}, {Text: Percent(float64(b.UpTo) / float64(all))}})
	}
	return t
}

func (p HabitIndex) cells() Table {
	t := Table{Caption: "Two-hour slots of the week, the busiest first", Head: []Head{{Text: "Slot"}, {"Changes", true}, {Text: "One of the two"}}}
	for _, c := range p.Of.Cells {
		busiest := "no"
		if c.Busiest {
			busiest = "yes"
		}
		t.Rows = append(t.Rows, []Cell{{Text: slotWords(c.Weekday, c.FromHour)}, {Text: Count(c.Changes)}, {Text: busiest}})
	}
	return t
}

func slotWords(weekday string, from int) string {
	return fmt.Sprintf("%s %02d–%02d", weekday[:3], from, from+2)
}

// outside are the deployments outside working hours, as many as a page holds.
func (p HabitIndex) outside() (t Table, note string) {
	var list []metrics.IndexDeployment
	for _, d := range p.Of.Deployments {
		if d.OffHours {
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		return Table{}, "None did."
	}
	if len(list) > perPage {
		list, note = list[:perPage], fmt.Sprintf("The first %d are listed; the others are marked in the list of deployments below.", perPage)
	}
	return p.deployments(list, "Finished outside working hours"), note
}

func (p HabitIndex) deployments(list []metrics.IndexDeployment, caption string) Table {
	t := Table{Caption: caption, Lines: true, Head: []Head{{Text: "Finished"}, {Text: "Record"}, {Text: "Changes"}, {Text: "Slot"}, {Text: "Hours"}, {Text: "Changes count on"}}}
	for _, d := range list {
		changes, hours := plural(d.Changes, "change", "changes"), "within hours"
		if d.Changes == 0 {
			changes = "no change known"
		}
		if d.OffHours {
			hours = "outside hours"
		}
		t.Rows = append(t.Rows, []Cell{{Text: p.local(d.FinishedAt)}, p.record(d.Record), {Text: changes}, {Text: slotWords(d.Weekday, d.FromHour)}, {Text: hours}, {Text: cmp.Or(d.CountsOn, "no day")}})
	}
	return t
}

// record leads to a deployment, whose page has the form to dispute it.
func (p HabitIndex) record(id string) Cell {
	c := p.among.Cell(id)
	c.Href = RecordPath(p.Of.Service, id)
	return c
}

// local words an instant in the zone that the index goes by.
func (p HabitIndex) local(t time.Time) string {
	zone, err := time.LoadLocation(p.Of.Calendar.Zone)
	if err != nil { // a zone without a name of its own
		zone = time.UTC
	}
	return t.In(zone).Format("2006-01-02 15:04")
}

// LeftOut are the records left out, as many as a page holds.
func (p HabitIndex) LeftOut() Table {
	return leftOut(p.Of.LeftOut[:min(perPage, len(p.Of.LeftOut))], "Records left out", p.among)
}
