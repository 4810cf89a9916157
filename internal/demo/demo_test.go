package demo

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

var noon = time.Date(2026, time.November, 26, 12, 0, 0, 0, time.UTC)

func TestTheSameSeedAndDayTellTheSameAndAnotherSeedDoesNot(t *testing.T) {
	t.Parallel()
	first := written(t, Generate(1, noon))
	if !bytes.Equal(first, written(t, Generate(1, noon.Add(11*time.Hour)))) {
		t.Error("the same seed told two stories on one day")
	}
	if bytes.Equal(first, written(t, Generate(2, noon))) {
		t.Error("another seed told the same story")
	}
}

// written is everything of an organisation as bytes.
func written(t *testing.T, o *Organisation) []byte {
	t.Helper()
	var out bytes.Buffer
	out.WriteString(o.Configuration())
	for _, e := range all(o) {
		if err := metrics.EncodeLine(&out, e); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal([]any{o.Promotions, o.Live, o.Rounds, o.Dispute})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	return out.Bytes()
}

// all are the events with the work of the promotions.
func all(o *Organisation) []metrics.Event {
	events := slices.Clone(o.Events)
	for _, p := range o.Promotions {
		events = append(events, p.Work...)
	}
	return events
}

func TestEveryRecordIsSoundIsToldOnceAndIsMarkedAsMadeUp(t *testing.T) {
	t.Parallel()
	o := Generate(3, noon)
	seen := map[metrics.Key]bool{}
	for _, e := range all(o) {
		if faults := metrics.Check(e); len(faults) > 0 {
			t.Errorf("%s: %v", e.Key, faults)
		}
		if seen[e.Key] {
			t.Errorf("%s is told twice", e.Key)
		}
		seen[e.Key] = true
		if !strings.HasPrefix(e.Source, "demo-") {
			t.Errorf("%s comes from a source whose name does not say that it is made up", e.Key)
		}
	}
}

func TestWhatIsToldOnceIsToldOnAnyDayOfTheYear(t *testing.T) {
	t.Parallel()
	for i, day := range []string{"2026-01-04", "2026-05-01", "2026-12-28", "2028-02-29"} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		o := Generate(uint64(10+i), at)
		open, urgent, mends := 0, 0, 0
		for _, e := range o.Events {
			if faults := metrics.Check(e); len(faults) > 0 {
				t.Errorf("%s: %s: %v", day, e.Key, faults)
			}
			if v, err := e.Incident(); err == nil && v.ResolvedAt.IsZero() {
				open++
			}
		}
		for _, p := range o.Promotions {
			if p.Urgent && p.Fails {
				urgent++
			}
			if p.Mend != nil {
				mends++
			}
		}
		if o.Dispute.Record == "" || open != 1 || urgent == 0 || mends == 0 || len(o.Live) != 3 {
			t.Errorf("%s: dispute %q, %d open incidents, %d urgent promotions, %d that are mended, live %v", day, o.Dispute.Record, open, urgent, mends, o.Live)
		}
	}
}

func TestPeopleAreNumbersOnly(t *testing.T) {
	t.Parallel()
	person := regexp.MustCompile(`"(?:actor|author|approver)":"([^"]*)"`)
	number := regexp.MustCompile(`^(dev-\d+|updates\[bot\]|deploy\[bot\])$`)
	named := 0
	for _, e := range all(Generate(1, noon)) {
		for _, found := range person.FindAllSubmatch(e.Payload, -1) {
			if named++; !number.Match(found[1]) {
				t.Fatalf("%s names %q", e.Key, found[1])
			}
		}
	}
	if named == 0 {
		t.Error("nobody is named, so that nothing tells two people apart")
	}
}

func TestTheOrganisationHasSixTeamsFortyServicesAndTwoYears(t *testing.T) {
	t.Parallel()
	o := Generate(1, noon)
	services, deployments, commits, first, last := 0, len(o.Promotions), 0, o.End, o.Start
	for _, team := range o.Teams {
		services += len(team.Services)
	}
	for _, e := range all(o) {
		switch e.Type {
		case metrics.TypeCommit:
			commits++
		case metrics.TypeDeployment:
			d, err := e.Deployment()
			if err != nil {
				t.Fatal(err)
			}
			if d.Environment != "production" {
				continue
			}
			deployments++
			if d.FinishedAt.Before(first) {
				first = d.FinishedAt
			}
			if d.FinishedAt.After(last) {
				last = d.FinishedAt
			}
		default:
		}
	}
	if len(o.Teams) != 6 || services != 40 {
		t.Errorf("%d teams, %d services", len(o.Teams), services)
	}
	if deployments < 8000 || deployments > 12500 || commits < 2*deployments || commits > 4*deployments {
		t.Errorf("%d deployments to production, %d commits", deployments, commits)
	}
	if first.After(o.Start.AddDate(0, 0, 7)) || last.Before(o.End.AddDate(0, 0, -4)) || last.After(o.End) {
		t.Errorf("deployments from %s to %s in an organisation from %s to %s", first, last, o.Start, o.End)
	}
}

