package metrics

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func labels(bs []Bucket) []string {
	var out []string
	for _, b := range bs {
		l := b.Label
		if b.Partial {
			l += " partial"
		}
		out = append(out, l)
	}
	return out
}

func TestBucketsCutAWindowAndMarkWhatIsPartial(t *testing.T) {
	t.Parallel()
	date := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for sentence, c := range map[string]struct {
		from, to, asOf time.Time
		size           string
		start          time.Weekday
		want           []string
	}{
		"whole days":                      {date(2026, 2, 27), date(2026, 3, 2), date(2026, 5, 1), "day", time.Monday, []string{"2026-02-27", "2026-02-28", "2026-03-01"}},
		"the last day is cut by now":      {date(2026, 3, 1), date(2026, 3, 4), date(2026, 3, 2).Add(time.Hour), "day", time.Monday, []string{"2026-03-01", "2026-03-02 partial"}},
		"weeks over the new year":         {date(2025, 12, 29), date(2026, 1, 14), date(2027, 1, 1), "week", time.Monday, []string{"2026-W01", "2026-W02", "2026-W03 partial"}},
		"weeks from Sunday":               {date(2026, 3, 1), date(2026, 3, 15), date(2027, 1, 1), "week", time.Sunday, []string{"2026-W10", "2026-W11"}},
		"a window inside one month":       {date(2026, 3, 5), date(2026, 3, 9), date(2027, 1, 1), "month", time.Monday, []string{"2026-03 partial"}},
		"months of any length":            {date(2026, 1, 31), date(2026, 4, 1), date(2027, 1, 1), "month", time.Monday, []string{"2026-01 partial", "2026-02", "2026-03"}},
		"nothing is known of the future":  {date(2026, 3, 1), date(2026, 4, 1), date(2026, 2, 1), "day", time.Monday, nil},
		"the end of a day is its own end": {date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 2), "day", time.Monday, []string{"2026-03-01"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			bs, err := Buckets(Window{c.from, c.to}, c.asOf, time.UTC, c.size, c.start)
			if err != nil {
				t.Fatal(err)
			}
			if got := labels(bs); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	if _, err := Buckets(Window{}, time.Time{}, time.UTC, "hour", time.Monday); err == nil {
		t.Error("an unknown size is accepted")
	}
}

func TestDaysFollowTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		zone       string
		y          int
		m          time.Month
		d          int
		start      string
		hoursInDay float64
	}{
		"spring in Berlin has a day of 23 hours":             {"Europe/Berlin", 2026, 3, 29, "2026-03-28T23:00:00Z", 23},
		"autumn in Berlin has a day of 25 hours":             {"Europe/Berlin", 2026, 10, 25, "2026-10-24T22:00:00Z", 25},
		"midnight is skipped in São Paulo":                   {"America/Sao_Paulo", 2018, 11, 4, "2018-11-04T03:00:00Z", 23},
		"midnight comes twice in Havana":                     {"America/Havana", 2025, 11, 2, "2025-11-02T04:00:00Z", 25},
		"midnight is skipped in Beirut":                      {"Asia/Beirut", 2025, 3, 30, "2025-03-29T22:00:00Z", 23},
		"the day before midnight comes twice is a plain one": {"America/Havana", 2025, 11, 1, "2025-11-01T04:00:00Z", 24},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			zone := zoneOf(t, c.zone)
			d := dayOf(time.Date(c.y, c.m, c.d, 12, 0, 0, 0, zone), zone)
			if got := d.start(zone).UTC().Format(time.RFC3339); got != c.start {
				t.Errorf("starts at %s, want %s", got, c.start)
			}
			if got := (d + 1).start(zone).Sub(d.start(zone)).Hours(); got != c.hoursInDay {
				t.Errorf("lasts %v hours, want %v", got, c.hoursInDay)
			}
		})
	}
}

func TestADayThatWasLeftOutOfTheCalendarIsNoBucket(t *testing.T) {
	t.Parallel()
	// Samoa crossed the date line: 29 December 2011 was followed by the 31st.
	zone := zoneOf(t, "Pacific/Apia")
	w := Window{time.Date(2011, 12, 29, 0, 0, 0, 0, zone), time.Date(2012, 1, 1, 0, 0, 0, 0, zone)}
	bs, err := Buckets(w, w.To, zone, "day", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	if got := labels(bs); !slices.Equal(got, []string{"2011-12-29", "2011-12-31"}) {
		t.Errorf("got %v", got)
	}
}

func TestEveryDayStartsWhereItsDateBegins(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Pacific/Apia", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tehran"} {
		zone := zoneOf(t, name)
		for d := dayOf(time.Date(2005, 1, 1, 12, 0, 0, 0, zone), zone); d.civil().Year() < 2027; d++ {
			start := d.start(zone)
			if dayOf(start.Add(-1), zone) >= d || dayOf(start, zone) < d {
				t.Fatalf("%s: %s begins at %s", name, d.civil().Format(time.DateOnly), start)
			}
			if dayOf(start, zone) != d && name != "Pacific/Apia" {
				t.Fatalf("%s: %s begins on another day, at %s", name, d.civil().Format(time.DateOnly), start)
			}
		}
	}
}

func TestBucketsAddUpToTheWindow(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	zones := []*time.Location{time.UTC, zoneOf(t, "America/Havana"), zoneOf(t, "Australia/Lord_Howe")}
	for range 300 {
		from := time.Unix(1_600_000_000+rng.Int64N(200_000_000), 0)
		w := Window{From: from, To: from.Add(time.Duration(rng.Int64N(400*24)+1) * time.Hour)}
		zone := zones[rng.IntN(len(zones))]
		size := []string{"day", "week", "month"}[rng.IntN(3)]
		bs, err := Buckets(w, w.To, zone, size, time.Weekday(rng.IntN(7)))
		if err != nil {
			t.Fatal(err)
		}
		next := w.From
		for _, b := range bs {
			if !b.From.Equal(next) || !b.From.Before(b.To) {
				t.Fatalf("%v by %s: a gap or overlap at %v", w, size, b)
			}
			next = b.To
		}
		if !next.Equal(w.To) {
			t.Fatalf("%v by %s ends at %v", w, size, next)
		}
	}
}
