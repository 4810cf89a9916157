package config

import "strings"

// Example is a commented file that says every default where there is one, and passes the check as it is.
func Example() string {
	var b strings.Builder
	b.WriteString("# shiphabit configuration. Every key is optional; see docs/configuration.md.\n")
	for _, f := range mainFields() {
		if f.shownInExample() {
			b.WriteString("\n")
			writeExample(&b, f, "", "")
		}
	}
	return b.String()
}

// writeExample writes a field with its description above it. A group without any example below it is left out.
func writeExample(b *strings.Builder, f field, indent, bullet string) {
	if !f.shownInExample() {
		return
	}
	comment := "# " + f.doc
	if f.def != "" {
		comment += " Without it: " + f.def + "."
	}
	if bullet == "" {
		b.WriteString(indent + comment + "\n" + indent)
	} else {
		b.WriteString(indent[:len(indent)-2] + comment + "\n" + indent[:len(indent)-2] + bullet)
	}
	b.WriteString(f.key + ":")
	switch {
	case f.example != "":
		b.WriteString(" " + f.example + "\n")
	case f.item != nil:
		b.WriteString("\n")
		bullet := "- "
		for _, below := range f.item.fields {
			writeExample(b, below, indent+"    ", bullet)
			bullet = ""
		}
		for _, t := range f.item.types {
			t.writeExample(b, indent+"  ")
		}
	default:
		b.WriteString("\n")
		for _, below := range f.fields {
			writeExample(b, below, indent+"  ", "")
		}
	}
}

// shownInExample leaves out keys without an example: they need something that is not there for everybody.
func (f field) shownInExample() bool {
	if f.example != "" {
		return true
	}
	below := f.fields
	if f.item != nil {
		below = f.item.fields
	}
	for _, child := range below {
		if child.shownInExample() {
			return true
		}
	}
	return false
}
