package metrics

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"
)

// The stored form of a day's tally is a version and sections, each with its length before it, so that a reader may pass over
// what it has no use for. Equal tallies give equal bytes.

const codedVersion = 1

// The sections, in the order in which they are written. Numbers are never used again for something else.
const (
	sectionCounts byte = iota + 1
	sectionLeadTimes
	sectionTypical
	sectionStage
	sectionRecoveries
	sectionRestores
	sectionYoung
	sectionLeftOut
	sectionOutside
	sectionInside
	sectionUnplaced
	sectionHands
)

// AppendCoded appends the stored form of a tally of one day, which Gather reads. Times are kept to the millisecond.
func (t *Tally) AppendCoded(to []byte) []byte {
	w := codedWriter{out: append(to, codedVersion)}
	w.section(sectionCounts, t.codeCounts)
	w.sample(sectionLeadTimes, nil, t.LeadTimes)
	w.sample(sectionTypical, nil, t.Typical)
	for _, name := range slices.Sorted(maps.Keys(t.Stages)) {
		w.sample(sectionStage, appendText(nil, name), t.Stages[name])
	}
	w.spans(sectionRecoveries, t.Recoveries)
	w.spans(sectionRestores, t.Restores)
	if len(t.Young) > 0 {
		w.section(sectionYoung, func(to []byte) []byte { return appendTimes(to, t.Young) })
	}
	if len(t.LeftOut) > 0 {
		w.section(sectionLeftOut, func(to []byte) []byte { return appendCounts(to, t.LeftOut) })
	}
	w.sample(sectionOutside, nil, t.Waits.Outside)
	w.sample(sectionInside, nil, t.Waits.Inside)
	w.sample(sectionUnplaced, nil, t.Waits.Unplaced)
	if !t.Waits.IsZero() {
		w.section(sectionHands, t.Waits.codeHands)
	}
	return w.out
}

// codedWriter appends sections.
type codedWriter struct {
	out  []byte
	room []byte
}

func (w *codedWriter) section(name byte, body func([]byte) []byte) {
	w.room = body(w.room[:0])
	w.out = append(w.out, name)
	w.out = binary.AppendUvarint(w.out, uint64(len(w.room)))
	w.out = append(w.out, w.room...)
}

func (w *codedWriter) sample(name byte, before []byte, s Sample) {
	if !s.IsZero() {
		w.section(name, func(to []byte) []byte { return appendSpans(append(to, before...), s.Sorted()) })
	}
}

// spans are the starts of the open ones and the ended ones.
func (w *codedWriter) spans(name byte, s Spans) {
	if !s.IsZero() {
		w.section(name, func(to []byte) []byte { return appendSpans(appendTimes(to, s.Open), s.Ended.Sorted()) })
	}
}

func (t *Tally) codeCounts(to []byte) []byte {
	for _, n := range []int{t.Rollouts, t.Failed, t.Baselines, t.Incidents, t.Unattributed} {
		to = binary.AppendUvarint(to, uint64(n)) //nolint:gosec // a count
	}
	to = binary.AppendVarint(to, t.LastAt.UnixMilli())
	return appendCounts(appendCounts(to, t.Kinds), t.Causes)
}

// codeHands writes the numbers of decisions and of handoffs.
func (w waitTally) codeHands(to []byte) []byte {
	for _, n := range []int{w.Decisions.Inside, w.Decisions.Outside, w.Decisions.Unplaced, w.Decisions.Refused} {
		to = binary.AppendUvarint(to, uint64(n)) //nolint:gosec // a count
	}
	for _, counts := range []map[int]int{w.People, w.Teams} {
		to = binary.AppendUvarint(to, uint64(len(counts)))
		for _, k := range slices.Sorted(maps.Keys(counts)) {
			to = binary.AppendUvarint(binary.AppendVarint(to, int64(k)), uint64(counts[k])) //nolint:gosec // a count
		}
	}
	return to
}

func (w *waitTally) gatherHands(r *reader) {
	for _, n := range []*int{&w.Decisions.Inside, &w.Decisions.Outside, &w.Decisions.Unplaced, &w.Decisions.Refused} {
		*n += r.count()
	}
	for _, counts := range []*map[int]int{&w.People, &w.Teams} {
		for n := r.count(); n > 0 && !r.bad; n-- {
			k := int(r.varint())
			countN(counts, k, r.count())
		}
	}
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// appendTimes writes sorted times, each as milliseconds since the one before.
func appendTimes(to []byte, sorted []time.Time) []byte {
	to = binary.AppendUvarint(to, uint64(len(sorted)))
	last := int64(0)
	for _, at := range sorted {
		to = binary.AppendVarint(to, at.UnixMilli()-last)
		last = at.UnixMilli()
	}
	return to
}

func appendCounts[K ~string](to []byte, counts map[K]int) []byte {
	to = binary.AppendUvarint(to, uint64(len(counts)))
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		to = binary.AppendUvarint(appendText(to, string(k)), uint64(counts[k])) //nolint:gosec // a count
	}
	return to
}

