package reports

// Pager leads through the pages of a list; one without steps is not shown.
type Pager struct {
	Of    string
	Steps []PagerStep
}

// PagerStep is a link to another page, or where one is now.
type PagerStep struct{ Word, Href, Rel string }

// numbered leads through pages that are counted from one.
func numbered(of string, page, pages int, to func(page int) string) Pager {
	p := Pager{Of: of}
	if pages < 2 {
		return p
	}
	if page > 1 {
		p.Steps = append(p.Steps, PagerStep{"Previous", to(page - 1), "prev"})
	}
	p.Steps = append(p.Steps, PagerStep{Word: "Page " + Count(page) + " of " + Count(pages)})
	if page < pages {
		p.Steps = append(p.Steps, PagerStep{"Next", to(page + 1), "next"})
	}
	return p
}

// Pager leads through the rows counted.
func (e Explain) Pager() Pager { return numbered("rows", e.Page, e.Pages, e.To) }

// Pager leads through the records counted.
func (e Evidence) Pager() Pager { return numbered("records", e.Page, e.Pages, e.To) }

// Pager leads through the services; how many pages there are is not known beforehand.
func (s Services) Pager() Pager {
	p := Pager{Of: "services"}
	if s.Page > 1 {
		p.Steps = append(p.Steps, PagerStep{"Previous", s.To(s.Page - 1), "prev"})
	}
	if s.More {
		p.Steps = append(p.Steps, PagerStep{"Next", s.To(s.Page + 1), "next"})
	}
	return p
}

// Pager leads through the log, which is read from a cursor on.
func (d Decisions) Pager() Pager {
	p := Pager{Of: "decisions"}
	if !d.First {
		p.Steps = append(p.Steps, PagerStep{Word: "Newest", Href: d.To("")})
	}
	if d.Next != "" {
		p.Steps = append(p.Steps, PagerStep{"Older", d.To(d.Next), "next"})
	}
	return p
}
