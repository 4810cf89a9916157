package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/internal/config"
	"shiphabit/internal/notify"
	"shiphabit/reports"
)

// letterbox is a mail server on this machine that keeps what it is given.
type letterbox struct {
	address string
	mu      sync.Mutex
	mails   []string
}

func newLetterbox(t *testing.T) *letterbox {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	b := &letterbox{address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go b.take(conn)
		}
	}()
	return b
}

func (b *letterbox) take(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, "220 box ready\r\n")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.TrimSpace(line), " "); verb {
		case "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			var body strings.Builder
			for line, err = in.ReadString('\n'); err == nil && line != ".\r\n"; line, err = in.ReadString('\n') {
				body.WriteString(strings.TrimPrefix(line, "."))
			}
			b.mu.Lock()
			b.mails = append(b.mails, body.String())
			b.mu.Unlock()
			fmt.Fprint(conn, "250 taken\r\n")
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}

func (b *letterbox) received() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mails
}

// mailPart is a part of a mail with those within it: its type, how it is meant, and its text.
type mailPart struct {
	kind, name, text string
	within           []mailPart
}

func openPart(t *testing.T, contentType, disposition string, body io.Reader) mailPart {
	t.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	_, how, _ := mime.ParseMediaType(disposition)
	o := mailPart{kind: kind, name: how["filename"]}
	if !strings.HasPrefix(kind, "multipart/") {
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		o.text = string(text)
		return o
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return o
		}
		if err != nil {
			t.Fatal(err)
		}
		var from io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			from = quotedprintable.NewReader(part)
		}
		o.within = append(o.within, openPart(t, part.Header.Get("Content-Type"), part.Header.Get("Content-Disposition"), from))
	}
}

// digestsAt is when the digests of these tests are sent: on a Sunday, minutes before the next week.
var digestsAt = time.Date(2026, 3, 1, 23, 50, 0, 0, time.UTC)

// reached is a process with records, a mail server and a chat, and a configuration under which all of these are used.
func reached(t *testing.T, more string) (p process, config, db string, box *letterbox, chat *chatRoom) {
	t.Helper()
	p, box, chat = newProcess(t).at(digestsAt), newLetterbox(t), newChatRoom(t)
	db = filepath.Join(p.home, "reached.db")
	events := filepath.Join(p.home, "events.jsonl")
	quartersBefore(t, events, digestsAt)
	p.env = append(p.env, "CHAT="+chat.url)
	config = p.write("ship.yaml", `
teams: [{name: pay, notify: {webhooks: [room]}}]
services: [{name: payments, team: pay}]
notify:
  public_url: https://ship.example.org
  smtp: {address: "`+box.address+`", security: none, from: ship@example.org}
  webhooks: [{name: room, url: "${CHAT}"}]
  leadership: {mail: [leads@example.org], webhooks: [room]}
`+more)
	p.must("import", "--config", config, "--db", db, events)
	return p, config, db, box, chat
}

