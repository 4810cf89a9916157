package collector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

// counter is a source of n numbered deployments, one a page, that fails as told.
type counter struct {
	n int

	mu     sync.Mutex
	fail   func(pull int) error // asked before each pull, which are counted from 1
	pulls  int
	asked  []time.Time
	closed int
}

func (c *counter) Name() string { return "counter" }

func (c *counter) Pull(ctx context.Context, cursor string) (collector.Page, error) {
	if err := ctx.Err(); err != nil {
		return collector.Page{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulls++
	c.asked = append(c.asked, time.Now())
	if c.fail != nil {
		if err := c.fail(c.pulls); err != nil {
			return collector.Page{}, err
		}
	}
	at := 0
	if cursor != "" {
		var err error
		if at, err = strconv.Atoi(cursor); err != nil {
			return collector.Page{}, fmt.Errorf("cursor: %w", err)
		}
	}
	if at == c.n {
		return collector.Page{Next: cursor, Doing: "numbers", Done: at, Total: c.n}, nil
	}
	e := metrics.NewEvent(c.Name(), metrics.Deployment{ID: strconv.Itoa(at + 1)})
	return collector.Page{Events: []metrics.Event{e}, Next: strconv.Itoa(at + 1), More: at+1 < c.n, Done: at + 1, Total: c.n, Doing: "numbers"}, nil
}

func (c *counter) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed++
	return nil
}

func passing(retryAt time.Time) error {
	return &collector.Error{Trouble: collector.Passing, Place: "example.org", Problem: "it is busy", RetryAt: retryAt}
}

// engine leaves nothing to chance: each wait is the shortest it can be.
func engine() collector.Engine {
	e := collector.NewEngine()
	e.Pause.Rand = func() float64 { return 0 }
	return e
}

func TestACounterIsASource(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, func(*testing.T) collector.Source { return &counter{n: 5} })
}

func TestProgressIsToldOncePageByPageAfterItIsSaved(t *testing.T) {
	t.Parallel()
	store := &sourcetest.Memory{}
	var told []int
	source := &counter{n: 3}
	err := engine().Run(t.Context(), source, store, func(p collector.Page) {
		if len(store.Events()) != p.Done {
			t.Errorf("told of %d with %d saved", p.Done, len(store.Events()))
		}
		told = append(told, p.Done)
	})
	if err != nil || !slices.Equal(told, []int{1, 2, 3}) || source.closed != 1 {
		t.Errorf("told %v, closed %d times, error %v", told, source.closed, err)
	}
}

func TestAPassingErrorIsTriedAgainEachTimeAfterALongerWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &counter{n: 2, fail: func(pull int) error {
			if pull <= 4 {
				return passing(time.Time{})
			}
			return nil
		}}
		var waits []time.Duration
		e := engine()
		e.Waiting = func(name string, wait time.Duration, cause error) {
			if name != "counter" || collector.TroubleOf(cause) != collector.Passing {
				t.Errorf("told to wait for %s because of %v", name, cause)
			}
			waits = append(waits, wait)
		}
		store := &sourcetest.Memory{}
		if err := e.Run(t.Context(), source, store, nil); err != nil {
			t.Fatal(err)
		}
		// Half of 1, 2, 4 and 8 seconds: with a random number of 0 a wait is the shortest it can be.
		if want := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}; !slices.Equal(waits, want) {
			t.Errorf("waited %v, want %v", waits, want)
		}
		if got := source.asked[4].Sub(source.asked[0]); got != 7500*time.Millisecond {
			t.Errorf("the fifth try came after %v", got)
		}
		if len(store.Events()) != 2 {
			t.Errorf("%d events", len(store.Events()))
		}
	})
}

func TestTheHostsOwnTimeIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reset := time.Now().Add(10 * time.Minute)
		source := &counter{n: 1, fail: func(pull int) error {
			if pull == 1 {
				return fmt.Errorf("page 1: %w", passing(reset))
			}
			return nil
		}}
		if err := engine().Run(t.Context(), source, &sourcetest.Memory{}, nil); err != nil {
			t.Fatal(err)
		}
		if got := source.asked[1]; !got.Equal(reset) {
			t.Errorf("asked again at %v, want %v", got, reset)
		}
	})
}

func TestAfterTooManyTriesInARowItGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &counter{n: 1, fail: func(int) error { return passing(time.Time{}) }}
		err := engine().Run(t.Context(), source, &sourcetest.Memory{}, nil)
		if want := "read counter: given up after 8 tries: example.org: it is busy"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if collector.TroubleOf(err) != collector.Passing || source.pulls != 8 {
			t.Errorf("%d pulls, trouble %q", source.pulls, collector.TroubleOf(err))
		}
	})
}

