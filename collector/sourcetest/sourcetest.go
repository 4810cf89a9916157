// Package sourcetest is the suite that every source passes: whatever the host, reading can stop anywhere and go on, a page can
// come twice, and the engine brings everything into a store once. It is imported by tests only.
package sourcetest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// atLeast is how many pages a source under test must yield, so that there is a middle to stop in.
const atLeast = 3

// Run runs the suite. open gives a new source over the same records each time, as after a restart, with pages so small that
// there are at least three.
func Run(t *testing.T, open func(t *testing.T) collector.Source) {
	t.Helper()
	for sentence, check := range map[string]func(*testing.T, func(*testing.T) collector.Source){
		"every event is complete and carries the source's name":      checkEvents,
		"progress does not go back and ends at the total":            checkProgress,
		"after a restart reading goes on where it stopped":           checkResume,
		"the same cursor gives the same page":                        checkRepeat,
		"at the end there is nothing new":                            checkEnd,
		"a cancelled reading ends at once and can be taken up":       checkCancel,
		"a crash while saving loses nothing and doubles nothing":     checkCrash,
		"of two replicas each page is saved by one":                  checkReplicas,
		"a cursor that was never given is an error and no new start": checkForeignCursor,
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			check(t, open)
		})
	}
}

// pages pulls from a cursor to the end.
func pages(t *testing.T, s collector.Source, cursor string) []collector.Page {
	t.Helper()
	var list []collector.Page
	for {
		p, err := s.Pull(t.Context(), cursor)
		if err != nil {
			t.Fatalf("page %d: %v", len(list)+1, err)
		}
		list = append(list, p)
		if !p.More {
			shut(s)
			return list
		}
		if p.Next == cursor {
			t.Fatalf("page %d promises more and its cursor stands still", len(list))
		}
		cursor = p.Next
	}
}

func shut(s collector.Source) {
	if c, ok := s.(io.Closer); ok {
		_ = c.Close() // the suite looks at pages only
	}
}

func all(t *testing.T, open func(*testing.T) collector.Source) []collector.Page {
	t.Helper()
	list := pages(t, open(t), "")
	if len(list) < atLeast {
		t.Fatalf("%d pages; the suite needs %d", len(list), atLeast)
	}
	return list
}

// digests are the identities of the events of pages, sorted: what is compared is the content, not the order.
func digests(list ...collector.Page) [][32]byte {
	var ds [][32]byte
	for _, p := range list {
		for _, e := range p.Events {
			ds = append(ds, e.Digest())
		}
	}
	return sorted(ds)
}

func sorted(ds [][32]byte) [][32]byte {
	slices.SortFunc(ds, func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ds)
}

func checkEvents(t *testing.T, open func(*testing.T) collector.Source) {
	t.Helper()
	name := open(t).Name()
	for _, p := range all(t, open) {
		for _, e := range p.Events {
			if e.Source != name || e.ID == "" || e.Type == "" {
				t.Errorf("%s: source, type or id is not what it should be (source is %q)", e.Key, name)
			}
			if !json.Valid(e.Payload) {
				t.Errorf("%s: payload %q is no JSON", e.Key, e.Payload)
			}
		}
		for _, a := range p.SetAside {
			if a.Record == "" || a.Reason == "" {
				t.Errorf("set aside without name or reason: %+v", a)
			}
		}
	}
}

func checkProgress(t *testing.T, open func(*testing.T) collector.Source) {
	t.Helper()
	done := 0
	list := all(t, open)
	for i, p := range list {
		if len(p.Events) == 0 && p.Done == 0 {
			done = 0 // an empty page may say that reading starts over in another way
		}
		if p.Done < done || p.Total != 0 && p.Done > p.Total {
			t.Errorf("page %d: %d of %d after %d", i+1, p.Done, p.Total, done)
		}
		if p.Doing == "" {
			t.Errorf("page %d does not say what is being read", i+1)
		}
		done = p.Done
	}
	if last := list[len(list)-1]; last.Total != 0 && last.Done != last.Total {
		t.Errorf("it ends at %d of %d", last.Done, last.Total)
	}
}

