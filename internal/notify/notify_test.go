package notify

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// post is a mail server that speaks SMTP: enough of it for a client that is strict.
type post struct {
	t       *testing.T
	address string
	roots   string // a file
	config  *tls.Config
	// How it behaves.
	implicit, offersTLS bool
	user, password      string
	refuse              string // a command that it refuses: "RCPT", "DATA", or "." for the message
	hangUp              bool   // instead of saying that it took the message

	mu    sync.Mutex
	mails []received
}

type received struct {
	from, to string
	body     string
	secured  bool
	login    bool
}

func newPost(t *testing.T, change func(*post)) *post {
	t.Helper()
	s := &post{t: t, offersTLS: true}
	s.config, s.roots = certificate(t)
	change(s)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	s.address = listener.Addr().String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.talk(conn)
		}
	}()
	return s
}

func certificate(t *testing.T) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	roots := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}

func (s *post) talk(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	mail := received{}
	if s.implicit {
		conn, mail.secured = tls.Server(conn, s.config), true
	}
	in := bufio.NewReader(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 mail.test ready")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if verb = strings.ToUpper(verb); verb == s.refuse {
			say("550 not here, " + s.password)
			continue
		}
		switch verb {
		case "EHLO":
			fmt.Fprint(conn, "250-mail.test\r\n")
			if s.offersTLS && !mail.secured {
				fmt.Fprint(conn, "250-STARTTLS\r\n")
			}
			say("250 AUTH PLAIN")
		case "STARTTLS":
			if !s.offersTLS {
				say("502 what?")
				continue
			}
			say("220 go ahead")
			conn = tls.Server(conn, s.config)
			in, mail.secured = bufio.NewReader(conn), true
		case "AUTH":
			want := base64.StdEncoding.EncodeToString([]byte("\x00" + s.user + "\x00" + s.password))
			if mail.login = rest == "PLAIN "+want; !mail.login {
				say("535 wrong: " + rest)
				continue
			}
			say("235 welcome")
		case "MAIL":
			mail.from = rest
			say("250 ok")
		case "RCPT":
			mail.to += rest + " "
			say("250 ok")
		case "DATA":
			say("354 go on")
			for {
				text, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if text == ".\r\n" {
					break
				}
				mail.body += strings.TrimPrefix(text, ".")
			}
			if s.hangUp {
				return
			}
			if s.refuse == "." {
				say("554 not this one")
				continue
			}
			s.mu.Lock()
			s.mails = append(s.mails, mail)
			s.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 what?")
		}
	}
}

func (s *post) taken() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails
}

func (s *post) channel(change func(*Server)) *Mail {
	s.t.Helper()
	server := Server{Address: s.address, From: "Schiff <ship@example.org>", Roots: s.roots, Clock: func() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }}
	change(&server)
	m, err := NewMail(server, "pay@example.org", "Web Team <web@example.org>")
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

var week = Message{
	Subject: "Was sich änderte", Text: "Größer.\n.\nA line that begins with a dot.", HTML: "<p>Größer</p>", Links: []Link{{"More", "https://ship.example.org/"}},
	Attachments: []Attachment{{Name: "chart.svg", Type: "image/svg+xml", Data: bytes.Repeat([]byte("<svg/>"), 40)}, {Name: "report.pdf", Type: "application/pdf", Data: []byte("%PDF")}},
}

