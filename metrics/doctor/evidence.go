package doctor

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// recent is how many of a service's latest deployments to production tell how its records are made today.
const recent = 50

// Evidence is what the facts of one service hold, counted once when they are derived, so that what is missing can be told of thousands
// of services without reading their facts.
type Evidence struct {
	Team string `json:"team,omitempty"`
	// Environments are those that rollouts went to, by name.
	Environments []Environment `json:"environments,omitempty"`
	// Latest are the newest instants at which something entered each figure, as many as make a value.
	Latest map[string][]time.Time `json:"latest,omitempty"`
	Recent Recent                 `json:"recent,omitzero"`
	// Changes are all that rollouts brought, Baselines the rollouts of which that is not known.
	Changes   int `json:"changes,omitempty"`
	Baselines int `json:"baselines,omitempty"`
	// Incidents are all that belong to the service, Unresolved those that state no end.
	Incidents  int `json:"incidents,omitempty"`
	Unresolved int `json:"unresolved,omitempty"`
	// LeftOut counts records that enter no figure, by reason; Running deployments that have not ended.
	LeftOut map[string]int `json:"left_out,omitempty"`
	Running int            `json:"running,omitempty"`
}

// Environment is one that rollouts went to.
type Environment struct {
	Name     string                  `json:"name"`
	Kind     metrics.EnvironmentKind `json:"kind"`
	Rollouts int                     `json:"rollouts"`
	LastAt   time.Time               `json:"last_at"`
}

// Recent counts the latest rollouts to production, redeploys not among them.
type Recent struct {
	Rollouts int `json:"rollouts"`
	// Of them: without a revision, with changes that are not known, by the reason, and those by their repository.
	NoRevision   int            `json:"no_revision,omitempty"`
	Baselines    map[string]int `json:"baselines,omitempty"`
	Repositories map[string]int `json:"repositories,omitempty"`
	// Changes that they brought, those that belong to a pull request, and to one that was reviewed, and those whose author is not known.
	Changes  int `json:"changes,omitempty"`
	Request  int `json:"request,omitempty"`
	Reviewed int `json:"reviewed,omitempty"`
	Unsigned int `json:"unsigned,omitempty"`
	// Approvals on them, and those that nobody has decided; Unplaced the decided ones of a team that is not known.
	Approvals int `json:"approvals,omitempty"`
	Undecided int `json:"undecided,omitempty"`
	Unplaced  int `json:"unplaced,omitempty"`
	Verdicts  int `json:"verdicts,omitempty"`
	Failed    int `json:"failed,omitempty"`
}

// EvidenceOf counts the facts of one service.
func EvidenceOf(f metrics.Facts) Evidence {
	floor := metrics.DORA().Floor
	e := Evidence{Team: f.Team, Running: len(f.Running), Incidents: len(f.Incidents), Latest: metrics.Latest(f, metrics.Query{}, floor)}
	for _, i := range f.Incidents {
		if i.ResolvedAt.IsZero() {
			e.Unresolved++
		}
	}
	for _, l := range f.LeftOut {
		countIn(&e.LeftOut, l.Reason)
	}
	e.Environments = environments(f.Rollouts)
	for i := range f.Rollouts {
		e.Changes += len(f.Rollouts[i].Changes)
		if f.Rollouts[i].Baseline {
			e.Baselines++
		}
	}
	for i := len(f.Rollouts) - 1; i >= 0 && e.Recent.Rollouts < recent; i-- {
		if r := &f.Rollouts[i]; r.EnvironmentKind == metrics.Production && r.Counts() {
			e.Recent.add(r)
		}
	}
	return e
}

func environments(rollouts []metrics.Rollout) []Environment {
	byName := map[string]*Environment{}
	for i := range rollouts {
		r := &rollouts[i]
		e := byName[r.Environment]
		if e == nil {
			e = &Environment{Name: r.Environment}
			byName[r.Environment] = e
		}
		e.Kind, e.LastAt = r.EnvironmentKind, r.FinishedAt.UTC()
		e.Rollouts++
	}
	var all []Environment
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, *byName[name])
	}
	return all
}

func (t *Recent) add(r *metrics.Rollout) {
	t.Rollouts++
	if r.Revision == "" {
		t.NoRevision++
	}
	if r.Baseline {
		countIn(&t.Baselines, r.BaselineReason)
		countIn(&t.Repositories, r.Repository)
	}
	if r.Failed() {
		t.Failed++
	}
	if r.Verdict != "" {
		t.Verdicts++
	}
	for i := range r.Changes {
		t.addChange(&r.Changes[i])
	}
	t.Approvals += len(r.Approvals)
	for _, a := range r.Approvals {
		if a.DecidedAt.IsZero() {
			t.Undecided++
		}
	}
	t.Unplaced += r.Waits.DecidedUnknown
}

func (t *Recent) addChange(c *metrics.Change) {
	t.Changes++
	if c.PullRequest != "" {
		t.Request++
	}
	if !c.ReviewedAt.IsZero() {
		t.Reviewed++
	}
	if c.Handoffs == nil {
		t.Unsigned++
	}
}

func countIn(m *map[string]int, key string) {
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)[key]++
}

// within counts the latest instants of a figure that a window holds: exact below the floor, which is all that is kept.
func (e Evidence) within(figure string, w metrics.Window) int {
	n := 0
	for _, at := range e.Latest[figure] {
		if w.Contains(at) {
			n++
		}
	}
	return n
}

// rollouts counts those that went to environments of a kind.
func (e Evidence) rollouts(kind metrics.EnvironmentKind) int {
	n := 0
	for _, one := range e.Environments {
		if one.Kind == kind {
			n += one.Rollouts
		}
	}
	return n
}

// most is the key that counts most, of several the first by name, with its count.
func most(counts map[string]int) (key string, n int) {
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		if counts[k] > n {
			key, n = k, counts[k]
		}
	}
	return key, n
}

// listed are the keys by count, the greatest first, each with its count: "live-eu (132), blue (3) and 4 more".
func listed(counts map[string]int, limit int) string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
	words := make([]string, 0, limit)
	for _, k := range keys[:min(limit, len(keys))] {
		words = append(words, cmp.Or(k, "(no name)")+" ("+number(counts[k])+")")
	}
	text := strings.Join(words, ", ")
	if more := len(keys) - len(words); more > 0 {
		text += " and " + number(more) + " more"
	}
	return text
}
