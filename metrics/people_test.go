package metrics

import (
	"strings"
	"testing"
	"time"
)

func TestNoNameOfAPersonIsKept(t *testing.T) {
	t.Parallel()
	key := []byte("a key")
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for _, record := range []Record{
		Deployment{ID: "d", Actor: "Grace Hopper", Service: "api", Status: Succeeded},
		Commit{ID: "c", Author: "grace@example.org", AuthoredAt: at, Message: `said "author":"grace@example.org" once`},
		PullRequest{ID: "p", Author: "grace", CreatedAt: at, Reviews: []Review{{At: at, Author: "ada"}, {At: at, Author: "renovate[bot]"}}},
		Approval{ID: "a", Approver: "ada", ApproverTeam: "platform", RequestedAt: at},
	} {
		e := NewEvent("import", record)
		hidden, err := HidePeople(e, key, nil)
		if err != nil {
			t.Fatal(err)
		}
		text := string(hidden.Payload)
		for _, name := range []string{`"Grace Hopper"`, `"grace@example.org"`, `"grace"`, `"ada"`, `renovate`} {
			if strings.Contains(text, name) && !strings.Contains(text, `\`) {
				t.Errorf("%s is still in %s", name, text)
			}
		}
		if again, err := HidePeople(hidden, key, nil); err != nil || string(again.Payload) != text {
			t.Errorf("hiding twice changed %s to %s (%v)", text, again.Payload, err)
		}
	}
}

func TestAPseudonymTellsPeopleApartAndNothingElse(t *testing.T) {
	t.Parallel()
	ada, again, grace := Pseudonym([]byte("k"), "ada"), Pseudonym([]byte("k"), "ada"), Pseudonym([]byte("k"), "grace")
	if ada != again || ada == grace {
		t.Error("the same person must have one pseudonym, and two people two")
	}
	if ada == Pseudonym([]byte("l"), "ada") {
		t.Error("without the key a name must not be found by trying")
	}
	if !isBot(Pseudonym([]byte("k"), "renovate[bot]")) || isBot(Pseudonym([]byte("k"), "ada")) {
		t.Error("a bot stays one, and a person stays none")
	}
}

func TestAnEventThatNamesNobodyIsNotTouched(t *testing.T) {
	t.Parallel()
	e := NewEvent("import", Verdict{ID: "v", Deployment: "d", Result: "healthy", Signals: map[string]string{"note": `"author":"x"`}})
	if hidden, err := HidePeople(e, []byte("k"), nil); err != nil || string(hidden.Payload) != string(e.Payload) {
		t.Errorf("got %s (%v), want %s", hidden.Payload, err, e.Payload)
	}
}
