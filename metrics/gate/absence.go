package gate

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// BeatEvery is how often a server notes that it is there, for all servers over its database. BeatGap is the shortest time without such a note
// that counts as an absence: a restart within it is none.
const (
	BeatEvery = time.Minute
	BeatGap   = 2 * BeatEvery
)

// Gap is a time in which no server noted that it was there, half-open.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Database: a server ran and could not reach the database; it decided by what it knew last. Otherwise no server is known to have run.
	Database bool `json:"database"`
}

// Unasked is a promotion about which a client decided by itself, because no server answered. The client tells it when one does again.
type Unasked struct {
	// ID is the client's own word for it, so that telling it twice counts once.
	ID          string    `json:"id"`
	At          time.Time `json:"at"`
	Service     string    `json:"service"`
	Environment string    `json:"environment"`
	Kind        string    `json:"kind"`
	Verdict     Result    `json:"verdict"` // allow, warn or block
	// By is "cache" for the last answer of a server that was still valid, "local" for what the policy or the caller says.
	By  string `json:"by"`
	Run Run    `json:"run,omitzero"`
}

// The bounds of what a client may tell.
const (
	longestWord   = 200
	oldestUnasked = 90 * 24 * time.Hour
)

// Check reports why something told now cannot be counted.
func (u Unasked) Check(now time.Time) error {
	for _, word := range []string{u.ID, u.Service, u.Environment} {
		if word == "" || len(word) > longestWord {
			return fmt.Errorf("give id, service and environment, each of 1 to %d bytes", longestWord)
		}
	}
	switch {
	case !slices.Contains([]string{KindNormal, KindRollback, KindFix, KindConfig}, u.Kind):
		return errors.New("kind: give normal, rollback, fix or config")
	case !slices.Contains([]Result{Allow, Warn, Block}, u.Verdict):
		return errors.New("verdict: give allow, warn or block")
	case u.By != "cache" && u.By != "local":
		return errors.New("by: give cache or local")
	case u.At.After(now.Add(BeatEvery)) || u.At.Before(now.Add(-oldestUnasked)):
		return errors.New("at: give a time of the last 90 days")
	}
	return nil
}

// Absence is how far the gate was not there when it should have been, as far as that was noted.
type Absence struct {
	// Since is when it began to be noted; nil before.
	Since *time.Time `json:"measured_since"`
	// Minutes is how long no server noted that it was there, DatabaseMinutes how long none reached the database; each rounded up.
	Minutes         int64 `json:"minutes"`
	DatabaseMinutes int64 `json:"database_minutes"`
	// Gaps are the newest of the times that were added up.
	Gaps []Gap `json:"gaps"`
	// Decided counts the promotions about which clients say they decided without the gate: Stopped of them it stopped, ByLastAnswer of them
	// went by an answer that was still valid.
	Decided      int `json:"decided_by_clients"`
	Stopped      int `json:"stopped_by_clients"`
	ByLastAnswer int `json:"by_last_answer"`
}

// newestGaps is how many gaps are listed.
const newestGaps = 20

// absence adds up what of the gaps lies in the window.
func (l Ledger) absence() Absence {
	a := Absence{Gaps: []Gap{}, Decided: len(l.Unasked)}
	if !l.BeatsSince.IsZero() {
		since := latest(l.BeatsSince, l.From)
		a.Since = &since
	}
	var gone, lost time.Duration
	for _, g := range l.Gaps {
		g.From = latest(g.From, l.From)
		if g.To.After(l.To) {
			g.To = l.To
		}
		if !g.From.Before(g.To) {
			continue
		}
		a.Gaps = append(a.Gaps, g)
		if g.Database {
			lost += g.To.Sub(g.From)
		} else {
			gone += g.To.Sub(g.From)
		}
	}
	slices.Reverse(a.Gaps)
	a.Gaps = a.Gaps[:min(len(a.Gaps), newestGaps)]
	a.Minutes, a.DatabaseMinutes = minutesUp(gone), minutesUp(lost)
	for _, u := range l.Unasked {
		if u.Verdict == Block {
			a.Stopped++
		}
		if u.By == "cache" {
			a.ByLastAnswer++
		}
	}
	return a
}

func minutesUp(d time.Duration) int64 { return int64((d + time.Minute - 1) / time.Minute) }
