package reports

import (
	"strings"
	"testing"
)

func TestALongWordHasPlacesToBreakAndStaysWhatItIs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"payments-api goes on":                 "payments-api goes on",
		strings.Repeat("x", 24):                strings.Repeat("x", 24),
		"a  " + strings.Repeat("é", 25):        "a  " + strings.Repeat(strings.Repeat("é", 12)+"<wbr>", 2) + "é",
		strings.Repeat("<&", 15) + " <script>": strings.Repeat(strings.Repeat("&lt;&amp;", 6)+"<wbr>", 2) + strings.Repeat("&lt;&amp;", 3) + " &lt;script&gt;",
	} {
		if got := string(breakable(text)); got != want {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	}
}
