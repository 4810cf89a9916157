package reports

import "shiphabit/metrics"

const (
	// unsure is the word for an index that is still a range over several bands.
	unsure = "not sure yet"
	// notComparable is the word for a service that declares a cadence which it does not choose (an app store, firmware).
	notComparable = "not comparable"
)

// bandScale are the bands of the index, from event to habit.
func bandScale() []string { return []string{"event", "scheduled", "settling", "habit"} }

// bandWords are the words of BandWord in their order.
func bandWords() []string { return append(bandScale(), unsure, notComparable) }

// BandWord is where a service lies between event and habit, in the one word that every page, list, report and command uses: what follows a
// declared cadence is not comparable, however many records it has. An index that is a range within one band lies in that band.
func BandWord(i metrics.Index) string {
	switch {
	case i.NotComparable != "":
		return notComparable
	case i.Band == "":
		return unsure
	}
	return i.Band
}

// notComparableTo says with what a service cannot be compared, and why.
func notComparableTo(i metrics.Index) string {
	return notComparable + ": it follows " + i.NotComparable
}
