package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"shiphabit/metrics"
	"shiphabit/reports"
)

// Reading says what a server reads: the pages print it above every figure.
type Reading struct {
	Place  string   // the repository or organisation
	Says   string   // "Read from 550 tags of example.org/shop."
	Doubts []string // what that leaves unknown
}

// pageRoutes are the addresses for people; their handlers answer in HTML.
func (s *Server) pageRoutes() []route {
	if s.o.Site == nil {
		return nil
	}
	page := func(path, summary string, handle handler) route {
		return route{method: http.MethodGet, path: path, scope: Page, summary: summary, handle: handle}
	}
	answer := page("/assess/:token", "Take the answers of one form", s.takeAnswers)
	answer.method, answer.form = http.MethodPost, true
	return append([]route{
		page("/", "Overview", s.overviewPage),
		page("/services", "Services by name", s.servicesPage),
		page("/services/:service", "One service", s.servicePage),
		page("/gate", "What the gate would say now, and what it said", s.gatePage),
		page("/gate/decisions", "The log of decisions", s.decisionsPage),
		page("/gate/backtest", "What the policies would have done to past promotions", s.backtestPage),
		page("/services/:service/gate", "One service before the gate now", s.standingPage),
		page("/services/:service/record", "One deployment or incident", s.recordPage),
		page("/gate/decisions/:id", "One decision and what it rests on", s.decisionPage),
		page("/explain/:figure", "The rows behind a figure", s.explainPage),
		page("/sources", "What was read", s.sourcesPage),
		page("/sources/:source", "One source, and what it brought", s.sourcePage),
		page("/doctor", "Why a figure is empty, and the step that fills it", s.doctorPage),
		page("/about", "Definitions", s.aboutPage),
		page("/assess/:token", "The five questions", s.formPage),
		answer,
		page("/assessments/:round/evidence/:evidence", "How the level of one piece of evidence is made", s.evidencePage),
	}, s.roundPages()...)
}

// assets serves what the pages are drawn with; like every answer it says what a browser may do with it.
func (s *Server) assets(c *gin.Context) {
	headers(c.Writer.Header(), c.Request.URL.Path)
	s.o.Site.Assets().ServeHTTP(c.Writer, c.Request)
}

// html renders a page.
func (s *Server) html(p reports.Page) (reply, error) {
	var body bytes.Buffer
	err := s.o.Site.Render(&body, p)
	return reply{Body: body.Bytes(), Type: htmlType}, err
}

// errorPage is what people see instead of a problem.
func (s *Server) errorPage(r *http.Request, status int, detail string) ([]byte, error) {
	title := http.StatusText(status)
	if status == http.StatusInternalServerError {
		detail = "Something went wrong here. The log of the server tells what; nothing you did needs to be done again."
	}
	var body bytes.Buffer
	err := s.o.Site.Render(&body, reports.Fault{Frame: reports.Frame{Title: title, Path: r.URL.EscapedPath(), AsOf: s.o.Clock()}, Status: status, Detail: sentence(detail)})
	return body.Bytes(), err
}

// sentence makes an error's words one for people.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// moment is what the handlers of one request share: the facts of all services, and when they are looked at.
type moment struct {
	now      time.Time
	services []metrics.Service
	facts    []metrics.Facts // by name of the service, only those that have any
	first    time.Time
	reading  Reading
}

// look reads what most pages need, as of the instant that the address names, else of now.
func (s *Server) look(r request) (moment, error) {
	ctx, now := r.Context(), s.o.Clock()
	asOf, err := s.instantIn(r, "as_of", s.o.Zone)
	if err != nil {
		return moment{}, err
	}
	m := moment{now: asOf}
	if asOf.After(now) {
		m.now = now
	}
	if m.services, err = s.o.Store.Services(ctx); err != nil {
		return m, err
	}
	if m.facts, err = s.o.Store.AllFacts(ctx); err != nil {
		return m, err
	}
	for _, f := range m.facts {
		if len(f.Rollouts) > 0 && (m.first.IsZero() || f.Rollouts[0].FinishedAt.Before(m.first)) {
			m.first = f.Rollouts[0].FinishedAt
		}
	}
	m.reading, err = s.reading(ctx, m.facts)
	return m, err
}

// reading is what the server was told it reads, or else what the sources say.
func (s *Server) reading(ctx context.Context, facts []metrics.Facts) (Reading, error) {
	if s.o.Reading != nil {
		return s.o.Reading(ctx)
	}
	sources, err := s.o.Store.Sources(ctx)
	if err != nil {
		return Reading{}, err
	}
	names := make([]string, len(sources))
	for i, source := range sources {
		names[i] = source.Name
	}
	told := Reading{Says: "Computed from records that were imported or sent."}
	if len(names) > 0 {
		told.Says = "Read from " + strings.Join(names, ", ") + "."
	}
	if !slices.ContainsFunc(facts, func(f metrics.Facts) bool { return len(f.Incidents) > 0 }) {
		told.Doubts = append(told.Doubts, "No incident is recorded, so failures are only those visible in deployments and commits.")
	}
	return told, nil
}

