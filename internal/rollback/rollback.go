// Package rollback tells a service's own pipeline, over a signed webhook, to put back what was good before. It asks the address it is told
// and no other, shows no secret, which the address may hold, and keeps nothing.
package rollback

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shiphabit/internal/identity"
)

// The headers of a delivery, those that this program takes itself: the signature is over the time, a dot and the body.
const (
	SignatureHeader = "X-Shiphabit-Signature"
	TimeHeader      = "X-Shiphabit-Timestamp"
	KeyHeader       = "Idempotency-Key"
)

// Timeout is how long a hook may take to answer: it is to begin something, not to wait for its end.
const Timeout = 15 * time.Second

// Options are what a hook needs.
type Options struct {
	URL, Secret string
	// Roots is a file of certificates (PEM) to trust beside the system's.
	Roots   string
	Clock   func() time.Time
	Timeout time.Duration // that of the package when it is not set
}

// Hook is the address of a pipeline.
type Hook struct {
	o      Options
	client *http.Client
}

// New checks what it is told; it asks nothing yet.
func New(o Options) (*Hook, error) {
	if u, err := url.Parse(o.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("its url is no address; write it like https://ci.example.org/rollback")
	}
	if o.Secret == "" {
		return nil, errors.New("it has no secret: anybody could roll back in the gate's name")
	}
	client, err := identity.NewClient(o.Roots)
	if err != nil {
		return nil, err
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // only the host that was configured is told
	if client.Timeout = o.Timeout; o.Timeout <= 0 {
		client.Timeout = Timeout
	}
	return &Hook{o: o, client: client}, nil
}

// Target tells one address from another without giving it away.
func (h *Hook) Target() string { return h.sign(h.o.URL)[:32] }

func (h *Hook) sign(text string) string {
	mac := hmac.New(sha256.New, []byte(h.o.Secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// Answer is what became of telling a hook.
type Answer struct {
	Took bool
	// Again: it may take it later, not before After where that is set.
	Again bool
	After time.Duration
	Says  string
}

// Tell sends a body under a key; whoever is sent the same key twice has been told once.
func (h *Hook) Tell(ctx context.Context, key, body string) Answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.o.URL, strings.NewReader(body))
	if err != nil {
		return Answer{Says: "its address cannot be asked"}
	}
	now := strconv.FormatInt(h.o.Clock().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "shiphabit")
	request.Header.Set(KeyHeader, key)
	request.Header.Set(TimeHeader, now)
	request.Header.Set(SignatureHeader, "sha256="+h.sign(now+"."+body))
	answer, err := h.client.Do(request)
	if err != nil {
		return Answer{Again: true, Says: "it was not reached: " + h.without(err)}
	}
	defer answer.Body.Close()                                     //nolint:errcheck // it was only read
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 4096)) // what it says may repeat the address
	return judge(answer)
}

// judge tells what passes from what does not.
func judge(answer *http.Response) Answer {
	status := answer.StatusCode
	a := Answer{Says: fmt.Sprintf("it answered %d", status)}
	switch {
	case status >= 200 && status <= 299:
		a.Took = true
	case status >= 300 && status <= 399:
		a.Says += ", a redirect, and no other address than the one configured is told"
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		a.Again = true
		if seconds, err := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 16); err == nil {
			a.After = time.Duration(seconds) * time.Second
		}
	default:
		a.Says += "; check its address and what it expects"
	}
	return a
}

// without drops the address from what went wrong.
func (h *Hook) without(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return strings.ReplaceAll(err.Error(), h.o.URL, "…")
}
