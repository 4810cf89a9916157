package reports

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics/gate"
)

// Gate is what the gate would say now of every service, and how the gate itself did over the window.
type Gate struct {
	Frame
	Rows      []GateRow // by name
	Board     gate.Scoreboard
	Decisions []gate.Logged // newest first
	Server    string        // address for the snippet
	// Waiting counts the services that are not judged yet; Judged is when the oldest of the others was.
	Waiting int
	Judged  time.Time
	Page    int // of the rows, from 1; any other stands for the first
	// Verdict narrows the rows to those that stand so; any other than gate.Standings stands for all.
	Verdict gate.Result
	Records Records // that the sentences of decisions may name
	// Refused says why a newer configuration is not in force, "" when none was refused.
	Refused string
}

// gateRows is how many services a page of the gate lists, about two screens: what else the page tells comes after them.
const gateRows = 50

// GateRow is one service before the gate.
type GateRow struct {
	Service, Tier string
	GateNow
}

func (Gate) template() string { return "gate" }

// Tally counts how services stand, those that stop first.
func (g Gate) Tally() []StandingCount {
	return tally(func(add func(gate.Result)) {
		for _, r := range g.Rows {
			add(r.Standing())
		}
	})
}

// Fine reports that nothing stands against a change: its row is for looking up, not for reading.
func (r GateRow) Fine() bool { return r.Standing() == gate.Allow }

// Narrowed reports that the page lists only services that stand alike.
func (g Gate) Narrowed() bool { return slices.Contains(gate.Standings(), g.Verdict) }

// Only is the address of the list of those that stand so, All that of every service.
func (g Gate) Only(standing gate.Result) string {
	return g.Link(g.Path, "verdict", string(standing)) + "#services"
}

// All is the address of the list of every service.
func (g Gate) All() string { return g.Link(g.Path) + "#services" }

// Asking counts the services that only wait for what a pipeline states of itself.
func (g Gate) Asking() int { return standingAt(g.Tally(), gate.NeedsEvidence) }

// Log are the newest decisions.
func (g Gate) Log() Log { return Log{g.Decisions, g.Clock, g.Records} }

// MeterLine says at how many points the failure meter does something, and what it does there: of some tiers it never stops.
func (r GateRow) MeterLine() string {
	switch {
	case r.Meter.Line == 0:
		return "none"
	case r.Meter.OnlyWarns:
		return fmt.Sprintf("%d, never stops", r.Meter.Line)
	}
	return fmt.Sprintf("stops at %d", r.Meter.Line)
}

// Sorted are the services that something stands against first, then by name: what needs somebody is not to be looked for.
func (g Gate) Sorted() []GateRow {
	order := gate.Standings()
	rank := func(r GateRow) int {
		if i := slices.Index(order, r.Standing()); i >= 0 {
			return i
		}
		return len(order)
	}
	rows := g.chosen()
	slices.SortStableFunc(rows, func(a, b GateRow) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.Service, b.Service))
	})
	return rows
}

// Shown are those of the page.
func (g Gate) Shown() []GateRow {
	from, rows := (g.page()-1)*gateRows, g.Sorted()
	return rows[from:min(len(rows), from+gateRows)]
}

// chosen are the services asked for, a list of its own.
func (g Gate) chosen() []GateRow {
	if !g.Narrowed() {
		return slices.Clone(g.Rows)
	}
	return slices.DeleteFunc(slices.Clone(g.Rows), func(r GateRow) bool { return r.Standing() != g.Verdict })
}

func (g Gate) pages() int { return max(1, (len(g.chosen())+gateRows-1)/gateRows) }

func (g Gate) page() int {
	if g.Page < 1 || g.Page > g.pages() {
		return 1
	}
	return g.Page
}

// Pager leads through the services.
func (g Gate) Pager() Pager {
	return numbered("services", g.page(), g.pages(), func(page int) string {
		verdict := ""
		if g.Narrowed() {
			verdict = string(g.Verdict)
		}
		return g.Link(g.Path, "verdict", verdict, "page", fmt.Sprint(page)) + "#services"
	})
}

// Snippet is the command a pipeline runs, with the service's name quoted for a shell.
func (g Gate) Snippet() string {
	service := "SERVICE"
	if len(g.Rows) > 0 {
		service = quoted(g.Rows[0].Service)
	}
	return checkCommand(g.Server, service, `--commit "$COMMIT" --wait 10m`)
}

// checkCommand asks the gate; the service is quoted already.
func checkCommand(server, service, rest string) string {
	return fmt.Sprintf("shiphabit gate check --server %s \\\n  --service %s --environment production \\\n  %s", quoted(server), service, rest)
}

