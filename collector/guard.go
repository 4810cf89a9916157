package collector

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// guard stands between a client and the network: it adds the credentials, keeps them from other origins, waits where the host
// says so, and turns what goes wrong into words.
type guard struct {
	host  Host
	base  *url.URL
	below http.RoundTripper

	mu     sync.Mutex
	limits Budget
}

// RoundTrip sends a request. An answer that is no success is an *Error.
func (g *guard) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := g.own(request.URL); err != nil {
		return nil, err
	}
	if until := g.exhausted(); !until.IsZero() {
		return nil, &Error{Trouble: Passing, Place: g.host.Name, Problem: "the host's limit of calls is used up", RetryAt: until}
	}
	// The limit of time is ours and not the client's, whose own error could not be told from an end that the caller wanted.
	limited, cancel := context.WithTimeout(request.Context(), g.host.Timeout)
	asked := request.Clone(limited)
	for name, value := range g.host.Headers {
		asked.Header.Set(name, value)
	}
	answer, err := g.below.RoundTrip(asked)
	if err != nil {
		cancel()
		return nil, g.unreached(request, err)
	}
	answer.Body = &answerBody{inner: answer.Body, guard: g, request: request, cancel: cancel}
	g.note(answer)
	if answer.StatusCode < 300 || answer.StatusCode == http.StatusNotModified || answer.StatusCode < 400 && answer.Header.Get("Location") != "" {
		return answer, nil
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	return nil, g.refusal(request, answer)
}

// own refuses addresses that are not the host's.
func (g *guard) own(at *url.URL) error {
	if at.Scheme == g.base.Scheme && origin(at) == origin(g.base) {
		return nil
	}
	return g.fault(Unreadable, "it points at another host, "+shorten(at.Scheme+"://"+at.Host)+", which is not asked", "check the url of the source")
}

// origin is the host and port of an address, however they are written.
func origin(at *url.URL) string {
	port := at.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[at.Scheme]
	}
	return strings.ToLower(at.Hostname()) + ":" + port
}

func (g *guard) fault(trouble Trouble, problem, remedy string) *Error {
	return &Error{Trouble: trouble, Place: g.host.Name, Problem: g.mask(problem), Remedy: remedy}
}

// mask takes the credentials out of a text that a host or a library wrote.
func (g *guard) mask(text string) string {
	for _, value := range g.host.Headers {
		parts := append([]string{value}, strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == '=' || r == '"' })...)
		if _, encoded, basic := strings.Cut(value, "Basic "); basic {
			if pair, err := base64.StdEncoding.DecodeString(encoded); err == nil {
				_, password, _ := strings.Cut(string(pair), ":")
				parts = append(parts, string(pair), password)
			}
		}
		for _, secret := range parts {
			if len(secret) >= 8 {
				text = strings.ReplaceAll(text, secret, "***")
			}
		}
	}
	return text
}

// unreached says why there was no answer at all.
func (g *guard) unreached(request *http.Request, err error) error {
	if request.Context().Err() != nil {
		return err
	}
	var unknown x509.UnknownAuthorityError
	var named x509.HostnameError
	var expired x509.CertificateInvalidError
	if errors.As(err, &unknown) || errors.As(err, &named) || errors.As(err, &expired) {
		e := g.fault(Refused, "its certificate is not trusted: "+err.Error(), "name the certificate of its issuer with ca_file")
		e.Err = err
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return g.slow()
	}
	e := g.fault(Passing, "it cannot be reached: "+shorten(err.Error()), "check the url, the network and the proxy")
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		e.Problem = "there is no host " + dns.Name
	}
	e.Err = err
	return e
}

// slow says that an answer took longer than a request may.
func (g *guard) slow() error {
	return g.fault(Passing, "it does not answer within "+g.host.Timeout.String(), "give it longer with timeout, or ask for less at once")
}

// refusal says what an answer without success means.
func (g *guard) refusal(request *http.Request, answer *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10)) // as much as can be had; it only adds words
	said := said(text)
	status := fmt.Sprintf("%s answers %d", request.URL.Path, answer.StatusCode)
	if said != "" {
		status += ", " + strconv.Quote(said)
	}
	access := "a token that may read this"
	if g.host.Access != "" {
		access = "a token with " + g.host.Access
	}
	retryAt := g.retryAt(answer)
	switch code := answer.StatusCode; {
	case code == http.StatusTooManyRequests,
		code == http.StatusForbidden && (!retryAt.IsZero() || strings.Contains(strings.ToLower(said), "rate limit")):
		e := g.fault(Passing, "the host asks for a pause: "+status, "")
		e.RetryAt = retryAt
		return e
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooEarly:
		e := g.fault(Passing, status, "")
		e.RetryAt, e.Failing = retryAt, code == http.StatusInternalServerError
		return e
	case code == http.StatusUnauthorized:
		return g.fault(Refused, "the host does not accept the token: "+status, "give the source "+access+" that has not expired")
	case code == http.StatusForbidden:
		return g.fault(Forbidden, "the token may not read this: "+status, "give the source "+access)
	case code == http.StatusNotFound, code == http.StatusGone:
		return g.fault(Missing, "it is not there, or the token may not see it: "+status, "check its name, and give the source "+access)
	}
	return g.fault(Unreadable, status, "check the settings of the source")
}

