package sourcetest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shiphabit/collector"
)

// Host is a fake host for the suite of troubles: a real HTTP server with records, and a way to read it.
type Host struct {
	// Handler answers as the host does, from records that do not change.
	Handler http.Handler
	// Open makes a source that asks the host at the address with the token Token, and tells time by the clock.
	Open func(t *testing.T, address string, clock func() time.Time) collector.Source
	// Access is what a message says a token needs.
	Access string
}

// Token is the secret that sources under test present; it may appear nowhere.
const Token = "glpat-sourcetest-0123456789abcdef"

// Faults runs the suite: whatever the host does at whatever request, nothing is lost, nothing is invented and the message says what to do.
func Faults(t *testing.T, h Host) {
	t.Helper()
	truth, requests := h.whole(t)
	at := []int{1, 2, requests/2 + 1, requests}
	slices.Sort(at)
	at = slices.Compact(at)
	for sentence, answer := range map[string]http.HandlerFunc{
		"it is overloaded":               status(http.StatusServiceUnavailable, nil),
		"it fails":                       status(http.StatusInternalServerError, nil),
		"it asks for a pause":            status(http.StatusTooManyRequests, http.Header{"Retry-After": {"0"}}),
		"its answer breaks off":          breakOff,
		"it closes the connection":       hangUp,
		"it wants another token":         status(http.StatusUnauthorized, nil),
		"it forbids":                     status(http.StatusForbidden, nil),
		"it has no such record":          status(http.StatusNotFound, nil),
		"the record is gone":             status(http.StatusGone, nil),
		"a proxy answers with a page":    page,
		"it answers with the wrong sort": wrong,
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			for _, n := range at {
				h.recovers(t, n, answer, truth)
			}
		})
	}
	t.Run("a refused token is named with what it needs, and never shown", func(t *testing.T) {
		t.Parallel()
		h.refuses(t)
	})
	t.Run("the pause that the host asks for is kept, whatever its clock says", func(t *testing.T) {
		t.Parallel()
		h.pauses(t)
	})
	t.Run("a redirect to another host is not followed", func(t *testing.T) {
		t.Parallel()
		h.staysHome(t)
	})
}

// noon is the time by which sources under test read.
func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

// whole reads the healthy host once.
func (h Host) whole(t *testing.T) (truth [][32]byte, requests int) {
	t.Helper()
	var count atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		h.Handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	store := &Memory{}
	if err := quick().Run(t.Context(), h.Open(t, server.URL, noon), store, nil); err != nil {
		t.Fatal(err)
	}
	if truth = stored(store); len(truth) == 0 {
		t.Fatal("the healthy host yields nothing")
	}
	return truth, int(count.Load())
}

// quick is an engine that does not wait long.
func quick() collector.Engine {
	e := collector.NewEngine()
	e.Clock = noon
	e.Pause = collector.Pause{First: time.Microsecond, Ceiling: time.Microsecond, Rand: func() float64 { return 0 }}
	e.Tries = 3
	return e
}

func stored(m *Memory) [][32]byte {
	var ds [][32]byte
	for _, e := range m.Events() {
		ds = append(ds, e.Digest())
	}
	return sorted(ds)
}

// recovers lets the host fail at its n-th request, reads, and reads again from a healthy host: in the end all is there once.
func (h Host) recovers(t *testing.T, n int, answer http.HandlerFunc, truth [][32]byte) {
	t.Helper()
	var count atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1) == int64(n) {
			answer(w, r)
			return
		}
		h.Handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	store := &Memory{}
	for range 2 { // the first reading may end with a trouble
		err := quick().Run(t.Context(), h.Open(t, server.URL, noon), store, nil)
		if err != nil && strings.Contains(err.Error(), Token) {
			t.Errorf("the message holds the token: %v", err)
		}
	}
	got := stored(store)
	for _, d := range got {
		if !slices.Contains(truth, d) {
			t.Errorf("failing at request %d leaves an event that the host never stated", n)
		}
	}
	if len(got) != len(truth) {
		t.Errorf("failing at request %d leaves %d events of %d; trouble %q", n, len(got), len(truth), store.TroubleOf(h.Open(t, server.URL, noon).Name()))
	}
}

func (h Host) refuses(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(status(http.StatusUnauthorized, nil))
	defer server.Close()
	source, store := h.Open(t, server.URL, noon), &Memory{}
	err := quick().Run(t.Context(), source, store, nil)
	if collector.TroubleOf(err) != collector.Refused || !strings.Contains(err.Error(), h.Access) || strings.Contains(err.Error(), Token) {
		t.Errorf("a refused token gives %v; want it refused, naming %q", err, h.Access)
	}
	if store.TroubleOf(source.Name()) == "" {
		t.Error("the trouble is not noted")
	}
}

func (h Host) pauses(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", noon().Add(-3*time.Hour).Format(http.TimeFormat)) // its clock is three hours behind
		w.Header().Set("Retry-After", noon().Add(-3*time.Hour+90*time.Second).Format(http.TimeFormat))
		http.Error(w, `{"message":"slow down"}`, http.StatusTooManyRequests)
	}))
	defer server.Close()
	_, err := h.Open(t, server.URL, noon).Pull(t.Context(), "")
	var e *collector.Error
	if !errors.As(err, &e) || e.Trouble != collector.Passing || !e.RetryAt.Equal(noon().Add(90*time.Second)) {
		t.Errorf("a pause of 90 s gives %v", err)
	}
}

func (h Host) staysHome(t *testing.T) {
	t.Helper()
	var asked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusFound)
	}))
	defer server.Close()
	if err := quick().Run(t.Context(), h.Open(t, server.URL, noon), &Memory{}, nil); err == nil || strings.Contains(err.Error(), Token) {
		t.Errorf("a redirect to another host gives %v", err)
	}
	if asked.Load() > 0 {
		t.Error("the other host was asked")
	}
}

func status(code int, header http.Header) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"message":"a reason in words"}`)) // the client may be gone
	}
}

func breakOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "4096")
	_, _ = w.Write([]byte(`[{"id":`)) // the client may be gone
	panic(http.ErrAbortHandler)
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<!doctype html><title>Log in</title>")) // the client may be gone
}

func wrong(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`"a text"`)) // the client may be gone
}
