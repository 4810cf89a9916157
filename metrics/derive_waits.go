package metrics

import (
	"slices"
	"time"
)

// linkApprovals hands each approval to its rollout and adds up how long the decided ones took.
func (d *derivation) linkApprovals() {
	for _, a := range d.approvals {
		r := d.references.find(a.Source, a.Value.Deployment)
		if r == nil {
			d.leaveOut(a.Key, cmpTime(a.Value.DecidedAt, a.Value.RequestedAt), d.whyUnlinked(a))
			continue
		}
		d.decidedBy(r, a.Value)
		a.Value.Approver = "" // who it was has been counted among the handoffs; facts name nobody
		r.Approvals = append(r.Approvals, a.Value)
	}
	for _, r := range d.drafts {
		if len(r.Approvals) > 0 {
			r.Waits = waitsOf(r.Approvals, d.service.Team)
		}
	}
}

// decided reports whether an approval was given or refused; one that nobody has answered is no wait yet.
func (r Approval) decided() bool { return !r.DecidedAt.IsZero() }

// waitsOf measures the decided approvals of a rollout against the team that owns its service.
func waitsOf(approvals []Approval, owner string) Waits {
	var w Waits
	var all, inside, outside, unknown spans
	for _, a := range approvals {
		if !a.decided() {
			continue
		}
		if a.Decision == "refused" {
			w.Refused++
		}
		place, count := &outside, &w.DecidedOutside
		switch {
		case owner == "" || a.ApproverTeam == "":
			place, count = &unknown, &w.DecidedUnknown
		case owner == a.ApproverTeam:
			place, count = &inside, &w.DecidedInside
		}
		*count++
		place.add(a.RequestedAt, a.DecidedAt)
		all.add(a.RequestedAt, a.DecidedAt)
	}
	w.Total, w.Inside, w.Outside, w.Unknown = all.union(), inside.union(), outside.union(), unknown.union()
	return w
}

// spans are stretches of time that may overlap.
type spans [][2]time.Time

// add notes a span whose ends are known and stand in order; any other is a slip of the record and no time.
func (s *spans) add(from, to time.Time) {
	if !from.IsZero() && from.Before(to) {
		*s = append(*s, [2]time.Time{from, to})
	}
}

// union is the time that at least one of the spans covers.
func (s spans) union() time.Duration {
	slices.SortFunc(s, func(a, b [2]time.Time) int { return a[0].Compare(b[0]) })
	var total time.Duration
	var end time.Time
	for _, span := range s {
		from := span[0]
		if from.Before(end) {
			from = end
		}
		if from.Before(span[1]) {
			total += span[1].Sub(from)
			end = span[1]
		}
	}
	return total
}
