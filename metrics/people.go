package metrics

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// pseudonymMark begins every pseudonym, so that one is never hashed again.
const pseudonymMark = "p:"

// botMark ends the pseudonym of a program.
const botMark = "[bot]"

// Pseudonym is what is kept in place of a person's name: an HMAC-SHA-256 under a secret key, good for telling two people apart
// and nothing else. A name that says it is a bot keeps saying so. A pseudonym and an empty name stay as they are.
func Pseudonym(key []byte, name string) string {
	if name == "" || strings.HasPrefix(name, pseudonymMark) {
		return name
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(name))
	hidden := pseudonymMark + hex.EncodeToString(mac.Sum(nil)[:16])
	if isBot(name) {
		hidden += botMark
	}
	return hidden
}

// pseudonym is Pseudonym with the configured names of programs, which are marked as such.
func pseudonym(key []byte, name string, bots []string) string {
	hidden := Pseudonym(key, name)
	if hidden != name && !isBot(hidden) && isConfiguredBot(name, bots) {
		hidden += botMark
	}
	return hidden
}

// personFields are the fields that name a person, in any record.
var personFields = []string{"actor", "approver", "author"}

// HidePeople returns the event with every name of a person replaced by its pseudonym; bots are the names of programs that the rules
// know, which cannot be told from people afterwards. An event that names nobody, or only pseudonyms, is returned as it is. A payload
// that is no JSON object is an error.
func HidePeople(e Event, key []byte, bots []string) (Event, error) {
	if !namesPeople(e.Payload) {
		return e, nil
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(e.Payload, &fields); err != nil {
		return e, err
	}
	for name, value := range fields {
		hidden, err := hideIn(name, value, func(person string) string { return pseudonym(key, person, bots) })
		if err != nil {
			return e, err
		}
		fields[name] = hidden
	}
	payload, err := json.Marshal(fields)
	e.Payload = payload
	return e, err
}

// namesPeople looks for a person's name without decoding: in canonical JSON a quote inside a text is always escaped, so that
// the key with its quotes stands nowhere else.
func namesPeople(payload []byte) bool {
	return slices.ContainsFunc(personFields, func(field string) bool {
		opening := []byte(`"` + field + `":"`)
		for rest := payload; ; {
			_, after, found := bytes.Cut(rest, opening)
			if !found {
				return false
			}
			if !bytes.HasPrefix(after, []byte(pseudonymMark)) {
				return true
			}
			rest = after
		}
	})
}

func hideIn(name string, value json.RawMessage, hide func(string) string) (json.RawMessage, error) {
	switch {
	case slices.Contains(personFields, name):
		var person string
		if bytes.Equal(value, []byte("null")) {
			return value, nil
		}
		if err := json.Unmarshal(value, &person); err != nil {
			return nil, err
		}
		return json.Marshal(hide(person))
	case name == "reviews" && !bytes.Equal(value, []byte("null")):
		var reviews []Review
		if err := json.Unmarshal(value, &reviews); err != nil {
			return nil, err
		}
		for i := range reviews {
			reviews[i].Author = hide(reviews[i].Author)
		}
		return json.Marshal(reviews)
	default:
		return value, nil
	}
}
