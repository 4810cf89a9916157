package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
	"shiphabit/internal/jobs"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// noted is a store in memory that keeps what was noted of one source.
type noted struct {
	sourcetest.Memory

	mu    sync.Mutex
	is    store.Source
	steps int
}

func (n *noted) BeginRun(ctx context.Context, _ string) (store.Begun, error) {
	if err := ctx.Err(); err != nil {
		return store.Begun{}, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.is.Run.StartedAt.IsZero() || !n.is.Run.FinishedAt.IsZero() {
		n.is.Run = store.Run{StartedAt: time.Now()}
	}
	return store.Begun{StartedAt: n.is.Run.StartedAt, Failures: n.is.Failures, Wait: n.is.Wait}, nil
}

func (n *noted) NoteStep(_ context.Context, _ string, s store.Step) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.steps++
	n.is.Run.Pages, n.is.Run.Events = n.is.Run.Pages+s.Pages, n.is.Run.Events+s.Events
	n.is.Progress, n.is.Budget, n.is.Wait = s.Progress, s.Budget, store.Wait{}
	return nil
}

func (n *noted) NoteWait(_ context.Context, _ string, w store.Wait) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.is.Wait = w
	return nil
}

func (n *noted) CutRun(_ context.Context, _ string, nextAt time.Time, why string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.is.NextAt, n.is.Wait = nextAt, store.Wait{}
	if why != "" {
		n.is.Wait = store.Wait{Until: nextAt, Reason: why}
	}
	return nil
}

func (n *noted) EndRun(_ context.Context, _ string, nextAt time.Time, failed error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.is.NextAt, n.is.Run.FinishedAt, n.is.Wait, n.is.Failures = nextAt, time.Now(), store.Wait{}, n.is.Failures+1
	if failed == nil {
		n.is.Failures = 0
	}
	return nil
}

// scripted is a source of so many pages, each of which takes a while or meets a trouble.
type scripted struct {
	pages int
	takes time.Duration
	fail  func(page int) error
	last  []error // troubles told with the last page
	asked int
}

func (s *scripted) Name() string { return "host" }

func (s *scripted) Pull(ctx context.Context, cursor string) (collector.Page, error) {
	at, _ := strconv.Atoi(cursor)
	s.asked++
	if s.fail != nil {
		if err := s.fail(at); err != nil {
			return collector.Page{}, err
		}
	}
	select {
	case <-ctx.Done():
		return collector.Page{}, context.Cause(ctx)
	case <-time.After(s.takes):
	}
	page := collector.Page{
		Events: []metrics.Event{metrics.NewEvent("host", metrics.Deployment{ID: cursor})}, Next: strconv.Itoa(at + 1), More: at+1 < s.pages,
		Done: at + 1, Total: s.pages, Doing: "deployments", Budget: collector.Budget{Left: 9, Limit: 10},
	}
	if !page.More {
		page.Troubles = s.last
	}
	return page, nil
}

// middling is a reader whose chances always fall in the middle.
func middling(s jobs.Store) jobs.Reader {
	r := jobs.NewReader(s, time.Now, slog.New(slog.DiscardHandler))
	r.Rand = func() float64 { return 0.5 }
	r.Engine.Pause.Rand = r.Rand
	return r
}

func in(d time.Duration) time.Time { return time.Now().Add(d) }

func TestALongListIsReadInTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept, source := &noted{}, &scripted{pages: 100, takes: time.Second}
		began := time.Now()
		turns := 0
		for {
			turns++
			turnBegan := time.Now()
			next := middling(kept).Turn(t.Context(), source, 5*time.Minute)
			if took := time.Since(turnBegan); took > 31*time.Second {
				t.Errorf("a turn took %s", took)
			}
			if !kept.is.Run.FinishedAt.IsZero() {
				if !next.Equal(in(5 * time.Minute)) {
					t.Errorf("next turn in %s, want five minutes", time.Until(next))
				}
				break
			}
			if !next.Equal(time.Now()) {
				t.Errorf("the rest waits %s, want to stand at the end of the queue at once", time.Until(next))
			}
		}
		want := store.Run{StartedAt: began, FinishedAt: in(0), Pages: 100, Events: 100}
		if kept.is.Run != want || turns != 4 || kept.is.Progress.Done != 100 || kept.is.Budget.Limit != 10 {
			t.Errorf("%d turns, %+v", turns, kept.is)
		}
		// What arrived while the list was read in turns may be missing from pages read before: nothing later is promised.
		if got := kept.Watermark("host"); !got.Equal(began) {
			t.Errorf("watermark %s, want the beginning of the whole reading, %s", got, began)
		}
	})
}

func TestProgressIsWrittenAtMostOnceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := &noted{}
		middling(kept).Turn(t.Context(), &scripted{pages: 1000, takes: 10 * time.Millisecond}, time.Minute)
		if kept.is.Run.Pages != 1000 || kept.steps > 12 {
			t.Errorf("%d pages in %d writes", kept.is.Run.Pages, kept.steps)
		}
	})
}

func TestALongPauseIsNotSatOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for sentence, c := range map[string]struct{ asked, want time.Duration }{
			"ten minutes": {10 * time.Minute, 10 * time.Minute},
			"a year":      {365 * 24 * time.Hour, time.Hour},
		} {
			kept := &noted{}
			source := &scripted{pages: 3, fail: func(page int) error {
				if page == 1 {
					return &collector.Error{Trouble: collector.Passing, Problem: "the host asks for a pause", RetryAt: in(c.asked)}
				}
				return nil
			}}
			began := time.Now()
			next := middling(kept).Turn(t.Context(), source, time.Minute)
			if !time.Now().Equal(began) || !next.Equal(in(c.want)) || kept.is.Wait != (store.Wait{Until: in(c.want), Reason: "the host asks for a pause"}) {
				t.Errorf("%s: after %s, next in %s, %+v", sentence, time.Since(began), time.Until(next), kept.is.Wait)
			}
			if len(kept.Events()) != 1 || kept.is.Failures != 0 || kept.TroubleOf("host") != "" {
				t.Errorf("%s: %d events, %+v", sentence, len(kept.Events()), kept.is)
			}
			// Whoever comes before the pause is over asks the host nothing.
			asked := source.asked
			if next := middling(kept).Turn(t.Context(), source, time.Minute); !next.Equal(in(c.want)) || source.asked != asked {
				t.Errorf("%s: asked again, next in %s", sentence, time.Until(next))
			}
		}
	})
}

func TestAShortPauseIsSatOutInPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept, began := &noted{}, time.Now()
		source := &scripted{pages: 1, fail: func(int) error {
			if time.Since(began) < 3*time.Second {
				return &collector.Error{Trouble: collector.Passing, Problem: "busy", RetryAt: began.Add(3 * time.Second)}
			}
			return nil
		}}
		if next := middling(kept).Turn(t.Context(), source, time.Minute); !next.Equal(in(time.Minute)) || time.Since(began) != 3*time.Second {
			t.Errorf("after %s, next in %s", time.Since(began), time.Until(next))
		}
	})
}

func TestASourceThatKeepsFailingIsTriedLessAndLessOften(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for sentence, c := range map[string]struct {
			trouble collector.Trouble
			every   time.Duration
			want    map[int]time.Duration // by failure in a row
		}{
			"the host is down":                 {collector.Passing, 5 * time.Minute, map[int]time.Duration{1: 45 * time.Second, 2: 90 * time.Second, 10: 22*time.Minute + 30*time.Second}},
			"the token is refused":             {collector.Refused, 5 * time.Minute, map[int]time.Duration{1: 30 * time.Minute, 10: 30 * time.Minute}},
			"the clone is not there":           {collector.Unreadable, 5 * time.Minute, map[int]time.Duration{1: 5 * time.Minute, 2: 10 * time.Minute, 10: 30 * time.Minute}},
			"something nobody thought of":      {"", time.Minute, map[int]time.Duration{1: time.Minute, 10: 30 * time.Minute}},
			"a source that is read once a day": {collector.Unreadable, 24 * time.Hour, map[int]time.Duration{1: 24 * time.Hour, 10: 24 * time.Hour}},
		} {
			kept := &noted{}
			source := &scripted{pages: 1, fail: func(int) error { return &collector.Error{Trouble: c.trouble, Problem: "no"} }}
			for failure := 1; failure <= 10; failure++ {
				next := middling(kept).Turn(t.Context(), source, c.every)
				if want, told := c.want[failure]; told && !next.Equal(in(want)) {
					t.Errorf("%s: after failure %d next in %s, want %s", sentence, failure, time.Until(next), want)
				}
				if kept.is.Failures != failure || kept.TroubleOf("host") == "" {
					t.Errorf("%s: after failure %d: %+v, trouble %q", sentence, failure, kept.is, kept.TroubleOf("host"))
				}
			}
			source.fail = nil
			if next := middling(kept).Turn(t.Context(), source, c.every); !next.Equal(in(c.every)) || kept.is.Failures != 0 || kept.TroubleOf("host") != "" {
				t.Errorf("%s: mended, next in %s, %+v", sentence, time.Until(next), kept.is)
			}
		}
	})
}

