package reports

import "shiphabit/metrics/gate"

// RollbackView is what a rollback hook was told of a deployment whose watch failed.
type RollbackView struct {
	VerdictView

	Record Cell
	Says   string
}

// rollbackViews lay out what a hook was told, with the deployments named as people know them.
func rollbackViews(notes []gate.RollbackNote, records Records, service string) []RollbackView {
	views := make([]RollbackView, len(notes))
	for i, n := range notes {
		views[i] = RollbackView{rollbackVerdict(n.State), records.Full(n.Deployment, service), n.Says}
	}
	return views
}

func rollbackVerdict(state gate.RollbackState) VerdictView {
	v := VerdictView{Word: string(state), Shape: "○", Class: "none"}
	switch state {
	case gate.RollbackAnswered:
		v.Word, v.Shape, v.Class = "took it", "●", "good" // what it answered stands beside it
	case gate.RollbackWaiting:
		v.Shape, v.Class = "◆", "care"
	case gate.RollbackRefused, gate.RollbackGaveUp:
		v.Shape, v.Class = "■", "stop"
	case gate.RollbackOvertaken, gate.RollbackNotAsked:
	}
	return v
}
