package metrics

import "slices"

// requests are the pull requests of one repository beside its history: which commit came with which request, and which
// commits a squash or rebase merge stands for.
type requests struct {
	*ancestry
	all []record[PullRequest]
	of  map[node]int // commit → index into all
	// own lists, per merge of a request that put a new commit on the branch, the request's own commits; on is its inverse.
	own map[node][]node
	on  map[node]node
	// firsts are the earliest authored times of each request's own commits, reviews what its reviews say.
	firsts  []earliest
	reviews []review
}

// newRequests takes the requests in the order of their keys, so that the first of two that claim a commit always wins.
func newRequests(line *ancestry, all []record[PullRequest]) *requests {
	r := &requests{ancestry: line, all: all, of: map[node]int{}, own: map[node][]node{}, on: map[node]node{},
		firsts: make([]earliest, len(all)), reviews: make([]review, len(all))}
	for i := range all {
		r.place(i)
	}
	return r
}

func (r *requests) place(i int) {
	pr := r.all[i].Value
	if pr.MergedAt.IsZero() && pr.MergeCommit == "" {
		return
	}
	if !r.hasCommits {
		r.placeUnseen(i)
		return
	}
	own := make([]node, 0, len(pr.Commits))
	for _, name := range pr.Commits {
		n := r.intern(name)
		own = append(own, n)
		r.claim(n, i)
		r.noteFirst(n, i)
	}
	merge := r.resolve(pr.MergeCommit)
	if merge == none {
		return
	}
	r.claim(merge, i)
	if r.merge(merge) && len(own) == 0 {
		r.claimMerged(merge, i)
	}
	if !r.merge(merge) && len(own) > 0 && !slices.Contains(own, merge) {
		r.replace(merge, own)
	}
}

// placeUnseen claims the names of commits that nobody told of, so that a deployment that states them is found to bring the request.
func (r *requests) placeUnseen(request int) {
	for _, n := range r.carried(request) {
		r.claim(n, request)
	}
	if merge := r.all[request].Value.MergeCommit; merge != "" {
		r.claim(r.intern(merge), request)
	}
}

// claimMerged gives a request that lists no commits those that its merge brought in.
func (r *requests) claimMerged(merge node, request int) {
	parents := r.parents(merge)
	for _, n := range r.between(parents[0], parents[1]) {
		if r.known(n) {
			r.claim(n, request)
			r.noteFirst(n, request)
		}
	}
}

// name is how facts refer to a request: "source/repository/id".
func (r *requests) name(request int) string {
	pr := r.all[request]
	return pr.Source + "/" + pr.Repository + "/" + pr.ID
}

// noteFirst remembers when the work on a request began; a date that a clock never set gives says nothing of it.
func (r *requests) noteFirst(n node, request int) {
	if r.known(n) && r.commits[n].AuthoredAt.Year() >= firstYear {
		r.firsts[request].note(r.commits[n].AuthoredAt)
	}
}

func (r *requests) claim(n node, request int) {
	if _, taken := r.of[n]; !taken {
		r.of[n] = request
	}
}

// replace makes the commits that a squash or rebase merge put on the branch stand for the request's own. A rebase copies each
// commit with its author date, so the copies are told apart by walking back from the merge while the dates agree.
func (r *requests) replace(merge node, own []node) {
	if !slices.ContainsFunc(own, r.known) {
		return
	}
	copies := r.copies(merge, own)
	if len(copies) == 0 {
		r.standsFor(merge, own)
		return
	}
	for copied, n := range copies {
		r.claim(copied, r.of[merge])
		r.standsFor(copied, []node{n})
	}
}

func (r *requests) standsFor(n node, own []node) {
	if _, taken := r.own[n]; taken {
		return
	}
	r.own[n] = own
	for _, o := range own {
		r.on[o] = n
	}
}

// copies pairs the rebased commits with the request's own, nil when the merge is a squash.
func (r *requests) copies(merge node, own []node) map[node]node {
	copies := make(map[node]node, len(own))
	at := merge
	for _, o := range slices.Backward(own) {
		if !r.known(at) || !r.known(o) || r.merge(at) || !r.sameWork(at, o) {
			return nil
		}
		copies[at] = o
		if len(r.parents(at)) == 0 {
			break
		}
		at = r.parents(at)[0]
	}
	if len(copies) != len(own) {
		return nil
	}
	return copies
}

// sameWork compares what a rebase keeps. A squash of one commit looks the same and means the same.
func (r *requests) sameWork(a, b node) bool {
	x, y := r.commits[a], r.commits[b]
	return x.AuthoredAt.Equal(y.AuthoredAt) && subject(x.Message) == subject(y.Message)
}
