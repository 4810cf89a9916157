package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate/attest"
)

func TestVerdictsAreSignedWithTheKeyOfTheFile(t *testing.T) {
	t.Parallel()
	files, ids := keyFiles(t, "now.pem", "before.pem")
	parse := func(text string) (Config, error) {
		return Parse("f.yaml", []byte(text), Options{ReadFile: func(name string) ([]byte, error) {
			if text, found := files[name]; found {
				return text, nil
			}
			return nil, os.ErrNotExist
		}})
	}
	const both = "signing_key_file: now.pem\nprevious_signing_key_file: before.pem\nsigning_key_rotated_at: 2026-03-03T14:00:00+02:00\n"
	c, err := parse(both)
	if err != nil {
		t.Fatal(err)
	}
	rotated := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	keys := c.Signing.Keys(rotated)
	if len(keys) != 2 || keys[0].ID != ids["now.pem"] || keys[1].ID != ids["before.pem"] || !keys[1].ValidUntil.Equal(rotated.AddDate(0, 0, 1)) {
		t.Errorf("keys %v", keys)
	}
	if public, err := parse(strings.Replace(both, "before.pem", "before.pem.public", 1)); err != nil || public.Signing.Previous.ID != ids["before.pem"] {
		t.Errorf("the public half of the previous key does as well: %v", err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v", c, c), "BEGIN") || Default().Signing != nil {
		t.Error("the key is shown, or there is one where none is configured")
	}
	for given, want := range map[string]string{
		"signing_key_file: nope.pem": "cannot be read", "signing_key_file: rubbish": "no PEM block",
		"signing_key_file: now.pem.public":                                        "no PEM block PRIVATE KEY",
		"previous_signing_key_file: before.pem":                                   "there is no signing_key_file",
		"signing_key_file: now.pem\nprevious_signing_key_file: before.pem":        "not said when it was replaced",
		"signing_key_file: now.pem\nsigning_key_rotated_at: 2026-03-03T12:00:00Z": "no previous_signing_key_file",
		"signing_key_file: now.pem\nsigning_key_rotated_at: yesterday":            "a time like",
		strings.Replace(both, "before.pem", "now.pem", 1):                         "is the key that signs now",
		strings.Replace(both, "before.pem", "rubbish", 1):                         "no Ed25519 key",
	} {
		if _, err := parse(given); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", given, err, want)
		}
	}
}

// keyFiles are files with keys, each with its public half beside it, and one with rubbish.
func keyFiles(t *testing.T, names ...string) (files map[string][]byte, ids map[string]string) {
	t.Helper()
	files, ids = map[string][]byte{"rubbish": []byte("hunter2")}, map[string]string{}
	for _, name := range names {
		key, err := attest.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		if files[name], err = key.PEM(); err != nil {
			t.Fatal(err)
		}
		files[name+".public"], ids[name] = key.Public().PEM(), key.Public().ID
	}
	return files, ids
}
