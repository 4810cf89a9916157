// Package doctor finds out why a figure is empty and which step would fill it: states and counts of what is stored in, findings out.
// It reads no store, asks no host and makes no figure.
package doctor

import (
	"cmp"
	"slices"
	"time"

	"shiphabit/metrics"
)

// Severity says how much a finding matters.
type Severity string

// The severities, the worst first.
const (
	// Trouble: something does not work, and will not by itself.
	Trouble Severity = "trouble"
	// Gap: a figure cannot be made, or not in full, for want of records that could be supplied.
	Gap Severity = "gap"
	// Note: nothing is wrong; it is said so that nobody has to wonder.
	Note Severity = "note"
)

// rank orders severities, the worst first.
func (s Severity) rank() int { return slices.Index([]Severity{Trouble, Gap, Note, ""}, s) }

// Finding is one reason for which a figure is empty, or smaller than somebody might expect.
type Finding struct {
	// Code names the kind of finding; it never changes.
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	// Source or Service is the place; both are empty where the finding is about the whole organisation.
	Source  string   `json:"source,omitempty"`
	Service string   `json:"service,omitempty"`
	Figures []string `json:"figures,omitempty"` // those that it keeps from being whole
	What    string   `json:"what"`
	// Evidence is what in the records shows it, Remedy the step that supplies what is missing, Example a part of a configuration to copy.
	Evidence string `json:"evidence,omitempty"`
	Remedy   string `json:"remedy,omitempty"`
	Example  string `json:"example,omitempty"`
	// Link is the page that shows more.
	Link string `json:"link,omitempty"`

	place int // of its kind among the kinds
}

// Records are what is stored, as far as a diagnosis looks at it.
type Records struct {
	Sources  []Source  // every source that was read or pushed to, by name
	Services []Service // by name
	// Deriving counts the services whose facts are of other rules than those in force.
	Deriving int
	// Lost are the decisions of the gate's log that cannot be read any more, the newest first.
	Lost []Lost
}

// Lost is a decision of which no more is known than what stands here.
type Lost struct {
	Decision, Service, Environment string
	At                             time.Time
	Problem                        string // names it, what is wrong with it, and what is to be done
}

// Service is one service with what its facts hold.
type Service struct {
	metrics.Service
	Known Evidence
	// Deriving tells that its facts are still to be made under the rules in force: what is known of it is out of date, or nothing yet.
	Deriving bool
	// Unseen are the repositories that it declares and that no record names.
	Unseen []string
	// Rollback is what its rollback hook was told last of a failed watch and did not take, nil where there is no such thing.
	Rollback *Rollback
}

// Rollback is a failed watch of which a hook was told in vain.
type Rollback struct {
	Deployment, Says string
	At               time.Time
}

// Declared is a source as the configuration declares it.
type Declared struct {
	Name, Type string
	// Pushed: nobody reads it, its host sends what it has.
	Pushed bool
}

// Question is what a diagnosis is asked for.
type Question struct {
	Now time.Time
	// Window is that of the figures; it ends now.
	Window metrics.Window
	// Recognises tells whether a rule gives an environment's name a kind.
	Recognises func(environment string) bool
	// Declared are the sources of the configuration; Configured tells that it is known which these are, be it none.
	Declared   []Declared
	Configured bool
	// Roles are those that name tokens which nobody can use.
	Roles []Role
	// Service and Source narrow the findings; empty for all.
	Service, Source string
}

// Diagnosis is the state of the sources, and all that was found, the worst first.
type Diagnosis struct {
	Sources  []SourceState
	Findings []Finding
	Services int
}

// Diagnose looks for reasons why figures are empty.
func Diagnose(r Records, q Question) Diagnosis {
	d := diagnosis{q: q, records: r}
	states := d.sources()
	if q.Source == "" {
		d.organisation()
		d.lost()
		d.roles()
		for i := range r.Services {
			if q.Service != "" && r.Services[i].Name != q.Service {
				continue
			}
			d.rollback(&r.Services[i])
			if !r.Services[i].Deriving {
				d.service(&r.Services[i])
			}
		}
	}
	slices.SortStableFunc(d.found, func(a, b Finding) int {
		return cmp.Or(a.Severity.rank()-b.Severity.rank(), a.place-b.place)
	})
	return Diagnosis{Sources: states, Findings: d.found, Services: len(r.Services)}
}

// diagnosis is the state of one Diagnose.
type diagnosis struct {
	q       Question
	records Records
	found   []Finding
}

func (d *diagnosis) add(f Finding) {
	f.place = order(f.Code)
	d.found = append(d.found, f)
}

// Worst is the severity of the worst finding, empty when there is none.
func (d Diagnosis) Worst() Severity {
	if len(d.Findings) == 0 {
		return ""
	}
	return d.Findings[0].Severity
}

// Group are the findings of one kind.
type Group struct {
	Code     string    `json:"code"`
	Severity Severity  `json:"severity"` // of the worst
	Title    string    `json:"title"`
	Figures  []string  `json:"figures,omitempty"`
	N        int       `json:"n"`
	Findings []Finding `json:"findings"` // the first of them
}

// Groups gathers the findings by kind, with so many examples of each.
func (d Diagnosis) Groups(examples int) []Group {
	var all []Group
	at := map[string]int{}
	for _, f := range d.Findings {
		i, begun := at[f.Code]
		if !begun {
			i = len(all)
			at[f.Code] = i
			all = append(all, Group{Code: f.Code, Severity: f.Severity, Title: title(f.Code), Findings: []Finding{}})
		}
		g := &all[i]
		g.N++
		for _, figure := range f.Figures {
			if !slices.Contains(g.Figures, figure) {
				g.Figures = append(g.Figures, figure)
			}
		}
		if len(g.Findings) < examples {
			g.Findings = append(g.Findings, f)
		}
	}
	return all
}

// Report is a diagnosis as programs read it.
type Report struct {
	Version  int            `json:"version"`
	AsOf     time.Time      `json:"as_of"`
	Window   metrics.Window `json:"window"`
	Worst    Severity       `json:"worst,omitempty"` // left out when nothing was found
	Sources  []SourceState  `json:"sources"`
	Services int            `json:"services"`
	Groups   []Group        `json:"groups"`
}

// Report puts a diagnosis into the form for programs, with so many examples of each kind of finding.
func (d Diagnosis) Report(q Question, examples int) Report {
	r := Report{Version: 1, AsOf: q.Now.UTC(), Window: q.Window, Worst: d.Worst(), Sources: d.Sources, Services: d.Services, Groups: d.Groups(examples)}
	if r.Sources == nil {
		r.Sources = []SourceState{}
	}
	if r.Groups == nil {
		r.Groups = []Group{}
	}
	return r
}
