package gate

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"shiphabit/metrics"
)

// byText is the canonical form of the text that encoding/json writes: what Canonical must amount to.
func byText(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return canonicalJSON(raw)
}

func sameAsByText(t *testing.T, values ...any) {
	t.Helper()
	for _, v := range values {
		want, wrong := byText(v)
		got, err := Canonical(v)
		if string(got) != string(want) || (err == nil) != (wrong == nil) {
			t.Fatalf("%#v:\n%s (%v), want\n%s (%v)", v, got, err, want, wrong)
		}
	}
}

func TestCanonicalWritesWhatTheTextOfEncodingJSONAmountsTo(t *testing.T) {
	t.Parallel()
	random := source(7)
	for range 300 {
		f, p, now := anyFacts(random), anyPolicy(random), day(random.IntN(200)).Add(time.Duration(random.Int64N(1e15)))
		r := anyRequest(random, f)
		s := take(f, standard(), r, p, now, anySources(random, now), nil)
		d := Decide(p, s, r)
		l := Logged{Decision: d, Request: r, Snapshot: s, PolicyDoc: p.Canonical(), At: now}
		sameAsByText(t, f, p, r, s, d, &d, l, l.Scored(), LogEntry{Details: "<&>\u2028"}, Override{})
	}
	sameAsByText(t, nil, 1, "", (*Decision)(nil), []string(nil), []string{}, []byte{1, 2}, []byte(nil), map[string]int(nil), map[string]any{"b": 1, "a": []any{nil, "x"}})
}

func TestCanonicalOfUnusualTypesIsStillThatOfTheirText(t *testing.T) {
	t.Parallel()
	type inner struct{ A, B int }
	type loop struct {
		Next *loop `json:"next,omitempty"`
	}
	sameAsByText(t,
		struct {
			inner
			A string
		}{inner{1, 2}, "outer"},
		struct {
			*inner
			C int
		}{nil, 1},
		struct {
			N    int `json:",string"`
			Skip int `json:"-"`
			Dash int `json:"-,"` //nolint:staticcheck // meant: a key that is a dash
			low  int
		}{N: 1, low: 2},
		struct {
			At   time.Time       `json:"at,omitzero"`
			Rate Fraction        `json:"rate,omitzero"`
			Raw  json.RawMessage `json:"raw"`
			Few  [2]int          `json:"few,omitempty"`
			U    uint8           `json:"u"`
		}{Raw: json.RawMessage(`{"b":1,"a":2}`), Rate: Fraction{1, 12}},
		loop{&loop{}}, map[int]string{10: "a", 9: "b"}, map[metrics.Tier]int{"x\xff": 1, "a\nb": 2}, map[string]int{"\xff": 1, "\xfe": 2},
		time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC), int64(math.MaxInt64), -largestInteger-1, 0.5, 2.0, make(chan int),
		map[time.Month]int{time.May: 1}, metrics.Sample{},
	)
}

func FuzzCanonicalStringsAreThoseOfTheText(f *testing.F) {
	f.Add("a\xff\xfeb", "\u2028<\x00\"\\", int64(1)<<53)
	f.Fuzz(func(t *testing.T, a, b string, n int64) {
		sameAsByText(t, map[string]any{a: b, b: n}, Evidence{PreviousStage: a, Commits: &n, SignalsSeen: map[string]time.Time{a: {}, b: {}}}, Change{Fixes: []string{a, b}})
	})
}
