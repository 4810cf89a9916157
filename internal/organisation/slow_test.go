package organisation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/internal/organisation"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// told is an organisation in a database, and what the slow way makes of each of its services.
type told struct {
	db    *store.DB
	names []string
	facts map[string]slowFacts
}

// tell makes an organisation up and tells the database of it; without peace it is a troubled one.
func tell(t *testing.T, options organisation.Options, zone *time.Location, peace bool) told {
	t.Helper()
	org := organisation.New(options)
	rules := metrics.DefaultRules()
	rules.Services = org.Services()
	db, err := store.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "slow.db"), store.Options{
		Rules: rules, Zone: zone, Clock: func() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	all := told{db: db, facts: map[string]slowFacts{}}
	var said []metrics.Event
	for i, s := range org.Services() {
		plain := slices.Collect(org.EventsOf(i))
		events := plain
		if !peace {
			plain, events = troubled(plain, uint64(i))
		}
		said = append(said, events...)
		all.names = append(all.names, s.Name)
		all.facts[s.Name] = factsOf(t, s.Team, plain)
	}
	for part := range slices.Chunk(said, 5000) {
		if _, err := db.Append(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// of are the facts of several services.
func (a told) of(names []string) []slowFacts {
	out := make([]slowFacts, len(names))
	for i, name := range names {
		out[i] = a.facts[name]
	}
	return out
}

// questions are the whole time, a quarter, a week, and windows that cut days and weeks, seen from the end, from the middle and
// from later.
func questions(zone *time.Location) []asked {
	end := time.Date(2026, time.November, 1, 0, 0, 0, 0, zone)
	quarter := time.Date(2026, time.March, 1, 0, 0, 0, 0, zone)
	monday := time.Date(2026, time.June, 8, 0, 0, 0, 0, zone)
	var out []asked
	for _, w := range [][2]time.Time{
		{end.AddDate(-5, 0, 0), end}, {quarter, quarter.AddDate(0, 3, 0)}, {monday, monday.AddDate(0, 0, 7)},
		{quarter.Add(11*time.Hour + 23*time.Minute), monday.Add(14*time.Hour + 1*time.Second)},
	} {
		middle := w[0].Add(w[1].Sub(w[0]) / 2).Truncate(time.Second)
		for _, asOf := range []time.Time{w[1], middle, w[1].Add(31 * time.Hour)} {
			out = append(out, asked{from: w[0], to: w[1], asOf: asOf, zone: zone, place: "production"})
		}
	}
	return out
}

// turns are questions whose window begins and ends, and which look back from, the very instants at which something changed, or a
// millisecond before.
func (a told) turns(name string, zone *time.Location, r *rand.Rand) []asked {
	var instants []time.Time
	f := a.facts[name]
	for _, it := range f.rollouts {
		instants = append(append(instants, it.finished, it.finished.Add(24*time.Hour)), it.ended...)
		instants = slices.AppendSeq(instants, maps.Values(it.failed))
	}
	for _, i := range f.incidents {
		instants = append(instants, i.StartedAt, i.DetectedAt, i.ResolvedAt)
	}
	instants = slices.DeleteFunc(instants, time.Time.IsZero)
	slices.SortFunc(instants, time.Time.Compare)
	var out []asked
	for range min(12, len(instants)) {
		from, to, asOf := r.IntN(len(instants)), r.IntN(len(instants)), r.IntN(len(instants))
		out = append(out, asked{
			from: instants[min(from, to)], to: instants[max(from, to)], asOf: instants[asOf].Add(-time.Duration(r.IntN(2)) * time.Millisecond),
			zone: zone, place: "production", withoutBots: r.IntN(4) == 0,
		})
	}
	return out
}

func TestEveryFigureIsWhatASlowRecomputationFromEventsGives(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for sentence, c := range map[string]struct {
		options organisation.Options
		peace   bool
	}{
		"many services":    {organisation.Options{Services: 400, Deployments: 10_000, Years: 2, Seed: 3}, true},
		"few in a hurry":   {organisation.Options{Services: 6, Deployments: 1_500, Years: 1, Seed: 4}, true},
		"in trouble":       {organisation.Options{Services: 30, Deployments: 3_000, Years: 1, Seed: 8}, false},
		"in other trouble": {organisation.Options{Services: 30, Deployments: 3_000, Years: 1, Seed: 11}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			all := tell(t, c.options, berlin, c.peace)
			r := rand.New(rand.NewPCG(c.options.Seed, 50))
			some := slices.Clone(all.names)
			r.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
			some = some[:min(50, len(some))]
			for _, name := range some {
				for _, q := range all.turns(name, berlin, r) {
					all.compare(t, []string{name}, q)
				}
			}
			for _, q := range questions(berlin) {
				for _, name := range some {
					all.compare(t, []string{name}, q)
				}
				all.compare(t, some, q)
				all.compareSums(t, q)
				q.place = "staging"
				all.compare(t, some, q)
				q.place, q.withoutBots = "production", true
				all.compare(t, some, q)
			}
		})
	}
}

// compare asks both ways.
func (a told) compare(t *testing.T, names []string, q asked) {
	t.Helper()
	got, want := a.stored(t, names, q), card(a.of(names), q)
	var faults []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		faults = append(faults, differences(name, want[name], got[name])...)
	}
	report(t, fmt.Sprintf("%d services (%s, …)", len(names), names[0]), q, faults)
}

// compareSums asks for the whole organisation, whose counts have to be the sums of its services' counts.
func (a told) compareSums(t *testing.T, q asked) {
	t.Helper()
	sum := object{}
	for _, name := range a.names {
		add(sum, card(a.of([]string{name}), q))
	}
	report(t, "the whole organisation", q, differences("sum", sum, a.stored(t, nil, q)))
}

// add adds the counts of a scorecard, those of weeks left out: they are the same weeks for every service.
func add(sum, more object) {
	for name, value := range more {
		switch value := value.(type) {
		case int:
			if before, _ := sum[name].(int); name != "weeks" {
				sum[name] = before + value
			}
		case map[string]int:
			before, _ := sum[name].(map[string]int)
			if before == nil {
				before = map[string]int{}
				sum[name] = before
			}
			for key, n := range value {
				before[key] += n
			}
		case object:
			before, _ := sum[name].(object)
			if before == nil {
				before = object{}
				sum[name] = before
			}
			add(before, value)
		}
	}
}

// stored is the scorecard that the store's tally gives, as JSON has it.
func (a told) stored(t *testing.T, names []string, q asked) map[string]any {
	t.Helper()
	query := metrics.Query{
		Window: metrics.Window{From: q.from, To: q.to}, AsOf: q.asOf, Zone: q.zone, Kind: metrics.EnvironmentKind(q.place), Definition: metrics.DORA(),
	}
	query.Definition.WithoutBots = q.withoutBots
	tally, err := a.db.Tally(t.Context(), names, query)
	if err != nil {
		t.Fatal(err)
	}
	return measured(t, tally, query)
}

// measured is a tally's scorecard, as JSON has it.
func measured(t *testing.T, tally metrics.Tally, q metrics.Query) map[string]any {
	t.Helper()
	text, err := json.Marshal(metrics.Measure(tally, q))
	if err != nil {
		t.Fatal(err)
	}
	var card map[string]any
	if err := json.Unmarshal(text, &card); err != nil {
		t.Fatal(err)
	}
	return card
}

func report(t *testing.T, who string, q asked, faults []string) {
	t.Helper()
	if len(faults) > 0 {
		t.Errorf("%s in %s, %v to %v as of %v, without bots: %v\n  %s", who, q.place, q.from, q.to, q.asOf, q.withoutBots, strings.Join(faults, "\n  "))
	}
}

// differences are the places at which a part of a scorecard is not what it should be. What is left out of JSON is zero.
func differences(at string, want, got any) []string {
	same := false
	switch want := want.(type) {
	case object:
		got, _ := got.(map[string]any)
		if got == nil {
			return []string{at + " is missing"}
		}
		var out []string
		for _, name := range slices.Sorted(maps.Keys(want)) {
			out = append(out, differences(at+"."+name, want[name], got[name])...)
		}
		return out
	case []object:
		list, _ := got.([]any)
		if len(list) != len(want) {
			return []string{fmt.Sprintf("%s has %d entries, the slow way %d", at, len(list), len(want))}
		}
		var out []string
		for i := range want {
			out = append(out, differences(fmt.Sprintf("%s[%d]", at, i), want[i], list[i])...)
		}
		return out
	case map[string]int:
		counts, _ := got.(map[string]any)
		same = len(counts) == len(want)
		for name, n := range want {
			same = same && counts[name] == float64(n)
		}
	case int:
		same = got == float64(want) || got == nil && want == 0
	case near:
		x, ok := got.(float64)
		same = ok && math.Abs(x-float64(want)) <= 1e-12*math.Max(math.Abs(float64(want)), 1e-3)
	case time.Time:
		text, _ := got.(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		same = err == nil && at.Equal(want)
	default:
		same = want == got
	}
	if same {
		return nil
	}
	return []string{fmt.Sprintf("%s is %v, the slow way %v", at, got, want)}
}
