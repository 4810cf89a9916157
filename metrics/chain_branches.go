package metrics

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// branches tell which pull requests a deployment of a branch contains where no commit of the repository is known: those merged into
// the branch by then and, following the branches they came from backwards, those merged into these before. Each is found once.
type branches struct {
	*requests
	into  map[string][]int // branch → requests merged into it, by time
	found map[string]int   // branch → how many of those were found
	undo  []foundBefore    // what a deployment that failed has to leave as it was
	// began is when the first success came: what was merged until then into a branch that nothing had come from is past.
	began time.Time
}

type foundBefore struct {
	branch  string
	n       int
	reached bool
}

func newBranches(r *requests) *branches {
	b := &branches{requests: r, into: map[string][]int{}, found: map[string]int{}}
	numbers := map[int64]bool{}
	for i := range r.all {
		pr := &r.all[i].Value
		if pr.MergedAt.IsZero() || pr.Base == "" || pr.Number > 0 && numbers[pr.Number] { // a second source tells of it again
			continue
		}
		numbers[pr.Number] = true
		b.into[pr.Base] = append(b.into[pr.Base], i)
	}
	for _, list := range b.into {
		slices.SortStableFunc(list, func(x, y int) int { return b.mergedAt(x).Compare(b.mergedAt(y)) })
	}
	return b
}

func (b *branches) mergedAt(request int) time.Time { return b.all[request].Value.MergedAt }

// contained finds the requests in a branch as it was at an instant that were not found before.
func (b *branches) contained(branch string, at time.Time) []int {
	type tip struct {
		branch string
		at     time.Time
	}
	var out []int
	for tips := []tip{{branch, at}}; len(tips) > 0; {
		t := tips[len(tips)-1]
		tips = tips[:len(tips)-1]
		for _, i := range b.advance(t.branch, t.at) {
			out = append(out, i)
			tips = append(tips, tip{b.all[i].Value.Head, b.mergedAt(i)})
		}
	}
	return out
}

// advance steps over the requests merged into a branch until then.
func (b *branches) advance(branch string, until time.Time) []int {
	list := b.into[branch]
	from, reached := b.found[branch]
	if !reached && !b.began.IsZero() {
		from = sort.Search(len(list), func(i int) bool { return b.mergedAt(list[i]).After(b.began) })
	}
	to := from
	for to < len(list) && !b.mergedAt(list[to]).After(until) {
		to++
	}
	b.undo = append(b.undo, foundBefore{branch, b.found[branch], reached})
	b.found[branch] = to
	return list[from:to]
}

// keep lets what was found since the last call count as delivered; otherwise it is forgotten, for a failure delivers nothing.
func (b *branches) keep(delivered bool) {
	for _, step := range slices.Backward(b.undo) {
		switch {
		case delivered:
		case step.reached:
			b.found[step.branch] = step.n
		default:
			delete(b.found, step.branch)
		}
	}
	b.undo = b.undo[:0]
}

// carried are the commits that stand for a request: its own, else its merge, else its name.
func (r *requests) carried(request int) []node {
	pr := &r.all[request].Value
	out := make([]node, 0, max(1, len(pr.Commits)))
	for _, name := range pr.Commits {
		out = append(out, r.intern(name))
	}
	if len(out) == 0 && pr.MergeCommit != "" {
		return append(out, r.intern(pr.MergeCommit))
	}
	if len(out) == 0 {
		return append(out, r.intern(r.name(request)))
	}
	return out
}

// collectRequests finds what a deployment of a branch brought, in a repository whose commits are not known.
func (c *chain) collectRequests(r *draft, stated []node) {
	found, branch := c.requestsIn(r)
	switch {
	case len(stated) > 0:
		c.bring(r, stated)
	case branch == "":
		r.baseline(c.missing(r))
	case c.branches.began.IsZero():
		r.baseline(BaselineFirst)
	case len(found) == 0:
		r.baseline("no pull request was merged into " + branch + " since what was deployed before")
	default:
		var nodes []node
		for _, i := range found {
			nodes = append(nodes, c.requests.carried(i)...)
		}
		c.bring(r, nodes)
	}
	if r.succeeded() && c.branches.began.IsZero() {
		c.branches.began = r.begin
	}
}

// requestsIn are the requests that a rollout of something new contains; no branch when it states none that requests go into.
func (c *chain) requestsIn(r *draft) (found []int, branch string) {
	branch = strings.TrimPrefix(r.Ref, "refs/heads/")
	if len(c.branches.into[branch]) == 0 || r.Kind != Planned && r.Kind != Rework {
		return nil, ""
	}
	found = c.branches.contained(branch, c.tipOf(r, branch))
	c.branches.keep(r.succeeded())
	return found, branch
}

// tipOf is the instant whose state of the branch was deployed: that of the merge which made the revision, else the start.
func (c *chain) tipOf(r *draft, branch string) time.Time {
	if n, named := c.index[r.Revision]; named {
		if i, ok := c.requests.of[n]; ok {
			if pr := &c.requests.all[i].Value; pr.MergeCommit == r.Revision && pr.Base == branch {
				return pr.MergedAt
			}
		}
	}
	return r.begin
}
