package reports

import "shiphabit/metrics"

const (
	// unsure is the word for an index that is still a range over several bands.
	unsure = "not sure yet"
	// notComparable is the word for a service that declares a cadence which it does not choose (an app store, firmware).
	notComparable = "not comparable"
)

// standings are the words of standing in their order.
func standings() []string {
	return []string{"event", "scheduled", "settling", "habit", unsure, notComparable}
}

// standing is where a service stands between event and habit, in the one word that every page, list and report uses: what follows a
// declared cadence is not comparable, however many records it has.
func standing(i metrics.Index) string {
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
