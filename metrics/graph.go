package metrics

import (
	"cmp"
	"slices"
	"strings"
)

// node is a commit's place in a graph; none stands for a commit that the graph does not hold.
type node int32

const none node = -1

// graph is the history of one repository: commits as small integers, so that a walk over it touches arrays only.
// It holds every commit that an event names; those without an event of their own are unknown, and history ends at them.
type graph struct {
	index   map[string]node
	names   []string
	commits []*toldCommit // nil where unknown
	// from and edges hold the parents of node n as edges[from[n]:from[n+1]].
	from  []int32
	edges []node
	// height is 1 more than the greatest height of the parents: an ancestor is always lower than its descendants, which
	// bounds every search for one.
	height []int32
	// sorted lists the known commits by name, for abbreviated ones.
	sorted []node
	// hasPaths tells that the source lists paths, so that a commit without any touches none.
	hasPaths   bool
	hasCommits bool
}

// newGraph builds the history of a repository from what sources tell of its commits; compare puts the sources in order.
func newGraph(told []*toldCommit, compare func(a, b string) int) *graph {
	g := &graph{index: make(map[string]node, len(told)), hasCommits: len(told) > 0}
	again := map[node][]*toldCommit{}
	for _, c := range told {
		n := g.intern(c.ID)
		if g.commits[n] != nil {
			again[n] = append(again[n], c)
			continue
		}
		g.commits[n] = c
		g.hasPaths = g.hasPaths || len(c.Paths) > 0
	}
	for n, others := range again {
		g.commits[n] = join(append(others, g.commits[n]), compare)
		g.hasPaths = g.hasPaths || len(g.commits[n].Paths) > 0
	}
	g.connect()
	g.measure()
	return g
}

// intern gives a commit's node, adding it as unknown if need be. Commits added after connect have no parents.
func (g *graph) intern(name string) node {
	if n, ok := g.index[name]; ok {
		return n
	}
	n := node(len(g.names)) //nolint:gosec // a repository of two thousand million commits does not fit in memory
	g.index[name] = n
	g.names = append(g.names, name)
	g.commits = append(g.commits, nil)
	if g.from != nil {
		g.from = append(g.from, g.from[len(g.from)-1])
		g.height = append(g.height, 1)
	}
	return n
}

func (g *graph) connect() {
	for _, c := range g.commits {
		if c != nil {
			for _, p := range c.Parents {
				g.intern(p)
			}
		}
	}
	from, total := make([]int32, len(g.names)+1), int32(0)
	for n, c := range g.commits {
		from[n] = total
		if c != nil {
			total += int32(len(c.Parents)) //nolint:gosec // as many as fit in memory
		}
	}
	from[len(g.names)] = total
	g.edges = make([]node, 0, total)
	for _, c := range g.commits {
		if c == nil {
			continue
		}
		for _, p := range c.Parents {
			g.edges = append(g.edges, g.index[p])
		}
	}
	g.from = from
}

func (g *graph) parents(n node) []node { return g.edges[g.from[n]:g.from[n+1]] }

func (g *graph) known(n node) bool { return n != none && g.commits[n] != nil }

// merge reports whether the commit joins lines of history; such a commit is no change itself.
func (g *graph) merge(n node) bool { return len(g.parents(n)) > 1 }

// measure computes the heights from the roots up, without recursion: histories are deeper than stacks. A cycle, which only
// broken input can hold, ends where it is met.
func (g *graph) measure() {
	const open = -1
	g.height = make([]int32, len(g.names))
	var stack []node
	for start := range g.names {
		stack = append(stack, node(start)) //nolint:gosec // see intern
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			if g.height[n] == 0 {
				g.height[n] = open
				stack = g.unmeasured(n, stack)
				continue
			}
			stack = stack[:len(stack)-1]
			if g.height[n] == open {
				g.height[n] = g.above(n)
			}
		}
	}
}

func (g *graph) unmeasured(n node, stack []node) []node {
	for _, p := range g.parents(n) {
		if g.height[p] == 0 {
			stack = append(stack, p)
		}
	}
	return stack
}

func (g *graph) above(n node) int32 {
	highest := int32(0)
	for _, p := range g.parents(n) {
		highest = max(highest, g.height[p])
	}
	return highest + 1
}

// shortest is the fewest digits by which people abbreviate a commit.
const shortest = 7

// resolve finds the known commit that a revision names, in full or by a prefix that only one commit has.
func (g *graph) resolve(revision string) node {
	if n, ok := g.index[revision]; ok && g.known(n) {
		return n
	}
	if len(revision) < shortest || !isHex(revision) {
		return none
	}
	return g.byPrefix(strings.ToLower(revision))
}

// lookup finds the commit that a name means, known or not, adding it when it is new.
func (g *graph) lookup(name string) node {
	if n := g.resolve(name); n != none {
		return n
	}
	return g.intern(name)
}

func (g *graph) byPrefix(prefix string) node {
	if g.sorted == nil {
		g.sortNames()
	}
	i, _ := slices.BinarySearchFunc(g.sorted, prefix, func(n node, p string) int { return cmp.Compare(g.names[n], p) })
	if i == len(g.sorted) || !strings.HasPrefix(g.names[g.sorted[i]], prefix) {
		return none
	}
	if i+1 < len(g.sorted) && strings.HasPrefix(g.names[g.sorted[i+1]], prefix) {
		return none
	}
	return g.sorted[i]
}

func (g *graph) sortNames() {
	g.sorted = make([]node, 0, len(g.names))
	for n := range g.names {
		if g.commits[n] != nil {
			g.sorted = append(g.sorted, node(n)) //nolint:gosec // see intern
		}
	}
	slices.SortFunc(g.sorted, func(a, b node) int { return cmp.Compare(g.names[a], g.names[b]) })
}

func isHex(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F')
	})
}
