// Package file reads neutral events from a file of JSON Lines or CSV as a source. What is wrong with a line is set aside with
// the line's number; the rest of the file is read. It decides nothing about metrics.
package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// Options say what to read.
type Options struct {
	// Path of the file. One whose name ends in .csv is read as CSV, any other as JSON Lines.
	Path string
	// Stream is read instead of a file, as JSON Lines unless Type is set; Path then is its name in messages ("standard input").
	Stream io.Reader
	// Type is the type of the events of a CSV file; default: what the file's name begins with ("deployments-2026.csv").
	Type metrics.EventType
	// Source is the name of the source of events that state none; default "import".
	Source string
	// PageSize is the number of events of a page; default 5,000.
	PageSize int
}

// Source reads one file. It is safe for concurrent use; Close ends a reading that was not read to its end.
type Source struct {
	options Options
	csv     bool

	mu      sync.Mutex
	reading *reading
	stream  string // stands for the digest of a stream, which can be read only once
	used    bool   // the stream has been read from
}

// New checks the options. The file itself is opened by the first Pull.
func New(o Options) (*Source, error) {
	if o.Source == "" {
		o.Source = metrics.DefaultSource
	}
	if o.PageSize <= 0 {
		o.PageSize = 5000
	}
	s := &Source{options: o, stream: fmt.Sprintf("stream-%016x", rand.Uint64())}
	s.csv = o.Stream != nil && o.Type != "" || o.Stream == nil && strings.EqualFold(filepath.Ext(o.Path), ".csv")
	if s.csv && o.Type == "" {
		s.options.Type = typeOf(o.Path)
	}
	if s.csv && s.options.Type == "" {
		return nil, &collector.Error{
			Trouble: collector.Unreadable, Place: o.Path, Problem: "a CSV file holds events of one type, and its name does not say which",
			Remedy: "begin the name with the type, such as deployments.csv, or state the type",
		}
	}
	return s, nil
}

// typeOf is the type of event that a file's name begins with, in the singular or plural.
func typeOf(path string) metrics.EventType {
	name := strings.ToLower(filepath.Base(path))
	for _, t := range []metrics.EventType{
		metrics.TypeDeployment, metrics.TypeCommit, metrics.TypePullRequest, metrics.TypeIncident, metrics.TypeApproval, metrics.TypeVerdict,
	} {
		if strings.HasPrefix(name, string(t)) {
			return t
		}
	}
	return ""
}

// Name is the source that events belong to unless they state another.
func (s *Source) Name() string { return s.options.Source }

// Pull returns the events after the cursor. The cursor names the content of a file and how far it was read, so a cursor that
// another file left behind means the beginning of this one.
func (s *Source) Pull(ctx context.Context, cursor string) (collector.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return collector.Page{}, context.Cause(ctx)
	}
	if s.reading == nil || s.reading.at != cursor {
		s.end()
		done, err := s.begin(cursor)
		if err != nil {
			return collector.Page{}, err
		}
		if done {
			return collector.Page{Next: cursor, Doing: "nothing new"}, nil
		}
	}
	page, err := s.reading.page(ctx, s.options.PageSize)
	if err != nil || !page.More {
		s.end()
	}
	return page, err
}

// Close ends the reading under way, if any. The source can be used again.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end()
	return nil
}

func (s *Source) end() {
	if s.reading != nil {
		s.reading.close()
		s.reading = nil
	}
}

// begin opens the file and skips what the cursor says is done; done tells that it is all of it.
func (s *Source) begin(cursor string) (done bool, err error) {
	of, at, err := parseCursor(s.options.Path, cursor)
	if err != nil {
		return false, err
	}
	if at.end && of == s.stream {
		return true, nil
	}
	in, digest, lines, err := s.open()
	if err != nil {
		return false, err
	}
	if of != digest {
		at = position{}
	}
	if at.end {
		return true, in.Close()
	}
	r := &reading{digest: digest, at: cursor, in: in, place: s.options.Path, lines: lines}
	r.next, r.cease = iter.Pull2(r.events(s.decode))
	for range at.events {
		if _, err, ok := r.next(); err != nil || !ok {
			r.close()
			return false, fmt.Errorf("read %s again up to event %d: %w", s.options.Path, at.events, errors.Join(err, io.ErrUnexpectedEOF))
		}
		r.done++
	}
	s.reading = r
	return false, nil
}

// open opens the file and reads it once for its digest and the number of its lines.
func (s *Source) open() (in io.ReadCloser, digest string, lines int, err error) {
	if s.options.Stream != nil {
		if s.used {
			return nil, "", 0, &collector.Error{Trouble: collector.Unreadable, Place: s.options.Path, Problem: "it can be read only once", Remedy: "write it to a file first"}
		}
		s.used = true
		return io.NopCloser(s.options.Stream), s.stream, 0, nil
	}
	f, err := os.Open(s.options.Path)
	if err != nil {
		return nil, "", 0, cannotOpen(s.options.Path, err)
	}
	h := sha256.New()
	count := &lineCounter{}
	if _, err = io.Copy(io.MultiWriter(h, count), f); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = f.Close()
		return nil, "", 0, cannotOpen(s.options.Path, err)
	}
	return f, hex.EncodeToString(h.Sum(nil)), count.n, nil
}

func (s *Source) decode(r io.Reader, yield func(metrics.Event) error) ([]metrics.Fault, error) {
	if s.csv {
		return metrics.DecodeCSV(r, s.options.Type, s.options.Source, yield)
	}
	return metrics.DecodeLines(r, s.options.Source, yield)
}

// cannotOpen explains why a file cannot be read.
func cannotOpen(path string, err error) error {
	e := &collector.Error{Trouble: collector.Unreadable, Place: path, Problem: "it cannot be read: " + err.Error(), Err: err}
	var perr *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Problem, e.Remedy = "there is no such file", "name a file of JSON Lines or CSV, or - for standard input"
	case errors.Is(err, fs.ErrPermission):
		e.Problem, e.Remedy = "reading it is not permitted", "run as a user who may read it"
	case errors.As(err, &perr) && strings.Contains(perr.Err.Error(), "is a directory"):
		e.Problem, e.Remedy = "it is a folder", "name the files in it"
	}
	return e
}

// lineCounter counts what is written to it.
type lineCounter struct{ n int }

func (c *lineCounter) Write(p []byte) (int, error) {
	c.n += bytes.Count(p, []byte{'\n'})
	return len(p), nil
}

// position is how far a file was read.
type position struct {
	events int
	end    bool
}

func (p position) cursor(digest string) string {
	if p.end {
		return digest + ":end"
	}
	return digest + ":" + strconv.Itoa(p.events)
}

// parseCursor reads a cursor; "" is the beginning.
func parseCursor(place, cursor string) (digest string, p position, err error) {
	if cursor == "" {
		return "", position{}, nil
	}
	digest, at, ok := strings.Cut(cursor, ":")
	if at == "end" {
		return digest, position{end: true}, nil
	}
	if p.events, err = strconv.Atoi(at); !ok || err != nil || p.events < 0 {
		return "", position{}, &collector.Error{
			Trouble: collector.Outdated, Place: place, Problem: "the place where reading stopped was noted by another version", Remedy: "read the file from the start",
		}
	}
	return digest, p, nil
}
