package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"shiphabit/metrics/gate"
)

// Amend tells where in the file changes of a layer's policy go ("service:payments-api", "tier:standard"), and the lines to put there. It changes
// nothing. A layer that has a policy keeps it; for another one the lines are a whole policy.
func (c Config) Amend(layer string, changes []gate.PolicyChange) gate.Amendment {
	a := gate.Amendment{Layer: layer}
	values := amendedLines(changes)
	i := slices.IndexFunc(c.overlays, func(o overlay) bool { return o.layer == layer })
	if i < 0 {
		kind, name, _ := strings.Cut(layer, ":")
		a.Says = "Add this policy to the list policies of " + cmp.Or(c.File, "the configuration file") + "." + c.undeclared(kind, name)
		a.Lines = fmt.Sprintf("policies:\n  - apiVersion: shiphabit/v1\n    kind: Policy\n    metadata: {name: %s}\n    applies_to: {%s: %s}\n%s",
			yamlWord(name), kind, yamlWord(name), indented(values))
		return a
	}
	o := c.overlays[i]
	a.Policy, a.File, a.Line, a.Lines = o.name, o.file, o.line, values
	a.Says = fmt.Sprintf("In the policy %s of %s (%s:%d) set these values, and raise metadata.version to %d.", quote(o.name), layer, o.file, o.line, o.version+1)
	for _, change := range changes {
		if at := slices.IndexFunc(o.values, func(s setting) bool { return s.path() == change.Key && s.from != "" }); at >= 0 {
			a.Says += fmt.Sprintf(" There %s comes from %s: write the value in its place, or change it where that is set.", change.Key, o.values[at].from)
		}
	}
	return a
}

// undeclared says what a policy needs first for a service or team that the file does not declare.
func (c Config) undeclared(kind, name string) string {
	if kind != "service" || slices.ContainsFunc(c.Services, func(s Service) bool { return s.Name == name }) {
		return ""
	}
	return fmt.Sprintf(" The service has to be declared first: - {name: %s} in the list services.", yamlWord(name))
}

// amendedLines writes values as a policy has them: each group once.
func amendedLines(changes []gate.PolicyChange) string {
	var b strings.Builder
	written := map[string]bool{}
	changes = slices.SortedStableFunc(slices.Values(changes), func(a, b gate.PolicyChange) int { return strings.Compare(a.Key, b.Key) })
	for _, change := range changes {
		keys := strings.Split(change.Key, ".")
		if written[change.Key] {
			continue
		}
		written[change.Key] = true
		for depth := range keys[:len(keys)-1] {
			group := strings.Join(keys[:depth+1], ".")
			if !written[group] {
				written[group] = true
				fmt.Fprintf(&b, "%s%s:\n", strings.Repeat("  ", depth), keys[depth])
			}
		}
		fmt.Fprintf(&b, "%s%s: %s\n", strings.Repeat("  ", len(keys)-1), keys[len(keys)-1], change.Value)
	}
	return b.String()
}

func indented(lines string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", "\n    ") + "\n"
}

// plainWord may be what YAML reads as the text it is; notText are those that it reads as something else.
var (
	plainWord = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)
	notText   = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
)

// yamlWord is a name as YAML reads it as text, inside braces too.
func yamlWord(name string) string {
	if plainWord.MatchString(name) && !slices.Contains(notText, strings.ToLower(name)) {
		return name
	}
	return strconv.Quote(name)
}
