package gate

import (
	"math/big"
	"slices"
	"time"

	"shiphabit/metrics"
)

// NeededDecisions is how many decisions a criterion must have been observed in before it is proposed to let it do more.
const NeededDecisions = 30

// Graduation tells whether a criterion that only observes or warns in production may take the next step, by what is recorded. It changes
// nothing: that is a commit of people.
type Graduation struct {
	Criterion string `json:"criterion"`
	Mode      Mode   `json:"mode"` // in production, now
	Next      Mode   `json:"next"`
	// Ready: the record speaks for it, or at least not against it. Missing says what keeps it from being so.
	Ready   bool     `json:"ready"`
	Missing []string `json:"missing"`
	// NoCase: nothing is recorded that it could have had anything against, so that its passing shows nothing and it is left alone.
	NoCase bool `json:"no_case"`
	// Changes are what is to be changed in the policy, and no more.
	Changes []PolicyChange `json:"changes"`
	// Decisions counts the artifacts about which it judged in this mode and with these values, of Needed ones.
	Decisions int `json:"decisions_observed"`
	Needed    int `json:"decisions_needed"`
	// WouldStop are those that it would have stopped in force, by what became of them.
	WouldStop int `json:"would_stop"`
	Failed    int `json:"failed_later"`
	Fine      int `json:"fine"`
	Undecided int `json:"undecided"`
	// Promise is nil for a criterion that makes none about stops.
	Promise *PromiseRecord `json:"promise"`
	// Says is the evidence in sentences.
	Says []string `json:"says"`

	also []string // criteria that the same change moves
}

