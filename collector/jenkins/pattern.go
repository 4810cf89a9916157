package jenkins

import (
	"path"
	"strings"
)

// jobPattern is a pattern of full names of jobs: * stands for any characters of one name, ** for any folders.
type jobPattern struct {
	text  string
	parts []string
}

func newJobPattern(text string) (jobPattern, error) {
	p := jobPattern{text: text, parts: strings.Split(text, "/")}
	for _, part := range p.parts {
		if _, err := path.Match(part, ""); err != nil {
			return p, err
		}
	}
	return p, nil
}

// matches reports whether a job's full name fits.
func (p jobPattern) matches(name string) bool { return matchParts(p.parts, strings.Split(name, "/")) }

func matchParts(parts, names []string) bool {
	if len(parts) == 0 {
		return len(names) == 0
	}
	if parts[0] == "**" {
		return matchParts(parts[1:], names) || len(names) > 0 && matchParts(parts, names[1:])
	}
	return len(names) > 0 && matchPart(parts[0], names[0]) && matchParts(parts[1:], names[1:])
}

// within reports whether a job in a folder, at whatever depth, may fit.
func (p jobPattern) within(folder string) bool {
	names := strings.Split(folder, "/")
	for i, name := range names {
		if i >= len(p.parts) {
			return false
		}
		if p.parts[i] == "**" {
			return true
		}
		if !matchPart(p.parts[i], name) {
			return false
		}
	}
	return len(p.parts) > len(names)
}

// matchPart fits one name. The name of a branch has its slash escaped: feature%2Fcart.
func matchPart(part, name string) bool {
	fits, err := path.Match(part, name)
	return err == nil && fits
}