// said is the sentence in an answer's body, where there is one.
func said(body []byte) string {
	var object map[string]any
	if json.Unmarshal(body, &object) == nil {
		for _, key := range []string{"message", "error_description", "error", "errorMessages", "errors", "detail"} {
			switch value := object[key].(type) {
			case string:
				return shorten(value)
			case []any, map[string]any:
				if text, err := json.Marshal(value); err == nil && len(text) > 4 {
					return shorten(string(text))
				}
			}
		}
		return ""
	}
	if strings.Contains(string(body[:min(len(body), 512)]), "<") {
		return "" // a page for a browser
	}
	return shorten(string(body))
}

// retryAt is when the host lets us ask again, by our own clock whatever the host's clock says; zero when it does not say.
func (g *guard) retryAt(answer *http.Response) time.Time {
	now := g.host.Clock()
	if after := answer.Header.Get("Retry-After"); after != "" {
		if seconds, err := strconv.Atoi(after); err == nil {
			return now.Add(time.Duration(min(max(0, seconds), longestPause)) * time.Second)
		}
		if at, err := http.ParseTime(after); err == nil {
			return now.Add(max(0, at.Sub(hostTime(answer, now))))
		}
	}
	if b, ok := g.stated(answer); ok && b.Left == 0 {
		return b.ResetAt
	}
	return time.Time{}
}

// longestPause is the longest pause that a host may ask for, in seconds: a day. After it the host can ask again.
const longestPause = 24 * 60 * 60

// hostTime is the time of the answer by the host's own clock.
func hostTime(answer *http.Response, now time.Time) time.Time {
	if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		return at
	}
	return now
}

// stated reads the limits of an answer: GitHub's X-RateLimit-*, GitLab's RateLimit-*, and the same words of others. A reset is a time
// since 1970, or seconds from now where it is small.
func (g *guard) stated(answer *http.Response) (Budget, bool) {
	for _, prefix := range []string{"X-RateLimit-", "RateLimit-", "X-Ratelimit-"} {
		left, err := strconv.Atoi(answer.Header.Get(prefix + "Remaining"))
		if err != nil {
			continue
		}
		b := Budget{Left: max(0, left)}
		b.Limit, _ = strconv.Atoi(answer.Header.Get(prefix + "Limit"))
		b.Limit = max(b.Limit, b.Left, 1)
		now := g.host.Clock()
		if reset, err := strconv.ParseInt(answer.Header.Get(prefix+"Reset"), 10, 64); err == nil {
			wait := time.Duration(reset) * time.Second
			if reset > 1_000_000_000 {
				wait = time.Unix(reset, 0).Sub(hostTime(answer, now))
			}
			b.ResetAt = now.Add(max(0, wait))
		}
		return b, true
	}
	return Budget{}, false
}

func (g *guard) note(answer *http.Response) {
	if b, ok := g.stated(answer); ok {
		g.mu.Lock()
		g.limits = b
		g.mu.Unlock()
	}
}

func (g *guard) budget() Budget {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limits
}

// exhausted is when the limit that was used up begins anew; zero when calls are left or nothing is known.
func (g *guard) exhausted() time.Time {
	b := g.budget()
	if b.Limit > 0 && b.Left == 0 && b.ResetAt.After(g.host.Clock()) {
		return b.ResetAt
	}
	return time.Time{}
}

// answerBody limits an answer and says when it broke off.
type answerBody struct {
	inner   io.ReadCloser
	guard   *guard
	request *http.Request // as the caller made it
	cancel  context.CancelFunc
	read    int64
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.inner.Read(p)
	b.read += int64(n)
	if b.read > largestAnswer {
		return 0, b.guard.fault(Unreadable, fmt.Sprintf("an answer is longer than %d MB", largestAnswer>>20), "check the url of the source")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		if b.request.Context().Err() != nil {
			return n, err
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return n, b.guard.slow()
		}
		e := b.guard.fault(Passing, "the answer broke off: "+shorten(err.Error()), "")
		e.Err = err
		return n, e
	}
	return n, err
}

func (b *answerBody) Close() error {
	defer b.cancel()
	return b.inner.Close()
}
