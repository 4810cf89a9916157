package api_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/collector/webhook"
)

// bearer takes whoever shows the secret in the header, whatever the body.
type bearer struct{ sizeHook }

func (bearer) Authentic(h http.Header, _ []byte) bool {
	return h.Get("Authorization") == "Bearer "+hookSecret
}

// crowd begins so many large deliveries to a source, without a secret, and leaves them open.
func (s site) crowd(source string, n int) {
	s.Helper()
	for range n {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			s.Fatal(err)
		}
		s.Cleanup(func() { _ = conn.Close() })
		head := "POST /hooks/" + source + " HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"
		_, _ = conn.Write([]byte(head + strings.Repeat("x", 1<<20+10))) // a server that hangs up is what is wanted
	}
}

func TestStrangersKeepNoLargeDeliveryOut(t *testing.T) {
	t.Parallel()
	s := hookSite(t, func(o *api.Options) {
		o.Hooks["other"], o.Hooks["shown"] = hookUnder{webhook.Hook{Source: "other", Clock: o.Clock}, []string{oldSecret}}, bearer{}
	})
	s.crowd("nosuch", 8)
	s.crowd("other", 8)
	s.crowd("shown", 8)
	body := shipped("1") + strings.Repeat("\n", 1<<20)
	s.ask("POST", "/hooks/ci", body, webhook.SignatureHeader, signed(hookSecret, body), webhook.DeliveryHeader, "d1").is(http.StatusOK)
	s.ask("POST", "/hooks/shown", body, "Authorization", "Bearer "+hookSecret).is(http.StatusOK)
}

// timed is an answer's writer that notes how long its connection may be read from.
type timed struct {
	*httptest.ResponseRecorder
	until []time.Time
}

func (w *timed) SetReadDeadline(until time.Time) error {
	w.until = append(w.until, until)
	return nil
}

func TestADeliveryThatDoesNotComeIsNotWaitedForWithoutEnd(t *testing.T) {
	t.Parallel()
	var handler http.Handler
	hookSite(t, func(o *api.Options) {
		var err error
		if handler, err = api.New(*o); err != nil {
			t.Fatal(err)
		}
	})
	for body, want := range map[string]int{"x": 2, strings.Repeat("x", 100<<10): 3, strings.Repeat("x", 2<<20): 4} {
		began := time.Now()
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hooks/ci", strings.NewReader(body)))
		if len(w.until) != want || !w.until[want-1].IsZero() {
			t.Fatalf("%d bytes: %v", len(body), w.until)
		}
		for _, until := range w.until[:want-1] {
			if wait := until.Sub(began); wait < 9*time.Second || wait > time.Minute {
				t.Errorf("%d bytes: a part may take %s", len(body), wait)
			}
		}
	}
	w := &timed{ResponseRecorder: httptest.NewRecorder()}
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hooks/nobody", strings.NewReader("x")))
	if w.Code != http.StatusUnauthorized || len(w.until) != 1 || w.until[0].IsZero() {
		t.Errorf("a source that there is not: %d, %v", w.Code, w.until)
	}
}
