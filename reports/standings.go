package reports

import "shiphabit/metrics/gate"

// StandingCount is how many services stand alike before the gate.
type StandingCount struct {
	Standing gate.Result
	N        int
}

// tally counts standings in the order of gate.Standings; those of nobody are left out.
func tally(each func(add func(gate.Result))) []StandingCount {
	n := map[gate.Result]int{}
	each(func(r gate.Result) { n[r]++ })
	var out []StandingCount
	for _, r := range gate.Standings() {
		if n[r] > 0 {
			out = append(out, StandingCount{r, n[r]})
		}
	}
	return out
}

// standingAt is how many stand so.
func standingAt(list []StandingCount, standing gate.Result) int {
	for _, c := range list {
		if c.Standing == standing {
			return c.N
		}
	}
	return 0
}
