package git

import (
	"fmt"
	"regexp"
	"strings"

	"shiphabit/collector"
)

// DefaultPattern says in words which tags count as releases when no pattern is given.
const DefaultPattern = "versions such as v1.2.3, 1.2, release-1.2.3, name/v1.2.3 or 2026-11-22"

// pattern decides which tags are releases.
type pattern struct {
	words   string // the pattern as it is shown
	matches func(tag string) bool
}

// newPattern reads the Tags option: "" is the default; /…/ is a regular expression that must match somewhere in the name;
// anything else is a glob over the whole name, where * stands for any text, slashes included, ? for one character, and commas
// separate alternatives.
func newPattern(tags string) (pattern, error) {
	if tags == "" {
		return pattern{words: DefaultPattern, matches: func(tag string) bool {
			_, ok := parseVersion(tag)
			return ok
		}}, nil
	}
	expression := globExpression(tags)
	if len(tags) > 2 && strings.HasPrefix(tags, "/") && strings.HasSuffix(tags, "/") {
		expression = tags[1 : len(tags)-1]
	}
	re, err := regexp.Compile(expression)
	if err != nil {
		return pattern{}, &collector.Error{
			Trouble: collector.Unreadable, Place: "tag pattern " + tags,
			Problem: fmt.Sprintf("no regular expression: %v", err), Remedy: "write a glob such as release-*, or a regular expression between slashes", Err: err,
		}
	}
	return pattern{words: tags, matches: re.MatchString}, nil
}

func globExpression(glob string) string {
	var b strings.Builder
	b.WriteString("^(?:")
	for _, r := range glob {
		switch r {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		case ',':
			b.WriteString("|")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	b.WriteString(")$")
	return b.String()
}
