package notify

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
	"time"
)

// compose writes a message as a mail: the text, the same as HTML where there is one, and the attachments.
func (m *Mail) compose(message Message) ([]byte, error) {
	if err := message.check(); err != nil {
		return nil, err
	}
	to := make([]string, len(m.to))
	for i, a := range m.to {
		to[i] = a.String()
	}
	_, domain, _ := strings.Cut(m.from.Address, "@")
	var b bytes.Buffer
	for _, line := range [][2]string{
		{"From", m.from.String()}, {"To", strings.Join(to, ", ")}, {"Subject", mime.QEncoding.Encode("utf-8", message.Subject)},
		{"Date", m.server.Clock().Format(time.RFC1123Z)}, {"Message-ID", "<" + rand.Text() + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"}, {"MIME-Version", "1.0"},
	} {
		b.WriteString(line[0] + ": " + line[1] + "\r\n")
	}
	err := message.parts(&b)
	return b.Bytes(), err
}

// parts writes the body, nested only as deep as the message needs.
func (m Message) parts(b *bytes.Buffer) error {
	mixed := multipart.NewWriter(b)
	b.WriteString("Content-Type: multipart/mixed; boundary=" + mixed.Boundary() + "\r\n\r\n")
	if err := m.alternatives(mixed); err != nil {
		return err
	}
	for _, a := range m.Attachments {
		if err := a.write(mixed); err != nil {
			return err
		}
	}
	return mixed.Close()
}

// alternatives writes the text and its HTML; readers show the last that they can.
func (m Message) alternatives(in *multipart.Writer) error {
	if m.HTML == "" {
		return writeText(in, "text/plain", m.plain())
	}
	boundary := rand.Text()
	w, err := in.CreatePart(textproto.MIMEHeader{"Content-Type": {"multipart/alternative; boundary=" + boundary}})
	if err != nil {
		return err
	}
	both := multipart.NewWriter(w)
	if err := both.SetBoundary(boundary); err != nil {
		return err
	}
	if err := writeText(both, "text/plain", m.plain()); err != nil {
		return err
	}
	if err := writeText(both, "text/html", m.HTML); err != nil {
		return err
	}
	return both.Close()
}

func writeText(in *multipart.Writer, kind, text string) error {
	w, err := in.CreatePart(textproto.MIMEHeader{"Content-Type": {kind + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
	if err != nil {
		return err
	}
	q := quotedprintable.NewWriter(w)
	if _, err := q.Write([]byte(text)); err != nil {
		return err
	}
	return q.Close()
}

func (a Attachment) write(in *multipart.Writer) error {
	w, err := in.CreatePart(textproto.MIMEHeader{
		"Content-Type": {a.Type}, "Content-Transfer-Encoding": {"base64"},
		"Content-Disposition": {mime.FormatMediaType("attachment", map[string]string{"filename": a.Name})},
	})
	if err != nil {
		return err
	}
	text := base64.StdEncoding.EncodeToString(a.Data)
	for len(text) > 0 {
		n := min(76, len(text)) // the longest line that every server takes
		if _, err := w.Write([]byte(text[:n] + "\r\n")); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}
