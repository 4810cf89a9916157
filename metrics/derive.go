package metrics

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Derive turns the events of one service into facts. It is a pure function: the same events and rules give the same facts, bit
// for bit, in whatever order, however often and in whichever revisions the events arrive.
//
// The passes follow one another as written: records are read, histories built, deployments grouped into rollouts, each place's
// rollouts put in order and told apart, then causes of failure linked, and last of all recoveries.
func Derive(service Service, events []Event, rules Rules) Facts {
	d := newDerivation(service, events, rules)
	d.buildHistories()
	d.buildRollouts()
	d.linkVerdicts()
	d.linkApprovals()
	d.linkIncidents()
	d.blameForHotfixes()
	d.blameForIncidents()
	d.keepCountedCauses()
	d.findRecoveries()
	return d.finish()
}

// derivation is the state of one Derive.
type derivation struct {
	records
	service      Service
	rules        Rules
	environments map[string]environment
	repositories []string
	histories    map[string]*history
	chains       []*chain
	drafts       []*draft // all rollouts, by finish and id, once the chains are done
	references   references
	links        []*link
	running      []record[Deployment]
	byRevision   map[string][]*draft // made when an incident names a revision or version
	facts        Facts
}

// history is what is known of one repository.
type history struct {
	*graph
	line     *ancestry
	requests *requests
	reverts  *reverts
}

// environment is how the rules see one environment's name.
type environment struct {
	name string
	kind EnvironmentKind
}

func newDerivation(service Service, events []Event, rules Rules) *derivation {
	d := &derivation{records: readRecords(events), service: service, rules: rules,
		environments: map[string]environment{}, histories: map[string]*history{}}
	d.facts.Service = service.Name
	d.facts.LeftOut = d.leftOut
	return d
}

func (d *derivation) environment(name string) environment {
	e, known := d.environments[name]
	if !known {
		e = environment{name: d.rules.joined(name), kind: d.rules.KindOf(name)}
		d.environments[name] = e
	}
	return e
}

func (d *derivation) leaveOut(k Key, at time.Time, reason string) {
	d.facts.LeftOut = append(d.facts.LeftOut, LeftOut{Record: k.String(), At: at, Reason: reason})
}

// buildHistories makes a graph of each repository that has commits.
func (d *derivation) buildHistories() {
	commits := map[string][]*Commit{}
	for _, c := range d.uniqueCommits() {
		commits[c.Repository] = append(commits[c.Repository], c)
	}
	requests := map[string][]record[PullRequest]{}
	slices.SortFunc(d.requests, func(a, b record[PullRequest]) int {
		return cmp.Or(d.compareSources(a.Source, b.Source), compareKeys(a.Key, b.Key))
	})
	for _, r := range d.requests {
		requests[r.Repository] = append(requests[r.Repository], r)
	}
	for repository, list := range commits {
		d.histories[repository] = newHistory(list, requests[repository])
	}
	d.repositories = d.knownRepositories()
	d.internStatedCommits()
}

// internStatedCommits gives every commit that a deployment lists a place in its graph, known or not.
func (d *derivation) internStatedCommits() {
	for _, r := range d.deployments {
		if len(r.Value.Commits) == 0 {
			continue
		}
		repository := d.repositoryOf(r.Value)
		if d.histories[repository] == nil {
			d.histories[repository] = newHistory(nil, nil)
		}
		for _, name := range r.Value.Commits {
			d.histories[repository].lookup(name)
		}
	}
}

func newHistory(commits []*Commit, prs []record[PullRequest]) *history {
	h := &history{graph: newGraph(commits)}
	h.line = newAncestry(h.graph)
	h.requests = newRequests(h.graph, prs)
	h.reverts = newReverts(h.requests, h.line)
	return h
}

