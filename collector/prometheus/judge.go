package prometheus

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
)

// Signal is something that shows whether a service is well: the share of errors, a latency, the share of requests answered.
type Signal struct {
	Name string
	// Query is PromQL that yields one series. "$service" and "$environment" stand in quotes; $window is the span of each point.
	Query string
	// Ratio is how many times its value before a value after may be; default 2. Floor is what it may reach in any case.
	Ratio float64
	Floor *float64
	// Minimum makes it a signal of which less is worse: unhealthy below it, unless it was below it before. Ratio and Floor say
	// nothing then.
	Minimum *float64
}

// The results of a watch, as verdicts name them.
const (
	healthy      = "healthy"
	unhealthy    = "unhealthy"
	inconclusive = "inconclusive"
)

// finding is what a signal says of a deployment.
type finding struct {
	result string
	words  string
	// held is when the signal had been beyond its limit for long enough on end; zero when it never was.
	held time.Time
}

// judge compares a signal after a deployment with the same signal before. It is unhealthy when its mean is beyond the limit, or when it
// was beyond it for a span on end, whatever came after: that is recovery.
func (s Signal) judge(before, after series, span time.Duration) finding {
	l := s.limit(before)
	f := finding{words: after.says("after") + ", " + before.says("before") + ", " + l.words}
	if l.doubt == "" {
		f.held = after.brokenFor(span, l)
	}
	switch {
	case !f.held.IsZero():
		f.result = unhealthy
		f.words += ", beyond it for " + short(span) + " by " + f.held.Format("15:04 MST")
	case !after.known():
		f.result = inconclusive
	case !l.brokenBy(after.mean()):
		f.result = healthy
	case l.doubt != "":
		f.result = inconclusive
		f.words += ": " + l.doubt
	default:
		f.result = unhealthy
	}
	if warning := cmp.Or(after.warning, before.warning); warning != "" {
		f.words += "; Prometheus warns: " + oneLine(warning)
	}
	return f
}

// limit is what a signal may not pass.
type limit struct {
	value float64
	least bool // values below it break it, not those above
	words string
	// doubt is why a value beyond it cannot be laid at the deployment's door, "" when it can.
	doubt string
}

func (l limit) brokenBy(value float64) bool {
	if l.least {
		return value < l.value
	}
	return value > l.value
}

// limit is what the signal may reach, seeing what it was before.
func (s Signal) limit(before series) limit {
	if s.Minimum != nil {
		l := limit{value: *s.Minimum, least: true, words: "at least " + figure(*s.Minimum)}
		if before.known() && l.brokenBy(before.mean()) {
			l.doubt = "it was below that before the deployment, too"
		}
		return l
	}
	ratio := cmp.Or(s.Ratio, usualRatio)
	l := limit{value: math.Inf(-1), words: "limit " + figure(ratio) + "×"}
	if before.known() && before.mean() >= 0 {
		l.value = ratio * before.mean()
	}
	if s.Floor != nil {
		l.value = max(l.value, *s.Floor)
		l.words += ", floor " + figure(*s.Floor)
	}
	if l.value <= 0 && s.Floor == nil {
		l.doubt = "that is no base for a comparison; give the signal a floor"
	}
	return l
}

const usualRatio = 2

// brokenFor is the first time by which every point of a span broke the limit, none missing; zero when there was no such span.
func (s series) brokenFor(span time.Duration, l limit) time.Time {
	var begin, last time.Time
	for _, p := range s.points {
		switch {
		case !l.brokenBy(p.value):
			begin = time.Time{}
			continue
		case begin.IsZero(), p.at.Sub(last) > s.step*3/2:
			begin = p.at
		}
		if last = p.at; p.at.Sub(begin) >= span {
			return p.at
		}
	}
	return time.Time{}
}

// together is the worst of what the signals say.
func together(findings map[string]finding) string {
	result := healthy
	for _, f := range findings {
		if f.result == unhealthy || f.result == inconclusive && result == healthy {
			result = f.result
		}
	}
	return result
}

// short writes a span without the zeros at its end.
func short(d time.Duration) string {
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if r := []rune(s); len(r) > 200 {
		return fmt.Sprintf("%s…", string(r[:200]))
	}
	return s
}
