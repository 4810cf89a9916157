package metrics

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest line of events that is read, in bytes.
const MaxLine = 16 << 20

var byteOrderMark = []byte("\xef\xbb\xbf")

// DecodeLines reads neutral events from JSON Lines and yields each one. It is strict: whatever is wrong with a line becomes
// a Fault that names line and field, and the other lines go on. Events that name no source get the one given.
// The error is that of reading or of yield, which ends it.
func DecodeLines(r io.Reader, source string, yield func(Event) error) ([]Fault, error) {
	if source == "" {
		source = DefaultSource
	}
	size := 64 << 10
	if short, known := r.(interface{ Len() int }); known { // one event is read more often than many
		size = min(size, short.Len()+1)
	}
	lines := lineReader{in: bufio.NewReaderSize(r, size)}
	var faults []Fault
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return faults, nil
		}
		if errors.Is(err, errLongLine) {
			faults = append(faults, Fault{Line: lines.number, Problem: fmt.Sprintf("longer than %d MiB", MaxLine>>20), Remedy: "split the record or leave out long texts"})
			continue
		}
		if err != nil {
			return faults, fmt.Errorf("read line %d: %w", lines.number, err)
		}
		e, bad := decodeLine(line, source)
		for _, f := range bad {
			f.Line = lines.number
			faults = append(faults, f)
		}
		if len(bad) > 0 || e.Type == "" {
			continue
		}
		if err := yield(e); err != nil {
			return faults, err
		}
	}
}

// decodeLine reads one line; a blank one gives the zero event and no fault.
func decodeLine(line []byte, source string) (Event, []Fault) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return Event{}, nil
	}
	all, err := members(line)
	if err != nil {
		return Event{}, []Fault{{Problem: err.Error(), Remedy: "write one JSON object a line, in UTF-8"}}
	}
	return assemble(all, source)
}

var errLongLine = errors.New("line too long")

// lineReader reads lines of at most MaxLine bytes and counts them.
type lineReader struct {
	in     *bufio.Reader
	number int // of the line last read, from 1
	buffer []byte
}

// next returns the next line without its end; the slice is valid until the next call. A line that is too long is skipped
// to its end.
func (l *lineReader) next() ([]byte, error) {
	l.number++
	l.buffer = l.buffer[:0]
	long := false
	for {
		part, err := l.in.ReadSlice('\n')
		if long = long || len(l.buffer)+len(part) > MaxLine; !long {
			l.buffer = append(l.buffer, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (long || len(l.buffer) > 0): // a last line without an end
		case err != nil:
			return nil, err
		}
		if long {
			return nil, errLongLine
		}
		if l.number == 1 {
			return bytes.TrimPrefix(l.buffer, byteOrderMark), nil
		}
		return l.buffer, nil
	}
}

// EncodeLine writes an event as a neutral JSON line, `type` first: DecodeLines reads the same event back. The error is the writer's.
func EncodeLine(w io.Writer, e Event) error {
	line := append([]byte(`{"type":`), quoted(string(e.Type))...)
	line = append(append(line, `,"source":`...), quoted(e.Source)...)
	line = append(append(line, `,"id":`...), quoted(e.ID)...)
	if e.Repository != "" {
		line = append(append(line, `,"repository":`...), quoted(e.Repository)...)
	}
	if !e.UpdatedAt.IsZero() {
		line = append(canonicalTime(e.UpdatedAt).AppendFormat(append(line, `,"updated_at":"`...), rfc3339), '"')
	}
	if e.Sequence != 0 {
		line = fmt.Appendf(line, `,"sequence":%d`, e.Sequence)
	}
	if rest := bytes.TrimPrefix(e.Payload, []byte("{")); len(rest) > len("}") {
		line = append(append(line, ','), rest...)
	} else {
		line = append(line, '}')
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", e.Key, err)
	}
	return nil
}

// quoted is the text as a JSON string; encoding/json cannot fail on one.
func quoted(s string) []byte {
	b, _ := json.Marshal(s) //nolint:errchkjson // a string always marshals
	return b
}