// knownRepositories are those that the service declares, that its deployments name, or whose commits came with its events.
func (d *derivation) knownRepositories() []string {
	all := slices.Clone(d.service.Repositories)
	for _, r := range d.deployments {
		if r.Value.Repository != "" {
			all = append(all, r.Value.Repository)
		}
	}
	all = append(all, slices.Collect(maps.Keys(d.histories))...)
	slices.Sort(all)
	return slices.Compact(all)
}

// uniqueCommits joins what several sources tell of one commit: the first source in the configured order wins, field by field.
func (d *derivation) uniqueCommits() []*Commit {
	type name struct{ repository, id string }
	first := make(map[name]*record[Commit], len(d.commits))
	again := map[*record[Commit]][]*record[Commit]{}
	out := make([]*Commit, 0, len(d.commits))
	for i := range d.commits {
		c := &d.commits[i]
		k := name{c.Repository, c.ID}
		if told := first[k]; told != nil {
			again[told] = append(again[told], c)
			continue
		}
		first[k] = c
		out = append(out, &c.Value)
	}
	for told, others := range again {
		told.Value = d.joinCommits(append(others, told))
	}
	return out
}

func (d *derivation) joinCommits(told []*record[Commit]) Commit {
	slices.SortFunc(told, func(a, b *record[Commit]) int { return d.compareSources(a.Source, b.Source) })
	joined := told[0].Value
	for _, c := range told[1:] {
		complete(&joined, c.Value)
	}
	return joined
}

func (d *derivation) compareSources(a, b string) int {
	return cmp.Or(cmp.Compare(d.rules.rank(a), d.rules.rank(b)), cmp.Compare(a, b))
}

// complete fills in what the preferred source leaves out.
func complete(c *Commit, other Commit) {
	c.Author = cmp.Or(c.Author, other.Author)
	c.AuthoredAt = cmpTime(c.AuthoredAt, other.AuthoredAt)
	c.CommittedAt = cmpTime(c.CommittedAt, other.CommittedAt)
	c.Message = cmp.Or(c.Message, other.Message)
	if c.Bot == nil {
		c.Bot = other.Bot
	}
	if len(c.Parents) == 0 {
		c.Parents = other.Parents
	}
	if len(c.Paths) == 0 {
		c.Paths = other.Paths
	}
}

// buildRollouts groups deployments and puts each place in order.
func (d *derivation) buildRollouts() {
	for at, attempts := range byPlace(d.attempts()) {
		d.chains = append(d.chains, &chain{of: d, place: at, rollouts: d.rollouts(attempts), history: d.histories[at.repository]})
	}
	slices.SortFunc(d.chains, func(a, b *chain) int {
		return cmp.Or(cmp.Compare(a.environment, b.environment), cmp.Compare(a.repository, b.repository))
	})
	for _, c := range d.chains {
		d.drafts = append(d.drafts, c.rollouts...)
	}
	d.references = newReferences(d.drafts)
	d.drafts = d.drafts[:0:0]
	for _, c := range d.chains {
		c.run()
		d.drafts = append(d.drafts, c.kept()...)
	}
	slices.SortFunc(d.drafts, func(a, b *draft) int {
		return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.ID, b.ID))
	})
	d.markRepeated()
}

// finish sorts and hands out the facts.
func (d *derivation) finish() Facts {
	f := d.facts
	f.Rollouts = make([]Rollout, len(d.drafts))
	for i, r := range d.drafts {
		if r.of != nil {
			r.Of = r.of.ID
		}
		f.Rollouts[i] = r.Rollout
	}
	f.Incidents = make([]IncidentLink, len(d.links))
	for i, l := range d.links {
		f.Incidents[i] = l.IncidentLink
	}
	if len(f.Incidents) == 0 {
		f.Incidents = nil
	}
	slices.SortFunc(f.LeftOut, func(a, b LeftOut) int {
		return cmp.Or(cmp.Compare(a.Record, b.Record), cmp.Compare(a.Reason, b.Reason))
	})
	slices.Sort(f.Running)
	return f
}
