package gate

import (
	"strconv"
	"strings"
	"time"
)

// clock writes an instant for people: to the minute, in UTC.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// span writes a length of time in the largest unit that leaves two digits or fewer, rounded down.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return count(int64(max(d, 0)/time.Second), "second")
	case d < 2*time.Hour:
		return count(int64(d/time.Minute), "minute")
	case d <= 48*time.Hour:
		return count(int64(d/time.Hour), "hour")
	default:
		return count(int64(d/(24*time.Hour)), "day")
	}
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// count writes a number with its noun: "1 commit", "2 commits".
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.FormatInt(n, 10) + " " + noun + "s"
}

// percent writes parts per million as a percentage, rounded down to whole ones.
func percent(ppm int64) string { return strconv.FormatInt(ppm/10_000, 10) + " %" }

// name is what people call a deployment: its version, else the start of its revision, else its digest or id.
func name(d Deployed) string {
	switch {
	case d.Version != "":
		return d.Version
	case d.Revision != "":
		return d.Revision[:min(len(d.Revision), 12)]
	case d.Digest != "":
		return d.Digest[:min(len(d.Digest), 19)] // "sha256:" and twelve digits
	default:
		return d.ID
	}
}

// list joins names with commas, at most four of them.
func list(names []string) string {
	const most = 4
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and " + count(int64(len(names)-most), "other")
	}
	return strings.Join(names, ", ")
}

// number writes small numbers as words.
func number(n int) string {
	if words := [...]string{"no", "one", "two", "three", "four", "five", "six"}; n >= 0 && n < len(words) {
		return words[n]
	}
	return strconv.Itoa(n)
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
