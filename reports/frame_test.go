package reports

import (
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestTheNumbersOfAPageAreALinkForPrograms(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	view := View{Window: metrics.Window{From: at, To: at.AddDate(0, 1, 0)}}
	const window = "as_of=2026-04-02T00%3A00%3A00Z&from=2026-03-01T00%3A00%3A00Z"
	for says, c := range map[string]struct {
		frame Frame
		want  string
	}{
		"the overview":        {Frame{Path: "/", View: view, AsOf: at.AddDate(0, 1, 1)}, "/api/v1/metrics?" + window + "&to=2026-04-01T00%3A00%3A00Z"},
		"a service":           {Frame{Path: "/services/shop%2Fweb", View: view, AsOf: at.AddDate(0, 1, 1)}, "/api/v1/metrics?" + window + "&service=shop%2Fweb&to=2026-04-01T00%3A00%3A00Z"},
		"a figure":            {Frame{Path: "/explain/change_lead_time", Extra: []string{"service", "api"}}, "/api/v1/explain/change_lead_time?service=api"},
		"a page of no window": {Frame{Path: "/about"}, "/api/v1/metrics"},
	} {
		if got := c.frame.AsJSON(); got != c.want {
			t.Errorf("%s: %s, want %s", says, got, c.want)
		}
	}
}
