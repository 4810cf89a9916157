package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAServiceNamesTheHookThatIsToldOfAFailedWatch(t *testing.T) {
	t.Parallel()
	c, err := Parse("f.yaml", []byte(`
services:
  - {name: shop, rollback: {url: "${CHAT}", secret: "${MAIL}", ca_file: /etc/ca.pem}}
  - {name: desk, rollback: {url_file: /run/secrets/chat, secret: "${MAIL}"}}
  - {name: docs}
notify: {public_url: https://ship.example.org}
`), notifyOptions)
	if err != nil {
		t.Fatal(err)
	}
	want := []*Rollback{{URL: "https://chat.example.org/hook/s3cret", Secret: "s3cret", CAFile: "/etc/ca.pem"}, {URL: "http://127.0.0.1:9/s3cret", Secret: "s3cret"}, nil}
	if diff := cmp.Diff(want, []*Rollback{c.Services[0].Rollback, c.Services[1].Rollback, c.Services[2].Rollback}); diff != "" {
		t.Error(diff)
	}
	if shown := fmt.Sprintf("%v %#v %+v", c, c, *c.Services[0].Rollback); strings.Contains(shown, "s3cret") {
		t.Errorf("a secret is shown: %s", shown)
	}
}

func TestFaultsOfARollbackHookNameTheRemedyAndNoSecret(t *testing.T) {
	t.Parallel()
	const reached = "\nnotify: {public_url: https://ship.example.org}"
	for name, of := range map[string]struct{ text, want string }{
		"no address":               {"rollback: {secret: '${MAIL}'}}]" + reached, "services[0].rollback.url: is missing, or no address"},
		"an address of other kind": {"rollback: {url: '${BAD}', secret: '${MAIL}'}}]" + reached, "begins with https://"},
		"an address written in it": {"rollback: {url: https://ci.example.org, secret: '${MAIL}'}}]" + reached, "is a secret written into the file"},
		"no secret":                {"rollback: {url: '${CHAT}'}}]" + reached, "services[0].rollback.secret: is missing; add it, or secret_file"},
		"a secret written in it":   {"rollback: {url: '${CHAT}', secret: hello}}]" + reached, "is a secret written into the file"},
		"links that lead nowhere":  {"rollback: {url: '${CHAT}', secret: '${MAIL}'}}]", "would lead nowhere; set notify.public_url"},
		"a key that there is not":  {"rollback: {url: '${CHAT}', secret: '${MAIL}', proxy: x}}]" + reached, "there is no such key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("f.yaml", []byte("services: [{name: shop, "+of.text), notifyOptions)
			if err == nil || !strings.Contains(err.Error(), of.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v", err)
			}
		})
	}
}
