package main

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

	"github.com/spf13/cobra"

	"shiphabit/internal/store"
)

// maxAnswer is the largest answer a client reads, in bytes.
const maxAnswer = 256 << 20

// client asks a running server.
type client struct {
	base  string
	token string
	// spare are tried in turn when the token is not known to the server, or has expired.
	spare []string
	http  *http.Client
	now   func() time.Time
	clock *serverClock // of the server, as its answers tell
}

// problem is the part of a problem+json answer that people need.
type problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Status int    `json:"status"`
	// Damaged tells that what the answer needs is stored and cannot be read.
	Damaged bool `json:"damaged"`
}

// damagedThere says so of a server.
type damagedThere struct{ error }

func (damagedThere) Is(target error) bool { return target == store.ErrDamaged }

// unreachable says that no server answered, or that it answered that it cannot.
type unreachable struct {
	base string
	err  error
	said bool // it answered: the error is what it said
}

func (u unreachable) Error() string {
	if u.said {
		return fmt.Sprintf("%s answers that it cannot (%v); its log says why", u.base, u.err)
	}
	return fmt.Sprintf("%s does not answer (%v); start it with 'shiphabit serve', or name another with --server or SHIPHABIT_URL", u.base, u.err)
}

func (u unreachable) Unwrap() error { return u.err }

// serverFlags are the flags of commands that ask a server.
type serverFlags struct{ server, token string }

func (f *serverFlags) add(command *cobra.Command) {
	command.Flags().StringVar(&f.server, "server", "", "the server's URL (SHIPHABIT_URL, default http://127.0.0.1:8080)")
	command.Flags().StringVar(&f.token, "token", "", "an API token (better: SHIPHABIT_TOKEN, which other processes cannot read from the command line)")
}

func (p *program) client(f serverFlags, timeout time.Duration) (client, error) {
	base := strings.TrimRight(p.setting(f.server, "SHIPHABIT_URL", "http://127.0.0.1:8080"), "/")
	parsed, err := url.Parse(base)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return client{}, usage("the server's URL %q is not one: write it like http://127.0.0.1:8080", base)
	}
	// A token must not follow a redirect to another host.
	stay := func(request *http.Request, via []*http.Request) error {
		if request.URL.Host != via[0].URL.Host {
			return fmt.Errorf("the server redirects to another host, %s", request.URL.Host)
		}
		return nil
	}
	return client{
		base:  base,
		token: p.setting(f.token, "SHIPHABIT_TOKEN", ""),
		http:  &http.Client{Timeout: timeout, CheckRedirect: stay},
		now:   p.now,
		clock: &serverClock{},
	}, nil
}

// call sends a JSON body (nil for none) and decodes the answer into out (nil to ignore it, *[]byte to take it as it is).
func (c client) call(ctx context.Context, method, path string, header http.Header, body, out any) error {
	var encoded []byte
	if body != nil {
		var err error
		if encoded, err = json.Marshal(body); err != nil {
			return err
		}
	}
	first := c.once(ctx, method, path, header, encoded, out)
	var unknown unknownCaller
	for err := first; errors.As(err, &unknown); {
		if len(c.spare) == 0 {
			return first // what the best token was refused for
		}
		c.token, c.spare = c.spare[0], c.spare[1:]
		if err = c.once(ctx, method, path, header, encoded, out); !errors.As(err, &unknown) {
			return err
		}
	}
	return first
}

// unknownCaller says that the server does not know the token, or no more.
type unknownCaller struct{ error }

// once sends one request.
func (c client) once(ctx context.Context, method, path string, header http.Header, body []byte, out any) error {
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return unreachable{base: c.base, err: rootCause(err)}
	}
	defer func() { _ = response.Body.Close() }()
	c.clock.hear(response.Header.Get("Date"), c.now())
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return unreachable{base: c.base, err: err}
	}
	return c.read(response, data, out)
}

func (c client) read(response *http.Response, data []byte, out any) error {
	if response.StatusCode >= http.StatusInternalServerError {
		said, err := problem{}, fmt.Errorf("%s: %s", response.Status, saidBy(data))
		if json.Unmarshal(data, &said) == nil && said.Damaged {
			err = damagedThere{errors.New(saidBy(data))}
		}
		return unreachable{c.base, err, true}
	}
	if response.StatusCode == http.StatusUnauthorized {
		return exitError{exitForbidden, unknownCaller{fmt.Errorf("%s refuses: %s", c.base, saidBy(data))}}
	}
	if response.StatusCode == http.StatusForbidden {
		return exitError{exitForbidden, fmt.Errorf("%s refuses: %s", c.base, saidBy(data))}
	}
	if response.StatusCode >= http.StatusBadRequest {
		return exitError{exitUsage, errors.New(saidBy(data))}
	}
	if out == nil {
		return nil
	}
	if file, ok := out.(*[]byte); ok { // any format, as it came
		*file = data
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return unreachable{c.base, fmt.Errorf("the answer is no JSON of ours: %w", err), true}
	}
	return nil
}

// saidBy is the sentence of a problem answer, or the start of whatever came instead.
func saidBy(data []byte) string {
	var said problem
	if json.Unmarshal(data, &said) == nil && said.Title != "" {
		if said.Detail == "" {
			return said.Title
		}
		return said.Detail
	}
	text := strings.TrimSpace(string(data))
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	if text == "" {
		return "no reason given"
	}
	return text
}

// rootCause drops the method and URL that net/http puts before the cause: the caller names the server anyway.
func rootCause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
