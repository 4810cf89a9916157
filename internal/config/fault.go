package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fault is one thing wrong with a file, with the remedy.
type Fault struct {
	File    string
	Line    int    // from 1; 0 when the fault is the file's as a whole
	Path    string // "services[2].tier"
	Problem string
	Remedy  string
}

func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	b.WriteString(": ")
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.Problem)
	if f.Remedy != "" {
		b.WriteString("; " + f.Remedy)
	}
	return b.String()
}

// Faults is every fault of a file at once, in order of line.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// report collects the faults of one file.
type report struct {
	file   string
	faults Faults
	lines  map[string]int // path → line, for faults found after reading
	// outside are the values that came from the environment, as every secret has to; unset those whose variable is missing,
	// of which nothing more can be said than that.
	outside map[*yaml.Node]bool
	unset   map[*yaml.Node]Faults
	// secretless: secrets are not asked for, and stand as unread; db is why the database's name is not known then.
	secretless bool
	db         error
	raw        map[*yaml.Node]string // values with ${…} as the file has them
}

func newReport(file string) *report {
	return &report{
		file: file, lines: map[string]int{},
		outside: map[*yaml.Node]bool{}, unset: map[*yaml.Node]Faults{}, raw: map[*yaml.Node]string{},
	}
}

// at reports a fault at the line of a path, or of the nearest path around it that stands in the file.
func (r *report) at(path, problem, remedy string) {
	line := 0
	for around := path; line == 0 && around != ""; around = parent(around) {
		line = r.lines[around]
	}
	r.line(line, path, problem, remedy)
}

func (r *report) line(line int, path, problem, remedy string) {
	r.faults = append(r.faults, Fault{File: r.file, Line: line, Path: path, Problem: problem, Remedy: remedy})
}

// err is the sorted faults, nil when there are none.
func (r *report) err() error {
	if len(r.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(r.faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return slices.Compact(r.faults)
}

func parent(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }
