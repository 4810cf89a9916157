package collector_test

import (
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
)

const secret = "s3cret-token-0123456789"

func client(t *testing.T, h collector.Host) *collector.Client {
	t.Helper()
	h.Name, h.Access = "host", "read_things"
	if h.Headers == nil {
		h.Headers = map[string]string{"Authorization": "Bearer " + secret}
	}
	if h.Clock == nil {
		h.Clock = func() time.Time { return day(1) }
	}
	c, err := collector.NewClient(h)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatAHostAnswersBecomesATroubleWithItsRemedy(t *testing.T) {
	t.Parallel()
	reset := strconv.FormatInt(day(1).Add(time.Hour).Unix(), 10)
	for sentence, c := range map[string]struct {
		code    int
		header  map[string]string
		body    string
		trouble collector.Trouble
		says    string
		wait    time.Duration
	}{
		"a token that is refused":            {401, nil, `{"message":"Bad credentials"}`, collector.Refused, `"Bad credentials"; give the source a token with read_things that has not expired`, 0},
		"a token of too little":              {403, nil, `{"error":"insufficient_scope"}`, collector.Forbidden, "a token with read_things", 0},
		"a host that echoes the token":       {403, nil, `{"message":"token ` + secret + ` is too weak"}`, collector.Forbidden, "token *** is too weak", 0},
		"a primary limit":                    {403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "5000", "X-RateLimit-Reset": reset}, `{}`, collector.Passing, "asks for a pause", time.Hour},
		"a limit by words alone":             {403, nil, `{"message":"You have exceeded a secondary rate limit"}`, collector.Passing, "asks for a pause", 0},
		"a limit with seconds":               {429, map[string]string{"Retry-After": "7"}, ``, collector.Passing, "asks for a pause", 7 * time.Second},
		"a limit with a reset from now":      {429, map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": "30"}, ``, collector.Passing, "asks for a pause", 30 * time.Second},
		"a clock that is a day ahead":        {429, map[string]string{"Date": day(2).Format(http.TimeFormat), "Retry-After": day(2).Add(time.Minute).Format(http.TimeFormat)}, ``, collector.Passing, "pause", time.Minute},
		"a record that is not there":         {404, nil, `{"message":"404 Project Not Found"}`, collector.Missing, "404 Project Not Found", 0},
		"a record that is gone":              {410, nil, `{"message":"Issues are disabled"}`, collector.Missing, "Issues are disabled", 0},
		"a host under maintenance":           {503, map[string]string{"Retry-After": "120"}, `<html>soon</html>`, collector.Passing, "answers 503", 2 * time.Minute},
		"a question that it does not accept": {422, nil, `{"errors":["bad since"]}`, collector.Unreadable, `bad since`, 0},
	} {
		address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", day(1).Format(http.TimeFormat))
			for name, value := range c.header {
				w.Header().Set(name, value)
			}
			w.WriteHeader(c.code)
			_, _ = io.WriteString(w, c.body)
		}))
		var into any
		_, err := client(t, collector.Host{URL: address}).JSON(t.Context(), "things", nil, &into)
		var e *collector.Error
		if !errors.As(err, &e) || e.Trouble != c.trouble || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", sentence, err)
			continue
		}
		want := time.Time{}
		if c.wait > 0 {
			want = day(1).Add(c.wait)
		}
		if !e.RetryAt.Equal(want) {
			t.Errorf("%s: again at %v, want %v", sentence, e.RetryAt, want)
		}
	}
}

func TestNothingIsAskedWhileAHostsLimitIsUsedUp(t *testing.T) {
	t.Parallel()
	now, asked := day(1), 0
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Date", now.Format(http.TimeFormat))
		w.Header().Set("RateLimit-Limit", "60")
		w.Header().Set("RateLimit-Remaining", "0")
		w.Header().Set("RateLimit-Reset", strconv.FormatInt(now.Add(time.Minute).Unix(), 10))
		_, _ = io.WriteString(w, "{}")
	}))
	c := client(t, collector.Host{URL: address, Clock: func() time.Time { return now }})
	var into any
	if _, err := c.JSON(t.Context(), "things", nil, &into); err != nil {
		t.Fatal(err)
	}
	if b := c.Budget(); b.Left != 0 || b.Limit != 60 || !b.ResetAt.Equal(now.Add(time.Minute)) {
		t.Errorf("the budget is %+v", b)
	}
	if _, err := c.JSON(t.Context(), "things", nil, &into); collector.TroubleOf(err) != collector.Passing || asked != 1 {
		t.Errorf("%v after %d requests", err, asked)
	}
	now = now.Add(2 * time.Minute)
	if _, err := c.JSON(t.Context(), "things", nil, &into); err != nil || asked != 2 {
		t.Errorf("%v after %d requests, once the limit has begun anew", err, asked)
	}
}

