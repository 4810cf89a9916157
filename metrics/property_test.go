package metrics

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// organisation makes services with rollouts of every kind and fate, spread over days days before 1 July 2026.
func organisation(seed uint64, services, rolloutsEach, days int) []Facts {
	rng := rand.New(rand.NewPCG(seed, 1))
	fs := make([]Facts, services)
	for s := range fs {
		fs[s] = randomFacts(rng, fmt.Sprintf("service-%d", s), rolloutsEach, days)
	}
	return fs
}

func july() time.Time { return time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC) }

func randomFacts(rng *rand.Rand, name string, n, days int) Facts {
	f := Facts{Service: name}
	for i := range n {
		finished := july().Add(-time.Duration(rng.Int64N(int64(days)*24*3600*1000)) * time.Millisecond)
		f.Rollouts = append(f.Rollouts, randomRollout(rng, name, i, finished))
		if rng.IntN(10) == 0 {
			f.Incidents = append(f.Incidents, randomIncident(rng, name, i, finished))
		}
		if rng.IntN(10) == 0 {
			f.LeftOut = append(f.LeftOut, LeftOut{Record: fmt.Sprintf("%s/deployment/x%d", name, i), At: finished, Reason: "cancelled"})
		}
	}
	slices.SortFunc(f.Rollouts, func(a, b Rollout) int { return a.FinishedAt.Compare(b.FinishedAt) })
	f.Since = july().AddDate(0, 0, -days/2)
	return f
}

func randomRollout(rng *rand.Rand, name string, i int, finished time.Time) Rollout {
	kinds := []Kind{Planned, Planned, Planned, Planned, Planned, Rollback, Rework, Redeploy, Reapply}
	causes := []Cause{CauseRun, CauseRollback, CauseRevert, CauseIncident, CauseVerdict, CauseHotfix}
	r := Rollout{
		ID: fmt.Sprintf("%s/%d", name, i), Service: name, Environment: "production", EnvironmentKind: Production,
		StartedAt: finished.Add(-spanUpTo(rng, time.Hour)), FinishedAt: finished, SucceededAt: finished, Kind: kinds[rng.IntN(len(kinds))],
		Baseline: rng.IntN(20) == 0,
	}
	if rng.IntN(15) == 0 {
		r.Environment, r.EnvironmentKind = "staging", Staging
	}
	if rng.IntN(10) == 0 {
		r.Environment = "production-east"
	}
	for j := range rng.IntN(6) {
		c := Change{SHA: fmt.Sprint(i, "-", j), AuthoredAt: finished.Add(time.Hour - spanUpTo(rng, 1000*time.Hour)), Bot: rng.IntN(9) == 0}
		if rng.IntN(30) == 0 {
			c.Fault = "authored before 1971"
		}
		if rng.IntN(2) == 0 {
			c.PullRequest, c.OpenedAt, c.MergedAt = fmt.Sprint(j/2), finished.Add(-2*time.Hour), finished.Add(-time.Hour)
		}
		if rng.IntN(3) > 0 {
			c.Handoffs = &Handoffs{People: rng.IntN(4), Teams: rng.IntN(2)}
		}
		r.Changes = append(r.Changes, c)
	}
	if rng.IntN(3) == 0 {
		r.Waits = Waits{Outside: spanUpTo(rng, 9*time.Hour), DecidedOutside: 1, Inside: spanUpTo(rng, time.Hour), DecidedInside: rng.IntN(2), Refused: rng.IntN(2)}
	}
	for range max(0, rng.IntN(6)-3) {
		r.Failures = append(r.Failures, Failure{Cause: causes[rng.IntN(len(causes))], At: finished.Add(spanUpTo(rng, 48*time.Hour))})
	}
	if len(r.Failures) > 0 && rng.IntN(4) > 0 {
		r.Recovery = &Recovery{At: finished.Add(spanUpTo(rng, 72*time.Hour) - time.Hour), By: "fix"}
	}
	return r
}

func randomIncident(rng *rand.Rand, name string, i int, started time.Time) IncidentLink {
	link := IncidentLink{ID: fmt.Sprintf("pager/%s-%d", name, i), EnvironmentKind: Production, Confidence: Unattributed, Incident: Incident{StartedAt: started}, Uncounted: rng.IntN(4) == 0}
	if rng.IntN(3) > 0 {
		link.ResolvedAt = started.Add(spanUpTo(rng, 50*time.Hour) - time.Hour)
	}
	return link
}

