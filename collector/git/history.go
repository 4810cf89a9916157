package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// listed yields the commits reachable from tips and not from known, as git lists them. A tip that is missing is passed over.
func listed(ctx context.Context, dir string, tips, known []string, more ...string) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		args := append([]string{"rev-list", "--header", "--ignore-missing", "--stdin"}, more...)
		g, err := start(ctx, dir, strings.NewReader(ends(tips, known)), args...)
		if err != nil {
			yield(object{}, err)
			return
		}
		r := recordReader{in: g.out}
		for {
			record, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				g.abandon()
				yield(object{}, err)
				return
			}
			if o, ok := parseListed(record); ok && !yield(o, nil) {
				g.abandon()
				return
			}
		}
		if err := g.finish(); err != nil {
			yield(object{}, err)
		}
	}
}

// ends are the arguments of git rev-list, one a line.
func ends(tips, known []string) string {
	var b strings.Builder
	for _, id := range tips {
		b.WriteString(id + "\n")
	}
	for _, id := range known {
		b.WriteString("^" + id + "\n")
	}
	return b.String()
}

// parseListed reads one record of git rev-list --header: the name of the commit, a line end, the commit.
func parseListed(record []byte) (object, bool) {
	id, body, ok := bytes.Cut(record, []byte{'\n'})
	if !ok || !isID(id) {
		return object{}, false
	}
	return parseObject(string(id), "commit", body), true
}

// recordReader reads records that end with a zero byte, and of each no more than maxObject bytes.
type recordReader struct {
	in     *bufio.Reader
	buffer []byte
}

// next returns the next record; it is valid until the next call.
func (r *recordReader) next() ([]byte, error) {
	r.buffer = r.buffer[:0]
	for {
		part, err := r.in.ReadSlice(0)
		if room := maxObject - len(r.buffer); room > 0 {
			r.buffer = append(r.buffer, part[:min(len(part), room)]...)
		}
		switch {
		case err == nil:
			return bytes.TrimSuffix(r.buffer, []byte{0}), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(r.buffer) > 0:
			return r.buffer, nil
		default:
			return nil, err
		}
	}
}

// walked yields the commits reachable from tips one by one, for a clone with holes that git refuses to list. Where the history
// cannot be followed, hole is told the commit that is missing. It knows no commits delivered before: they come again.
func walked(ctx context.Context, dir string, tips []string, boundary map[string]bool, hole func(id string)) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		b := &batch{dir: dir}
		defer b.close()
		seen := map[string]bool{}
		todo := append([]string(nil), tips...)
		for len(todo) > 0 {
			id := todo[0]
			todo = todo[1:]
			if seen[id] {
				continue
			}
			seen[id] = true
			o, ok, err := b.read(ctx, id)
			if err != nil {
				yield(object{}, err)
				return
			}
			if !ok || o.kind != "commit" {
				hole(id)
				continue
			}
			if !boundary[id] {
				todo = append(todo, o.parents...)
			}
			if !yield(o, nil) {
				return
			}
		}
	}
}

// boundary are the commits at which a shallow clone ends.
func boundary(c clone) (map[string]bool, error) {
	if !c.shallow {
		return nil, nil
	}
	file, err := os.ReadFile(filepath.Join(c.shared, "shallow"))
	if err != nil {
		return nil, fmt.Errorf("read where the shallow clone ends: %w", err)
	}
	ids := map[string]bool{}
	for line := range strings.FieldsSeq(string(file)) {
		if isID([]byte(line)) {
			ids[line] = true
		}
	}
	return ids, nil
}
