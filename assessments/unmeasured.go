package assessments

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"shiphabit/metrics"
)

// autonomyEvidence is E3. No collector delivers who approved and who started a deployment yet, and a share of the few approvals
// that were imported would flatter: it is not measured, and says what will supply it.
func autonomyEvidence(to time.Time, cal metrics.Calendar) Evidence {
	e := Evidence{
		ID: "E3", Window: spanBefore(to, frequencyWeeks, cal).window, Grade: GradeNone, NOf: "deployments",
		Missing: "who approved each deployment and who started it; collectors for protected environments (GitLab, GitHub) or input steps (Jenkins) would supply it, and there are none yet",
	}
	e.Says = "Not measured: " + e.Missing + "."
	return e
}

// ceremonyEvidence is E5. Of its inputs only T is known, the share of changes shipped in the two busiest cells of weekday and
// two hours; without the wait of ready changes and coordination records there is no level.
func ceremonyEvidence(facts []metrics.Facts, to time.Time, cal metrics.Calendar) Evidence {
	s := spanBefore(to, frequencyWeeks, cal)
	e := Evidence{
		ID: "E5", Window: s.window, Grade: GradeNone, NOf: "changes", Indirect: true,
		Missing: "how long ready changes wait and which deployments needed a coordination record; collectors for pipelines and a ticket system would supply them, and there are none yet",
	}
	cells := map[int]int{}
	for _, f := range facts {
		for _, r := range inProduction(f, s.window) {
			at := r.FinishedAt.In(s.zone)
			cells[int(at.Weekday())*12+at.Hour()/2] += len(r.Changes)
			e.N += len(r.Changes)
		}
	}
	e.Says = "Not measured: " + e.Missing + "."
	if e.N > 0 {
		busiest := slices.SortedFunc(maps.Values(cells), func(a, b int) int { return cmp.Compare(b, a) })
		shipped := busiest[0]
		if len(busiest) > 1 {
			shipped += busiest[1]
		}
		e.Figures = []Figure{{Name: "T", Means: "share of changes shipped in the two busiest two-hour cells of the week", Value: new(share(shipped, e.N)), Unit: "share"}}
		e.Says = fmt.Sprintf("%d of %s shipped in the two busiest two-hour cells of the week. ", shipped, plural(e.N, "change")) + e.Says
	}
	return e
}
