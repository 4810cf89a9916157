package metrics

import (
	"fmt"
	"strings"
)

// Fault is one thing wrong with one line of events: where, what, and what to do about it.
type Fault struct {
	Line    int    `json:"line,omitempty"`
	Field   string `json:"field,omitempty"`
	Problem string `json:"problem"`
	Remedy  string `json:"remedy,omitempty"`
}

// String is "line 3, field status: …; remedy".
func (f Fault) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "line %d", f.Line)
	if f.Field != "" {
		b.WriteString(", field " + f.Field)
	}
	b.WriteString(": " + f.Problem)
	if f.Remedy != "" {
		b.WriteString("; " + f.Remedy)
	}
	return b.String()
}
