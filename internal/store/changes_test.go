package store

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

// asJSON is what a reader of facts sees of changes.
func asJSON(t *testing.T, changes []metrics.Change) string {
	t.Helper()
	text, err := json.Marshal(changes)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func roundTrip(t *testing.T, changes []metrics.Change) []metrics.Change {
	t.Helper()
	stored, err := encodeChanges(changes)
	if err != nil {
		t.Fatal(err)
	}
	back, err := decodeChanges(stored)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestStoredChangesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)
	name := "00112233445566778899aabbccddeeff00112233"
	for sentence, changes := range map[string][]metrics.Change{
		"not known":                   nil,
		"none":                        {},
		"one":                         {{SHA: name, AuthoredAt: at}},
		"a name that is no number":    {{SHA: "rev-ä", AuthoredAt: at}, {SHA: "ABCD", AuthoredAt: at}, {SHA: "abc", AuthoredAt: at}, {}},
		"authored before 1970":        {{SHA: name, AuthoredAt: time.Date(1, 2, 3, 4, 5, 6, 0, time.UTC)}},
		"authored never":              {{SHA: name}},
		"in the far future":           {{SHA: name, AuthoredAt: time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)}},
		"to the millisecond and back": {{SHA: name, AuthoredAt: at.Add(time.Millisecond)}, {SHA: name, AuthoredAt: at.Add(-time.Millisecond)}},
		"finer than stored":           {{SHA: name, AuthoredAt: at.Add(time.Nanosecond), MergedAt: at.Add(time.Microsecond)}, {AuthoredAt: at}},
		"all stages":                  {{SHA: name, AuthoredAt: at, PullRequest: "7", Bot: true, OpenedAt: at.Add(time.Hour), ReviewedAt: at, MergedAt: at.Add(time.Second)}},
		"the head, handed on":         {{SHA: name, AuthoredAt: at, CommittedAt: at, Head: true, Handoffs: &metrics.Handoffs{People: 2, Teams: 1}}, {SHA: name, FirstOfRequest: at, ApprovedAt: at}},
		"one request for two":         {{SHA: name, PullRequest: "7"}, {SHA: name, PullRequest: "7"}, {SHA: name}, {SHA: name, PullRequest: "7"}, {SHA: name, PullRequest: "8"}},
		"a fault":                     {{SHA: name, AuthoredAt: at, Fault: "authored after it was deployed"}, {SHA: name, AuthoredAt: at}},
	} {
		if diff := cmp.Diff(changes, roundTrip(t, changes)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", sentence, diff)
		}
	}
}

// TestEveryFieldOfAChangeIsStored sets each field by itself, those that come to be added included.
func TestEveryFieldOfAChangeIsStored(t *testing.T) {
	t.Parallel()
	for i := range reflect.TypeFor[metrics.Change]().NumField() {
		var c metrics.Change
		field := reflect.ValueOf(&c).Elem().Field(i)
		fill(t, field)
		if got := roundTrip(t, []metrics.Change{c}); asJSON(t, got) != asJSON(t, []metrics.Change{c}) {
			t.Errorf("%s: %+v came back as %+v", reflect.TypeFor[metrics.Change]().Field(i).Name, c, got)
		}
	}
}

// fill sets a field to something else than zero.
func fill(t *testing.T, field reflect.Value) {
	t.Helper()
	switch {
	case field.Type() == reflect.TypeFor[time.Time]():
		field.Set(reflect.ValueOf(noon))
	case field.Kind() == reflect.String:
		field.SetString("healthy")
	case field.Kind() == reflect.Bool:
		field.SetBool(true)
	case field.CanInt():
		field.SetInt(7)
	case field.Kind() == reflect.Pointer:
		field.Set(reflect.New(field.Type().Elem()))
		fill(t, field.Elem())
	case field.Kind() == reflect.Slice:
		field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		fill(t, field.Index(0))
	case field.Kind() == reflect.Struct:
		for i := range field.NumField() {
			fill(t, field.Field(i))
		}
	default:
		t.Fatalf("do not know how to fill a %s: say it here", field.Type())
	}
}

func TestChangesStoredAsJSONAreStillRead(t *testing.T) {
	t.Parallel()
	want := []metrics.Change{{SHA: "rev-1", AuthoredAt: noon, PullRequest: "7"}, {SHA: "rev-2", AuthoredAt: noon}}
	got, err := decodeChanges([]byte(asJSON(t, want)))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v (-before +after):\n%s", err, diff)
	}
}

func TestDamagedChangesAreAnError(t *testing.T) {
	t.Parallel()
	whole, err := encodeChanges([]metrics.Change{{SHA: "00ff", AuthoredAt: noon, PullRequest: "7", MergedAt: noon, Fault: "odd"}})
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < len(whole); n++ {
		if got, err := decodeChanges(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were read as %+v", n, len(whole), got)
		}
	}
	if got, err := decodeChanges(append(slices.Clone(whole), 0)); err == nil {
		t.Errorf("a byte too many was read as %+v", got)
	}
}

func FuzzChanges(f *testing.F) {
	f.Add("00112233445566778899aabbccddeeff00112233", "7", "", int64(1), int64(5000), uint8(0), true)
	f.Add("rev-1", "", "odd", int64(-1<<40), int64(1), uint8(3), false)
	f.Fuzz(func(t *testing.T, sha, request, fault string, authored, later int64, stages uint8, bot bool) {
		at := func(bit uint8, ms int64) (at time.Time) {
			if ms %= 1 << 47; stages&bit != 0 {
				at = time.UnixMilli(ms).UTC()
			}
			return at
		}
		change := metrics.Change{SHA: sha, PullRequest: request, Fault: fault, Bot: bot, AuthoredAt: time.UnixMilli(authored % (1 << 47)).UTC(),
			OpenedAt: at(1, authored+later), ReviewedAt: at(2, later), MergedAt: at(4, authored-later)}
		text, err := json.Marshal(change)
		if err != nil { // a year that JSON cannot write
			return
		}
		var clean metrics.Change // as valid UTF-8
		if err := json.Unmarshal(text, &clean); err != nil {
			t.Fatal(err)
		}
		both := []metrics.Change{clean, clean}
		if got := roundTrip(t, both); asJSON(t, got) != asJSON(t, both) {
			t.Fatalf("%s came back as %s", asJSON(t, both), asJSON(t, got))
		}
		_, _ = decodeChanges(append([]byte{changesMark}, sha...)) // damaged changes are an error and no panic
	})
}
