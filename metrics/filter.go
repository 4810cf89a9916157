package metrics

import (
	"fmt"
	"slices"
	"strings"
)

// Filter narrows facts to rollouts of some environments, repositories, branches or labels. What is empty does not narrow; of
// several values in one field any will do, and every field that is set must fit. Such a slice has no stored tallies and is
// counted from the facts each time.
type Filter struct {
	Environments []string          `json:"environments,omitempty"` // by name, as the rules join them
	Repositories []string          `json:"repositories,omitempty"`
	Refs         []string          `json:"refs,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
}

// Empty reports that the filter narrows nothing.
func (f Filter) Empty() bool {
	return len(f.Environments)+len(f.Repositories)+len(f.Refs)+len(f.Labels) == 0
}

// LabelsOf reads words of the form "name=value"; nil for no words.
func LabelsOf(words []string) (map[string]string, error) {
	var labels map[string]string
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("label %q is not of the form name=value", word)
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[name] = value
	}
	return labels, nil
}

// Misses reports that an environment is asked for by name of which the tallies hold nothing. The name is more likely a slip, and an
// empty figure would look like an answer.
func (f Filter) Misses(tallies []Tally) bool {
	return len(f.Environments) > 0 && !slices.ContainsFunc(tallies, func(t Tally) bool { return t.Rollouts+t.Incidents > 0 })
}

// Of is the facts that fit. An incident fits by the rollout that it is attributed to, or without one by its environment where
// nothing else is asked for. Records left out stay: they do not say what they would have been part of.
func (f Filter) Of(facts Facts) Facts {
	if f.Empty() {
		return facts
	}
	all := facts
	facts.Rollouts, facts.Incidents = nil, nil
	fitting := map[string]bool{}
	for i := range all.Rollouts {
		if r := &all.Rollouts[i]; f.fits(r) {
			fitting[r.ID] = true
			facts.Rollouts = append(facts.Rollouts, *r)
		}
	}
	for _, i := range all.Incidents {
		if fitting[i.Rollout] || i.Rollout == "" && f.onlyEnvironments() && slices.Contains(f.Environments, i.Environment) {
			facts.Incidents = append(facts.Incidents, i)
		}
	}
	return facts
}

func (f Filter) ofAll(fs []Facts) []Facts {
	if f.Empty() {
		return fs
	}
	out := make([]Facts, len(fs))
	for i := range fs {
		out[i] = f.Of(fs[i])
	}
	return out
}

func (f Filter) onlyEnvironments() bool { return len(f.Repositories)+len(f.Refs)+len(f.Labels) == 0 }

func (f Filter) fits(r *Rollout) bool {
	fits := func(wanted []string, value string) bool { return len(wanted) == 0 || slices.Contains(wanted, value) }
	if !fits(f.Environments, r.Environment) || !fits(f.Repositories, r.Repository) || !fits(f.Refs, r.Ref) {
		return false
	}
	for name, value := range f.Labels {
		if have, labelled := r.Labels[name]; !labelled || have != value {
			return false
		}
	}
	return true
}
