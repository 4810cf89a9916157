package config

import (
	"slices"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// term is one value of a policy: where it stands in the file, what it is, and where the gate keeps it. The file's words are
// those of people ("1 in 6", "60m"); the gate's are integers.
type term struct {
	criterion string // "" for what belongs to the policy as a whole
	group     string // a nested group of keys: "reopen", "ceilings"
	key, doc  string
	scalar    *scalar
	many      bool // a list of such values
	// tighter is 1 when a greater value is stricter, -1 when a smaller one is, 0 when a locked value may not change.
	tighter int
	of      func(*gate.Policy) any // *gate.Mode, *gate.Result, *int, *int64, *bool, *string, *[]string or *gate.Fraction
}

func (t term) keys() []string {
	keys := []string{}
	if t.criterion != "" {
		keys = append(keys, "criteria", t.criterion)
	}
	if t.group != "" {
		keys = append(keys, t.group)
	}
	return append(keys, t.key)
}

// lock is the word by which a policy locks the term: its criterion, else what it belongs to.
func (t term) lock() string {
	switch {
	case t.criterion != "":
		return t.criterion
	case t.group != "":
		return t.group
	case t.key == "unreachable_after":
		return "unreachable"
	}
	return t.key
}

func (t term) path() string {
	path := ""
	for _, key := range t.keys() {
		path = join(path, key)
	}
	return path
}

// in finds the term's value in a policy of the file.
func (t term) in(n node) node {
	for _, key := range t.keys() {
		n = n.at(key)
	}
	return n
}

// set puts a checked value where the gate keeps it.
func (t term) set(p *gate.Policy, n node) {
	if t.group == "ceilings" {
		ceilings := map[metrics.EnvironmentKind]gate.Mode{metrics.EnvironmentKind(t.key): gate.Mode(n.text())}
		for kind, mode := range p.Ceilings {
			if kind != metrics.EnvironmentKind(t.key) {
				ceilings[kind] = mode
			}
		}
		p.Ceilings = ceilings
		return
	}
	switch v := t.of(p).(type) {
	case *gate.Mode:
		*v = gate.Mode(n.text())
	case *gate.Result:
		*v = gate.Result(n.text())
	case *string:
		*v = n.text()
	case *[]string:
		*v = n.texts()
	case *bool:
		*v = n.bool()
	case *gate.Fraction:
		*v = parseYears(n.text())
	case *int:
		*v = int(t.integer(n))
	case *int64:
		*v = t.integer(n)
	}
}

func (t term) integer(n node) int64 {
	switch t.scalar {
	case aSpan:
		return int64(n.span() / time.Second)
	case oneIn:
		return parseOneIn(n.text())
	case percent:
		return parsePPM(n.text())
	}
	return int64(n.number())
}

// rank is a value other than a list as a number, for telling tighter from looser.
func (t term) rank(p *gate.Policy) int64 {
	if t.group == "ceilings" {
		return int64(slices.Index(mode.enum, string(ceiling(p, metrics.EnvironmentKind(t.key)))))
	}
	switch v := t.of(p).(type) {
	case *gate.Mode:
		return int64(slices.Index(mode.enum, string(*v)))
	case *gate.Result:
		return int64(slices.Index([]gate.Result{gate.Pass, gate.Allow, gate.Warn, gate.Hold, gate.Fail}, *v))
	case *string:
		return int64(slices.Index(t.scalar.enum, *v))
	case *bool:
		if *v {
			return 1
		}
	case *gate.Fraction:
		return 1000 * v.Num / max(1, v.Den)
	case *int:
		return int64(*v)
	case *int64:
		return *v
	}
	return 0
}

// looser tells whether a policy has a looser value than another one had.
func (t term) looser(before, after *gate.Policy) bool {
	if t.many {
		return wider(*t.of(before).(*[]string), *t.of(after).(*[]string))
	}
	was, is := t.rank(before), t.rank(after)
	if t.tighter == 0 {
		return was != is
	}
	return int64(t.tighter)*(is-was) < 0
}

// wider tells whether a list lets in somebody whom the one before did not. One that is empty lets in everybody, and no policy can go back to it.
func wider(before, after []string) bool {
	return len(before) > 0 && slices.ContainsFunc(after, func(one string) bool { return !slices.Contains(before, one) })
}

// ceiling is the most that a criterion may do in environments of a kind.
func ceiling(p *gate.Policy, kind metrics.EnvironmentKind) gate.Mode {
	if most, given := p.Ceilings[kind]; given {
		return most
	}
	return gate.Enforce
}

// copyValue copies a value that a term points to.
func copyValue(to, from any) {
	switch v := to.(type) {
	case *gate.Mode:
		*v = *from.(*gate.Mode)
	case *gate.Result:
		*v = *from.(*gate.Result)
	case *bool:
		*v = *from.(*bool)
	case *gate.Fraction:
		*v = *from.(*gate.Fraction)
	case *int:
		*v = *from.(*int)
	case *int64:
		*v = *from.(*int64)
	}
}
