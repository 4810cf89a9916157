package metrics

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// collect finds the changes of a rollout: the commits reachable from its revision that no success before delivered. What a
// rollout that failed would have brought is found the same way, but marks nothing.
func (c *chain) collect(r *draft) {
	stated := r.stated
	if c.branches != nil {
		c.collectRequests(r, stated)
		return
	}
	if c.walk == nil || r.node == none {
		c.baseline(r, stated, c.missing(r))
		return
	}
	c.startFromBase(r)
	if !c.walk.begun && len(stated) == 0 && (!r.succeeded() || c.done == len(c.rollouts)-1) {
		r.baseline(BaselineFirst) // nothing follows that would need the marks
		return
	}
	began := c.walk.begun
	h := c.walk.look(r.node)
	switch {
	case len(stated) > 0:
		r.raw = stated
		c.bring(r, stated)
	case !began:
		r.baseline(BaselineFirst)
	case !h.joined && len(h.fresh) > 0:
		r.baseline(BaselineUnrelated)
	default:
		r.raw, r.returned = h.fresh, h.returned
		c.bring(r, h.fresh)
		c.reapply(r)
	}
	if r.succeeded() {
		mark := c.mark()
		if r.Baseline {
			mark = ancient
		}
		c.walk.deliver(h, mark)
	}
}

// mark names the success that is about to go live: 1 + its index in live.
func (c *chain) mark() int32 { return int32(len(c.live)) + 1 } //nolint:gosec // fewer rollouts than fit in memory

func (c *chain) missing(r *draft) string {
	switch {
	case c.walk == nil || !c.hasCommits:
		return BaselineNoCommits
	case r.Revision == "":
		return BaselineUnstated
	}
	return BaselineUnknown
}

// baseline settles a rollout whose revision leads nowhere; the commits that its source states still count.
func (c *chain) baseline(r *draft, stated []node, reason string) {
	if len(stated) == 0 {
		r.baseline(reason)
		return
	}
	c.bring(r, stated)
}

func (r *draft) baseline(reason string) { r.Baseline, r.BaselineReason = true, reason }

// startFromBase honours a stated base: whatever it contains was live before, by whichever deployment.
func (c *chain) startFromBase(r *draft) {
	for _, a := range r.attempts {
		if a.Value.BaseRevision == "" {
			continue
		}
		if base := c.resolve(a.Value.BaseRevision); base != none && base != r.node {
			c.walk.deliver(c.walk.look(base), ancient)
			return
		}
	}
}

// readStatedCommits notes the commits that the source lists itself, giving those that nobody else told of a place in the history.
func (c *chain) readStatedCommits(r *draft) {
	for _, a := range r.attempts {
		for _, name := range a.Value.Commits {
			if c.history == nil {
				c.history = newHistory(newGraph(nil, nil), nil)
			}
			r.stated = append(r.stated, c.lookup(name))
		}
	}
}

// bring turns commits into changes; a squash or rebase merge stands for its pull request's own commits.
func (c *chain) bring(r *draft, nodes []node) {
	r.Changes = make([]Change, 0, len(nodes))
	for _, n := range nodes {
		own := c.requests.own[n]
		if len(own) == 0 {
			c.bringOne(r, n, n)
		}
		for _, o := range own {
			c.bringOne(r, o, n)
		}
	}
	slices.SortFunc(r.Changes, func(a, b Change) int {
		return cmp.Or(a.AuthoredAt.Compare(b.AuthoredAt), cmp.Compare(a.SHA, b.SHA))
	})
	r.Changes = slices.CompactFunc(r.Changes, func(a, b Change) bool { return a.SHA == b.SHA })
}

// bringOne leaves out merges, other folders, and what arrived before.
func (c *chain) bringOne(r *draft, n, merged node) {
	if c.walk.first[n] != unseen || c.merge(n) || c.excluded(n) || !c.inPaths(c.tellingPaths(n, merged)) {
		return
	}
	if r.succeeded() {
		c.walk.first[n] = c.mark()
	}
	r.Changes = append(r.Changes, c.change(r, n))
}

// excluded reports whether a correction says that the commit is no change.
func (c *chain) excluded(n node) bool { return c.known(n) && c.commits[n].excluded }

// tellingPaths picks the commit whose paths tell what a piece of work touches: its own, else those of its squash merge.
func (c *chain) tellingPaths(own, merged node) node {
	if c.known(own) && len(c.commits[own].Paths) > 0 {
		return own
	}
	return merged
}

func (c *chain) change(r *draft, n node) Change {
	ch := Change{SHA: c.names[n], Head: c.names[n] == r.Revision}
	commit := c.commits[n]
	if commit != nil {
		ch.AuthoredAt, ch.CommittedAt = commit.AuthoredAt, commit.CommittedAt
		ch.Bot = commit.Bot != nil && *commit.Bot || c.of.bot(commit.Author)
	}
	ch.Fault = faultOf(ch.AuthoredAt, r.at())
	var pr *PullRequest
	reviewer := ""
	if i, ok := c.requests.of[n]; ok {
		pr = &c.requests.all[i].Value
		v := c.reviewOf(i)
		ch.PullRequest, ch.FirstOfRequest = c.requests.name(i), c.requests.firsts[i].at
		ch.OpenedAt, ch.ReviewedAt, ch.ApprovedAt, ch.MergedAt = pr.CreatedAt, v.first, v.approved, pr.MergedAt
		reviewer = v.reviewer
	}
	r.writtenBy(commit, pr)
	if author, known := c.authorOf(commit, ch.Bot, pr); known {
		ch.Handoffs = c.handoffs(r, author, reviewer, pr != nil)
	}
	return ch
}

// firstYear is the first that a commit can truly be of: before it lies where clocks that were never set point to.
const firstYear = 1971

// faultOf says why a change cannot have a lead time.
func faultOf(authored, deployed time.Time) (reason string) {
	switch {
	case authored.IsZero():
		return leftNoAuthored
	case authored.Year() < firstYear:
		return leftUnsetClock
	case authored.After(deployed):
		return leftEarlyChange
	}
	return ""
}

// inPaths reports whether a commit touches the service's part of a monorepo. Where the source lists no paths at all, every
// commit may.
func (c *chain) inPaths(n node) bool {
	if len(c.of.service.Paths) == 0 || !c.hasPaths || !c.known(n) {
		return true
	}
	return slices.ContainsFunc(c.commits[n].Paths, func(touched string) bool {
		return slices.ContainsFunc(c.of.service.Paths, func(path string) bool { return below(touched, path) })
	})
}

// below reports whether a file lies in a folder, or is it.
func below(file, folder string) bool {
	folder = strings.Trim(strings.TrimPrefix(folder, "./"), "/")
	rest, ok := strings.CutPrefix(file, folder)
	return ok && (folder == "" || folder == "." || rest == "" || rest[0] == '/')
}

// reapply lists the commits that a rollback had removed and that are back.
func (c *chain) reapply(r *draft) {
	for _, n := range r.returned {
		if c.known(n) && !c.merge(n) && !c.excluded(n) && c.inPaths(n) {
			r.Reapplied = append(r.Reapplied, c.names[n])
		}
	}
	slices.Sort(r.Reapplied)
}
