package metrics

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The figures by name, as the API, the command line and Explain know them.
const (
	FigureFrequency = "deployment_frequency"
	FigureLeadTime  = "change_lead_time"
	FigureFailRate  = "change_fail_rate"
	FigureRecovery  = "failed_deployment_recovery_time"
	FigureRework    = "deployment_rework_rate"
	FigureRestore   = "time_to_restore"

	FigureStages      = "change_lead_time_stages"
	FigureWaiting     = "approval_wait"
	FigureHandoffs    = "handoffs"
	FigureReliability = "reliability"
)

// Figures are the names of the figures that definitions differ about, in the order in which they are shown.
func Figures() []string {
	return []string{FigureFrequency, FigureLeadTime, FigureFailRate, FigureRecovery, FigureRework, FigureRestore}
}

// AllFigures are the names of everything that Explain opens.
func AllFigures() []string {
	return append(Figures(), FigureStages, FigureWaiting, FigureHandoffs, FigureReliability)
}

// Explanation opens a figure: every row that was counted, and every row that was left out with the reason.
type Explanation struct {
	Figure     string    `json:"figure"`
	Formula    string    `json:"formula"`
	Slice      string    `json:"slice"`
	Window     Window    `json:"window"`
	AsOf       time.Time `json:"as_of"`
	Definition string    `json:"definition"`
	Scorecard  Scorecard `json:"scorecard"` // the figure's own numbers, from the same rows
	Rows       []Row     `json:"rows"`      // by time, then record
	LeftOut    []LeftOut `json:"left_out"`
}

// Row is one record that entered a figure.
type Row struct {
	Service string    `json:"service"`
	Record  string    `json:"record"` // "source/id" of a rollout or incident, or a commit's id
	At      time.Time `json:"at"`
	// Rollout is the one that brought a change, "source/id"; empty where the record is a rollout or an incident itself.
	Rollout string `json:"rollout,omitempty"`
	// Stage is the part of lead time that a row of stages is about.
	Stage string `json:"stage,omitempty"`
	// Value is seconds for a span, 1 or 0 for a share, 1 for a count.
	Value float64 `json:"value"`
	Says  string  `json:"says"` // the value in words
	Why   string  `json:"why"`  // why it counts, and as what
	// Open: the span has not ended; Value is its length at AsOf.
	Open bool `json:"open,omitempty"`
	// Settling: the outcome may still change.
	Settling bool `json:"settling,omitempty"`
}

// Explain lists the rows behind a figure. It asks the same counter as TallyOf, row by row.
func Explain(fs []Facts, figure string, q Query) (Explanation, error) {
	e, err := ExplanationOf(figure, q)
	if err != nil {
		return e, err
	}
	e.Scorecard = MeasureAll(fs, q)
	e.add(fs, q.complete())
	return e, nil
}

// ExplanationOf is an explanation without rows and without numbers: what is asked, and how the figure is made. It is an error
// to ask for a figure that is not known.
func ExplanationOf(figure string, q Query) (Explanation, error) {
	if !slices.Contains(AllFigures(), figure) {
		return Explanation{}, fmt.Errorf("figure %q is not known: use one of %s", figure, strings.Join(append(AllFigures(), FigureIndex), ", "))
	}
	q = q.complete()
	return Explanation{Figure: figure, Formula: q.Definition.formula(figure), Slice: q.Slice, Window: q.Window, AsOf: q.AsOf,
		Definition: q.Definition.label(), Rows: []Row{}, LeftOut: []LeftOut{}}, nil
}

// AcrossServices reports whether the definition looks beyond a service for what to count of it, so that figures and explanations
// need the facts of the whole slice at once.
func (d Definition) AcrossServices() bool { return d.Incidents.Among == amongSlice }

// ExplainEach explains a figure service by service, so that the facts of one service are read at a time, however large the slice
// is. Under a definition that looks across services they are read all at once, and yielded as one. It stops at the first error of
// read or yield; the explanations carry no scorecard.
func ExplainEach(services []string, read func(service string) (Facts, error), figure string, q Query, yield func(Explanation) error) error {
	if !q.Definition.AcrossServices() {
		for i := range services {
			if err := explainSome(services[i:i+1], read, figure, q, yield); err != nil {
				return err
			}
		}
		return nil
	}
	return explainSome(services, read, figure, q, yield)
}