func TestLeadershipsDigestGoesOutOnceAWeekByMailAndChat(t *testing.T) {
	t.Parallel()
	p, config, db, box, chat := reached(t, "")
	send := func(more ...string) (string, string) {
		t.Helper()
		out, errs, code := p.run(append([]string{"digest", "--leadership", "--send", "--config", config, "--db", db}, more...)...)
		if code != exitOK || strings.Contains(errs, "s3cret") {
			t.Fatalf("it ends with %d and says %s", code, errs)
		}
		return out, errs
	}
	out, said := send("--dry-run")
	if !strings.Contains(said, `Would send "Weekly digest: `) || !strings.Contains(said, "to mail to leads@example.org") || !strings.Contains(said, "to webhook room") || !strings.Contains(out, "WEEK BY WEEK") {
		t.Errorf("it would %s%s", said, out)
	}
	if len(box.received())+len(chat.heard()) > 0 {
		t.Fatal("it only tells what it would send, and it was sent")
	}
	if _, said = send(); !strings.Contains(said, "Sent to mail to leads@example.org.") || !strings.Contains(said, "Sent to webhook room.") {
		t.Errorf("it says %s", said)
	}
	if _, said = send(); strings.Count(said, "it has had the digest of this week") != 2 || strings.Contains(said, "Sent to") {
		t.Errorf("a second time it says %s", said)
	}
	if len(box.received()) != 1 || len(chat.heard()) != 1 || strings.Contains(chat.heard()[0], "payments") {
		t.Errorf("the box has %d, the room heard %q", len(box.received()), chat.heard())
	}
	p.must("digest", "--team", "pay", "--send", "--config", config, "--db", db)
	if send("--again"); len(box.received()) != 2 || len(chat.heard()) != 3 {
		t.Errorf("once more, the box has %d and the room heard %d", len(box.received()), len(chat.heard()))
	}
	checkMail(t, box.received()[0])
	for _, wrong := range [][]string{{"--leadership", "--dry-run"}, {"--leadership", "--again"}} {
		if _, errs, code := p.run(append([]string{"digest", "--config", config, "--db", db}, wrong...)...); code != exitUsage || !strings.Contains(errs, "go with --send") {
			t.Errorf("digest %v ends with %d and says %s", wrong, code, errs)
		}
	}
	bare := filepath.Join(p.home, "bare.yaml")
	write(t, bare, "week_start: monday\n")
	if _, errs, code := p.run("digest", "--leadership", "--send", "--db", db, "--config", bare); code != exitUsage || !strings.Contains(errs, "notify.leadership") {
		t.Errorf("without channels it ends with %d and says %s", code, errs)
	}
}

// checkMail reads a digest as a mail program does: the text first, the page as another way to read it, charts as files beside both.
func checkMail(t *testing.T, raw string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	whole := openPart(t, m.Header.Get("Content-Type"), "", m.Body)
	if whole.kind != "multipart/mixed" || len(whole.within) == 0 || whole.within[0].kind != "multipart/alternative" || len(whole.within[0].within) != 2 {
		t.Fatalf("it is made of %+v", whole)
	}
	text, page, files := whole.within[0].within[0], whole.within[0].within[1], whole.within[1:]
	if text.kind != "text/plain" || page.kind != "text/html" || !strings.Contains(text.text, "WEEK BY WEEK") || !strings.Contains(page.text, "<h2") || !strings.Contains(page.text, "bgcolor") {
		t.Errorf("text and page are\n%s\n%s", text.text, page.text)
	}
	if strings.Contains(page.text, "cid:") || strings.Contains(page.text, "payments") {
		t.Error("the page refers to a picture, or names a service")
	}
	if !strings.Contains(page.text, "goes along as a file") { // without the chart library, or on a machine too slow to draw
		if len(files) > 0 {
			t.Errorf("of these files the page says nothing: %+v", files)
		}
		return
	}
	if len(files) != 1 || files[0].kind != "image/svg+xml" || files[0].name != "how-often.svg" {
		t.Errorf("the files are %+v", files)
	}
}

func TestAServerSendsTheDigestsThatAreDueToEverybodyReached(t *testing.T) {
	t.Parallel()
	p, config, db, box, chat := reached(t, "  digests: {weekday: sunday, hour: 23}\n")
	p.serve("serve", "--config", config, "--db", db)
	p.serve("serve", "--config", config, "--db", db)
	eventually(t, "one mail and a message to leadership's room and one to the team's", func() bool { return len(box.received()) >= 1 && len(chat.heard()) >= 2 })
	_, said, _ := p.run("digest", "--leadership", "--send", "--config", config, "--db", db)
	if strings.Contains(said, "Sent to") || strings.Count(said, "Not sent to") != 2 {
		t.Errorf("after the server, the command says %s", said)
	}
	if len(box.received()) != 1 || len(chat.heard()) != 2 {
		t.Errorf("the box has %d, the room heard %q", len(box.received()), chat.heard())
	}
}

