package metrics

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isBot recognises the names that programs are given: those in which the word "bot" stands by itself and is no part of another word
// ("[bot]", "release-bot", "ci_bot2", but not "abot" or "robotics"). Of an address only the part before the "@" is a name.
// A pseudonym says what the name said.
func isBot(name string) bool {
	if strings.HasPrefix(name, pseudonymMark) {
		return strings.HasSuffix(name, botMark)
	}
	name = mailbox(strings.ToLower(name))
	for from := 0; ; {
		at := strings.Index(name[from:], "bot")
		if at < 0 {
			return false
		}
		at += from
		from = at + len("bot")
		if aloneIn(name, at, from) && !surname(name, at, from) {
			return true
		}
	}
}

// mailbox is the part of an address that names somebody; anything that is no address is a name itself.
func mailbox(name string) string {
	local, domain, found := strings.Cut(name, "@")
	if found && strings.Contains(domain, ".") && !strings.ContainsAny(domain, "@ ") {
		return local
	}
	return name
}

// aloneIn reports whether that part of the name is a word: nothing that words are made of touches it, but for a number after it.
func aloneIn(name string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(name[:from])
	after, _ := utf8.DecodeRuneInString(name[to:])
	return !unicode.IsLetter(before) && !unicode.IsDigit(before) && !unicode.IsLetter(after)
}

// surname spares people who are called Le Bot.
func surname(name string, from, to int) bool {
	return to == len(name) && (name[:from] == "le " || strings.HasSuffix(name[:from], " le "))
}

// isConfiguredBot reports whether the rules name a program. Patterns are for names; pseudonyms count where they are listed in full.
func isConfiguredBot(name string, bots []string) bool {
	if len(bots) == 0 || name == "" {
		return false
	}
	if strings.HasPrefix(name, pseudonymMark) {
		return slices.Contains(bots, name)
	}
	lower := strings.ToLower(name)
	return slices.ContainsFunc(bots, func(pattern string) bool { return pattern != "" && matchesPattern(pattern, lower) })
}

// HideBots adds to names of programs the pseudonyms that they have under a key, so that rules recognise them in what is stored
// already. A pattern has no pseudonym: it marks names when they are stored.
func HideBots(bots []string, key []byte) []string {
	all := slices.Clone(bots)
	for _, name := range bots {
		if !strings.HasPrefix(name, "*") && !strings.HasSuffix(name, "*") {
			all = append(all, Pseudonym(key, name))
		}
	}
	return all
}

// bot reports whether a name is that of a program. Few people write many commits, so answers are remembered.
func (d *derivation) bot(name string) bool {
	if name == "" {
		return false
	}
	answer, asked := d.bots[name]
	if !asked {
		answer = isBot(name) || isConfiguredBot(name, d.rules.Bots)
		d.bots[name] = answer
	}
	return answer
}
