package gate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

const production = metrics.Production

// Standing is what is known of a service that the gate decided about.
type Standing struct {
	Facts  metrics.Facts
	Policy Policy
	// Older is a service with a record that it shares code with, nil for none.
	Older *Older
}

// Ledger is what the scoreboard is computed from: the decisions of a window, oldest first, and the facts that tell what became of them.
type Ledger struct {
	// From and To bound the window, half-open; To is also when it is looked at.
	From, To  time.Time
	Decisions []Scored
	Services  map[string]Standing
	Overrides []Override
	// Gaps are the times without a server, oldest first, noted since BeatsSince; Unasked what clients decided meanwhile.
	BeatsSince time.Time
	Gaps       []Gap
	Unasked    []Unasked
}

// Scoreboard is how the gate itself did: what it stopped, whether that was right, and what it cost.
type Scoreboard struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Decisions int       `json:"decisions"`
	Services  int       `json:"services"`
	Allowed   int       `json:"allowed"`
	Warned    int       `json:"warned"`
	Blocked   int       `json:"blocked"`
	Held      int       `json:"held"`
	Probes    int       `json:"probes"`
	// Passed counts rollbacks and fixes, which always pass.
	Passed int `json:"rollbacks_and_fixes"`
	// Stops are stops in force, WouldBe those that criteria which only observe would have made.
	Stops   Stops `json:"stops"`
	WouldBe Stops `json:"would_be_stops"`
	// DelaySeconds is how long services had something waiting after a stop, HoldSeconds after a hold, up to the next promotion let through.
	DelaySeconds int64 `json:"delay_seconds"`
	HoldSeconds  int64 `json:"hold_seconds"`
	// Waiting counts the places in which what was stopped still waits at the end of the window.
	Waiting int `json:"waiting"`
	// Holds counts holds by what was awaited, Criteria what was not met, Refused the claims that did not hold.
	Holds    []Counted `json:"holds"`
	Criteria []Counted `json:"criteria"`
	Refused  []Counted `json:"misdeclared"`
	// RepeatedFixes counts the problems that were fixed more than once.
	RepeatedFixes int `json:"repeated_fixes"`
	// Overrides are told by category; Others is how often what went out without one failed.
	Overrides []OverrideScore `json:"overrides"`
	Others    Share           `json:"others_failed"`
	// Latency is nil while no decision was timed.
	Latency *Latency `json:"latency"`
	// Unreachable is when the gate was not there.
	Unreachable Absence `json:"unreachable"`
	// Promises holds the wrong stops of the last two years against what was promised; filled in by whoever has so long a ledger.
	Promises []PromiseCheck `json:"promises"`
}

// Stops are stops and what became of what they stopped. Only the first of a row says what would have happened without the gate.
type Stops struct {
	Decisions int `json:"decisions"`
	Spells    int `json:"spells"` // rows of stops, per service and environment
	// Prevented: of the first stops whose artifact went out later all the same, those that failed.
	Prevented Share `json:"prevented"`
	Undecided int   `json:"undecided"` // first stops of which nothing is known
}

// Counted is how often something came up.
type Counted struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// OverrideScore is how overrides of a category turned out.
type OverrideScore struct {
	Category string `json:"category"`
	Asked    int    `json:"asked"`
	Used     int    `json:"used"`
	// Failed: of the promotions they let through, those that failed.
	Failed Share `json:"failed"`
}

// Latency is how long decisions took, in microseconds.
type Latency struct {
	Timed  int   `json:"timed"`
	Median int64 `json:"median_us"`
	P99    int64 `json:"p99_us"`
}

// Share is a part of a whole with the range that the true share lies in, in parts per million: the exact interval (Clopper–Pearson) with at
// most 2.5 % in each tail; beyond a thousand, Wilson's, which is then as good. Of nothing, nothing is known.
type Share struct {
	Count   int   `json:"count"`
	Of      int   `json:"of"`
	LowPPM  int64 `json:"low_ppm"`
	HighPPM int64 `json:"high_ppm"`
}

// largestExact is up to where the exact interval is quick.
const largestExact = 1000

