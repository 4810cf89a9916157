package reports

import "strings"

// GateTab is one of the views of the gate. Current is "page" on it, "true" on a page below it.
type GateTab struct{ Word, Path, Current string }

// gateTabs are the views of the gate as the page of a path shows them: a decision is one of the log, a service one of those that stand now.
func gateTabs(path string) []GateTab {
	tabs := []GateTab{{Word: "Now and scoreboard", Path: "/gate"}, {Word: "Decisions", Path: decisionsPath}, {Word: "Backtest", Path: "/gate/backtest"}}
	for i := range tabs {
		if tabs[i].Path == path {
			tabs[i].Current = "page"
			return tabs
		}
	}
	switch {
	case strings.HasPrefix(path, decisionsPath+"/"):
		tabs[1].Current = "true"
	case strings.HasPrefix(path, "/services/"):
		tabs[0].Current = "true"
	}
	return tabs
}

const decisionsPath = "/gate/decisions"
