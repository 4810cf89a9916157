package reports

import (
	"cmp"
	"html/template"
	"slices"
	"time"

	"shiphabit/metrics/gate"
)

// ReasonView is how one criterion judged, with its evidence as links.
type ReasonView struct {
	gate.Reason
	Title    string
	Links    []Cell
	Earliest string // when it may come out another way without anybody doing anything
}

// ReasonGroup are criteria that say the same.
type ReasonGroup struct {
	Title, ID string
	List      []ReasonView
	// Folded ones are shown on demand.
	Folded bool
	of     matter
}

// Told shows a sentence of a reason.
func (g ReasonGroup) Told(sentence string) template.HTML {
	return g.of.records.Told(sentence, g.of.service)
}

// matter is what reasons are about: a service as it was at an instant, with the change on its way then, nil for none, and the records that
// they may name.
type matter struct {
	service string
	at      time.Time
	flight  *gate.Flight
	records Records
}

// reasonViews lays out the reasons of a decision.
func reasonViews(reasons []gate.Reason, of matter, openings map[string]time.Time) []ReasonView {
	out := make([]ReasonView, len(reasons))
	for i, r := range reasons {
		v := ReasonView{Reason: r, Title: criterionTitle(r.Criterion)}
		for _, id := range r.Evidence {
			v.Links = append(v.Links, of.records.evidence(id, of.service, of.flight))
		}
		if at, known := openings[r.Criterion]; known && r.Mode == gate.Enforce {
			v.Earliest = earliest(r, at, of.at)
		}
		out[i] = v
	}
	return out
}

// earliest says when a criterion may come out another way.
func earliest(r gate.Reason, at, now time.Time) string {
	probe := r.Criterion == "failure-meter"
	switch {
	case probe && !at.After(now):
		return "a probe may go now, if nothing else stands against it"
	case probe:
		return "a probe may go from " + clock(at)
	default:
		return clock(at)
	}
}

// groups sorts criteria by what they say.
func groups(views []ReasonView, of matter) []ReasonGroup {
	against := ReasonGroup{Title: "Speaks against it", ID: "against"}
	met := ReasonGroup{Title: "Met", ID: "met"}
	idle := ReasonGroup{Title: "Nothing to judge", ID: "idle", Folded: true}
	for _, v := range views {
		switch v.Result {
		case gate.Fail, gate.Unknown, gate.Warn:
			against.List = append(against.List, v)
		case gate.NotApplicable:
			idle.List = append(idle.List, v)
		default:
			met.List = append(met.List, v)
		}
	}
	slices.SortStableFunc(against.List, func(a, b ReasonView) int { return cmp.Compare(weight(a), weight(b)) })
	var out []ReasonGroup
	for _, g := range []ReasonGroup{against, met, idle} {
		if len(g.List) > 0 {
			g.of = of
			out = append(out, g)
		}
	}
	return out
}

// weight puts what stops before what waits, and that before what only warns.
func weight(v ReasonView) int {
	i := slices.Index([]gate.Result{gate.Fail, gate.Unknown, gate.Warn}, v.Result)
	if v.Mode != gate.Enforce {
		i += 3
	}
	return i
}

// modeWords say what a mode lets a criterion do.
func modeWords(m gate.Mode) string {
	switch m {
	case gate.Enforce:
		return "may stop"
	case gate.WarnOnly:
		return "only warns"
	case gate.Observe:
		return "only observes"
	default:
		return string(m)
	}
}
