package metrics

// references find the rollout that a record names.
type references struct {
	byName map[string]*draft // "source/id" of an attempt
	byURL  map[string]*draft
	byID   map[string]*draft // nil where several sources use one id
}

func newReferences(drafts []*draft) references {
	r := references{byName: map[string]*draft{}, byURL: map[string]*draft{}, byID: map[string]*draft{}}
	for _, d := range drafts {
		for _, a := range d.attempts {
			r.byName[a.name()] = d
			if a.Value.URL != "" {
				r.byURL[a.Value.URL] = d
			}
			if old, taken := r.byID[a.ID]; taken && old != d {
				r.byID[a.ID] = nil
				continue
			}
			r.byID[a.ID] = d
		}
	}
	return r
}

// find resolves an id of the same source, "source/id", the page of a deployment, or an id that only one deployment has, to a rollout
// that is not left out.
func (r references) find(source, ref string) *draft {
	if d := r.named(source, ref); d != nil {
		return d.counted()
	}
	return nil
}

func (r references) named(source, ref string) *draft {
	if ref == "" {
		return nil
	}
	for _, d := range []*draft{r.byName[source+"/"+ref], r.byName[ref], r.byURL[ref], r.byID[ref]} {
		if d != nil {
			return d
		}
	}
	return nil
}

// counted is the rollout itself, or none when it is left out.
func (r *draft) counted() *draft {
	if r.dropped != "" {
		return nil
	}
	return r
}
