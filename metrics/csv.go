package metrics

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// DecodeCSV reads events of one type from CSV with a header row of field names. An empty cell states nothing and the cell
// `null` clears a field. Lists are separated by semicolons and maps written `key=value;key=value`; either may be JSON
// instead, as reviews always are. Faults, and the line a record begins on, are those of DecodeLines.
func DecodeCSV(r io.Reader, t EventType, source string, yield func(Event) error) ([]Fault, error) {
	s := schemas.of(t)
	if s == nil {
		return nil, fmt.Errorf("%q is no event type; one of %s", t, typeNames())
	}
	if source == "" {
		source = DefaultSource
	}
	in := csv.NewReader(withoutMark(r))
	in.FieldsPerRecord = -1 // a row of another length is a fault of that row only
	in.ReuseRecord = true
	table := csvTable{schema: s, source: source, in: in}
	if err := table.header(); err != nil {
		return table.faults, err
	}
	for {
		more, err := table.row(yield)
		if !more || err != nil {
			return table.faults, err
		}
	}
}

func withoutMark(r io.Reader) io.Reader {
	in := bufio.NewReader(r)
	if start, err := in.Peek(len(byteOrderMark)); err == nil && bytes.Equal(start, byteOrderMark) {
		_, _ = in.Discard(len(byteOrderMark)) // they have just been read
	}
	return in
}

// csvTable is a CSV file being read.
type csvTable struct {
	schema  *indexedSchema
	source  string
	in      *csv.Reader
	columns []string
	// unusable: the header is at fault, and so would every event be; the rows are checked all the same.
	unusable bool
	faults   []Fault
}

// next reads a record; a malformed one becomes a fault and has no cells.
func (t *csvTable) next() ([]string, error) {
	cells, err := t.in.Read()
	var malformed *csv.ParseError
	if errors.As(err, &malformed) {
		t.faults = append(t.faults, Fault{Line: malformed.StartLine, Problem: "not CSV: " + malformed.Err.Error(), Remedy: `quote cells that hold ", commas or line ends, and double each " inside`})
		return nil, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read CSV: %w", err)
	}
	return cells, err
}

func (t *csvTable) header() error {
	cells, err := t.next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	t.columns = slices.Clone(cells)
	t.unusable = cells == nil
	for i, column := range t.columns {
		column = strings.TrimSpace(column)
		t.columns[i] = column
		_, known := t.schema.index[column]
		switch {
		case !known:
			t.headerFault(column, "unknown column", "a "+string(t.schema.Type)+" has no such field; see docs/events.md")
		case slices.Index(t.columns, column) < i:
			t.headerFault(column, "stated twice", "keep one column of each name")
		}
	}
	return nil
}

func (t *csvTable) headerFault(column, problem, remedy string) {
	t.unusable = true
	t.faults = append(t.faults, Fault{Line: 1, Field: clippedText(column), Problem: problem, Remedy: remedy})
}

// row reads and yields one record; it reports whether there may be another.
func (t *csvTable) row(yield func(Event) error) (bool, error) {
	cells, err := t.next()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil || cells == nil {
		return err == nil, err
	}
	line, _ := t.in.FieldPos(0)
	e, faults := t.event(cells)
	for _, f := range faults {
		f.Line = line
		t.faults = append(t.faults, f)
	}
	if len(faults) > 0 || t.unusable {
		return true, nil
	}
	return true, yield(e)
}

func (t *csvTable) event(cells []string) (Event, []Fault) {
	if len(cells) != len(t.columns) {
		return Event{}, []Fault{{Problem: fmt.Sprintf("%d cells under %d columns", len(cells), len(t.columns)), Remedy: "give every row as many cells as the header"}}
	}
	all := make([]member, 0, len(cells)+1)
	if !slices.Contains(t.columns, "type") {
		all = append(all, member{name: []byte("type"), raw: quoted(string(t.schema.Type))})
	}
	var faults []Fault
	for i, cell := range cells {
		at, known := t.schema.index[t.columns[i]]
		cell = strings.TrimSpace(cell)
		if !known || cell == "" && t.columns[i] != "type" {
			continue
		}
		if !utf8.ValidString(cell) {
			faults = append(faults, Fault{Field: t.columns[i], Problem: "not valid UTF-8", Remedy: "save the file as UTF-8"})
			continue
		}
		all = append(all, member{name: []byte(t.columns[i]), raw: t.schema.Fields[at].fromCell(cell)})
	}
	if len(faults) > 0 {
		return Event{}, faults
	}
	e, faults := assemble(all, t.source)
	if len(faults) == 0 && e.Type != t.schema.Type {
		faults = []Fault{{Field: "type", Problem: fmt.Sprintf("%s in a file of type %s", e.Type, t.schema.Type), Remedy: "keep one file per type"}}
	}
	return e, faults
}

