package reports

import "shiphabit/metrics/gate"

// opensWords say what a promotion that is stopped or held waits for: before which time nothing opens by itself, and what no time opens.
// They are empty where neither is known.
func opensWords(o gate.Outlook) string {
	deeds := make([]string, len(o.Deeds))
	for i, name := range o.Deeds {
		deeds[i] = criterionTitle(name)
	}
	seen := "somebody has seen to " + inList(deeds)
	switch {
	case o.At.IsZero() && len(deeds) == 0:
		return ""
	case len(deeds) == 0:
		return "not before " + clock(o.At)
	case o.At.IsZero():
		return "once " + seen + "; time alone does not open it"
	default:
		return "not before " + clock(o.At) + ", and only once " + seen
	}
}

// again says when it is worth asking again: by what is waited for, else by what the decision says itself.
func again(d gate.Decision, o gate.Outlook) string {
	if says := opensWords(o); says != "" || d.AskAgainAfter == nil {
		return says
	}
	return "after " + clock(*d.AskAgainAfter)
}
