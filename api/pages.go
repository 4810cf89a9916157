package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
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
	dispute := page("/services/:service/record", "Say what is wrong with a record, or withdraw that", s.takeDispute)
	dispute.method, dispute.form, dispute.needs = http.MethodPost, true, Admin
	withdraw := page("/corrections", "Withdraw a correction", s.takeWithdrawal)
	withdraw.method, withdraw.form, withdraw.needs = http.MethodPost, true, Admin
	// The forms among the examples are real ones: what they send is checked like any other form, and stored nowhere.
	sent := page(reports.DesignPath, "Take a form of the examples", s.designPage)
	sent.method, sent.form = http.MethodPost, true
	return append([]route{
		page("/", "Overview", s.overviewPage),
		page("/services", "Services by name", s.servicesPage),
		page("/services/:service", "One service", s.servicePage),
		page("/teams", "Teams by name", s.teamsPage),
		page("/teams/:team", "One team", s.teamPage),
		page("/gate", "What the gate would say now, and what it said", s.gatePage),
		page("/gate/decisions", "The log of decisions", s.decisionsPage),
		page("/gate/backtest", "What the policies would have done to past promotions", s.backtestPage),
		page("/services/:service/gate", "One service before the gate now", s.standingPage),
		page("/services/:service/record", "One deployment or incident", s.recordPage),
		dispute,
		page("/corrections", "What people stated about records", s.correctionsPage),
		withdraw,
		page("/gate/decisions/:id", "One decision and what it rests on", s.decisionPage),
		page("/explain/index", "How the event-versus-habit index is made", s.indexPage),
		page("/explain/:figure", "The rows behind a figure", s.explainPage),
		page("/reports", "What reports there are", s.reportsPage),
		page("/reports/leadership", "The report on the organisation; with format, as a file", s.reportPage(forLeadership)),
		page("/reports/teams/:team", "The report on one team; with format, as a file", s.reportPage(forTeam)),
		page("/reports/services/:service", "The report on one service; with format, as a file", s.reportPage(forService)),
		page("/sources", "What was read", s.sourcesPage),
		page("/sources/:source", "One source, and what it brought", s.sourcePage),
		page("/doctor", "Why a figure is empty, and the step that fills it", s.doctorPage),
		page("/about", "Definitions", s.aboutPage),
		page(reports.DesignPath, "Every token and component of the pages", s.designPage),
		sent,
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
	switch status {
	case http.StatusConflict:
		title = answers[Conflict].title
	case http.StatusForbidden:
		title = answers[Forbidden].title
	}
	switch {
	case status == http.StatusInternalServerError && detail != answers[Internal].title: // it is known what, and people are needed
		title = answers[Damaged].title
	case status == http.StatusInternalServerError:
		detail = "Something went wrong here. The log of the server tells what; nothing you did needs to be done again."
	}
	fault := reports.Fault{Frame: reports.Frame{Title: title, Path: r.URL.EscapedPath(), AsOf: s.o.Clock(), JSON: reports.NoJSON}, Status: status, Detail: sentence(detail)}
	if status == http.StatusBadRequest && r.Method == http.MethodGet && r.URL.RawQuery != "" {
		fault.Anew = fault.Path
	}
	var body bytes.Buffer
	err := s.o.Site.Render(&body, fault)
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

// moment is what the handlers of one request share: which services there are, and when they are looked at.
type moment struct {
	now      time.Time
	services []metrics.Service
	first    time.Time // when the first day of records began
	past     bool      // it is an earlier moment than now
	reading  Reading
}

// look reads what most pages need, as of the instant that the address names, else of now.
func (s *Server) look(r request) (moment, error) {
	if !r.URL.Query().Has("as_of") {
		return s.lookAt(r.Context(), time.Time{})
	}
	asOf, err := s.instantIn(r, "as_of", s.o.Zone)
	if err != nil {
		return moment{}, err
	}
	return s.lookAt(r.Context(), asOf)
}

// lookAt reads it as of an instant, of now when that is zero or to come.
func (s *Server) lookAt(ctx context.Context, asOf time.Time) (moment, error) {
	now := s.o.Clock()
	m := moment{now: earlierOf(asOf, now)}
	m.past = m.now.Before(now)
	var err error
	if m.services, err = s.o.Store.Services(ctx); err != nil {
		return m, err
	}
	if m.first, err = s.o.Store.FirstDay(ctx); err != nil {
		return m, err
	}
	m.reading, err = s.reading(ctx)
	return m, err
}

// reading is what the server was told it reads, or else what the sources say.
func (s *Server) reading(ctx context.Context) (Reading, error) {
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
	return told, nil
}

// noIncident is what the lack of any incident leaves unknown; empty when one is known.
func (s *Server) noIncident(t metrics.Tally) []string {
	if s.o.Reading != nil || !t.FirstIncident.IsZero() {
		return nil
	}
	return []string{"No incident is recorded, so failures are only those visible in deployments and commits."}
}

// tallier answers with the tallies of windows that follow one another, of whatever a page is about.
type tallier func(q metrics.Query, windows ...metrics.Window) ([]metrics.Tally, error)

// tallies are those of services, of all when none are named.
func (s *Server) tallies(ctx context.Context, services ...string) tallier {
	return func(q metrics.Query, windows ...metrics.Window) ([]metrics.Tally, error) {
		return s.o.Store.Tallies(ctx, services, q, windows)
	}
}

// span is the shortest of three windows in which enough was deployed for a figure, so that a plain address shows something
// also where releases are rare. Other windows are a link away.
func (s *Server) span(m moment, of tallier) (string, error) {
	now := m.now.In(s.o.Zone)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, s.o.Zone)
	for _, w := range []struct {
		name string
		days int
	}{{"90d", 90}, {"1y", 365}} {
		window := metrics.Window{From: midnight.AddDate(0, 0, 1-w.days), To: m.now}
		if m.first.IsZero() || m.first.After(window.From) {
			return w.name, nil
		}
		tallies, err := of(metrics.Query{Window: window, AsOf: m.now, Zone: s.o.Zone, Kind: metrics.Production, Definition: s.o.Definition}, window)
		if err != nil {
			return "", err
		}
		if tallies[0].Rollouts >= metrics.DORA().Floor {
			return w.name, nil
		}
	}
	return "all", nil
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
	return s.framed(r, m, title, nav, "90d")
}

// figuresFrame is the frame of a page of figures: a plain address of it shows a window with something in it.
func (s *Server) figuresFrame(r request, m moment, of tallier, title, nav string) (reports.Frame, error) {
	span, err := s.span(m, of)
	f := s.framed(r, m, title, nav, span)
	f.Windowed, f.Levelled = true, true
	return f, err
}

func (s *Server) framed(r request, m moment, title, nav, span string) reports.Frame {
	editions := editionNames()
	view := reports.ParseView(r.URL.Query(), reports.Horizon{Now: m.now, Zone: s.o.Zone, First: m.first, Default: span}, editions)
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
func (s *Server) course(of tallier, q metrics.Query, rollouts int) (reports.Course, error) {
	c := reports.Course{Size: "week"}
	days := q.Window.Days()
	switch perWeek := float64(rollouts) / (days / 7); {
	case days <= 31:
		c.Size = "day"
	case days > 400 || days > 180 && perWeek < 1:
		c.Size = "month"
	}
	var err error
	if c.Points, err = series(of, q, c.Size); err != nil {
		return c, err
	}
	if c.RateSize = rateSize(days, rollouts); c.RateSize == c.Size {
		c.Rates = c.Points
		return c, nil
	}
	c.Rates, err = series(of, q, c.RateSize)
	return c, err
}

// series measures the window of a query by days, weeks, months, quarters or years.
func series(of tallier, q metrics.Query, size string) ([]metrics.Point, error) {
	fine := size
	if size == "quarter" || size == "year" {
		fine = "month"
	}
	buckets, err := metrics.Buckets(q.Window, q.AsOf, q.Zone, fine, q.Definition.WeekStart)
	if err != nil {
		return nil, err
	}
	if fine != size {
		buckets = wide(buckets, q.Zone, size)
	}
	tallies, err := of(q, metrics.WindowsOf(buckets)...)
	if err != nil {
		return nil, err
	}
	return metrics.Points(buckets, tallies, q), nil
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

// wide makes quarters or years of the calendar out of months.
func wide(months []metrics.Bucket, zone *time.Location, size string) []metrics.Bucket {
	whole, name := 12, func(t time.Time) string { return strconv.Itoa(t.Year()) }
	if size == "quarter" {
		whole, name = 3, func(t time.Time) string { return fmt.Sprintf("%d-Q%d", t.Year(), (int(t.Month())+2)/3) }
	}
	var out []metrics.Bucket
	for _, month := range months {
		from := month.From.In(zone)
		label := name(from)
		if len(out) == 0 || out[len(out)-1].Label != label {
			out = append(out, metrics.Bucket{Window: month.Window, Label: label, Partial: (int(from.Month())-1)%whole != 0})
		}
		last := &out[len(out)-1]
		last.To, last.Partial = month.To, last.Partial || month.Partial
	}
	if n := len(out); n > 0 {
		end := out[n-1].To.Add(-time.Nanosecond).In(zone)
		out[n-1].Partial = out[n-1].Partial || int(end.Month())%whole != 0
	}
	return out
}

// measured is a window's scorecard and its tally, and what moved against the window before.
func (s *Server) measured(m moment, of tallier, q metrics.Query) (metrics.Scorecard, metrics.Tally, []metrics.Move, error) {
	return measuredBeside(m, of, q, q.Earlier())
}

// measuredBeside measures a window, and sets it beside an earlier one as far as records go back: days before the first record are no days
// without a deployment. There are no moves where nothing of the earlier one is on record. Pages, reports and digests all compare by it.
func measuredBeside(m moment, of tallier, q, earlier metrics.Query) (metrics.Scorecard, metrics.Tally, []metrics.Move, error) {
	if earlier.Window.From.Before(m.first) {
		earlier.Window.From = m.first
	}
	if m.first.IsZero() || !earlier.Window.From.Before(earlier.Window.To) {
		tallies, err := of(q, q.Window)
		if err != nil {
			return metrics.Scorecard{}, metrics.Tally{}, nil, err
		}
		return metrics.Measure(tallies[0], q), tallies[0], nil, nil
	}
	tallies, err := of(q, earlier.Window, q.Window)
	if err != nil {
		return metrics.Scorecard{}, metrics.Tally{}, nil, err
	}
	return metrics.Measure(tallies[1], q), tallies[1], metrics.Compare(tallies[0], earlier, tallies[1], q), nil
}

// ofService is the moment for one service, which is on record from its own first deployment to production on.
func (m moment) ofService(f metrics.Facts, zone *time.Location) moment {
	for i := range f.Rollouts {
		if r := &f.Rollouts[i]; r.EnvironmentKind == metrics.Production {
			if own := metrics.DayWindow(metrics.DayNumber(r.FinishedAt, zone), zone).From; own.After(m.first) {
				m.first = own
			}
			break
		}
	}
	return m
}

// ofTeam is the moment for a team, which is on record from the first day of its services on. Without services it is that of all.
func (s *Server) ofTeam(ctx context.Context, m moment, services []string) (moment, error) {
	first, err := s.o.Store.FirstDay(ctx, services...)
	if err == nil && first.After(m.first) {
		m.first = first
	}
	return m, err
}

// param1 is a query parameter that may stand once.
func param1(q url.Values, name string) string { return strings.TrimSpace(q.Get(name)) }