func shareOf(count, of int) Share {
	s := Share{Count: count, Of: of}
	if of <= largestExact {
		s.LowPPM, s.HighPPM = exactShare(count, of)
		return s
	}
	i := metrics.Wilson(count, of, 0.95)
	s.LowPPM, s.HighPPM = int64(i.Low*1e6), int64(i.High*1e6)
	return s
}

// Scoreboard counts a window.
func (l Ledger) Scoreboard() Scoreboard {
	b := Scoreboard{
		From: l.From, To: l.To, Decisions: len(l.Decisions), Holds: []Counted{}, Criteria: []Counted{}, Refused: []Counted{},
		Overrides: []OverrideScore{}, Promises: []PromiseCheck{},
	}
	fates := l.fates()
	var stops, wouldBe stopTally
	for _, row := range l.rows() {
		stops.walk(row, fates, func(s Scored) bool { return s.Verdict == Block })
		wouldBe.walk(row, fates, Scored.observed)
		delay, waiting := waits(row, l.To, Block)
		held, _ := waits(row, l.To, Hold)
		b.DelaySeconds, b.HoldSeconds = b.DelaySeconds+int64(delay/time.Second), b.HoldSeconds+int64(held/time.Second)
		if waiting {
			b.Waiting++
		}
	}
	b.Stops, b.WouldBe = stops.done(), wouldBe.done()
	b.count(l.Decisions)
	b.Overrides, b.Others = l.overridden(fates)
	b.Latency = latencyOf(l.Decisions)
	b.Unreachable = l.absence()
	return b
}

// count adds up what each decision says for itself.
func (b *Scoreboard) count(decisions []Scored) {
	services, holds, criteria, refused := map[string]bool{}, map[string]int{}, map[string]int{}, map[string]int{}
	fixes := map[string]map[string]bool{}
	for _, d := range decisions {
		services[d.Service] = true
		switch d.Verdict {
		case Allow:
			b.Allowed++
		case Warn:
			b.Warned++
		case Block:
			b.Blocked++
		case Hold:
			b.Held++
		default: // no verdict
		}
		if d.Probe {
			b.Probes++
		}
		if !d.normal() {
			b.Passed++
		}
		if d.Refused {
			refused[d.Asked]++
		}
		for _, name := range d.Holds {
			if name == dataFresh && d.Late != "" {
				name = "source " + d.Late
			}
			holds[name]++
		}
		if d.Verdict == Block {
			for _, name := range d.Fails {
				criteria[name]++
			}
		}
		for _, id := range d.Fixes {
			if fixes[id] == nil {
				fixes[id] = map[string]bool{}
			}
			fixes[id][cmp.Or(d.Digest, d.Revision, d.ID)] = true
		}
	}
	for _, artifacts := range fixes {
		if len(artifacts) > 1 {
			b.RepeatedFixes++
		}
	}
	b.Services, b.Holds, b.Criteria, b.Refused = len(services), counted(holds), counted(criteria), counted(refused)
}

// counted lists what came up, the most frequent first.
func counted(n map[string]int) []Counted {
	list := make([]Counted, 0, len(n))
	for name, count := range n {
		list = append(list, Counted{name, count})
	}
	slices.SortFunc(list, func(a, b Counted) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name)) })
	return list
}

// granted are the probes among the decisions, by service.
func (l Ledger) granted() map[string][]ProbeGrant {
	all := map[string][]ProbeGrant{}
	for _, d := range l.Decisions {
		if d.Probe {
			all[d.Service] = append(all[d.Service], ProbeGrant{Decision: d.ID, Service: d.Service, Environment: d.Environment, Digest: d.Digest, Revision: d.Revision, At: d.At})
		}
	}
	return all
}

// byService groups the decisions.
func (l Ledger) byService() map[string][]Scored {
	groups := map[string][]Scored{}
	for _, d := range l.Decisions {
		groups[d.Service] = append(groups[d.Service], d)
	}
	return groups
}

// rows are the normal decisions by service and environment, each in order of time.
func (l Ledger) rows() [][]Scored {
	type place struct{ service, environment string }
	groups := map[place][]Scored{}
	for _, d := range l.Decisions {
		if d.normal() {
			at := place{d.Service, strings.ToLower(d.Environment)}
			groups[at] = append(groups[at], d)
		}
	}
	return slices.Collect(maps.Values(groups))
}