func spanUpTo(rng *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(rng.Int64N(most.Milliseconds())) * time.Millisecond
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func quarter(zone *time.Location) Query {
	to := time.Date(2026, 7, 1, 0, 0, 0, 0, zone)
	return Query{Slice: "all", Window: Window{From: to.AddDate(0, -3, 0), To: to}, AsOf: to.Add(-30 * time.Hour), Zone: zone}
}

func tallyOfAll(fs []Facts, q Query) Tally {
	var t Tally
	for _, f := range fs {
		t = t.Merge(TallyOf(f, q))
	}
	return t
}

func zoneOf(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestATallyIsTheSameHoweverTheWindowIsSplit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		fs := organisation(seed, 3, 150, 120)
		q := quarter(zoneOf(t, "Europe/Berlin"))
		whole := encoded(t, tallyOfAll(fs, q))
		for _, size := range []string{"day", "week", "month"} {
			// AsOf cuts buckets, so the split is made as seen from the window's end.
			buckets, err := Buckets(q.Window, q.Window.To, q.Zone, size, time.Sunday)
			if err != nil {
				t.Fatal(err)
			}
			var parts []Tally
			for _, b := range buckets {
				part := q
				part.Window = b.Window
				parts = append(parts, tallyOfAll(fs, part))
			}
			if got := encoded(t, mergedIn(rand.New(rand.NewPCG(seed, 2)), parts)); got != whole {
				t.Fatalf("seed %d: merged by %s\n%s\nwhole\n%s", seed, size, got, whole)
			}
		}
	}
}

func TestServicesMergeInAnyOrder(t *testing.T) {
	t.Parallel()
	fs := organisation(11, 12, 60, 100)
	q := quarter(time.UTC)
	want := encoded(t, tallyOfAll(fs, q))
	for seed := range uint64(10) {
		parts := make([]Tally, len(fs))
		for i, f := range fs {
			parts[i] = TallyOf(f, q)
		}
		if got := encoded(t, mergedIn(rand.New(rand.NewPCG(seed, 3)), parts)); got != want {
			t.Fatalf("seed %d: got %s\nwant %s", seed, got, want)
		}
	}
	parts := make([]Tally, len(fs))
	for i, f := range fs {
		parts[i] = TallyOf(f, q)
	}
	if encoded(t, Sum(parts)) != want || encoded(t, Sum(nil)) != "{}" {
		t.Error("the sum is not the merge of its parts")
	}
	if encoded(t, Measure(tallyOfAll(fs, q), q)) != encoded(t, MeasureAll(fs, q)) {
		t.Error("the merged tally measures otherwise than the facts together")
	}
}

// mergedIn joins neighbours at random until one is left, after a shuffle: any order and any brackets.
func mergedIn(rng *rand.Rand, parts []Tally) Tally {
	rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	for len(parts) > 1 {
		i := rng.IntN(len(parts) - 1)
		parts[i] = parts[i].Merge(parts[i+1])
		parts = slices.Delete(parts, i+1, i+2)
	}
	return parts[0]
}

func TestMergeChangesNeitherSideAndIgnoresTheEmptyTally(t *testing.T) {
	t.Parallel()
	fs, q := organisation(5, 2, 80, 90), quarter(time.UTC)
	a, b := TallyOf(fs[0], q), TallyOf(fs[1], q)
	beforeA, beforeB := encoded(t, a), encoded(t, b)
	m := a.Merge(b)
	m.LeadTimes.gather(SampleOf(0))
	m.Kinds[Planned], m.LeftOut["x"] = -1, 1
	if encoded(t, a) != beforeA || encoded(t, b) != beforeB {
		t.Error("merging or using the result changed a side")
	}
	if encoded(t, a.Merge(Tally{})) != beforeA || encoded(t, Tally{}.Merge(a)) != beforeA {
		t.Error("the empty tally is not neutral")
	}
}

func TestATallySurvivesItsEncoding(t *testing.T) {
	t.Parallel()
	want := tallyOfAll(organisation(6, 4, 80, 90), quarter(time.UTC))
	text := encoded(t, want)
	var got Tally
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if encoded(t, got) != text {
		t.Error("decoding and encoding again gives other bytes")
	}
}

func TestFiguresStayInTheirBounds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		fs := organisation(seed, int(seed%4), int(seed%23), 95)
		card := MeasureAll(fs, quarter(time.UTC))
		encoded(t, card) // fails on NaN and infinities
		for _, s := range []Share{card.FailRate, card.Rework} {
			if (s.Value != nil) != (s.State == OK) || s.Value != nil && (*s.Value < s.Interval.Low || *s.Value > s.Interval.High || s.Interval.Low < 0 || s.Interval.High > 1) {
				t.Errorf("seed %d: share %+v", seed, s)
			}
		}
		if l := card.LeadTime; l.State == OK && !(0 <= *l.Median && *l.Median <= *l.P75 && *l.P75 <= *l.P90 && *l.P90 <= *l.P95) {
			t.Errorf("seed %d: lead time %+v", seed, l)
		}
		if i := card.LeadTime.Interval; i != nil && (*card.LeadTime.TypicalRollout < i.Low || *card.LeadTime.TypicalRollout > i.High) {
			t.Errorf("seed %d: the interval does not hold the typical rollout", seed)
		}
		for _, f := range fs {
			x := HabitIndex(f, july(), DefaultCalendar(time.UTC))
			encoded(t, x)
			if x.Low < 0 || x.Low > x.High || x.High > 100 || (x.Value != nil) != (x.State == OK) {
				t.Errorf("seed %d: index %+v", seed, x)
			}
		}
	}
}

