package reports

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"shiphabit/metrics"
)

// View is the state of a page that lives in its address: which window, and which edition names the levels.
type View struct {
	Span     string // one of Spans
	From, To string // days, for the span "custom"
	Edition  string
	// AsOf is the day or instant up to which records are counted, as the address names it; empty for now.
	AsOf string
	// Default is the span of a plain address: it need not be said in links.
	Default string
	Window  metrics.Window
	// Fault tells what in the address could not be read; the page then shows the default window and says so.
	Fault string
}

// Spans are the windows a page offers, the first of them unless the address names another.
func Spans() []string { return []string{"90d", "30d", "12w", "1y", "all", "custom"} }

var spanWords = map[string]string{"30d": "30 days", "90d": "90 days", "12w": "12 weeks", "1y": "1 year", "all": "All time", "custom": "Custom"}

var spanDays = map[string]int{"30d": 30, "90d": 90, "12w": 84, "1y": 365}

// Horizon is what a view's windows are cut from: the instant of asking, the zone of days, and the first record known.
type Horizon struct {
	Now   time.Time
	Zone  *time.Location
	First time.Time
	// Default is the span where the address names none; "90d" when empty.
	Default string
}

// ParseView reads a view from an address. It never fails: what cannot be read is told in Fault.
func ParseView(q url.Values, h Horizon, editions []string) View {
	v := View{Span: q.Get("window"), From: q.Get("from"), To: q.Get("to"), Edition: q.Get("edition"), AsOf: q.Get("as_of"), Default: h.Default}
	if v.Default == "" {
		v.Default = Spans()[0]
	}
	if v.Edition == "" || !slices.Contains(editions, v.Edition) {
		if v.Edition != "" {
			v.Fault = fmt.Sprintf("There is no edition %q; the newest is used.", v.Edition)
		}
		v.Edition = ""
		if len(editions) > 0 {
			v.Edition = editions[len(editions)-1]
		}
	}
	if v.Span == "" {
		v.Span = v.Default
		if v.From != "" || v.To != "" {
			v.Span = "custom"
		}
	}
	if err := v.resolve(h); err != nil {
		v.Fault = err.Error()
		v.Span, v.From, v.To = v.Default, "", ""
		_ = v.resolve(h) // the default span always resolves
	}
	return v
}

// resolve turns the words into instants. Windows of days begin at midnight of the zone and end now.
func (v *View) resolve(h Horizon) error {
	now := h.Now.In(h.Zone)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, h.Zone)
	if days, ok := spanDays[v.Span]; ok {
		v.Window = metrics.Window{From: midnight.AddDate(0, 0, 1-days), To: now}
		return nil
	}
	switch v.Span {
	case "all":
		first := midnight.AddDate(0, 0, -89)
		if !h.First.IsZero() && h.First.Before(now) {
			f := h.First.In(h.Zone)
			first = time.Date(f.Year(), f.Month(), f.Day(), 0, 0, 0, 0, h.Zone)
		}
		v.Window = metrics.Window{From: first, To: now}
	case "custom":
		return v.custom(h.Zone, midnight)
	default:
		return fmt.Errorf("there is no window %q: choose 30d, 90d, 12w, 1y, all, or custom with from and to", v.Span)
	}
	return nil
}

// custom reads two days; the last one belongs to the window.
func (v *View) custom(zone *time.Location, today time.Time) error {
	if v.To == "" {
		v.To = today.Format(time.DateOnly)
	}
	if v.From == "" {
		v.From = today.AddDate(0, 0, -89).Format(time.DateOnly)
	}
	from, err := time.ParseInLocation(time.DateOnly, v.From, zone)
	if err != nil {
		return fmt.Errorf("the first day %q is no date like 2026-03-01", v.From)
	}
	to, err := time.ParseInLocation(time.DateOnly, v.To, zone)
	if err != nil {
		return fmt.Errorf("the last day %q is no date like 2026-03-31", v.To)
	}
	if to.Before(from) {
		return fmt.Errorf("the last day %s lies before the first day %s", v.To, v.From)
	}
	v.Window = metrics.Window{From: from, To: to.AddDate(0, 0, 1)}
	return nil
}

// values holds what differs from the default, so that plain addresses stay short.
func (v View) values() url.Values {
	q := url.Values{}
	if v.Span == "custom" {
		q.Set("from", v.From)
		q.Set("to", v.To)
	}
	if v.Span != "" && v.Span != v.Default && (v.Default != "" || v.Span != Spans()[0]) {
		q.Set("window", v.Span)
	}
	if v.AsOf != "" {
		q.Set("as_of", v.AsOf)
	}
	return q
}

// Link keeps the view on the way to another page; pairs are further query parameters.
func (v View) Link(path string, editions []string, pairs ...string) string {
	q := v.values()
	if len(editions) > 0 && v.Edition != editions[len(editions)-1] {
		q.Set("edition", v.Edition)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// Now is the same view without the earlier instant.
func (v View) Now() View {
	v.AsOf = ""
	return v
}

// Words say the window in a sentence: "1 Mar to 29 May 2026".
func (v View) Words() string {
	last := v.Window.To.Add(-time.Nanosecond)
	if v.Window.From.Year() == last.Year() {
		return v.Window.From.Format("2 Jan") + " to " + last.Format("2 Jan 2006")
	}
	return v.Window.From.Format("2 Jan 2006") + " to " + last.Format("2 Jan 2006")
}