// span is the shortest of three windows in which enough was deployed for a figure, so that a plain address shows something
// also where releases are rare. Other windows are a link away.
func (m moment) span() string {
	for _, w := range []struct {
		name string
		days int
	}{{"90d", 90}, {"1y", 365}} {
		n, from := 0, m.now.AddDate(0, 0, -w.days)
		for _, f := range m.facts {
			for _, r := range f.Rollouts {
				if r.EnvironmentKind == metrics.Production && r.Counts() && r.FinishedAt.After(from) && r.FinishedAt.Before(m.now) {
					n++
				}
			}
		}
		if n >= metrics.DORA().Floor || m.first.IsZero() || m.first.After(from) {
			return w.name
		}
	}
	return "all"
}

// of is the facts of one service.
func (m moment) of(service string) metrics.Facts {
	for _, f := range m.facts {
		if f.Service == service {
			return f
		}
	}
	return metrics.Facts{Service: service}
}

func editionNames() []string {
	var names []string
	for _, e := range metrics.Editions() {
		names = append(names, e.Name)
	}
	return names
}

// frame is the common part of a page at this request's address.
func (s *Server) frame(r request, m moment, title, nav string) reports.Frame {
	editions := editionNames()
	view := reports.ParseView(r.URL.Query(), reports.Horizon{Now: m.now, Zone: s.o.Zone, First: m.first, Default: m.span()}, editions)
	return reports.Frame{
		Title: title, Path: r.URL.EscapedPath(), Nav: nav, View: view, Editions: editions, Place: m.reading.Place,
		Origin: m.reading.Says, Doubts: m.reading.Doubts, AsOf: m.now,
	}
}

// query asks for the figures of a frame's window.
func (s *Server) query(f reports.Frame, slice string) metrics.Query {
	return metrics.Query{Slice: slice, Window: f.View.Window, AsOf: f.AsOf, Zone: s.o.Zone, Kind: metrics.Production, Definition: s.o.Definition}
}

// A bucket of a rate should hold about so many deployments: below five there is no value at all.
const rolloutsPerRate = 8

// course measures the window bucket by bucket, rates in buckets that are wide enough to have one.
func (s *Server) course(facts []metrics.Facts, q metrics.Query, rollouts int) (reports.Course, error) {
	c := reports.Course{Size: "week"}
	days := q.Window.Days()
	switch perWeek := float64(rollouts) / (days / 7); {
	case days <= 31:
		c.Size = "day"
	case days > 400 || days > 180 && perWeek < 1:
		c.Size = "month"
	}
	var err error
	if c.Points, err = metrics.Series(facts, q, c.Size); err != nil {
		return c, err
	}
	c.RateSize = rateSize(days, rollouts)
	switch c.RateSize {
	case c.Size:
		c.Rates = c.Points
	case "quarter", "year":
		c.Rates, err = s.wide(facts, q, c.RateSize)
	default:
		c.Rates, err = metrics.Series(facts, q, c.RateSize)
	}
	return c, err
}

// rateSize is the narrowest bucket that holds enough deployments on average and of which the window has more than two.
func rateSize(days float64, rollouts int) string {
	size := "week"
	for _, b := range []struct {
		name string
		days float64
	}{{"week", 7}, {"month", 30.4}, {"quarter", 91.3}, {"year", 365.25}} {
		if days < 2*b.days {
			return size
		}
		size = b.name
		if float64(rollouts)*b.days >= rolloutsPerRate*days && days/b.days <= 60 {
			return size
		}
	}
	return size
}

// wide measures quarters or years of the calendar, each as any window is measured.
func (s *Server) wide(facts []metrics.Facts, q metrics.Query, size string) ([]metrics.Point, error) {
	months, err := metrics.Buckets(q.Window, q.AsOf, q.Zone, "month", q.Definition.WeekStart)
	if err != nil {
		return nil, err
	}
	whole, name := 12, func(t time.Time) string { return strconv.Itoa(t.Year()) }
	if size == "quarter" {
		whole, name = 3, func(t time.Time) string { return fmt.Sprintf("%d-Q%d", t.Year(), (int(t.Month())+2)/3) }
	}
	var points []metrics.Point
	for _, month := range months {
		from := month.From.In(q.Zone)
		label := name(from)
		if len(points) == 0 || points[len(points)-1].Label != label {
			points = append(points, metrics.Point{Bucket: metrics.Bucket{Window: month.Window, Label: label, Partial: (int(from.Month())-1)%whole != 0}})
		}
		last := &points[len(points)-1]
		last.To, last.Partial = month.To, last.Partial || month.Partial
	}
	if n := len(points); n > 0 {
		end := points[n-1].To.Add(-time.Nanosecond).In(q.Zone)
		points[n-1].Partial = points[n-1].Partial || int(end.Month())%whole != 0
	}
	for i := range points {
		part := q
		part.Window = points[i].Window
		points[i].Scorecard = metrics.MeasureAll(facts, part)
	}
	return points, nil
}

// moves compares with the window before, as far as records go back that far.
func (s *Server) moves(m moment, facts []metrics.Facts, q metrics.Query) []metrics.Move {
	if m.first.IsZero() || !q.Earlier().Window.To.After(m.first) {
		return nil
	}
	return metrics.Moves(facts, q)
}

// param1 is a query parameter that may stand once.
func param1(q url.Values, name string) string { return strings.TrimSpace(q.Get(name)) }
