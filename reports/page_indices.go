package reports

import (
	"time"

	"shiphabit/metrics"
)

// HabitIndices opens the indices of an organisation's or a team's services: each leads to how it is made.
type HabitIndices struct {
	Frame
	Team string       // empty for the organisation
	Rows []ServiceRow // of all, by name
	// Waiting and Judged are as on the overview; at a past moment there are no rows of many.
	Waiting int
	Judged  time.Time
	Past    bool
	Page    int // from 1
}

func (HabitIndices) template() string { return "habits" }

// Pages is how many pages the services fill.
func (h HabitIndices) Pages() int { return max((len(h.Rows)+perPage-1)/perPage, 1) }

// At is the page that is shown.
func (h HabitIndices) At() int { return min(max(h.Page, 1), h.Pages()) }

// To is the address of another page.
func (h HabitIndices) To(page int) string {
	n := ""
	if page > 1 {
		n = Count(page)
	}
	return h.Link(h.Path, "team", h.Team, "page", n)
}

// Definition names the rules of the index with their version.
func (HabitIndices) Definition() string { return metrics.IndexDefinition }

// Bands counts the services per band.
func (h HabitIndices) Bands() []BandBar { return Overview{Rows: h.Rows}.BandBars() }

// Table is this page of the services by name.
func (h HabitIndices) Table() Table {
	t := Table{Caption: "The index of each service, by name", Head: []Head{{Text: "Service"}, {"Index", true}, {Text: "Band"}, {"Planned deployments", true}, {Text: "Held or open because"}}}
	first := (h.At() - 1) * perPage
	for _, r := range h.Rows[first:min(first+perPage, len(h.Rows))] {
		t.Rows = append(t.Rows, []Cell{{Text: r.Service.Name, Href: h.IndexPath(r.Service.Name)}, {Text: indexWords(r.Index)}, {Text: BandWord(r.Index)}, {Text: Count(r.Index.N)}, {Text: whyIndex(r.Index)}})
	}
	return t
}

// whyIndex says what keeps an index from being the sum of its parts, or from being compared.
func whyIndex(i metrics.Index) string {
	switch {
	case i.NotComparable != "":
		return notComparableTo(i)
	case i.N == 0:
		return "no planned deployment"
	case i.Value == nil:
		return "a range: not every part has an input"
	case i.Capped:
		return "held at 40: " + i.CapReason
	default:
		return "—"
	}
}
