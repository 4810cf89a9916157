package gate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// metered is a trial as the meters take it: what was known of it from one correction until the next, in order of time. What a meter did
// before a correction stays as it was; from then on it goes by what is known since. While there is none it counts nowhere.
type metered []part

// part is what a trial was known as from one instant until another; zero is from the beginning, and for good.
type part struct {
	*metrics.Rollout
	in          *edition // the last that knew it so
	from, until time.Time
	told        bool // it began when its sources told more of it, and not by a correction
}

// spans are what a rollout was known as, one after the other, in an edition that holds from one instant until another as the whole does.
func (e *edition) spans(r *metrics.Rollout, whole part) []part {
	all := make([]part, 0, len(r.Progress)+1)
	for n, then := range e.known(r) {
		p := whole
		p.Rollout, p.in = then, e
		if n > 0 && r.Progress[n-1].Until.After(whole.from) {
			p.from, p.told = r.Progress[n-1].Until, true
		}
		if n < len(r.Progress) && before(r.Progress[n].Until, whole.until) {
			p.until = r.Progress[n].Until
		}
		if p.until.IsZero() || p.from.Before(p.until) {
			all = append(all, p)
		}
	}
	return all
}

// parts are the spans in which it was a trial.
func (e *edition) parts(r *metrics.Rollout, whole part) []part {
	return slices.DeleteFunc(e.spans(r, whole), func(p part) bool { return !planned(p.Kind) })
}

// edition is the record of a service as it was known from one correction until the next.
type edition struct {
	history // knows the first verdict as it was known then
	next    *edition
	until   time.Time // when next begins
	record  []*metrics.Rollout
	trials  []*metrics.Rollout
	fixes   map[string]*metrics.Rollout // made when one is asked for
	// progress are the parts of rollouts of which not all was known at once, for all editions.
	progress map[*metrics.Rollout][]*metrics.Rollout
}

func (h *history) edition(record []*metrics.Rollout) *edition {
	e := &edition{history: *h, record: record, trials: trialsOf(record, h.now), progress: map[*metrics.Rollout][]*metrics.Rollout{}}
	e.verdictsSince = time.Time{}
	for _, r := range record {
		e.hear(r)
	}
	return e
}

// known are the parts of what was known of a rollout, the same for each edition that knows it.
func (e *edition) known(r *metrics.Rollout) []*metrics.Rollout {
	if len(r.Progress) == 0 {
		return []*metrics.Rollout{r}
	}
	all := e.progress[r]
	if all == nil {
		all = r.Then()
		e.progress[r] = all
	}
	return all
}

// metered are the trials by when they finished, those that corrections took back among them.
func (h *history) metered() []metered {
	switch {
	case h.past != nil && h.past.readings != nil:
		return h.past.by(h)
	case len(h.facts.Was) == 0:
		return h.meteredOnce()
	}
	readings := h.facts.Readings(h.now)
	line := map[*metrics.Rollout]int{} // where what a rollout was, or is, stands among all
	var all []metered
	var last *edition
	for n, reading := range readings {
		goOn(line, reading)
		e, until := h.edition(reading.Rollouts), time.Time{}
		if n+1 < len(readings) {
			until = readings[n+1].From
		}
		if last != nil {
			last.next, last.until, e.progress = e, reading.From, last.progress
		}
		last = e
		for _, r := range e.trials {
			whole := part{Rollout: r, in: e, from: reading.From, until: until, told: reading.Told}
			if len(r.Progress) == 0 { // as nearly all are
				all = whole.join(all, line, r)
				continue
			}
			for _, p := range e.parts(r, whole) {
				all = p.join(all, line, r)
			}
		}
	}
	slices.SortFunc(all, func(a, b metered) int { return inOrder(a.last().Rollout, b.last().Rollout) })
	return all
}

// join puts the part with the others of a rollout, by where that stands in the line.
func (p part) join(all []metered, line map[*metrics.Rollout]int, r *metrics.Rollout) []metered {
	i, known := line[r]
	if !known {
		i = len(all)
		line[r], all = i, append(all, nil)
	}
	all[i] = all[i].and(p)
	return all
}

