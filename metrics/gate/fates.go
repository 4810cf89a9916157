package gate

import (
	"strings"
	"time"
)

// fate is what became of what a decision was about.
type fate struct {
	rollout string // "" when it was never seen to go out
	outcome Outcome
}

// fates finds what became of artifacts, by service. Each service's rollouts are looked up by what they put in, so that a hundred thousand
// decisions are matched in one go.
type fates map[string]fateIndex

type fateIndex struct {
	h *history
	// byArtifact holds the positions of rollouts by digest, revision and id, oldest first.
	byArtifact map[string][]int
}

func (l Ledger) fates() fates {
	all, granted := fates{}, l.granted()
	for name, s := range l.Services {
		index := fateIndex{newHistory(s.Facts, s.Policy, l.To.UTC().Truncate(time.Millisecond), granted[name]), map[string][]int{}}
		for i := range index.h.facts.Rollouts {
			r := &index.h.facts.Rollouts[i]
			for _, key := range []string{r.Digest, r.Revision, r.ID} {
				if key = strings.ToLower(key); key != "" {
					index.byArtifact[key] = append(index.byArtifact[key], i)
				}
			}
		}
		all[name] = index
	}
	return all
}

// of finds the first rollout of a decision's artifact into the same environment after it.
func (f fates) of(d Scored) fate {
	index, known := f[d.Service]
	if !known {
		return fate{outcome: PendingWatch}
	}
	for _, key := range []string{d.Digest, d.Revision, ReportSource + "/" + d.ID} {
		for _, at := range index.byArtifact[strings.ToLower(key)] {
			r := &index.h.facts.Rollouts[at]
			same := r.ID == ReportSource+"/"+d.ID || sameArtifact(r.Digest, r.Revision, d.Digest, d.Revision)
			if same && !r.FinishedAt.Before(d.At) && !r.FinishedAt.After(index.h.now) && strings.EqualFold(r.Environment, d.Environment) {
				return fate{r.ID, index.h.outcome(r).Outcome}
			}
		}
	}
	return fate{outcome: PendingWatch}
}
