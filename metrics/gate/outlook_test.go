package gate

import (
	"slices"
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestTheEarliestOpeningIsToldForWhatOpensByItself(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	s := take(record("......xx.xx."), standard(), ask(), p, day(11).Add(time.Hour), nil, nil)
	at := Openings(p, s, ask())
	if got := at["failure-meter"]; !got.Equal(s.Meter.NextProbeAt) || got.IsZero() {
		t.Errorf("the meter opens to a probe at %s, not %s", s.Meter.NextProbeAt, got)
	}
	if _, told := at["restore-first"]; told {
		t.Error("a criterion that is met has an opening")
	}
	p = PolicyFor(metrics.High)
	s = take(record("...."), standard(), ask(), p, day(3).Add(5*time.Minute), nil, nil)
	if got, want := Openings(p, s, ask())["previous-change"], day(3).Add(30*time.Minute); !got.Equal(want) {
		t.Errorf("the watch ends at %s, not %s", want, got)
	}
	broken := take(record("...x"), standard(), ask(), p, day(3).Add(2*time.Hour), nil, nil)
	if got, told := Openings(p, broken, ask())["restore-first"]; told {
		t.Errorf("an open failure waits for a deed, and yet opens at %s", got)
	}
}

func TestTheNextFreezeIsTheOneThatBeginsFirst(t *testing.T) {
	t.Parallel()
	zone := vienna(t)
	weekend := Window{Name: "weekend", Zone: zone, Weekly: Weekly{FromDay: time.Friday, FromMinute: 16 * 60, ToDay: time.Monday, ToMinute: 8 * 60, Set: true}}
	days := Window{Name: "days off", Zone: zone, From: time.Date(2026, 12, 23, 18, 0, 0, 0, zone), To: time.Date(2026, 12, 27, 8, 0, 0, 0, zone)}
	other := Window{Name: "others", Services: []string{"somebody else"}, From: day(0), To: day(1000)}
	all := []Window{other, days, weekend}
	for sentence, c := range map[string]struct{ at, name, from, until string }{
		"on a Tuesday in summer":                      {"2026-06-02T10:00:00Z", "weekend", "2026-06-05T14:00:00Z", "2026-06-08T06:00:00Z"},
		"within a freeze it is the one after":         {"2026-06-06T10:00:00Z", "weekend", "2026-06-12T14:00:00Z", "2026-06-15T06:00:00Z"},
		"as it begins it is the one after":            {"2026-06-05T14:00:00Z", "weekend", "2026-06-12T14:00:00Z", "2026-06-15T06:00:00Z"},
		"before the days off":                         {"2026-12-22T10:00:00Z", "days off", "2026-12-23T17:00:00Z", "2026-12-27T07:00:00Z"},
		"before the clock goes forward":               {"2026-03-24T10:00:00Z", "weekend", "2026-03-27T15:00:00Z", "2026-03-30T06:00:00Z"},
		"within the days off the weekend begins next": {"2026-12-24T10:00:00Z", "weekend", "2026-12-25T15:00:00Z", "2026-12-28T07:00:00Z"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		next, found := NextFreeze(all, standard(), "production", metrics.Production, at)
		if !found || next.Name != c.name || next.From.Format(time.RFC3339) != c.from || next.Until.Format(time.RFC3339) != c.until {
			t.Errorf("%s: %+v, %v", sentence, next, found)
		}
	}
	if next, found := NextFreeze([]Window{other, {Name: "over", From: day(0), To: day(1)}}, standard(), "production", metrics.Production, day(5)); found {
		t.Errorf("no freeze is to come, and yet %+v", next)
	}
}

func TestTheOutlookNamesTheLatestEndAndWhatNoTimeOpens(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.High)
	freeze := []Window{{Name: "cutover", From: day(0), To: day(9), Reason: "the data centre moves"}}
	look := func(history string, at time.Time, windows []Window) (Decision, Outlook) {
		s := Take(ask(), p, at, Known{Facts: record(history), Service: standard(), Windows: windows})
		d := Decide(p, s, ask())
		return d, OutlookOf(d, p, s, ask())
	}
	d, o := look("....", day(3).Add(5*time.Minute), freeze)
	if want := day(9); d.Verdict != Block || !o.At.Equal(want) || len(o.Deeds) != 0 {
		t.Errorf("%s: a watch of minutes within a freeze of days opens at %s, not %s; deeds %v", d.Verdict, o.At, want, o.Deeds)
	}
	d, o = look("...x", day(3).Add(2*time.Hour), nil)
	if d.Verdict != Block || !o.At.IsZero() || !slices.Contains(o.Deeds, "restore-first") {
		t.Errorf("%s: an open failure waits for %v at %s", d.Verdict, o.Deeds, o.At)
	}
	d, o = look("...x", day(3).Add(2*time.Hour), freeze)
	if !o.At.Equal(day(9)) || !slices.Contains(o.Deeds, "restore-first") {
		t.Errorf("%s: both wait for %v at %s", d.Verdict, o.Deeds, o.At)
	}
	p = PolicyFor(metrics.Standard)
	if d, o = look("....", day(4), nil); d.Verdict.Stops() || len(o.Deeds) > 0 || !o.At.IsZero() {
		t.Errorf("%s: what goes on waits for %+v", d.Verdict, o)
	}
}

func TestWhatMayComeAnyMinuteHasNoEnd(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	p.Criteria.MonitoringLive.Required, p.Criteria.MonitoringLive.Mode, p.Criteria.MonitoringLive.OnUnknown = true, Enforce, Hold
	s := take(record("...."), standard(), ask(), p, day(4), nil, nil)
	d := Decide(p, s, ask())
	if o := OutlookOf(d, p, s, ask()); d.Verdict != Hold || !o.At.IsZero() || len(o.Deeds) > 0 {
		t.Errorf("%s: silent signals may be seen any minute, and yet %+v", d.Verdict, o)
	}
	if at, told := Openings(p, s, ask())["monitoring-live"]; told {
		t.Errorf("silent signals are told to open at %s", at)
	}
}
