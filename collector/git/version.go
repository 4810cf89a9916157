package git

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// version is what the name of a release tag says.
type version struct {
	prefix string // what stands before the number, without a "v": "", "release-", "api/"
	number string // "1.2.3", "2026-11-22"
	suffix string // what stands after it: "-rc.1", "+build"
	// pre tells a pre-release: alpha, beta, release candidate, snapshot and the like.
	pre bool
}

// String is the version without its prefix.
func (v version) String() string { return v.number + v.suffix }

// versionTag matches a number of at least two parts, or a date, with whatever comes before and after. A single number is not
// taken for a version: v1 and v2 are often moved along with the newest release.
var versionTag = regexp.MustCompile(`^((?:.*?[^0-9.])?)(\d{4}-\d{2}-\d{2}|\d+(?:\.\d+)+|\d+(?:_\d+)+)((?:[-+_~].+|\.?[A-Za-z].*)?)$`)

// parseVersion reads the name of a tag as a version; ok is false when it is none.
func parseVersion(tag string) (v version, ok bool) {
	m := versionTag.FindStringSubmatch(tag)
	if m == nil {
		return version{}, false
	}
	v = version{prefix: m[1], number: m[2], suffix: m[3]}
	if p, cut := cutLetterV(v.prefix); cut {
		v.prefix = p
	}
	v.pre = isPreRelease(v.prefix, v.suffix)
	return v, true
}

// cutLetterV removes the "v" of "v1.2.3" from what stands before the number, where it is a word of its own.
func cutLetterV(prefix string) (string, bool) {
	if !strings.HasSuffix(prefix, "v") && !strings.HasSuffix(prefix, "V") {
		return prefix, false
	}
	rest := prefix[:len(prefix)-1]
	if rest == "" || strings.ContainsRune("/-_@.", rune(rest[len(rest)-1])) {
		return rest, true
	}
	return prefix, false
}

// preWords are the words by which projects mark a tag that is not yet a release.
var preWords = []string{
	"alpha", "beta", "rc", "pre", "prerelease", "preview", "dev", "snapshot", "nightly", "canary", "next", "ea", "cr",
	"milestone", "experimental", "insiders", "insider", "unstable", "staging", "test", "draft", "retract",
}

var (
	words      = regexp.MustCompile(`[A-Za-z]+`)
	shortStage = regexp.MustCompile(`(?:^|[-._])(?:[abAB]|M)\d+(?:$|[-+._])`) // 1.0a1, 1.0.0.b2, 3.0.0-M4
)

// isPreRelease reads the words around the number. Build metadata after "+" says nothing about it.
func isPreRelease(prefix, suffix string) bool {
	suffix, _, _ = strings.Cut(suffix, "+")
	for _, w := range words.FindAllString(prefix+" "+suffix, -1) {
		if slices.Contains(preWords, strings.ToLower(w)) {
			return true
		}
	}
	return shortStage.MatchString(suffix)
}

// plainWords stand before the number of a tag that releases the whole repository.
var plainWords = []string{"", "release", "releases", "rel", "r", "version", "ver", "stable", "prod", "production", "deploy", "live", "hotfix", "tag", "tags"}

// component is the name of the part of the repository that a tag's prefix names: "api" in "api/v1.2.3" and "api-1.2.3", ""
// when it names none or the repository itself.
func (v version) component(repository string) string {
	name := strings.Trim(v.prefix, "/-_@.")
	for name != "" {
		rest, last := cutLastWord(name)
		if !slices.Contains(plainWords, strings.ToLower(last)) && !slices.Contains(preWords, strings.ToLower(last)) {
			break
		}
		name = rest
	}
	if strings.EqualFold(name, repository) {
		return ""
	}
	return name
}

// cutLastWord splits "client/release" into "client" and "release".
func cutLastWord(s string) (rest, word string) {
	i := strings.LastIndexAny(s, "/-_@.")
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}

// plain is the version without build metadata: v1.2.3+arm is another build of v1.2.3.
func (v version) plain() string {
	plain, _, _ := strings.Cut(v.String(), "+")
	return plain
}

// compare orders versions by their numbers, then by what stands after them, the digits in it as numbers: 1.9 before 1.10, rc.2
// before rc.10.
func (v version) compare(o version) int {
	if c := natural(v.number, o.number); c != 0 {
		return c
	}
	return natural(v.suffix, o.suffix)
}

var runs = regexp.MustCompile(`\d+|\D+`)

// natural compares texts run by run, digits by value.
func natural(a, b string) int {
	return slices.CompareFunc(runs.FindAllString(a, -1), runs.FindAllString(b, -1), func(a, b string) int {
		if isDigit(a[0]) && isDigit(b[0]) {
			a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
			return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
		}
		return strings.Compare(a, b)
	})
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
