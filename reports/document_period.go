package reports

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"shiphabit/metrics"
)

// Period is what a document is about: a quarter, a month, or whole days.
type Period struct {
	// Name is how it is asked for: "2026-Q3", "2026-07", or "2026-07-01/2026-07-15" with both days in it.
	Name   string
	Window metrics.Window
	// Before is the period of the same kind just before.
	Before metrics.Window
	// Than names that one: "the quarter before".
	Than string
}

var (
	quarterWord = regexp.MustCompile(`^(\d{4})-Q([1-4])$`)
	monthWord   = regexp.MustCompile(`^(\d{4})-(0[1-9]|1[0-2])$`)
	daysWord    = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)$`)
)

// ParsePeriod reads a period in a time zone. Any other word is an error that says which there are.
func ParsePeriod(word string, zone *time.Location) (Period, error) {
	if m := quarterWord.FindStringSubmatch(word); m != nil {
		year, _ := strconv.Atoi(m[1])
		quarter, _ := strconv.Atoi(m[2])
		return months(word, year, 3*quarter-2, 3, "the quarter before", zone), nil
	}
	if m := monthWord.FindStringSubmatch(word); m != nil {
		year, _ := strconv.Atoi(m[1])
		month, _ := strconv.Atoi(m[2])
		return months(word, year, month, 1, "the month before", zone), nil
	}
	if m := daysWord.FindStringSubmatch(word); m != nil {
		return days(word, m[1], m[2], zone)
	}
	return Period{}, fmt.Errorf("there is no period %q: write a quarter like 2026-Q3, a month like 2026-07, or two days like 2026-07-01/2026-07-15", word)
}

func months(word string, year, month, n int, than string, zone *time.Location) Period {
	at := func(months int) time.Time { return time.Date(year, time.Month(month+months), 1, 0, 0, 0, 0, zone) }
	return Period{Name: word, Window: metrics.Window{From: at(0), To: at(n)}, Before: metrics.Window{From: at(-n), To: at(0)}, Than: than}
}

func days(word, first, last string, zone *time.Location) (Period, error) {
	from, err := time.ParseInLocation(time.DateOnly, first, zone)
	if err != nil {
		return Period{}, fmt.Errorf("the first day %q is no date", first)
	}
	to, err := time.ParseInLocation(time.DateOnly, last, zone)
	if err != nil {
		return Period{}, fmt.Errorf("the last day %q is no date", last)
	}
	if to.Before(from) {
		return Period{}, fmt.Errorf("the last day %s lies before the first day %s", last, first)
	}
	w := metrics.Window{From: from, To: to.AddDate(0, 0, 1)}
	before := metrics.Query{Window: w, Zone: zone}.Earlier().Window
	return Period{Name: word, Window: w, Before: before, Than: "as many days before"}, nil
}

// QuarterOf is the quarter that an instant lies in.
func QuarterOf(t time.Time, zone *time.Location) Period {
	t = t.In(zone)
	p, _ := ParsePeriod(fmt.Sprintf("%04d-Q%d", t.Year(), (int(t.Month())+2)/3), zone) // always a quarter
	return p
}

// Words say which days it holds: "1 Jul to 30 Sep 2026".
func (p Period) Words() string { return View{Window: p.Window}.Words() }

// Days are those of the period that have begun at an instant, and all of it: the instant's own day counts.
func (p Period) Days(asOf time.Time) (begun, all int) {
	midnight := func(t time.Time) time.Time {
		year, month, day := t.In(p.Window.From.Location()).Date()
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC) // every day of UTC has 24 hours
	}
	days := func(to time.Time) int { return int(midnight(to).Sub(midnight(p.Window.From)) / (24 * time.Hour)) }
	all = days(p.Window.To)
	return max(0, min(days(asOf)+1, all)), all
}

// Open reports that the period is not over.
func (p Period) Open(asOf time.Time) bool { return asOf.Before(p.Window.To) }
