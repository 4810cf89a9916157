package gate

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"shiphabit/metrics"
)

// criteriaTable is the built-in policies as a table for the documentation.
func criteriaTable() string {
	tiers := []metrics.Tier{metrics.Critical, metrics.High, metrics.Standard, metrics.Low}
	var b strings.Builder
	b.WriteString("| criterion | critical | high | standard | low |\n|---|---|---|---|---|\n")
	for i, c := range PolicyFor(metrics.Critical).criteria() {
		fmt.Fprintf(&b, "| `%s` |", c.name)
		for _, tier := range tiers {
			fmt.Fprintf(&b, " %s |", cell(PolicyFor(tier).criteria()[i]))
		}
		b.WriteString("\n")
	}
	rows := []struct {
		name string
		cell func(p Policy) string
	}{
		{"line at 5 / 10 / 20 / 60 / 200 a month", func(p Policy) string {
			var lines []string
			for _, volume := range []int{5, 10, 20, 60, 200} {
				lines = append(lines, fmt.Sprint(p.Criteria.FailureMeter.line(volume)))
			}
			return strings.Join(lines, " / ")
		}},
		{"watch after a deployment", func(p Policy) string { return span(seconds(p.WatchSeconds)) }},
		{"probes while blocked", func(p Policy) string {
			meter := p.Criteria.FailureMeter
			switch {
			case meter.Mode != Enforce:
				return "never blocked"
			case meter.ProbeCanary:
				return fmt.Sprintf("%d a day, as a canary", meter.ProbesPerDay)
			default:
				return fmt.Sprintf("%d a day", meter.ProbesPerDay)
			}
		}},
		{"gate unreachable", func(p Policy) string { return p.Unreachable.Then }},
	}
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |", row.name)
		for _, tier := range tiers {
			fmt.Fprintf(&b, " %s |", row.cell(PolicyFor(tier)))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func cell(c criterion) string {
	if c.absent {
		return "off"
	}
	words, unknown := c.kind.promises(), effect(c.rule.Mode, c.rule.OnUnknown, Unknown)
	switch c.kind.(type) {
	case PreviousChange, RollbackReady, DataFresh, Drain, MonitoringLive: // they never fail; at worst it cannot be told
		return words + " → else " + string(unknown)
	}
	words += " → else " + string(effect(c.rule.Mode, c.rule.OnUnknown, Fail))
	if unknown != Allow {
		words += "; not stated: " + string(unknown)
	}
	return words
}

func TestTheDocumentedCriteriaAreTheBuiltInOnes(t *testing.T) {
	t.Parallel()
	const path, from, to = "../../docs/gate.md", "<!-- criteria: made by go test -update -->\n", "<!-- end of criteria -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), from)
	_, after, closed := strings.Cut(rest, to)
	if !found || !closed {
		t.Fatalf("%s lacks the marks of the table", path)
	}
	golden(t, path, before+from+criteriaTable()+to+after)
}
