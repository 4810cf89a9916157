package gate

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"shiphabit/metrics"
)

// Scored is what the scoreboard needs of one decision. It is small, so that a hundred thousand of them are read at once.
type Scored struct {
	ID          string                  `json:"id"`
	At          time.Time               `json:"at"`
	Service     string                  `json:"service"`
	Environment string                  `json:"environment"`
	For         metrics.EnvironmentKind `json:"for,omitempty"` // what the environment is for
	Policy      string                  `json:"policy,omitempty"`
	Verdict     Result                  `json:"verdict"`
	WouldBe     Result                  `json:"would_be"`
	// Asked is the kind that was claimed, Kind what it was judged as; Refused: the claim did not hold.
	Asked    string   `json:"asked,omitempty"`
	Kind     string   `json:"kind"`
	Refused  bool     `json:"refused,omitempty"`
	Fixes    []string `json:"fixes,omitempty"`
	Probe    bool     `json:"probe,omitempty"`
	Override string   `json:"override,omitempty"`
	Digest   string   `json:"digest,omitempty"`
	Revision string   `json:"revision,omitempty"`
	// Fails are the criteria that were not met, whatever they may do; Holds those that made it wait.
	Fails []string `json:"fails,omitempty"`
	Holds []string `json:"holds,omitempty"`
	// Late is the source whose records were awaited.
	Late string `json:"late,omitempty"`
	// Demoted are the criteria that had broken their promise.
	Demoted    []string `json:"demoted,omitempty"`
	TookMicros int64    `json:"took_us,omitempty"`
}

// dataFresh is the criterion that waits for a source.
const dataFresh = "data-fresh"

// Scored is what the scoreboard keeps of a decision. Of one whose snapshot or policy is not at hand it tells what the decision itself says.
func (l Logged) Scored() Scored {
	s := Scored{
		ID: l.ID, At: l.At.UTC(), Service: l.Request.Service, Environment: l.Request.Environment, For: l.Snapshot.Kind, Policy: l.Policy.Name,
		Verdict: l.Verdict, WouldBe: l.WouldBe, Asked: l.Request.Change.Kind, Kind: l.Kind, Probe: l.Probe, Override: l.Override,
		Digest: l.Request.Artifact.Digest, Revision: l.Request.Commit, TookMicros: l.TookMicros,
	}
	if s.For == "" {
		s.For = metrics.DefaultRules().KindOf(s.Environment)
	}
	if s.Kind == KindFix {
		s.Fixes = l.Request.Change.Fixes
	}
	for _, d := range l.Snapshot.Demoted {
		s.Demoted = append(s.Demoted, d.Criterion)
	}
	for _, r := range l.Reasons {
		switch {
		case r.Criterion == "change-kind":
			s.Refused = r.Result == Fail
		case r.Result == Fail:
			s.Fails = append(s.Fails, r.Criterion)
		}
	}
	if l.Verdict == Hold {
		s.Holds = l.holding()
	}
	if slices.Contains(s.Holds, dataFresh) {
		s.Late = oldestSource(l.Input.Sources)
	}
	return s
}

// holding are the criteria that could not tell and whose rule is then to wait. Without the policy every enforced one that could not tell is.
func (l Logged) holding() []string {
	var onUnknown map[string]Result
	var names []string
	for _, r := range l.Reasons {
		if !couldNotTell(r) {
			continue
		}
		if onUnknown == nil { // mostly the policy need not be read
			onUnknown = onUnknowns.of(l.PolicyDoc)
		}
		if cmp.Or(onUnknown[r.Criterion], Hold) == Hold {
			names = append(names, r.Criterion)
		}
	}
	return names
}

// ruleCache remembers what policies say of criteria that cannot tell: decisions are made under few, and to read one costs a fifth of a decision.
type ruleCache struct {
	mu    sync.Mutex
	known map[string]map[string]Result // by the text of the policy
}

var onUnknowns ruleCache

// keptRules bounds the cache: beyond it, it begins anew.
const keptRules = 500

func (c *ruleCache) of(policy []byte) map[string]Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rules, found := c.known[string(policy)]; found {
		return rules
	}
	rules := map[string]Result{}
	if p, err := ParsePolicy(policy); err == nil {
		for _, c := range p.criteria() {
			rules[c.name] = c.rule.OnUnknown
		}
	}
	if c.known == nil || len(c.known) >= keptRules {
		c.known = map[string]map[string]Result{}
	}
	c.known[string(policy)] = rules
	return rules
}

func couldNotTell(r Reason) bool { return r.Mode == Enforce && r.Result == Unknown }

// oldestSource is the source that is furthest behind.
func oldestSource(sources []Watermark) string {
	if len(sources) == 0 {
		return ""
	}
	return slices.MinFunc(sources, func(a, b Watermark) int { return a.Watermark.Compare(b.Watermark) }).Name
}

// passed reports whether it let something through.
func (s Scored) passed() bool { return s.Verdict == Allow || s.Verdict == Warn }

// normal leaves out what always passes.
func (s Scored) normal() bool { return s.Kind == KindNormal }

// observed reports whether it would have been stopped, had the criteria that only observe been in force.
func (s Scored) observed() bool { return s.passed() && s.WouldBe == Block }

// failing reports whether a criterion was not met.
func (s Scored) failing(criterion string) bool { return slices.Contains(s.Fails, criterion) }