// meteredOnce are the trials of a record that was never corrected.
func (h *history) meteredOnce() []metered {
	e := h.edition(pointers(h.facts.Rollouts))
	parts, all := make([]part, len(e.trials)), make([]metered, len(e.trials))
	for i, r := range e.trials {
		if len(r.Progress) > 0 {
			all[i] = e.parts(r, part{})
			continue
		}
		parts[i] = part{Rollout: r, in: e}
		all[i] = parts[i : i+1 : i+1]
	}
	return all
}

// goOn has what rollouts are from a reading on stand where stood what they were.
func goOn(line map[*metrics.Rollout]int, reading metrics.Reading) {
	stood := map[string]int{}
	for i := range reading.Changed {
		w := &reading.Changed[i]
		if at, known := line[w.Rollout]; known && w.Now != "" {
			stood[w.Now] = at
		}
	}
	if len(stood) == 0 {
		return
	}
	for _, r := range reading.Rollouts {
		if at, known := stood[r.ID]; known {
			line[r] = at
		}
	}
}

// and is the trial with what it was known as next: that is no part of its own where nothing changed.
func (c metered) and(next part) metered {
	if n := len(c) - 1; n >= 0 && c[n].goesOnAs(next) {
		c[n].in, c[n].until = next.in, next.until
		return c
	}
	return append(c, next)
}

// goesOnAs reports whether the next part is the same, the fix that repaired it included.
func (p part) goesOnAs(next part) bool {
	return p.Rollout == next.Rollout && p.until.Equal(next.from) && p.in.verdictsSince.Equal(next.in.verdictsSince) &&
		(!p.fixed() || p.in.fix(p.Recovery.Evidence) == next.in.fix(p.Recovery.Evidence))
}

// fixed reports whether a fix ended its failure.
func (p part) fixed() bool { return p.Recovery != nil && p.Recovery.By == "fix" }

// last is the trial as it is known last.
func (c metered) last() part { return c[len(c)-1] }

func inOrder(a, b *metrics.Rollout) int {
	return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), strings.Compare(a.ID, b.ID))
}

// turn is an instant from which a trial counts as something else than before.
type turn struct {
	at time.Time
	as Outcome // Good, Failed, or "" for nothing any more
}

// holds reports whether what is known from an instant on falls into the part, rather than having been so when it began.
func (p part) holds(at time.Time) bool {
	return at.After(p.from) && (p.until.IsZero() || at.Before(p.until))
}

// turns are the instants at which it became known what to make of a part: what had been so before is so from its beginning.
func (p part) turns() []turn {
	all := p.in.turnsOf(p.Rollout)
	if p.from.IsZero() && p.until.IsZero() {
		return all
	}
	begins := turn{at: p.from}
	var kept []turn
	for _, t := range all {
		if p.holds(t.at) {
			kept = append(kept, t)
		} else if !t.at.After(p.from) {
			begins.as = t.as
		}
	}
	if !p.from.IsZero() {
		kept = slices.Insert(kept, 0, begins)
	}
	return kept
}

// turnsOf are those of a rollout as it is known: it may be good until a cause of failure becomes known. Before it finished, and was known, it was no trial,
// whatever is said of it earlier.
func (h *history) turnsOf(r *metrics.Rollout) []turn {
	var turns []turn
	failed := h.failedAt(r)
	if !failed.IsZero() {
		if failed = latest(failed, r.FinishedAt, r.KnownAt); failed.After(h.now) {
			failed = time.Time{}
		}
	}
	if good, known := h.goodAt(r); known && !good.After(h.now) && before(good, failed) {
		turns = append(turns, turn{at: good, as: Good})
	}
	if !failed.IsZero() {
		turns = append(turns, turn{at: failed, as: Failed})
	}
	return turns
}