func TestOneForbiddenListDoesNotSlowTheOthersOfItsSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := &noted{}
		source := &scripted{pages: 2, last: []error{&collector.Error{Trouble: collector.Forbidden, Problem: "the token may not read incidents"}}}
		next := middling(kept).Turn(t.Context(), source, 5*time.Minute)
		if !next.Equal(in(5*time.Minute)) || kept.is.Failures != 0 || kept.TroubleOf("host") == "" {
			t.Errorf("next in %s, %+v, trouble %q", time.Until(next), kept.is, kept.TroubleOf("host"))
		}
	})
}

func TestAStoppedTurnKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept, source := &noted{}, &scripted{pages: 10, takes: time.Second}
		ctx, cancel := context.WithTimeoutCause(t.Context(), 3500*time.Millisecond, errors.New("the program stops"))
		defer cancel()
		next := middling(kept).Turn(ctx, source, time.Minute)
		if !next.Equal(time.Now()) || kept.is.Run.Pages != 3 || len(kept.Events()) != 3 || !kept.is.Run.FinishedAt.IsZero() || kept.TroubleOf("host") != "" {
			t.Errorf("next in %s, %+v", time.Until(next), kept.is)
		}
	})
}

func TestIntervalsAreSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for chance, want := range map[float64]time.Duration{0: 9 * time.Minute, 0.5: 10 * time.Minute, 1: 11 * time.Minute} {
			r := middling(&noted{})
			r.Rand = func() float64 { return chance }
			if next := r.Turn(t.Context(), &scripted{pages: 1}, 10*time.Minute); !next.Equal(in(want)) {
				t.Errorf("%v: next in %s, want %s", chance, time.Until(next), want)
			}
		}
	})
}

func TestATurnThatBeginsWhileTheServerStopsPutsNothingOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		kept, source := &noted{}, &scripted{pages: 1}
		if next := middling(kept).Turn(ctx, source, 5*time.Minute); !next.Equal(time.Now()) || source.asked != 0 || kept.is.Failures != 0 {
			t.Errorf("next in %s, asked %d times, %+v", time.Until(next), source.asked, kept.is)
		}
	})
}

func TestAPanicOfASourceIsItsTroubleAndIsTriedEverLessOften(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		kept := &noted{}
		r := middling(kept)
		r.Logger = slog.New(slog.NewTextHandler(&log, nil))
		source := &scripted{pages: 2, fail: func(page int) error {
			if page == 1 {
				panic("a key is s3cret")
			}
			return nil
		}}
		for i, want := range []time.Duration{5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute} {
			if next := r.Turn(t.Context(), source, 5*time.Minute); !next.Equal(in(want)) || kept.is.Failures != i+1 {
				t.Errorf("after panic %d next in %s, %+v", i+1, time.Until(next), kept.is)
			}
		}
		if told := kept.TroubleOf("host"); !strings.Contains(told, "fault of the program") || strings.Contains(told, "s3cret") || len(kept.Events()) != 1 {
			t.Errorf("people are told %q; %d events", told, len(kept.Events()))
		}
		if said := log.String(); !strings.Contains(said, "s3cret") || !strings.Contains(said, "scripted).Pull") {
			t.Errorf("the log has neither value nor stack: %s", said)
		}
		if err := r.Once(t.Context(), source); err == nil || !strings.Contains(err.Error(), "fault of the program") {
			t.Errorf("once: %v", err)
		}
	})
}
