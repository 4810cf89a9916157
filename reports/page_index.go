package reports

import (
	"fmt"
	"strings"

	"shiphabit/metrics"
)

// HabitIndex opens the event-versus-habit index of one service: how each part is made, the records behind it, and what was left out.
type HabitIndex struct {
	Frame
	Of          metrics.IndexExplanation
	Deployments Table // this page of them
	Page        int   // from 1
	Pages       int

	among Records
}

func (HabitIndex) template() string { return "habit" }

// IndexPath is the address that opens the index of a service.
func (f Frame) IndexPath(service string) string {
	return f.Link(segments("explain", metrics.FigureIndex), "service", service)
}

// HabitIndexPage lays out one page of the explanation of an index.
func HabitIndexPage(f Frame, of metrics.IndexExplanation, among Records, page int) HabitIndex {
	p := HabitIndex{Frame: f, Of: of, among: among, Pages: max((len(of.Deployments)+perPage-1)/perPage, 1)}
	p.Page = min(max(page, 1), p.Pages)
	first := (p.Page - 1) * perPage
	p.Deployments = p.deployments(of.Deployments[first:min(first+perPage, len(of.Deployments))], "Planned deployments by time")
	return p
}

// To is the address of another page of the deployments.
func (p HabitIndex) To(page int) string {
	n := ""
	if page > 1 {
		n = Count(page)
	}
	return p.Link(p.Path, "service", p.Of.Service, "page", n) + "#deployments"
}

// Drawn is the index as it is drawn.
func (p HabitIndex) Drawn() IndexView { return viewOf(p.Of.Index) }

// Corrections is the address of what people stated about the service's records.
func (p HabitIndex) Corrections() string { return CorrectionsPath(p.Of.Service) }

// ServicePath is the address of the service.
func (p HabitIndex) ServicePath() string { return p.Link(segments("services", p.Of.Service)) }

// TeamIndex is the address of the indices of the service's team; empty where it has none.
func (p HabitIndex) TeamIndex() string {
	if p.Of.Team == "" {
		return ""
	}
	return p.Link(segments("explain", metrics.FigureIndex), "team", p.Of.Team)
}

// Formula says how the parts become the index.
func (p HabitIndex) Formula() string { return upperFirst(p.Of.Formula) }

// Parts is the table of the six parts: what each measured and what that gave.
func (p HabitIndex) Parts() Table {
	t := Table{Caption: "The six parts", Lines: true, Head: []Head{{Text: "Part"}, {"Points", true}, {"Weight", true}, {Text: "Measured"}, {Text: "Score, times the weight"}}}
	for i, part := range p.Of.Index.Parts {
		made := p.Of.Made[i]
		points, measured := "open", made.Symbol+" unknown"
		if made.Points != nil {
			points, measured = upTo(2, *made.Points), made.Symbol+" = "+upTo(3, part.Input)
		}
		title := Cell{Text: partTitles[part.Name]}
		if p.Of.Index.N > 0 {
			title.Href = "#" + partID(part.Name)
		}
		t.Rows = append(t.Rows, []Cell{title, {Text: points}, {Text: Count(part.Weight)}, {Text: measured}, {Text: made.Formula}})
	}
	return t
}

// partID is the id of a part's section.
func partID(name string) string { return strings.ReplaceAll(name, " ", "-") }

// Sum says how the points become the index.
func (p HabitIndex) Sum() string {
	var parts []string
	for _, made := range p.Of.Made {
		if made.Points != nil {
			parts = append(parts, upTo(2, *made.Points))
		}
	}
	i := p.Of.Index
	switch {
	case parts == nil:
		return "No part has an input, so that nothing between 0 and 100 is ruled out."
	case i.Value == nil:
		says := fmt.Sprintf("%s = %s, and the parts without input may bring up to %s more", strings.Join(parts, " + "), upTo(2, p.Of.Points), Count(p.Of.Open))
		return says + p.held() + fmt.Sprintf(": between %d and %d.", i.Low, i.High)
	default:
		return fmt.Sprintf("%s = %s%s: %d.", strings.Join(parts, " + "), upTo(2, p.Of.Points), p.held(), *i.Value)
	}
}

func (p HabitIndex) held() string {
	if p.Of.Index.Capped {
		return ", held at 40"
	}
	return ""
}

// Cap says whether the index is held at 40, and why.
func (p HabitIndex) Cap() string {
	switch i := p.Of.Index; {
	case i.N == 0:
		return "There is no pause to hold it at 40 for."
	case i.Capped:
		return "Held at 40: " + i.CapReason + "."
	case i.CapReason != "":
		return "At most 40, which it does not reach: " + i.CapReason + "."
	default:
		return "Not held at 40: the median pause is below 5 working days, and their ninth decile below 10."
	}
}

// Calendar words the working time that the index goes by.
func (p HabitIndex) Calendar() string {
	c := p.Of.Calendar
	if len(c.Weekdays) == 0 {
		return "no working day is configured (" + c.Zone + ")"
	}
	return fmt.Sprintf("%s, %d to %d h, %s", weekdayWords(c.Weekdays), c.FromHour, c.ToHour, c.Zone)
}

// weekdayWords shortens days that follow one another: "Monday to Friday".
func weekdayWords(days []string) string {
	week := []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	if n := len(days); n > 2 && strings.Contains(strings.Join(week, " "), strings.Join(days, " ")) {
		return days[0] + " to " + days[n-1]
	}
	return inList(days)
}

// Counted says how many days count, and which are left out.
func (p HabitIndex) Counted() string {
	c := p.Of.Calendar
	says := fmt.Sprintf("%s counted; left out: %s", plural(c.WorkingDays, "working day", "working days"), plural(c.FreeDays, "free day of the week", "free days of the week"))
	if len(c.Holidays) > 0 {
		says += fmt.Sprintf(" and %s (%s)", plural(len(c.Holidays), "holiday", "holidays"), strings.Join(c.Holidays, ", "))
	}
	return says
}

// LastDay is the last day of the twelve weeks.
func (p HabitIndex) LastDay() string {
	return p.Of.Days[len(p.Of.Days)-1].Day
}

// FirstDay is their first one.
func (p HabitIndex) FirstDay() string { return p.Of.Days[0].Day }
