package reports

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
)

// Design is the page that shows every token and every component, each drawn by the template that the pages use.
type Design struct {
	Frame
	// CSRF is the token of the forms shown; sending one stores nothing.
	CSRF      string
	Tokens    []Token
	Contrasts Table
	Groups    []DesignGroup
	charts    []Chart
}

// DesignGroup are components that serve the same end.
type DesignGroup struct {
	ID, Title string
	List      []Component
}

// Component is a template of the parts with examples of its states.
type Component struct {
	Template, Title, Says string
	States                []ComponentState
	// Around is the element that the pages put around it: "charts", "sources", "row" or none.
	Around string
}

// ComponentState is one state of a component: what it is, and the value that the template is given.
type ComponentState struct {
	Word string
	Data any
}

func (Design) template() string { return "design" }

// Charts are those among the examples, for their pictures.
func (d Design) Charts() []Chart { return d.charts }

// Of are the tokens shown in one way.
func (d Design) Of(is string) []Token {
	var out []Token
	for _, t := range d.Tokens {
		if t.Is == is {
			out = append(out, t)
		}
	}
	return out
}

// Family is a font token's value as an attribute of a picture takes it.
func (t Token) Family() string { return strings.ReplaceAll(t.Light, `"`, "'") }

// Design lays the page out from the style sheet and from made-up records.
func (s *Site) Design(f Frame, csrf string) Design {
	f.JSON = NoJSON
	css := s.assets.byName["page.css"].plain
	d := Design{Frame: f, CSRF: csrf, Tokens: tokensOf(css), Contrasts: contrasts(css)}
	made := newSample(f)
	d.charts = made.charts()
	d.Groups = made.groups(csrf, d.charts)
	return d
}

// component draws an example by the template of its name.
func (s *Site) component(name string, data any) (template.HTML, error) {
	page, err := s.page(Design{}.template())
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := page.ExecuteTemplate(&out, name, data); err != nil {
		return "", fmt.Errorf("component %s: %w", name, err)
	}
	return template.HTML(out.String()), nil //nolint:gosec // a template of ours has escaped it
}
