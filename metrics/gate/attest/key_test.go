package attest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAKeyComesBackFromItsFile(t *testing.T) {
	t.Parallel()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := key.PEM()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParsePrivate(text)
	if err != nil || !again.key.Equal(key.key) {
		t.Error(err)
	}
	keys, err := ParseKeys(key.Public().PEM())
	if diff := cmp.Diff(Keys{key.Public()}, keys); err != nil || diff != "" {
		t.Error(err, diff)
	}
	published, err := json.Marshal(Keys{key.Public(), fixedKey(3).Public()}.Set())
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := ParseKeys(published); err != nil || len(keys) != 2 || keys[0].ID != key.Public().ID {
		t.Error(keys, err)
	}
}

func TestAKeyThatIsNoneIsRefusedInWordsThatRepeatNothingOfIt(t *testing.T) {
	t.Parallel()
	private, err := fixedKey(1).PEM()
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.Split(string(private), "\n")[1]
	for sentence, text := range map[string]string{
		"an empty file": "", "another block": strings.ReplaceAll(string(private), "PRIVATE KEY", "EC PRIVATE KEY"),
		"a broken block": strings.Replace(string(private), secret, secret[:20]+"\n"+secret[:20], 1), "a public key": string(fixedKey(1).Public().PEM()),
	} {
		if _, err := ParsePrivate([]byte(text)); err == nil || strings.Contains(err.Error(), secret[:20]) {
			t.Errorf("%s: %v", sentence, err)
		}
	}
	set, err := json.Marshal(Keys{fixedKey(1).Public()}.Set())
	if err != nil {
		t.Fatal(err)
	}
	for sentence, text := range map[string]string{
		"nothing": "", "a private key": string(private), "no JSON": "{", "a list with a false name": strings.Replace(string(set), fixedKey(1).Public().ID, fixedKey(2).Public().ID, 1),
		"a list with half a key": strings.Replace(string(set), "MCow", "MCo", 1),
	} {
		if keys, err := ParseKeys([]byte(text)); err == nil || strings.Contains(err.Error(), secret[:20]) {
			t.Errorf("%s: %v, %v", sentence, keys, err)
		}
	}
}

func TestAPrivateKeyIsNotPrinted(t *testing.T) {
	t.Parallel()
	key := fixedKey(1)
	asJSON, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := key.PEM()
	seed := bytes.Split(text, []byte("\n"))[1]
	for _, printed := range []string{string(asJSON), key.String(), fmt.Sprintf("%v %+v %#v %v", key, key, key, Ring{Current: key})} {
		if strings.Contains(printed, string(seed)) || strings.Contains(printed, fmt.Sprint([]byte(key.key)[:8])) || strings.Contains(printed, "1, 1, 1") {
			t.Errorf("it prints as %s", printed)
		}
	}
}

func FuzzKeysThatAreReadAreWrittenAndReadTheSame(f *testing.F) {
	set, err := json.Marshal(Keys{fixedKey(1).Public(), fixedKey(2).Public()}.Set())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(set)
	f.Add(append(fixedKey(1).Public().PEM(), fixedKey(2).Public().PEM()...))
	f.Add([]byte(`{"keys":[{"algorithm":"ed25519"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := ParseKeys(text)
		if err != nil {
			return
		}
		written, err := json.Marshal(keys.Set())
		if err != nil {
			return // a time beyond the year 9999
		}
		again, err := ParseKeys(written)
		if diff := cmp.Diff(keys, again); err != nil || len(keys) > 0 && diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
	})
}
