package gate

import (
	"encoding/binary"
	"time"

	"shiphabit/metrics"
)

// packer writes values one after the other, or reads them back in the same order: a function that goes over a value with it does both, so
// that the two cannot differ. What is kept of thousands of services is packed, because the garbage collector need not look through text; it
// would otherwise have more to do than all decisions. Strings that are read share the memory of the text.
type packer struct {
	reads bool
	out   []byte
	rest  string
	last  int64 // seconds of the time before: times lie close together
}

func packed(write func(p *packer)) string {
	var p packer
	write(&p)
	return string(p.out)
}

func (p *packer) whole(n *int64) {
	if !p.reads {
		p.out = binary.AppendVarint(p.out, *n)
		return
	}
	var u uint64
	for shift := 0; ; shift += 7 {
		b := p.rest[0]
		p.rest = p.rest[1:]
		u |= uint64(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	*n = int64(u>>1) ^ -int64(u&1)
}

func (p *packer) count(n *int) {
	wide := int64(*n)
	p.whole(&wide)
	*n = int(wide)
}

func (p *packer) truth(t *bool) {
	n := int64(0)
	if *t {
		n = 1
	}
	p.whole(&n)
	*t = n == 1
}

// at packs a time; it comes back in UTC.
func (p *packer) at(t *time.Time) {
	const none = 1_000_000_000 // nanoseconds that no time has
	nano, after := int64(none), int64(0)
	if !t.IsZero() {
		nano, after = int64(t.Nanosecond()), t.Unix()-p.last
	}
	if p.whole(&nano); nano == none {
		*t = time.Time{}
		return
	}
	p.whole(&after)
	p.last += after
	*t = time.Unix(p.last, nano).UTC()
}

func packText[S ~string](p *packer, s *S) {
	n := len(*s)
	p.count(&n)
	if !p.reads {
		p.out = append(p.out, *s...)
		return
	}
	*s, p.rest = S(p.rest[:n]), p.rest[n:]
}

// packList keeps a list that is nil apart from one that is empty. It is read into the room that the list has.
func packList[T any](p *packer, all *[]T, one func(*packer, *T)) {
	n := len(*all)
	if *all == nil {
		n = -1
	}
	if p.count(&n); n < 0 {
		*all = nil
		return
	}
	if p.reads {
		if cap(*all) < n || n == 0 {
			*all = make([]T, n)
		}
		*all = (*all)[:n]
	}
	for i := range *all {
		one(p, &(*all)[i])
	}
}

func packPointer[T any](p *packer, to **T, one func(*packer, *T)) {
	some := *to != nil
	if p.truth(&some); !some {
		*to = nil
		return
	}
	if p.reads {
		*to = new(T)
	}
	one(p, *to)
}

func packFolded(p *packer, f *folded) {
	packMeter(p, &f.meter)
	packMeter(p, &f.usual.MeterState)
	p.whole(&f.usual.Usual.Num)
	p.whole(&f.usual.Usual.Den)
	p.count(&f.usual.From)
	p.count(&f.usual.Failed)
	packMeter(p, &f.restored.MeterState)
	packList(p, &f.restored.Late, packProblem)
	p.at(&f.restored.LastLateAt)
	packList(p, &f.recent, packTrial)
	p.at(&f.reopenedAt)
}

func packMeter(p *packer, m *MeterState) {
	for _, n := range []*int{&m.Value, &m.Line, &m.Step, &m.Volume, &m.GoodInARow, &m.ProbesToday, &m.Trials, &m.Pending, &m.PaidToday} {
		p.count(n)
	}
	p.truth(&m.Blocked)
	p.truth(&m.OnlyWarns)
	p.at(&m.BlockedSince)
	p.at(&m.NextProbeAt)
	packText(p, &m.BlockedBy)
	packPointer(p, &m.Began, packBeginning)
}

func packBeginning(p *packer, b *Beginning) {
	p.count(&b.Value)
	p.count(&b.Line)
	packText(p, &b.Older.Service)
	packText(p, &b.Older.Repository)
	packText(p, &b.Older.Path)
	p.at(&b.Older.Since)
}

func packProblem(p *packer, one *Problem) {
	packText(p, &one.ID)
	packList(p, &one.Also, packText[string])
	p.at(&one.Since)
	p.count(&one.Severity)
	packText(p, &one.Says)
}

func packTrial(p *packer, t *Trial) {
	packText(p, &t.ID)
	packText(p, &t.Version)
	packText(p, &t.Outcome)
	p.truth(&t.Verified)
	p.at(&t.At)
	p.at(&t.KnownAt)
}

// packRollout packs what a snapshot reads of a rollout.
func packRollout(p *packer, r *metrics.Rollout) {
	packText(p, &r.ID)
	packText(p, &r.Environment)
	packText(p, &r.EnvironmentKind)
	packText(p, &r.Revision)
	packText(p, &r.Version)
	packText(p, &r.Digest)
	p.at(&r.FinishedAt)
	p.at(&r.SucceededAt)
	packText(p, &r.Kind)
	packList(p, &r.Failures, packFailure)
	packPointer(p, &r.Recovery, packRecovery)
	p.at(&r.KnownAt)
	packText(p, &r.Verdict)
	p.at(&r.VerdictSince)
	packList(p, &r.Progress, packProgress)
	packList(p, &r.Attempts, func(p *packer, a *metrics.Attempt) { packText(p, &a.ID) })
}

func packProgress(p *packer, one *metrics.Progress) {
	p.at(&one.Until)
	p.at(&one.FinishedAt)
	p.at(&one.SucceededAt)
	p.at(&one.KnownAt)
	packText(p, &one.Kind)
	packPointer(p, &one.Failure, packFailure)
	packText(p, &one.Verdict)
	p.at(&one.VerdictSince)
}

func packFailure(p *packer, f *metrics.Failure) {
	packText(p, &f.Cause)
	p.at(&f.At)
	p.at(&f.KnownAt)
	p.truth(&f.Assumed)
	packText(p, &f.Evidence)
	packText(p, &f.Confidence)
}

func packRecovery(p *packer, r *metrics.Recovery) {
	p.at(&r.At)
	packText(p, &r.By)
	packText(p, &r.Evidence)
}

// Pack is the promotion as text, but for whether it was reported.
func (p Promotion) Pack() string { return packed(func(to *packer) { packPromotion(to, &p) }) }

// UnpackPromotion is what Pack packed in this process; its strings share the memory of the text.
func UnpackPromotion(text string) (p Promotion) {
	packPromotion(&packer{reads: true, rest: text}, &p)
	return p
}

func packPromotion(p *packer, one *Promotion) {
	packText(p, &one.Decision)
	packText(p, &one.Environment)
	packText(p, &one.Digest)
	packText(p, &one.Revision)
	packText(p, &one.Version)
	p.at(&one.At)
	p.at(&one.ValidUntil)
}
