package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"shiphabit/internal/trust"
)

// Security is how the way to the mail server is protected.
type Security string

// The ways. StartTLS begins in the clear and refuses to go on when the server has no TLS; Plain is for servers on this machine.
const (
	StartTLS Security = "starttls"
	TLS      Security = "tls"
	Plain    Security = "none"
)

// Server is a mail server.
type Server struct {
	Address        string // host and port
	Security       Security
	User, Password string // no login without a user
	From           string // "shiphabit <shiphabit@example.org>"
	Roots          string // a file of certificates (PEM) to trust beside the system's
	// Clock dates messages; Timeout limits one sending, a minute when not set.
	Clock   func() time.Time
	Timeout time.Duration
}

// Mail is a channel to addresses over a mail server.
type Mail struct {
	server Server
	host   string
	from   *mail.Address
	to     []*mail.Address
	trust  *tls.Config
}

// NewMail checks what it is told; it connects to nothing yet.
func NewMail(s Server, to ...string) (*Mail, error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, fmt.Errorf("the mail server %q is no host and port", s.Address)
	}
	m := &Mail{server: s, host: host}
	if m.trust, err = trust.TLS(s.Roots); err != nil {
		return nil, fmt.Errorf("the mail server %s: %w", host, err)
	}
	m.trust.ServerName = host
	if m.from, err = mail.ParseAddress(s.From); err != nil {
		return nil, fmt.Errorf("the sender %q is no mail address", s.From)
	}
	if len(to) == 0 {
		return nil, errors.New("the mail goes to nobody")
	}
	for _, one := range to {
		address, err := mail.ParseAddress(one)
		if err != nil {
			return nil, fmt.Errorf("%q is no mail address", one)
		}
		m.to = append(m.to, address)
	}
	if s.Security == Plain && !local(host) {
		return nil, fmt.Errorf("the mail server %s is on another machine: without TLS everybody on the way reads along", host)
	}
	if m.server.Clock == nil {
		m.server.Clock = time.Now
	}
	if m.server.Timeout <= 0 {
		m.server.Timeout = time.Minute
	}
	return m, nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Name is "mail to team@example.org".
func (m *Mail) Name() string {
	names := make([]string, len(m.to))
	for i, a := range m.to {
		names[i] = a.Address
	}
	return "mail to " + strings.Join(names, ", ")
}

// Send hands a message to the server. Until the server is told that the message is complete, nothing was sent.
func (m *Mail) Send(ctx context.Context, message Message) error {
	body, err := m.compose(message)
	if err != nil {
		return m.fault(err, false)
	}
	ctx, cancel := context.WithTimeout(ctx, m.server.Timeout)
	defer cancel()
	client, err := m.connect(ctx)
	if err != nil {
		return m.fault(err, false)
	}
	defer client.Close() //nolint:errcheck // said goodbye to below, or broken
	if err := m.introduce(client); err != nil {
		return m.fault(err, false)
	}
	w, err := client.Data()
	if err != nil {
		return m.fault(err, false)
	}
	if _, err := w.Write(body); err != nil {
		return m.fault(err, false)
	}
	if err := w.Close(); err != nil {
		var refused *textproto.Error
		return m.fault(err, !errors.As(err, &refused))
	}
	_ = client.Quit() // it has the message
	return nil
}

func (m *Mail) fault(err error, uncertain bool) error {
	said := err.Error()
	if m.server.Password != "" {
		said = strings.ReplaceAll(said, m.server.Password, "********")
	}
	return &Error{Channel: m.Name(), Problem: "the mail server " + m.server.Address + ": " + said, Uncertain: uncertain}
}

// connect opens a protected connection that ends with the context.
func (m *Mail) connect(ctx context.Context) (*smtp.Client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.server.Address)
	if err != nil {
		return nil, err
	}
	if deadline, set := ctx.Deadline(); set {
		_ = conn.SetDeadline(deadline)
	}
	if m.server.Security == TLS {
		conn = tls.Client(conn, m.trust)
	}
	client, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if m.server.Security != TLS && m.server.Security != Plain {
		if err := client.StartTLS(m.trust); err != nil {
			return nil, errors.Join(fmt.Errorf("no TLS: %w", err), client.Close())
		}
	}
	return client, nil
}

// introduce logs in and names sender and receivers.
func (m *Mail) introduce(client *smtp.Client) error {
	if m.server.User != "" {
		if err := client.Auth(smtp.PlainAuth("", m.server.User, m.server.Password, m.host)); err != nil {
			return fmt.Errorf("logging in: %w", err)
		}
	}
	if err := client.Mail(m.from.Address); err != nil {
		return err
	}
	for _, to := range m.to {
		if err := client.Rcpt(to.Address); err != nil {
			return err
		}
	}
	return nil
}
