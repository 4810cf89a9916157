package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"shiphabit/reports"
)

// pictureHeader is what a browser may do with a picture: show it, in its own colours.
var pictureHeader = http.Header{
	"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"},
	"Cache-Control":           {"private, max-age=60"},
}

// charted is a page that draws charts.
type charted interface {
	reports.Page
	Charts() []reports.Chart
}

// charted renders a page, or the one chart of it that the address asks for as a picture: ?chart=ID, with theme and width. So a link to a
// picture means the same view as the link to its page.
func (s *Server) charted(r request, p charted) (reply, error) {
	q := r.URL.Query()
	if !q.Has("chart") {
		return s.html(p)
	}
	theme, width, err := looks(q)
	if err != nil {
		return reply{}, err
	}
	var ids []string
	for _, c := range p.Charts() {
		if c.ID == q.Get("chart") {
			return s.chartPicture(r.Context(), c, theme, width)
		}
		ids = append(ids, c.ID)
	}
	return reply{}, fail(NotFound, fmt.Sprintf("there is no chart %q on this page; there are: %s", shorten(q.Get("chart")), strings.Join(ids, ", ")))
}

// looks reads the theme and the width of a picture; 0 is the chart's own.
func looks(q url.Values) (reports.Theme, int, error) {
	theme, err := reports.ParseTheme(q.Get("theme"))
	if err != nil {
		return theme, 0, fail(Invalid, err.Error())
	}
	if !q.Has("width") {
		return theme, 0, nil
	}
	width, err := strconv.Atoi(q.Get("width"))
	if err != nil || width < reports.LeastWidth || width > reports.MostWidth {
		return theme, 0, fail(Invalid, fmt.Sprintf("width is a number of pixels from %d to %d", reports.LeastWidth, reports.MostWidth))
	}
	return theme, width, nil
}

func (s *Server) chartPicture(ctx context.Context, c reports.Chart, theme reports.Theme, width int) (reply, error) {
	if width == 0 {
		width = c.Width()
	}
	svg, err := s.o.Site.SVG(ctx, c, theme, width, c.Height())
	switch {
	case errors.Is(err, reports.ErrNoLibrary):
		return reply{}, fail(NotFound, err.Error())
	case errors.Is(err, reports.ErrTooLong):
		return reply{}, fail(Unavailable, err.Error())
	}
	return reply{Body: svg, Type: "image/svg+xml", Header: pictureHeader}, err
}
