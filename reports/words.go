package reports

import (
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

// Span words a number of seconds that stands alone: "45 s", "12 min", "3.4 h", "2.1 d", "12 wk". Spans of one line are worded together,
// by metrics.InOneUnit.
func Span(seconds float64) string { return metrics.InWords(seconds) }

// digits keeps one decimal below ten and none above.
func digits(v float64) string {
	if v < 9.95 && v != math.Trunc(v) {
		return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	}
	return Count(int(math.Round(v)))
}

// Percent words a share in [0,1]: "3.4%", "12%".
func Percent(share float64) string {
	return digits(share*100) + "%"
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

// between words an interval with its true coverage: "1.2 d to 3.4 d (95%)".
func between(i *metrics.Interval, word func(float64) string) string {
	if i == nil {
		return ""
	}
	return fmt.Sprintf("%s to %s (%s)", word(i.Low), word(i.High), coverage(i.Coverage))
}

// coverage keeps the decimals of an exact method: 93.75% is not 95%.
func coverage(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e4)/100, 'f', -1, 64) + "%"
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
	return reached(b.Low, word) + " to " + reached(b.High, word) + " (95%)"
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
