package reports

import (
	"net/url"
	"strings"
	"time"
)

// Frame is what every page has in common.
type Frame struct {
	Title string
	// Path is the page's own address without its query; Nav names the entry of the navigation it belongs to.
	Path, Nav string
	// Lead is the sentence below the title.
	Lead     string
	View     View
	Windowed bool // the page depends on the window and offers others
	Levelled bool // the page names levels and offers other editions
	Editions []string
	// Extra are query parameters of the page's own, as pairs, kept when the window changes.
	Extra []string
	// Origin says in a sentence what was read, Doubts what that leaves unknown.
	Origin string
	Doubts []string
	// Place names the repository or organisation shown.
	Place string
	AsOf  time.Time
	// Clock says the times of the page; the page names its zone once. The zero value says each in UTC.
	Clock Clock
	// AssessPath leads to the form of the open round; empty when none is open here.
	AssessPath string
	// JSON is the address of the same for programs where it is not that of the figures, NoJSON where the page shows no numbers.
	JSON string
	// ResultPath leads to the latest result of an assessment; empty when there is none.
	ResultPath string
}

func (f Frame) frame() Frame { return f }

// Link keeps the window and edition on the way to another page.
func (f Frame) Link(path string, pairs ...string) string {
	return f.View.Link(path, f.Editions, pairs...)
}

// Current is the address of the same page as of now.
func (f Frame) Current() string { return f.View.Now().Link(f.Path, f.Editions, f.Extra...) }

// NoJSON stands for the address of a page that shows no numbers of the records.
const NoJSON = "none"

// AsJSON is the address of the same numbers for programs: of the same window, moment, service and figure; empty where there are none.
func (f Frame) AsJSON() string {
	if f.JSON == NoJSON {
		return ""
	}
	if of, elsewhere := otherJSON[f.Nav]; elsewhere {
		return of
	}
	if f.JSON != "" {
		return f.JSON
	}
	path, q := "/api/v1/metrics", url.Values{}
	if rest, found := strings.CutPrefix(f.Path, "/explain/"); found {
		path = "/api/v1/explain/" + rest
	}
	if rest, found := strings.CutPrefix(f.Path, "/services/"); found {
		if name, err := url.PathUnescape(rest); err == nil {
			q.Set("service", name)
		}
	}
	if rest, found := strings.CutPrefix(f.Path, "/teams/"); found {
		if name, err := url.PathUnescape(rest); err == nil {
			q.Set("team", name)
		}
	}
	for i := 0; i+1 < len(f.Extra); i += 2 {
		if of := f.Extra[i]; (of == "service" || of == "team") && f.Extra[i+1] != "" {
			q.Set(of, f.Extra[i+1])
		}
	}
	if w := f.View.Window; !w.From.IsZero() {
		q.Set("from", w.From.Format(time.RFC3339Nano))
		q.Set("to", w.To.Format(time.RFC3339Nano))
		q.Set("as_of", f.AsOf.Format(time.RFC3339Nano))
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// otherJSON are the addresses for programs of pages that show no figure, by their entry of the navigation.
var otherJSON = map[string]string{"sources": "/api/v1/sources", "doctor": "/api/v1/doctor"}

// Choice is one of several views that a page offers.
type Choice struct {
	Word, Href string
	Current    bool
}

// Windows are the links to the same page over another span.
func (f Frame) Windows() []Choice {
	var out []Choice
	for _, span := range []string{"30d", "90d", "12w", "1y", "all"} {
		v := f.View
		v.Span, v.From, v.To = span, "", ""
		out = append(out, Choice{Word: spanWords[span], Href: v.Link(f.Path, f.Editions, f.Extra...), Current: f.View.Span == span})
	}
	return out
}

// EditionChoices are the links to the same page with levels of another edition.
func (f Frame) EditionChoices() []Choice {
	var out []Choice
	for _, e := range f.Editions {
		v := f.View
		v.Edition = e
		out = append(out, Choice{Word: e, Href: v.Link(f.Path, f.Editions, f.Extra...), Current: f.View.Edition == e})
	}
	return out
}

// Kept are the query parameters that the form of the custom window must carry along.
func (f Frame) Kept() [][2]string {
	var out [][2]string
	if n := len(f.Editions); n > 0 && f.View.Edition != f.Editions[n-1] {
		out = append(out, [2]string{"edition", f.View.Edition})
	}
	for i := 0; i+1 < len(f.Extra); i += 2 {
		out = append(out, [2]string{f.Extra[i], f.Extra[i+1]})
	}
	return out
}

// Day words an instant as the value of a date field.
func (f Frame) Day(t time.Time) string { return t.Format(time.DateOnly) }

// LastDay is the last day that the window holds.
func (f Frame) LastDay() string { return f.View.Window.To.Add(-time.Nanosecond).Format(time.DateOnly) }
