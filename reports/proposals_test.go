package reports

import (
	"strings"
	"testing"

	"shiphabit/metrics/gate"
)

func TestProposedStepsStandOpenAndOthersAreFoldedBehindThem(t *testing.T) {
	t.Parallel()
	ready := gate.Graduation{Criterion: "failure-meter", Mode: gate.WarnOnly, Next: gate.Enforce, Ready: true}
	waits := gate.Graduation{Criterion: "batch-size", Mode: gate.Observe, Next: gate.WarnOnly, Missing: []string{"12 of 30 decisions observed"}}
	for _, c := range []struct {
		list         []gate.Graduation
		head, groups string
	}{
		{nil, "No criterion is left to do more", ""},
		{[]gate.Graduation{waits}, "None is proposed yet.", "Not yet open: Batch size, only observes; next it would warn"},
		{[]gate.Graduation{waits, ready}, "The record speaks for one next step", "Proposed open: Failure meter, only warns; next it could stop|Not yet folded: Batch size, only observes; next it would warn"},
		{[]gate.Graduation{ready, ready}, "The record speaks for 2 next steps", "Proposed open: Failure meter, only warns; next it could stop, Failure meter, only warns; next it could stop"},
	} {
		p := Proposals{List: c.list}
		var groups []string
		for _, g := range p.Groups() {
			words := map[bool]string{true: " folded: ", false: " open: "}[g.Folded]
			var list []string
			for _, v := range g.List {
				list = append(list, v.Title+", "+v.Step)
			}
			groups = append(groups, g.Title+words+strings.Join(list, ", "))
		}
		if got := strings.Join(groups, "|"); got != c.groups || !strings.HasPrefix(p.Head(), c.head) {
			t.Errorf("%q, %q; want %q, %q", p.Head(), got, c.head, c.groups)
		}
	}
}