// stopTally adds up stops.
type stopTally struct{ decisions, spells, failed, fine, undecided int }

// walk goes through the decisions of one place. A row of stops ends when something is let through by the criteria alone: a probe and an
// override go out while the stop lasts.
func (t *stopTally) walk(row []Scored, fates fates, stops func(Scored) bool) {
	stopped := false
	for _, d := range row {
		switch {
		case stops(d):
			t.decisions++
			if !stopped {
				t.first(fates.of(d))
			}
			stopped = true
		case d.passed() && !d.Probe && d.Override == "":
			stopped = false
		}
	}
}

// first takes in the first stop of a row.
func (t *stopTally) first(f fate) {
	t.spells++
	switch f.outcome {
	case Failed:
		t.failed++
	case Good:
		t.fine++
	default:
		t.undecided++
	}
}

func (t *stopTally) done() Stops {
	return Stops{Decisions: t.decisions, Spells: t.spells, Prevented: shareOf(t.failed, t.failed+t.fine), Undecided: t.undecided}
}

// waits is how long something waited in one place after answers of a kind, up to the next promotion let through, and whether it still does.
func waits(row []Scored, end time.Time, verdict Result) (total time.Duration, waiting bool) {
	var since time.Time
	for _, d := range row {
		switch {
		case d.passed() && !since.IsZero():
			total, since = total+d.At.Sub(since), time.Time{}
		case d.Verdict == verdict && since.IsZero():
			since = d.At
		}
	}
	if since.IsZero() {
		return total, false
	}
	return total + max(0, end.Sub(since)), true
}

// overridden tells how what went out by override did against everything else that was let through. A rollout counts once.
func (l Ledger) overridden(fates fates) (scores []OverrideScore, others Share) {
	byID, at := map[string]Override{}, map[string]int{}
	scores = []OverrideScore{}
	score := func(category string) *OverrideScore {
		if _, known := at[category]; !known {
			at[category] = len(scores)
			scores = append(scores, OverrideScore{Category: category})
		}
		return &scores[at[category]]
	}
	for _, o := range l.Overrides {
		byID[o.ID] = o
		if o.StartsAt.Before(l.From) || !o.StartsAt.Before(l.To) {
			continue
		}
		s := score(o.Category)
		s.Asked++
		if o.Used > 0 {
			s.Used++
		}
	}
	seen := map[string]bool{}
	each := func(want func(Scored) bool, take func(Scored, Outcome)) {
		for _, d := range l.Decisions {
			if !d.passed() || !d.normal() || !want(d) {
				continue
			}
			f := fates.of(d)
			if f.rollout == "" || seen[f.rollout] || f.outcome != Failed && f.outcome != Good {
				continue
			}
			seen[f.rollout] = true
			take(d, f.outcome)
		}
	}
	each(func(d Scored) bool { return d.Override != "" }, func(d Scored, o Outcome) {
		s := score(cmp.Or(byID[d.Override].Category, "not known"))
		s.Failed.add(o)
	})
	each(func(d Scored) bool { return d.Override == "" }, func(_ Scored, o Outcome) { others.add(o) })
	for i := range scores {
		scores[i].Failed = shareOf(scores[i].Failed.Count, scores[i].Failed.Of)
	}
	slices.SortFunc(scores, func(a, b OverrideScore) int { return strings.Compare(a.Category, b.Category) })
	return scores, shareOf(others.Count, others.Of)
}

func (s *Share) add(o Outcome) {
	s.Of++
	if o == Failed {
		s.Count++
	}
}

// falseAlarms are the overrides that called a stop one.
func (l Ledger) falseAlarms() map[string]bool {
	alarms := map[string]bool{}
	for _, o := range l.Overrides {
		if o.Category == OverrideCategories()[0] {
			alarms[o.ID] = true
		}
	}
	return alarms
}

// latencyOf is how long the timed decisions took.
func latencyOf(decisions []Scored) *Latency {
	var took []int64
	for _, d := range decisions {
		if d.TookMicros > 0 {
			took = append(took, d.TookMicros)
		}
	}
	if len(took) == 0 {
		return nil
	}
	slices.Sort(took)
	return &Latency{Timed: len(took), Median: took[(len(took)-1)/2], P99: took[(99*len(took)-1)/100]}
}