// More services than an overview judges at once are in the digest all the same, each of a team's by its name.
func TestADigestIsOfEveryServiceHoweverManyThereAre(t *testing.T) {
	t.Parallel()
	const services = 70
	p, box, chat := newProcess(t).at(digestsAt), newLetterbox(t), newChatRoom(t)
	db, events := filepath.Join(p.home, "many.db"), filepath.Join(p.home, "events.jsonl")
	p.env = append(p.env, "CHAT="+chat.url)
	var lines, declared strings.Builder
	for i := range services {
		fmt.Fprintf(&lines, `{"type":"deployment","id":"d%d","service":"s%02d","environment":"production","status":"failed","revision":"r","started_at":"2026-02-27T10:00:00Z","finished_at":"2026-02-27T10:05:00Z"}`+"\n", i, i)
		fmt.Fprintf(&declared, "  - {name: s%02d, team: pay}\n", i)
	}
	write(t, events, lines.String())
	config := p.write("ship.yaml", `
teams: [{name: pay, notify: {mail: [pay@example.org], webhooks: [room]}}]
notify:
  public_url: https://ship.example.org
  smtp: {address: "`+box.address+`", security: none, from: ship@example.org}
  webhooks: [{name: room, url: "${CHAT}"}]
  leadership: {mail: [leads@example.org], webhooks: [room]}
services:
`+declared.String())
	p.must("import", "--config", config, "--db", db, events)
	p.must("digest", "--leadership", "--send", "--config", config, "--db", db)
	p.must("digest", "--team", "pay", "--send", "--config", config, "--db", db)
	mails, rooms := box.received(), chat.heard()
	if len(mails) != 2 || len(rooms) != 2 {
		t.Fatalf("the box has %d, the room heard %d", len(mails), len(rooms))
	}
	for place, said := range map[string]string{"leadership's mail": textOfMail(t, mails[0]), "leadership's room": rooms[0]} {
		if !strings.Contains(said, fmt.Sprintf("%d services have a failed deployment that has not recovered.", services)) {
			t.Errorf("%s says\n%s", place, said)
		}
	}
	for place, said := range map[string]string{"the team's mail": textOfMail(t, mails[1]), "the team's room": rooms[1]} {
		for i := range services {
			if one := fmt.Sprintf("s%02d: 1 failed deployment has not recovered.", i); !strings.Contains(said, one) {
				t.Errorf("%s does not say %q", place, one)
			}
		}
	}
}

// textOfMail is the text of a mail on single spaces, for its lines are folded.
func textOfMail(t *testing.T, raw string) string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	part := openPart(t, m.Header.Get("Content-Type"), "", m.Body)
	for len(part.within) > 0 {
		part = part.within[0]
	}
	return strings.Join(strings.Fields(part.text), " ")
}

// wire is a channel whose sendings fail in turn as told, and succeed afterwards.
type wire struct {
	name  string
	mu    sync.Mutex
	fails []error
	took  int
}

func (w *wire) Name() string { return w.name }

func (w *wire) Send(context.Context, notify.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.fails) > 0 {
		err := w.fails[0]
		w.fails = w.fails[1:]
		return err
	}
	w.took++
	return nil
}

// shortLetters writes letters that say little.
type shortLetters struct{}

func (shortLetters) Letter(_ context.Context, team, _ string) (reports.Letter, error) {
	return reports.Letter{Subject: "Weekly digest: " + team, Text: "Nothing changed."}, nil
}

func mailed(t *testing.T, path string, channels ...notify.Channel) digests {
	t.Helper()
	return digests{store: openedAt(t, path, digestsAt), letters: shortLetters{}, week: "2026-02-23", channels: notifier{teams: map[string][]notify.Channel{leadership: channels, "pay": channels}}}
}