func explainSome(services []string, read func(string) (Facts, error), figure string, q Query, yield func(Explanation) error) error {
	e, err := ExplanationOf(figure, q)
	if err != nil {
		return err
	}
	fs := make([]Facts, len(services))
	for i, name := range services {
		if fs[i], err = read(name); err != nil {
			return err
		}
	}
	e.add(fs, q.complete())
	return yield(e)
}

// OfStage narrows an explanation of the stages of lead time to one of them: its rows, and what was left out of it.
func (e Explanation) OfStage(stage string) Explanation {
	about := map[string]bool{}
	for _, name := range stageNames() {
		about[fmt.Sprintf(leftStage, name)] = name != stage
	}
	e.Rows = slices.DeleteFunc(slices.Clone(e.Rows), func(r Row) bool { return r.Stage != stage })
	e.LeftOut = slices.DeleteFunc(slices.Clone(e.LeftOut), func(l LeftOut) bool { return about[l.Reason] })
	return e
}

// add lists the rows of some services, by time.
func (e *Explanation) add(fs []Facts, q Query) {
	for _, f := range Recast(fs, q) {
		c := newCounter(f, q)
		e.addService(&c)
	}
	slices.SortFunc(e.Rows, func(a, b Row) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Service, b.Service))
	})
	slices.SortFunc(e.LeftOut, func(a, b LeftOut) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Reason, b.Reason))
	})
}

// formula says how a figure is made: in our own words by the default rules, else as the scorecard states it.
func (d Definition) formula(figure string) string {
	if f, ok := otherFormulas[figure]; ok {
		return f
	}
	if !d.ours() {
		return d.statistic(figure)
	}
	switch figure {
	case FigureFrequency:
		return "rollouts ÷ days of the window that have passed; redeploys of the live revision do not count"
	case FigureLeadTime:
		return "per change: authored → first successful finish of the rollout that brought it to production"
	case FigureFailRate:
		return "failed rollouts ÷ rollouts"
	case FigureRecovery:
		return "per failed rollout: finished → rollback, fix or incident resolved, whichever came first; open ones count as long as they have lasted"
	case FigureRework:
		return "rework rollouts ÷ rollouts"
	default:
		return "per incident: started → resolved; open ones count as long as they have lasted"
	}
}

func (e *Explanation) addService(c *counter) {
	rules := c.query.Definition.Recovery
	switch {
	case e.Figure == FigureReliability:
		e.addOutages(c)
	case e.Figure == FigureRestore || e.Figure == FigureRecovery && rules.Of != "":
		e.addIncidents(c)
	default:
		e.addRollouts(c)
	}
	if e.Figure == FigureFailRate && c.query.Definition.FailRate.Ratio == ratioOpened {
		e.addOpened(c)
	}
	for _, l := range c.facts.LeftOut {
		if c.query.holds(l.At) {
			e.LeftOut = append(e.LeftOut, l)
		}
	}
}

func (e *Explanation) addRollouts(c *counter) {
	if e.Figure == FigureRecovery && c.query.Definition.recoversByEnd() {
		for r := range c.recovered() {
			e.addRecovery(c, r)
		}
	}
	rollouts := c.rollouts()
	for i := range rollouts {
		r := &rollouts[i]
		switch {
		case r.EnvironmentKind != c.query.Kind:
		case !c.query.Definition.counts(r):
			e.leave(r.ID, r.FinishedAt, leftRedeploy)
		case e.Figure == FigureLeadTime:
			e.addChanges(c, r)
		case e.Figure == FigureStages:
			e.addStages(c, r)
		case e.Figure == FigureWaiting:
			e.addWaits(c, r)
		case e.Figure == FigureHandoffs:
			e.addHandoffs(c, r)
		case e.Figure == FigureRecovery:
			if !c.query.Definition.recoversByEnd() {
				e.addRecovery(c, r)
			}
		default:
			e.Rows = append(e.Rows, e.rolloutRow(c, r))
		}
	}
}

// addOpened lists the incidents that a ratio of incidents to deployments counts.
func (e *Explanation) addOpened(c *counter) {
	for _, i := range c.facts.Incidents {
		if i.EnvironmentKind == c.query.Kind && c.query.holds(i.StartedAt) {
			e.Rows = append(e.Rows, Row{Service: c.facts.Service, Record: i.ID, At: i.StartedAt, Value: 1, Says: "1 incident", Why: "opened in the window"})
		}
	}
}

func (e *Explanation) leave(record string, at time.Time, reason string) {
	e.LeftOut = append(e.LeftOut, LeftOut{Record: record, At: at, Reason: reason})
}

