package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// LogEntry is a line of the gate's log of deeds: overrides asked for, agreed to, refused, used and withdrawn. Each carries the hash of the one
// before, so that a line that was changed, taken out or put in is found.
type LogEntry struct {
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"` // the override or decision
	Service string    `json:"service"`
	Actor   string    `json:"actor"`
	Details string    `json:"details"`
	// Previous is the hash of the entry before, "" for the first.
	Previous string `json:"previous"`
	Hash     string `json:"hash"`
}

// The kinds of entry.
const (
	LogAsked     = "override asked for"
	LogAgreed    = "override agreed to"
	LogRefused   = "override refused"
	LogUsed      = "override used"
	LogIdle      = "override did nothing"
	LogWithdrawn = "override withdrawn"
)

// Seal is the entry with its hash: that of its canonical JSON, the previous hash included and its own left out.
func (e LogEntry) Seal() (LogEntry, error) {
	e.Hash, e.At = "", e.At.UTC().Truncate(time.Millisecond)
	text, err := Canonical(e)
	if err != nil {
		return e, err
	}
	sum := sha256.Sum256(text)
	e.Hash = hex.EncodeToString(sum[:])
	return e, nil
}

// BrokenAt checks a run of entries that follows the hash before it, and returns what is wrong with the first that does not fit; "" when all
// do. It also returns the last hash, with which the next run goes on.
func BrokenAt(entries []LogEntry, seq int64, previous string) (fault string, last string) {
	for _, e := range entries {
		sealed, err := e.Seal()
		switch {
		case e.Seq != seq+1:
			return fmt.Sprintf("entry %d is followed by entry %d", seq, e.Seq), previous
		case e.Previous != previous:
			return fmt.Sprintf("entry %d does not carry the hash of the entry before it", e.Seq), previous
		case err != nil || sealed.Hash != e.Hash:
			return fmt.Sprintf("entry %d was changed: its hash is not that of what it says", e.Seq), previous
		}
		seq, previous = e.Seq, e.Hash
	}
	return "", previous
}
