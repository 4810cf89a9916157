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
//
// A correction stands among the events as a revision that goes before every source. What was known before it is kept beside the facts, for those
// who must not take back what they did by it: the facts are derived once for each instant at which corrections were made, or sources said otherwise
// than before, and compared.
func Derive(service Service, events []Event, rules Rules) Facts {
	corrected := correctedAtTimes(events)
	told := events
	if len(corrected) > 0 {
		told, events = apart(events)
	}
	all := readRecords(told)
	since := all.laterTold(rules, service.attributionWindow(rules))
	times := instants(corrected, since)
	if len(times) == 0 {
		return derive(service, all, nil, rules)
	}
	known := newRevised(service, events, since, rules)
	facts := known.derive(time.Time{})
	var was []Was
	var tell tellings
	tell.add(facts.Incidents, time.Time{}, false)
	for _, at := range times {
		now := known.derive(at)
		_, byHand := slices.BinarySearchFunc(corrected, at, time.Time.Compare)
		was = append(was, turned(facts.Rollouts, now.Rollouts, at, !byHand)...)
		tell.add(now.Incidents, at, byHand)
		facts = now
	}
	facts.Was = was
	tell.finish(&facts)
	return facts
}

// apart has what sources told, which is returned by itself as well, before all corrections.
func apart(events []Event) (told, all []Event) {
	all = slices.Clone(events)
	slices.SortStableFunc(all, func(a, b Event) int { return compareBool(a.Correction != nil, b.Correction != nil) })
	return all[:slices.IndexFunc(all, func(e Event) bool { return e.Correction != nil })], all
}

// derive makes facts of records. The histories of their repositories are those given, which it may add to, or else made of the records.
func derive(service Service, of records, histories map[string]*history, rules Rules) Facts {
	d := newDerivation(service, of, rules)
	if d.histories = histories; histories == nil {
		d.histories = of.histories(rules)
	}
	d.repositories = d.knownRepositories()
	d.buildRollouts()
	d.blameForRollbacks()
	d.linkVerdicts()
	d.linkApprovals()
	d.nameStarters()
	d.linkIncidents()
	d.blameForHotfixes()
	d.blameForIncidents()
	d.keepCountedCauses()
	d.findRecoveries()
	d.followProgress()
	return d.finish()
}

// derivation is the state of one Derive.
type derivation struct {
	records
	service      Service
	rules        Rules
	environments map[string]environment
	stated       map[string]EnvironmentKind // environments' names → what their hosts say they are for
	bots         map[string]bool            // names → whether a program's
	handoffs     map[Handoffs]*Handoffs
	repositories []string
	histories    map[string]*history
	chains       []*chain
	drafts       []*draft // all rollouts, by finish and id, once the chains are done
	references   references
	links        []*link
	running      []record[Deployment]
	byRevision   map[string][]*draft   // made when an incident names a revision or version
	writers      map[string]bool       // who wrote a change of any rollout; made when a hand is asked for
	neverRun     map[string]Deployment // "source/id" → deployments that never ran; made when a record names one
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

func newDerivation(service Service, of records, rules Rules) *derivation {
	d := &derivation{records: of, service: service, rules: rules,
		environments: map[string]environment{}, bots: map[string]bool{}, handoffs: map[Handoffs]*Handoffs{}}
	d.facts.Service, d.facts.Team = service.Name, service.Team
	d.facts.LeftOut = d.leftOut
	d.stated = statedKinds(d.deployments)
	return d
}

func (d *derivation) environment(name string) environment {
	e, known := d.environments[name]
	if !known {
		e = environment{name: d.rules.joined(name), kind: d.rules.kindOf(name, d.stated[name])}
		d.environments[name] = e
	}
	return e
}

func (d *derivation) leaveOut(k Key, at time.Time, reason string) {
	d.facts.LeftOut = append(d.facts.LeftOut, LeftOut{Record: k.String(), At: at, Reason: reason})
}

// histories makes a graph of each repository that has commits or pull requests.
func (r *records) histories(rules Rules) map[string]*history {
	compare := func(a, b string) int { return cmp.Or(cmp.Compare(rules.rank(a), rules.rank(b)), cmp.Compare(a, b)) }
	commits := map[string][]*toldCommit{}
	for i := range r.commits {
		c := &r.commits[i]
		commits[c.Repository] = append(commits[c.Repository], c)
	}
	sorted := slices.SortedFunc(slices.Values(r.requests), func(a, b record[PullRequest]) int {
		return cmp.Or(compare(a.Source, b.Source), compareKeys(a.Key, b.Key))
	})
	requests := map[string][]record[PullRequest]{}
	for _, one := range sorted {
		requests[one.Repository] = append(requests[one.Repository], one)
	}
	all := map[string]*history{}
	for repository, list := range commits {
		all[repository] = newHistory(newGraph(list, compare), requests[repository])
	}
	for repository, list := range requests {
		if all[repository] == nil {
			all[repository] = newHistory(newGraph(nil, nil), list)
		}
	}
	return all
}

func newHistory(g *graph, prs []record[PullRequest]) *history {
	h := &history{graph: g}
	h.line = newAncestry(h.graph)
	h.requests = newRequests(h.line, prs)
	h.reverts = newReverts(h.requests)
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
	for _, a := range d.approvals {
		if r := d.references.named(a.Source, a.Value.Deployment); r != nil {
			r.approvals = append(r.approvals, a.Value)
		}
	}
	d.drafts = d.drafts[:0:0]
	for _, c := range d.chains {
		c.run()
		d.drafts = append(d.drafts, c.kept()...)
	}
	slices.SortFunc(d.drafts, func(a, b *draft) int {
		return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.ID, b.ID))
	})
}

// madeAt is when the commit that was deployed was made.
func (d *derivation) madeAt(r *draft) time.Time {
	h := d.histories[r.Repository]
	if h == nil || !h.known(r.node) {
		return time.Time{}
	}
	return cmpTime(h.commits[r.node].CommittedAt, h.commits[r.node].AuthoredAt)
}

// finish sorts and hands out the facts.
func (d *derivation) finish() Facts {
	f := d.facts
	f.Rollouts = make([]Rollout, len(d.drafts))
	for i, r := range d.drafts {
		if r.of != nil {
			r.Of = r.of.ID
		}
		r.RevisionAt = d.madeAt(r)
		f.Rollouts[i] = r.Rollout
	}
	f.Incidents = make([]IncidentLink, len(d.links))
	for i, l := range d.links {
		f.Incidents[i] = l.IncidentLink
		f.Incidents[i].Told = d.told(l)
	}
	if len(f.Incidents) == 0 {
		f.Incidents = nil
	}
	slices.SortFunc(f.LeftOut, func(a, b LeftOut) int {
		return cmp.Or(cmp.Compare(a.Record, b.Record), cmp.Compare(a.Reason, b.Reason))
	})
	slices.Sort(f.Running)
	f.Since = d.since()
	return f
}
