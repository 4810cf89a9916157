package gitlabtest

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
)

// Faults are the shares of requests at which the host does what it should not. What happens at which request follows from the seed
// alone, so that a reading can be repeated.
type Faults struct {
	Seed uint64
	// Limited asks for a pause of Pause seconds with 429.
	Limited float64
	Pause   int
	// Dropped breaks the answer off in the middle; Failed answers 502.
	Dropped, Failed float64
	// Repeated gives the list's previous page again, Ahead the page after the one asked for, Shuffled the right page in another order.
	Repeated, Ahead, Shuffled float64
	// Changed is how often something happens on the host between two requests, told to Change.
	Changed float64
	Change  func(h *Host, dice *rand.Rand)
}

// Unreliable are the faults of a bad day: one answer in ten is not what was asked for, and something happens all the time.
func Unreliable(seed uint64) *Faults {
	return &Faults{Seed: seed, Limited: 0.02, Pause: 1, Failed: 0.01, Dropped: 0.02, Repeated: 0.03, Ahead: 0.03, Shuffled: 0.2, Changed: 0.3, Change: Finish}
}

// brokenOff stands for an answer that ends in the middle.
const brokenOff = -1

// spoil answers, with the faults that are due at this request.
func (h *Host) spoil(path string, query url.Values) answer {
	f := h.Faults
	if f == nil {
		return h.honest(path, query)
	}
	dice := rand.New(rand.NewPCG(f.Seed, uint64(len(h.asked)))) // #nosec G404 -- it is to be foreseeable
	if dice.Float64() < f.Changed && f.Change != nil {
		f.Change(h, dice)
	}
	switch roll := dice.Float64(); {
	case roll < f.Limited:
		out := text(http.StatusTooManyRequests, "Retry later")
		out.header.Set("Retry-After", strconv.Itoa(f.Pause))
		return out
	case roll < f.Limited+f.Failed:
		return text(http.StatusBadGateway, "502 Bad Gateway")
	case roll < f.Limited+f.Failed+f.Dropped:
		out := h.honest(path, query)
		out.code = brokenOff
		return out
	}
	if _, listed := h.lists[path]; !listed {
		return h.honest(path, query)
	}
	return h.confuse(path, query, dice)
}

// confuse answers with the wrong page of a list, or the right one in another order.
func (h *Host) confuse(path string, query url.Values, dice *rand.Rand) answer {
	f, roll := h.Faults, dice.Float64()
	out := h.honest(path, query)
	defer func() { h.remember(path, out) }()
	switch {
	case roll < f.Repeated:
		if previous, known := h.previous[path]; known {
			return previous
		}
	case roll < f.Repeated+f.Ahead:
		query.Set("page", strconv.Itoa(whole(query.Get("page"), 1)+1))
		return h.honest(path, query)
	case roll < f.Repeated+f.Ahead+f.Shuffled:
		var rows []json.RawMessage
		if json.Unmarshal(out.body, &rows) == nil {
			dice.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			out.body = of(rows).body
		}
	}
	return out
}

func (h *Host) remember(path string, out answer) {
	if h.previous == nil {
		h.previous = map[string]answer{}
	}
	h.previous[path] = out
}