func TestAMailArrivesWholeOverProtectedConnections(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct {
		server   func(*post)
		security Security
	}{
		"TLS begun in the clear": {func(s *post) { s.user, s.password = "ship", "s3cret" }, StartTLS},
		"TLS from the start":     {func(s *post) { s.user, s.password, s.implicit = "ship", "s3cret", true }, TLS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newPost(t, way.server)
			m := s.channel(func(o *Server) { o.Security, o.User, o.Password = way.security, "ship", "s3cret" })
			if err := m.Send(t.Context(), week); err != nil {
				t.Fatal(err)
			}
			got := s.taken()
			if len(got) != 1 || !got[0].secured || !got[0].login || got[0].from != "FROM:<ship@example.org>" || got[0].to != "TO:<pay@example.org> TO:<web@example.org> " {
				t.Fatalf("%+v", got)
			}
			parsed, err := mail.ReadMessage(strings.NewReader(got[0].body))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
			if err != nil || subject != week.Subject || parsed.Header.Get("Date") != "Mon, 02 Mar 2026 12:00:00 +0000" || !strings.HasSuffix(parsed.Header.Get("Message-ID"), "@example.org>") {
				t.Errorf("%q, %v, %v", subject, err, parsed.Header)
			}
			want := map[string]string{
				"text/plain": "Größer.\r\n.\r\nA line that begins with a dot.\r\n\r\nMore: https://ship.example.org/\r\n", "text/html": week.HTML,
				"image/svg+xml": string(week.Attachments[0].Data), "application/pdf": "%PDF",
			}
			seen := partsOf(t, parsed.Header.Get("Content-Type"), parsed.Body)
			for kind, text := range want {
				if seen[kind] != text {
					t.Errorf("%s is %q, want %q", kind, seen[kind], text)
				}
			}
		})
	}
}

// partsOf reads every part of a mail by its type.
func partsOf(t *testing.T, kind string, body io.Reader) map[string]string {
	t.Helper()
	_, params, err := mime.ParseMediaType(kind)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	reader := multipart.NewReader(body, params["boundary"])
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		media, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		var from io.Reader = part
		switch part.Header.Get("Content-Transfer-Encoding") {
		case "quoted-printable":
			from = quotedprintable.NewReader(part)
		case "base64":
			from = base64.NewDecoder(base64.StdEncoding, part)
		}
		if strings.HasPrefix(media, "multipart/") {
			for k, v := range partsOf(t, part.Header.Get("Content-Type"), part) {
				all[k] = v
			}
			continue
		}
		text, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		all[media] = string(text)
	}
}

func TestAMailServerThatFailsIsNamedWithoutThePassword(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server    func(*post)
		channel   func(*Server)
		says      string
		uncertain bool
	}{
		"without TLS nothing is sent":         {func(s *post) { s.offersTLS = false }, func(*Server) {}, "no TLS", false},
		"an unknown certificate":              {func(*post) {}, func(o *Server) { o.Roots = "" }, "certificate", false},
		"a wrong password":                    {func(s *post) { s.user, s.password = "ship", "right" }, func(o *Server) { o.User, o.Password = "ship", "s3cret" }, "logging in", false},
		"a refused receiver":                  {func(s *post) { s.refuse, s.password = "RCPT", "s3cret" }, func(o *Server) { o.Password = "s3cret" }, "not here", false},
		"a refused message":                   {func(s *post) { s.refuse = "." }, func(*Server) {}, "not this one", false},
		"a hang-up after the message's end":   {func(s *post) { s.hangUp = true }, func(*Server) {}, "EOF", true},
		"a server that is not there any more": {func(*post) {}, func(o *Server) { o.Address = "127.0.0.1:1" }, "refused", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newPost(t, c.server)
			err := s.channel(c.channel).Send(t.Context(), week)
			var told *Error
			if !errors.As(err, &told) || told.Uncertain != c.uncertain || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v (uncertain: %t)", err, told != nil && told.Uncertain)
			}
			if len(s.taken()) > 0 {
				t.Error("it was sent all the same")
			}
		})
	}
}

func TestASendingThatIsGivenUpEnds(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // it takes connections and says nothing
	m, err := NewMail(Server{Address: listener.Addr().String(), From: "ship@example.org", Timeout: 20 * time.Millisecond}, "pay@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), week); err == nil {
		t.Error("sent to nobody")
	}
}

func TestWhatCannotBeSentIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	for what, err := range map[string]error{
		"an address with a line break": second(NewMail(Server{Address: "127.0.0.1:25", From: "a@example.org"}, "b@example.org\r\nBcc: c@example.org")),
		"nobody to send to":            second(NewMail(Server{Address: "127.0.0.1:25", From: "a@example.org"})),
		"a sender that is none":        second(NewMail(Server{Address: "127.0.0.1:25", From: "nobody"}, "b@example.org")),
		"no TLS to another machine":    second(NewMail(Server{Address: "192.0.2.1:25", From: "a@example.org", Security: Plain}, "b@example.org")),
		"no port":                      second(NewMail(Server{Address: "127.0.0.1", From: "a@example.org"}, "b@example.org")),
		"no certificate":               second(NewMail(Server{Address: "127.0.0.1:25", From: "a@example.org", Roots: filepath.Join(t.TempDir(), "none.pem")}, "b@example.org")),
		"a webhook in the clear":       second(NewWebhook("chat", "http://chat.example.org/secret", nil)),
		"a webhook with a password":    second(NewWebhook("chat", "https://a:b@chat.example.org/", nil)),
	} {
		if err == nil || strings.Contains(err.Error(), "chat.example.org") {
			t.Errorf("%s: %v", what, err)
		}
	}
	s := newPost(t, func(*post) {})
	m := s.channel(func(*Server) {})
	for _, bad := range []Message{{Text: "x"}, {Subject: "a\nb", Text: "x"}, {Subject: "a"}, {Subject: "a", Text: "x", Attachments: []Attachment{{Name: "a\r\nb"}}}} {
		if err := m.Send(t.Context(), bad); err == nil {
			t.Errorf("%+v was sent", bad)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestAWebhookTakesSubjectTextAndLinksAndItsAddressStaysSecret(t *testing.T) {
	t.Parallel()
	var body string
	status := http.StatusOK
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a host was asked that is not configured") }))
	defer elsewhere.Close()
	chat := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		body = r.Header.Get("Content-Type") + " " + string(data)
		if status == http.StatusFound {
			w.Header().Set("Location", elsewhere.URL)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, "you asked "+r.URL.Path)
	}))
	defer chat.Close()
	w, err := NewWebhook("team-chat", chat.URL+"/s3cret", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(t.Context(), Message{Subject: "Hello <!channel>", Text: "a & b", Links: week.Links}); err != nil {
		t.Fatal(err)
	}
	want := `application/json {"text":"*Hello \u0026lt;!channel\u0026gt;*\na \u0026amp; b\n\nMore: https://ship.example.org/\n"}`
	if body != want {
		t.Errorf("it got %s, want %s", body, want)
	}
	for _, status = range []int{http.StatusNotFound, http.StatusFound, http.StatusInternalServerError} {
		err := w.Send(t.Context(), week)
		if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%v", err)
		}
	}
	chat.Close()
	var told *Error
	if err := w.Send(t.Context(), week); !errors.As(err, &told) || told.Uncertain || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
}

func TestAllChannelsAreTriedAndWhatMayHaveArrivedCounts(t *testing.T) {
	t.Parallel()
	good, bad := newPost(t, func(*post) {}), newPost(t, func(s *post) { s.refuse = "RCPT" })
	lost := newPost(t, func(s *post) { s.hangUp = true })
	none := func(*Server) {}
	for name, c := range map[string]struct {
		channels []Channel
		reached  bool
		took     int
	}{
		"one of two":       {[]Channel{bad.channel(none), good.channel(none)}, true, 1},
		"none":             {[]Channel{bad.channel(none)}, false, 0},
		"perhaps somebody": {[]Channel{lost.channel(none)}, true, 0},
	} {
		if done := All(context.Background(), c.channels, week); done.Reached != c.reached || len(done.Names) != c.took || done.Err == nil {
			t.Errorf("%s: %+v", name, done)
		}
	}
}
