package gate

import (
	"fmt"
	"strings"
	"time"
)

// fixReach is how old a problem may be for a fix to name it. Nothing older stops a normal change either: what blocks can
// always be named by a fix.
const fixReach = 14 * 24 * time.Hour

func (s Snapshot) fixable(p Problem) bool { return s.Now.Sub(p.Since) <= fixReach }

func (c RestoreFirst) judge(q question) finding {
	limit := seconds(c.OlderThanSeconds)
	f := finding{
		result: Pass, says: "No failed deployment of this service is open.",
		observed: map[string]int64{"open": int64(len(q.s.OpenFailures))},
	}
	var stopping, young, stale []Problem
	for _, p := range q.s.OpenFailures {
		switch age := q.s.Now.Sub(p.Since); {
		case !q.s.fixable(p):
			stale = append(stale, p)
		case age >= limit:
			stopping = append(stopping, p)
		default:
			young = append(young, p)
		}
	}
	switch {
	case len(stopping) > 0:
		f.result, f.evidence = Fail, ids(stopping)
		f.short = "a failed deployment is still open (" + stopping[0].Says + ")"
		f.says = fmt.Sprintf("%s (%s) failed at %s and nothing has repaired it.", stopping[0].ID, stopping[0].Says, clock(stopping[0].Since))
		f.opensWhen = repairs(stopping)
	case len(young) > 0:
		f.result, f.evidence = Warn, ids(young)
		f.short = "a deployment failed " + span(q.s.Now.Sub(young[0].Since)) + " ago and is still open (" + young[0].Says + ")"
		f.says = fmt.Sprintf("%s (%s) failed at %s and is still open. From %s on it stops normal changes.",
			young[0].ID, young[0].Says, clock(young[0].Since), clock(young[0].Since.Add(limit)))
	case len(stale) > 0:
		f.result, f.evidence = Warn, ids(stale)
		f.short = "a failed deployment has been open since " + clock(stale[0].Since)
		f.says = fmt.Sprintf("%s (%s) failed at %s and no repair is recorded. After 14 days that only warns; record what repaired it.",
			stale[0].ID, stale[0].Says, clock(stale[0].Since))
	}
	return f
}

// repairs says what ends open failures.
func repairs(problems []Problem) []string {
	all := list(ids(problems))
	return []string{all + ": a rollback, or a fix that names it (--kind fix --fixes " + problems[0].ID + "), is deployed"}
}

func ids(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.ID)
	}
	return out
}

func (c RestoreFirst) promises() string {
	if c.OlderThanSeconds == 0 {
		return "no failed deployment of this service is open"
	}
	return "no failed deployment of this service is open for " + span(seconds(c.OlderThanSeconds)) + " or longer"
}

func (c OpenIncidents) judge(q question) finding {
	f := finding{
		result: Pass, says: "No incident of this service is open that counts here.",
		observed: map[string]int64{"open": int64(len(q.s.OpenIncidents))},
	}
	for _, result := range []Result{Fail, Warn} {
		var counted []Problem
		for _, p := range q.s.OpenIncidents {
			if c.weigh(q.s, p) == result {
				counted = append(counted, p)
			}
		}
		if len(counted) == 0 {
			continue
		}
		first := counted[0]
		f.result, f.evidence = result, ids(counted)
		f.short = severityWords(first) + " is open since " + clock(first.Since)
		f.says = fmt.Sprintf("%s, %s, is open since %s%s.", first.ID, severityWords(first), clock(first.Since), titled(first.Says))
		if !q.s.fixable(first) {
			f.says += " After 14 days that only warns; resolve it or record when it was."
		}
		f.opensWhen = []string{list(f.evidence) + " resolved, or a fix that names it (--kind fix --fixes " + first.ID + ") is deployed"}
		return f
	}
	return f
}

// weigh is what one open incident amounts to.
func (c OpenIncidents) weigh(s Snapshot, p Problem) Result {
	result := Pass
	switch p.Severity {
	case 0:
		result = c.Unstated
	case 1:
		result = c.Severity1
	case 2:
		result = c.Severity2
	}
	if result == Fail && !s.fixable(p) {
		return Warn
	}
	return result
}

func severityWords(p Problem) string {
	if p.Severity == 0 {
		return "an incident without a severity"
	}
	return fmt.Sprintf("an incident of severity %d", p.Severity)
}

// titled adds a title to a sentence, on one line.
func titled(title string) string {
	title = strings.Join(strings.Fields(title), " ")
	if title == "" {
		return ""
	}
	return ": " + strings.TrimRight(title, ".")
}

func (c OpenIncidents) promises() string {
	words := map[Result][]string{}
	words[c.Severity1] = append(words[c.Severity1], "severity 1")
	words[c.Severity2] = append(words[c.Severity2], "severity 2")
	words[c.Unstated] = append(words[c.Unstated], "no stated severity")
	says := "no open incident of " + strings.Join(words[Fail], " or ")
	if len(words[Fail]) == 0 {
		says = "open incidents stop nothing"
	}
	if len(words[Warn]) > 0 {
		says += "; " + strings.Join(words[Warn], " and ") + " only warns"
	}
	return says
}

func (c PreviousChange) judge(q question) finding {
	f := finding{result: Pass, says: "No change is inside its watch window."}
	watched, ends := q.s.underWay(q.r)
	if q.s.Live == nil && watched == nil {
		f.result, f.says = NotApplicable, "Nothing was deployed here before."
		return f
	}
	if watched == nil {
		return f
	}
	until := ends
	if held := watched.FinishedAt.Add(seconds(c.HoldSeconds)); c.HoldSeconds > 0 && held.Before(until) {
		until = held
	}
	f.evidence = []string{watched.ID}
	ago := span(q.s.Now.Sub(watched.FinishedAt))
	what := "went out " + ago + " ago"
	if q.s.InFlight != nil && watched.ID == q.s.InFlight.Decision {
		what = "was let through " + ago + " ago and has not reported yet"
	}
	if !q.s.Now.Before(until) {
		f.says = fmt.Sprintf("%s %s and is still watched, but no longer held for.", name(*watched), what)
		return f
	}
	f.result, f.until = Unknown, until
	f.short = fmt.Sprintf("the previous change, %s, is watched until %s", name(*watched), clock(until))
	f.says = fmt.Sprintf("%s %s; whether it is good is not known before %s.", name(*watched), what, clock(until))
	f.opensWhen = []string{"the watch of " + name(*watched) + " ends at " + clock(until)}
	return f
}

func (c PreviousChange) promises() string {
	if c.HoldSeconds > 0 {
		return "the previous change's watch is over, or " + span(seconds(c.HoldSeconds)) + " have passed"
	}
	return "the previous change's watch is over"
}
