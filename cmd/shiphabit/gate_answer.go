package main

import (
	"fmt"
	"strings"
	"time"

	"shiphabit/metrics/gate"
)

// marks are the signs before a criterion, each with its word, because a sign alone tells little.
var marks = map[gate.Result]string{
	gate.Pass: "✓ pass", gate.Fail: "✗ fail", gate.Warn: "! warn", gate.Unknown: "? unknown",
	gate.NotApplicable: "- n/a", gate.Exempt: "- exempt",
}

// textOf is the answer for a terminal or a job log.
func textOf(answer checkFile) string {
	var b strings.Builder
	d := answer.Decision
	fmt.Fprintf(&b, "%s  %s → %s\n", strings.ToUpper(string(d.Verdict)), printable(answer.Request.Service), printable(answer.Request.Environment))
	fmt.Fprintf(&b, "%s\n", printable(d.Summary))
	if answer.Note != "" {
		fmt.Fprintf(&b, "%s\n", printable(answer.Note))
	}
	for _, reason := range d.Reasons {
		fmt.Fprintf(&b, "  %-10s %-22s %s\n", marks[reason.Result], reason.Criterion, printable(reason.Says))
		for _, opens := range reason.OpensWhen {
			fmt.Fprintf(&b, "  %-33s opens: %s\n", "", printable(opens))
		}
	}
	b.WriteString(signalsWanted(answer))
	if d.AskAgainAfter != nil {
		fmt.Fprintf(&b, "Ask again after %s.\n", d.AskAgainAfter.Format(time.RFC3339))
	}
	if d.ID != "" {
		fmt.Fprintf(&b, "Decision %s, policy %s version %d.\n", d.ID, d.Policy.Name, d.Policy.Version)
	}
	return b.String()
}

// signalsWanted says which signals to name where the request names none and they are wanted, "" else. It is no part of the decision.
func signalsWanted(answer checkFile) string {
	for _, reason := range answer.Decision.Reasons {
		wanted := reason.Unstated(answer.Request)
		if len(wanted) == 0 {
			continue
		}
		names := make([]string, len(wanted))
		for i, signal := range wanted {
			if names[i] = signal; strings.Contains(signal, " ") { // so many business signals, whose names are the service's own
				names[i] = "NAME"
			}
		}
		return printable(fmt.Sprintf("The request names no signals; wanted: %s. Add those that were seen just now: --signal %s", strings.Join(wanted, ", "), strings.Join(names, ","))) + "\n"
	}
	return ""
}

// markdownOf is the answer for a job summary.
func markdownOf(answer checkFile) string {
	var b strings.Builder
	d := answer.Decision
	fmt.Fprintf(&b, "### Release gate: %s\n\n%s → %s. %s\n", d.Verdict, markdownText(answer.Request.Service), markdownText(answer.Request.Environment), markdownText(d.Summary))
	if len(d.Reasons) > 0 {
		b.WriteString("\n| criterion | result | why |\n|---|---|---|\n")
	}
	var opens []string
	for _, reason := range d.Reasons {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", reason.Criterion, marks[reason.Result], markdownText(reason.Says))
		for _, when := range reason.OpensWhen {
			opens = append(opens, fmt.Sprintf("- %s: %s\n", reason.Criterion, markdownText(when)))
		}
	}
	if len(opens) > 0 && d.Verdict != gate.Allow {
		fmt.Fprintf(&b, "\nWhat opens it again:\n\n%s", strings.Join(opens, ""))
	}
	if d.AskAgainAfter != nil {
		fmt.Fprintf(&b, "\nAsk again after %s.\n", d.AskAgainAfter.Format(time.RFC3339))
	}
	if d.ID != "" {
		fmt.Fprintf(&b, "\nDecision `%s`, policy %s version %d.\n", d.ID, markdownText(d.Policy.Name), d.Policy.Version)
	}
	b.WriteString("\n")
	return b.String()
}

// markdownText keeps outside text from being read as markup.
func markdownText(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "[", `\[`, "`", "'").Replace(printable(s))
}

// dotenvOf gives the verdict to the jobs after this one, in words that need no quotes, so that the file can also be sourced. The
// summary is left to gate.json and --summary: it holds words of the record, which no shell should read.
func dotenvOf(answer checkFile) string {
	d := answer.Decision
	return fmt.Sprintf("GATE_VERDICT=%s\nGATE_WOULD_BE=%s\nGATE_DECISION=%s\nGATE_SOURCE=%s\nGATE_SIGNED=%s\n",
		d.Verdict, d.WouldBe, d.ID, answer.Source, d.Token)
}
