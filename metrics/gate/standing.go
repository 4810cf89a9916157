package gate

import "slices"

// NeedsEvidence is how a service stands that only waits for what a pipeline states of itself when it asks. It is never a verdict: whoever
// asks without that evidence is told to hold.
const NeedsEvidence Result = "evidence"

// Standings are all that a look at a service may come to, those that stop first.
func Standings() []Result { return []Result{Block, Hold, NeedsEvidence, Warn, Allow} }

// Standing is what a decision that nobody asked for says of its service: its verdict, but NeedsEvidence for a hold that waits for nothing but
// what a request states of itself. A look states nothing, and nobody has to see to that.
func (d Decision) Standing() Result {
	if d.Verdict == Hold && d.onlyAsks() {
		return NeedsEvidence
	}
	return d.Verdict
}

// stated are the criteria that a request brings the evidence of.
var stated = [...]string{"test-evidence", "changed-line-coverage", "batch-size", "monitoring-live", "error-budget"}

func (d Decision) onlyAsks() bool {
	asks := false
	for _, reason := range d.Reasons {
		if reason.Result != Unknown {
			continue
		}
		if !slices.Contains(stated[:], reason.Criterion) {
			return false
		}
		asks = true
	}
	return asks
}

// Stops reports that a verdict lets nothing through, and that a standing is one that somebody has to see to.
func (r Result) Stops() bool { return r == Block || r == Hold }
