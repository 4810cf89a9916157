package git

import "strings"

// knownBots are accounts that commit without a human, by the name or the address before its "@".
var knownBots = []string{
	"allcontributors", "dependabot", "dependabot-preview", "github-actions", "greenkeeper", "imgbot", "mergify", "pre-commit-ci",
	"pyup-bot", "release-please", "renovate", "renovate-bot", "scala-steward", "semantic-release-bot", "snyk-bot", "weblate",
}

// isBot reports whether a commit was made by a machine: the host's "[bot]" suffix, a known account, or one the options name.
func isBot(by ident, named []string) bool {
	name := strings.ToLower(strings.TrimSpace(by.name))
	mailbox, _, _ := strings.Cut(strings.ToLower(by.email), "@")
	if _, login, ok := strings.Cut(mailbox, "+"); ok { // 123+login@users.noreply.…
		mailbox = login
	}
	if strings.HasSuffix(name, "[bot]") || strings.HasSuffix(mailbox, "[bot]") {
		return true
	}
	for _, list := range [][]string{knownBots, named} {
		for _, bot := range list {
			if bot = strings.ToLower(bot); bot != "" && (name == bot || mailbox == bot) {
				return true
			}
		}
	}
	return false
}
