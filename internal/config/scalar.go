package config

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// scalar is a kind of value: how people read of it, how a schema describes it, and what it accepts.
type scalar struct {
	name     string // "span"
	says     string // "a span like 90s, 60m, 24h or 7d"
	json     string // "string", "integer" or "boolean"
	pattern  string
	enum     []string
	min, max int // for integers
	secret   bool
	accepts  func(string) bool // beyond pattern, enum and bounds; may be nil

	compile  sync.Once // a file of five thousand services has ten thousand names
	compiled *regexp.Regexp
}

func (s *scalar) matches(text string) bool {
	s.compile.Do(func() { s.compiled = regexp.MustCompile(s.pattern) })
	return s.compiled.MatchString(text)
}

func (s *scalar) ok(text string) bool {
	switch {
	case s.json == "integer":
		n, err := strconv.Atoi(text)
		return err == nil && n >= s.min && n <= s.max
	case s.json == "boolean":
		return text == "true" || text == "false"
	case s.enum != nil && !slices.Contains(s.enum, text):
		return false
	case s.pattern != "" && !s.matches(text):
		return false
	}
	return s.accepts == nil || s.accepts(text)
}

func oneOf[T ~string](name string, values ...T) *scalar {
	s := &scalar{name: name, json: "string"}
	for _, v := range values {
		s.enum = append(s.enum, string(v))
	}
	s.says = "one of " + strings.Join(s.enum, ", ")
	return s
}

func number(low, high int) *scalar {
	return &scalar{name: "number", json: "integer", min: low, max: high, says: "a whole number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high)}
}

// The kinds of value.
var (
	aText = &scalar{name: "text", json: "string", says: "a text", accepts: func(s string) bool { return strings.TrimSpace(s) != "" }}
	aName = &scalar{name: "name", json: "string", pattern: `^[^\s\x00-\x1f]([^\x00-\x1f]{0,198}[^\s\x00-\x1f])?$`,
		says: "a name of 1 to 200 characters that show, in one line", accepts: func(s string) bool { return metrics.FaultOfName("", s) == nil }}
	// aRole is a name that a sentence can list with others.
	aRole = &scalar{name: "role", json: "string", pattern: `^[A-Za-z0-9]([A-Za-z0-9 _.-]{0,58}[A-Za-z0-9])?$`, says: "the name of a role like on-call: letters, digits, - _ . and spaces, at most 60"}
	aBool = &scalar{name: "true or false", json: "boolean", says: "true or false"}
	aSpan = &scalar{name: "span", json: "string", pattern: `^(\d{1,4}d)?(\d{1,5}h)?(\d{1,6}m)?(\d{1,8}s)?$`,
		says: "a span like 90s, 60m, 24h, 7d or 1h30m", accepts: func(s string) bool { return s != "" }}
	aLabel = &scalar{name: "label", json: "string", pattern: `^[^=]{1,200}=.{1,200}$`, says: "a label like app=payments"}
	aZone  = &scalar{name: "time zone", json: "string", says: "an IANA time zone like Europe/Vienna, or UTC", accepts: func(s string) bool {
		_, err := time.LoadLocation(s)
		return err == nil && s != "" && s != "Local"
	}}
	aDate = &scalar{name: "date", json: "string", pattern: `^\d{4}-\d{2}-\d{2}$`, says: "a date like 2026-12-25", accepts: func(s string) bool {
		_, err := time.Parse(time.DateOnly, s)
		return err == nil
	}}
	aPage = &scalar{name: "page", json: "string", says: "an address like https://wiki.example.org/page", accepts: func(s string) bool {
		u, err := url.Parse(s)
		return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
	}}
	anAddress = &scalar{name: "address", json: "string", says: "a host and port like 127.0.0.1:8080", accepts: func(s string) bool {
		_, port, err := net.SplitHostPort(s)
		n, bad := strconv.Atoi(port)
		return err == nil && bad == nil && n >= 0 && n <= 65535
	}}
	hours = &scalar{name: "hours", json: "string", pattern: `^([01]?\d|2[0-3])-([01]?\d|2[0-4])$`, says: "hours like 9-18, from 0 to 24",
		accepts: func(s string) bool { from, to := parseHours(s); return from < to }}
	// aDSN may hold a password and is masked wherever the configuration is shown.
	aDSN = &scalar{name: "database", json: "string", says: "a file name, or postgres://…", accepts: aText.accepts}

	weekday    = oneOf("weekday", weekdays...)
	tier       = oneOf("tier", metrics.Critical, metrics.High, metrics.Standard, metrics.Low)
	kindOf     = oneOf("kind", metrics.Production, metrics.Staging, metrics.Testing, metrics.Development)
	cause      = oneOf("cause", metrics.CauseRun, metrics.CauseRollback, metrics.CauseRevert, metrics.CauseIncident, metrics.CauseVerdict, metrics.CauseHotfix)
	mode       = oneOf("mode", gate.Off, gate.Observe, gate.WarnOnly, gate.Enforce)
	unknown    = oneOf("answer", gate.Hold, gate.Warn, gate.Allow)
	afterwards = oneOf("answer", gate.Warn, gate.Block)
	severity   = oneOf("result", gate.Fail, gate.Warn, gate.Pass)

	oneIn = &scalar{name: "rate", json: "string", pattern: `^1 in [1-9]\d{0,3}$`, says: "a rate like 1 in 6"}
	years = &scalar{name: "promise", json: "string", pattern: `^at most 1 (a year|in [1-9]\d? years)$`,
		says: "a promise like at most 1 in 2 years, or at most 1 a year"}
	percent = &scalar{name: "percentage", json: "string", pattern: `^(100|\d{1,2}(\.\d{1,4})?)%$`, says: "a percentage like 80%"}
)

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// The parsers below are called on text that its scalar has accepted.

func parseWeekday(s string) time.Weekday { return time.Weekday(slices.Index(weekdays, s)) }

// parseDay is midnight UTC of a date, zero of an empty text.
func parseDay(s string) time.Time {
	day, _ := time.Parse(time.DateOnly, s)
	return day
}

func parseHours(s string) (from, to int) {
	a, b, _ := strings.Cut(s, "-")
	from, _ = strconv.Atoi(a)
	to, _ = strconv.Atoi(b)
	return from, to
}

// parseSpan is time.ParseDuration with days of 24 hours and whole numbers only.
func parseSpan(s string) time.Duration {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	n, _ := strconv.Atoi(days)
	d, _ := time.ParseDuration(rest)
	return time.Duration(n)*24*time.Hour + d
}

func parseOneIn(s string) int64 {
	n, _ := strconv.ParseInt(strings.TrimPrefix(s, "1 in "), 10, 64)
	return n
}

func parseYears(s string) gate.Fraction {
	n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(s, "at most 1 in "), " years"), 10, 64)
	if err != nil {
		n = 1 // "at most 1 a year"
	}
	return gate.Fraction{Num: n, Den: 1}
}

// parsePPM reads a percentage as parts per million.
func parsePPM(s string) int64 {
	whole, part, _ := strings.Cut(strings.TrimSuffix(s, "%"), ".")
	n, _ := strconv.ParseInt(whole+(part + "0000")[:4], 10, 64)
	return n
}
