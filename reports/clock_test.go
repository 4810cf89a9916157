package reports

import (
	"testing"
	"time"
)

func TestTheInstantsOfASentenceAreToldInTheZoneOfTheOrganisation(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	c := ClockOf(vienna)
	for said, want := range map[string]string{
		"holds until 2026-10-22 22:30 UTC (<cutover>).": `holds until <time datetime="2026-10-22T22:30:00Z">23 Oct 2026 00:30</time> (&lt;cutover&gt;).`,
		"from 2 Jan 2026 15:04 UTC":                     `from <time datetime="2026-01-02T15:04:00Z">2 Jan 2026 16:04</time>`,
		"2026-02-31 10:00 UTC is no time":               "2026-02-31 10:00 UTC is no time",
		"v2026-10-22 and 22:30 UTC stay":                "v2026-10-22 and 22:30 UTC stay",
	} {
		if got := string(c.Told(said)); got != want {
			t.Errorf("%q is told as %q, not %q", said, got, want)
		}
		if got := string(Clock{}.Told("2026-10-22 22:30 UTC")); got != "2026-10-22 22:30 UTC" {
			t.Errorf("without a zone it becomes %q", got)
		}
	}
	at := time.Date(2026, 7, 1, 22, 0, 5, 0, time.UTC)
	if got := string(c.Second(at)); got != `<time datetime="2026-07-01T22:00:05Z">2 Jul 2026 00:00:05</time>` {
		t.Error(got)
	}
	if got := string(Clock{}.Moment(at)); got != `<time datetime="2026-07-01T22:00:05Z">1 Jul 2026 22:00 UTC</time>` {
		t.Error(got)
	}
	if c.Row(at) != "2026-07-02 00:00" || c.Day(at) != "2026-07-02" || c.Names() != "Times in Europe/Vienna" || (Clock{}).Names() != "" {
		t.Error(c.Row(at), c.Day(at), c.Names())
	}
}
