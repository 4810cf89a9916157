package prometheus

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func filled(t *testing.T, expression, service string) string {
	t.Helper()
	parsed, err := parseTemplate(expression)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.fill(service, "prod", 90*time.Second)
}

func TestNamesAreWrittenIntoAnExpressionSoThatTheyMeanThemselves(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct{ expression, service, want string }{
		"a plain name":                         {`up{service="$service"}`, "shop", `up{service="shop"}`},
		"all three":                            {`rate(x{s="$service",e='$environment'}[$window])`, "shop", `rate(x{s="shop",e='prod'}[90000ms])`},
		"with a text after it":                 {`x{s="$service-api"}`, "shop", `x{s="shop-api"}`},
		"quotes do not end the string":         {`x{s="$service"}`, `a"} or vector(1) or x{s="`, `x{s="a\x22} or vector(1) or x{s=\x22"}`},
		"single quotes neither":                {`x{s='$service'}`, `a'b\`, `x{s='a\x27b\x5c'}`},
		"a pattern holds the name as it is":    {`x{s=~"$service.*"}`, "a.b|c", `x{s=~"a\x5c.b\x5c|c.*"}`},
		"a negative pattern, too":              {`x{s !~ "$service"}`, "a+", `x{s !~ "a\x5c+"}`},
		"after a pattern comes a plain string": {`x{a=~"b",s="$service"}`, "a.b", `x{a=~"b",s="a.b"}`},
		"other scripts stay":                   {`x{s="$service"}`, "магазин", `x{s="магазин"}`},
		"the end of a pattern is no place":     {`x{s=~"a$"} or y{s=~"(b|$)"}`, "shop", `x{s=~"a$"} or y{s=~"(b|$)"}`},
		"a comment is left alone":              {"x # $service is \"quoted\nand y{s=\"$service\"}", "shop", "x # $service is \"quoted\nand y{s=\"shop\"}"},
	} {
		if got := filled(t, c.expression, c.service); got != c.want {
			t.Errorf("%s: %s, want %s", sentence, got, c.want)
		}
	}
}

func TestAPlaceWhereANameCouldBeAnythingIsRefused(t *testing.T) {
	t.Parallel()
	for expression, says := range map[string]string{
		`x{s=$service}`:    "outside of quotes",
		"x{s=`$service`}":  "outside of quotes",
		`x{s="\$service"}`: "outside of quotes",
		`$service`:         "outside of quotes",
		`x{s="$window"}`:   "in quotes",
		`x{s="$servic"}`:   "no placeholder",
		`rate(x[$range])`:  "no placeholder",
	} {
		if _, err := parseTemplate(expression); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", expression, err, says)
		}
	}
}

// Whatever a service is called: what stands between the quotes reads as its name again, as a string and as a pattern.
func FuzzFill(f *testing.F) {
	for _, name := range []string{"shop", `a"b`, `\`, "a'b", "x{}", "$window", "line\nbreak", "`", "a.*", "\x00", "日本"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !utf8.ValidString(name) {
			return
		}
		const before, between, after = `x{a="`, `",b=~"`, `"}`
		got := filled(t, before+"$service"+between+"$service"+after, name)
		inner, found := strings.CutPrefix(strings.TrimSuffix(got, after), before)
		plain, pattern, cut := strings.Cut(inner, between)
		if !found || !cut || strings.Contains(pattern, `"`) {
			t.Fatalf("%q breaks out: %s", name, got)
		}
		if back, err := strconv.Unquote(`"` + plain + `"`); err != nil || back != name {
			t.Errorf("%q reads back as %q, %v", name, back, err)
		}
		back, err := strconv.Unquote(`"` + pattern + `"`)
		if err != nil || !regexp.MustCompile(`\A(?s:`+back+`)\z`).MatchString(name) {
			t.Errorf("the pattern %s does not fit %q: %v", back, name, err)
		}
	})
}
