package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// BuiltIn is the layer of what nobody has changed.
const BuiltIn = "built in"

// Origin is one value of the policy in force with where it comes from.
type Origin struct {
	Path  string `json:"path"`  // as in the file: "criteria.failure-meter.not_acceptable"
	Value string `json:"value"` // in the file's words: "1 in 6", "60m"
	// Layer is "organisation", "tier:standard", "team:payments", "service:payments-api", or "built in".
	Layer string `json:"layer"`
	// File and Line say where it stands; none for what is built in.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// From is what stands there when the value comes from the environment: "${MODE}".
	From string `json:"from,omitempty"`
	// LockedBy is the layer that lets those further in tighten the criterion and not loosen it, LockedLine where it says so.
	LockedBy   string `json:"locked_by,omitempty"`
	LockedLine int    `json:"locked_line,omitempty"`
}

// Where is file and line of a value as editors open them, "" for what is built in.
func (o Origin) Where() string {
	if o.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", o.File, o.Line)
}

// Origins lists every value of the policy in force for a service, each with the layer that gave it. A criterion that is off stands there with
// its mode alone.
func (c Config) Origins(s metrics.Service) []Origin {
	p := c.Policy(s)
	builtIn := gate.PolicyFor(s.Tier)
	overlays := applying(c.overlays, s.Name, s.Team, p.Tier)
	var origins []Origin
	for _, t := range terms() {
		if t.criterion != "" && t.key != "mode" && blank(&p, t.criterion) {
			continue
		}
		o := Origin{Path: t.path(), Value: t.words(&p), Layer: BuiltIn}
		if o.Value == "" && (t.group == "ceilings" || t.many) {
			continue // no ceiling, no role
		}
		if t.criterion != "" && blank(&builtIn, t.criterion) && !blank(&p, t.criterion) {
			o.Layer = BuiltIn + ", tier " + string(metrics.Critical) // see takeOver
		}
		for _, over := range overlays {
			over.mark(&o, t)
		}
		origins = append(origins, o)
	}
	return origins
}

// applying are the overlays that hold for a service, outermost first.
func applying(overlays []overlay, service, team string, tier metrics.Tier) []overlay {
	layers := []string{"organisation", "tier:" + string(tier), "team:" + team, "service:" + service}
	var all []overlay
	for _, o := range overlays {
		if slices.Contains(layers, o.layer) {
			all = append(all, o)
		}
	}
	return all
}

// mark notes that a value comes from this overlay, or is locked by it.
func (o overlay) mark(origin *Origin, t term) {
	if i := slices.IndexFunc(o.values, func(s setting) bool { return s.path() == t.path() }); i >= 0 {
		origin.Layer, origin.File, origin.Line, origin.From = o.layer, o.file, o.values[i].node.Line, o.values[i].from
	}
	for _, lock := range o.locked {
		if lock.text() == t.lock() {
			origin.LockedBy, origin.LockedLine = o.layer, lock.Line
		}
	}
}

// words is the value as the file would have it; "" for a ceiling that is not there, and for a list of nothing.
func (t term) words(p *gate.Policy) string {
	if t.group == "ceilings" {
		return string(p.Ceilings[metrics.EnvironmentKind(t.key)])
	}
	switch v := t.of(p).(type) {
	case *gate.Mode:
		if *v == "" {
			return string(gate.Off)
		}
		return string(*v)
	case *gate.Result:
		return string(*v)
	case *string:
		return *v
	case *[]string:
		return listWords(*v)
	case *bool:
		return strconv.FormatBool(*v)
	case *gate.Fraction:
		return yearWords(*v)
	case *int:
		return t.integerWords(int64(*v))
	case *int64:
		return t.integerWords(*v)
	}
	return ""
}

// listWords writes a list in one line, "" for an empty one.
func listWords(list []string) string {
	if len(list) == 0 {
		return ""
	}
	words := make([]string, len(list))
	for i, one := range list {
		words[i] = yamlWord(one)
	}
	return "[" + strings.Join(words, ", ") + "]"
}

func (t term) integerWords(n int64) string {
	switch t.scalar {
	case aSpan:
		return spanWords(time.Duration(n) * time.Second)
	case oneIn:
		return "1 in " + strconv.FormatInt(n, 10)
	case percent:
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%04d", n/10_000, n%10_000), "0"), ".") + "%"
	}
	return strconv.FormatInt(n, 10)
}

// spanWords writes a span in the one unit of the file that fits it: "90s", "60m", "24h"; days beyond two of them.
func spanWords(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		of   time.Duration
		word string
		from time.Duration
	}{{day, "d", 2*day + 1}, {time.Hour, "h", 2 * time.Hour}, {time.Minute, "m", time.Minute}} {
		if d%unit.of == 0 && d >= unit.from {
			return strconv.FormatInt(int64(d/unit.of), 10) + unit.word
		}
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}

// yearWords writes a promise; the file knows whole years only.
func yearWords(f gate.Fraction) string {
	if f.Num == f.Den {
		return "at most 1 a year"
	}
	return "at most 1 in " + strconv.FormatInt(f.Num/max(1, f.Den), 10) + " years"
}
