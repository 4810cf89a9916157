package gate

import (
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"shiphabit/metrics"
)

const (
	// briefNewest is how many of the newest rollouts into an environment stay whole in a brief: what is promoted was staged, and what is
	// gone back to was live, mostly a short while ago.
	briefNewest = 4
	// briefMost is how many rollouts a brief may hold. A record of which more stays of interest, such as one with hundreds of environments, has none.
	briefMost = 128
)

// brief is what of a service's record a snapshot can show, beside what comes of folding it, for as long as folding comes to the same. It is
// the record with most rollouts left out: those that could only matter to a request or a promotion that names their artifact.
type brief struct {
	service   string
	rollouts  string // packed
	incidents []metrics.IncidentLink
	// left are marks of the artifacts of rollouts that were left out, sorted.
	left []uint32
}

// brief cuts the record down; nil where too much stays. It holds for the span around now that begins at from.
func (h *history) brief(from time.Time) *brief {
	keep := h.kept(from)
	b := &brief{service: h.facts.Service}
	var rollouts []metrics.Rollout
	var left []uint32
	for i := range h.facts.Rollouts {
		r := &h.facts.Rollouts[i]
		if keep[i] {
			rollouts = append(rollouts, *r)
			continue
		}
		for _, name := range []string{r.Digest, r.Revision} {
			if name != "" {
				left = append(left, mark(name))
			}
		}
	}
	if len(rollouts) > briefMost {
		return nil
	}
	b.rollouts = packed(func(p *packer) { packList(p, &rollouts, packRollout) })
	slices.Sort(left)
	b.left = slices.Clone(slices.Compact(left)) // it is kept for long
	for _, incident := range h.knownOpen() {
		b.incidents = append(b.incidents, *incident)
	}
	return b
}

// unpacked are lists of rollouts to unpack into.
var unpacked = sync.Pool{New: func() any { return new([]metrics.Rollout) }}

// facts gives the brief to one who must not keep its rollouts.
func (b *brief) facts(to func(metrics.Facts)) {
	rollouts, _ := unpacked.Get().(*[]metrics.Rollout)
	defer unpacked.Put(rollouts)
	packList(&packer{reads: true, rest: b.rollouts}, rollouts, packRollout)
	to(metrics.Facts{Service: b.service, Rollouts: *rollouts, Incidents: b.incidents})
}

// kept tells of each rollout whether a snapshot can show it whatever is asked: the first of each environment says what that is for, the
// newest ones what is live and what could be gone back to; failures are open until they are repaired.
func (h *history) kept(from time.Time) []bool {
	keep := make([]bool, len(h.facts.Rollouts))
	h.keepFirst(keep)
	back := false
	var here standings
	for i := len(keep) - 1; i >= 0; i-- {
		r := &h.facts.Rollouts[i]
		if len(r.Failures) > 0 && (r.Recovery == nil || r.Recovery.At.After(from)) {
			keep[i] = true
		}
		if r.FinishedAt.After(h.now) {
			continue
		}
		if r.Kind == metrics.Rollback && !r.SucceededAt.IsZero() && !back {
			keep[i], back = true, true
		}
		if here.of(r.Environment).shows(h, r) {
			keep[i] = true
		}
	}
	return keep
}

// keepFirst keeps the first rollout of each environment, and the one with the first verdict that tells something.
func (h *history) keepFirst(keep []bool) {
	first, since := -1, time.Time{}
	here := environments{}
	for i := range keep {
		r := &h.facts.Rollouts[i]
		if e := here.of(r.Environment); e.last == nil {
			keep[i], e.last = true, r
		}
		if at := toldAt(r); !at.IsZero() && before(at, since) {
			first, since = i, at
		}
	}
	if first >= 0 {
		keep[first] = true
	}
}

// standing is how far a walk from the newest rollout back has come in one environment.
type standing struct {
	environment             string
	seen                    int
	failed, earlier, staged bool
	live                    *metrics.Rollout
}

type standings []*standing

func (s *standings) of(environment string) *standing {
	for _, known := range *s {
		if strings.EqualFold(known.environment, environment) {
			return known
		}
	}
	fresh := &standing{environment: environment}
	*s = append(*s, fresh)
	return fresh
}

// shows tells whether the next older rollout is one that a snapshot shows: see history.standing and history.staged.
func (e *standing) shows(h *history, r *metrics.Rollout) bool {
	e.seen++
	show := e.seen <= briefNewest
	if r.EnvironmentKind == metrics.Staging && !e.staged {
		e.staged, show = true, true
	}
	switch succeeded := !r.SucceededAt.IsZero(); {
	case !succeeded:
		show = show || e.live == nil && !e.failed
		e.failed = true
	case e.live == nil:
		e.live, show = r, true
	case !e.earlier && !h.rolledBack(r) && !sameArtifact(r.Digest, r.Revision, e.live.Digest, e.live.Revision):
		e.earlier, show = true, true
	}
	return show
}

// answers tells whether the brief shows to this request all that the whole record would.
func (b *brief) answers(r Request, promotions []Promotion) bool {
	if b == nil || b.leftOut(r.Artifact.Digest) || b.leftOut(r.Commit) {
		return false
	}
	for i := range promotions {
		if p := &promotions[i]; !p.Reported && (b.leftOut(p.Digest) || b.leftOut(p.Revision)) {
			return false
		}
	}
	return true
}

// leftOut tells whether a rollout of an artifact may have been left out. Once in some millions it says so of one that was not.
func (b *brief) leftOut(name string) bool {
	if name == "" || len(b.left) == 0 {
		return false
	}
	_, found := slices.BinarySearch(b.left, mark(name))
	return found
}

// mark is a hash under which names are alike that strings.EqualFold takes for the same.
func mark(name string) uint32 {
	hash := fnv.New32a()
	var buffer [utf8.UTFMax]byte
	for _, c := range name {
		_, _ = hash.Write(utf8.AppendRune(buffer[:0], folding(c)))
	}
	return hash.Sum32()
}

// folding is the smallest of the characters that differ in case only.
func folding(c rune) rune {
	least := c
	for next := unicode.SimpleFold(c); next != c; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}
