package metrics

import (
	"slices"
	"strings"
	"time"
)

// EnvironmentKinds are all kinds, production first.
func EnvironmentKinds() []EnvironmentKind {
	return []EnvironmentKind{Production, Staging, Testing, Development}
}

// DefaultRules are the rules of an organisation that has configured nothing.
func DefaultRules() Rules {
	return Rules{
		Environments:      defaultEnvironments(),
		AttributionWindow: 24 * time.Hour,
		RolloutGap:        60 * time.Minute,
		Causes:            []Cause{CauseRun, CauseRollback, CauseRevert, CauseIncident, CauseVerdict, CauseHotfix},
	}
}

// KindLabel is the label of a deployment by which its host states the kind of the environment: production, staging, testing or
// development.
const KindLabel = "environment_kind"

// defaultEnvironments recognises the usual names. What comes before production must be asked first: "pre-prod" ends in "prod".
func defaultEnvironments() []EnvironmentRule {
	var out []EnvironmentRule
	words := func(kind EnvironmentKind, names ...string) {
		for _, name := range names {
			out = append(out, EnvironmentRule{Pattern: name, Kind: kind, Usual: true})
			for _, mark := range []string{"-", "_", "/", "."} {
				out = append(out,
					EnvironmentRule{Pattern: name + mark + "*", Kind: kind, Usual: true},
					EnvironmentRule{Pattern: "*" + mark + name, Kind: kind, Usual: true},
					EnvironmentRule{Pattern: "*" + mark + name + mark + "*", Kind: kind, Usual: true})
			}
		}
	}
	words(Development, "review", "preview", "sandbox", "local")
	words(Staging, "pre-prod", "pre-production", "preprod", "preproduction", "non-prod", "nonprod", "staging", "stage", "uat", "acceptance")
	words(Testing, "test", "testing", "qa", "integration", "e2e")
	words(Production, "production", "prod", "prd", "live")
	return out
}

// KindOf is the kind of an environment by its name: the first rule that matches. No name means production, since that is what
// people leave out; a name that no rule knows is development, so that it cannot enter a figure by accident.
func (r Rules) KindOf(environment string) EnvironmentKind { return r.kindOf(environment, "") }

// kindOf is the kind of an environment of which the host states one, or "". The organisation's own rules go before what the host
// says, and that before what such a name usually means.
func (r Rules) kindOf(environment string, stated EnvironmentKind) EnvironmentKind {
	i := -1
	if environment != "" {
		i = r.environmentRule(environment)
	}
	switch {
	case i >= 0 && (!r.Environments[i].Usual || stated == ""):
		return r.Environments[i].Kind
	case stated != "":
		return stated
	case environment == "":
		return Production
	}
	return Development
}

// Recognises reports whether a rule gives the environment's name a kind; of other names only a host can tell it.
func (r Rules) Recognises(environment string) bool {
	return environment == "" || r.environmentRule(environment) >= 0
}

// statedKinds are the kinds that hosts state of environments, by name. Of two statements the one of the later deployment holds, for
// all deployments: what an environment is for does not depend on which source saw it.
func statedKinds(deployments []record[Deployment]) map[string]EnvironmentKind {
	var kinds map[string]EnvironmentKind
	at := map[string]time.Time{}
	for i := range deployments {
		v := &deployments[i].Value
		kind := EnvironmentKind(strings.ToLower(v.Labels[KindLabel]))
		if kind == "" || !slices.Contains(EnvironmentKinds(), kind) || deploymentTime(*v).Before(at[v.Environment]) {
			continue
		}
		if kinds == nil {
			kinds = map[string]EnvironmentKind{}
		}
		kinds[v.Environment], at[v.Environment] = kind, deploymentTime(*v)
	}
	return kinds
}

// joined is the environment under which a deployment is counted: its own name, unless the rules join several environments.
func (r Rules) joined(environment string) string {
	if i := r.environmentRule(environment); i >= 0 && r.Environments[i].As != "" {
		return r.Environments[i].As
	}
	return environment
}

func (r Rules) environmentRule(environment string) int {
	name := folded(environment)
	return slices.IndexFunc(r.Environments, func(rule EnvironmentRule) bool { return rule.matches(name) })
}

// folded makes names equal that differ in the case of their letters alone: some letters, like ſ and S, share a capital one only.
func folded(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// matches compares a folded name with the pattern.
func (e EnvironmentRule) matches(name string) bool { return matchesPattern(folded(e.Pattern), name) }

// matchesPattern compares a lower-case name with a pattern in which "*" at either end stands for anything.
func matchesPattern(pattern, name string) bool {
	pattern = strings.ToLower(pattern)
	rest, open := strings.CutPrefix(pattern, "*")
	rest, more := strings.CutSuffix(rest, "*")
	switch {
	case open && pattern == "*":
		return true
	case open && more:
		return strings.Contains(name, rest)
	case open:
		return strings.HasSuffix(name, rest)
	case more:
		return strings.HasPrefix(name, rest)
	}
	return name == rest
}

// rank is a source's place in the configured order; sources that it does not name come after all that it does.
func (r Rules) rank(source string) int {
	if i := slices.Index(r.SourceOrder, source); i >= 0 {
		return i
	}
	return len(r.SourceOrder)
}

// counts reports whether a cause makes a rollout count as failed.
func (r Rules) counts(c Cause) bool { return slices.Contains(r.Causes, c) }

// countsSeverity reports whether an incident of this severity can fail a rollout. An unstated severity counts unless a limit is set.
func (r Rules) countsSeverity(severity int) bool {
	return r.MaxSeverity == 0 || severity > 0 && severity <= r.MaxSeverity
}