func TestASeriesIsWhatEachBucketMeasuresByItself(t *testing.T) {
	t.Parallel()
	fs, q := organisation(9, 4, 100, 95), quarter(zoneOf(t, "America/New_York"))
	points, err := Series(fs, q, "week")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, p := range points {
		part := q
		part.Window = p.Window
		if encoded(t, p.Scorecard) != encoded(t, MeasureAll(fs, part)) {
			t.Fatalf("%s differs", p.Label)
		}
		total += p.Scorecard.Frequency.Rollouts
	}
	if whole := MeasureAll(fs, q).Frequency.Rollouts; total != whole {
		t.Errorf("the weeks hold %d rollouts, the window %d", total, whole)
	}
}

func TestExplainCountsWhatTheTallyCounts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		fs, q := organisation(seed, 3, 120, 95), quarter(time.UTC)
		q.Definition = DORA()
		q.Definition.WithoutBots = seed%2 == 0
		tally := tallyOfAll(fs, q)
		reasons := map[string]int{}
		for _, figure := range AllFigures() {
			e, err := Explain(fs, figure, q)
			if err != nil {
				t.Fatal(err)
			}
			checkExplained(t, e, tally)
			if figure == FigureHandoffs || figure == FigureReliability {
				continue // what they leave out concerns no other figure, and stands in their explanation only
			}
			for reason, n := range reasonsOf(e) {
				if tally.LeftOut[reason] != n {
					t.Errorf("%s: left out %d times for %q, the tally says %d", figure, n, reason, tally.LeftOut[reason])
				}
				reasons[reason] = n
			}
		}
		if encoded(t, reasons) != encoded(t, tally.LeftOut) {
			t.Errorf("reasons over all figures %v, the tally's %v", reasons, tally.LeftOut)
		}
	}
}

func reasonsOf(e Explanation) map[string]int {
	n := map[string]int{}
	for _, l := range e.LeftOut {
		if !strings.HasPrefix(l.Reason, leftBaseline) { // a rollout counts, only its changes are not known
			n[l.Reason]++
		}
	}
	return n
}

func checkExplained(t *testing.T, e Explanation, tally Tally) {
	t.Helper()
	ones, open, settling := 0, 0, 0
	for _, r := range e.Rows {
		if r.Value == 1 {
			ones++
		}
		if r.Open {
			open++
		}
		if r.Settling {
			settling++
		}
	}
	rows := len(e.Rows)
	same := false
	switch e.Figure {
	case FigureFrequency:
		same = rows == tally.Rollouts
	case FigureLeadTime:
		same = rows == tally.LeadTimes.Len()
	case FigureFailRate:
		same = rows == tally.Rollouts && ones == tally.Failed && settling == tally.settling(quarter(time.UTC).complete())
	case FigureRework:
		same = rows == tally.Rollouts && ones == tally.Kinds[Rework]
	case FigureRecovery:
		same = rows-open == tally.Recoveries.Ended.Len() && open == len(tally.Recoveries.Open)
	case FigureRestore:
		same = rows-open == tally.Restores.Ended.Len() && open == len(tally.Restores.Open)
	case FigureStages:
		same = rows == staged(tally)
	case FigureWaiting:
		outside, inside := tally.Waits.Outside.Len(), tally.Waits.Inside.Len()
		same = rows >= max(outside, inside) && rows <= outside+inside
	case FigureHandoffs:
		n := 0
		for _, changes := range tally.Waits.People {
			n += changes
		}
		same = rows == n
	case FigureReliability:
		sum := 0.0
		for _, r := range e.Rows {
			sum += r.Value
		}
		same = sum+0.001 >= tally.Down.Seconds() && (rows > 0) == (tally.Down > 0)
	}
	if !same {
		t.Errorf("%s: %d rows, %d of them 1, %d open, %d settling, against %+v", e.Figure, rows, ones, open, settling, tally.Kinds)
	}
}

func TestExplainRefusesAFigureItDoesNotKnow(t *testing.T) {
	t.Parallel()
	if _, err := Explain(nil, "velocity", Query{}); err == nil {
		t.Error("no error")
	}
}