// PolicyChange is one value of a policy as its file writes it: "criteria.failure-meter.mode" becomes "warn".
type PolicyChange struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Amendment is where changes go in a policy file, and the lines to put there.
type Amendment struct {
	// Layer is what they hold for: "service:payments-api".
	Layer string `json:"layer"`
	// Policy, File and Line name the policy of that layer where there is one.
	Policy string `json:"policy,omitempty"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	// Says is where the lines go, in words.
	Says  string `json:"says"`
	Lines string `json:"lines"`
}

// Graduations lists the criteria of a policy that may still do more in production, each with what the candidates show. Those that are judged by
// other values of a criterion, or in another mode, show nothing of it.
func Graduations(p Policy, of []Candidate, now time.Time) []Graduation {
	g := NewGraduating(p, now)
	for _, c := range of {
		g.Add(c)
	}
	return g.List()
}

// Graduating adds up what candidates show, one after the other, and keeps no more than counts: the records of a whole tier need not be at hand
// together.
type Graduating struct {
	policy Policy
	now    time.Time
	all    []graduationTally
}

// graduationTally is what is counted of one criterion.
type graduationTally struct {
	Graduation

	criterion criterion
	promising *promising // nil where no promise is made
	years     *big.Rat
	idle      string // why lint would refuse it in force, of the first service for which it would
}

// NewGraduating begins with no candidate.
func NewGraduating(p Policy, now time.Time) *Graduating {
	g := &Graduating{policy: p, now: now.UTC().Truncate(time.Millisecond)}
	for _, c := range p.criteria() {
		step, may := p.nextStep(c)
		if !may {
			continue
		}
		t := graduationTally{Graduation: step, criterion: c, years: new(big.Rat)}
		t.NoCase = c.passesUnmet()
		if i := slices.IndexFunc(p.promising(), func(one promising) bool { return one.criterion == c.name }); i >= 0 {
			t.promising = &p.promising()[i]
			t.Promise = &PromiseRecord{Promised: t.promising.promised}
		}
		g.all = append(g.all, t)
	}
	return g
}

// Add takes in what one candidate shows.
func (g *Graduating) Add(c Candidate) {
	r := recordUntil(c, g.now)
	for i := range g.all {
		t := &g.all[i]
		if r.Policy.modeOf(t.Criterion) != t.Mode || r.Policy.values(t.Criterion) != g.policy.values(t.Criterion) {
			continue
		}
		t.observe(g.policy, t.criterion, r)
		t.NoCase = t.NoCase && !t.criterion.met(r.history)
		t.hold(r)
		t.rest(g.policy, r)
	}
}

// List is what all candidates show together.
func (g *Graduating) List() []Graduation {
	list := []Graduation{}
	ready := map[string]bool{}
	for _, t := range g.all {
		if t.Promise != nil {
			record := *t.Promise
			record.judge(t.years)
			t.Promise = &record
		}
		t.Missing = []string{}
		t.refuse(g.policy, t.idle)
		ready[t.Criterion] = len(t.Missing) == 0
		list = append(list, t.Graduation)
	}
	for i := range list {
		list[i].together(g.policy, list, ready)
		list[i].wantCase()
		list[i].Ready = len(list[i].Missing) == 0
		list[i].Says = list[i].says()
	}
	return list
}

// wantCase notes that it never had a case.
func (g *Graduation) wantCase() {
	if g.NoCase {
		g.Missing = slices.Insert(g.Missing, 0, "it never had a case to judge")
	}
}

// ChangesOf are what is to be changed for all that are ready.
func ChangesOf(list []Graduation) []PolicyChange {
	var changes []PolicyChange
	for _, g := range list {
		if g.Ready {
			changes = append(changes, g.Changes...)
		}
	}
	return changes
}

// nextStep is the step that a criterion may take in production: from observing to warning to stopping, and what has to be changed for it.
func (p Policy) nextStep(c criterion) (Graduation, bool) {
	g := Graduation{Criterion: c.name, Mode: p.modeOf(c.name), Needed: NeededDecisions, Missing: []string{}, Changes: []PolicyChange{}}
	switch g.Mode {
	case Observe:
		g.Next = WarnOnly
	case WarnOnly:
		g.Next = Enforce
	default:
		return g, false
	}
	if g.Next == Enforce && c.onlyWarns() {
		return g, false
	}
	if AtMost(g.Next, c.rule.Mode) != g.Next {
		g.Changes = append(g.Changes, PolicyChange{"criteria." + c.name + ".mode", string(g.Next)})
	}
	if p.modeIn(production, g.Next) != g.Next {
		g.Changes = append(g.Changes, PolicyChange{ceilingKey, string(g.Next)})
	}
	return g, true
}

const ceilingKey = "ceilings." + string(production)

// onlyWarns tells of a criterion that is made to warn, or whose values let it do no more: enforced it would do the same.
func (c criterion) onlyWarns() bool {
	switch kind := c.kind.(type) {
	case OwnUsual:
		return true
	case ErrorBudget:
		return !kind.StopsAtZero
	case OpenIncidents:
		return !slices.Contains([]Result{kind.Severity1, kind.Severity2, kind.Unstated}, Fail)
	}
	return onlyUnknown(c.kind) && c.rule.OnUnknown != Hold
}

// judgedRecord is a candidate with the folded record of its service.
type judgedRecord struct {
	Candidate
	history *history
	trials  []*metrics.Rollout
	fates   fates
}

func recordUntil(c Candidate, now time.Time) judgedRecord {
	l := c.ledger()
	l.To = now
	r := judgedRecord{Candidate: c, fates: l.fates()}
	// As in a backtest no probes are granted: the next deployments tell whether a stop was right.
	r.history = newHistory(c.Facts, c.Policy, now, nil).sharing(c.Older)
	r.trials = r.history.trials()
	return r
}

// observe counts the decisions in which the criterion judged, and those that it would have stopped.
func (g *Graduation) observe(p Policy, c criterion, r judgedRecord) {
	for _, o := range r.watched(p, c, g.Mode) {
		g.Decisions++
		g.NoCase = g.NoCase && o.Results[c.name] == Pass
		if !effect(Enforce, c.rule.OnUnknown, o.Results[c.name]).Stops() {
			continue
		}
		g.WouldStop++
		switch r.fates.of(o.Scored).outcome {
		case Failed:
			g.Failed++
		case Good:
			g.Fine++
		default:
			g.Undecided++
		}
	}
}

// Agreement is what the backtest of the whole record says of a promise.
type Agreement string

// The agreements, the best first. What is not contradicted need not be shown: the record may be too short for that.
const (
	PromiseShown           Agreement = "shown"
	PromiseNotContradicted Agreement = "not contradicted"
	PromiseNotTested       Agreement = "not tested"
	PromiseContradicted    Agreement = "contradicted"
)

// PromiseRecord holds the wrong stops that a backtest of the whole record finds against the promise of a criterion.
type PromiseRecord struct {
	// Promised: a good service is stopped wrongly at most once in so many years.
	Promised Fraction `json:"promised_years"`
	// Services are those that keep well below the limit, so that a stop can have been wrong; Years is how long they are recorded together.
	Services  int       `json:"services"`
	Years     Fraction  `json:"service_years"`
	Wrong     int       `json:"wrong_stops"`
	Expected  Fraction  `json:"expected"` // at most, on average, where the promise is kept
	Agreement Agreement `json:"agreement"`
	// AtWorst: with 95 % certainty there is no more than one wrong stop in so many years; NeedsYears is how many service-years with no further
	// wrong stop it takes until the promise is shown. Both are 0 where nothing could be tested.
	AtWorst    Fraction `json:"at_worst_years"`
	NeedsYears Fraction `json:"needs_years"`
}

// hold counts the backtest's wrong stops, to be held against the promise.
func (t *graduationTally) hold(r judgedRecord) {
	if t.promising == nil {
		return
	}
	steps := t.promising.fold(r.history)
	if len(steps) == 0 {
		return // nothing was ever counted
	}
	wrong, judged := wrongSpells(steps, t.promising.oneIn, r.history.explained(r.trials), r.history.now)
	if !judged {
		return
	}
	since := steps[0].At
	if len(r.trials) > 0 { // as in a backtest, the whole record counts
		if first := r.trials[0].FinishedAt; first.Before(since) {
			since = first
		}
	}
	t.Promise.Services++
	t.Promise.Wrong += len(wrong)
	t.years.Add(t.years, yearsOf(r.history.now.Sub(since)))
}

func (r *PromiseRecord) judge(total *big.Rat) {
	zero := Fraction{0, 1}
	r.Years, r.Expected, r.AtWorst, r.NeedsYears, r.Agreement = zero, zero, zero, zero, PromiseNotTested
	if total.Sign() == 0 {
		return
	}
	most := big.NewRat(mostExpected(r.Wrong), 1000)
	needs := new(big.Rat).Mul(most, r.Promised.Rat())
	r.Years, r.Expected = inDays(total), inDays(new(big.Rat).Quo(total, r.Promised.Rat()))
	r.AtWorst, r.NeedsYears = inDays(new(big.Rat).Quo(total, most)), thousandthsUp(needs)
	switch {
	case BreaksPromise(r.Wrong, total, r.Promised):
		r.Agreement = PromiseContradicted
	case total.Cmp(needs) >= 0:
		r.Agreement = PromiseShown
	default:
		r.Agreement = PromiseNotContradicted
	}
}
