package metrics

import (
	"container/heap"
	"slices"
)

// ancestry answers questions about who descends from whom, and remembers the answers: the same pairs are asked for again
// and again while an environment moves to and fro between revisions.
type ancestry struct {
	*graph
	contains map[[2]node]bool
	ends     map[node][]node
	seen     []int32 // the last search that met a node
	search   int32
}

func newAncestry(g *graph) *ancestry {
	return &ancestry{graph: g, contains: map[[2]node]bool{}, ends: map[node][]node{}}
}

// apart reports that neither of two commits descends from the other. Where the history of one ends at a commit that nobody told
// of, and that of the other does not come by there, the other may lie behind it, and nothing is known.
func (a *ancestry) apart(x, y node) bool {
	return !a.related(x, y) && slices.Equal(a.endsOf(x), a.endsOf(y))
}

// endsOf are the unknown commits at which the history of a commit ends, in order.
func (a *ancestry) endsOf(n node) []node {
	if ends, asked := a.ends[n]; asked {
		return ends
	}
	a.begin()
	var ends []node
	for stack := []node{n}; len(stack) > 0; {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !a.first(at) {
			continue
		}
		if !a.known(at) {
			ends = append(ends, at)
		}
		stack = append(stack, a.parents(at)...)
	}
	slices.Sort(ends)
	a.ends[n] = ends
	return ends
}

// related reports whether two commits lie on one line of ancestry.
func (a *ancestry) related(x, y node) bool {
	return x == y || a.ancestor(x, y) || a.ancestor(y, x)
}

// ancestor reports whether old is reachable from young. Only commits above old can lead to it.
func (a *ancestry) ancestor(old, young node) bool {
	if old == young {
		return true
	}
	if a.height[old] >= a.height[young] {
		return false
	}
	pair := [2]node{old, young}
	answer, asked := a.contains[pair]
	if !asked {
		answer = a.reaches(old, young)
		a.contains[pair] = answer
	}
	return answer
}

func (a *ancestry) reaches(old, young node) bool {
	a.begin()
	stack := []node{young}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range a.parents(n) {
			if p == old {
				return true
			}
			if a.height[p] > a.height[old] && a.first(p) {
				stack = append(stack, p)
			}
		}
	}
	return false
}

// begin starts a search; first then reports whether a node is met for the first time in it.
func (a *ancestry) begin() {
	a.search++
	if len(a.seen) < len(a.names) {
		a.seen = append(a.seen, make([]int32, len(a.names)-len(a.seen))...)
	}
}

func (a *ancestry) first(n node) bool {
	if a.seen[n] == a.search {
		return false
	}
	a.seen[n] = a.search
	return true
}

// between lists the commits reachable from tip and not from base, highest first. It looks no deeper than where the two meet.
func (a *ancestry) between(base, tip node) []node {
	const fromTip, fromBase = 1, 2
	colour := map[node]int{tip: fromTip}
	colour[base] |= fromBase
	queue := &byHeight{graph: a.graph}
	heap.Push(queue, tip)
	if base != tip {
		heap.Push(queue, base)
	}
	open := 1 // queued nodes that only tip reaches
	if base == tip {
		open = 0
	}
	var out []node
	for open > 0 && queue.Len() > 0 {
		n, _ := heap.Pop(queue).(node)
		c := colour[n]
		if c == fromTip {
			open--
			out = append(out, n)
		}
		for _, p := range a.parents(n) {
			old, queued := colour[p]
			colour[p] = old | c
			switch {
			case !queued:
				heap.Push(queue, p)
				if c == fromTip {
					open++
				}
			case old == fromTip && old|c != fromTip:
				open--
			}
		}
	}
	return out
}

// byHeight is a heap of nodes, highest first, so that a node comes out after all its descendants.
type byHeight struct {
	*graph
	nodes []node
}

func (q *byHeight) Len() int           { return len(q.nodes) }
func (q *byHeight) Less(i, j int) bool { return q.height[q.nodes[i]] > q.height[q.nodes[j]] }
func (q *byHeight) Swap(i, j int)      { q.nodes[i], q.nodes[j] = q.nodes[j], q.nodes[i] }
func (q *byHeight) Push(n any)         { q.nodes = append(q.nodes, n.(node)) } //nolint:errcheck,forcetypeassert // ours alone
func (q *byHeight) Pop() any {
	last := q.nodes[len(q.nodes)-1]
	q.nodes = q.nodes[:len(q.nodes)-1]
	return last
}
