package gate

import "time"

// Blocked are the promotions of a backtest that would have been answered with block: what the gate stops. A hold is none of them: it says
// that the gate cannot tell yet, and mostly ends by itself.
type Blocked struct {
	Promotions int `json:"promotions"`
	Prevented  int `json:"prevented"` // later failed
	Delayed    int `json:"delayed"`   // later fine
	Undecided  int `json:"undecided"` // of which nothing is known
	// Rows are runs of blocks, each up to the next promotion that is let through; a hold neither begins nor ends one, as on the scoreboard.
	Rows           int `json:"rows"`
	FirstPrevented int `json:"first_prevented"`
	FirstDelayed   int `json:"first_delayed"`
	// PreventedLow and PreventedHigh bound the share of first blocks that were right, as those of a Backtest do.
	PreventedLow  int64 `json:"prevented_low_ppm"`
	PreventedHigh int64 `json:"prevented_high_ppm"`
	// DelaySeconds is how long good ones would have waited, from their block to the next promotion that was let through.
	DelaySeconds int64 `json:"delay_seconds"`
	// Overrides is how many it would have taken to let the delayed ones go.
	Overrides int `json:"overrides_needed"`
}

// Held are the promotions of a backtest that would have been answered with hold.
type Held struct {
	Promotions  int `json:"promotions"`
	FailedLater int `json:"failed_later"`
	Fine        int `json:"fine"`
	Undecided   int `json:"undecided"`
	// DelaySeconds is how long good ones would have waited at most: up to the next promotion that was let through. When each hold would
	// have ended is not known, since what it waited for was not recorded.
	DelaySeconds int64 `json:"delay_seconds"`
}

// take counts a block; first tells that it begins a row. It reports whether a good promotion had to wait for it.
func (b *Blocked) take(o Outcome, first bool) (delayed bool) {
	b.Promotions++
	if first {
		b.Rows++
	}
	switch o {
	case Failed:
		b.Prevented++
		if first {
			b.FirstPrevented++
		}
	case Good:
		b.Delayed++
		if first {
			b.FirstDelayed++
		}
		return true
	default:
		b.Undecided++
	}
	return false
}

// take counts a hold, and reports whether a good promotion had to wait for it.
func (h *Held) take(o Outcome) (delayed bool) {
	h.Promotions++
	switch o {
	case Failed:
		h.FailedLater++
	case Good:
		h.Fine++
		return true
	default:
		h.Undecided++
	}
	return false
}

func (b *Blocked) add(o Blocked) {
	b.Promotions += o.Promotions
	b.Prevented += o.Prevented
	b.Delayed += o.Delayed
	b.Undecided += o.Undecided
	b.Rows += o.Rows
	b.FirstPrevented += o.FirstPrevented
	b.FirstDelayed += o.FirstDelayed
	b.DelaySeconds += o.DelaySeconds
	b.Overrides += o.Overrides
}

func (h *Held) add(o Held) {
	h.Promotions += o.Promotions
	h.FailedLater += o.FailedLater
	h.Fine += o.Fine
	h.Undecided += o.Undecided
	h.DelaySeconds += o.DelaySeconds
}

// underWay is what has happened in a backtest since the last promotion that was let through.
type underWay struct {
	stopped, blocked bool
	behindBlock      []time.Time // when good promotions began to wait
	behindHold       []time.Time
	// The overrides that the good ones would have needed: all of them, and those behind a block alone.
	overrides, ofBlocks overriding
}

// take counts one promotion.
func (u *underWay) take(b *Backtest, v BacktestVerdict) {
	if !v.Verdict.Stops() {
		u.end(b, v.At)
		if v.Outcome == Failed {
			b.Missed++
		}
		return
	}
	if b.stop(v.Outcome, v.Modelled) {
		u.overrides.need(v.At)
	}
	u.stopped = true
	if v.Verdict == Hold {
		if b.Held.take(v.Outcome) {
			u.behindHold = append(u.behindHold, v.At)
		}
		return
	}
	u.blocked = true
	if b.Blocked.take(v.Outcome, v.FirstBlock) {
		u.behindBlock = append(u.behindBlock, v.At)
		u.ofBlocks.need(v.At)
	}
}

// end is reached when one is let through, or the window is over: what waited has waited until then.
func (u *underWay) end(b *Backtest, at time.Time) {
	b.Blocked.DelaySeconds += waited(u.behindBlock, at)
	b.Held.DelaySeconds += waited(u.behindHold, at)
	b.DelaySeconds = b.Blocked.DelaySeconds + b.Held.DelaySeconds
	u.stopped, u.blocked, u.behindBlock, u.behindHold = false, false, nil, nil
}

func waited(since []time.Time, until time.Time) (seconds int64) {
	for _, at := range since {
		seconds += int64(until.Sub(at) / time.Second)
	}
	return seconds
}
