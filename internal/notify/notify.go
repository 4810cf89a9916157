// Package notify sends messages to people: mail over SMTP and chat over incoming webhooks. It asks the hosts it is told and no
// other, and shows no secret: neither the password of the mail server nor the address of a webhook, which is one.
package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Message is something to tell. A channel takes what it can carry: chat takes the subject, the text and the links.
type Message struct {
	Subject string // one line
	Text    string
	HTML    string // the same as a page; may be empty
	Links   []Link // below the text, where the channel shows them
	// Attachments are files sent along by mail; chat leaves them out.
	Attachments []Attachment
}

// Link is an address with the words that lead there.
type Link struct{ Words, URL string }

// Attachment is a file of a message. None is shown within the HTML: most programs that read mail show no picture there that is SVG.
type Attachment struct {
	Name string
	Type string // "image/svg+xml"
	Data []byte
}

// Channel is one way to reach people.
type Channel interface {
	// Name says in words where a message goes, without secrets.
	Name() string
	// Send sends at once. Its error is an *Error.
	Send(ctx context.Context, m Message) error
}

// Error says that a message could not be sent, in words for people who run the program.
type Error struct {
	Channel string
	Problem string
	// Uncertain: the message may have arrived all the same.
	Uncertain bool
}

func (e *Error) Error() string { return e.Channel + ": " + e.Problem }

// Sent is what became of a message on all its channels.
type Sent struct {
	Names   []string // of the channels that took it
	Reached bool     // somebody has or may have it
	Err     error    // of the others, joined
}

// All sends a message over each channel, one after the other.
func All(ctx context.Context, channels []Channel, m Message) Sent {
	var s Sent
	for _, c := range channels {
		err := c.Send(ctx, m)
		if err == nil {
			s.Names, s.Reached = append(s.Names, c.Name()), true
			continue
		}
		var known *Error
		s.Reached = s.Reached || !errors.As(err, &known) || known.Uncertain
		s.Err = errors.Join(s.Err, err)
	}
	return s
}

// check refuses what no channel can carry.
func (m Message) check() error {
	switch {
	case strings.TrimSpace(m.Subject) == "" || strings.ContainsAny(m.Subject, "\r\n\x00"):
		return errors.New("the subject is empty or has several lines")
	case strings.TrimSpace(m.Text) == "":
		return errors.New("there is no text")
	}
	for _, a := range m.Attachments {
		if a.Name == "" || strings.ContainsAny(a.Name, "\r\n\"\\/<>\x00") || strings.ContainsAny(a.Type, "\r\n\x00") {
			return fmt.Errorf("the attachment %q has no fit name", a.Name)
		}
	}
	return nil
}

// plain is the text with the links below it.
func (m Message) plain() string {
	text := strings.TrimRight(m.Text, "\n") + "\n"
	for i, l := range m.Links {
		if i == 0 {
			text += "\n"
		}
		text += l.Words + ": " + l.URL + "\n"
	}
	return text
}
