package config

import (
	"strings"

	"shiphabit/metrics"
)

// definitionFields are a name, numbers, and every rule of a definition with its words.
func definitionFields() []field {
	presets := make([]string, 0, len(metrics.Presets()))
	for _, d := range metrics.Presets() {
		presets = append(presets, d.Name)
	}
	fields := []field{
		value("name", aName, "", "Name by which figures are asked for. Those that come with the program are taken.").must(),
		value("version", number(1, 9999), "1", "Raise it when the definition changes: figures state it."),
		value("like", oneOf("definition", presets...), metrics.DORA().Name, "The definition that this one changes; what is left out below is as it is there."),
		value("floor", number(1, 1000), asThere, "Smallest number of observations that yields a value."),
		value("settling", aSpan, asThere, "How long after its finish a deployment's outcome may still change."),
		value("without_bots", aBool, asThere, "Leaves out changes authored by bots."),
		value("week_start", weekday, asThere, "First day of a week."),
		value("utc", aBool, asThere, "Counts days, weeks and months in UTC, whatever `time_zone` says."),
	}
	for _, r := range metrics.DefinitionRules() {
		f := value(r.Name, ruleWords(r), asThere, ruleDoc(r))
		group, key, nested := strings.Cut(r.Name, ".")
		if !nested {
			fields = append(fields, f)
			continue
		}
		f.key = key
		if last := &fields[len(fields)-1]; last.key == group {
			last.fields = append(last.fields, f)
			continue
		}
		fields = append(fields, object(group, asThere, "Rules of "+strings.ReplaceAll(group, "_", " ")+".", f))
	}
	return fields
}

const asThere = "as in `like`"

func ruleWords(r metrics.Rule) *scalar {
	words := make([]string, len(r.Choices))
	for i, c := range r.Choices {
		words[i] = c.Name
	}
	return oneOf("rule", words...)
}

func ruleDoc(r metrics.Rule) string {
	parts := make([]string, len(r.Choices))
	for i, c := range r.Choices {
		parts[i] = "`" + c.Name + "`: " + c.Says
	}
	return strings.Join(parts, "; ") + "."
}

// definitions are those of the organisation's own.
func (l *loader) definitions(n node) []metrics.Definition {
	var out []metrics.Definition
	names := map[string]bool{}
	for _, d := range metrics.Presets() {
		names[d.Name] = true
	}
	for i, item := range n.items() {
		path := index("definitions", i)
		l.unique(names, path, item)
		d := definition(item)
		if err := d.Validate(); err != nil {
			l.at(path, strings.ReplaceAll(err.Error(), "\n", "; "), "correct the rules that contradict")
		}
		out = append(out, d)
	}
	return out
}

// definition changes the one that it is like.
func definition(n node) metrics.Definition {
	d := metrics.DORA()
	if n.has("like") {
		d, _ = metrics.DefinitionNamed(n.at("like").text()) // the scalar has looked it up
	}
	d.Name, d.Version = n.at("name").text(), 1
	if n.has("version") {
		d.Version = n.at("version").number()
	}
	if n.has("floor") {
		d.Floor = n.at("floor").number()
	}
	if n.has("settling") {
		d.Settling = n.at("settling").span()
	}
	if n.has("without_bots") {
		d.WithoutBots = n.at("without_bots").bool()
	}
	if n.has("week_start") {
		d.WeekStart = parseWeekday(n.at("week_start").text())
	}
	if n.has("utc") {
		d.UTC = n.at("utc").bool()
	}
	for _, r := range metrics.DefinitionRules() {
		at := n
		for key := range strings.SplitSeq(r.Name, ".") {
			at = at.at(key)
		}
		if at.Node != nil {
			r.Set(&d, at.text())
		}
	}
	return d
}
