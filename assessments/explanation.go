package assessments

import (
	"cmp"
	"slices"

	"shiphabit/metrics"
)

// Explanation opens a piece of evidence: how its level is made, and from which records.
type Explanation struct {
	Evidence
	Formula string `json:"formula"`
	// Records are those behind the level, by time; Unused those of the window that were not used, each with the reason.
	Records []Row             `json:"records"`
	Unused  []metrics.LeftOut `json:"unused"`
	// Replies are what the team said to the questions that this evidence stands beside.
	Replies []Reply `json:"replies,omitempty"`
}

// Explain opens the piece of evidence of an id ("E1" … "E5") among those of a round; false when it is none of them.
func Explain(all []Evidence, id string) (Explanation, bool) {
	e, found := find(all, id)
	if !found {
		return Explanation{}, false
	}
	x := Explanation{Evidence: e, Formula: formulas[id], Records: append([]Row{}, e.Rows...), Unused: append([]metrics.LeftOut{}, e.Excluded...)}
	slices.SortFunc(x.Records, func(a, b Row) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Record, b.Record))
	})
	slices.SortFunc(x.Unused, func(a, b metrics.LeftOut) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Reason, b.Reason))
	})
	return x, true
}

// formulas say in words how each level is made.
var formulas = map[string]string{
	"E1": "Planned deployments to production in twelve weeks, divided by the weeks that have a working day, and the gaps between deployment days in working days, the open one included. Of several services the median one stands for the team, the lower of two.",
	"E2": "Failed deployments to production in 26 weeks: how many were ended by a rollback or a revert, how soon the first remedy began after the failure was noticed, how long recovery took with open failures counted as open, and whether one remedy was enough. Beside them, how recently the way back was used, written up, or drilled.",
	"E3": "Deployments to production in twelve weeks: how many had a required approver or an executor outside the owning team, the time waited for people outside divided by the lead time of the median change, and how many the team or its pipeline started. Who wrote code of the service counts as of the team; deployments of which nothing is known are left out of the share.",
	"E4": "Deployments to production in 26 weeks: how many had a health verdict in time, how soon failures were noticed after the deployment finished and how many of them by a machine, and how recently a deployment was stopped or taken back automatically.",
	"E5": "Deployments to production in twelve weeks: the working time from a change's merge to the start of its deployment, how many changes went out in the two busiest two-hour cells of the week, how many deployments went out together with those of other teams, and how many needed a record of coordination. It is indirect: waiting and crowding are what ceremony leaves behind, not ceremony itself.",
}