// Gatherer merges stored tallies of days, in any order, into the tally of a query.
type Gatherer struct {
	query        Query
	tally        Tally
	everSettling bool // keep what may settle, whatever the query
}

// NewGatherer begins an empty tally for a query. Only the query's AsOf, zone and definition matter; whoever picks the rows
// answers for its window and kind.
func NewGatherer(q Query) *Gatherer { return &Gatherer{query: q.complete()} }

// NewDayGatherer begins the sum of several services' tallies of one day, which is a day's tally itself.
func NewDayGatherer() *Gatherer { return &Gatherer{query: Query{}.complete(), everSettling: true} }

// Query is the query with everything that it left open filled in.
func (g *Gatherer) Query() Query { return g.query }

// Coded takes in the stored form of a day's tally, whose memory it keeps and which must not change. Text that AppendCoded did not
// write is an error.
func (g *Gatherer) Coded(day int, text []byte) error {
	r := reader{rest: text}
	if r.byte() != codedVersion {
		return errCoded
	}
	for len(r.rest) > 0 && !r.bad {
		name := r.byte()
		body := reader{rest: r.take(r.count())}
		if r.bad {
			break
		}
		if err := g.section(day, name, &body); err != nil {
			return err
		}
	}
	return r.end()
}

// Observe takes in how long services were observed, and their outages.
func (g *Gatherer) Observe(o *Observation) { g.tally.Observe(o, g.query) }

// Tally takes in a tally made from facts.
func (g *Gatherer) Tally(t Tally) { g.tally.gather(&t) }

// Sum is the merge of everything taken in.
func (g *Gatherer) Sum() Tally {
	g.tally.order()
	return g.tally
}

func (g *Gatherer) section(day int, name byte, r *reader) error {
	t := &g.tally
	switch name {
	case sectionCounts:
		return g.counts(day, r)
	case sectionLeadTimes:
		return r.gather(&t.LeadTimes)
	case sectionTypical:
		return r.gather(&t.Typical)
	case sectionStage:
		stage := r.text()
		var spans Sample
		err := r.gather(&spans)
		t.gatherStage(stage, spans)
		return err
	case sectionRecoveries:
		return r.spans(&t.Recoveries)
	case sectionRestores:
		return r.spans(&t.Restores)
	case sectionYoung:
		g.young(day, r)
	case sectionLeftOut:
		gatherCounts(r, &t.LeftOut)
	case sectionOutside:
		return r.gather(&t.Waits.Outside)
	case sectionInside:
		return r.gather(&t.Waits.Inside)
	case sectionUnplaced:
		return r.gather(&t.Waits.Unplaced)
	case sectionHands:
		t.Waits.gatherHands(r)
	}
	return r.end()
}

func (g *Gatherer) counts(day int, r *reader) error {
	t := &g.tally
	rollouts := r.count()
	if rollouts > 0 {
		countN(&t.Days, day, rollouts)
	}
	t.Rollouts += rollouts
	for _, n := range []*int{&t.Failed, &t.Baselines, &t.Incidents, &t.Unattributed} {
		*n += r.count()
	}
	if at := time.UnixMilli(r.varint()).UTC(); at.After(t.LastAt) {
		t.LastAt = at
	}
	gatherCounts(r, &t.Kinds)
	gatherCounts(r, &t.Causes)
	return r.end()
}

// young keeps only what can still settle: the finishes of older days are passed over.
func (g *Gatherer) young(number int, r *reader) {
	if !g.everSettling && !g.query.settles((day(number) + 1).start(g.query.Zone)) {
		r.rest = nil
		return
	}
	for _, at := range r.times() {
		if g.everSettling || g.query.settles(at) {
			g.tally.Young = append(g.tally.Young, at)
		}
	}
}

func (r *reader) gather(s *Sample) error {
	c, err := readSpans(r.rest)
	if err == nil && c.n > 0 {
		s.stretches = append(s.stretches, stretch{coded: c})
	}
	return err
}

func (r *reader) spans(s *Spans) error {
	s.Open = append(s.Open, r.times()...)
	return r.gather(&s.Ended)
}

func (r *reader) text() string { return string(r.take(r.count())) }

func (r *reader) times() []time.Time {
	n := r.count()
	if n > len(r.rest) { // each takes a byte at least
		r.bad = true
		return nil
	}
	times := make([]time.Time, n)
	last := int64(0)
	for i := range times {
		last += r.varint()
		times[i] = time.UnixMilli(last).UTC()
	}
	return times
}

func gatherCounts[K ~string](r *reader, to *map[K]int) {
	for range r.count() {
		if r.bad {
			return
		}
		k := K(r.text())
		countN(to, k, r.count())
	}
}