func TestReplicasSendEachDigestOnceBetweenThem(t *testing.T) {
	t.Parallel()
	p, path := &program{err: io.Discard}, filepath.Join(t.TempDir(), "d.db")
	a, b := &wire{name: "a"}, &wire{name: "b"}
	var all sync.WaitGroup
	for range 4 {
		replica := mailed(t, path, a, b)
		all.Go(func() {
			if err := p.sendAll(t.Context(), replica); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if a.took != 2 || b.took != 2 {
		t.Errorf("to leadership and one team, %d and %d were sent", a.took, b.took)
	}
	next := mailed(t, path, a, b)
	next.week = "2026-03-02"
	if err := p.sendAll(t.Context(), next); err != nil || a.took != 4 || b.took != 4 {
		t.Errorf("the week after, %d and %d were sent: %v", a.took, b.took, err)
	}
}

func TestAChannelThatFailsIsTriedAgainUnlessTheDigestMayHaveArrived(t *testing.T) {
	t.Parallel()
	refused, cut := &notify.Error{Channel: "a", Problem: "it is full"}, &notify.Error{Channel: "b", Problem: "the line was cut", Uncertain: true}
	a, b, c := &wire{name: "a", fails: []error{refused, refused}}, &wire{name: "b", fails: []error{cut}}, &wire{name: "c"}
	d := mailed(t, filepath.Join(t.TempDir(), "d.db"), a, b, c)
	round := func(says ...string) []string {
		t.Helper()
		left, _, err := d.left(t.Context(), leadership)
		if err != nil {
			t.Fatal(err)
		}
		sent, err := d.send(t.Context(), leadership, left)
		for _, words := range says {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("it does not say %q: %v", words, err)
			}
		}
		if len(says) == 0 && err != nil {
			t.Error(err)
		}
		return sent
	}
	if sent := round("it is full", "may have arrived all the same"); len(sent) != 1 || sent[0] != "c" {
		t.Errorf("first it was sent to %v", sent)
	}
	if sent := round("it is full"); len(sent) != 0 {
		t.Errorf("while the one is full it was sent to %v", sent)
	}
	if sent := round(); len(sent) != 1 || sent[0] != "a" {
		t.Errorf("then it was sent to %v", sent)
	}
	if b.took != 0 || c.took != 1 {
		t.Errorf("what may have arrived was sent %d times more, what arrived %d times", b.took, c.took)
	}
	_, noted, err := d.left(t.Context(), leadership)
	if err != nil || len(noted) != 3 || !strings.Contains(alreadySays(noted[1]), "how it ended is not known") {
		t.Errorf("%+v, %v", noted, err)
	}
}

func TestDigestsAreDueForADayFromTheirHourOn(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	monday, sunday := config.Digests{Weekday: time.Monday, Hour: 8}, config.Digests{Weekday: time.Sunday, Hour: 20}
	for says, c := range map[string]struct {
		at    string
		when  config.Digests
		since string
		still bool
	}{
		"a minute before":                    {"2026-03-02 07:59", monday, "2026-02-23 08:00", false},
		"at the hour":                        {"2026-03-02 08:00", monday, "2026-03-02 08:00", true},
		"the next morning":                   {"2026-03-03 07:59", monday, "2026-03-02 08:00", true},
		"a day later":                        {"2026-03-03 08:00", monday, "2026-03-02 08:00", false},
		"on Sunday evening":                  {"2026-03-01 20:00", sunday, "2026-03-01 20:00", true},
		"in the week after a Sunday evening": {"2026-03-02 09:00", sunday, "2026-03-01 20:00", true},
		"over the turn to summer time":       {"2026-03-30 07:30", sunday, "2026-03-29 20:00", true},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", c.at, vienna)
		if err != nil {
			t.Fatal(err)
		}
		since, still := dueSince(at, c.when)
		if got := since.Format("2006-01-02 15:04"); got != c.since || still != c.still {
			t.Errorf("%s: due since %s, still %t", says, got, still)
		}
	}
	for at, want := range map[string]string{"2026-03-01 23:59": "2026-02-23", "2026-03-02 00:00": "2026-03-02"} {
		day, _ := time.ParseInLocation("2006-01-02 15:04", at, vienna)
		if got := weekOf(day, time.Monday).Format(time.DateOnly); got != want {
			t.Errorf("%s is in the week of %s, not of %s", at, got, want)
		}
	}
}
