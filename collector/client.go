package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"shiphabit/internal/trust"
)

// Host says how a host is reached.
type Host struct {
	// Name of the source, for messages.
	Name string
	// URL is where the host's interface begins: "https://gitlab.example.com/api/v4". It carries no user and no password.
	URL string
	// Headers go with every request to that origin and to no other. Their values are secrets: they appear in no message.
	Headers map[string]string
	// Access says what a token needs, for the message when the host refuses one: "read_api".
	Access string
	// Roots is a file of certificates (PEM) to trust beside the system's; Proxy a proxy's address, in place of the environment's.
	Roots, Proxy string
	// Timeout of one request, its answer read; default one minute.
	Timeout time.Duration
	// Clock tells the time; nil is the system's.
	Clock func() time.Time
}

// Client asks one host, and nothing else: redirects and links to another origin are refused. What a host says of its limits is
// obeyed, and what goes wrong comes back as an *Error, however deep a library wraps it.
type Client struct {
	*http.Client
	// Base is the host's URL, ending in a slash.
	Base  *url.URL
	guard *guard
}

const (
	defaultTimeout = time.Minute
	// largestAnswer is far above any page of a host; a longer one is a mistake or an attack.
	largestAnswer = 64 << 20
)

// NewClient checks what it is told; it asks nothing yet.
func NewClient(h Host) (*Client, error) {
	base, err := url.Parse(h.URL)
	wrong := func(problem, remedy string) error {
		return &Error{Trouble: Unreadable, Place: h.Name, Problem: problem, Remedy: remedy, Err: err}
	}
	switch {
	case err != nil, base.Host == "", base.Scheme != "https" && base.Scheme != "http":
		return nil, wrong("its url is no address", "write it like https://host.example")
	case base.User != nil:
		return nil, wrong("its url holds a user or a password", "put them into the settings made for them")
	}
	base.Path, base.RawQuery, base.Fragment = strings.TrimSuffix(base.Path, "/")+"/", "", ""
	transport, err := h.transport()
	if err != nil {
		return nil, err
	}
	if h.Clock == nil {
		h.Clock = time.Now
	}
	if h.Timeout <= 0 {
		h.Timeout = defaultTimeout
	}
	g := &guard{host: h, base: base, below: transport}
	client := &http.Client{Transport: g, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) >= 5 {
			return g.fault(Unreadable, "it redirects more than five times", "check the url of the source")
		}
		return g.own(next.URL)
	}}
	return &Client{Client: client, Base: base, guard: g}, nil
}

func (h Host) transport() (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 8
	if h.Proxy != "" {
		proxy, err := url.Parse(h.Proxy)
		if err != nil || proxy.Host == "" {
			return nil, &Error{Trouble: Unreadable, Place: h.Name, Problem: "its proxy is no address", Remedy: "write it like http://proxy.example:3128"}
		}
		t.Proxy = http.ProxyURL(proxy)
	}
	var err error
	if t.TLSClientConfig, err = trust.TLS(h.Roots); err != nil {
		return nil, &Error{Trouble: Unreadable, Place: h.Name, Problem: err.Error(), Err: err} // it says what to do
	}
	return t, nil
}

// Budget is what the host said last of its limits.
func (c *Client) Budget() Budget { return c.guard.budget() }

// JSON asks for an address, relative to the base or in full, and decodes the answer. It returns the answer's headers.
func (c *Client) JSON(ctx context.Context, address string, query url.Values, into any) (http.Header, error) {
	return c.exchange(ctx, http.MethodGet, address, query, nil, into)
}

// PostJSON sends a body and decodes the answer.
func (c *Client) PostJSON(ctx context.Context, address string, body, into any) (http.Header, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return c.exchange(ctx, http.MethodPost, address, nil, text, into)
}

func (c *Client) exchange(ctx context.Context, method, address string, query url.Values, body []byte, into any) (http.Header, error) {
	at, err := c.Base.Parse(address)
	if err != nil {
		return nil, c.guard.fault(Unreadable, "a link of its own cannot be read", "report it: "+shorten(address))
	}
	if query != nil {
		at.RawQuery = query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.Do(request)
	if err != nil {
		return nil, Cause(ctx, err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return nil, c.Unreadable(ctx, at.Path, err)
	}
	return answer.Header, nil
}

// Unreadable says of an answer that could not be decoded whether it was cut off, which passes, or is not what it should be.
func (c *Client) Unreadable(ctx context.Context, path string, err error) error {
	if cause := Cause(ctx, err); TroubleOf(cause) != "" || ctx.Err() != nil {
		return cause
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return c.guard.fault(Passing, "the answer broke off", "")
	}
	e := c.guard.fault(Unreadable, "what "+path+" answers is not the JSON it should be", "check the url of the source")
	e.Err = err
	return e
}

// Cause is the *Error inside what a library returned, or the end of the context; else err itself.
func Cause(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return err
}

// NextLink is the address of the next page in a Link header, "" on the last page.
func NextLink(h http.Header) string {
	for _, value := range h.Values("Link") {
		for _, link := range strings.Split(value, "<")[1:] { // an address may hold commas
			address, rest, found := strings.Cut(link, ">")
			if found && strings.Contains(strings.ReplaceAll(rest, `"`, ""), "rel=next") {
				return address
			}
		}
	}
	return ""
}

func shorten(s string) string {
	const most = 200
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func (c *Client) String() string { return fmt.Sprintf("client of %s", c.Base.Redacted()) }