// fromCell writes a cell as the JSON value it means; what does not fit the field's kind is left for canonical to refuse.
func (f *Field) fromCell(cell string) []byte {
	if cell == "null" {
		return []byte("null")
	}
	switch f.Kind {
	case KindBool, KindInt:
		if raw := []byte(strings.ToLower(cell)); json.Valid(raw) && raw[0] != '"' {
			return raw
		}
	case KindList, KindReviews:
		if raw := []byte(cell); raw[0] == '[' && json.Valid(raw) {
			return raw
		}
		if f.Kind == KindList {
			return jsonOf(splitCell(cell))
		}
	case KindMap:
		if raw := []byte(cell); raw[0] == '{' && json.Valid(raw) {
			return raw
		}
		return pairsOf(cell)
	case KindName, KindText, KindTime, KindEnum: // plain text
	}
	return quoted(cell)
}

func splitCell(cell string) []string {
	var parts []string
	for part := range strings.SplitSeq(cell, ";") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// pairsOf writes "a=1;b=2" as an object, twice the same key included so that it is refused; anything else as a string.
func pairsOf(cell string) []byte {
	var object []byte
	for _, part := range splitCell(cell) {
		key, value, found := strings.Cut(part, "=")
		if !found {
			return quoted(cell)
		}
		object = append(append(object, separator(object, '{')), quoted(strings.TrimSpace(key))...)
		object = append(append(object, ':'), quoted(strings.TrimSpace(value))...)
	}
	if object == nil {
		return []byte("{}")
	}
	return append(object, '}')
}

func jsonOf(v []string) []byte {
	if v == nil {
		return []byte("[]")
	}
	b, _ := json.Marshal(v) //nolint:errchkjson // strings always marshal
	return b
}

// EncodeCSV writes events of one type as CSV that DecodeCSV reads back: a header, then a row for each event. Texts that CSV
// cannot keep (a string "null", spaces at its ends) are the limit of the format; JSON Lines keeps everything. A type that is not known
// is an error, and so is what the writer reports.
func EncodeCSV(w io.Writer, t EventType, events []Event) error {
	s := schemas.of(t)
	if s == nil {
		return fmt.Errorf("%q is no event type; one of %s", t, typeNames())
	}
	out := csv.NewWriter(w)
	header := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		header[i] = f.Name
	}
	if err := out.Write(header); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	for _, e := range events {
		if err := out.Write(s.cells(e)); err != nil {
			return fmt.Errorf("write %s: %w", e.Key, err)
		}
	}
	out.Flush()
	return out.Error()
}

func (s *indexedSchema) cells(e Event) []string {
	cells := make([]string, len(s.Fields))
	for _, m := range payloadMembers(e) {
		if at, known := s.index[string(m.name)]; known {
			cells[at] = toCell(m.raw)
		}
	}
	cells[s.at("type")], cells[s.at("source")], cells[s.at("id")] = string(e.Type), e.Source, e.ID
	if e.Repository != "" {
		cells[s.at("repository")] = e.Repository
	}
	if e.Sequence != 0 {
		cells[s.at("sequence")] = strconv.FormatInt(e.Sequence, 10)
	}
	if !e.UpdatedAt.IsZero() {
		cells[s.at("updated_at")] = canonicalTime(e.UpdatedAt).Format(rfc3339)
	}
	return cells
}

// toCell is the text of a string, and JSON for the rest.
func toCell(raw []byte) string {
	if raw[0] == '"' {
		return string(unquoted(raw))
	}
	return string(raw)
}
