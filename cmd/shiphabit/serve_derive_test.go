package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

func TestWhatKeepsFactsFromBeingDerivedIsToldOnceAndSoIsItsEnd(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := &program{err: &log}
	away, full := errors.New("the database is away"), errors.New("the disk is full")
	last := ""
	for _, err := range []error{nil, away, away, away, full, full, nil, nil} {
		last = p.tellDeriving(t.Context(), err, last)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	p.tellDeriving(ended, context.Canceled, last)
	for what, times := range map[string]int{"cannot be derived": 2, "is away": 1, "is full": 1, "derived again": 1, "\n": 3} {
		if n := strings.Count(log.String(), what); n != times {
			t.Errorf("%q stands %d times in it, not %d:\n%s", what, n, times, log.String())
		}
	}
}
