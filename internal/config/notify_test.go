package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var notifyOptions = Options{
	Env: func(name string) string {
		return map[string]string{"CHAT": "https://chat.example.org/hook/s3cret", "MAIL": "s3cret", "BAD": "ftp://s3cret"}[name]
	},
	ReadFile: func(name string) ([]byte, error) {
		if name == "/run/secrets/chat" {
			return []byte("http://127.0.0.1:9/s3cret\n"), nil
		}
		return nil, errors.New("there is no such file")
	},
}

func TestTeamsAreReachedOverTheChannelsTheyName(t *testing.T) {
	t.Parallel()
	c, err := Parse("f.yaml", []byte(`
teams:
  - {name: pay, notify: {mail: [pay@example.org], webhooks: [room, local]}}
  - {name: docs}
notify:
  public_url: https://ship.example.org
  smtp: {address: "mail.example.org:587", user: ship, password: "${MAIL}", from: "shiphabit <ship@example.org>"}
  webhooks: [{name: room, url: "${CHAT}"}, {name: local, url_file: /run/secrets/chat}]
  leadership: {mail: [leads@example.org], webhooks: [room]}
  digests: {hour: 0}
  gate: true
`), notifyOptions)
	if err != nil {
		t.Fatal(err)
	}
	want := Notify{
		PublicURL:  "https://ship.example.org",
		SMTP:       &SMTP{Address: "mail.example.org:587", Security: "starttls", User: "ship", Password: "s3cret", From: "shiphabit <ship@example.org>"},
		Webhooks:   []Webhook{{"room", "https://chat.example.org/hook/s3cret"}, {"local", "http://127.0.0.1:9/s3cret"}},
		Leadership: Channels{Mail: []string{"leads@example.org"}, Webhooks: []string{"room"}}, Digests: &Digests{Weekday: time.Monday}, Gate: true,
	}
	if diff := cmp.Diff(want, c.Notify); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Channels{Mail: []string{"pay@example.org"}, Webhooks: []string{"room", "local"}}, c.Teams[0].Channels); diff != "" {
		t.Error(diff)
	}
	if shown := fmt.Sprintf("%v %#v %+v", c, c, c.Notify.Webhooks); strings.Contains(shown, "s3cret") || !strings.Contains(shown, "${CHAT}") {
		t.Errorf("a secret is shown, or not even its variable: %s", shown)
	}
}

func TestFaultsOfChannelsNameTheRemedyAndNoSecret(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct{ text, want string }{
		"mail without a server":           {"teams: [{name: pay, notify: {mail: [pay@example.org]}}]", "there is no mail server; configure notify.smtp"},
		"a webhook that is not declared":  {"teams: [{name: pay, notify: {webhooks: [room]}}]", `there is no webhook "room"`},
		"an address written into it":      {"notify: {webhooks: [{name: room, url: https://chat.example.org/x}]}", "is a secret written into the file"},
		"an address of another kind":      {"notify: {webhooks: [{name: room, url: \"${BAD}\"}]}", "begins with https://"},
		"no address":                      {"notify: {webhooks: [{name: room}]}", "begins with https://"},
		"a user without a password":       {"notify: {smtp: {address: 'm:25', from: a@example.org, user: a}}", "go together"},
		"no TLS to another machine":       {"notify: {smtp: {address: 'm:25', from: a@example.org, security: none}}", "use starttls or tls"},
		"a sender that is none":           {"notify: {smtp: {address: 'm:25', from: nobody}}", "write a mail address"},
		"leadership by mail, no server":   {"notify: {leadership: {mail: [leads@example.org]}}", "notify.leadership.mail: there is no mail server; configure notify.smtp"},
		"leadership in no known chat":     {"notify: {leadership: {webhooks: [room]}}", `notify.leadership.webhooks: there is no webhook "room"`},
		"digests to nobody":               {"notify: {public_url: https://ship.example.org, digests: {weekday: friday}}", "nobody is reached"},
		"digests whose links lead away":   {"notify: {digests: {}, leadership: {webhooks: [room]}, webhooks: [{name: room, url: '${CHAT}'}]}", "set notify.public_url"},
		"digests at an hour that is none": {"notify: {digests: {hour: 24}}", "a whole number from 0 to 23"},
		"gate news to leadership alone":   {"notify: {public_url: https://ship.example.org, gate: true, leadership: {webhooks: [room]}, webhooks: [{name: room, url: '${CHAT}'}]}", "notify.gate: no team is reached; name channels under teams[].notify"},
		"gate news that lead nowhere":     {"teams: [{name: pay, notify: {webhooks: [room]}}]\nnotify: {gate: true, webhooks: [{name: room, url: '${CHAT}'}]}", "notify.gate: the links of messages would lead nowhere; set notify.public_url"},
		"a receiver that is none":         {"teams: [{name: pay, notify: {mail: [everybody]}}]", "write a mail address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("f.yaml", []byte(of.text), notifyOptions)
			if err == nil || !strings.Contains(err.Error(), of.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v, want %s", err, of.want)
			}
		})
	}
}
