package metrics

// fix is what a deployment that fixed an incident says of the incident's cause.
type fix struct {
	of *draft
	by string
}

// statedByFixes reads the deployments that name both an incident and what caused it: the deployments that they fix, the one
// that they replace, or the one whose commits they revert.
func (d *derivation) statedByFixes() map[string]fix {
	incidents := newIncidentNames(d.incidents)
	out := map[string]fix{}
	for _, r := range d.drafts {
		for _, a := range r.attempts {
			for _, ref := range a.Value.Fixes {
				id := incidents.find(a.Source, ref)
				if id == "" {
					continue
				}
				r.incidents = append(r.incidents, id)
				if of := d.causeNamed(r); of != nil && out[id].of == nil {
					out[id] = fix{of: of, by: r.ID}
				}
			}
		}
	}
	return out
}

// causeNamed is the rollout that a fix points at besides the incident.
func (d *derivation) causeNamed(r *draft) *draft {
	if named := d.fixedDeployments(r); len(named) > 0 {
		return named[0]
	}
	if r.Kind == Redeploy || r.of != nil && r.of.Kind == Rollback {
		return nil
	}
	return r.of
}

// fixedDeployments are the rollouts that a deployment names as what it fixes.
func (d *derivation) fixedDeployments(r *draft) []*draft {
	var out []*draft
	for _, a := range r.attempts {
		for _, ref := range a.Value.Fixes {
			if of := d.references.find(a.Source, ref); of != nil && of != r {
				out = append(out, original(of))
			}
		}
	}
	return out
}

// incidentNames find the incident that a deployment names.
type incidentNames struct {
	byName map[string]bool
	byID   map[string]string // id or page → "source/id", empty where several incidents share it
}

func newIncidentNames(all []record[Incident]) incidentNames {
	n := incidentNames{byName: map[string]bool{}, byID: map[string]string{}}
	for _, r := range all {
		n.byName[r.name()] = true
		for _, id := range []string{r.ID, r.Value.URL} {
			if _, taken := n.byID[id]; taken && id != "" {
				n.byID[id] = ""
				continue
			}
			n.byID[id] = r.name()
		}
	}
	return n
}

// find resolves an incident's id of the same source, "source/id", its page, or an id that only one incident has.
func (n incidentNames) find(source, ref string) string {
	if ref == "" {
		return ""
	}
	for _, name := range []string{source + "/" + ref, ref} {
		if n.byName[name] {
			return name
		}
	}
	return n.byID[ref]
}
