package assessments

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// scene is a team with forty deployments of one change each, two on every working day of four weeks.
type scene struct {
	wait     time.Duration // working time from merge to start
	hours    [2]int        // of the day at which they go out
	weekday  time.Weekday  // all of them on this day; 0 for every working day
	together int           // how many have two services of another team beside them
	records  int           // how many are tied to a record; the others are known to have none
	unknown  bool          // nothing is known of records
	alone    bool          // no other team's deployments are known
}

func (c scene) made() Records {
	f := metrics.Facts{Service: "api", Team: "pay"}
	r := Records{}
	for day := range 28 {
		date := monday.AddDate(0, 0, day-28)
		if date.Weekday() == time.Saturday || date.Weekday() == time.Sunday {
			continue
		}
		for _, hour := range c.hours {
			at := time.Date(date.Year(), date.Month(), date.Day(), hour, 0, 0, 0, time.UTC)
			if c.weekday != 0 {
				at = at.AddDate(0, 0, int(c.weekday)-int(at.Weekday()))
			}
			i := len(f.Rollouts)
			one := metrics.Rollout{
				ID: fmt.Sprintf("ci/%d", i), Service: "api", EnvironmentKind: metrics.Production, Kind: metrics.Planned,
				StartedAt: at, FinishedAt: at.Add(time.Minute), SucceededAt: at.Add(time.Minute),
				Changes: []metrics.Change{{SHA: fmt.Sprint(i), MergedAt: earlier(at, c.wait)}},
			}
			if !c.unknown {
				one.Labels = map[string]string{"coordination": "none"}
			}
			if i < c.records {
				one.Labels = map[string]string{"coordination": "CAB-7"}
			}
			if i < c.together {
				r.Neighbours = append(r.Neighbours, Neighbour{"web", one.FinishedAt.Add(30 * time.Minute)}, Neighbour{"shop", one.FinishedAt.Add(-30 * time.Minute)})
			}
			f.Rollouts = append(f.Rollouts, one)
		}
	}
	if !c.alone {
		night := monday.AddDate(0, 0, -3).Add(3 * time.Hour)
		r.Neighbours = append(r.Neighbours, Neighbour{"web", night}, Neighbour{"shop", night})
	}
	r.Services = []metrics.Facts{f}
	return r
}

// earlier goes back over working time of nine hours a day, which ends at the given instant's hour.
func earlier(at time.Time, worked time.Duration) time.Time {
	days := int(worked / (9 * time.Hour))
	for days > 0 {
		at = at.AddDate(0, 0, -1)
		if weekdays.WorksAt(time.Date(at.Year(), at.Month(), at.Day(), 12, 0, 0, 0, time.UTC)) {
			days--
		}
	}
	return at.Add(-worked % (9 * time.Hour))
}

func ceremonyOf(r Records) Evidence {
	return CeremonyEvidence(r, monday, weekdays, DefaultThresholds().Ceremony)
}

func TestE5LevelsFollowWaitingCrowdingAndRecords(t *testing.T) {
	t.Parallel()
	spread := [2]int{11, 15} // forty changes in twenty cells of two hours
	for name, want := range map[string]struct {
		scene scene
		level int
	}{
		"out within the hour, whenever ready":           {scene{wait: time.Hour, hours: spread}, 5},
		"out within two hours":                          {scene{wait: 2 * time.Hour, hours: spread}, 4},
		"out after exactly one working day":             {scene{wait: 9 * time.Hour, hours: spread}, 4},
		"out after two working days":                    {scene{wait: 18 * time.Hour, hours: spread}, 3},
		"out at once, all in one two-hour cell":         {scene{wait: time.Hour, hours: [2]int{11, 11}, weekday: time.Thursday}, 4},
		"one in twenty together with two others":        {scene{wait: time.Hour, hours: spread, together: 2}, 5},
		"three in forty together":                       {scene{wait: time.Hour, hours: spread, together: 3}, 4},
		"seven in forty together":                       {scene{wait: time.Hour, hours: spread, together: 7}, 3},
		"one record in forty":                           {scene{wait: time.Hour, hours: spread, records: 1}, 4},
		"four records in forty":                         {scene{wait: time.Hour, hours: spread, records: 4}, 4},
		"five records in forty":                         {scene{wait: time.Hour, hours: spread, records: 5}, 3},
		"half of them with a record":                    {scene{wait: time.Hour, hours: spread, records: 20}, 2},
		"nine in ten with a record":                     {scene{wait: time.Hour, hours: spread, records: 36}, 1},
		"a release train of several teams":              {scene{wait: 18 * time.Hour, hours: [2]int{11, 11}, weekday: time.Thursday, together: 40}, 1},
		"a weekly slot that changes wait three days":    {scene{wait: 27 * time.Hour, hours: [2]int{11, 11}, weekday: time.Thursday}, 2},
		"nothing is known of records":                   {scene{wait: time.Hour, hours: spread, unknown: true}, 3},
		"no other team's deployments are known":         {scene{wait: time.Hour, hours: spread, alone: true}, 3},
		"records that are known outweigh what is not":   {scene{wait: time.Hour, hours: spread, alone: true, records: 40}, 1},
		"a slot tells without records and without more": {scene{wait: 27 * time.Hour, hours: [2]int{11, 11}, weekday: time.Thursday, unknown: true, alone: true}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := ceremonyOf(want.scene.made())
			if e.Level != want.level || e.Grade != GradeC || !e.Indirect || e.N != 40 || len(e.Rows) != 40 || *e.Coverage != 1 {
				t.Errorf("level %d grade %s n %d coverage %v, figures R50 %v T %v S %v K %v", e.Level, e.Grade, e.N, *e.Coverage,
					figure(e, "R50"), figure(e, "T"), figure(e, "S"), figure(e, "K"))
			}
			if want.scene.unknown != strings.Contains(e.Missing, "coordination") || want.scene.alone != strings.Contains(e.Missing, "other teams") {
				t.Errorf("it says what is missing: %q", e.Missing)
			}
		})
	}
}

