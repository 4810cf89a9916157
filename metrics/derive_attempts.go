package metrics

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// attempt is one deployment that ran to an end.
type attempt struct {
	*record[Deployment]
	environment string
	repository  string
	node        node   // of the revision, none when the graph does not hold it
	revision    string // in full where the graph knows it
	identity    string // what it deploys: attempts of one identity can be one rollout
	target      string // the part of the environment that it deploys to
	rank        int    // of its source, the lowest decides
	// known is when its outcome was known, once that was asked for.
	known          time.Time
	assumed, asked bool
}

// begin is the start, or for an attempt that states none its finish.
func (a *attempt) begin() time.Time {
	if a.Value.StartedAt.IsZero() {
		return a.Value.FinishedAt
	}
	return a.Value.StartedAt
}

func (a *attempt) succeeded() bool { return a.Value.Status == Succeeded }

func compareAttempts(a, b *attempt) int {
	return cmp.Or(a.begin().Compare(b.begin()), a.Value.FinishedAt.Compare(b.Value.FinishedAt), compareKeys(a.Key, b.Key))
}

// attempts sorts out the deployments that ran; the others are running still or left out with the reason.
func (d *derivation) attempts() []*attempt {
	all := make([]attempt, 0, len(d.deployments))
	for i := range d.deployments {
		r := &d.deployments[i]
		reason, running := unfit(r.Value)
		switch {
		case running:
			d.running = append(d.running, *r)
			d.facts.Running = append(d.facts.Running, r.name())
		case reason != "":
			d.leaveOut(r.Key, deploymentTime(r.Value), reason)
		default:
			all = append(all, d.attempt(r))
		}
	}
	digests := revisionsOfDigests(all)
	out := make([]*attempt, len(all))
	for i := range all {
		d.identify(&all[i], digests)
		out[i] = &all[i]
	}
	return out
}

// unfit says why a deployment is no finished attempt.
func unfit(v Deployment) (reason string, running bool) {
	switch v.Status {
	case Running:
		return "", true
	case Pending:
		return leftPending, false
	case Cancelled:
		return leftCancelled, false
	case Succeeded, Failed:
	default:
		return leftNoStatus, false
	}
	if v.FinishedAt.IsZero() {
		return leftNoFinish, false
	}
	if v.StartedAt.After(v.FinishedAt) {
		return leftEarlyFinish, false
	}
	return "", false
}

// deploymentTime is the latest instant that a deployment states.
func deploymentTime(v Deployment) time.Time {
	return cmpTime(v.FinishedAt, v.StartedAt, v.CreatedAt)
}

// cmpTime is the first instant that is known.
func cmpTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func (d *derivation) attempt(r *record[Deployment]) attempt {
	a := attempt{record: r, environment: d.environment(r.Value.Environment).name, node: none, rank: d.rules.rank(r.Source)}
	a.repository = d.repositoryOf(r.Value)
	a.revision = r.Value.Revision
	a.target = targetOf(r.Value, a.environment)
	if h := d.histories[a.repository]; h != nil && a.revision != "" {
		if a.node = h.resolve(a.revision); a.node != none {
			a.revision = h.names[a.node]
		}
	}
	return a
}

// repositoryOf is the repository that a deployment is built from: stated, the only one there is, or the one that holds the revision.
func (d *derivation) repositoryOf(v Deployment) string {
	if v.Repository != "" {
		return v.Repository
	}
	if len(d.repositories) == 1 {
		return d.repositories[0]
	}
	for _, name := range d.repositories {
		if h := d.histories[name]; h != nil && h.resolve(v.Revision) != none {
			return name
		}
	}
	return ""
}

// targetOf tells apart the places that one rollout goes to, by the labels in use for it and the name of a joined environment.
func targetOf(v Deployment, environment string) string {
	parts := []string{v.Labels["target"], v.Labels["region"], v.Labels["cluster"]}
	if v.Environment != environment {
		parts = append(parts, v.Environment)
	}
	return strings.Join(parts, "\n")
}

// revisionsOfDigests learns which revision an artifact was built from: one that the graph knows where possible, else the first by name.
func revisionsOfDigests(all []attempt) map[string]*attempt {
	digests := map[string]*attempt{}
	for i := range all {
		a := &all[i]
		if a.Value.Digest == "" || a.revision == "" {
			continue
		}
		if old := digests[a.Value.Digest]; old == nil || betterRevision(a, old) {
			digests[a.Value.Digest] = a
		}
	}
	return digests
}

func betterRevision(a, b *attempt) bool {
	if (a.node != none) != (b.node != none) {
		return a.node != none
	}
	return cmp.Or(cmp.Compare(a.repository, b.repository), cmp.Compare(a.revision, b.revision)) < 0
}

// identify settles what an attempt deploys. A source that knows only the artifact, or a revision of another repository (that
// of the manifests, say), takes over the revision that the artifact was built from.
func (d *derivation) identify(a *attempt, digests map[string]*attempt) {
	if built := digests[a.Value.Digest]; a.node == none && built != nil && built != a {
		a.revision, a.node, a.repository = built.revision, built.node, built.repository
	}
	switch {
	case a.revision != "":
		a.identity = a.revision
	case a.Value.Digest != "":
		a.identity = "digest " + a.Value.Digest
	case a.Value.Version != "":
		a.identity = "version " + a.Value.Version
	default:
		a.identity = "deployment " + a.name()
	}
}

// place is where rollouts follow one another.
type place struct{ environment, repository string }

// byPlace sorts attempts into places, each in order of start.
func byPlace(all []*attempt) map[place][]*attempt {
	out := map[place][]*attempt{}
	for _, a := range all {
		p := place{a.environment, a.repository}
		out[p] = append(out[p], a)
	}
	for _, list := range out {
		slices.SortFunc(list, compareAttempts)
	}
	return out
}