func TestAnErrorThatAnotherTryWouldNotMendEndsTheRun(t *testing.T) {
	t.Parallel()
	for _, trouble := range []collector.Trouble{collector.Refused, collector.Unreadable, collector.Outdated, ""} {
		cause := error(&collector.Error{Trouble: trouble, Problem: "no"})
		if trouble == "" {
			cause = errors.New("of no known kind")
		}
		source := &counter{n: 3, fail: func(pull int) error {
			if pull == 2 {
				return cause
			}
			return nil
		}}
		store := &sourcetest.Memory{}
		err := engine().Run(t.Context(), source, store, nil)
		if !errors.Is(err, cause) || source.pulls != 2 || len(store.Events()) != 1 || collector.TroubleOf(err) != trouble {
			t.Errorf("%q: %d pulls, %d events kept, error %v", trouble, source.pulls, len(store.Events()), err)
		}
	}
}

func TestAnEndedContextEndsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("the program stops")
		source := &counter{n: 1, fail: func(int) error { return passing(time.Now().Add(time.Hour)) }}
		ended := make(chan error)
		go func() { ended <- engine().Run(ctx, source, &sourcetest.Memory{}, nil) }()
		synctest.Wait()
		began := time.Now()
		cancel(reason)
		if err := <-ended; !errors.Is(err, reason) || time.Since(began) != 0 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

func TestAPageThatChangesNothingIsNotSaved(t *testing.T) {
	t.Parallel()
	store := &sourcetest.Memory{}
	if err := engine().Run(t.Context(), &counter{n: 2}, store, nil); err != nil {
		t.Fatal(err)
	}
	store.Before = func(collector.Page) error { return errors.New("saved") }
	if err := engine().Run(t.Context(), &counter{n: 2}, store, nil); err != nil {
		t.Error(err)
	}
}

// stuck promises more for ever.
type stuck struct{ counter }

func (s *stuck) Pull(context.Context, string) (collector.Page, error) {
	return collector.Page{More: true}, nil
}

func TestACursorThatStandsStillIsAnError(t *testing.T) {
	t.Parallel()
	if err := engine().Run(t.Context(), &stuck{}, &sourcetest.Memory{}, nil); err == nil {
		t.Error("it ran on")
	}
}

func TestWaitsDoubleUpToTheCeilingAndAreSpread(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		failures int
		rand     float64
		want     time.Duration
	}{
		{1, 0, 500 * time.Millisecond}, {1, 0.5, 750 * time.Millisecond}, {2, 0, time.Second}, {4, 0, 4 * time.Second},
		{8, 0, 64 * time.Second}, {9, 0, 128 * time.Second}, {10, 0, 150 * time.Second}, {1000, 0, 150 * time.Second}, {1000, 0.5, 225 * time.Second},
	} {
		p := collector.Pause{First: time.Second, Ceiling: 5 * time.Minute, Rand: func() float64 { return c.rand }}
		if got := p.After(c.failures); got != c.want {
			t.Errorf("after %d failures with %v: %v, want %v", c.failures, c.rand, got, c.want)
		}
	}
}

func TestAnErrorIsOneSentenceWithItsRemedy(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := &collector.Error{Place: "gitlab.example.org", Problem: "the token may not read deployments", Remedy: "give it the scope read_api", Err: cause}
	if got, want := err.Error(), "gitlab.example.org: the token may not read deployments; give it the scope read_api"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
}

// serve starts a real server for the test.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// early tells a trouble before its last page.
type early struct{ counter }

func (s *early) Pull(ctx context.Context, cursor string) (collector.Page, error) {
	page, err := s.counter.Pull(ctx, cursor)
	if page.More {
		page.Troubles = []error{&collector.Error{Trouble: collector.Forbidden, Problem: "the token may not read incidents"}}
	}
	return page, err
}

func TestATroubleThatACutWouldLoseIsRefused(t *testing.T) {
	t.Parallel()
	e := engine()
	e.Turn = time.Nanosecond
	store := &sourcetest.Memory{}
	err := e.Run(t.Context(), &early{counter{n: 3}}, store, nil)
	if err == nil || errors.Is(err, collector.ErrMore) || collector.TroubleOf(err) != collector.Forbidden || !strings.Contains(store.TroubleOf("counter"), "before its last page") {
		t.Errorf("error %v, trouble %q", err, store.TroubleOf("counter"))
	}
}