// rolloutRow is a row of frequency or of one of the two shares.
func (e *Explanation) rolloutRow(c *counter, r *Rollout) Row {
	row := Row{Service: c.facts.Service, Record: r.ID, At: r.FinishedAt, Value: 1, Says: "1 rollout", Why: string(r.Kind)}
	failures := c.failures(r)
	switch e.Figure {
	case FigureFailRate:
		row.Settling = len(failures) == 0 && c.settling(r)
		row.Value, row.Says, row.Why = 0, "did not fail", "no failure is known"
		if row.Settling {
			row.Why = "no failure is known so far; still settling"
		}
		if len(failures) > 0 {
			row.Value, row.Says, row.Why = 1, "failed", failureWords(failures)
		}
	case FigureRework:
		if r.Kind != Rework {
			row.Value, row.Says = 0, "no rework"
			break
		}
		row.Says, row.Why = "rework", "a declared hotfix, or it reverts an earlier rollout"
		if r.Of != "" {
			row.Why = "repairs " + r.Of
		}
	}
	return row
}

func failureWords(failures []Failure) string {
	words := make([]string, len(failures))
	for i, f := range failures {
		words[i] = fmt.Sprintf("%s (%s, %s)", f.Cause, f.Evidence, f.Confidence)
	}
	return strings.Join(words, "; ")
}

func (e *Explanation) addChanges(c *counter, r *Rollout) {
	if r.Baseline {
		e.leave(r.ID, r.FinishedAt, leftBaseline+r.BaselineReason)
	}
	for l := range c.leads(r) {
		if l.reason != "" {
			e.leave(l.record, r.FinishedAt, l.reason)
			continue
		}
		e.Rows = append(e.Rows, Row{Service: c.facts.Service, Record: l.record, At: r.FinishedAt, Rollout: brought(l.record, r), Value: l.took.Seconds(),
			Says: spanWords(l.took), Why: c.query.Definition.LeadTime.startWords(l.start) + ", in production with " + r.ID})
	}
}

// brought is the rollout that a row of a change names; a row about the rollout itself names none.
func brought(record string, r *Rollout) string {
	if record == r.ID {
		return ""
	}
	return r.ID
}

// startWords say where a lead time began.
func (l *LeadTimeRules) startWords(at time.Time) string {
	word := cmp.Or(l.From, "authored")
	if at.IsZero() {
		return word + " not known"
	}
	return word + " " + at.UTC().Format(time.RFC3339)
}

func (e *Explanation) addRecovery(c *counter, r *Rollout) {
	failures := c.failures(r)
	if len(failures) == 0 {
		return
	}
	took, ended, reason := c.recovery(r)
	if reason != "" {
		e.leave(r.ID, r.FinishedAt, reason)
		return
	}
	row := Row{Service: c.facts.Service, Record: r.ID, At: r.FinishedAt, Value: took.Seconds(), Says: spanWords(took), Open: !ended}
	row.Why = failureWords(failures) + "; not recovered yet"
	if ended {
		row.Why = fmt.Sprintf("%s; recovered by %s (%s)", failureWords(failures), r.Recovery.By, r.Recovery.Evidence)
	}
	e.Rows = append(e.Rows, row)
}

func (e *Explanation) addIncidents(c *counter) {
	deployed := e.Figure == FigureRecovery && c.query.Definition.Recovery.Of == ofDeployedIncidents
	for _, i := range c.facts.Incidents {
		if i.EnvironmentKind != c.query.Kind || !c.holdsSpan(i) {
			continue
		}
		took, ended, reason := c.restore(i)
		if deployed {
			took, ended, reason = c.deployedRestore(i)
		}
		if reason != "" {
			e.leave(i.ID, i.StartedAt, reason)
			continue
		}
		row := Row{Service: c.facts.Service, Record: i.ID, At: i.StartedAt, Value: took.Seconds(), Says: spanWords(took), Open: !ended}
		row.Why = "not attributed to a rollout"
		if i.Rollout != "" {
			row.Why = fmt.Sprintf("attributed to %s (%s)", i.Rollout, i.Confidence)
		}
		if i.Reason != "" {
			row.Why += ": " + i.Reason
		}
		e.Rows = append(e.Rows, row)
	}
}

// spanWords prints a span by itself to one decimal, in the unit that InWords gives it: "45 s", "3.1 h", "12.4 d".
func spanWords(d time.Duration) string {
	unit := spanUnits[unitIndex(d.Seconds())]
	return oneDecimal(d.Seconds()/unit.size) + " " + unit.name
}
