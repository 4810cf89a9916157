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

func TestAnInstantThatASentenceSaysTwiceIsToldOnceInTheZoneOfThePage(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	const end, later = `<time datetime="2026-11-30T07:00:00Z">30 Nov 2026 08:00</time>`, `<time datetime="2026-10-25T01:30:00Z">25 Oct 2026 02:30 CET</time>`
	c := ClockOf(berlin)
	for said, want := range map[string]string{
		"nothing goes out until 2026-11-30 08:00 Europe/Berlin (fair).":           "nothing goes out until " + end + " (fair).",
		"holds until 2026-11-30 07:00 UTC, 2026-11-30 08:00 Europe/Berlin.":       "holds until " + end + ".",
		"ends at 2026-11-30 07:00 UTC (2026-11-30 08:00 Europe/Berlin)":           "ends at " + end,
		"holds until 2026-11-30 07:00 UTC, 2026-11-30 16:00 Asia/Tokyo.":          "holds until " + end + ", 2026-11-30 16:00 Asia/Tokyo.",
		"from 2026-11-30 07:00 UTC, and until 2026-11-30 07:00 UTC":               "from " + end + ", and until " + end,
		"the hour shown twice, 2026-10-25 02:30 Europe/Berlin, is left as it was": "the hour shown twice, 2026-10-25 02:30 Europe/Berlin, is left as it was",
		"until 2026-10-25 01:30 UTC, 2026-10-25 02:30 Europe/Berlin.":             "until " + later + ".",
	} {
		if got := string(c.Told(said)); got != want {
			t.Errorf("%q is told as %q, not %q", said, got, want)
		}
	}
}

func TestTheHourThatAClockShowsTwiceIsToldWithItsZone(t *testing.T) {
	t.Parallel()
	for zone, times := range map[string]map[string]string{
		"Europe/Berlin": {
			"2026-10-24T23:59:00Z": "2026-10-25 01:59", "2026-10-25T00:00:00Z": "2026-10-25 02:00 CEST", "2026-10-25T00:59:00Z": "2026-10-25 02:59 CEST",
			"2026-10-25T01:00:00Z": "2026-10-25 02:00 CET", "2026-10-25T01:59:00Z": "2026-10-25 02:59 CET", "2026-10-25T02:00:00Z": "2026-10-25 03:00",
			"2026-03-29T00:59:00Z": "2026-03-29 01:59", "2026-03-29T01:00:00Z": "2026-03-29 03:00",
		},
		"Australia/Lord_Howe": {"2026-04-04T14:29:00Z": "2026-04-05 01:29", "2026-04-04T14:30:00Z": "2026-04-05 01:30 +11", "2026-04-04T15:29:00Z": "2026-04-05 01:59 +1030", "2026-04-04T15:30:00Z": "2026-04-05 02:00"},
		"Asia/Tokyo":          {"2026-10-25T00:30:00Z": "2026-10-25 09:30"},
	} {
		at, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for instant, want := range times {
			moment, err := time.Parse(time.RFC3339, instant)
			if got := ClockOf(at).Row(moment); err != nil || got != want {
				t.Errorf("in %s %s is %s, not %s (%v)", zone, instant, got, want, err)
			}
		}
	}
}