// quoted makes a word one argument of a shell, whatever it holds.
func quoted(s string) string {
	plain := strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:", r)
	}) < 0
	if plain && s != "" && !strings.HasPrefix(s, "-") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// VerdictView is a verdict as it is shown: a word, a shape beside it, and a class for its colour.
type VerdictView struct{ Word, Shape, Class string }

// verdictOf words a verdict or the result of a criterion.
func verdictOf(r gate.Result) VerdictView {
	switch r {
	case gate.Allow, gate.Pass:
		return VerdictView{string(r), "●", "good"}
	case gate.Warn:
		return VerdictView{string(r), "▲", "care"}
	case gate.Block, gate.Fail:
		return VerdictView{string(r), "■", "stop"}
	case gate.Hold, gate.Unknown:
		return VerdictView{string(r), "◆", "care"}
	case gate.NeedsEvidence:
		return VerdictView{string(r), "◇", "none"}
	case "":
		return VerdictView{"not known", "○", "none"}
	default:
		return VerdictView{strings.ReplaceAll(string(r), "_", " "), "○", "none"}
	}
}

// sayVerdict is a verdict in words.
func sayVerdict(r gate.Result) string {
	switch r {
	case gate.Allow:
		return "goes on"
	case gate.Warn:
		return "goes on, with a warning"
	case gate.Block:
		return "is stopped"
	case gate.Hold:
		return "has to wait"
	case gate.NeedsEvidence:
		return "waits for what its pipeline states"
	default:
		return "is not known"
	}
}

// criterionTitle is a criterion's name for people: "failure-meter" is the "Failure meter".
func criterionTitle(name string) string {
	if name == "" {
		return ""
	}
	words := strings.ReplaceAll(name, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// MeterView is a meter as a bar: where it stands, where it warns, where it stops, on a scale of a hundred.
type MeterView struct {
	gate.MeterState
	Fill, Warn, Line float64
	Says             string
}

// MeterBar lays the meter out so that its line stands at four fifths of the bar.
func (g GateNow) MeterBar() MeterView {
	m := g.Meter
	whole := max(m.Line*5/4, m.Value, 1)
	v := MeterView{MeterState: m, Fill: share(m.Value, whole), Warn: share(m.Line*3/5, whole), Line: share(m.Line, whole)}
	switch {
	case m.Trials == 0:
		v.Says = "No planned deployment has been counted yet."
	case m.OnlyWarns && m.Value >= m.Line:
		v.Says = "At its line, which stops nothing here."
	case m.OnlyWarns:
		v.Says = "Its line stops nothing here."
	case m.Blocked:
		v.Says = fmt.Sprintf("Stopped; %s in a row since.", plural(m.GoodInARow, "good deployment", "good deployments"))
	case m.Value+m.Step >= m.Line && g.Decision.Verdict == gate.Block:
		v.Says = "One more failure brings it to its line as well."
	case m.Value+m.Step >= m.Line:
		v.Says = "One more failure stops it."
	default:
		left := (m.Line - m.Value + m.Step - 1) / max(m.Step, 1)
		v.Says = fmt.Sprintf("%s in a row would stop it.", plural(left, "failure", "failures"))
	}
	if began := m.BeganSays("It"); began != "" {
		v.Says += " " + began
	}
	return v
}

// DecisionPath is the address of a decision's page.
func DecisionPath(id string) string { return "/gate/decisions/" + url.PathEscape(id) }

// StandingPath is the address of a service's page at the gate.
func StandingPath(service string) string { return segments("services", service, "gate") }

// RecordPath is the address of a rollout or an incident of a service.
func RecordPath(service, id string) string {
	return segments("services", service, "record") + "?" + url.Values{"id": {id}}.Encode()
}

// VerdictJSON is the address of the same verdict for programs.
func VerdictJSON(service, environment string) string {
	return "/api/v1/gate/verdict?" + url.Values{"service": {service}, "environment": {environment}}.Encode()
}

// DecisionsJSON is the address of the decisions for programs, of a service or of all.
func DecisionsJSON(service string) string {
	if service == "" {
		return "/api/v1/gate/decisions"
	}
	return "/api/v1/gate/decisions?" + url.Values{"service": {service}}.Encode()
}

// DecisionJSON is the address of a decision for programs.
func DecisionJSON(id string) string { return segments("api", "v1", "gate", "decisions", id) }

// FactsJSON is the address of a service's facts for programs.
func FactsJSON(service string) string { return segments("api", "v1", "services", service, "facts") }
