package reports

import (
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"net/url"
	"strconv"
	"strings"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

const (
	hour = 3600.0 // seconds
	day  = 24 * hour
)

// ninetyFive is the coverage of the bounds of a survival figure.
const ninetyFive = 0.95

// Span words a number of seconds that stands alone: "45 s", "12 min", "3.4 h", "2.1 d", "12 wk". A figure has one unit wherever it stands,
// that of its value and interval: see leadTimeWords and recoveryWords.
func Span(seconds float64) string { return metrics.InWords(seconds) }

// digits keeps one decimal below ten and none above.
func digits(v float64) string {
	if v < 9.95 && v != math.Trunc(v) {
		return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	}
	return Count(int(math.Round(v)))
}

// fine is digits, but that what is small and not nought keeps two figures that matter: "0.042", never "0".
func fine(v float64) string {
	if v <= 0 || v >= 0.95 {
		return digits(v)
	}
	places := 1 - int(math.Floor(math.Log10(v)))
	return strings.TrimRight(strconv.FormatFloat(v, 'f', places, 64), "0")
}

// Percent words a share in [0,1] to two figures that matter, so that a column of shares has no gaps: "12%", "3.4%", "3.0%", "0.042%".
// "0%" and "100%" are nothing and all: "99.97%" is not all.
func Percent(share float64) string {
	v := 100 * share
	switch {
	case v < 0:
		return "−" + Percent(-share)
	case v > 99.5 && v < 100:
		places := 1 - int(math.Floor(math.Log10(100-v)))
		return strings.TrimRight(strconv.FormatFloat(v, 'f', places, 64), "0") + "%"
	case v >= 9.95 || v == 0:
		return Count(int(math.Round(v))) + "%"
	case v >= 0.995:
		return strconv.FormatFloat(v, 'f', 1, 64) + "%"
	}
	places := 1 - int(math.Floor(math.Log10(v)))
	return strings.TrimRight(strconv.FormatFloat(v, 'f', places, 64), "0") + "%"
}

// Count words a whole number with thin groups of three: "12 400".
func Count(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return sign + s
}

func plural(n int, one, many string) string {
	if n == 1 {
		return Count(n) + " " + one
	}
	return Count(n) + " " + many
}

// between words an interval with its coverage: "1.2 d to 3.4 d (95%)".
func between(i *metrics.Interval, word func(float64) string) string {
	if i == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", ends(word(i.Low), word(i.High)), Coverage(i.Coverage))
}

// ends words an interval by its ends as they are read, which may be the same.
func ends(low, high string) string {
	if low == high {
		return low + " at both ends"
	}
	return low + " to " + high
}

// Coverage is how surely an interval holds, as a share in [0,1]. Readers are told it in whole percents, and that it is about that where an
// exact method has decimals; programs get the decimals.
type Coverage float64

func (c Coverage) String() string {
	whole := math.Round(100 * float64(c))
	if math.Abs(100*float64(c)-whole) < 1e-9 {
		return Count(int(whole)) + "%"
	}
	return "about " + Count(min(int(whole), 99)) + "%" // nothing short of certain is about certain
}

// Digits is the coverage in percent to two decimals.
func (c Coverage) Digits() string {
	return strconv.FormatFloat(math.Round(float64(c)*1e4)/100, 'f', -1, 64)
}

// MarshalJSON writes value, unit and text.
func (c Coverage) MarshalJSON() ([]byte, error) {
	return json.Marshal(EncodedNumber{json.Number(c.Digits()), "%", c.String()})
}

// endsOf are the ends of an interval, nil where there is none.
func endsOf(i *metrics.Interval) (low, high *float64) {
	if i == nil {
		return nil, nil
	}
	return &i.Low, &i.High
}

// reachOf is endsOf for a survival figure.
func reachOf(b *metrics.Bounds) (low, high *float64) {
	if b == nil {
		return nil, nil
	}
	return b.Low, b.High
}

// bounds words the interval of a survival figure, either end of which may not be reached.
func bounds(b *metrics.Bounds, word func(seconds float64) string) string {
	if b == nil {
		return ""
	}
	return ends(reached(b.Low, word), reached(b.High, word)) + " (" + Coverage(ninetyFive).String() + ")"
}

// reached words a span of a curve that may not fall so far.
func reached(v *float64, word func(seconds float64) string) string {
	if v == nil {
		return "not reached"
	}
	return word(*v)
}

// wordOr words a value, or says that there is none.
func wordOr(v *float64, word func(float64) string, otherwise string) string {
	if v == nil {
		return otherwise
	}
	return word(*v)
}

// share is a part of a whole on a scale of a hundred, for widths in drawings.
func share(part, whole int) float64 {
	if whole <= 0 {
		return 0
	}
	return math.Round(1000*float64(min(part, whole))/float64(whole)) / 10
}

// fraction words an exact fraction: "2", "3.8".
func fraction(f gate.Fraction) string {
	if f.Den == 0 {
		return "unknown"
	}
	return digits(float64(f.Num) / float64(f.Den))
}

// inYears words how often something may happen: "once a year", "once in 2 years".
func inYears(f gate.Fraction) string {
	if f.Den != 0 && f.Num == f.Den {
		return "once a year"
	}
	return "once in " + fraction(f) + " years"
}

// segments joins path segments, each escaped, so that a service named "a/b" stays one segment.
func segments(parts ...string) string {
	var out strings.Builder
	for _, p := range parts {
		out.WriteString("/" + url.PathEscape(p))
	}
	return out.String()
}

// Short cuts a revision or digest to what people compare by eye.
func Short(revision string) string {
	if _, after, found := strings.Cut(revision, ":"); found && len(after) > 12 {
		revision = after
	}
	if len(revision) > 12 && !strings.ContainsAny(revision, " ./") {
		return revision[:10]
	}
	return revision
}

// prose shows a text in which words between backticks are code.
func prose(text string) template.HTML {
	var out strings.Builder
	for i, part := range strings.Split(text, "`") {
		part = template.HTMLEscapeString(part)
		if i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		out.WriteString(part)
	}
	return template.HTML(out.String()) //nolint:gosec // every part is escaped above
}

// asSentence is a text with a capital and a full stop.
func asSentence(text string) string {
	if text == "" {
		return ""
	}
	return upperFirst(strings.TrimSuffix(text, ".")) + "."
}