func TestCheckoutGoesFromScheduledToAHabit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		o := Generate(seed, noon)
		facts, calendar := factsOf(o, "checkout")
		before := metrics.HabitIndex(facts, o.Start.AddDate(0, 10, 0), calendar)
		now := metrics.HabitIndex(facts, o.End, calendar)
		if before.Band != "scheduled" || now.Band != "habit" {
			t.Errorf("seed %d: %s (%d–%d) before, %s (%d–%d) now", seed, before.Band, before.Low, before.High, now.Band, now.Low, now.High)
		}
		lead := func(to time.Time) float64 {
			q := metrics.Query{Window: metrics.Window{From: to.AddDate(0, -3, 0), To: to}, AsOf: o.End, Zone: time.UTC, Kind: metrics.Production, Definition: metrics.DORA()}
			return *metrics.MeasureAll([]metrics.Facts{facts}, q).LeadTime.Median
		}
		if then, now := lead(o.Start.AddDate(0, 10, 0)), lead(o.End); now*3 > then {
			t.Errorf("seed %d: lead time fell only from %.0f s to %.0f s", seed, then, now)
		}
	}
}

// factsOf derives a service's facts by the product's own rules.
func factsOf(o *Organisation, service string) (metrics.Facts, metrics.Calendar) {
	rules := metrics.DefaultRules()
	var calendar metrics.Calendar
	for i, team := range o.Teams {
		for _, s := range team.Services {
			rules.Services = append(rules.Services, s.Service)
			if s.Name != service {
				continue
			}
			calendar = metrics.DefaultCalendar(o.Teams[i].zone())
			calendar.FromHour, calendar.ToHour, calendar.Holidays = team.FromHour, team.ToHour, map[string]bool{}
			for _, day := range o.holidays() {
				calendar.Holidays[day] = true
			}
		}
	}
	for _, part := range metrics.Split(o.Events, rules) {
		if part.Service.Name == service {
			return metrics.Derive(part.Service, part.Events, rules), calendar
		}
	}
	return metrics.Facts{}, calendar
}

func TestTheMarchIsTheLatestThatEndedThirtyDaysAgo(t *testing.T) {
	t.Parallel()
	for now, want := range map[string]string{
		"2026-11-26": "2026-03-01", "2026-05-01": "2026-03-01", "2026-04-30": "2025-03-01", "2026-02-10": "2025-03-01",
	} {
		at, err := time.Parse(time.DateOnly, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := Generate(1, at).March.Format(time.DateOnly); got != want {
			t.Errorf("on %s the March is that of %s, not %s", now, got, want)
		}
	}
}

func TestActionsAreOwnedByRolesAndEndInEveryWayOnAnyDayOfTheYear(t *testing.T) {
	t.Parallel()
	roles := []string{"release lead", "the whole team", "on-call", "team lead", "product owner"}
	for _, day := range []string{"2026-01-10", "2026-04-20", "2026-11-26", "2028-02-29"} {
		end, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		for q := range quarters {
			closed := end.AddDate(0, 0, -lastOpened-daysBetween*(quarters-1-q)).Add(8*time.Hour + openFor)
			ways, written := map[string]int{}, 0
			for team := range intents {
				a := actionOf(team, q, closed, end)
				if a == nil {
					continue
				}
				written++
				if !slices.Contains(roles, a.Owner) || a.Due.Before(closed.AddDate(0, 0, -1)) || a.LookedBack.After(end) {
					t.Errorf("%s, quarter %d: %+v", team, q, a)
				}
				switch {
				case a.Done:
					ways["done"]++
				case !a.LookedBack.IsZero():
					ways["not done"]++
				case a.Due.Before(end.AddDate(0, 0, -1)):
					ways["overdue"]++
				default:
					ways["open"]++
				}
			}
			if written < 3 {
				t.Errorf("%s: in quarter %d only %d teams decided on something, too few for a report", day, q, written)
			}
			if q >= quarters-2 && (ways["done"] == 0 || ways["overdue"] == 0 || ways["open"] == 0) {
				t.Errorf("%s: in quarter %d actions are %v", day, q, ways)
			}
		}
	}
}
