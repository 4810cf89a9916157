package github

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// conditional asks for what it knows only if it changed: GitHub does not count the answers that say it did not. It keeps answers in
// memory and no longer than the program runs.
type conditional struct {
	below http.RoundTripper

	mu    sync.Mutex
	known map[string]answered
	bytes int
}

// answered is an answer that can be given again.
type answered struct {
	etag   string
	header http.Header
	body   []byte
}

const (
	mostKept    = 32 << 20 // of all answers together
	longestKept = 2 << 20  // of one
)

// RoundTrip sends a request; an answer that the host says still holds is given again.
func (c *conditional) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodGet {
		return c.below.RoundTrip(request)
	}
	key := request.URL.String()
	old, known := c.find(key)
	if known {
		request = request.Clone(request.Context())
		request.Header.Set("If-None-Match", old.etag)
	}
	answer, err := c.below.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	switch {
	case known && answer.StatusCode == http.StatusNotModified:
		_ = answer.Body.Close() // it is empty
		again := *answer
		again.StatusCode, again.Status, again.Header = http.StatusOK, "200 OK", old.header.Clone()
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(old.body)), int64(len(old.body))
		return &again, nil
	case answer.StatusCode == http.StatusOK && answer.Header.Get("ETag") != "":
		answer.Body = &keeping{ReadCloser: answer.Body, keep: func(body []byte) {
			c.keep(key, answered{answer.Header.Get("ETag"), answer.Header.Clone(), body})
		}}
	}
	return answer, nil
}

func (c *conditional) find(key string) (answered, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, known := c.known[key]
	return a, known
}

// keep forgets all when there is no room: what is still asked for comes back by itself.
func (c *conditional) keep(key string, a answered) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes -= len(c.known[key].body)
	if c.known == nil || c.bytes+len(a.body) > mostKept {
		c.known, c.bytes = map[string]answered{}, 0
	}
	c.known[key] = a
	c.bytes += len(a.body)
}

// keeping hands on a body and keeps it once it was read to its end.
type keeping struct {
	io.ReadCloser
	read []byte
	keep func([]byte)
}

func (k *keeping) Read(p []byte) (int, error) {
	n, err := k.ReadCloser.Read(p)
	if k.keep == nil {
		return n, err
	}
	k.read = append(k.read, p[:n]...)
	if len(k.read) > longestKept {
		k.keep, k.read = nil, nil
		return n, err
	}
	if err == io.EOF { //nolint:errorlint // a reader's end is no wrapped error
		k.keep(k.read)
		k.keep = nil
	}
	return n, err
}

// Close reads what a decoder left: the line end behind the JSON.
func (k *keeping) Close() error {
	if k.keep != nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(k, 1<<10)) // what cannot be read is not kept
	}
	return k.ReadCloser.Close()
}
