package reports

import (
	"fmt"
	"net/url"
	"strings"

	"shiphabit/metrics/gate"
)

// Gate is what the gate would say now, per service, and what it said before.
type Gate struct {
	Frame
	Rows []GateRow
	// Chosen is the service whose history is drawn: the one asked for, or the only one.
	Chosen    *GateRow
	Decisions []gate.Logged // newest first
	Server    string        // address for the snippet
}

// GateRow is one service before the gate.
type GateRow struct {
	Service, Tier string
	GateNow
	Steps []gate.MeterStep
}

func (Gate) template() string { return "gate" }

// Histories draws the chosen service's meter.
func (g Gate) Histories() []Chart {
	c := MeterHistory(g.Chosen.Meter, g.Chosen.Steps, g.View.Window)
	c.Size = "wide"
	return []Chart{c}
}

// Snippet is the command a pipeline runs, with the service's name quoted for a shell.
func (g Gate) Snippet() string {
	service := "SERVICE"
	if g.Chosen != nil {
		service = quoted(g.Chosen.Service)
	} else if len(g.Rows) > 0 {
		service = quoted(g.Rows[0].Service)
	}
	return fmt.Sprintf("shiphabit gate check --server %s \\\n  --service %s --environment production \\\n  --commit \"$COMMIT\" --wait 10m", quoted(g.Server), service)
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

// Decision is one decision of the log with all it rests on.
type Decision struct {
	Frame
	Logged gate.Logged
	// Replay says in words what judging the same input again gave; Same whether it gave the same bytes.
	Replay string
	Same   bool
}

func (Decision) template() string { return "decision" }

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
	case "":
		return VerdictView{"not known", "○", "none"}
	default:
		return VerdictView{strings.ReplaceAll(string(r), "_", " "), "○", "none"}
	}
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
	case m.Blocked:
		v.Says = fmt.Sprintf("Stopped; %s in a row since.", plural(m.GoodInARow, "good deployment", "good deployments"))
	case m.Value+m.Step >= m.Line:
		v.Says = "One more failure stops it."
	default:
		left := (m.Line - m.Value + m.Step - 1) / max(m.Step, 1)
		v.Says = fmt.Sprintf("%s in a row would stop it.", plural(left, "failure", "failures"))
	}
	return v
}

// DecisionPath is the address of a decision's page.
func DecisionPath(id string) string { return "/gate/decisions/" + url.PathEscape(id) }