// step is what a turn is to a meter that knows the trial as something before; "" where it changes nothing.
func (t turn) step(before Outcome) Step {
	switch {
	case t.as == before:
		return ""
	case t.as == Good && before == Failed:
		return StepTurnedGood
	case t.as == Good:
		return StepGood
	case t.as == Failed && before == Good:
		return StepLateFail
	case t.as == Failed:
		return StepFailed
	case before == Good:
		return StepGoodOut
	default:
		return StepFailedOut
	}
}

// append adds what became known of one trial: its outcome, each time that was turned round, and that the repair of its failure was confirmed.
func (c metered) append(events []meterEvent, i int) []meterEvent {
	known, told := Outcome(""), true
	for n, p := range c {
		if !p.told {
			told = p.from.IsZero() || n > 0 && told && known != Failed && c[n-1].until.Equal(p.from) && c[n-1].FinishedAt.Equal(p.FinishedAt)
		}
		stands := p
		if stands.until = (time.Time{}); n+1 < len(c) {
			stands.until = c[n+1].from
		}
		// One that counts nowhere any more may still hold its service up, and the fix of it opens that. A correction that states a fix does not.
		if at, fix := p.confirmed(); fix != "" && stands.holds(at) && p.in.by(at).finds(fix, at) {
			events = append(events, meterEvent{at: at, id: fix, why: StepVerified, trial: i})
		}
		turns := p.turns()
		if p.told && known == Good && turns[0].as == "" {
			turns = turns[1:] // more of it is under watch, and only a failure takes back what was good
		}
		if !p.until.Equal(stands.until) {
			turns = append(turns, turn{at: p.until})
		}
		for _, t := range turns {
			if step := t.step(known); step != "" {
				events = append(events, meterEvent{at: t.at, id: p.ID, why: step, trial: i, out: p.FinishedAt, corrected: !told || !p.told && t.at.Equal(p.from)})
			}
			known = t.as
		}
	}
	return events
}

// confirmed finds the fix that repaired it, and when that was watched and found healthy; "" where there is none. The next planned deployment repairs
// too, and confirms nothing.
func (p part) confirmed() (at time.Time, fix string) {
	if !p.fixed() || p.in.verdictsSince.IsZero() {
		return time.Time{}, ""
	}
	if at, found := p.in.confirms(p.Recovery.Evidence); found && !at.After(p.in.now) {
		return at, p.Recovery.Evidence
	}
	return time.Time{}, ""
}

// confirms tells when a rollout was known as a fix that was watched and found healthy, whatever became of it later; false where it never was.
func (e *edition) confirms(id string) (at time.Time, found bool) {
	r := e.fix(id)
	if r == nil {
		return time.Time{}, false
	}
	for _, p := range e.spans(r, part{}) {
		at, known := e.goodAt(p.Rollout)
		at = latest(at, p.VerdictSince, p.from)
		if known && e.verdict(p.Rollout) == "healthy" && before(at, p.until) && before(at, e.failedAt(p.Rollout)) {
			return at, true
		}
	}
	return time.Time{}, false
}

// by is the edition that holds at an instant that is not before this one.
func (e *edition) by(at time.Time) *edition {
	for e.next != nil && !at.Before(e.until) {
		e = e.next
	}
	return e
}

// finds reports whether a rollout is known by an instant as such a fix.
func (e *edition) finds(fix string, by time.Time) bool {
	at, found := e.confirms(fix)
	return found && !at.After(by)
}

// fix is a rollout that was found healthy and is no trial, nil where it is none.
func (e *edition) fix(id string) *metrics.Rollout {
	if e.fixes == nil {
		e.fixes = map[string]*metrics.Rollout{}
		for _, r := range e.record {
			if slices.ContainsFunc(e.known(r), func(then *metrics.Rollout) bool { return e.verdict(then) == "healthy" }) {
				e.fixes[r.ID] = r
			}
		}
		for _, r := range e.trials {
			if planned(r.Kind) {
				delete(e.fixes, r.ID)
			}
		}
	}
	return e.fixes[id]
}
