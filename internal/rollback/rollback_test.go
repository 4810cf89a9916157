package rollback

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/collector"
	"shiphabit/metrics/gate"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const secret = "s3cret-of-the-hook"

// pipeline is a receiver that answers with a status and keeps what it was sent.
type pipeline struct {
	status int
	header map[string]string

	mu    sync.Mutex
	heads []http.Header
	texts []string
}

func (p *pipeline) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heads, p.texts = append(p.heads, r.Header), append(p.texts, string(body))
	for name, value := range p.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(p.status)
}

func hookAt(t *testing.T, address string, change ...func(*Options)) *Hook {
	t.Helper()
	o := Options{URL: address, Secret: secret, Clock: func() time.Time { return noon }}
	for _, c := range change {
		c(&o)
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAHookIsToldOnceSignedWithTheTimeAndTheKey(t *testing.T) {
	t.Parallel()
	p := &pipeline{status: http.StatusCreated}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	a := hookAt(t, server.URL+"/ref/main/trigger/pipeline?token=t0ken").Tell(t.Context(), "rb_1", `{"a":1}`)
	if !a.Took || a.Says != "it answered 201" || len(p.texts) != 1 || p.texts[0] != `{"a":1}` {
		t.Fatalf("%+v, %q", a, p.texts)
	}
	h := p.heads[0]
	stamp := strconv.FormatInt(noon.Unix(), 10)
	if h.Get(KeyHeader) != "rb_1" || h.Get(TimeHeader) != stamp || h.Get("Content-Type") != "application/json" {
		t.Errorf("%v", h)
	}
	if !collector.Signed(h.Get(SignatureHeader), []byte(stamp+"."+p.texts[0]), []string{secret}) {
		t.Errorf("the signature %q is not what this program takes itself", h.Get(SignatureHeader))
	}
}

func TestWhatPassesIsToldFromWhatDoesNot(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]Answer{
		http.StatusOK:                  {Took: true},
		http.StatusNoContent:           {Took: true},
		http.StatusFound:               {},
		http.StatusTemporaryRedirect:   {},
		http.StatusBadRequest:          {},
		http.StatusUnauthorized:        {},
		http.StatusNotFound:            {},
		http.StatusRequestTimeout:      {Again: true, After: 90 * time.Second},
		http.StatusTooManyRequests:     {Again: true, After: 90 * time.Second},
		http.StatusInternalServerError: {Again: true, After: 90 * time.Second},
		http.StatusServiceUnavailable:  {Again: true, After: 90 * time.Second},
	} {
		elsewhere := &pipeline{status: http.StatusOK}
		other := httptest.NewServer(elsewhere)
		t.Cleanup(other.Close)
		p := &pipeline{status: status, header: map[string]string{"Location": other.URL, "Retry-After": "90"}}
		server := httptest.NewServer(p)
		t.Cleanup(server.Close)
		got := hookAt(t, server.URL).Tell(t.Context(), "rb_1", "{}")
		if !strings.Contains(got.Says, strconv.Itoa(status)) {
			t.Errorf("%d: says %q", status, got.Says)
		}
		if got.Says = ""; got != want || len(elsewhere.texts) != 0 {
			t.Errorf("%d: %+v, want %+v; a redirect led to %d requests", status, got, want, len(elsewhere.texts))
		}
	}
}

func TestAHookThatIsNotReachedIsTriedAgainAndItsAddressIsNotSaid(t *testing.T) {
	t.Parallel()
	hangs := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hangs }))
	t.Cleanup(func() { close(hangs); silent.Close() })
	stranger := httptest.NewTLSServer(&pipeline{status: http.StatusOK})
	t.Cleanup(stranger.Close)
	for name, address := range map[string]string{"nobody": "http://127.0.0.1:9/x?token=t0ken", "silent": silent.URL + "/x?token=t0ken", "a certificate of nobody": stranger.URL + "/x?token=t0ken"} {
		a := hookAt(t, address, func(o *Options) { o.Timeout = 100 * time.Millisecond }).Tell(t.Context(), "rb_1", "{}")
		if a.Took || !a.Again || strings.Contains(a.Says, "t0ken") || !strings.HasPrefix(a.Says, "it was not reached: ") {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestACertificateOfItsOwnIsTrustedWhereItIsNamed(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(&pipeline{status: http.StatusOK})
	t.Cleanup(server.Close)
	roots := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if a := hookAt(t, server.URL, func(o *Options) { o.Roots = roots }).Tell(t.Context(), "rb_1", "{}"); !a.Took {
		t.Errorf("%+v", a)
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, says := range map[string]string{filepath.Join(t.TempDir(), "none"): "no such file or directory; name a PEM file that the program may read", empty: "holds no certificate; name a PEM file"} {
		if _, err := New(Options{URL: server.URL, Secret: secret, Roots: file}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, o := range []Options{{URL: "ftp://ci.example.org", Secret: secret}, {URL: "https://ci.example.org"}} {
		if _, err := New(o); err == nil {
			t.Errorf("%s is taken", o.URL)
		}
	}
}

func TestATargetTellsAddressesApartAndDoesNotGiveThemAway(t *testing.T) {
	t.Parallel()
	one, two := hookAt(t, "https://ci.example.org/a"), hookAt(t, "https://ci.example.org/b")
	if one.Target() == two.Target() || one.Target() != hookAt(t, "https://ci.example.org/a").Target() || len(one.Target()) != 32 {
		t.Errorf("%q and %q", one.Target(), two.Target())
	}
	if other := hookAt(t, "https://ci.example.org/a", func(o *Options) { o.Secret = "another" }); other.Target() == one.Target() {
		t.Error("without the secret the target can be worked out from a guessed address")
	}
}

func TestTheDocumentSaysWhatFailedWhatWasGoodAndWhy(t *testing.T) {
	t.Parallel()
	w := gate.FailedWatch{
		Service: "pay/api", Environment: "production", Reason: "The watch of 2.0 in production found it unhealthy.", At: noon, KnownAt: noon.Add(time.Minute), Decision: "gd_1",
		Failed: gate.Deployed{ID: "ci/2", Version: "2.0", Digest: "sha256:2", Revision: "c2", FinishedAt: noon.Add(-time.Hour)},
		Good:   &gate.Deployed{ID: "ci/1", Version: "1.0", Digest: "sha256:1", FinishedAt: noon.Add(-2 * time.Hour)},
	}
	text, err := Document(w, "https://ship.example.org")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"kind":"rollback","rollback":"` + ID("pay/api", "ci/2") + `","service":"pay/api","environment":"production",` +
		`"failed":{"deployment":"ci/2","version":"2.0","digest":"sha256:2","commit":"c2","finished_at":"2026-03-02T11:00:00Z"},` +
		`"good":{"deployment":"ci/1","version":"1.0","digest":"sha256:1","finished_at":"2026-03-02T10:00:00Z"},` +
		`"reason":"The watch of 2.0 in production found it unhealthy.","unhealthy_at":"2026-03-02T12:00:00Z","known_at":"2026-03-02T12:01:00Z","decision":"gd_1",` +
		`"links":{"deployment":"https://ship.example.org/services/pay%2Fapi/record?id=ci%2F2","good":"https://ship.example.org/services/pay%2Fapi/record?id=ci%2F1",` +
		`"gate":"https://ship.example.org/services/pay%2Fapi/gate","decision":"https://ship.example.org/gate/decisions/gd_1"}}`
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
	var top map[string]any
	if err := json.Unmarshal([]byte(text), &top); err != nil {
		t.Fatal(err)
	}
	for _, taken := range []string{"id", "ref", "variables", "inputs", "token"} {
		if _, there := top[taken]; there {
			t.Errorf("GitLab lays its own %s over ours", taken)
		}
	}
	if ID("pay/api", "ci/2") == ID("pay/api", "ci/1") || ID("a", "b/c") == ID("a/b", "c") {
		t.Error("two rollbacks have one key")
	}
}
