package git

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Mode is what the source takes for a deployment.
type Mode string

// The modes, in the order in which they are tried.
const (
	Tags    Mode = "tags"    // release tags
	Merges  Mode = "merges"  // merges to the default branch, squashed pull requests included
	Commits Mode = "commits" // every commit of the default branch's own line, because nothing was ever merged to it
)

// cursorVersion changes when a cursor of before can no longer be read.
const cursorVersion = 1

// cursor is how far a clone has been read. Tags map a name to the object it pointed at, "-" before the object when the tag is
// set aside; the history behind the others and behind Branch has been delivered.
type cursor struct {
	Version  int               `json:"version"`
	Settings string            `json:"settings"` // digest of the options that shape the events
	Mode     Mode              `json:"mode"`
	Scheme   string            `json:"scheme"` // which tags belong to which service
	Tags     map[string]string `json:"tags"`
	Branch   string            `json:"branch,omitempty"` // tip of the default branch
	Totals   totals            `json:"totals"`
	// Under way, nil between two readings: what the clone held when the reading began, so that a repeated page is the same.
	Reading *target `json:"reading,omitempty"`
}

// target is the state of the clone that a reading leads to, and how far it got.
type target struct {
	Tags   map[string]string `json:"tags"`
	Branch string            `json:"branch,omitempty"`
	Done   int               `json:"done"` // records delivered
	// Walk: git could not list the history because of a hole in it, so it is walked commit by commit.
	Walk bool `json:"walk,omitempty"`
	// Before are the totals before this reading.
	Before totals `json:"before"`
}

// totals count what has been delivered over all readings.
type totals struct {
	Commits     int `json:"commits"`
	Releases    int `json:"releases"`
	PreReleases int `json:"pre_releases"`
	Hotfixes    int `json:"hotfixes"`
	SetAside    int `json:"set_aside"`
}

// settings is the digest of the options that shape the events: read under others, they would not fit together.
func (o Options) settings() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q", o.Tags, o.Branch, o.Bots)
	for _, name := range slices.Sorted(maps.Keys(o.Services)) {
		fmt.Fprintf(h, " %q=%q", name, o.Services[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// parseCursor reads a saved cursor; "" is the beginning.
func parseCursor(place, saved, settings string) (cursor, error) {
	if saved == "" {
		return cursor{Version: cursorVersion, Settings: settings}, nil
	}
	var c cursor
	decoder := json.NewDecoder(strings.NewReader(saved))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil || c.Version != cursorVersion {
		return cursor{}, outdated(place, "the place where reading stopped was noted by another version")
	}
	if c.Settings != settings {
		return cursor{}, outdated(place, "it was read with other tags, services, branch or bots before")
	}
	return c, nil
}

func (c cursor) String() string {
	b, err := json.Marshal(c)
	if err != nil { // strings, numbers and maps of them always marshal
		panic(fmt.Sprintf("git: cursor cannot be written as JSON: %v", err))
	}
	return string(b)
}

// finished is the cursor after the last page of a reading.
func (c cursor) finished() cursor {
	c.Tags, c.Branch, c.Reading = c.Reading.Tags, c.Reading.Branch, nil
	return c
}

// Tags set aside are marked in a cursor, so that they are not looked at again and their history is not taken for delivered.
const asideMark = "-"

func isAside(object string) bool { return strings.HasPrefix(object, asideMark) }
