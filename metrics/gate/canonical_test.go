package gate

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestCanonicalJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sentence, in, want string }{
		{"white space goes", " { \"b\" : [ 1 , true , null ] } ", `{"b":[1,true,null]}`},
		{"keys are sorted at every depth", `{"b":{"d":1,"c":2},"a":3}`, `{"a":3,"b":{"c":2,"d":1}}`},
		{"a shorter key comes before a longer one", `{"aa":1,"a":2,"":3}`, `{"":3,"a":2,"aa":1}`},
		{"digits sort as text", `{"10":1,"9":2,"1":3}`, `{"1":3,"10":1,"9":2}`},
		// U+1F600 is the pair D83D DE00 and so comes before U+FB33, although its code point is greater.
		{"keys sort by UTF-16 units", "{\"\ufb33\":1,\"😀\":2,\"€\":3,\"\\r\":4,\"ö\":5}", "{\"\\r\":4,\"ö\":5,\"€\":3,\"😀\":2,\"\ufb33\":1}"},
		{"controls have short escapes or four lower-case digits", `"\u0008\t\n\u000c\r\u000b\u001f"`, `"\b\t\n\f\r\u000b\u001f"`},
		{"quotes and backslashes are escaped, slashes and the rest are not", `"\"\\\/<>&\u007f\u20ac\u2028"`, "\"\\\"\\\\/<>&\u007f€\u2028\""},
		{"letters written as escapes are letters", `{"\u0061":"\u0041"}`, `{"a":"A"}`},
		{"the largest whole numbers stand", `[9007199254740991,-9007199254740991,0]`, `[9007199254740991,-9007199254740991,0]`},
		{"minus zero is zero", `-0`, `0`},
	} {
		got, err := canonicalJSON([]byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s (%v), want %s", c.sentence, got, err, c.want)
		}
	}
}

func TestCanonicalJSONRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sentence, in, says string }{
		{"a fraction", `{"rate":0.5}`, "rate: 0.5 is no whole number"},
		{"an exponent", `1e3`, "1e3 is no whole number"},
		{"a number too large for every reader", `9007199254740992`, "no whole number up to"},
		{"a key twice", `{"a":{"x":1,"x":1}}`, "x: the key stands twice"},
		{"a key twice, once as an escape", `{"a":1,"\u0061":1}`, "a: the key stands twice"},
		{"two values", `1 2`, "after top-level value"},
		{"an end too early", `{"a":`, "JSON"},
		{"nothing", ``, "JSON"},
	} {
		if got, err := canonicalJSON([]byte(c.in)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %s, %v; want an error that says %q", c.sentence, got, err, c.says)
		}
	}
	if _, err := Canonical(map[string]float64{"rate": 0.5}); err == nil {
		t.Error("a float went through")
	}
}

func FuzzCanonicalJSONIsStable(f *testing.F) {
	f.Add([]byte(`{"b":[1,"x\n",{"😀":null}],"a":-5}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		once, err := canonicalJSON(text)
		if err != nil {
			t.Skip()
		}
		twice, err := canonicalJSON(once)
		if err != nil || !bytes.Equal(once, twice) || !json.Valid(once) {
			t.Errorf("%s became %s (%v)", once, twice, err)
		}
	})
}

// The order of the RFC, the slow way.
func FuzzKeysSortByTheirUTF16Units(f *testing.F) {
	f.Add("\ufb33", "😀")
	f.Add("a", "aa")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			t.Skip()
		}
		want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		if got := compareUTF16(a, b); got != want {
			t.Errorf("%q and %q: %d, want %d", a, b, got, want)
		}
	})
}