func TestCredentialsGoToTheHostAloneAndOtherHostsAreNotAsked(t *testing.T) {
	t.Parallel()
	other := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host was asked") }))
	var seen string
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Get("Authorization")
		w.Header().Set("Link", `<`+other+`/things?page=2>; rel="next", <x>; rel="last"`)
		_, _ = io.WriteString(w, "{}")
	}))
	c := client(t, collector.Host{URL: address})
	var into any
	header, err := c.JSON(t.Context(), "things", nil, &into)
	if err != nil || seen != "Bearer "+secret {
		t.Fatalf("%v, %q", err, seen)
	}
	if _, err := c.JSON(t.Context(), collector.NextLink(header), nil, &into); collector.TroubleOf(err) != collector.Unreadable || !strings.Contains(err.Error(), "another host") {
		t.Errorf("a link to another host gives %v", err)
	}
}

func TestACertificateOfOnesOwnIsTrustedWhenItIsNamed(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	t.Cleanup(server.Close)
	server.Config.ErrorLog = nil
	var into any
	if _, err := client(t, collector.Host{URL: server.URL}).JSON(t.Context(), "", nil, &into); collector.TroubleOf(err) != collector.Refused || !strings.Contains(err.Error(), "ca_file") {
		t.Errorf("an unknown certificate gives %v", err)
	}
	roots := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(roots, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := client(t, collector.Host{URL: server.URL, Roots: roots}).JSON(t.Context(), "", nil, &into); err != nil {
		t.Errorf("a trusted certificate gives %v", err)
	}
}

func TestAProxyIsAskedInPlaceOfTheHost(t *testing.T) {
	t.Parallel()
	proxy := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `"`+r.Host+`"`) }))
	var said string
	if _, err := client(t, collector.Host{URL: "http://host.invalid/api", Proxy: proxy}).JSON(t.Context(), "things", nil, &said); err != nil || said != "host.invalid" {
		t.Errorf("%q, %v", said, err)
	}
}

func TestAClientIsNotMadeOfWrongSettings(t *testing.T) {
	t.Parallel()
	for sentence, h := range map[string]collector.Host{
		"no address":             {URL: "host.example"},
		"another scheme":         {URL: "ftp://host.example"},
		"a password":             {URL: "https://ada:hunter22@host.example"},
		"no certificate":         {URL: "https://host.example", Roots: filepath.Join(t.TempDir(), "none.pem")},
		"a proxy without a host": {URL: "https://host.example", Proxy: "proxy"},
	} {
		if _, err := collector.NewClient(h); err == nil || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: %v", sentence, err)
		}
	}
}

func TestAnAnswerThatTakesTooLongIsAPassingTrouble(t *testing.T) {
	t.Parallel()
	for sentence, begin := range map[string]func(w http.ResponseWriter){
		"nothing is answered": func(http.ResponseWriter) {},
		"the answer never ends": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"a":`)
			w.(http.Flusher).Flush()
		},
	} {
		address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begin(w)
			<-r.Context().Done()
		}))
		var into any
		_, err := client(t, collector.Host{URL: address, Timeout: 50 * time.Millisecond}).JSON(t.Context(), "things", nil, &into)
		if collector.TroubleOf(err) != collector.Passing || !strings.Contains(err.Error(), "does not answer within 50ms") {
			t.Errorf("%s: %q, %v", sentence, collector.TroubleOf(err), err)
		}
	}
}

func TestAPauseOfThreeCenturiesIsADay(t *testing.T) {
	t.Parallel()
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "9300000000")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	var into any
	_, err := client(t, collector.Host{URL: address}).JSON(t.Context(), "things", nil, &into)
	var e *collector.Error
	if !errors.As(err, &e) || !e.RetryAt.Equal(day(2)) {
		t.Errorf("%v, again at %v", err, e.RetryAt)
	}
}

func TestALinkIsReadWhateverItsAddressHoldsAndHoweverTheHostIsWritten(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		`<https://h/a?x=1,2&page=3>; rel="next", <https://h/a?page=9>; rel="last"`: "https://h/a?x=1,2&page=3",
		`<https://h/a?page=1>; rel="prev", <https://h/a?page=3>; rel=next`:         "https://h/a?page=3",
		`<https://h/a?page=9>; rel="last"`:                                         "",
		`rel="next"`:                                                               "",
	} {
		if got := collector.NextLink(http.Header{"Link": {link}}); got != want {
			t.Errorf("%s: %q", link, got)
		}
	}
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	c := client(t, collector.Host{URL: strings.Replace(address, "127.0.0.1", "LOCALHOST", 1)})
	var into any
	if _, err := c.JSON(t.Context(), strings.Replace(address, "127.0.0.1", "localhost", 1)+"/things", nil, &into); err != nil {
		t.Errorf("the same host in other letters: %v", err)
	}
}
