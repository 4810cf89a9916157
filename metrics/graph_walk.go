package metrics

// walk is the memory of one chain's way through its history: which rollout delivered each commit first, and which commits a
// rollback took out again. Every commit is passed once, however many deployments there are.
type walk struct {
	*history
	first []int32 // unseen, ancient, or the mark of the success that delivered it
	gone  []bool
	begun bool // something was delivered

	met    []int32 // the last search that met a node
	search int32
	stack  []node
}

// The marks of commits that no counted rollout delivered.
const (
	unseen  int32 = 0
	ancient int32 = -1 // there before anything known
)

func newWalk(h *history) *walk {
	n := len(h.names)
	return &walk{history: h, first: make([]int32, n), gone: make([]bool, n), met: make([]int32, n)}
}

// harvest is what lies between a revision and all that was delivered before.
type harvest struct {
	fresh    []node // never delivered
	ends     []node // named as a parent, but not known: history ends there
	returned []node // taken out by a rollback, and back again
	joined   bool   // the search came upon something delivered: the revision descends from it, or from a common ancestor
}

// look searches from a revision down to what is live, and leaves no mark: failed deployments deliver nothing.
func (w *walk) look(from node) harvest {
	var h harvest
	w.search++
	w.stack = append(w.stack[:0], from)
	for len(w.stack) > 0 {
		n := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		if w.met[n] == w.search {
			continue
		}
		w.met[n] = w.search
		switch {
		case w.gone[n]:
			h.returned, h.joined = append(h.returned, n), true
		case w.first[n] != unseen:
			h.joined = true
			continue
		case w.known(n):
			h.fresh = append(h.fresh, n)
		default:
			h.ends = append(h.ends, n)
		}
		w.stack = append(w.stack, w.parents(n)...)
	}
	return h
}

// deliver marks what a search found as live from now on.
func (w *walk) deliver(h harvest, mark int32) {
	w.begun = true
	w.mark(h.fresh, mark)
	w.mark(h.ends, ancient)
	for _, n := range h.returned {
		w.gone[n] = false
	}
}

// mark names the success that delivered the commits first.
func (w *walk) mark(nodes []node, mark int32) {
	for _, n := range nodes {
		w.first[n] = mark
	}
}