func checkResume(t *testing.T, open func(*testing.T) collector.Source) {
	t.Helper()
	list := all(t, open)
	for i := range list[:len(list)-1] {
		rest := pages(t, open(t), list[i].Next)
		if got, want := digests(rest...), digests(list[i+1:]...); !slices.Equal(got, want) {
			t.Errorf("after page %d of %d a restart gives %d events, want %d", i+1, len(list), len(got), len(want))
		}
	}
}

func checkRepeat(t *testing.T, open func(*testing.T) collector.Source) {
	t.Helper()
	s := open(t)
	defer shut(s)
	cursor := ""
	for i, want := range all(t, open) {
		for try := range 2 {
			got, err := s.Pull(t.Context(), cursor)
			if err != nil {
				t.Fatal(err)
			}
			if got.Next != want.Next || got.More != want.More || !slices.Equal(digests(got), digests(want)) {
				t.Errorf("page %d, try %d: it is another one", i+1, try+1)
			}
		}
		cursor = want.Next
	}
}

// checkEnd lets a source look again at records that may still change, as long as it comes back to the same place with nothing new.
func checkEnd(t *testing.T, open func(*testing.T) collector.Source) {
	t.Helper()
	list := all(t, open)
	known := digests(list...)
	end := list[len(list)-1].Next
	again := pages(t, open(t), end)
	for _, d := range digests(again...) {
		if !slices.Contains(known, d) {
			t.Error("after the end there is an event that was not there before")
		}
	}
	if got := again[len(again)-1].Next; got != end {
		t.Errorf("after the end the cursor goes on to\n%q, from\n%q", got, end)
	}
}

func checkCancel(t *testing.T, open func(*testing.T) collector.Source) {
	t.Helper()
	list := all(t, open)
	s := open(t)
	defer shut(s)
	first, err := s.Pull(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Pull(ctx, first.Next); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gives %v", err)
	}
	if got, want := digests(pages(t, s, first.Next)...), digests(list[1:]...); !slices.Equal(got, want) {
		t.Errorf("taken up again it gives %d events, want %d", len(got), len(want))
	}
}

func checkCrash(t *testing.T, open func(*testing.T) collector.Source) {
	t.Helper()
	list := all(t, open)
	crash := errors.New("the power went off")
	for at := range list {
		calls := 0
		store := &Memory{Before: func(collector.Page) error {
			if calls++; calls == at+1 {
				return crash
			}
			return nil
		}}
		engine := collector.NewEngine()
		if err := engine.Run(t.Context(), open(t), store, nil); !errors.Is(err, crash) && len(list[at].Events) > 0 {
			t.Fatalf("a crash at page %d gives %v", at+1, err)
		}
		if err := engine.Run(t.Context(), open(t), store, nil); err != nil {
			t.Fatal(err)
		}
		compare(t, store, list)
	}
}

// compare holds what was stored against the pages.
func compare(t *testing.T, store *Memory, list []collector.Page) {
	t.Helper()
	var got [][32]byte
	events := store.Events()
	for _, e := range events {
		got = append(got, e.Digest())
	}
	if !slices.Equal(sorted(got), digests(list...)) {
		t.Errorf("stored are %d events, want %d", len(events), len(digests(list...)))
	}
	if len(got) != len(events) {
		t.Errorf("%d of %d events are stored twice", len(events)-len(got), len(events))
	}
	records := map[metrics.Key]bool{}
	for _, e := range events {
		records[e.Key] = true
	}
	if len(records) == 0 {
		t.Error("nothing is stored")
	}
}

func checkReplicas(t *testing.T, open func(*testing.T) collector.Source) {
	t.Helper()
	list := all(t, open)
	store := &Memory{}
	other := open(t)
	overtaken := false
	store.Before = func(collector.Page) error {
		if overtaken {
			return nil
		}
		overtaken = true // another replica saves the same page first
		p, err := other.Pull(t.Context(), "")
		shut(other)
		if err != nil {
			return err
		}
		return store.Apply(t.Context(), other.Name(), "", p.Next, p)
	}
	if err := collector.NewEngine().Run(t.Context(), open(t), store, nil); err != nil {
		t.Fatal(err)
	}
	compare(t, store, list)
}

func checkForeignCursor(t *testing.T, open func(*testing.T) collector.Source) {
	t.Helper()
	s := open(t)
	defer shut(s)
	if p, err := s.Pull(t.Context(), "no cursor of ours"); err == nil {
		t.Errorf("it gives %d events", len(p.Events))
	}
}
