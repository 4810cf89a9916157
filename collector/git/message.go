package git

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Longest subject and longest statement of a revert that are kept, in bytes; and how many such statements.
const (
	maxSubject = 300
	maxReverts = 100
)

// subject is the first line of a message that is not empty. git shows what it stored indented, so space around it goes.
func subject(message []byte) string {
	for len(message) > 0 {
		line, rest, _ := bytes.Cut(message, []byte{'\n'})
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return shortened(text(line), maxSubject)
		}
		message = rest
	}
	return ""
}

var reverts = [][]byte{[]byte("this reverts "), []byte("reverts ")}

// essence is the part of a message that the figures read: its subject and the lines that state a revert ("This reverts commit
// …", "Reverts owner/name#12"). The rest is left in the clone, to save space.
func essence(message []byte) string {
	var b strings.Builder
	b.WriteString(subject(message))
	kept := 0
	for len(message) > 0 && kept < maxReverts {
		line, rest, _ := bytes.Cut(message, []byte{'\n'})
		message = rest
		line = bytes.TrimSpace(line)
		for _, start := range reverts {
			if len(line) >= len(start) && bytes.EqualFold(line[:len(start)], start) {
				b.WriteString("\n" + shortened(text(line), maxSubject))
				kept++
			}
		}
	}
	return b.String()
}

// shortened cuts s to at most n bytes, between characters.
func shortened(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

var (
	mergedBranch = regexp.MustCompile(`^Merge (?:remote-tracking )?branch ['"]([^'"]+)['"]|^Merge pull request #\d+ from [^/\s]+/(\S+)|^Merged in (\S+)|^Merge [^\s'"]*'([^']+)' into `)
	hotfixBranch = regexp.MustCompile(`(?i)^(?:(?:origin|upstream)/)?hot-?fix(?:es)?(?:[/_-]|$)`)
	hotfixWord   = regexp.MustCompile(`(?i)(?:^|[^\pL\d])hot[-_ ]?fix(?:es)?(?:[^\pL]|$)`)
	hotfixTitle  = regexp.MustCompile(`(?i)^\W*hot-?fix(?:es)?(?:[^\pL]|$)`)
	pullRequest  = regexp.MustCompile(`\([#!]\d+\)$`)
)

// mergesHotfix reports whether a merge commit with this subject brings in a branch named hotfix/….
func mergesHotfix(subject string) bool {
	m := mergedBranch.FindStringSubmatch(subject)
	if m == nil {
		return false
	}
	for _, branch := range m[1:] {
		if hotfixBranch.MatchString(branch) {
			return true
		}
	}
	return false
}

// mergesRequest reports whether the commit is a pull request that was squashed or rebased onto the branch: hosts end its
// subject with the number, "(#12)" or "(!12)".
func mergesRequest(subject string) bool { return pullRequest.MatchString(subject) }
