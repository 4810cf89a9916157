package metrics

import (
	"cmp"
	"slices"
	"time"
)

// blameForRollbacks fails what each rollback replaced, unless that was a rollback itself.
func (d *derivation) blameForRollbacks() {
	for _, r := range d.drafts {
		if r.Kind == Rollback && r.succeeded() && r.of != nil && r.of.Kind != Rollback {
			at, assumed := r.firstKnown((*attempt).succeeded)
			if slices.ContainsFunc(r.attempts, (*attempt).rollsBack) {
				named := func(a *attempt) bool { return d.namesAny(a, r.of, a.Value.RollbackOf) }
				if stated, is := r.firstSaid(named, (*attempt).rollsBack); stated.After(at) {
					at, assumed = stated, is
				}
			}
			r.of.fail(Failure{Cause: CauseRollback, At: r.SucceededAt, KnownAt: at, Assumed: assumed,
				Evidence: r.ID, Confidence: r.confidence()})
		}
	}
}

// linkVerdicts hands each health verdict to its rollout. One unhealthy verdict fails it, whatever comes after: that is recovery.
func (d *derivation) linkVerdicts() {
	slices.SortStableFunc(d.verdicts, func(a, b record[Verdict]) int { return a.Value.At.Compare(b.Value.At) })
	for _, v := range d.verdicts {
		r := d.references.find(v.Source, v.Value.Deployment)
		if r == nil {
			d.leaveOut(v.Key, v.Value.At, d.whyUnwatched(v))
			continue
		}
		at, assumed := knownAt(v.revisions, func(e Event) bool {
			told, err := e.Verdict()
			return err == nil && told.Result == v.Value.Result
		}, v.Value.At)
		at, assumed = knownLater(at, assumed, correctedAt(v.revisions, "at", "deployment", "result"))
		at = later(at, r.knownAs(v.Source, v.Value.Deployment)) // nobody knew before what it is about
		r.hear(watched{at: v.Value.At, known: later(at, v.Value.At), result: v.Value.Result})
		if v.Value.Result != "unhealthy" {
			continue
		}
		r.fail(Failure{Cause: CauseVerdict, At: v.Value.At, KnownAt: at, Assumed: assumed, Evidence: v.name(), Confidence: Stated})
	}
}

// blameForHotfixes finds what each declared hotfix repaired: the deployments that it names, the cause of the incidents that it
// names, or else the last rollout before it that counts.
func (d *derivation) blameForHotfixes() {
	causes := d.incidentCauses()
	for _, c := range d.chains {
		kept := c.kept()
		for i, r := range kept {
			if r.Kind != Rework || !r.declaredRepair() {
				continue
			}
			repaired, confidence := d.fixedDeployments(r), Stated
			if len(repaired) == 0 {
				repaired, confidence = r.causesOfIncidents(causes), Stated
			}
			if len(repaired) == 0 && r.of == nil {
				repaired, confidence = lastToBlame(kept[:i]), Inferred
			}
			d.repair(r, repaired, confidence)
		}
	}
}

// incidentCauses are the rollouts that the incidents were attributed to.
func (d *derivation) incidentCauses() map[string]*draft {
	causes := map[string]*draft{}
	for _, l := range d.links {
		causes[l.IncidentLink.ID] = l.rollout
	}
	return causes
}

func (r *draft) causesOfIncidents(causes map[string]*draft) []*draft {
	var out []*draft
	for _, id := range r.incidents {
		if of := causes[id]; of != nil && of != r {
			out = append(out, of)
		}
	}
	return out
}

// lastToBlame is the last rollout that can have broken something: a rollback repairs itself, a redeploy changes nothing.
func lastToBlame(before []*draft) []*draft {
	for _, r := range slices.Backward(before) {
		if r.Kind != Rollback && r.Kind != Redeploy {
			return []*draft{r}
		}
	}
	return nil
}

// namesAny reports whether one of the names that an attempt gives is that of a rollout.
func (d *derivation) namesAny(a *attempt, of *draft, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		r := d.references.find(a.Source, name)
		return r != nil && original(r) == of
	})
}

// firstSaid is when the first attempt was known that names what it is about, where one does, else the first that says so of anything.
func (r *draft) firstSaid(names, says func(*attempt) bool) (time.Time, bool) {
	if slices.ContainsFunc(r.attempts, names) {
		return r.firstKnown(names)
	}
	return r.firstKnown(says)
}

func (d *derivation) repair(r *draft, repaired []*draft, confidence Confidence) {
	for i, of := range repaired {
		if slices.Contains(repaired[:i], of) {
			continue
		}
		r.repairs = append(r.repairs, of)
		if r.of == nil || compareDrafts(of, r.of) > 0 {
			r.of = of
		}
		if of.Kind != Rollback {
			at, assumed := r.firstSaid(func(a *attempt) bool { return d.namesAny(a, of, a.Value.Fixes...) }, (*attempt).repairs)
			of.fail(Failure{Cause: CauseHotfix, At: r.FinishedAt, KnownAt: at, Assumed: assumed, Evidence: r.ID, Confidence: confidence})
		}
	}
}

// blameForIncidents fails the rollout that each incident of a counted severity is linked to.
func (d *derivation) blameForIncidents() {
	for _, l := range d.links {
		if l.rollout == nil || !d.rules.countsSeverity(l.Value.Severity) {
			continue
		}
		own := cmpTime(l.Value.DetectedAt, l.Value.StartedAt)
		at, assumed := knownAt(l.revisions, d.showsCause(l), own)
		at, assumed = knownLater(at, assumed, correctedAt(l.revisions, linkFields...))
		l.rollout.fail(Failure{Cause: CauseIncident, At: l.Value.StartedAt, KnownAt: at, Assumed: assumed,
			Evidence: l.IncidentLink.ID, Confidence: l.Confidence})
	}
}

// showsCause tells from which revision of an incident its rollout followed: any, or the one that first named it.
func (d *derivation) showsCause(l *link) func(Event) bool {
	if l.Value.Deployment == "" && l.Value.Revision == "" {
		return anyRevision
	}
	return func(e Event) bool {
		told, err := e.Incident()
		return err == nil && told.Deployment == l.Value.Deployment && told.Revision == l.Value.Revision
	}
}

// linkFields are those of an incident that decide which rollout it is linked to, and whether it counts.
var linkFields = []string{"deployment", "environment", "labels", "revision", "service", "severity", "started_at", "title"}

// keepCountedCauses drops the causes that the rules do not count and puts the others in the order in which they occurred.
func (d *derivation) keepCountedCauses() {
	for _, r := range d.drafts {
		r.Failures = slices.DeleteFunc(r.Failures, func(f Failure) bool { return !d.rules.counts(f.Cause) })
		slices.SortFunc(r.Failures, func(a, b Failure) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Evidence, b.Evidence), cmp.Compare(a.Confidence, b.Confidence))
		})
		if len(r.Failures) == 0 {
			r.Failures = nil
		}
	}
}