func TestE5IsNeverCompared(t *testing.T) {
	t.Parallel()
	e := ceremonyOf(scene{wait: time.Hour, hours: [2]int{11, 15}}.made())
	if why := whyNotCompared(QuestionResult{Interpolated: new(4.0)}, e); !strings.Contains(why, "never compared") {
		t.Error(why)
	}
}

func TestE5HasNoLevelWhereNoWaitIsKnownAndSaysWhy(t *testing.T) {
	t.Parallel()
	r := scene{wait: time.Hour, hours: [2]int{11, 15}}.made()
	for i := range r.Services[0].Rollouts {
		one := &r.Services[0].Rollouts[i]
		switch i % 3 {
		case 0:
			one.Changes[0].MergedAt = time.Time{}
		case 1:
			one.StartedAt = time.Time{}
		case 2:
			one.Changes[0].MergedAt = one.StartedAt.Add(time.Second)
		}
	}
	e := ceremonyOf(r)
	if e.Level != 0 || e.Grade != GradeNone || !strings.Contains(e.Missing, "merge") || math.IsNaN(figure(e, "T")) {
		t.Errorf("%+v", e)
	}
	if e.LeftOut[leftUnmerged] != 14 || e.LeftOut[leftUnstarted] != 13 || e.LeftOut[leftEarly] != 13 {
		t.Errorf("left out %v", e.LeftOut)
	}
}

func TestE5CountsChangeTicketsAsRecordsAndTheirAbsenceAsNone(t *testing.T) {
	t.Parallel()
	r := scene{wait: time.Hour, hours: [2]int{11, 15}, unknown: true}.made()
	for i := range 4 {
		r.Services[0].Rollouts[i].Approvals = []metrics.Approval{{Ticket: "CHG-7"}}
	}
	if e := ceremonyOf(r); figure(e, "K") != .1 || e.Level != 4 || e.Missing != "" {
		t.Errorf("K %v level %d missing %q", figure(e, "K"), e.Level, e.Missing)
	}
}

func TestNeighboursAreDeploymentsOfOtherTeamsServices(t *testing.T) {
	t.Parallel()
	services := []metrics.Service{{Name: "api", Team: "pay"}, {Name: "web", Team: "front"}, {Name: "tool"}, {Name: "lent", Team: "front"}}
	deployed := map[string][]time.Time{"api": {monday}, "web": {monday, monday.Add(time.Hour)}, "tool": {monday}, "lent": {monday}}
	all := NeighboursOf("pay", []string{"lent"}, services, deployed)
	if len(all) != 2 || all[0].Service != "web" || all[1].Service != "web" {
		t.Errorf("%v", all)
	}
	last := monday.Add(-time.Minute) // within the window
	for name, want := range map[string]struct {
		at   []Neighbour
		near int
	}{
		"half an hour before and after":         {[]Neighbour{{"a", last.Add(-30 * time.Minute)}, {"b", last.Add(30 * time.Minute)}}, 2},
		"a second more is too far":              {[]Neighbour{{"a", last.Add(-30*time.Minute - time.Second)}, {"b", last.Add(30*time.Minute + time.Second)}}, 0},
		"one service twice is one":              {[]Neighbour{{"a", last}, {"a", last.Add(time.Minute)}}, 1},
		"in any order":                          {[]Neighbour{{"b", last.Add(time.Minute)}, {"a", last}}, 2},
		"beyond the window's edge as well":      {[]Neighbour{{"a", last.Add(20 * time.Minute)}, {"b", last}}, 2},
		"far beyond the window they are nobody": {[]Neighbour{{"a", last.AddDate(0, -6, 0)}}, 0},
	} {
		in := neighboursIn(want.at, spanBefore(monday, frequencyWeeks, weekdays).window)
		if got := servicesNear(in, last); got != want.near {
			t.Errorf("%s: %d services", name, got)
		}
	}
}
