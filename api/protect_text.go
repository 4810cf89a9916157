package api

import (
	"strings"

	"shiphabit/metrics/gate"
)

// summaryOf is a decision in Markdown for the page of a host: the verdict, what stands against it, and what opens it again.
func summaryOf(d gate.Decision) string {
	var b strings.Builder
	b.WriteString("**Release gate: " + string(d.Verdict) + ".** " + markdown(d.Summary) + "\n")
	for _, reason := range d.Reasons {
		if reason.Result != gate.Fail && reason.Result != gate.Unknown && reason.Result != gate.Warn {
			continue
		}
		b.WriteString("- `" + reason.Criterion + "` (" + string(reason.Result) + "): " + markdown(reason.Says))
		if len(reason.OpensWhen) > 0 {
			b.WriteString(" Opens: " + markdown(strings.Join(reason.OpensWhen, "; ")) + ".")
		}
		b.WriteString("\n")
	}
	if d.ID != "" {
		b.WriteString("Decision `" + d.ID + "`.\n")
	}
	return b.String()
}

// markdown keeps text from outside from being read as markup, or as a mention of somebody.
var markdownQuotes = strings.NewReplacer("\n", " ", "\r", " ", "|", `\|`, "<", "&lt;", ">", "&gt;", "[", `\[`, "]", `\]`, "`", "'", "*", `\*`, "@", "@\u200b")

func markdown(text string) string { return markdownQuotes.Replace(text) }
