package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Webhook is a channel to a chat that takes {"text": …} at a secret address: Slack, Mattermost, Rocket.Chat and what is like them.
type Webhook struct {
	name   string
	url    string
	client *http.Client
}

// webhookTimeout is far above what a chat needs to answer.
const webhookTimeout = 20 * time.Second

// NewWebhook checks the address, which is a secret and stands in no message. The client may be nil.
func NewWebhook(name, address string, transport http.RoundTripper) (*Webhook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname())) {
		return nil, fmt.Errorf("the address of the webhook %s is not one: it begins with https://, and with http:// only on this machine", name)
	}
	return &Webhook{name: name, url: address, client: &http.Client{
		Transport: transport, Timeout: webhookTimeout,
		// Only the host that was configured is asked.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Name is "webhook team-chat".
func (w *Webhook) Name() string { return "webhook " + w.name }

// Send posts the subject, the text and the links.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	if err := m.check(); err != nil {
		return &Error{Channel: w.Name(), Problem: err.Error()}
	}
	body, err := json.Marshal(map[string]string{"text": m.chat()})
	if err != nil {
		return &Error{Channel: w.Name(), Problem: err.Error()}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return &Error{Channel: w.Name(), Problem: "its address cannot be asked"}
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := w.client.Do(request)
	if err != nil {
		return w.lost(err)
	}
	defer answer.Body.Close()                                     //nolint:errcheck // it was only read
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 4096)) // what it says may repeat the address
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return &Error{Channel: w.Name(), Problem: fmt.Sprintf("it answers %d; check its address", answer.StatusCode)}
	}
	return nil
}

// lost drops the address from what went wrong. A connection that was never made took nothing.
func (w *Webhook) lost(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var dial *net.OpError
	never := errors.As(err, &dial) && dial.Op == "dial"
	return &Error{Channel: w.Name(), Problem: "it was not reached: " + strings.ReplaceAll(err.Error(), w.url, "…"), Uncertain: !never}
}

// chat is the message in the little markup that all of them know; what people wrote stays what they wrote.
func (m Message) chat() string {
	text := strings.TrimPrefix(m.plain(), m.Subject+"\n") // a text for mail may begin with it
	return "*" + escape.Replace(m.Subject) + "*\n" + escape.Replace(text)
}

// escape keeps text from mentioning everybody or leading elsewhere (Slack's three characters).
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
