package gate

import (
	"time"

	"shiphabit/metrics"
)

// Sealed is a policy in force, with its canonical JSON and its digest made once. Its policy must not be changed.
type Sealed struct {
	policy Policy
	text   []byte
	digest string
	// criteria are those of the policy: they need not be listed anew for each decision.
	criteria []criterion
}

// Seal fixes a policy.
func (p Policy) Seal() *Sealed {
	text := p.Canonical()
	return &Sealed{policy: p, text: text, digest: digest(text), criteria: p.criteria()}
}

// Policy is what was sealed.
func (p *Sealed) Policy() Policy { return p.policy }

// Digest names the policy by its content: "sha256:…".
func (p *Sealed) Digest() string { return p.digest }

// Canonical is the policy as canonical JSON, which must not be changed.
func (p *Sealed) Canonical() []byte { return p.text }

// Take is Take under this policy; it goes by what is remembered of the facts where that answers the request.
func (p *Sealed) Take(r Request, now time.Time, k Known) Snapshot {
	if !k.Recalled() {
		if recalled, found := p.Recall(r, now, k); found && recalled.Older.equal(k.Older) {
			k = recalled
		}
	}
	if k.Recalled() {
		var s Snapshot
		k.recalled.brief.facts(func(f metrics.Facts) {
			k.Facts = f
			s = takeWith(r, p.policy, now, k, func(*history) folded { return k.recalled.fold() })
		})
		return s
	}
	return takeWith(r, p.policy, now, k, func(h *history) folded { return k.Memory.fold(p, h) })
}
