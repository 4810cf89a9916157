package config

import (
	"fmt"
	"strings"
)

// Reference is the reference page of the configuration file, in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	b.WriteString("## Every key\n\n")
	writeTable(&b, mainFields())
	for _, f := range mainFields() {
		writeGroup(&b, f.key, f)
	}
	b.WriteString("## A file of questions\n\n`assessment.questions` names a file like the one that comes with the program (`internal/config/questions.yaml`).\n\n")
	writeTable(&b, questionFields())
	for _, f := range questionFields() {
		writeGroup(&b, f.key, f)
	}
	b.WriteString("## Example\n\n`shiphabit config example` prints this file.\n\n```yaml\n" + Example() + "```\n")
	return b.String()
}

const referenceHead = `<!-- Made from the table of fields in internal/config; change it there and run: go test -tags nomsgpack ./internal/config -update -->
# Configuration

One YAML file, named with ` + "`--config`" + ` or ` + "`SHIPHABIT_CONFIG`" + `. Everything has a default; without a file the program runs on defaults. Unknown keys,
double keys and values that do not fit are refused, all of them at once, each with line, path and remedy. Anchors, aliases and tags are
refused too, so that what the file says can be read where it stands.

- ` + "`shiphabit config check FILE`" + ` checks a file, ` + "`config schema`" + ` prints its JSON Schema for editors ([here](configuration.schema.json), policies included), ` + "`config example`" + ` a commented file.
- ` + "`${NAME}`" + ` in a value is replaced by the environment variable; one that is not set is a fault. ` + "`$${NAME}`" + ` stays as ` + "`${NAME}`" + `.
- Secrets are never written into the file: they come from ` + "`${NAME}`" + `, or from a file named by the key with ` + "`_file`" + ` at its end
  (` + "`token_file: /run/secrets/token`" + `). They are masked wherever the configuration is shown. ` + "`shiphabit policy …` and `gate backtest`" + ` judge policies and ask for no secret: they run on a laptop and in the pipeline of a merge request, where none is set, and
  check everything else. Of ` + "`db`" + ` they want the variables only where they open the database that the file names.
- Spans are whole numbers with units: ` + "`90s`, `60m`, `24h`, `7d`, `1h30m`" + `; a day has 24 hours.

`

// writeGroup writes a section for each group of keys below a field, in depth.
func writeGroup(b *strings.Builder, path string, f field) {
	fields, title := f.fields, path
	if f.item != nil && f.item.fields != nil {
		fields, title = f.item.fields, path+"[]"
	}
	if fields == nil {
		return
	}
	fmt.Fprintf(b, "### `%s`\n\n%s\n\n", title, f.doc)
	writeTable(b, fields)
	if f.item != nil {
		for _, t := range f.item.types {
			t.writeReference(b, title)
		}
	}
	for _, below := range fields {
		writeGroup(b, title+"."+below.key, below)
	}
}

func writeTable(b *strings.Builder, fields []field) {
	b.WriteString("| key | value | without it | |\n|---|---|---|---|\n")
	for _, f := range fields {
		def := f.def
		if f.required {
			def = "**required**"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.key, f.kind(), def, f.doc)
	}
	b.WriteString("\n")
}

func (f field) kind() string {
	switch {
	case f.scalar != nil:
		return f.scalar.says
	case f.item != nil && f.item.scalar != nil:
		return "list; each " + f.item.scalar.says
	case f.item != nil:
		return "list of groups, see below"
	case f.free != nil:
		return "any keys; each " + f.free.says
	}
	return "group, see below"
}
